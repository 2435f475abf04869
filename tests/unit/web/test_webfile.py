import logging
import os
from pathlib import Path

import pytest

from aiprobe.web.webconfig import WebConfig
from aiprobe.web.webfile import WebFile
from aiprobe.web.yamlfile import WebError
from tests.clock import ManualClock

FIRST = "basic_auth_users:\n  alice: $2y$04$" + "a" * 53 + "\n"
SECOND = "basic_auth_users:\n  robin: $2y$04$" + "a" * 53 + "\n"


def users(file: WebFile) -> list[str]:
    return list(file.current().users)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "web.yml"
    path.write_text(FIRST)
    return path


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


def test_without_a_file_the_defaults_hold() -> None:
    assert WebFile(None, clock=ManualClock().clock).current() == WebConfig()


def test_a_bad_file_at_the_start_is_an_error(path: Path) -> None:
    path.write_text("nonsense: 1")
    with pytest.raises(WebError, match="nonsense"):
        WebFile(path, clock=ManualClock().clock)


def test_a_change_is_seen_at_the_next_look(path: Path) -> None:
    clock = ManualClock()
    file = WebFile(path, clock=clock.clock)
    path.write_text(SECOND)
    clock.now = 0.9
    assert users(file) == ["alice"]
    clock.now = 1.0
    assert users(file) == ["robin"]


def test_a_file_that_did_not_change_is_not_read_again(path: Path) -> None:
    clock = ManualClock()
    file = WebFile(path, clock=clock.clock)
    before = file.current()
    clock.now = 100
    assert file.current() is before


def test_a_rename_with_equal_size_and_time_is_seen(path: Path) -> None:
    clock = ManualClock()
    file = WebFile(path, clock=clock.clock)
    status = path.stat()
    new = path.with_suffix(".new")
    new.write_text(SECOND)
    os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
    new.replace(path)
    clock.now = 1
    assert path.stat().st_size == status.st_size
    assert users(file) == ["robin"]


@pytest.mark.parametrize("broken", ["nonsense: 1", ":", None], ids=["unknown key", "no yaml", "file gone"])
def test_a_broken_new_file_keeps_the_old_settings_and_is_logged_once(
    path: Path, broken: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    file = WebFile(path, clock=clock.clock)
    path.unlink() if broken is None else path.write_text(broken)
    for second in range(1, 5):
        clock.now = second
        assert users(file) == ["alice"]
    assert len(errors(caplog)) == 1
    path.write_text(SECOND)
    clock.now = 6
    assert users(file) == ["robin"]


@pytest.mark.parametrize("trouble", ["empty", "a pipe", "a folder", "gone", "binary"])
def test_a_file_in_trouble_lets_nobody_in(path: Path, trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    file = WebFile(path, clock=clock.clock)
    path.unlink()
    if trouble == "a pipe":
        os.mkfifo(path)
    elif trouble == "a folder":
        path.mkdir()
    elif trouble != "gone":
        path.write_bytes({"empty": b"", "binary": b"\x00\xff"}[trouble])
    clock.now = 10
    assert users(file) == ["alice"]
    assert len(errors(caplog)) == 1


def test_a_new_problem_is_logged_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    file = WebFile(path, clock=clock.clock)
    for second, text in enumerate(("first: 1", "second: 2", "second: 2"), start=1):
        path.write_text(text)
        clock.now = second
        file.current()
    assert [("first" in text, "second" in text) for text in errors(caplog)] == [(True, False), (False, True)]


def test_going_back_to_the_old_file_ends_the_complaint(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    file = WebFile(path, clock=clock.clock)
    for second, text in enumerate(("one: 1", FIRST, "one: 1"), start=1):
        path.write_text(text)
        clock.now = second
        assert users(file) == ["alice"]
    assert len(errors(caplog)) == 2


def test_a_relative_path_is_kept_when_the_working_folder_changes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    clock = ManualClock()
    file = WebFile(Path("web.yml"), clock=clock.clock)
    monkeypatch.chdir("/")
    path.write_text(SECOND)
    clock.now = 1
    assert users(file) == ["robin"]
