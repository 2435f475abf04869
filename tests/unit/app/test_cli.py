"""The command line's own words: shards, flags, and what it says when it cannot."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from aiprobe import __version__, schedule
from aiprobe.cli import main
from aiprobe.config.resolve import root as resolve
from aiprobe.reporting import RENDERERS
from aiprobe_simulator import DEFAULT_LISTEN


@pytest.fixture(autouse=True)
def quiet_root() -> Iterator[None]:
    """Put the root logger back as it was: a command sets it up for the whole process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def run(*arguments: str, hostname: str = "aiprobe-2") -> tuple[int, str]:
    done = CliRunner(env={"HOSTNAME": hostname}).invoke(main, list(arguments), catch_exceptions=False)
    return done.exit_code, done.output


def test_what_only_other_commands_need_is_no_memory_of_serve() -> None:
    loaded = "import sys, aiprobe.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert "aiprobe.app" in modules
    assert modules.isdisjoint(
        {"rich", "feedparser", "jinja2", "aiprobe_simulator", "aiprobe.terminal", "aiprobe.reporting"}
    )


def test_reports_are_written_in_every_format_that_can_be_asked_for() -> None:
    (form,) = (option for option in main.commands["report"].params if option.name == "form")
    assert isinstance(form.type, click.Choice)
    assert set(form.type.choices) == set(RENDERERS)


def test_the_simulator_listens_where_its_own_room_says() -> None:
    code, said = run("simulate", "--help")
    assert code == 0
    assert DEFAULT_LISTEN in said


@pytest.mark.parametrize("shard", ["3/3", "-1/3", "a/3", "1", "1/0", "", "1/2/3"])
def test_a_shard_that_is_none_is_refused_with_an_example(shard: str) -> None:
    code, said = run("serve", "--shard", shard, "--config.file", "missing.yml")
    assert code == 2
    assert "such as 0/3" in said


@pytest.mark.parametrize(("hostname", "code"), [("aiprobe-2", 1), ("aiprobe-7", 2), ("laptop", 2)])
def test_an_ordinal_is_read_off_the_host_s_name(hostname: str, code: int) -> None:
    found, said = run("serve", "--shard", "ordinal/3", "--config.file", "missing.yml", hostname=hostname)
    assert found == code, said


def test_the_version_is_told() -> None:
    told = run("version")[1]
    assert told.startswith(f"aiprobe {__version__} (Python 3.")
    assert run("--version") == (0, told)


def test_the_package_is_the_command_as_well() -> None:
    done = subprocess.run([sys.executable, "-m", "aiprobe", "nosuch"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: aiprobe [OPTIONS] COMMAND")


def test_every_command_explains_itself() -> None:
    for command in main.commands:
        code, said = run(command, "--help")
        assert code == 0
        assert len(said.splitlines()) >= 5


def test_a_missing_configuration_says_how_to_get_one(tmp_path: Path) -> None:
    code, said = run("check", "--config.file", str(tmp_path / "none.yml"))
    assert code == 1
    assert "`aiprobe init` writes a first configuration" in said


@pytest.mark.parametrize("command", ["incidents", "healthcheck"])
def test_an_exporter_that_is_not_there_is_one_line(command: str) -> None:
    code, said = run(command, "--url", "http://127.0.0.1:9")
    assert code == 1
    assert len(said.splitlines()) == 1
    assert said.startswith("aiprobe: ")


@pytest.mark.parametrize("command", ["incidents", "healthcheck"])
def test_only_http_is_asked(command: str) -> None:
    code, said = run(command, "--url", "file:///etc/passwd")
    assert code == 2
    assert "not an http(s) URL" in said


def test_the_reserved_suffix_of_names_is_the_scheduler_s() -> None:
    assert resolve.FALLBACK_SUFFIX == schedule.FALLBACK_SUFFIX
