"""Journals for tests, on a clock that is moved by hand, and a process that writes one until it is killed."""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aiprobe.core.clock import Clock
from aiprobe.core.model import Finished, LatencyObjective, Objectives, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.journal.journal import Journal
from aiprobe.journal.verify import Verification, verify
from tests.builders import a_finished, a_result, a_target
from tests.clock import ManualClock

NOON = 1_795_348_800.0
"""2026-11-22 12:00:00 UTC."""
HOUR = int(NOON) // 3600
DAY = 86_400.0
THREE_SLOS = Objectives(
    correctness=0.99, time_to_first_token=LatencyObjective(below_seconds=2.0, objective=0.95), period_seconds=30 * DAY
)
A_TARGET = a_target(objectives=THREE_SLOS)


def a_clock(at: float = NOON) -> ManualClock:
    return ManualClock(epoch=at)


def a_journal(directory: Path, clock: ManualClock | None = None, **changes: Any) -> Journal:
    """Return a journal that is not open."""
    plain: dict[str, Any] = {"clock": (clock or a_clock()).clock, "version": "0.1.0", "config_hash": "c0ffee"}
    return Journal(directory, **(plain | changes))


@asynccontextmanager
async def an_open_journal(directory: Path, clock: ManualClock | None = None, **changes: Any) -> AsyncIterator[Journal]:
    journal = a_journal(directory, clock, **changes)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close()


def a_probe(at: float = NOON, outcome: Outcome = Outcome.OK, target: Target = A_TARGET, **changes: Any) -> Finished:
    """Return a finished probe that began at a moment."""
    result = a_result(outcome, started_timestamp_seconds=at, **changes.pop("result", {}))
    return a_finished(target, result, **({"state": 0} | changes))


async def write(directory: Path, probes: Sequence[Finished], *, commits: int = 1, **changes: Any) -> None:
    """Run a journal from open to close over some probes, in a number of commits."""
    size = -(-len(probes) // commits)
    async with an_open_journal(directory, **changes) as journal:
        for at in range(0, len(probes), size):
            for probe in probes[at : at + size]:
                journal.record(probe)
            await journal.flush()


def rows(directory: Path, file: str, query: str) -> Sequence[tuple[Any, ...]]:
    with closing(sqlite3.connect(directory / file)) as connection:
        return connection.execute(query).fetchall()


def tamper(directory: Path, file: str, *statements: str) -> None:
    """Change a file behind the journal's back."""
    with closing(sqlite3.connect(directory / file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def set_aside(directory: Path) -> Sequence[Path]:
    """Return the files that were set aside, without their companions."""
    return sorted(path for path in directory.glob("*.unreadable-*") if path.suffix[-1].isdigit())


def check(directory: Path, start: float = NOON - DAY, end: float = NOON + 2 * DAY, now: float = NOON) -> Verification:
    return verify(directory, start, end, now=now)


def write_until_killed(
    directory: str, run: int, report: Connection, commit_seconds: float, pause_seconds: float
) -> None:
    """Hand probes over until killed; tell `report` of each, and of what a flush made durable.

    Each probe carries the run and its number as request id. A line is `handed N SECONDS` or `durable N SECONDS`.
    """

    def tell(word: str, number: int) -> None:
        os.write(report.fileno(), f"{word} {number} {time.monotonic()}\n".encode())

    async def load() -> None:
        journal = Journal(
            Path(directory), clock=Clock(), version="0.1.0", config_hash="x", commit_seconds=commit_seconds
        )
        await journal.open()
        tell("open", 0)
        number = 0
        while True:
            number += 1
            result = {"request_id": f"{run}-{number}"}
            journal.record(a_probe(time.time(), Outcome.OVERLOADED, result=result))
            journal.record(a_probe(time.time()))
            tell("handed", number)
            if pause_seconds == 0 and number % 7 == 0:
                await journal.flush()
                tell("durable", number)
            await asyncio.sleep(pause_seconds)

    asyncio.run(load())
