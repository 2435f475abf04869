"""A clock that is set wrong and right again breaks no chain, counts nothing twice and costs no evidence."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiprobe.core.outcomes import Outcome
from aiprobe.journal.days import HELD_DAYS, KEPT_DAYS, DayFile, Kind, day_of, expired, list_files
from tests.unit.journal.builders import (
    DAY,
    HOUR,
    NOON,
    a_clock,
    a_journal,
    a_probe,
    an_open_journal,
    check,
    rows,
    write,
)

TODAY = day_of(NOON)
FAR = 4_000_000_000.0


async def run_over(directory: Path, moments: Sequence[float], *, restart: bool = False) -> None:
    """Record a failed and a good probe at each moment, with the clock set to it."""
    clock = a_clock(0.0)  # a machine without a clock of its own begins in 1970
    journal = a_journal(directory, clock)
    await journal.open()
    for at in moments:
        clock.now = at
        journal.record(a_probe(at, Outcome.DNS))
        journal.record(a_probe(at + 0.5))
        await journal.flush()
        if restart:
            await journal.close()
            journal = a_journal(directory, clock)
            await journal.open()
    await journal.close()


@pytest.mark.parametrize("restart", [False, True])
async def test_a_clock_that_jumps_ahead_and_back_leaves_one_chain(tmp_path: Path, *, restart: bool) -> None:
    moments = [NOON, NOON + 400 * DAY, NOON + 1, NOON - 3 * DAY, NOON + 2, NOON - 3600, NOON + 3]
    await run_over(tmp_path, moments, restart=restart)
    found = check(tmp_path, 0, FAR)
    assert found.ok
    assert found.torn == ()
    failed = [kept.started_timestamp_seconds for kept in a_journal(tmp_path).failed(0, FAR)]
    assert failed == sorted(moments)


async def test_an_hour_that_is_lived_twice_is_one_hour(tmp_path: Path) -> None:
    await run_over(tmp_path, [NOON, NOON + 7300, NOON + 30, NOON + 7400, NOON + 7600])
    (first,) = (hour for hour in a_journal(tmp_path).hours(0, FAR) if hour.hour == HOUR)
    assert first.sums["availability"] == (2, 2, 0)
    assert check(tmp_path).ok


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=st.lists(st.one_of(st.floats(-3 * DAY, 3 * DAY), st.floats(0, 7200)), max_size=15),
    restart=st.booleans(),
)
async def test_whatever_the_clock_does_every_probe_is_there_once_and_sealed(
    tmp_path_factory: pytest.TempPathFactory, moves: Sequence[float], *, restart: bool
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    moments, now = [], NOON
    for move in moves:
        now += move
        moments.append(now)
    await run_over(directory, moments, restart=restart)
    journal = a_journal(directory)
    assert [kept.started_timestamp_seconds for kept in journal.failed(0, FAR)] == sorted(moments)
    sums = [hour.sums["availability"] for hour in journal.hours(0, FAR)]
    assert [sum(column) for column in zip(*sums, strict=True)] == ([len(moves), len(moves), 0] if moves else [])
    found = check(directory, 0, FAR)
    assert found.fault is None
    assert found.torn == ()


@pytest.mark.parametrize("start", [float("nan"), float("inf"), -float("inf"), -5.0, 1e300])
async def test_a_start_that_is_no_time_is_taken_as_now(tmp_path: Path, start: float) -> None:
    await write(tmp_path, [a_probe(start, Outcome.DNS), a_probe(start)])
    assert [kept.started_timestamp_seconds for kept in a_journal(tmp_path).failed(0, FAR)] == [NOON]
    assert rows(tmp_path, "ok-2026-11-22.sqlite", "SELECT at_ms FROM ok") == [(43_200_000,)]


async def test_files_are_let_go_when_they_are_old_enough(tmp_path: Path) -> None:
    clock = a_clock()
    between = {kind: [*range(1, 36), *range(36, days - 1, 25)] for kind, days in KEPT_DAYS.items()}
    for kind, days in KEPT_DAYS.items():
        for age in (*between[kind], days - 1, days, days + 200):
            (tmp_path / DayFile(TODAY - age, kind).name).write_bytes(b"")
    (tmp_path / "ok-2020-01-01.sqlite.unreadable-1").touch()
    (tmp_path / "notes.txt").touch()
    async with an_open_journal(tmp_path, clock):
        pass
    ages = {kind: [TODAY - file.day for file in list_files(tmp_path, kind)] for kind in KEPT_DAYS}
    assert ages == {
        "evidence": [399, *reversed(between["evidence"]), 0],
        "ok": [44, *reversed(between["ok"])],
    }
    assert (tmp_path / "ok-2020-01-01.sqlite.unreadable-1").exists(), "what was set aside is never deleted"
    assert (tmp_path / "notes.txt").exists()


async def test_the_turn_of_the_day_lets_files_go_without_a_restart(tmp_path: Path) -> None:
    old = DayFile(TODAY - 44, "ok")
    clock = a_clock()
    async with an_open_journal(tmp_path, clock) as journal:
        for day in (TODAY - 44, TODAY - 20):
            (tmp_path / DayFile(day, "ok").name).write_bytes(b"")
        await clock.advance(DAY)
        await journal.flush()
        assert old not in list_files(tmp_path, "ok")


@pytest.mark.slow
async def test_an_old_file_stays_while_a_younger_one_goes_on_where_it_ends(tmp_path: Path) -> None:
    await run_over(tmp_path, [NOON, NOON + 1, NOON + DAY, NOON + 2 * DAY])
    assert DayFile(0, "evidence") in list_files(tmp_path, "evidence")
    assert check(tmp_path, 0, FAR).ok
    await run_over(tmp_path, [NOON + at * DAY for at in (*range(3, 36), 60, 90, 120)])
    assert [file.day - TODAY for file in list_files(tmp_path, "ok")] == [60, 90, 120], "90 goes on where 60 ends"
    assert DayFile(0, "evidence") in list_files(tmp_path, "evidence"), "a day of 1970 is old, what follows it is not"
    assert check(tmp_path, 0, FAR, now=NOON + 120 * DAY).ok
    later = [*range(130, 520, 30), *range(520, 560)]
    await run_over(tmp_path, [NOON + at * DAY for at in later])
    kept = [file.day - TODAY for file in list_files(tmp_path, "evidence")]
    assert kept == later
    assert check(tmp_path, 0, FAR, now=NOON + 559 * DAY).ok


def files(kind: Kind, *days: int) -> list[DayFile]:
    return [DayFile(day, kind) for day in days]


def test_a_leap_of_the_clock_lets_nothing_go() -> None:
    kept = files("evidence", 1000, 1001, 1002)
    assert expired(kept, 1002 + 5000) == []
    assert expired([*kept, *files("evidence", 6002)], 6002) == [], "not on the first day after the leap either"
    held = list(range(6002 - HELD_DAYS, 6003))
    assert expired([*kept, *files("evidence", *held[1:])], 6002) == [], "while the leapt clock has not held for long"
    assert expired([*kept, *files("evidence", *held)], 6002) == kept


async def test_a_clock_500_days_ahead_for_two_days_deletes_nothing(tmp_path: Path) -> None:
    await run_over(tmp_path, [NOON + day * DAY for day in range(7)])
    before = [file for kind in KEPT_DAYS for file in list_files(tmp_path, kind)]
    await run_over(tmp_path, [NOON + 500 * DAY, NOON + 501 * DAY, NOON + 502 * DAY], restart=True)
    after = [file for kind in KEPT_DAYS for file in list_files(tmp_path, kind)]
    assert [file for file in before if file not in after] == []


def test_without_a_file_nothing_is_let_go() -> None:
    assert expired([], TODAY) == []
    assert expired(files("ok", TODAY), TODAY) == []


def test_days_and_names_agree() -> None:
    for at in (0.0, NOON, NOON + DAY / 2 - 1, NOON + DAY / 2, FAR):
        date = datetime.fromtimestamp(at, UTC).date().isoformat()
        assert DayFile(day_of(at), "ok").name == f"ok-{date}.sqlite"


def test_names_that_are_not_ours_are_no_days(tmp_path: Path) -> None:
    for name in ("ok-2026-02-31.sqlite", "ok-2026-11-22.sqlite-wal", "xok-2026-11-22.sqlite", "ok-26-11-22.sqlite"):
        (tmp_path / name).touch()
    assert list_files(tmp_path, "ok") == []
