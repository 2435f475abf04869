"""The configuration as another process reads it: the same settings, the same problems."""

import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from aiprobe.apart import read_settings_apart
from aiprobe.config.problems import ConfigError
from aiprobe.known import read_settings

CONFIG = """\
vantage: here
budget: {usd_per_day: 5}
providers:
  anthropic: {api_key: "${A_KEY}", headers: {x-team: "${A_KEY}"}, proxy: "http://user:word@127.0.0.1:3128"}
targets:
  - name: haiku
    provider: anthropic
    model: claude-haiku-4-5
    probe: chat
    labels: {team: search}
    slo: {availability: 99.9, time_to_first_token: {below: 2s, objective: 95}}
groups:
  all: {any_of: [haiku]}
status_pages:
  pages:
    claude: {url: "https://status.example/api", components: {API: {name: The API}}}
contracts:
  google-vertex-gemini: {targets: [haiku], accept_unverified: true}
"""
ENVIRON = {"A_KEY": "secret-key-of-nobody", "NOT_UTF_8": "\udcff"}


def test_another_process_returns_the_same_settings(tmp_path: Path) -> None:
    file = tmp_path / "aiprobe.yml"
    file.write_text(CONFIG, encoding="utf-8")
    settings = read_settings_apart(file, ENVIRON)
    assert settings == read_settings(file, ENVIRON)
    assert settings.secrets
    assert settings.targets[0].provider is settings.providers["anthropic"]


def test_another_process_returns_the_same_problems(tmp_path: Path) -> None:
    file = tmp_path / "aiprobe.yml"
    file.write_text(CONFIG + "nosuch: 1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as here:
        read_settings(file, {})
    with pytest.raises(ConfigError) as apart:
        read_settings_apart(file, {})
    assert apart.value.problems == here.value.problems
    assert len(here.value.problems) >= 2


def test_a_bug_in_the_other_process_is_an_exception_with_its_traceback(tmp_path: Path) -> None:
    file = tmp_path / "aiprobe.yml"
    file.write_text(CONFIG, encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*apart\.py.*known\.py.*TypeError"):
        read_settings_apart(file, {"A_KEY": 1})  # type: ignore[dict-item]  # what no environment holds


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        (resource.RLIMIT_NOFILE, 8, "Too many open files"),
        (resource.RLIMIT_AS, 4 << 20, "shared object"),
        (resource.RLIMIT_AS, 16 << 20, "MemoryError"),
    ],
)
def test_a_machine_that_cannot_run_the_other_process_is_one_line(limit: int, value: int, reason: str) -> None:
    code = (
        "import os, pathlib, resource, aiprobe.apart\n"
        "held = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]\n"
        f"resource.setrlimit({limit}, ({value}, {value}))\n"
        "try: aiprobe.apart.read_settings_apart(pathlib.Path('none.yml'), {})\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert re.fullmatch(f"the configuration was not read.*failed: .*({reason}).*\n", done.stdout), done


def test_a_file_that_never_ends_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "aiprobe.yml"
    os.mkfifo(file)
    with pytest.raises(ValueError, match=r"configuration was not read, .* it took too long"):
        read_settings_apart(file, {}, timeout_seconds=2)
