"""A counter series that is new reads 0 in one whole scrape before it reads what it counts."""

import asyncio
from contextlib import aclosing

from aiprobe.core.model import Attempt
from aiprobe.core.outcomes import Outcome
from aiprobe.metrics.exposition import Exposition
from aiprobe.metrics.openmetrics import Format
from tests.unit.metrics.builders import a_finished, a_recorder, a_target, read, scrape, scrape_bytes, value


async def test_an_outcome_that_is_new_reads_0_in_the_next_scrape_and_its_count_in_the_one_after() -> None:
    recorder = a_recorder()
    assert value(await scrape(recorder), "results_total", outcome="overloaded") is None
    recorder.record(a_finished(Outcome.OVERLOADED))
    recorder.record(a_finished(Outcome.OVERLOADED))
    assert value(await scrape(recorder), "results_total", outcome="overloaded") == 0
    assert value(await scrape(recorder), "results_total", outcome="overloaded") == 2
    recorder.record(a_finished(Outcome.OVERLOADED))
    assert value(await scrape(recorder), "results_total", outcome="overloaded") == 3


async def test_each_attempt_of_an_outcome_is_a_series_with_a_0_of_its_own() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(Outcome.STALLED))
    await scrape(recorder)
    recorder.record(a_finished(Outcome.STALLED, attempt=Attempt.CONFIRM))
    samples = await scrape(recorder)
    assert value(samples, "results_total", outcome="stalled", attempt="scheduled") == 1
    assert value(samples, "results_total", outcome="stalled", attempt="confirm") == 0


async def test_series_that_are_there_from_the_start_are_not_held_back() -> None:
    recorder = a_recorder()
    recorder.record(a_finished())
    samples = await scrape(recorder)
    assert value(samples, "results_total", outcome="ok") == 1
    assert value(samples, "slo_events_total", slo="availability", verdict="good") == 1
    assert value(samples, "input_tokens_total") == 0
    assert value(samples, "cost_usd_total") == 0


async def test_a_0_has_no_exemplar_of_what_it_does_not_tell_yet() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(Outcome.AUTH, request_id="req_9"))
    assert b"req_9" not in await scrape_bytes(recorder)
    assert b"req_9" in await scrape_bytes(recorder)


async def test_a_scrape_that_was_broken_off_announces_nothing() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(Outcome.EMPTY))
    async with aclosing(Exposition(recorder).stream(Format.OPENMETRICS)) as broken_off:
        await anext(broken_off)
    assert value(await scrape(recorder), "results_total", outcome="empty") == 0
    assert value(await scrape(recorder), "results_total", outcome="empty") == 1


async def test_a_scrape_that_began_before_the_event_does_not_announce_it() -> None:
    recorder = a_recorder()
    async with aclosing(Exposition(recorder).stream(Format.OPENMETRICS)) as began_before:
        body = await anext(began_before)
        recorder.record(a_finished(Outcome.EMPTY))
        body += b"".join([piece async for piece in began_before])
    assert value(read(body), "results_total", outcome="empty") is None
    assert value(await scrape(recorder), "results_total", outcome="empty") == 0


async def test_a_birth_during_a_scrape_that_announces_another_has_a_0_of_its_own() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(Outcome.EMPTY))
    async with aclosing(Exposition(recorder).stream(Format.OPENMETRICS)) as running:
        await anext(running)
        recorder.record(a_finished(Outcome.TLS))
        async for _ in running:
            pass
    samples = await scrape(recorder)
    assert value(samples, "results_total", outcome="empty") == 1
    assert value(samples, "results_total", outcome="tls") == 0
    assert value(await scrape(recorder), "results_total", outcome="tls") == 1


async def test_two_scrapes_at_once_both_show_the_0() -> None:
    recorder = a_recorder()
    recorder.record(a_finished(Outcome.EMPTY))
    first, second = await asyncio.gather(scrape(recorder), scrape(recorder))
    assert value(first, "results_total", outcome="empty") == value(second, "results_total", outcome="empty") == 0
    assert value(await scrape(recorder), "results_total", outcome="empty") == 1


async def test_probe_shows_a_counter_as_it_is_and_takes_the_0_from_no_scrape() -> None:
    recorder = a_recorder(a_target("one"), a_target("two"))
    recorder.record(a_finished(Outcome.EMPTY, target=a_target("one")))
    shown = Exposition(recorder).target("one", Format.OPENMETRICS)
    assert shown is not None
    assert value(read(shown), "results_total", outcome="empty") == 1
    assert value(await scrape(recorder), "results_total", outcome="empty") == 0


async def test_a_birth_of_a_target_that_was_removed_meanwhile_disturbs_no_scrape() -> None:
    recorder = a_recorder(a_target("one"), a_target("two"))
    recorder.record(a_finished(Outcome.EMPTY, target=a_target("two")))
    async with aclosing(Exposition(recorder).stream(Format.OPENMETRICS)) as running:
        body = await anext(running)
        recorder.set_targets([a_target("one")])
        body += b"".join([piece async for piece in running])
    assert value(read(body), "results_total", outcome="empty", target="two") == 0
    assert value(await scrape(recorder), "results_total", target="two") is None
