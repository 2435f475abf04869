"""Documents that a disk does not take wait, and are written when it takes them again."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from aiprobe.journal import incidents as incidents_file
from aiprobe.journal.incidents import IncidentWriter, append_incidents, read_incidents

FILE = "incidents.jsonl"


def one(name: str) -> dict[str, object]:
    return {"id": name, "start_timestamp_seconds": 1.0, "end_timestamp_seconds": 2.0}


def names(directory: Path) -> list[str]:
    return [str(incident["id"]) for incident in read_incidents(directory, 0, 10)]


def replaced_by_a_file(directory: Path) -> None:
    directory.write_text("")


def a_folder_in_its_place(directory: Path) -> None:
    (directory / FILE).mkdir(parents=True)


def a_link_to_nowhere(directory: Path) -> None:
    directory.symlink_to(directory.with_name("nowhere") / "deeper")


TROUBLES = [replaced_by_a_file, a_folder_in_its_place, a_link_to_nowhere]


def mended(directory: Path) -> None:
    if directory.is_symlink() or directory.is_file():
        directory.unlink()
    else:
        shutil.rmtree(directory)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_documents_wait_until_the_disk_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: object
) -> None:
    monkeypatch.setattr(incidents_file, "RETRY_SECONDS", 0.0)
    directory = tmp_path / "data"
    assert callable(trouble)
    trouble(directory)
    writer = IncidentWriter(directory)
    writer.write([one("first")])
    writer.write([one("second"), one("third")])
    while writer._again is None:
        await asyncio.sleep(0)
    mended(directory)
    while writer._waiting:
        await asyncio.sleep(0)
    writer.write([one("fourth")])
    await writer.close()
    assert names(directory) == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_stop_logs_how_many_documents_are_lost(
    tmp_path: Path, trouble: object, caplog: pytest.LogCaptureFixture
) -> None:
    directory = tmp_path / "data"
    assert callable(trouble)
    trouble(directory)
    writer = IncidentWriter(directory)
    writer.write([one("first")])
    writer.write([one("second")])
    await writer.close()
    assert "2 documents are lost: the disk does not take them" in caplog.text


async def test_a_stop_tries_once_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    directory = tmp_path / "data"
    replaced_by_a_file(directory)
    writer = IncidentWriter(directory)
    writer.write([one("first")])
    while writer._again is None:
        await asyncio.sleep(0)
    mended(directory)
    await writer.close()
    assert names(directory) == ["first"]
    assert "lost" not in caplog.text


@pytest.mark.parametrize("cut", ["{", json.dumps(one("old"))[:-1], json.dumps(one("old")), "\x00\x00"])
def test_a_line_that_a_crash_cut_costs_no_later_one(tmp_path: Path, cut: str) -> None:
    (tmp_path / FILE).write_text(json.dumps(one("before")) + "\n" + cut)
    assert append_incidents(tmp_path, [one("after")])
    assert [name for name in names(tmp_path) if name != "old"] == ["before", "after"]
