"""From a command to a message: what `aiprobe init --alertmanager` writes, and what compose starts, with real tools."""

import asyncio
import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from aiprobe.cli import main
from aiprobe.cli.alerting import RECEIVERS
from aiprobe_simulator.server import Simulator
from tests.alerts.alertmanagers import free_port
from tests.alerts.conftest import Stack, stack
from tests.alerts.rulefiles import ALERTS, ROOT, RULE_FILES

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


def _without_waiting(config: Path) -> None:
    config.write_text(config.read_text().replace("group_wait: 15s", "group_wait: 0s"))


@asynccontextmanager
async def alertmanager(binary: str, config: Path) -> AsyncIterator[str]:
    """Run Alertmanager with a written configuration that waits for no group; yields its URL."""
    await asyncio.to_thread(_without_waiting, config)
    url = f"http://127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        binary, f"--config.file={config}", f"--storage.path={config.parent}/data",
        f"--web.listen-address={url.removeprefix('http://')}", "--cluster.listen-address=",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield url
    finally:
        process.terminate()
        await process.wait()


async def shown(inbox: str, *words: str) -> str:
    """Return the page of the inbox, once all of `words` are on it."""
    page = ""
    async with asyncio.timeout(DEADLINE_SECONDS), aiohttp.ClientSession() as session:
        while not all(word in page for word in words):
            await asyncio.sleep(0.1)
            async with session.get(f"{inbox}/inbox") as reply:
                page = await reply.text()
    return page


async def test_the_printed_test_alert_arrives_as_a_message(stack: Stack, tmp_path: Path) -> None:
    said = await asyncio.to_thread(written, tmp_path, "slack")
    command = re.search(r"(amtool alert add .*)", said)
    assert command
    async with Simulator() as simulator:
        (tmp_path / "slack_url").write_text(f"{simulator.url}/inbox")
        async with alertmanager(stack.alertmanager, tmp_path / "alertmanager.yml") as url:
            await send(stack, command[1].replace("http://localhost:9093", url))
            await shown(simulator.url, "test: Test of the alerting of aiprobe: test")


async def test_the_demo_of_compose_shows_its_pages_in_the_inbox(stack: Stack, tmp_path: Path) -> None:
    shutil.copytree(ALERTS / "templates", tmp_path / "templates")
    text = (ROOT / "deploy" / "compose" / "alertmanager.yml").read_text()
    labels = "alertname=AIProviderDown severity=critical scope=provider provider=openai"
    async with Simulator() as simulator:
        config = tmp_path / "alertmanager.yml"
        config.write_text(text.replace("http://inbox:10530", simulator.url))
        accepted(stack.amtool, "check-config", str(config))
        async with alertmanager(stack.alertmanager, config) as url:
            summary = "--annotation=summary='Outage of an AI provider'"
            await send(stack, f"amtool alert add {labels} {summary} --alertmanager.url={url}")
            page = await shown(simulator.url, "#pager", "#chat")
    assert "openai: Outage of an AI provider" in page
    assert "https://status.openai.com" in page


async def send(stack: Stack, command: str) -> None:
    """Run an amtool command until Alertmanager, which may be starting, takes it."""
    sent = [stack.amtool, *shlex.split(command)[1:]]
    async with asyncio.timeout(DEADLINE_SECONDS):
        while await asyncio.to_thread(lambda: subprocess.run(sent, capture_output=True, check=False).returncode):
            await asyncio.sleep(0.1)
