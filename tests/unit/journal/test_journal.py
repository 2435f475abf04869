"""What is handed to the journal comes back: hours, failed probes, windows and gauges, after a restart as well."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiprobe.core.evidence import HourRow, Minute, decode_minute
from aiprobe.core.model import Attempt, Finished, Objectives
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.journal.seals import gauge
from aiprobe.objectives.windows import Windows, masks
from tests.builders import a_target
from tests.unit.journal.builders import (
    A_TARGET,
    DAY,
    HOUR,
    NOON,
    THREE_SLOS,
    a_clock,
    a_journal,
    a_probe,
    an_open_journal,
    check,
    rows,
    write,
)

OK_FILE, EVIDENCE_FILE = "ok-2026-11-22.sqlite", "evidence-2026-11-22.sqlite"


async def hours_of(directory: Path, start: float = NOON - DAY, end: float = NOON + 2 * DAY) -> Sequence[HourRow]:
    return list(a_journal(directory).hours(start, end))


async def test_a_failed_probe_is_kept_whole(tmp_path: Path) -> None:
    result = {
        "http_status": 529,
        "error_type": "overloaded_error",
        "request_id": "req_1",
        "detail": "Overloaded",
        "phases": {"connect": 0.01, "first_byte": 0.2},
        "duration_seconds": 0.25,
        "input_tokens": 12,
        "output_tokens": 0,
        "cost_usd": 0.000012,
    }
    probe = a_probe(NOON + 0.125, Outcome.OVERLOADED, result=result, egress_down=False)
    async with an_open_journal(tmp_path) as journal:
        journal.record(probe, declared_state="Partial Outage")
        await journal.flush()
        (kept,) = journal.failed(NOON, NOON + 1)
    assert kept.started_timestamp_seconds == NOON + 0.125
    assert (kept.target, kept.identity, kept.vantage) == (A_TARGET.name, A_TARGET.identity, "here")
    assert (kept.attempt, kept.outcome, kept.verdict) == ("scheduled", "overloaded", "bad")
    assert (kept.http_status, kept.error_type, kept.request_id) == (529, "overloaded_error", "req_1")
    assert (kept.detail, kept.phases, kept.duration_seconds) == (
        "Overloaded",
        {"connect": 0.01, "first_byte": 0.2},
        0.25,
    )
    assert (kept.input_tokens, kept.output_tokens, kept.cost_usd) == (12, 0, 0.000012)
    assert (kept.egress_down, kept.declared_state) == (False, "Partial Outage")
    assert (kept.exporter_version, kept.config_hash) == ("0.1.0", "c0ffee")


async def test_a_failed_probe_names_the_configuration_that_it_ran_under(tmp_path: Path) -> None:
    async with an_open_journal(tmp_path) as journal:
        journal.record(a_probe(NOON, Outcome.DNS))
        journal.config_hash = "beef"
        journal.record(a_probe(NOON + 1, Outcome.DNS))
        await journal.flush()
        assert [kept.config_hash for kept in journal.failed(NOON, NOON + 60)] == ["c0ffee", "beef"]


async def test_failed_probes_are_asked_for_by_time_and_target(tmp_path: Path) -> None:
    other = a_target(name="other")
    probes = [a_probe(NOON + at, Outcome.TLS) for at in (5, 1, 3)] + [a_probe(NOON + 2, Outcome.TLS, other)]
    async with an_open_journal(tmp_path) as journal:
        for probe in probes:
            journal.record(probe)
        await journal.flush()
        times = [kept.started_timestamp_seconds - NOON for kept in journal.failed(NOON + 1, NOON + 5)]
        assert times == [1, 2, 3]
        assert [kept.target for kept in journal.failed(NOON, NOON + 60, ["other"])] == ["other"]


async def test_a_wrong_answer_is_evidence_although_it_was_available(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.WRONG_ANSWER)])
    (kept,) = a_journal(tmp_path).failed(NOON, NOON + 1)
    (hour,) = await hours_of(tmp_path)
    assert (kept.outcome, kept.verdict) == ("wrong_answer", "good")
    assert hour.sums["availability"] == (1, 0, 0)
    assert hour.sums["correctness"] == (0, 1, 0)


async def test_the_running_hour_is_there_as_far_as_it_is(tmp_path: Path) -> None:
    async with an_open_journal(tmp_path) as journal:
        for probe in (a_probe(NOON), a_probe(NOON + 30, Outcome.SERVER_ERROR), a_probe(NOON + 90, Outcome.AUTH)):
            journal.record(probe)
        await journal.flush()
        (hour,) = journal.hours(NOON, NOON + 60)
    assert (hour.target, hour.hour, hour.identity) == (A_TARGET.name, HOUR, A_TARGET.identity)
    assert [decode_minute(code) for code in hour.minutes[:3]] == [Minute(1, 1, 0), Minute(excluded=1), Minute()]
    assert hour.sums == {"availability": (1, 1, 1), "correctness": (1, 0, 2), "time_to_first_token": (1, 0, 2)}
    assert [decode_minute(code) for code in hour.slo_minutes["correctness"][:2]] == [Minute(1), Minute(excluded=1)]


async def test_an_hour_that_is_over_becomes_one_row_and_reads_the_same(tmp_path: Path) -> None:
    clock = a_clock()
    async with an_open_journal(tmp_path, clock) as journal:
        for minute in range(60):
            journal.record(a_probe(NOON + minute * 60, Outcome.OK if minute % 7 else Outcome.STALLED))
        await journal.flush()
        running = list(journal.hours(NOON, NOON + 3600))
        await clock.advance(3600 + 121)
        await journal.flush()
        assert rows(tmp_path, EVIDENCE_FILE, "SELECT count(*) FROM hour") == [(1,)]
        assert list(journal.hours(NOON, NOON + 3600)) == running


async def test_an_hour_waits_for_probes_that_began_in_it(tmp_path: Path) -> None:
    clock = a_clock()
    async with an_open_journal(tmp_path, clock) as journal:
        journal.record(a_probe(NOON + 3599))
        await journal.flush()
        await clock.advance(3600 + 60)
        journal.record(a_probe(NOON + 3599.5, Outcome.TIMEOUT_TOTAL))
        await journal.flush()
        await clock.advance(61)
        await journal.flush()
    assert rows(tmp_path, EVIDENCE_FILE, "SELECT count(*) FROM hour") == [(1,)]
    (hour,) = await hours_of(tmp_path)
    assert decode_minute(hour.minutes[59]) == Minute(good=1, bad=1)


async def test_a_probe_that_comes_after_its_hour_was_written_still_counts_once(tmp_path: Path) -> None:
    clock = a_clock(NOON + 2 * 3600)
    async with an_open_journal(tmp_path, clock) as journal:
        for at in (10, 70, 70):
            journal.record(a_probe(NOON + at))
            await journal.flush()
            await journal.flush()
    assert rows(tmp_path, EVIDENCE_FILE, "SELECT count(*) FROM hour") == [(3,)]
    (hour,) = await hours_of(tmp_path)
    assert [decode_minute(code).good for code in hour.minutes[:2]] == [1, 2]
    assert hour.sums["availability"] == (3, 0, 0)


async def test_confirmations_are_kept_but_count_in_no_hour(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.CONNECT, attempt=Attempt.CONFIRM)])
    assert await hours_of(tmp_path) == []
    assert [kept.attempt for kept in a_journal(tmp_path).failed(NOON, NOON + 1)] == ["confirm"]


async def test_a_cancelled_probe_is_kept_but_its_minute_stays_unknown(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.CANCELLED)])
    assert await hours_of(tmp_path) == []
    assert [kept.outcome for kept in a_journal(tmp_path).failed(NOON, NOON + 1)] == ["cancelled"]


async def test_the_minute_s_median_speed_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    other = a_target(name="other")
    clock = a_clock()
    async with an_open_journal(tmp_path, clock) as journal:
        journal.prepare(config_hash="c0ffee", keeps_throughput_of={A_TARGET.name})()
        for at, speed in ((0, 50.0), (10, 90.0), (20, 60.5), (130, 10.0)):
            journal.record(a_probe(NOON + at, result={"output_tokens_per_second": speed}))
        journal.record(a_probe(NOON, target=other, result={"output_tokens_per_second": 1.0}))
        await journal.flush()
        running = {hour.target: hour.tokens_per_second for hour in journal.hours(NOON, NOON + 1)}
        await clock.advance(2 * 3600)
        await journal.flush()
        folded = {hour.target: hour.tokens_per_second for hour in journal.hours(NOON, NOON + 1)}
    assert running == folded
    speeds = folded[A_TARGET.name]
    assert speeds is not None
    assert list(speeds[:4]) == [60.5, None, 10.0, None]
    assert folded["other"] is None


@pytest.mark.parametrize(("keep_ok", "kept"), [("all", 25), ("sampled", 3), ("none", 0)])
async def test_good_probes_are_kept_as_asked_and_the_hour_holds_them_all(
    tmp_path: Path, keep_ok: str, kept: int
) -> None:
    await write(tmp_path, [a_probe(NOON + at) for at in range(25)], keep_ok=keep_ok)
    assert rows(tmp_path, OK_FILE, "SELECT count(*) FROM ok") == [(kept,)]
    (hour,) = await hours_of(tmp_path)
    assert hour.sums["availability"] == (25, 0, 0)


async def test_a_good_probe_is_kept_compact(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON + 0.25, result={"duration_seconds": 1.2345, "cost_usd": 0.00125})])
    query = """SELECT at_ms, value, attempt, duration_ms, first_token_ms, input_tokens, output_tokens, cost_nano_usd
               FROM ok JOIN term ON term.id = target"""
    ((at_ms, identity, *rest),) = rows(tmp_path, OK_FILE, query)
    assert at_ms == 43_200_250
    assert A_TARGET.name in identity
    assert rest == [0, 1234, 200, 30, 10, 1_250_000]


async def test_a_probe_goes_to_the_day_on_which_it_began(tmp_path: Path) -> None:
    midnight = NOON + DAY / 2
    await write(tmp_path, [a_probe(midnight - 1, Outcome.EMPTY), a_probe(midnight + 1)], clock=a_clock(midnight + 2))
    assert rows(tmp_path, EVIDENCE_FILE, "SELECT started FROM failed") == [(midnight - 1,)]
    assert rows(tmp_path, "ok-2026-11-23.sqlite", "SELECT at_ms FROM ok") == [(1000,)]
    assert [hour.hour - HOUR for hour in await hours_of(tmp_path)] == [11, 12]


async def test_after_a_restart_the_running_hour_goes_on(tmp_path: Path) -> None:
    for number in range(3):
        await write(tmp_path, [a_probe(NOON + number * 60)], clock=a_clock(NOON + number * 60 + 1))
    clock = a_clock(NOON + 2 * 3600)
    await write(tmp_path, [a_probe(NOON + 2 * 3600)], clock=clock)
    assert rows(tmp_path, EVIDENCE_FILE, "SELECT count(*) FROM hour") == [(1,)]
    first, second = await hours_of(tmp_path)
    assert (first.sums["availability"], second.sums["availability"]) == ((3, 0, 0), (1, 0, 0))


def replayed(probes: Sequence[Finished], slos: Sequence[str], now: float) -> Windows:
    """Return the windows of a process that saw every probe."""
    windows = Windows(slos)
    for probe in probes:
        valid, bad = masks(slos, probe.slo_verdicts)
        windows.add(probe.result.started_timestamp_seconds, valid=valid, bad=bad)
    windows.read(now)
    return windows


@pytest.mark.slow
async def test_windows_after_a_restart_equal_the_ones_before(tmp_path: Path) -> None:
    start = NOON - 5 * DAY
    clock = a_clock(start)
    outcomes = [Outcome.OK] * 30 + [Outcome.OVERLOADED, Outcome.WRONG_ANSWER, Outcome.AUTH]
    probes = [a_probe(start + number * 60, outcomes[number % 33]) for number in range(5 * 1440 + 25)]
    async with an_open_journal(tmp_path, clock) as journal:
        for number, probe in enumerate(probes):
            journal.record(probe)
            if number % 240 == 239:
                await clock.advance(240 * 60)
                await journal.flush()
    now = NOON + 25 * 60
    journal = a_journal(tmp_path, a_clock(now))
    rebuilt = journal.windows([A_TARGET])[A_TARGET.name]
    before = replayed(probes, rebuilt.slos, now)
    assert rebuilt.read(now) == before.read(now)
    assert rebuilt.read(now)["3d"][0].valid > 4000


async def test_windows_forget_a_target_that_became_another_one(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.TLS)])
    journal = a_journal(tmp_path, a_clock(NOON + 60))
    renamed = replace(A_TARGET, model="another-model")
    assert journal.windows([renamed])[renamed.name].read(NOON + 60)["1h"][0] == (0, 0)
    assert journal.windows([A_TARGET])[A_TARGET.name].read(NOON + 60)["1h"][0] == (1, 1)


async def test_a_target_without_slos_has_windows_without_counts(tmp_path: Path) -> None:
    target = a_target(objectives=Objectives(availability=None))
    await write(tmp_path, [a_probe(NOON, target=target)])
    assert a_journal(tmp_path).windows([target])[target.name].read(NOON)["1h"] == ()
    (hour,) = await hours_of(tmp_path)
    assert hour.sums == {"availability": (1, 0, 0)}, "minutes serve contracts whether or not there is an objective"


async def test_every_slo_that_a_target_can_have_has_a_place_in_the_files(tmp_path: Path) -> None:
    verdicts = dict.fromkeys(a_probe(target=A_TARGET).slo_verdicts, Verdict.GOOD)
    everything = replace(THREE_SLOS, duration=THREE_SLOS.time_to_first_token)
    probe = a_probe(target=replace(A_TARGET, objectives=everything))
    assert set(probe.slo_verdicts) > set(verdicts)
    await write(tmp_path, [probe])
    (hour,) = await hours_of(tmp_path)
    assert set(hour.sums) == set(probe.slo_verdicts)


async def test_the_numbers_for_the_metrics(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = a_clock()
    journal = a_journal(tmp_path, clock)
    assert (journal.up, journal.last_commit_timestamp_seconds, journal.seal_bits) == (False, None, 0)
    await journal.open()
    begun = journal.seal_bits
    await clock.advance(10)
    journal.record(a_probe(NOON + 10, Outcome.DNS))
    assert journal.waiting == 1
    await journal.flush()
    assert (journal.up, journal.errors, journal.dropped, journal.waiting) == (True, 0, 0, 0)
    assert journal.last_commit_timestamp_seconds == NOON + 10
    ((seal,),) = rows(tmp_path, EVIDENCE_FILE, "SELECT seal FROM seal ORDER BY seq DESC LIMIT 1")
    assert journal.seal_bits == gauge(seal) != begun
    assert 0 < journal.seal_bits < 2**52
    await journal.close()
    assert not journal.up
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def weigh(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir())


async def test_bytes_on_disk_are_those_of_every_file_also_of_those_set_aside(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON + at, Outcome.TLS) for at in range(200)])
    (tmp_path / "ok-2026-11-01.sqlite.unreadable-1").write_bytes(bytes(1_000_000))
    (tmp_path / "spend.json").write_bytes(b"another room's")
    clock = a_clock()
    async with an_open_journal(tmp_path, clock) as journal:
        await clock.advance(DAY)
        await journal.flush()  # the turn of the day weighs anew
        assert journal.bytes_on_disk == weigh(tmp_path) - len("another room's")


async def test_the_day_s_last_seal_is_logged_when_the_day_turns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    clock = a_clock()
    async with an_open_journal(tmp_path, clock) as journal:
        journal.record(a_probe(NOON, Outcome.DNS))
        await journal.flush()
        await clock.advance(DAY)
        await journal.flush()
    sealed = {record.__dict__["kind"]: record for record in caplog.records if "is sealed" in record.message}
    assert set(sealed) == {"evidence", "ok"}
    assert sealed["evidence"].__dict__["day"] == "2026-11-22"
    query = "SELECT hex(seal) FROM seal ORDER BY seq DESC LIMIT 1"
    assert sealed["evidence"].__dict__["seal"].upper() == rows(tmp_path, EVIDENCE_FILE, query)[0][0]


async def test_a_journal_closed_before_it_was_opened_is_fine(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    await journal.flush()
    await journal.close()
    assert weigh(tmp_path) == 0


async def test_what_is_recorded_before_open_or_while_closing_is_not_lost(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    journal.record(a_probe(NOON, Outcome.DNS))
    await journal.open()
    closing = asyncio.create_task(journal.close())
    journal.record(a_probe(NOON + 1, Outcome.DNS))
    await closing
    assert len(list(journal.failed(NOON, NOON + 60))) == 2


@pytest.mark.parametrize(("start", "end"), [(NOON, NOON), (NOON + 5, NOON), (NOON + DAY * 30, NOON + DAY * 31)])
async def test_an_empty_stretch_of_time_is_empty(tmp_path: Path, start: float, end: float) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.DNS)])
    journal = a_journal(tmp_path)
    assert list(journal.hours(start, end)) == []
    assert list(journal.failed(start, end)) == []
    assert list(a_journal(tmp_path / "nowhere").hours(NOON, NOON + 1)) == []


outcomes = st.sampled_from([Outcome.OK, Outcome.OK, Outcome.OVERLOADED, Outcome.WRONG_ANSWER, Outcome.AUTH])
events = st.tuples(st.integers(0, 4 * 3600), outcomes, st.sampled_from(["a", "b"]), st.booleans())


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(events, max_size=40))
async def test_hours_are_the_sums_of_the_probes_however_they_were_committed(
    tmp_path_factory: pytest.TempPathFactory, events: Sequence[tuple[int, Outcome, str, bool]]
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    expected: dict[tuple[str, int], dict[int, list[Verdict]]] = {}
    clock = a_clock()
    journal = a_journal(directory, clock)
    await journal.open()
    for at, outcome, name, restart in events:
        clock.now = max(clock.now, float(at))
        probe = a_probe(NOON + at, outcome, a_target(name=name))
        journal.record(probe)
        expected.setdefault((name, HOUR + at // 3600), {}).setdefault(at % 3600 // 60, []).append(probe.verdict)
        await journal.flush()
        if restart:
            await journal.close()
            journal = a_journal(directory, clock)
            await journal.open()
    await journal.close()
    found = {(hour.target, hour.hour): hour for hour in journal.hours(NOON, NOON + 5 * 3600)}
    assert found.keys() == expected.keys()
    for key, minutes in expected.items():
        for minute in range(60):
            verdicts = minutes.get(minute, [])
            good, bad = verdicts.count(Verdict.GOOD), verdicts.count(Verdict.BAD)
            assert decode_minute(found[key].minutes[minute])[:2] == (good, bad)
        flat = [verdict for verdicts in minutes.values() for verdict in verdicts]
        assert found[key].sums["availability"] == tuple(
            flat.count(each) for each in (Verdict.GOOD, Verdict.BAD, Verdict.EXCLUDED)
        )
    assert check(directory).ok
