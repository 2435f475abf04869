"""The commands that the pages show run, in the order of the page, where they need no network and no other program."""

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prose.texts import ROOT
from tests.unit.documentation.pages import Fence, fences, write_with_certificates

pytestmark = pytest.mark.slow

PAGES = sorted({fence.page for fence in fences() if fence.language == "console"})
DEADLINE_SECONDS = 30.0
ELSEWHERE = {
    "amtool": "needs Alertmanager",
    "docker": "needs Docker",
    "helm": "needs a cluster",
    "kubectl": "needs a cluster",
    "make": "its targets are compared with the Makefile",
    "mimirtool": "needs Mimir",
    "pip": "needs the network",
    "python": "runs the tests of the checkout",
}
"""Programs that no test here starts, and why."""
SERVERS = {"serve", "demo", "simulate"}
"""Commands that run until they are stopped."""
CONFIGURATION = """
egress: []
status_pages: {{enabled: false}}
vantage: docs
providers:
  anthropic: {{base_url: "{simulator}/anthropic", api_key: "${{ANTHROPIC_API_KEY:-sk-ant-test}}"}}
  my-gateway: {{protocol: openai-chat, base_url: "{simulator}/litellm/v1", api_key: "sk-test-0", egress: false}}
targets:
  - {{name: haiku-chat, provider: anthropic, model: claude-haiku-5-5, probe: chat}}
  - {{name: gateway-chat, provider: my-gateway, model: llama-3, probe: chat}}
groups:
  chat: {{any_of: [haiku-chat, gateway-chat]}}
"""
SCENARIO = """
length: 1h
steps:
  - {provider: litellm, fault: fabricated_finish}
"""


def commands(fence: Fence) -> Iterator[tuple[str, str]]:
    """Yield each command of a block and the output that the page shows after it."""
    for part in re.split(r"^\$ ", fence.text, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        for command in line.partition("  #")[0].partition(" # ")[0].split("&&"):
            yield command.strip(), output.strip()


class Shell:
    """A folder in which the commands of one page run."""

    def __init__(self, folder: Path, simulator: str) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.simulator = simulator
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONWARNINGS": "error", "COLUMNS": "200"}
        (folder / "aiprobe.yml").write_text(CONFIGURATION.format(simulator=simulator), encoding="utf-8")

    def run(self, command: str) -> tuple[int, str]:
        """Run a command to its end and return its exit code and what it printed."""
        program, *arguments = self._words(command)
        if program == "aiprobe":
            program, arguments = sys.executable, ["-m", "aiprobe", *arguments]
        done = subprocess.run(
            [program, *arguments], cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False,
            timeout=DEADLINE_SECONDS,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def serve(self, command: str) -> int:
        """Start a command that serves, wait until it listens, stop it, and return its exit code."""
        arguments = self._words(command)[1:]
        if "--listen" in arguments:
            arguments[arguments.index("--listen") + 1] = "127.0.0.1:0"
        else:
            arguments += ["--web.listen-address", "127.0.0.1:0"]
        with started(arguments, self.folder, self.environ) as process:
            first_address(process, r"(?:is|services) on (https?://127\.0\.0\.1:\d+)")
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=DEADLINE_SECONDS)
        return process.returncode

    def _words(self, command: str) -> list[str]:
        words = shlex.split(command.replace("http://127.0.0.1:10530", self.simulator))
        return [str(self.folder / word[1:]) if re.match(r"/(etc|var)/", word) else word for word in words]


def started(arguments: list[str], folder: Path, environ: dict[str, str]) -> "subprocess.Popen[str]":
    """Start a command of aiprobe, with its log and its output in one stream."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "aiprobe", *arguments], cwd=folder, env=environ, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def first_address(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Return the address that a command prints or logs once it listens."""
    assert process.stdout is not None
    seen = ""
    late = threading.Timer(DEADLINE_SECONDS, process.kill)
    late.start()
    try:
        for line in process.stdout:
            seen += line
            if found := re.search(pattern, line):
                return found[1]
    finally:
        late.cancel()
    raise AssertionError(f"no address in:\n{seen}")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the simulator, whose gateway ends cut streams with a clean finish."""
    folder = tmp_path_factory.mktemp("simulator")
    (folder / "scenario.yml").write_text(SCENARIO, encoding="utf-8")
    arguments = ["simulate", "--listen", "127.0.0.1:0", "--scenario", "scenario.yml"]
    with started(arguments, folder, {"PATH": os.environ["PATH"]}) as process:
        yield first_address(process, r"services on (http://127\.0\.0\.1:\d+)")
        process.terminate()
        process.communicate(timeout=DEADLINE_SECONDS)


@pytest.fixture
def shell(simulator: str, tmp_path: Path) -> Shell:
    return Shell(tmp_path, simulator)


def needs_network(command: str) -> bool:
    return "--from-prometheus" in command


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run(page: str, shell: Shell) -> None:
    for fence in fences():
        if fence.page == page and (named := re.match(r"# (\w+\.yml)\n", fence.text)):
            write_with_certificates(fence.text, shell.folder, named[1])
        if fence.page == page and fence.language == "console":
            for command, shown in commands(fence):
                run_one(shell, command, shown)


def run_one(shell: Shell, command: str, shown: str) -> None:
    """Run one command as its kind wants it and compare what the page shows."""
    words = command.split()
    program = next(word for word in words if "=" not in word)
    if program in ELSEWHERE or needs_network(command):
        assert_its_files_exist(words)
    elif program == "export":
        name, _, value = words[1].partition("=")
        shell.environ[name] = value
    elif program == "aiprobe" and words[1] in SERVERS:
        assert shell.serve(command) == 0, command
    elif words[:2] == ["aiprobe", "check"] and shown:
        assert_check(shell, shown)
    elif words[:2] == ["aiprobe", "probe"]:
        code, output = shell.run(command)
        assert output.splitlines()[0] == f"{'truncated (bad)' if code else 'ok (good)'}  HTTP 200  {words[2]}"
        assert not shown or shown.splitlines()[0] == output.splitlines()[0]
        assert code == (words[2] == "gateway-chat"), output
    elif words[:2] == ["aiprobe", "incidents"] and words[2].startswith("--"):
        assert "returns no incidents" in shell.run(command)[1]  # its options are right, and no exporter runs here
    elif words[:2] == ["aiprobe", "drill"]:
        assert (
            "Prometheus does not answer" in shell.run(command)[1]
        )  # its options are right, and no Prometheus runs here
    elif words[:2] == ["aiprobe", "init"]:
        beside = Shell(shell.folder / "new", shell.simulator)
        (beside.folder / "aiprobe.yml").unlink()
        assert beside.run(command)[0] == 0
    else:
        code, output = shell.run(command)
        assert code == 0, f"{command}: {output}"


def assert_its_files_exist(words: list[str]) -> None:
    """Check that a command which is not run here names folders and files of the repository."""
    named = [word for word in words if re.match(r"(deploy|tests|alerts|dashboards|examples)/", word)]

    assert [word for word in named if not (ROOT / word).exists()] == []


def assert_check(shell: Shell, shown: str) -> None:
    """Check that the output of a page is that of the configuration before it."""
    page = next(fence.page for fence in fences() if shown in fence.text)
    config = next(fence for fence in fences() if fence.page == page and fence.language == "yaml")
    of_page = Shell(shell.folder / "page", shell.simulator)
    (of_page.folder / "aiprobe.yml").write_text(config.text, encoding="utf-8")
    of_page.environ["ANTHROPIC_API_KEY"] = "sk-ant-test"
    code, output = of_page.run("aiprobe check --config.file aiprobe.yml")

    assert code == 0
    assert sorted(re.split(r"\s*\n", output.strip())) == sorted(re.split(r"\s*\n", shown.strip()))
