"""What a journal does that was killed and whose files were damaged before the next start: keep, report, go on."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.journal.verify import verify
from tests.unit.journal.builders import DAY, NOON, a_probe, an_open_journal

FAILURE = b"the-failure-of-the-first-run"


async def killed(directory: Path) -> Path:
    """Return a directory as `kill -9` leaves it: the results are in the write-ahead logs."""
    async with an_open_journal(directory / "running") as journal:
        journal.record(a_probe(outcome=Outcome.OVERLOADED, result={"detail": FAILURE.decode()}))
        await journal.flush()
        shutil.copytree(directory / "running", directory / "killed")
    return directory / "killed"


def files(directory: Path, end: str = "") -> list[Path]:
    return sorted(directory.glob(f"*.sqlite{end}"))


def without_its_file(directory: Path) -> None:
    for path in files(directory):
        path.unlink()


def with_an_empty_file(directory: Path) -> None:
    for path in files(directory):
        path.write_bytes(b"")


def with_a_damaged_head(directory: Path) -> None:
    for path in files(directory, "-wal"):
        path.write_bytes(b"\x00" + path.read_bytes()[1:])


def of_another_program(directory: Path) -> None:
    for path in (*files(directory, "-wal"), *files(directory, "-shm"), *files(directory)):
        path.unlink()
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("CREATE TABLE seal (note TEXT)")
                connection.execute("INSERT INTO seal VALUES (?)", (FAILURE.decode(),))
                connection.commit()


@pytest.mark.parametrize("damage", [without_its_file, with_an_empty_file, with_a_damaged_head, of_another_program])
async def test_a_damaged_journal_is_kept_reported_and_goes_on(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    directory = await killed(tmp_path)
    damage(directory)
    verify(directory, NOON - DAY, NOON + DAY, now=NOON)  # who only reads deletes nothing either
    async with an_open_journal(directory) as journal:
        journal.record(a_probe())
        await journal.flush()
        assert journal.up
        assert journal.errors > 0
    assert "set aside" in caplog.text
    assert any(FAILURE in path.read_bytes() for path in directory.glob("*unreadable*")), "nothing is deleted"
    found = verify(directory, NOON - DAY, NOON + DAY, now=NOON)
    assert found.fault is not None
    assert "set aside" in found.fault.what


async def test_a_sound_log_is_read_and_nothing_is_set_aside(tmp_path: Path) -> None:
    directory = await killed(tmp_path)
    async with an_open_journal(directory) as journal:
        assert [one.detail for one in journal.failed(NOON - DAY, NOON + DAY)] == [FAILURE.decode()]
    assert not list(directory.glob("*unreadable*"))
    assert verify(directory, NOON - DAY, NOON + DAY, now=NOON).fault is None
