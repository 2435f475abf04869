"""The prometheus-client collector tells the same samples as the exposition."""

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.openmetrics.exposition import generate_latest

from aiprobe.core.clock import ManualClock
from aiprobe.core.model import Attempt, RateLimit
from aiprobe.core.outcomes import Outcome
from aiprobe.metrics.collector import Collector
from tests.unit.metrics.builders import (
    Probed,
    Samples,
    a_finished,
    a_recorder,
    a_target,
    read,
    scrape,
    scrape_bytes,
    value,
)


def a_busy_recorder(time: ManualClock) -> Probed:
    recorder = a_recorder(
        a_target("one", labels={"team": "x"}), a_target('t"wo', interval_seconds=1), time=time, vantage="eu"
    )
    recorder.record(a_finished(target=a_target('t"wo')))
    time.now += 30
    limits = (RateLimit(resource="tokens", limit=9.5, remaining=3),)
    recorder.record(a_finished(target=a_target("one"), rate_limits=limits, response_model="m", reasoning_tokens=3))
    recorder.record(a_finished(Outcome.STALLED, target=a_target("one"), attempt=Attempt.CONFIRM, request_id="req_x"))
    recorder.replace("egress_up", {("a.example",): 0})
    recorder.replace("budget_usd", {(): 1.0})
    recorder.replace("budget_spent_usd", {(): 0.125})
    recorder.replace("surface_state", {("acme.ai", "Acme API", ""): 1})
    recorder.observe_event_loop_lag(0.001)
    recorder.reloaded(successful=True)
    recorder.replace("journal_errors_total", {(): 2})
    return recorder


def collected(recorder: Probed) -> Samples:
    found: Samples = {}
    for family in Collector(recorder).collect():
        for sample in family.samples:
            if not sample.name.startswith("process_"):
                found[sample.name, frozenset(sample.labels.items())] = sample.value
    return found


async def test_collector_and_exposition_tell_the_same_at_every_scrape() -> None:
    scraped, embedded = a_busy_recorder(ManualClock()), a_busy_recorder(ManualClock())
    for _ in range(2):
        assert collected(embedded) == await scrape(scraped)
        for recorder in (scraped, embedded):
            recorder.record(a_finished(Outcome.EMPTY, target=a_target("one")))


async def test_even_the_bytes_are_the_same_once_order_and_spelling_are_left_aside() -> None:
    recorder = a_busy_recorder(ManualClock())
    await scrape(recorder)
    registry = CollectorRegistry()
    registry.register(Collector(recorder, process=False))

    def metadata(body: bytes) -> set[bytes]:
        return {line for line in body.splitlines() if line.startswith(b"#") and b" process_" not in line}

    rendered: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]  # the library has no annotation here
    ours = await scrape_bytes(recorder)
    assert metadata(rendered) == metadata(ours)
    assert rendered.count(b"request_id=") == ours.count(b"request_id=") > 0


def test_a_collection_announces_what_it_has_shown_as_0() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(Outcome.EMPTY))
    assert value(collected(recorder), "results_total", outcome="empty") == 0
    assert value(collected(recorder), "results_total", outcome="empty") == 1


def test_a_registry_refuses_a_second_family_of_one_of_our_names() -> None:
    registry = CollectorRegistry()
    registry.register(Collector(a_recorder(), process=False))
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        Counter("aiprobe_results", "The same name.", registry=registry)


async def test_the_metrics_of_the_process_are_there_once_in_each() -> None:
    recorder = a_recorder()
    body = await scrape_bytes(recorder)
    with_process = [family.name for family in Collector(recorder).collect()]
    without = [family.name for family in Collector(recorder, process=False).collect()]
    assert body.count(b"\nprocess_start_time_seconds ") == 1
    assert with_process.count("process_start_time_seconds") == 1
    assert "process_start_time_seconds" not in without
    assert read(body)
