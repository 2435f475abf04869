"""What was spent today survives a restart and a crash, and never lets a day's budget be spent twice."""

import asyncio
import json
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiprobe.core.money import SECONDS_PER_DAY, Budget, utc_day
from aiprobe.journal.spend import FILE_NAME, RETRY_SECONDS, SpendKeeper, spent_today
from tests.clock import ManualClock

EVENING = 20_000 * SECONDS_PER_DAY + 0.95 * SECONDS_PER_DAY


async def a_keeper(directory: Path, *, limit: float | None = 10.0, at: float = EVENING) -> SpendKeeper:
    keeper = SpendKeeper(Budget(usd_per_day=limit), directory, clock=ManualClock(epoch=at).clock)
    await keeper.open()
    return keeper


async def spend(keeper: SpendKeeper, usd: float) -> bool:
    if not await keeper.reserve(usd):
        return False
    keeper.settle(usd, usd)
    return True


async def test_a_clean_restart_remembers_the_exact_amount(tmp_path: Path) -> None:
    keeper = await a_keeper(tmp_path)
    assert await spend(keeper, 3.21)
    await keeper.close()
    assert (await a_keeper(tmp_path)).budget.spent_usd == pytest.approx(3.21)


async def test_after_a_crash_at_least_what_was_spent_is_remembered_and_at_most_a_step_more(tmp_path: Path) -> None:
    keeper = await a_keeper(tmp_path)
    for _ in range(40):
        assert await spend(keeper, 0.07)
    remembered = (await a_keeper(tmp_path)).budget.spent_usd
    assert remembered + 1e-9 >= 2.8
    assert remembered <= 2.8 + 0.1 + 0.07 + 1e-9


async def test_the_ceiling_is_on_disk_before_the_probe_may_start(tmp_path: Path) -> None:
    keeper = await a_keeper(tmp_path)
    assert await keeper.reserve(4.0)
    assert json.loads((tmp_path / FILE_NAME).read_text())["ceiling_usd"] >= 4.0


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(probes=st.lists(st.floats(0.0, 1.0), max_size=30))
async def test_a_crash_loop_never_overspends(tmp_path_factory: pytest.TempPathFactory, probes: list[float]) -> None:
    directory = tmp_path_factory.mktemp("spend")
    really_spent = 0.0
    for usd in probes:
        keeper = await a_keeper(directory, limit=3.0)  # each time a process that was killed before
        if await spend(keeper, usd):
            really_spent += usd
    assert really_spent <= 3.0 + 1e-6


async def test_few_writes_serve_many_probes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = await a_keeper(tmp_path)
    versions = set()
    for _ in range(1000):
        assert await spend(keeper, 0.001)
        versions.add((tmp_path / FILE_NAME).stat().st_mtime_ns)
    assert len(versions) <= 110


async def test_yesterday_s_spending_is_forgotten(tmp_path: Path) -> None:
    keeper = await a_keeper(tmp_path)
    assert await spend(keeper, 5.0)
    await keeper.close()
    later = await a_keeper(tmp_path, at=EVENING + SECONDS_PER_DAY)
    assert later.budget.spent_usd == 0.0
    assert later.budget.day == utc_day(EVENING) + 1


async def test_a_clock_that_jumped_back_does_not_free_the_money(tmp_path: Path) -> None:
    keeper = await a_keeper(tmp_path)
    assert await spend(keeper, 5.0)
    await keeper.close()
    earlier = await a_keeper(tmp_path, at=EVENING - 0.5 * SECONDS_PER_DAY)
    assert earlier.budget.spent_usd == pytest.approx(5.0)


@pytest.mark.parametrize(
    "content", ["", "not json", "[]", '{"day": 20000}', '{"day": "x", "ceiling_usd": 1}',
                '{"day": 20000, "ceiling_usd": -1}', '{"day": 20000, "ceiling_usd": Infinity}', "{" * 100_000,
                '{"day": 20000, "ceiling_usd": ' + "9" * 401 + "}", '{"day": 20000, "ceiling_usd": 1e308}'],
)  # fmt: skip
async def test_an_unreadable_file_is_set_aside_said_loudly_and_counts_as_an_even_spending(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    keeper = await a_keeper(tmp_path)
    assert keeper.budget.spent_usd == pytest.approx(9.5)
    assert (tmp_path / "spend.unreadable").read_text() == content
    assert keeper.errors == 1
    loud = [record.levelno for record in caplog.records if record.levelno >= logging.WARNING]
    assert loud == [logging.ERROR]


async def test_a_directory_that_cannot_be_written_never_stops_a_probe(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    keeper = await a_keeper(tmp_path / "file")
    assert not keeper.ok
    assert await spend(keeper, 1.0)
    assert keeper.budget.spent_usd == 1.0
    assert sum("cannot" in record.message for record in caplog.records) == 1


async def test_a_disk_that_recovers_is_noticed(tmp_path: Path) -> None:
    blocked = tmp_path / "data"
    blocked.write_text("in the way")
    keeper = await a_keeper(blocked)
    assert not keeper.ok
    blocked.unlink()
    assert await spend(keeper, 1.0)
    assert keeper.ok


async def test_a_disk_that_recovers_is_noticed_without_another_probe(tmp_path: Path) -> None:
    blocked = tmp_path / "data"
    blocked.write_text("in the way")
    clock = ManualClock(epoch=EVENING)
    keeper = SpendKeeper(Budget(usd_per_day=10.0), blocked, clock=clock.clock)
    await keeper.open()
    for _ in range(3):
        await clock.advance(RETRY_SECONDS)
    assert not keeper.ok
    blocked.unlink()
    await written(clock, keeper)
    assert json.loads((blocked / FILE_NAME).read_text())["ceiling_usd"] == 0.0
    await keeper.close()


async def written(clock: ManualClock, keeper: SpendKeeper) -> None:
    """Move the clock until the file is written; the write is in a thread, which no clock moves."""
    async with asyncio.timeout(30):
        while not keeper.ok:
            await clock.advance(RETRY_SECONDS)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("ahead_days", [2, 40])
async def test_a_file_of_a_clock_that_was_ahead_counts_as_today(tmp_path: Path, ahead_days: int) -> None:
    (tmp_path / FILE_NAME).write_text(json.dumps({"day": utc_day(EVENING) + ahead_days, "ceiling_usd": 4.0}))
    keeper = await a_keeper(tmp_path)
    assert (keeper.budget.day, keeper.budget.spent_usd) == (utc_day(EVENING), 4.0)
    assert spent_today(tmp_path, day=utc_day(EVENING)) == 4.0


async def test_a_crash_loop_that_asks_nothing_spends_nothing(tmp_path: Path) -> None:
    for _ in range(50):
        keeper = await a_keeper(tmp_path)
        assert await keeper.reserve(0.0)
    assert keeper.budget.spent_usd == 0.0


async def test_the_budget_refuses_what_would_pass_it(tmp_path: Path) -> None:
    keeper = await a_keeper(tmp_path, limit=1.0)
    assert await spend(keeper, 0.9)
    assert not await keeper.reserve(0.2)
    assert await keeper.reserve(0.1)


async def test_without_a_budget_spending_is_remembered_too(tmp_path: Path) -> None:
    keeper = await a_keeper(tmp_path, limit=None)
    assert await spend(keeper, 2.5)
    await keeper.close()
    assert (await a_keeper(tmp_path, limit=None)).budget.spent_usd == pytest.approx(2.5)
