"""A reload keeps every event: of what goes on, of what the journal holds, and of what ends while that is read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from aiprobe.core.evidence import MAINTENANCE, decode_minute, with_maintenance
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.journal import journal as journal_file
from aiprobe.journal.journal import Journal
from aiprobe.objectives.keeper import ObjectiveKeeper
from tests.clock import ManualClock
from tests.unit.journal.builders import A_TARGET, DAY, NOON, a_probe, an_open_journal


class Nobody:
    """Where gauges go that no test reads."""

    def replace(self, short: str, values: object) -> None:
        pass

    def replace_for(self, target: str, short: str, values: object) -> None:
        pass


@dataclass
class World:
    """A keeper over a journal, both fed by hand."""

    keeper: ObjectiveKeeper
    journal: Journal

    async def apply(self, *targets: Target, groups: Mapping[str, Sequence[str]] | None = None) -> None:
        with self.journal.followed():
            commit = await self.keeper.prepare(targets, groups or {})
            commit()

    def probed(self, target: Target, times: int, outcome: Outcome = Outcome.SERVER_ERROR) -> None:
        for _ in range(times):
            finished = a_probe(NOON, outcome, target)
            self.keeper.finished(finished)
            self.journal.finished(finished)

    def events(self, target: Target) -> tuple[int, int]:
        """Return valid and bad events of the last hour."""
        valid, bad = self.keeper._windows[target.name].read(NOON + 60, ("1h",))["1h"][0]
        return valid, bad


@asynccontextmanager
async def a_world(directory: Path) -> AsyncIterator[World]:
    """Lend one whose journal commits only when it is asked to."""
    clock = ManualClock(epoch=NOON + 60).clock
    async with an_open_journal(directory, commit_seconds=3600.0) as journal:
        yield World(ObjectiveKeeper(Nobody(), journal, tracked={}, clock=clock), journal)


def interrupted(read: Callable[..., Any], do: Callable[[], None]) -> Callable[..., Any]:
    """Return `read` as it is when something is done on the event loop before it comes back from its thread."""
    loop = asyncio.get_running_loop()

    async def now() -> None:
        do()

    def reading(*asked: Any) -> Any:
        told = read(*asked)
        asyncio.run_coroutine_threadsafe(now(), loop).result()
        return told

    return reading


async def test_a_new_period_loses_no_event_of_the_last_second_or_of_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(tmp_path) as world:
        await world.apply(A_TARGET)
        world.probed(A_TARGET, 10)
        read = interrupted(world.journal.windows, lambda: world.probed(A_TARGET, 5))
        monkeypatch.setattr(world.journal, "windows", read)
        week = replace(A_TARGET, objectives=replace(A_TARGET.objectives, period_seconds=7 * DAY))
        await world.apply(week)
        assert world.events(week) == (15, 15)
        world.probed(week, 1, Outcome.OK)
        assert world.events(week) == (16, 15)


async def test_another_model_begins_with_the_events_that_the_journal_holds_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(tmp_path) as world:
        await world.apply(A_TARGET)
        world.probed(A_TARGET, 3)
        other = replace(A_TARGET, model="m-2")
        with monkeypatch.context() as meanwhile:
            read = interrupted(world.journal.windows, lambda: world.probed(A_TARGET, 2))
            meanwhile.setattr(world.journal, "windows", read)
            await world.apply(other)
        assert world.events(other) == (0, 0), "not those of the first model that ended while it was read"
        world.probed(A_TARGET, 1)
        assert world.events(other) == (0, 0), "nor one that was still under way"
        await world.apply(A_TARGET)
        assert world.events(A_TARGET) == (6, 6)


async def test_a_new_group_loses_no_event_of_the_last_second_or_of_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_world(tmp_path) as world:
        await world.apply(A_TARGET)
        world.probed(A_TARGET, 2)
        read = interrupted(world.keeper._hours, lambda: world.probed(A_TARGET, 6, Outcome.OK))
        monkeypatch.setattr(world.keeper, "_hours", read)
        await world.apply(A_TARGET, groups={"all": (A_TARGET.name,)})
        assert world.keeper._groups["all"].windows.availability(NOON + 180)["1h"] == 0.5, "a bad minute, a good one"


async def test_a_disk_that_hangs_holds_up_no_reload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "FLUSH_SECONDS", 0.05)
    async with a_world(tmp_path) as world:
        ever = asyncio.get_running_loop().create_future()
        monkeypatch.setattr(world.journal, "flush", lambda: asyncio.wait([ever]))
        await world.apply(A_TARGET)
        assert world.events(A_TARGET) == (0, 0)


async def test_a_maintenance_counts_in_no_slo_and_no_group_live_nor_after_a_restart(tmp_path: Path) -> None:
    planned = {"maintenance": True, "slo_verdicts": dict.fromkeys(A_TARGET.objectives.ratios, Verdict.EXCLUDED)}
    groups = {"all": (A_TARGET.name,)}
    async with a_world(tmp_path) as world:
        await world.apply(A_TARGET, groups=groups)
        world.probed(A_TARGET, 2, Outcome.OK)
        for _ in range(5):
            finished = a_probe(NOON + 60, Outcome.SERVER_ERROR, A_TARGET, **planned)
            world.keeper.finished(finished)
            world.journal.finished(finished)
        assert world.events(A_TARGET) == (2, 0)
        assert world.keeper._groups["all"].windows.availability(NOON + 180)["1h"] == 1.0
        await world.journal.flush()
        (row,) = world.journal.hours(NOON, NOON + 3600, {A_TARGET.name})
        assert (row.sums["availability"], row.sums[MAINTENANCE]) == ((2, 0, 5), (0, 5, 0))
        assert [decode_minute(code).bad for code in with_maintenance(row)[:2]] == [0, 5]
    async with a_world(tmp_path) as world:
        await world.apply(A_TARGET, groups=groups)
        assert world.events(A_TARGET) == (2, 0)
        assert world.keeper._groups["all"].windows.availability(NOON + 180)["1h"] == 1.0
