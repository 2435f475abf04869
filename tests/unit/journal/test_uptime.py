"""The days of the public status page are counted from the files of the journal."""

from pathlib import Path

from aiprobe.core.model import Attempt
from aiprobe.core.outcomes import Outcome
from aiprobe.core.rows import DayRow
from aiprobe.journal.days import day_of
from aiprobe.journal.uptime import DAYS, FRESH_SECONDS, Uptime, count_day
from tests.builders import a_target
from tests.unit.journal.builders import DAY, NOON, a_clock, a_probe, an_open_journal, write

TODAY = day_of(NOON)
TARGET = a_target(surface="API")
OTHER = a_target(name="other", surface="API")
WEB = a_target(name="web", surface="Web")


def removed(directory: Path) -> None:
    for file in directory.iterdir():
        file.unlink()


def damaged(directory: Path) -> None:
    for file in directory.glob("*.sqlite"):
        file.write_bytes(b"not a database" * 100)


async def test_good_and_bad_scheduled_probes_of_a_surface_are_counted_by_day(tmp_path: Path) -> None:
    surface = (TARGET.provider.name, "API")
    await write(
        tmp_path,
        [
            a_probe(NOON, target=TARGET),
            a_probe(NOON + 60, Outcome.OVERLOADED, target=OTHER),
            a_probe(NOON + 61, Outcome.OVERLOADED, target=OTHER, attempt=Attempt.CONFIRM),
            a_probe(NOON + 120, Outcome.AUTH, target=TARGET),
            a_probe(NOON + 7200, target=TARGET),
            a_probe(NOON + 7200, target=WEB),
        ],
        clock=a_clock(NOON + 7300),
    )
    counted = count_day(tmp_path, TODAY)
    assert counted[surface] == DayRow(good=2, bad=1, hours=2)
    assert counted[TARGET.provider.name, "Web"] == DayRow(good=1, bad=0, hours=1)
    assert count_day(tmp_path, TODAY - 1) == {}


async def test_the_hours_of_a_day_that_is_over_and_the_running_one_are_counted_once(tmp_path: Path) -> None:
    clock = a_clock(NOON - 5 * 3600)
    async with an_open_journal(tmp_path, clock) as journal:
        for hour in range(5):
            for minute in range(60):
                journal.finished(a_probe(NOON + (hour - 5) * 3600 + minute * 60, target=TARGET))
            await clock.advance(3600)
            await journal.flush()
        counted = count_day(tmp_path, TODAY)
    assert counted[TARGET.provider.name, "API"] == DayRow(good=300, bad=0, hours=5)
    assert count_day(tmp_path, TODAY) == counted


async def test_only_excluded_probes_measure_nothing(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.AUTH, target=TARGET)])
    assert count_day(tmp_path, TODAY) == {}


async def test_90_days_are_kept_and_a_day_that_is_over_is_read_once(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, target=TARGET)])
    clock = a_clock(NOON + 2 * DAY)
    uptime = Uptime(tmp_path, clock=clock.clock)
    first = await uptime.days()
    assert (len(first), min(first), max(first)) == (DAYS, TODAY + 2 - DAYS + 1, TODAY + 2)
    assert [day for day, of in first.items() if of] == [TODAY]
    removed(tmp_path)
    await clock.advance(FRESH_SECONDS)
    assert (await uptime.days())[TODAY] == first[TODAY]


async def test_a_damaged_file_measures_nothing_and_raises_nothing(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, target=TARGET)])
    damaged(tmp_path)
    assert count_day(tmp_path, TODAY) == {}
