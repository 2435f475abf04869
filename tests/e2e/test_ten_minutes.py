"""From `aiprobe init --alertmanager` to a message: the written files, real tools, and the printed test alert."""

import asyncio
import re
import shlex
import subprocess
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from aiprobe.cli import main
from aiprobe.cli.alerting import RECEIVERS
from aiprobe_simulator.server import Simulator
from tests.alerts.alertmanagers import free_port
from tests.alerts.conftest import Stack, stack
from tests.alerts.rulefiles import RULE_FILES

__all__ = ["stack"]
pytestmark = pytest.mark.e2e
DEADLINE_SECONDS = 60.0


def written(folder: Path, receiver: str) -> str:
    """Write the files; returns what the command prints."""
    done = CliRunner().invoke(main, ["init", "--alertmanager", receiver, "--directory", str(folder)])
    assert done.exit_code == 0, done.output
    return done.output


def accepted(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("receiver", sorted(RECEIVERS))
def test_the_tools_accept_every_file_and_the_rules_are_the_shipped_ones(
    stack: Stack, tmp_path: Path, receiver: str
) -> None:
    folder = tmp_path / "it's here"
    said = written(folder, receiver)
    secret = folder.resolve() / RECEIVERS[receiver].secret
    assert str(secret) in said
    secret.write_text("http://127.0.0.1:9/hook")
    accepted(stack.amtool, "check-config", str(folder / "alertmanager.yml"))
    accepted(stack.promtool, "check", "config", str(folder / "prometheus.yml"))
    assert {path.name: path.read_text() for path in RULE_FILES} == {
        path.name: path.read_text() for path in folder.glob("*.rules.yml")
    }


async def test_the_printed_test_alert_arrives_as_a_message(stack: Stack, tmp_path: Path) -> None:
    said = await asyncio.to_thread(written, tmp_path, "slack")
    url = f"http://127.0.0.1:{free_port()}"
    command = re.search(r"(amtool alert add .*)", said)
    assert command
    async with Simulator() as simulator:
        (tmp_path / "slack_url").write_text(f"{simulator.url}/inbox")
        config = tmp_path / "alertmanager.yml"
        config.write_text(config.read_text().replace("group_wait: 15s", "group_wait: 0s"))
        process = await asyncio.create_subprocess_exec(
            stack.alertmanager, f"--config.file={config}", f"--storage.path={tmp_path}/data",
            f"--web.listen-address={url.removeprefix('http://')}", "--cluster.listen-address=",
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            sent = [stack.amtool, *shlex.split(command[1].replace("http://localhost:9093", url))[1:]]
            async with asyncio.timeout(DEADLINE_SECONDS), aiohttp.ClientSession() as session:
                while await asyncio.to_thread(
                    lambda: subprocess.run(sent, capture_output=True, check=False).returncode
                ):
                    await asyncio.sleep(0.1)
                page = ""
                while "test: Test of the alerting of aiprobe" not in page:
                    await asyncio.sleep(0.1)
                    async with session.get(f"{simulator.url}/inbox") as reply:
                        page = await reply.text()
        finally:
            process.terminate()
            await process.wait()
    assert "Test of the alerting of aiprobe: test" in page
