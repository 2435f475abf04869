"""Which series go when a target falls silent, is removed or changes, and which stay."""

import gc
import tracemalloc
from dataclasses import replace
from random import Random

from aiprobe.core.model import Attempt, Objectives, RateLimit
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.metrics import catalogue
from aiprobe.metrics.openmetrics import Labels
from aiprobe.metrics.series import Owner
from tests.clock import ManualClock
from tests.unit.metrics.builders import (
    TWO_SLOS,
    a_finished,
    a_recorder,
    a_target,
    names,
    scrape,
    value,
)


class TestSilence:
    GAUGES = frozenset(
        f"aiprobe_{name}"
        for name in (
            "success",
            "consecutive_failures",
            "state",
            "outage_suspicion",
            "phase_duration_seconds",
            "output_tokens_per_second",
            "ratelimit_limit",
            "ratelimit_remaining",
            "tls_certificate_not_after_timestamp_seconds",
            "response_model_info",
        )
    )

    async def test_gauges_are_absent_after_three_intervals_of_silence_and_everything_else_stays(self) -> None:
        time = ManualClock()
        recorder = a_recorder(time=time)
        recorder.record(
            a_finished(
                output_tokens_per_second=1.0,
                rate_limits=(RateLimit(resource="tokens", limit=1, remaining=1),),
                tls_certificate_not_after_timestamp_seconds=1.0,
                response_model="m",
            )
        )
        await scrape(recorder)
        time.now += 180
        lively = names(await scrape(recorder))
        assert lively >= self.GAUGES
        time.now += 0.5
        assert names(await scrape(recorder)) == lively - self.GAUGES

    async def test_what_was_silent_comes_back_without_what_it_said_before(self) -> None:
        time = ManualClock()
        recorder = a_recorder(time=time)
        recorder.record(a_finished(rate_limits=(RateLimit(resource="tokens", remaining=1),)))
        time.now += 1000
        recorder.record(a_finished(Outcome.TLS, state=3))
        samples = await scrape(recorder)
        assert value(samples, "state") == 3
        assert value(samples, "ratelimit_remaining") is None

    async def test_a_target_that_runs_on_time_is_not_silenced_by_the_silence_of_another(self) -> None:
        time = ManualClock()
        fast, slow = a_target("fast", interval_seconds=20), a_target("slow", interval_seconds=600)
        recorder = a_recorder(fast, slow, time=time)
        recorder.record(a_finished(target=fast))
        recorder.record(a_finished(target=slow))
        time.now += 61
        samples = await scrape(recorder)
        assert value(samples, "success", target="fast") is None
        assert value(samples, "success", target="slow") == 1


class TestReload:
    async def test_a_removed_target_is_gone_at_the_next_scrape(self) -> None:
        recorder = a_recorder(a_target("stays"), a_target("goes"))
        recorder.record(a_finished(target=a_target("goes")))
        recorder.set_targets([a_target("stays")])
        samples = await scrape(recorder)
        assert {dict(labels).get("target") for _, labels in samples} == {None, "stays"}

    async def test_an_unchanged_identity_keeps_counters_and_gauges_and_takes_the_new_objectives(self) -> None:
        recorder = a_recorder(a_target())
        recorder.record(a_finished())
        changed = a_target(
            interval_seconds=30,
            objectives=replace(TWO_SLOS, availability=0.999),
            labels={"team": "x"},
            display_name="New",
        )
        recorder.set_targets([changed])
        await scrape(recorder)
        samples = await scrape(recorder)
        assert value(samples, "results_total", outcome="ok") == 1
        assert value(samples, "success") == 1
        assert value(samples, "slo_events_total", slo="availability", verdict="good") == 1
        assert value(samples, "slo_objective_ratio", slo="availability") == 0.999
        assert value(samples, "interval_seconds") == 30
        assert value(samples, "target_info") == value(samples, "target_info", team="x", display_name="New") == 1

    async def test_a_changed_identity_is_another_target(self) -> None:
        recorder = a_recorder(a_target())
        recorder.record(a_finished())
        recorder.set_targets([a_target(model="acme-2")])
        recorder.record(a_finished(target=a_target()))
        samples = await scrape(recorder)
        assert value(samples, "results_total", outcome="ok", model="acme-2") == 0
        assert value(samples, "success") is None
        assert value(samples, "results_total", model="acme-1") is None

    async def test_an_slo_that_was_dropped_loses_its_series_and_one_that_is_new_starts_at_0(self) -> None:
        recorder = a_recorder(a_target())
        recorder.record(a_finished())
        dropped = a_target(objectives=Objectives(correctness=0.99))
        recorder.set_targets([dropped])
        recorder.record(a_finished(target=dropped, slo_verdicts={"time_to_first_token": Verdict.GOOD}))
        samples = await scrape(recorder)
        slos = {dict(labels)["slo"] for name, labels in samples if "_slo_" in name}
        assert slos == {"availability", "correctness"}
        assert value(samples, "slo_events_total", slo="correctness", verdict="good") == 0
        assert value(samples, "slo_events_total", slo="availability", verdict="good") == 1

    async def test_a_result_of_a_target_that_is_gone_is_left_out(self) -> None:
        recorder = a_recorder(a_target("stays"))
        before = await scrape(recorder)
        recorder.record(a_finished(target=a_target("gone")))
        recorder.skipped("gone", "budget")
        assert await scrape(recorder) == before


def fail_in_many_orders(targets: int, chance: Random) -> None:
    """Let targets fail, each in an order of outcomes that no other has, and go away."""
    for number in range(targets):
        owner = Owner(catalogue.TARGET_METRICS, Labels((("target", f"t-{number}"),)))
        for outcome in chance.sample(list(Outcome), 12):
            owner["results_total"].add(1, outcome, Attempt.SCHEDULED)
        owner["target_info"].describe("openai-chat", f"{chance.random()}", "p", extra={})
        owner.refresh()


def test_targets_that_failed_and_went_leave_nothing_behind() -> None:
    chance = Random(7)
    fail_in_many_orders(600, chance)
    tracemalloc.start()
    try:
        fail_in_many_orders(600, chance)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        fail_in_many_orders(600, chance)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / 600 < 200, "bytes of a target"
