"""`aiprobe drill`, whole: an outage through a real Prometheus and Alertmanager, every duration divided by twenty."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import pytest
import yaml

from aiprobe_simulator.server import Simulator
from tests.alerts.alertmanagers import SHIPPED, Inbox, an_inbox, free_port, scaled, to_inbox
from tests.alerts.conftest import Stack, stack
from tests.alerts.rulefiles import RULE_FILES
from tests.contract.running import environment, running
from tests.e2e.test_alerts import FACTOR, an_exporter_config, prometheus_config
from tests.e2e.test_drill import asked, started

__all__ = ["stack"]
pytestmark = pytest.mark.e2e
DEADLINE_SECONDS: Final = 240.0
REHEARSED: Final = [
    "Prometheus has the scrape job of the drill",
    "Alertmanager has the web hook of the drill",
    "No alert of an earlier drill fires",
    "Prometheus scrapes the drill, and the rules have it",
    "AIModelDown fires in time",
    "AIModelDown arrives in Alertmanager and takes its routes",
    "The page arrives at the web hook",
    "A silence silences",
    "AIProviderDown fires in time, updates the page and inhibits AIModelDown",
    "The page ends, and was one page",
]


@dataclass(slots=True)
class Rehearsed:
    """A running pair of servers, and how the command is called beside it."""

    folder: Path
    prometheus: str
    alertmanager: str
    configs: dict[str, dict[str, Any]]
    inbox: Inbox
    addresses: Sequence[str]

    def reload(self) -> None:
        """Have both servers run `configs`."""
        for name, url in (("prometheus", self.prometheus), ("alertmanager", self.alertmanager)):
            (self.folder / f"{name}.yml").write_text(yaml.safe_dump(self.configs[name]), encoding="utf-8")
            urlopen(Request(f"{url}/-/reload", b"", method="POST"), timeout=10).close()

    async def drill(self) -> asyncio.subprocess.Process:
        """Start the command."""
        listen, hook = self.addresses
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aiprobe", "drill", "--prometheus", self.prometheus, "--alertmanager",
            self.alertmanager, "--receiver", "pager", "--rules", str(self.folder), "--listen", listen, "--hook", hook,
            env=environment({}), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def drilled(self) -> tuple[int, str]:
        """Run the command to its end; return its exit code and its output."""
        process = await self.drill()
        async with asyncio.timeout(DEADLINE_SECONDS):
            output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()

    def silences(self) -> list[str]:
        """Return the silences that are active."""
        found = asked(f"{self.alertmanager}/api/v2/silences")
        return [each["id"] for each in found if each["status"]["state"] == "active"]


@asynccontextmanager
async def a_pair(stack: Stack, folder: Path) -> AsyncIterator[Rehearsed]:
    """Run the shipped files, scaled, beside an exporter that is well."""
    urls = [f"http://127.0.0.1:{free_port()}" for _ in range(2)]
    async with AsyncExitStack() as running_now:
        inbox = await running_now.enter_async_context(an_inbox())
        simulator = await running_now.enter_async_context(Simulator())
        exporter = await running_now.enter_async_context(running(an_exporter_config(folder, simulator.url)))
        configs = {
            "prometheus": prometheus_config(exporter.url.removeprefix("http://"), urls[1].removeprefix("http://")),
            "alertmanager": to_inbox(scaled(SHIPPED, FACTOR), inbox.url),
        }
        configs["prometheus"]["rule_files"] = [f"{folder}/*.rules.yml"]
        for path in RULE_FILES:
            (folder / path.name).write_text(scaled(path.read_text("utf-8"), FACTOR), encoding="utf-8")
        for name, config in configs.items():
            (folder / f"{name}.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        commands = (
            (stack.prometheus, f"--storage.tsdb.path={folder}/tsdb", "--web.enable-lifecycle",
             f"--query.lookback-delta={round(300 * FACTOR)}s", f"--rules.alert.resend-delay={round(60 * FACTOR)}s"),
            (stack.alertmanager, f"--storage.path={folder}/am", "--cluster.listen-address="),
        )  # fmt: skip
        for name, url, (binary, *options) in zip(configs, urls, commands, strict=True):
            listen = f"--web.listen-address={url.removeprefix('http://')}"
            server = started(binary, f"--config.file={folder}/{name}.yml", listen, *options, url=url)
            running_now.enter_context(server)
        addresses = [f"127.0.0.1:{free_port()}" for _ in range(2)]
        yield Rehearsed(folder, urls[0], urls[1], configs, inbox, addresses)


def printed(output: str) -> list[Any]:
    """Return the parts of configurations that the command prints."""
    blocks = re.findall(r"mend: .*\n((?: {8}.*\n)+)", output)
    return [yaml.safe_load(block) for block in blocks]


def steps(output: str, result: str) -> list[str]:
    return [line[6:] for line in output.splitlines() if line.startswith(result)]


async def prepared(pair: Rehearsed) -> None:
    """Add what the command prints."""
    output = ""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while steps(output, "FAIL") != REHEARSED[:2]:  # both servers have just started
            code, output = await pair.drilled()
            assert code == 1, output
    jobs, added = printed(output)
    pair.configs["prometheus"]["scrape_configs"] += jobs
    pair.configs["alertmanager"]["receivers"] += added["receivers"]
    pair.configs["alertmanager"]["route"]["routes"][:0] = added["routes"]
    await asyncio.to_thread(pair.reload)


async def interrupted(pair: Rehearsed) -> None:
    """Interrupt a drill as it makes its silence."""
    process = await pair.drill()
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE_SECONDS):
        while b"The page arrives" not in await process.stdout.readline():
            assert process.returncode is None
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 130


async def test_a_rehearsal_follows_an_outage_to_the_end_of_its_page_and_an_interrupt_cleans_up(
    stack: Stack, tmp_path: Path
) -> None:
    async with a_pair(stack, tmp_path) as pair:
        await prepared(pair)

        code, output = await pair.drilled()

        assert steps(output, "FAIL") == [], output
        assert steps(output, "pass")[-10:] == REHEARSED
        assert code == 0
        assert pair.silences() == []
        pages = [each for each in pair.inbox.of("pager") if each[1] == "aiprobe-drill"]
        assert [status for _, _, status, _ in pages] == ["firing", "firing", "resolved"]
        assert {provider for _, provider, _, _ in pair.inbox.of("pager")} == {"aiprobe-drill"}
        await interrupted(pair)
        assert pair.silences() == []


async def test_a_web_hook_that_alertmanager_cannot_reach_is_named(stack: Stack, tmp_path: Path) -> None:
    async with a_pair(stack, tmp_path) as pair:
        await prepared(pair)
        pair.configs["alertmanager"]["receivers"][-1]["webhook_configs"][0]["url"] = "http://127.0.0.1:1/"
        await asyncio.to_thread(pair.reload)

        code, output = await pair.drilled()

        assert steps(output, "FAIL") == ["The page arrives at the web hook"], output
        assert "cannot deliver to the web hook" in output
        assert code == 1
        _, again = await pair.drilled()
        assert steps(again, "FAIL") == ["No alert of an earlier drill fires"], again
        assert "these fire: AIModelDown" in again
