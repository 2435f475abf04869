"""A disk that hangs holds up neither a stop nor whoever asked for a flush."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from aiprobe.journal import incidents as incidents_file
from aiprobe.journal.incidents import IncidentWriter
from aiprobe.journal.journal import Journal
from tests.unit.journal.builders import NOON, an_open_journal


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_disk_that_hangs_holds_up_no_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, hangs: bool
) -> None:
    monkeypatch.setattr(incidents_file, "CLOSE_SECONDS", 0.05)
    if hangs:
        os.mkfifo(tmp_path / "incidents.jsonl")  # whoever opens it waits for a reader
    writer = IncidentWriter(tmp_path)
    writer.write([{"id": "one", "start_timestamp_seconds": NOON}])
    if not hangs:
        while writer._waiting:
            await asyncio.sleep(0)
    await writer.close()
    assert ("disk hangs" in caplog.text) is hangs
    if hangs:  # let the thread go
        with (tmp_path / "incidents.jsonl").open() as file:
            assert "one" in file.read()
    else:
        assert "one" in (tmp_path / "incidents.jsonl").read_text()


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
