"""A disk that is full, read-only, broken or stuck never stops the probes: it is said, and the journal goes on."""

import asyncio
import fcntl
import logging
import os
import resource
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.outcomes import Outcome
from aiprobe.journal import schema
from tests.unit.journal.builders import (
    NOON,
    a_clock,
    a_journal,
    a_probe,
    an_open_journal,
    check,
    rows,
    set_aside,
    tamper,
    write,
)

OK_FILE, EVIDENCE_FILE = "ok-2026-11-22.sqlite", "evidence-2026-11-22.sqlite"
NOBODY = 65_534


def errors_logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Make every write past `size` fail, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def read_only_directory() -> Iterator[Path]:
    """Lend a directory that this process may not write into, root or not."""
    directory = Path(tempfile.mkdtemp(prefix="aiprobe-journal-"))
    directory.chmod(0o555)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    try:
        yield directory
    finally:
        if was_root:
            os.seteuid(0)
        directory.chmod(0o755)
        shutil.rmtree(directory)


async def test_a_full_disk_keeps_results_waiting_and_they_are_written_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with an_open_journal(tmp_path) as journal:
        with files_no_larger_than(60_000):
            for number in range(60):
                journal.record(a_probe(NOON + number, Outcome.DNS, result={"detail": "x" * 1900}))
                await journal.flush()
            assert not journal.up
            assert journal.errors > 1
            assert journal.waiting > 0
        await journal.flush()
        assert (journal.up, journal.waiting, journal.dropped) == (True, 0, 0)
        await journal.flush()
        assert len(list(journal.failed(NOON, NOON + 3600))) == 60
    again = [record.message for record in caplog.records if "written again" in record.message]
    assert 1 <= len(errors_logged(caplog)) == len(again) < journal.errors
    assert check(tmp_path).fault is None
    assert not set_aside(tmp_path)


async def test_a_read_only_directory_is_said_once_and_noticed_when_it_is_over(
    read_only_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = a_journal(read_only_directory / "data")
    await journal.open()
    for number in range(3):
        journal.record(a_probe(NOON + number, Outcome.DNS))
        await journal.flush()
    assert (journal.up, journal.waiting) == (False, 3)
    assert journal.errors >= 3
    assert len(errors_logged(caplog)) == 1
    if os.getuid() == 0:
        os.seteuid(0)
    os.chmod(read_only_directory, 0o755)  # noqa: PTH101 - one call, no path object to build
    await journal.flush()
    assert (journal.up, journal.waiting) == (True, 0)
    await journal.close()
    assert len(list(journal.failed(NOON, NOON + 60))) == 3


async def test_probes_of_a_time_without_a_disk_count_once_in_their_hour(read_only_directory: Path) -> None:
    journal = a_journal(read_only_directory / "data", clock := a_clock())
    await journal.open()
    journal.record(a_probe(NOON))
    await journal.flush()
    if os.getuid() == 0:
        os.seteuid(0)
    os.chmod(read_only_directory, 0o755)  # noqa: PTH101 - one call, no path object to build
    await clock.advance(2 * 3600)
    await journal.flush()
    await journal.flush()
    await journal.close()
    (hour,) = journal.hours(NOON, NOON + 3600)
    assert hour.sums["availability"] == (1, 0, 0)


async def test_a_directory_whose_name_is_taken_by_a_file_raises_nothing(tmp_path: Path) -> None:
    taken = tmp_path / "data"
    taken.touch()
    async with an_open_journal(taken) as journal:
        journal.record(a_probe())
        await journal.flush()
        assert (journal.up, journal.waiting) == (False, 1)
        assert list(journal.hours(NOON, NOON + 1)) == []


async def test_a_disk_that_does_not_keep_up_costs_results_and_they_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stuck, entered = threading.Event(), threading.Event()

    def wall() -> float:
        entered.set()
        stuck.wait()
        return NOON

    clock = Clock(wall=lambda: NOON)
    journal = a_journal(tmp_path, queue_limit=10)
    journal._clock = clock
    await journal.open()
    journal._store._clock = Clock(wall=wall)  # the writer's thread hangs as in a write that does not return
    journal.record(a_probe(NOON, Outcome.DNS))
    hanging = asyncio.create_task(journal.flush())
    await asyncio.to_thread(entered.wait)
    for number in range(1, 20):
        journal.record(a_probe(NOON + number, Outcome.DNS))
    assert (journal.waiting, journal.dropped) == (10, 10)
    stuck.set()
    await hanging
    await journal.flush()
    assert (journal.up, journal.waiting, journal.dropped) == (True, 0, 10)
    assert sum("dropped" in message for message in errors_logged(caplog)) == 1
    await journal.close()
    assert len(list(journal.failed(NOON, NOON + 60))) == 10


@pytest.mark.parametrize("file", [OK_FILE, EVIDENCE_FILE])
@pytest.mark.parametrize("damage", ["noise", "overwritten", "truncated"])
async def test_a_broken_file_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, file: str, damage: str
) -> None:
    await write(tmp_path, [a_probe(NOON + at, Outcome.DNS if at % 2 else Outcome.OK) for at in range(400)])
    path = tmp_path / file
    whole = path.read_bytes()
    broken = {
        "noise": b"not a database at all" * 500,
        "overwritten": whole[:4096] + bytes([0xA5]) * (len(whole) - 4096),
        "truncated": whole[: len(whole) // 2 + 100],
    }[damage]
    path.write_bytes(broken)
    async with an_open_journal(tmp_path) as journal:
        journal.record(a_probe(NOON + 1000, Outcome.TLS))
        journal.record(a_probe(NOON + 1001))
        await journal.flush()
        assert journal.up
        assert journal.errors >= 1
        assert [kept.outcome for kept in journal.failed(NOON + 1000, NOON + 2000)] == ["tls"]
    assert (tmp_path / f"{file}.unreadable-1").read_bytes() == broken
    assert any("set aside" in message for message in errors_logged(caplog))
    assert rows(tmp_path, OK_FILE, "SELECT count(*) FROM ok WHERE at_ms > 44200000") == [(1,)]


async def test_a_file_that_breaks_while_it_is_open_is_set_aside_by_the_next_start_at_the_latest(tmp_path: Path) -> None:
    async with an_open_journal(tmp_path) as journal:
        for at in range(300):
            journal.record(a_probe(NOON + at, Outcome.DNS, result={"detail": "x" * 500}))
        await journal.flush()
        for suffix in ("", "-wal"):
            path = tmp_path / f"{EVIDENCE_FILE}{suffix}"
            with path.open("r+b") as stream:
                stream.write(b"\xa5" * path.stat().st_size)
        journal.record(a_probe(NOON + 300, Outcome.TLS))
        await journal.flush()
        assert journal.waiting == 0
    await write(tmp_path, [a_probe(NOON + 301, Outcome.TLS)])
    assert len(set_aside(tmp_path)) == 1
    assert [kept.outcome for kept in a_journal(tmp_path).failed(NOON + 301, NOON + 302)] == ["tls"]


async def test_files_set_aside_do_not_overwrite_one_another(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / EVIDENCE_FILE).write_bytes(f"noise {number}".encode() * 1000)
        await write(tmp_path, [a_probe()])
    assert [path.read_bytes()[:7] for path in set_aside(tmp_path)] == [
        b"noise 1",
        b"noise 2",
        b"noise 3",
    ]


async def test_a_file_of_a_newer_aiprobe_is_left_as_it_is(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.DNS)])
    tamper(tmp_path, EVIDENCE_FILE, "PRAGMA user_version=99")
    before = (tmp_path / EVIDENCE_FILE).read_bytes()
    await write(tmp_path, [a_probe(NOON + 1, Outcome.TLS)])
    assert (tmp_path / f"{EVIDENCE_FILE}.unreadable-1").read_bytes() == before
    assert [kept.outcome for kept in a_journal(tmp_path).failed(NOON, NOON + 60)] == ["tls"]


async def test_a_database_that_is_no_journal_is_not_written_into(tmp_path: Path) -> None:
    tamper(tmp_path, OK_FILE, "CREATE TABLE accounts (id)", "PRAGMA user_version=1")
    await write(tmp_path, [a_probe()])
    assert rows(tmp_path, f"{OK_FILE}.unreadable-1", "SELECT name FROM sqlite_master") == [("accounts",)]


async def test_a_file_that_is_taken_away_is_missed_and_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with an_open_journal(tmp_path) as journal:
        journal.record(a_probe(NOON, Outcome.DNS))
        await journal.flush()
        for suffix in ("", "-wal", "-shm"):
            (tmp_path / f"{EVIDENCE_FILE}{suffix}").unlink()
        journal.record(a_probe(NOON + 1, Outcome.TLS))
        await journal.flush()
        assert [kept.outcome for kept in journal.failed(NOON, NOON + 60)] == ["tls"]
    assert any("deleted or replaced" in message for message in errors_logged(caplog))
    assert check(tmp_path).fault is not None


@pytest.mark.parametrize("how", ["deleted", "moved away"])
async def test_a_directory_that_goes_is_made_again_and_what_waits_is_written(tmp_path: Path, how: str) -> None:
    directory = tmp_path / "data"
    async with an_open_journal(directory) as journal:
        journal.record(a_probe(NOON, Outcome.DNS))
        await journal.flush()
        if how == "deleted":
            shutil.rmtree(directory)
        else:
            directory.rename(tmp_path / "elsewhere")
        journal.record(a_probe(NOON + 1, Outcome.DNS))
        await journal.flush()
        assert (journal.up, journal.waiting, journal.dropped) == (True, 0, 0)
        other = a_journal(directory)
        await other.open()
        assert not other.up, "the new directory has one writer too"
        await other.close()
    assert [kept.started_timestamp_seconds for kept in journal.failed(NOON, NOON + 60)] == [NOON + 1]
    fault = check(directory).fault
    assert fault is not None
    assert "missing" in fault.what


async def test_results_that_wait_at_a_stop_are_counted_as_dropped_and_logged(
    read_only_directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with an_open_journal(read_only_directory / "data") as journal:
        for number in range(160):
            journal.record(a_probe(NOON + number, Outcome.DNS))
    assert journal.dropped == 160
    (lost,) = [record for record in caplog.records if "results are lost" in record.message]
    assert vars(lost)["probes"] == 160
    assert "Permission denied" in lost.message


async def test_a_directory_has_one_writer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (tmp_path / "journal.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = a_journal(tmp_path)
        await second.open()
        second.record(a_probe())
        await second.flush()
        assert not second.up
        assert len(errors_logged(caplog)) == 1
    await second.flush()
    assert second.waiting == 0
    await second.close()


async def test_somebody_else_s_rows_stop_nothing(tmp_path: Path) -> None:
    async with an_open_journal(tmp_path) as journal:
        journal.record(a_probe(NOON, Outcome.DNS))
        await journal.flush()
        tamper(tmp_path, EVIDENCE_FILE, "INSERT INTO fold VALUES (1, 2, 3)", "INSERT INTO term VALUES (3, 'run', 'x')")
        journal.record(a_probe(NOON + 1, Outcome.DNS))
        await journal.flush()
        journal.config_hash = "new"
        journal.record(a_probe(NOON + 2, Outcome.DNS))
        await journal.flush()
        assert journal.up
        assert len(list(journal.failed(NOON, NOON + 60))) == 3
    fault = check(tmp_path).fault
    assert fault is not None
    assert fault.table == "term"


async def test_a_damaged_row_costs_only_itself(tmp_path: Path) -> None:
    clock = a_clock()
    async with an_open_journal(tmp_path, clock) as journal:
        for hour in range(3):
            journal.record(a_probe(NOON + hour * 3600))
        await clock.advance(5 * 3600)
        await journal.flush()
        await journal.flush()
    tamper(tmp_path, EVIDENCE_FILE, "UPDATE hour SET minutes = x'00' WHERE id = 2")
    reader = a_journal(tmp_path)
    assert [hour.hour % 24 for hour in reader.hours(NOON, NOON + 4 * 3600)] == [12, 14]
    assert reader.errors == 1


async def test_an_unreadable_file_is_left_out_of_the_reading(tmp_path: Path) -> None:
    await write(tmp_path, [a_probe(NOON, Outcome.DNS), a_probe(NOON + 86_400, Outcome.TLS)])
    (tmp_path / EVIDENCE_FILE).write_bytes(b"noise" * 5000)
    reader = a_journal(tmp_path, a_clock(NOON + 86_400))
    assert [kept.outcome for kept in reader.failed(NOON, NOON + 2 * 86_400)] == ["tls"]
    assert reader.errors == 1
    assert set(reader.windows([a_probe().target])) == {a_probe().target.name}


async def test_a_journal_is_read_from_a_read_only_directory(read_only_directory: Path) -> None:
    if os.getuid() == 0:
        os.seteuid(0)
    os.chmod(read_only_directory, 0o755)  # noqa: PTH101 - one call, no path object to build
    await write(read_only_directory, [a_probe(NOON, Outcome.DNS)])
    os.chmod(read_only_directory, 0o555)  # noqa: PTH101 - one call, no path object to build
    if os.getuid() == 0:
        os.seteuid(NOBODY)
    assert len(list(a_journal(read_only_directory).failed(NOON, NOON + 1))) == 1
    assert check(read_only_directory).ok


async def test_a_journal_is_read_while_it_is_written(tmp_path: Path) -> None:
    async with an_open_journal(tmp_path) as journal:
        for number in range(20):
            journal.record(a_probe(NOON + number, Outcome.DNS))
            await journal.flush()
            assert len(list(a_journal(tmp_path).failed(NOON, NOON + 60))) == number + 1
            assert check(tmp_path).ok


async def test_a_reader_that_holds_the_file_stops_no_commit(tmp_path: Path) -> None:
    async with an_open_journal(tmp_path) as journal:
        with closing(sqlite3.connect(tmp_path / EVIDENCE_FILE, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM seal").fetchone()
            journal.record(a_probe(NOON, Outcome.DNS))
            await journal.flush()
            assert journal.up


async def test_another_writer_delays_a_commit_and_loses_nothing(tmp_path: Path) -> None:
    async with an_open_journal(tmp_path) as journal:
        with closing(sqlite3.connect(tmp_path / EVIDENCE_FILE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            journal.record(a_probe(NOON, Outcome.DNS))
            await journal.flush()
            assert (journal.up, journal.waiting) == (False, 1)
            other.execute("ROLLBACK")
        await journal.flush()
        assert (journal.up, journal.waiting) == (True, 0)
    assert not set_aside(tmp_path)
    assert check(tmp_path).ok


def test_every_commit_waits_for_the_disk(tmp_path: Path) -> None:
    with closing(schema.open_for_writing(tmp_path / "ok-2026-11-22.sqlite", "ok")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_file_of_an_older_version_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "ok-2026-11-22.sqlite"
    with closing(schema.open_for_writing(path, "ok")) as connection:
        connection.execute("INSERT INTO term VALUES (1, 'target', 'a')")
    newer = [*schema.MIGRATIONS["ok"], "CREATE TABLE later (id INTEGER PRIMARY KEY);"]
    with closing(schema.open_for_writing(path, "ok", migrations=newer)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM term").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (0,)
    with pytest.raises(schema.UnknownVersionError):
        schema.open_for_writing(path, "ok")


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path) -> None:
    path = tmp_path / "ok-2026-11-22.sqlite"
    schema.open_for_writing(path, "ok").close()
    broken = [*schema.MIGRATIONS["ok"], "CREATE TABLE later (id); CREATE TABLE later (id);"]
    with pytest.raises(sqlite3.OperationalError):
        schema.open_for_writing(path, "ok", migrations=broken)
    with closing(schema.open_for_writing(path, "ok")) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone() == (0,)


def test_a_writer_keeps_few_pages_of_its_file_in_memory(tmp_path: Path) -> None:
    with closing(schema.open_for_writing(tmp_path / "ok-2026-11-22.sqlite", "ok")) as connection:
        (kibibytes,) = connection.execute("PRAGMA cache_size").fetchone()
    assert -512 <= kibibytes < 0  # negative: KiB, whatever the size of a page
