"""Whatever happens in whatever order, the exposition equals a slow model on prometheus-client's own metrics."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from aiprobe.core.model import IDENTITY_LABELS, Attempt, Finished, RateLimit
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.metrics.openmetrics import Format
from tests.clock import ManualClock
from tests.unit.metrics.builders import Samples, a_finished, a_recorder, a_target, read, scrape

TARGETS = (a_target("one"), a_target('t"w\\o', interval_seconds=10), a_target("three", surface="two\nlines"))
COUNTERS: dict[str, tuple[str, ...]] = {
    "results_total": ("outcome", "attempt"),
    "slo_events_total": ("slo", "verdict"),
    "cost_usd_total": ("verdict",),
    "input_tokens_total": (),
    "output_tokens_total": (),
    "reasoning_tokens_total": (),
    "cached_input_tokens_total": (),
}
FIRST_TOKEN = (0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 60)
HISTOGRAMS: dict[str, tuple[float, ...]] = {
    "duration_seconds": (0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300),
    "time_to_first_token_seconds": FIRST_TOKEN,
    "time_to_first_output_token_seconds": FIRST_TOKEN,
    "time_per_output_token_seconds": (0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1, 5),
    "stream_max_gap_seconds": (0.1, 0.25, 0.5, 1, 2, 5, 15, 30),
}
LASTING = ("last_run_timestamp_seconds", "last_success_timestamp_seconds")
FADING = (
    "success",
    "consecutive_failures",
    "state",
    "phase_duration_seconds",
    "output_tokens_per_second",
    "ratelimit_remaining",
)
OWN_LABEL = {"phase_duration_seconds": "phase", "ratelimit_remaining": "resource"}


class NaiveModel:
    """The rules again, as plainly as they can be said."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.counters = {
            name: Counter(f"aiprobe_{name}", "x", (*IDENTITY_LABELS, *own), registry=self.registry)
            for name, own in COUNTERS.items()
        }
        self.histograms = {
            name: Histogram(f"aiprobe_{name}", "x", IDENTITY_LABELS, registry=self.registry, buckets=buckets)
            for name, buckets in HISTOGRAMS.items()
        }
        self.gauges: dict[str, dict[str, dict[str, float]]] = {target.name: {} for target in TARGETS}
        self.last_run: dict[str, float] = {}
        for target in TARGETS:
            self.counters["results_total"].labels(*target.identity, "ok", "scheduled")
            for slo in ("availability", "time_to_first_token"):
                for verdict in Verdict:
                    self.counters["slo_events_total"].labels(*target.identity, slo, verdict)

    def record(self, finished: Finished, now: float, wall: float) -> None:
        identity, result = finished.target.identity, finished.result
        for name in ("input_tokens", "output_tokens", "reasoning_tokens", "cached_input_tokens"):
            if getattr(result, name) is not None:
                self.counters[f"{name}_total"].labels(*identity).inc(getattr(result, name))
        if result.cost_usd is not None:
            self.counters["cost_usd_total"].labels(*identity, finished.verdict).inc(result.cost_usd)
        self.counters["results_total"].labels(*identity, result.outcome, finished.attempt).inc()
        if finished.attempt is Attempt.SCHEDULED:
            for slo, verdict in finished.slo_verdicts.items():
                self.counters["slo_events_total"].labels(*identity, slo, verdict).inc()
            if result.outcome is Outcome.OK:
                for name, histogram in self.histograms.items():
                    if getattr(result, name) is not None:
                        histogram.labels(*identity).observe(getattr(result, name))
        if result.outcome is not Outcome.CANCELLED:
            self.see(finished, now, wall)

    def see(self, finished: Finished, now: float, wall: float) -> None:
        name, result = finished.target.name, finished.result
        gauges = self.gauges[name]
        if self.is_silent(finished.target.name, finished.target.interval_seconds, now):
            for fading in FADING:
                gauges.pop(fading, None)
        self.last_run[name] = now
        gauges["success"] = {"": float(result.outcome is Outcome.OK)}
        gauges["consecutive_failures"] = {"": finished.consecutive_failures}
        gauges["state"] = {} if finished.state is None else {"": finished.state}
        gauges["phase_duration_seconds"] = dict(result.phases)
        gauges["last_run_timestamp_seconds"] = {"": wall}
        if result.outcome is Outcome.OK:
            gauges["last_success_timestamp_seconds"] = {"": wall}
            speed = result.output_tokens_per_second
            gauges["output_tokens_per_second"] = {} if speed is None else {"": speed}
        for limit in result.rate_limits:
            gauges.setdefault("ratelimit_remaining", {})[limit.resource] = limit.remaining or 0

    def is_silent(self, name: str, interval: float, now: float) -> bool:
        return name in self.last_run and now - self.last_run[name] > 3 * interval

    def samples(self, now: float) -> Samples:
        counted = read(generate_latest(self.registry), Format.TEXT)
        found = {key: number for key, number in counted.items() if not key[0].endswith("_created")}
        for target in TARGETS:
            silent = self.is_silent(target.name, target.interval_seconds, now)
            for gauge, values in self.gauges[target.name].items():
                if silent and gauge in FADING:
                    continue
                for own, number in values.items():
                    labels = dict(zip(IDENTITY_LABELS, target.identity, strict=True))
                    if own:
                        labels[OWN_LABEL[gauge]] = own
                    found[f"aiprobe_{gauge}", frozenset(labels.items())] = number
        return found


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


SECONDS = st.floats(0, 400, allow_nan=False)
TOKENS = st.integers(0, 10**9)
SEEN = st.fixed_dictionaries(
    {
        "duration_seconds": SECONDS,
        "time_to_first_token_seconds": maybe(SECONDS),
        "time_to_first_output_token_seconds": maybe(SECONDS),
        "time_per_output_token_seconds": maybe(SECONDS),
        "stream_max_gap_seconds": maybe(SECONDS),
        "output_tokens_per_second": maybe(SECONDS),
        "input_tokens": maybe(TOKENS),
        "output_tokens": maybe(TOKENS),
        "reasoning_tokens": maybe(TOKENS),
        "cached_input_tokens": maybe(TOKENS),
        "cost_usd": maybe(st.floats(0, 10, allow_nan=False)),
        "request_id": maybe(st.text(max_size=20)),
        "phases": st.dictionaries(st.sampled_from(("resolve", "connect", "stream")), SECONDS),
        "rate_limits": st.lists(
            st.builds(RateLimit, resource=st.sampled_from(("tokens", "requests")), remaining=SECONDS), max_size=2
        ).map(tuple),
    }
)
PROBES = st.builds(
    lambda target, outcome, attempt, seen, slos, gauges: replace(
        a_finished(outcome, target=target, attempt=attempt, slo_verdicts=slos, **seen),
        state=gauges[0],
        consecutive_failures=gauges[1],
    ),
    st.sampled_from(TARGETS),
    st.sampled_from(Outcome),
    st.sampled_from(Attempt),
    SEEN,
    st.dictionaries(st.sampled_from(("availability", "time_to_first_token")), st.sampled_from(Verdict)),
    st.tuples(maybe(st.integers(0, 3)), st.integers(0, 99)),
)
PAUSES = st.sampled_from((0.5, 20.0, 31.0, 100.0, 181.0))
SCRAPES = st.just("scrape")


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(PROBES | PROBES | PAUSES | SCRAPES, max_size=20))
def test_any_history_reads_as_the_naive_model_says(history: list[Finished | float | str]) -> None:
    time = ManualClock()
    recorder, model = a_recorder(time=time), NaiveModel()
    recorder.set_targets(TARGETS)
    for event in history:
        if isinstance(event, Finished):
            recorder.record(event)
            model.record(event, time.now, time.clock.wall())
        elif isinstance(event, str):
            asyncio.run(scrape(recorder))
        else:
            time.now += event
    expected = model.samples(time.now)
    told = {f"aiprobe_{name}" for name in (*COUNTERS, *FADING, *LASTING)} | {
        f"aiprobe_{name}{suffix}" for name in HISTOGRAMS for suffix in ("_bucket", "_sum", "_count")
    }
    asyncio.run(scrape(recorder))
    for form in Format:
        actual = {key: number for key, number in asyncio.run(scrape(recorder, form)).items() if key[0] in told}
        assert actual == expected
