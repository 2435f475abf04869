"""What one finished probe changes in the numbers, and what it leaves alone."""

from typing import Any

import pytest

from aiprobe.core.model import Attempt, RateLimit
from aiprobe.core.outcomes import Outcome, Verdict
from tests.clock import ManualClock
from tests.unit.metrics.builders import (
    a_finished,
    a_recorder,
    names,
    scrape,
    value,
)

LATENCIES = (
    "duration_seconds",
    "time_to_first_token_seconds",
    "time_to_first_output_token_seconds",
    "time_per_output_token_seconds",
    "stream_max_gap_seconds",
)
EVERY_TIME: dict[str, Any] = {
    "time_to_first_token_seconds": 0.3,
    "time_to_first_output_token_seconds": 0.5,
    "time_per_output_token_seconds": 0.01,
    "stream_max_gap_seconds": 0.2,
}


async def test_a_target_that_never_ran_has_only_what_its_configuration_says_and_counters_at_0() -> None:
    samples = await scrape(a_recorder())
    of_target = {key: number for key, number in samples.items() if ("target", "acme-chat") in key[1]}
    assert names(of_target) == {
        "aiprobe_results_total",
        "aiprobe_slo_events_total",
        "aiprobe_slo_objective_ratio",
        "aiprobe_slo_period_seconds",
        "aiprobe_interval_seconds",
        "aiprobe_target_info",
    }
    assert value(samples, "results_total", outcome="ok", attempt="scheduled") == 0
    for slo in ("availability", "time_to_first_token"):
        for verdict in ("good", "bad", "excluded"):
            assert value(samples, "slo_events_total", slo=slo, verdict=verdict) == 0
    assert value(samples, "slo_objective_ratio", slo="time_to_first_token") == 0.95
    assert value(samples, "slo_period_seconds", slo="availability") == 30 * 86400
    assert value(samples, "interval_seconds") == 60


async def test_an_ok_probe_fills_histograms_gauges_and_counters() -> None:
    time = ManualClock(now=5.0)
    recorder = a_recorder(time=time)
    recorder.record(a_finished(**EVERY_TIME, output_tokens_per_second=80.0, response_model="acme-1-0102"))
    await scrape(recorder)
    samples = await scrape(recorder)
    for name in LATENCIES:
        assert value(samples, f"{name}_count") == 1
        assert value(samples, f"{name}_bucket", le="+Inf") == 1
    assert value(samples, "duration_seconds_sum") == 0.8
    assert value(samples, "duration_seconds_bucket", le="0.5") == 0
    assert value(samples, "duration_seconds_bucket", le="1.0") == 1
    assert value(samples, "success") == 1
    assert value(samples, "state") == 0
    assert value(samples, "consecutive_failures") == 0
    assert value(samples, "output_tokens_per_second") == 80
    assert (
        value(samples, "last_run_timestamp_seconds")
        == value(samples, "last_success_timestamp_seconds")
        == time.clock.wall()
    )
    assert value(samples, "input_tokens_total") == 70
    assert value(samples, "output_tokens_total") == 12
    assert value(samples, "cost_usd_total", verdict="good") == 0.0005
    assert value(samples, "response_model_info", response_model="acme-1-0102") == 1
    assert value(samples, "slo_events_total", slo="availability", verdict="good") == 1


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.OK])
async def test_the_time_of_a_probe_that_was_not_ok_enters_no_histogram(outcome: Outcome) -> None:
    recorder = a_recorder()
    recorder.record(a_finished(outcome, **EVERY_TIME))
    samples = await scrape(recorder)
    assert not [name for name in names(samples) if name.endswith("_bucket") and "_lag_" not in name]


async def test_a_phase_that_did_not_happen_in_the_last_probe_has_no_series() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(phases={"resolve": 0.1, "connect": 0.2, "stream": 1.0}))
    recorder.record(a_finished(Outcome.CONNECT, phases={"resolve": 0.3, "connect": 5.0, "made_up": 1.0}))
    samples = await scrape(recorder)
    phases = {dict(labels)["phase"]: number for (name, labels), number in samples.items() if "phase_duration" in name}
    assert phases == {"resolve": 0.3, "connect": 5.0}


async def test_a_failure_is_counted_and_keeps_the_time_of_the_last_success() -> None:
    time = ManualClock()
    recorder = a_recorder(time=time)
    recorder.record(a_finished())
    time.now += 60
    recorder.record(a_finished(Outcome.OVERLOADED, state=1, consecutive_failures=1))
    samples = await scrape(recorder)
    samples = await scrape(recorder)
    assert value(samples, "success") == 0
    assert value(samples, "state") == 1
    assert value(samples, "consecutive_failures") == 1
    assert value(samples, "last_success_timestamp_seconds") == time.epoch
    assert value(samples, "last_run_timestamp_seconds") == time.epoch + 60
    assert value(samples, "results_total", outcome="overloaded", attempt="scheduled") == 1
    assert value(samples, "slo_events_total", slo="availability", verdict="bad") == 1


async def test_without_a_state_there_is_no_state_series() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(state=0))
    recorder.record(a_finished(Outcome.AUTH, state=None))
    samples = await scrape(recorder)
    assert value(samples, "state") is None
    assert value(samples, "success") == 0


async def test_a_cancelled_probe_is_counted_and_changes_no_gauge() -> None:
    time = ManualClock()
    recorder = a_recorder(time=time)
    recorder.record(a_finished())
    await scrape(recorder)
    before = await scrape(recorder)
    time.now += 1
    recorder.record(a_finished(Outcome.CANCELLED, state=None, phases={"resolve": 9.0}))
    await scrape(recorder)
    after = await scrape(recorder)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert {name for name, _ in changed} == {"aiprobe_results_total", "aiprobe_slo_events_total"}
    assert value(after, "results_total", outcome="cancelled") == 1
    assert value(after, "slo_events_total", slo="availability", verdict="excluded") == 1


async def test_an_internal_error_is_counted_and_seen() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(Outcome.INTERNAL_ERROR))
    await scrape(recorder)
    samples = await scrape(recorder)
    assert value(samples, "results_total", outcome="internal_error") == 1
    assert value(samples, "success") == 0


async def test_a_confirmation_counts_in_results_cost_and_gauges_but_in_no_slo_and_no_histogram() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(Outcome.OK, attempt=Attempt.CONFIRM))
    await scrape(recorder)
    samples = await scrape(recorder)
    assert value(samples, "results_total", outcome="ok", attempt="confirm") == 1
    assert value(samples, "results_total", outcome="ok", attempt="scheduled") == 0
    assert value(samples, "cost_usd_total", verdict="good") == 0.0005
    assert value(samples, "success") == 1
    assert value(samples, "slo_events_total", slo="availability", verdict="good") == 0
    assert value(samples, "duration_seconds_count") is None


async def test_slo_verdicts_of_an_attempt_that_was_not_scheduled_count_nowhere_even_if_given() -> None:
    recorder = a_recorder()
    given = {"availability": Verdict.BAD}
    recorder.record(a_finished(Outcome.STALLED, attempt=Attempt.CONFIRM, slo_verdicts=given))
    assert value(await scrape(recorder), "slo_events_total", slo="availability", verdict="bad") == 0


async def test_money_is_counted_by_what_it_bought() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(cost_usd=0.25))
    recorder.record(a_finished(Outcome.WRONG_ANSWER, cost_usd=0.5))
    recorder.record(a_finished(Outcome.TRUNCATED, cost_usd=1.0))
    recorder.record(a_finished(Outcome.STARVED, cost_usd=2.0))
    await scrape(recorder)
    samples = await scrape(recorder)
    assert [value(samples, "cost_usd_total", verdict=verdict) for verdict in ("good", "bad", "excluded")] == [
        0.75,
        1,
        2,
    ]


async def test_what_a_provider_does_not_tell_leaves_a_counter_as_it_was() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(input_tokens=10, cost_usd=None))
    recorder.record(a_finished(input_tokens=None, output_tokens=None, cost_usd=None))
    await scrape(recorder)
    samples = await scrape(recorder)
    assert value(samples, "input_tokens_total") == 10
    assert value(samples, "output_tokens_total") == 12
    assert value(samples, "reasoning_tokens_total") is None
    assert "aiprobe_cost_usd_total" not in names(samples)


@pytest.mark.parametrize("nonsense", [-5, float("nan"), float("inf"), 10**400])
async def test_nonsense_numbers_out_of_a_reply_never_reach_a_counter_or_gauge(nonsense: float) -> None:
    recorder = a_recorder()
    told = (RateLimit(resource="tokens", limit=nonsense),)
    recorder.record(a_finished(input_tokens=nonsense, cost_usd=nonsense, rate_limits=told))
    samples = await scrape(recorder)
    assert value(samples, "input_tokens_total") is None
    assert "aiprobe_cost_usd_total" not in names(samples)
    assert value(samples, "ratelimit_limit") == (-5 if nonsense == -5 else None)


@pytest.mark.parametrize(("seconds", "total"), [(-0.001, 0), (float("nan"), None), (float("inf"), None)])
async def test_a_time_that_no_clock_can_measure_spoils_no_histogram(seconds: float, total: float | None) -> None:
    recorder = a_recorder()
    recorder.record(a_finished(duration_seconds=seconds))
    assert value(await scrape(recorder), "duration_seconds_sum") == total


async def test_rate_limits_are_the_last_told_and_of_known_resources_only() -> None:
    recorder = a_recorder()
    first = (RateLimit(resource="requests", limit=50, remaining=49), RateLimit(resource="tokens", limit=1000))
    second = (RateLimit(resource="requests", remaining=48), RateLimit(resource="x{}\n", limit=1, remaining=1))
    recorder.record(a_finished(rate_limits=first))
    recorder.record(a_finished(rate_limits=second))
    samples = await scrape(recorder)
    told = {(name, dict(its)["resource"]): number for (name, its), number in samples.items() if "ratelimit" in name}
    assert told == {
        ("aiprobe_ratelimit_limit", "requests"): 50,
        ("aiprobe_ratelimit_remaining", "requests"): 48,
        ("aiprobe_ratelimit_limit", "tokens"): 1000,
    }


async def test_the_certificate_stays_known_when_a_later_probe_does_not_get_that_far() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(tls_certificate_not_after_timestamp_seconds=1_800_000_000.0))
    recorder.record(a_finished(Outcome.CONNECT))
    assert value(await scrape(recorder), "tls_certificate_not_after_timestamp_seconds") == 1_800_000_000


async def test_the_speed_is_of_the_last_ok_probe() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(output_tokens_per_second=80.0))
    recorder.record(a_finished(Outcome.STALLED, output_tokens_per_second=1.0))
    assert value(await scrape(recorder), "output_tokens_per_second") == 80
    recorder.record(a_finished(output_tokens_per_second=None))
    assert value(await scrape(recorder), "output_tokens_per_second") is None


async def test_a_gateway_that_answers_with_another_model_shows_until_it_no_longer_does() -> None:
    recorder = a_recorder()
    seen = []
    for wrong in (True, None, False):
        recorder.record(a_finished(wrong_model=wrong))
        seen.append(value(await scrape(recorder), "wrong_model"))
    assert seen == [1, 1, 0]


async def test_only_the_last_response_model_is_kept_and_it_is_made_harmless() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(response_model="first"))
    recorder.record(a_finished(response_model='é"\n' + "m" * 200))
    samples = await scrape(recorder)
    models = [dict(labels)["response_model"] for name, labels in samples if name == "aiprobe_response_model_info"]
    assert models == ['_"_' + "m" * 97]
