"""What the tests of this room build: targets, finished probes, and a scrape read back by a strict parser."""

import gzip as gunzip
from collections.abc import Mapping, Sequence
from typing import Any

from prometheus_client import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from aiprobe.core.model import Attempt, Finished, LatencyObjective, Objectives, Provider, Result, Target
from aiprobe.core.outcomes import Outcome, Verdict, availability_verdict
from aiprobe.core.tracked import Tracked
from aiprobe.metrics.exposition import Exposition
from aiprobe.metrics.openmetrics import Format
from aiprobe.metrics.recorder import Recorder
from aiprobe.probes import PROBES
from tests.clock import ManualClock

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

TWO_SLOS = Objectives(time_to_first_token=LatencyObjective(below_seconds=2.0, objective=0.95))


def a_provider(**changes: Any) -> Provider:
    facts = {
        "key": "acme",
        "name": "acme.ai",
        "display_name": "Acme",
        "protocol": "openai-chat",
        "base_url": "http://x",
    }
    return Provider(**{**facts, **changes})


def a_target(name: str = "acme-chat", **changes: Any) -> Target:
    facts: dict[str, Any] = {
        "provider": a_provider(),
        "kind": PROBES[changes.pop("probe", "chat")].kind,
        "surface": "Acme API",
        "model": "acme-1",
        "objectives": TWO_SLOS,
    }
    return Target(name=name, **{**facts, **changes})


def a_result(outcome: Outcome = Outcome.OK, **changes: Any) -> Result:
    """Build a result; one that is ok has everything that a chat probe sees."""
    seen: dict[str, Any] = {"duration_seconds": 0.8, "phases": {"resolve": 0.001, "connect": 0.01}}
    if outcome is Outcome.OK:
        seen |= {
            "time_to_first_token_seconds": 0.3,
            "stream_max_gap_seconds": 0.05,
            "input_tokens": 70,
            "output_tokens": 12,
            "cost_usd": 0.0005,
            "request_id": "req_1",
        }
    return Result(outcome=outcome, **{**seen, **changes})


def a_finished(
    outcome: Outcome = Outcome.OK,
    *,
    target: Target | None = None,
    attempt: Attempt = Attempt.SCHEDULED,
    state: int | None = 0,
    consecutive_failures: int = 0,
    slo_verdicts: Mapping[str, Verdict] | None = None,
    **seen: Any,
) -> Finished:
    verdict = availability_verdict(outcome)
    if slo_verdicts is None:
        slo_verdicts = {"availability": verdict} if attempt is Attempt.SCHEDULED else {}
    return Finished(
        target=target or a_target(),
        result=a_result(outcome, **seen),
        attempt=attempt,
        verdict=verdict,
        slo_verdicts=slo_verdicts,
        consecutive_failures=consecutive_failures,
        state=state,
    )


class Probed(Recorder):
    """A recorder whose targets are tracked as a scheduler does it."""

    def __init__(self, *, time: ManualClock | None = None, vantage: str = "") -> None:
        self.records: dict[str, Tracked] = {}
        super().__init__(clock=(time or ManualClock()).clock, version="1.2.3", tracked=self.records, vantage=vantage)

    def set_targets(self, targets: Sequence[Target]) -> None:
        before = dict(self.records)
        self.records.clear()
        for target in targets:
            known = before.get(target.name)
            same = known is not None and known.target.identity == target.identity
            record = self.records[target.name] = known if known is not None and same else Tracked(target)
            record.target = target
        self.sync_targets()

    def record(self, finished: Finished) -> None:
        self.finished(finished)
        if finished.target.name in self.records and finished.result.outcome is not Outcome.CANCELLED:
            self.records[finished.target.name].note(finished, self.clock.monotonic())


def a_recorder(*targets: Target, time: ManualClock | None = None, vantage: str = "") -> Probed:
    recorder = Probed(time=time, vantage=vantage)
    recorder.set_targets(targets or (a_target(),))
    return recorder


async def scrape_bytes(recorder: Recorder, form: Format = Format.OPENMETRICS, *, gzip: bool = False) -> bytes:
    body = b"".join([piece async for piece in Exposition(recorder).stream(form, gzip=gzip)])
    return gunzip.decompress(body) if gzip else body


async def scrape(recorder: Recorder, form: Format = Format.OPENMETRICS) -> Samples:
    """Scrape to the end and parse strictly; without the metrics of the process."""
    return read(await scrape_bytes(recorder, form), form)


def families(body: bytes) -> dict[str, Family]:
    """Parse OpenMetrics strictly."""
    parsed = parse_openmetrics(body.decode())  # type: ignore[no-untyped-call]  # the library has no annotation here
    return {family.name: family for family in parsed}


def read(body: bytes, form: Format = Format.OPENMETRICS) -> Samples:
    found: Samples = {}
    parsed = families(body).values() if form is Format.OPENMETRICS else parse_text(body.decode())
    for family in parsed:
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, f"twice: {key}"
            if not sample.name.startswith("process_"):
                found[key] = sample.value
    return found


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """Return the one sample of `aiprobe_<name>` that has these labels (among others), or None."""
    wanted = set(labels.items())
    found = [number for (sample, its), number in samples.items() if sample == f"aiprobe_{name}" and wanted <= its]
    assert len(found) <= 1, f"{name} {labels} is not one series but {len(found)}"
    return found[0] if found else None


def names(samples: Samples) -> set[str]:
    return {name for name, _ in samples}
