"""What the exporter tells of itself, and how its series are labelled and how many they are."""

from typing import Any

import pytest

from aiprobe.core.model import Attempt, RateLimit
from aiprobe.core.outcomes import Outcome
from tests.clock import ManualClock
from tests.unit.metrics.builders import (
    a_finished,
    a_provider,
    a_recorder,
    a_target,
    names,
    scrape,
    scrape_bytes,
    value,
)

EVERY_TIME: dict[str, Any] = {
    "time_to_first_token_seconds": 0.3,
    "time_to_first_output_token_seconds": 0.5,
    "time_per_output_token_seconds": 0.01,
    "stream_max_gap_seconds": 0.2,
}


async def test_skips_are_counted_by_reason_and_an_unknown_reason_is_a_bug() -> None:
    recorder = a_recorder()
    recorder.skipped("acme-chat", "budget")
    recorder.skipped("acme-chat", "budget")
    await scrape(recorder)
    assert value(await scrape(recorder), "skipped_total", reason="budget") == 2
    with pytest.raises(ValueError, match="no such reason"):
        recorder.skipped("acme-chat", "bored")


async def test_the_exporter_tells_of_itself() -> None:
    time = ManualClock()
    recorder = a_recorder(time=time, vantage="eu")
    recorder.probes_in_flight(7)
    recorder.replace("egress_up", {("a.example",): 1, ("b.example",): 0})
    recorder.replace("budget_usd", {(): 5.0})
    recorder.replace("budget_spent_usd", {(): 1.25})
    recorder.replace("surface_state", {("acme.ai", "Acme API", ""): 2})
    recorder.replace("journal_up", {(): 1})
    recorder.replace("journal_errors_total", {(): 3})
    recorder.observe_scheduler_lag(0.002)
    recorder.observe_event_loop_lag(-0.0001)
    recorder.reloaded(successful=True)
    time.now += 10
    recorder.reloaded(successful=False)
    samples = await scrape(recorder)
    assert value(samples, "probes_in_flight", vantage="eu") == 7
    assert value(samples, "egress_up", check="a.example", vantage="eu") == 1
    assert value(samples, "egress_up", check="b.example") == 0
    assert (value(samples, "budget_usd"), value(samples, "budget_spent_usd")) == (5, 1.25)
    assert value(samples, "surface_state", provider="acme.ai", surface="Acme API", provider_region="") == 2
    assert (value(samples, "journal_up"), value(samples, "journal_errors_total")) == (1, 3)
    assert value(samples, "scheduler_lag_seconds_bucket", le="0.0025") == 1
    assert value(samples, "scheduler_lag_seconds_bucket", le="0.001") == 0
    assert value(samples, "event_loop_lag_seconds_bucket", le="0.0005") == 1
    assert value(samples, "config_last_reload_successful") == 0
    assert value(samples, "config_last_reload_success_timestamp_seconds") == time.epoch
    assert value(samples, "build_info", version="1.2.3") == 1


async def test_what_is_told_anew_replaces_what_was_told_before() -> None:
    recorder = a_recorder()
    recorder.replace("egress_up", {("a.example",): 1})
    recorder.replace("egress_up", {("b.example",): 1})
    recorder.replace("surface_state", {("p", "s", ""): 3})
    recorder.replace("surface_state", {})
    recorder.replace("budget_usd", {(): 5.0})
    recorder.replace("budget_spent_usd", {(): 1.0})
    recorder.replace("budget_usd", {})
    recorder.replace("budget_spent_usd", {(): 2.0})
    samples = await scrape(recorder)
    assert value(samples, "egress_up") == value(samples, "egress_up", check="b.example") == 1
    assert "aiprobe_surface_state" not in names(samples)
    assert value(samples, "budget_usd") is None
    assert value(samples, "budget_spent_usd") == 2


def test_a_gauge_that_the_catalogue_does_not_have_is_a_bug() -> None:
    with pytest.raises(KeyError):
        a_recorder().replace("journal_mood", {(): 1})


async def test_the_users_own_labels_go_on_the_info_and_can_hide_none_of_ours() -> None:
    target = a_target(
        labels={"team": "search", "provider": "mine", "9 lives": "cat"}, provider=a_provider(key="second")
    )
    samples = await scrape(a_recorder(target))
    wanted = {
        "team": "search",
        "label_provider": "mine",
        "label_9_lives": "cat",
        "provider": "acme.ai",
        "account": "second",
    }
    assert value(samples, "target_info", **wanted) == 1
    with_team = {name for name, labels in samples if "team" in dict(labels)}
    assert with_team == {"aiprobe_target_info"}


async def test_every_series_of_a_target_has_the_identity_labels_first_and_in_order() -> None:
    recorder = a_recorder(a_target(vantage="eu", provider_region="de"))
    recorder.record(a_finished(target=a_target(vantage="eu", provider_region="de"), **EVERY_TIME))
    identity = (
        'target="acme-chat",provider="acme.ai",account="acme",surface="Acme API",model="acme-1",'
        'provider_region="de",probe="chat",vantage="eu"'
    )
    series = [line for line in (await scrape_bytes(recorder)).decode().splitlines() if 'target="' in line]
    assert len(series) > 50
    assert all(line.partition("{")[2].startswith(identity) for line in series)


async def test_a_chat_target_with_two_slos_has_at_most_120_series() -> None:
    recorder = a_recorder()
    limits = tuple(
        RateLimit(resource=resource, limit=9, remaining=8)
        for resource in ("requests", "tokens", "input_tokens", "output_tokens")
    )
    every_phase = dict.fromkeys(("resolve", "connect", "tls", "send", "first_byte", "first_token", "stream"), 0.1)
    seen: dict[str, Any] = {
        "time_per_output_token_seconds": 0.01,
        "output_tokens_per_second": 99.0,
        "reasoning_tokens": 0,
        "cached_input_tokens": 0,
        "tls_certificate_not_after_timestamp_seconds": 1.0,
        "response_model": "m",
        "rate_limits": limits,
    }
    failures = (
        Outcome.OVERLOADED,
        Outcome.SERVER_ERROR,
        Outcome.TRUNCATED,
        Outcome.DISCONNECTED,
        Outcome.STALLED,
        Outcome.TIMEOUT_FIRST_TOKEN,
        Outcome.TIMEOUT_TOTAL,
        Outcome.RATE_LIMITED,
        Outcome.AUTH,
    )
    for outcome in failures:
        recorder.record(a_finished(outcome, cost_usd=0.1))
    recorder.record(a_finished(Outcome.OVERLOADED, attempt=Attempt.CONFIRM))
    recorder.record(a_finished(phases=every_phase, **seen))
    recorder.skipped("acme-chat", "budget")
    recorder.skipped("acme-chat", "backoff")
    count = sum(("target", "acme-chat") in labels for _, labels in await scrape(recorder))
    assert 100 < count <= 120
