"""A process that is killed in the middle of its load loses at most two seconds, and never the seals."""

import multiprocessing
import os
import random
import select
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aiprobe.journal.days import list_files
from aiprobe.journal.read import failed, hours
from aiprobe.journal.verify import verify
from tests.unit.journal.builders import write_until_killed

pytestmark = pytest.mark.slow
KILLS = 100
PATIENCE_SECONDS = 60.0
FOREVER = 4e9


@contextmanager
def a_writer(directory: Path, run: int, *, commit_seconds: float, pause_seconds: float) -> Iterator["Writer"]:
    """Start a process that writes; kill it at the end of the block."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.unit.journal.builders"])
    report, into = context.Pipe(duplex=False)
    process = context.Process(
        target=write_until_killed, args=(str(directory), run, into, commit_seconds, pause_seconds), daemon=True
    )
    process.start()
    into.close()
    writer = Writer(report.fileno())
    try:
        yield writer
    finally:
        process.kill()
        process.join()
        writer.read_rest()
        report.close()


class Writer:
    """What a writing process has said so far: the last number of each word, and when each was handed over."""

    def __init__(self, report: int) -> None:
        self._report = report
        self._rest = b""
        self.last: dict[str, int] = {}
        self.handed: list[float] = []

    def wait_for(self, word: str, number: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.last.get(word, -1) < number:
            assert select.select([self._report], [], [], deadline - time.monotonic())[0], f"no {word} {number}"
            assert self._read(), "the writer ended by itself"

    def read_rest(self) -> None:
        while self._read():
            pass

    def _read(self) -> bool:
        data = os.read(self._report, 65_536)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            word, number, at = line.decode().split()
            self.last[word] = int(number)
            if word == "handed":
                self.handed.append(float(at))
        return bool(data)


def kept_by_run(directory: Path) -> dict[int, list[int]]:
    """Return the numbers that were kept of each run, in the order in which they were written."""
    kept: dict[int, list[int]] = {}
    for file in list_files(directory, "evidence"):
        with closing(sqlite3.connect(directory / file.name)) as connection:
            for (request_id,) in connection.execute("SELECT request_id FROM failed ORDER BY id"):
                run, number = request_id.split("-")
                kept.setdefault(int(run), []).append(int(number))
    return kept


def test_a_hundred_kills_lose_nothing_that_was_durable_and_break_no_seal(tmp_path: Path) -> None:
    dice = random.Random(20261122)
    handed, durable = {}, {}
    for run in range(KILLS):
        with a_writer(tmp_path, run, commit_seconds=0.01, pause_seconds=0.0) as writer:
            writer.wait_for("handed", dice.randrange(1, 120))
        handed[run], durable[run] = writer.last["handed"], writer.last.get("durable", 0)
    kept = kept_by_run(tmp_path)
    for run in range(KILLS):
        numbers = kept.get(run, [])
        assert numbers == list(range(1, len(numbers) + 1)), "what is kept has no holes and nothing twice"
        assert durable[run] <= len(numbers) <= handed[run] + 1
    assert sum(durable.values()) > KILLS, "else this proves nothing"
    found = verify(tmp_path, 0, FOREVER, now=time.time())
    assert found.fault is None
    assert len(found.torn) == KILLS - 1
    assert not [path for path in tmp_path.iterdir() if "unreadable" in path.name]
    good, bad = (sum(hour.sums["availability"][at] for hour in hours(tmp_path, 0, FOREVER)) for at in (0, 1))
    total = sum(map(len, kept.values()))
    assert len(list(failed(tmp_path, 0, FOREVER))) == total
    # A probe's own row and its minute are in two files: a kill between the two commits costs the minute, and no more.
    assert total - 9 * KILLS <= bad <= total
    assert good <= total + KILLS


def test_at_most_the_last_two_seconds_are_missing_after_a_kill(tmp_path: Path) -> None:
    with a_writer(tmp_path, 0, commit_seconds=1.0, pause_seconds=0.02) as writer:
        writer.wait_for("open", 0)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not writer.handed or writer.handed[-1] - writer.handed[0] < 3.5:
            assert time.monotonic() < deadline
            writer.wait_for("handed", writer.last.get("handed", 0) + 1)
    (numbers,) = kept_by_run(tmp_path).values()
    old_enough = sum(at < writer.handed[-1] - 2.0 for at in writer.handed)
    assert old_enough > 20
    assert len(numbers) >= old_enough
    assert verify(tmp_path, 0, FOREVER, now=time.time()).ok
    in_hours = sum(hour.sums["availability"][1] for hour in hours(tmp_path, 0, FOREVER))
    assert in_hours >= old_enough
