"""What a reload changes is right at once: nothing stays of what went, nothing is lost of what goes on."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from aiprobe import board as board_room
from aiprobe import standing as standing_room
from aiprobe.config.settings import Settings
from aiprobe.core.clock import ManualClock
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.state import State
from aiprobe.journal.journal import Journal
from aiprobe.schedule import FALLBACK_SUFFIX
from aiprobe.standing import StandingKeeper
from tests.builders import a_finished, a_result, a_target
from tests.unit.app.builders import a_board
from tests.unit.journal.builders import A_TARGET, DAY, NOON, a_probe, an_open_journal
from tests.unit.metrics.builders import Samples, scrape


def stand_in(target: Target) -> Target:
    return replace(target, name=target.name + FALLBACK_SUFFIX, probe="models")


def models(samples: Samples, target: str) -> set[str]:
    """Return the models under which a target has series."""
    return {dict(labels)["model"] for _, labels in samples if dict(labels).get("target") == target}


async def test_a_stand_in_follows_its_target_to_another_model(tmp_path: Path) -> None:
    board = a_board(tmp_path)
    old, new = a_target(model="gpt-old"), a_target(model="gpt-new")
    board.set_targets([old])
    board.finished(a_finished(stand_in(old)))
    name = stand_in(old).name
    assert models(await scrape(board._recorder), name) == {"gpt-old"}
    board.set_targets([replace(old, interval_seconds=7.0)])
    assert models(await scrape(board._recorder), name) == {"gpt-old"}
    board.set_targets([new])
    assert models(await scrape(board._recorder), name) == set()
    board.finished(a_finished(stand_in(old)))  # under way while the configuration changed
    board.finished(a_finished(stand_in(new), a_result(Outcome.SERVER_ERROR), consecutive_failures=1))
    samples = await scrape(board._recorder)
    assert models(samples, name) == {"gpt-new"}
    (failures,) = (
        sample
        for (metric, labels), sample in samples.items()
        if metric == "aiprobe_consecutive_failures" and dict(labels)["target"] == name
    )
    assert failures == 1


async def test_an_outage_of_a_target_that_went_is_closed_though_it_was_probed_until_the_end(tmp_path: Path) -> None:
    board = a_board(tmp_path)
    old, new = a_target(name="old", surface="Old"), a_target(name="new", surface="New")
    board.set_targets([old])
    failed = a_finished(old, a_result(Outcome.SERVER_ERROR, started_timestamp_seconds=NOON), state=State.MAJOR_OUTAGE)
    for _ in range(3):
        board.finished(failed)
    assert len(board.declared.book.open()) == 1
    board.declared.book.keep([new], NOON)  # as early in a reload as can be
    board.finished(failed)  # and a probe that ends later
    board.set_targets([new])
    assert board.declared.book.open() == ()


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_disk_that_hangs_holds_up_no_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, hangs: bool
) -> None:
    monkeypatch.setattr(board_room, "CLOSE_SECONDS", 0.05)
    if hangs:
        os.mkfifo(tmp_path / "incidents.jsonl")  # whoever opens it waits for a reader
    board = a_board(tmp_path)
    board._write_incidents([{"id": "one", "start_timestamp_seconds": NOON}])
    if not hangs:
        while board._writing:
            await next(iter(board._writing))
    await board.close()
    assert ("disk hangs" in caplog.text) is hangs
    if hangs:  # let the thread go
        with (tmp_path / "incidents.jsonl").open() as file:
            assert "one" in file.read()
    else:
        assert "one" in (tmp_path / "incidents.jsonl").read_text()


class Nobody:
    """Where gauges go that no test reads."""

    def tell(self, short: str, values: object) -> None:
        pass

    def tell_target(self, target: str, short: str, values: object) -> None:
        pass


@asynccontextmanager
async def a_standing(directory: Path) -> AsyncIterator[tuple[StandingKeeper, Journal]]:
    """Lend one whose journal commits only when it is asked to."""
    async with an_open_journal(directory, commit_seconds=3600.0) as journal:
        yield StandingKeeper(journal, Nobody(), clock=ManualClock(epoch=NOON + 60).clock), journal


def wanted(**changes: Any) -> Settings:
    return cast("Settings", SimpleNamespace(**({"groups": {}, "contracts": {}} | changes)))


def events(standing: StandingKeeper, target: Target) -> tuple[int, int]:
    """Return valid and bad events of the last hour."""
    valid, bad = standing._windows[target.name].read(NOON + 60, ("1h",))["1h"][0]
    return valid, bad


def probed(standing: StandingKeeper, target: Target, times: int, outcome: Outcome = Outcome.SERVER_ERROR) -> None:
    for _ in range(times):
        standing.finished(a_probe(NOON, outcome, target), declared_state="")


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
    async with a_standing(tmp_path) as (standing, journal):
        await standing.apply(wanted(), [A_TARGET])
        probed(standing, A_TARGET, 10)
        read = interrupted(journal.windows, lambda: probed(standing, A_TARGET, 5))
        monkeypatch.setattr(journal, "windows", read)
        week = replace(A_TARGET, objectives=replace(A_TARGET.objectives, period_seconds=7 * DAY))
        await standing.apply(wanted(), [week])
        assert events(standing, week) == (15, 15)
        probed(standing, week, 1, Outcome.OK)
        assert events(standing, week) == (16, 15)


async def test_another_model_begins_with_the_events_that_the_journal_holds_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_standing(tmp_path) as (standing, journal):
        await standing.apply(wanted(), [A_TARGET])
        probed(standing, A_TARGET, 3)
        other = replace(A_TARGET, model="m-2")
        with monkeypatch.context() as meanwhile:
            read = interrupted(journal.windows, lambda: probed(standing, A_TARGET, 2))
            meanwhile.setattr(journal, "windows", read)
            await standing.apply(wanted(), [other])
        assert events(standing, other) == (0, 0), "not those of the first model that ended while it was read"
        probed(standing, A_TARGET, 1)
        assert events(standing, other) == (0, 0), "nor one that was still under way"
        await standing.apply(wanted(), [A_TARGET])
        assert events(standing, A_TARGET) == (6, 6)


async def test_a_new_group_loses_no_event_of_the_last_second_or_of_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_standing(tmp_path) as (standing, _):
        await standing.apply(wanted(), [A_TARGET])
        probed(standing, A_TARGET, 2)
        read = interrupted(standing._hours, lambda: probed(standing, A_TARGET, 6, Outcome.OK))
        monkeypatch.setattr(standing, "_hours", read)
        await standing.apply(wanted(groups={"all": (A_TARGET.name,)}), [A_TARGET])
        assert standing._group_windows["all"].availability(NOON + 180)["1h"] == 0.5, "a bad minute, a good one"


async def test_a_disk_that_hangs_holds_up_no_reload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_room, "_FLUSH_SECONDS", 0.05)
    async with a_standing(tmp_path) as (standing, journal):
        ever = asyncio.get_running_loop().create_future()
        monkeypatch.setattr(journal, "flush", lambda: asyncio.wait([ever]))
        await standing.apply(wanted(), [A_TARGET])
        assert events(standing, A_TARGET) == (0, 0)


async def test_who_does_not_wait_for_a_flush_any_more_ends_no_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, cycle = threading.Event(), Journal._cycle

    def slow_cycle(journal: Journal, *, last: bool) -> None:
        disk.wait()
        cycle(journal, last=last)

    async with an_open_journal(tmp_path) as journal:
        monkeypatch.setattr(Journal, "_cycle", slow_cycle)
        impatient = asyncio.create_task(journal.flush())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.wait([impatient])
        disk.set()
        await journal.flush()
        assert journal.up
