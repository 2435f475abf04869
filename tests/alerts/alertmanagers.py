"""A real Alertmanager on loopback with the shipped configuration, its receivers turned into one web hook."""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp
import yaml
from aiohttp import web

from tests.alerts.rulefiles import ALERTS

DEADLINE_SECONDS: Final = 60.0
SHIPPED: Final = (ALERTS / "alertmanager.yml").read_text()
_DURATION: Final = re.compile(r"(?<![\w.])((?:\d+(?:ms|[smhdw]))+)(?![\w.])")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def scaled(text: str, factor: float) -> str:
    """Return a configuration or rule file with every duration of it multiplied by `factor`; nothing else changes."""

    def one(found: re.Match[str]) -> str:
        parts = re.findall(r"(\d+)(ms|[smhdw])", found[1])
        milliseconds = round(sum(int(n) * _UNITS[unit] for n, unit in parts) * factor * 1000)
        return f"{milliseconds}ms"

    return _DURATION.sub(one, text)


@dataclass(frozen=True, slots=True)
class Message:
    """One message that a receiver got."""

    receiver: str
    status: str
    provider: str
    firing: tuple[str, ...]
    """Names of the firing alerts, sorted, each once."""
    resolved: tuple[str, ...]
    at: float
    """Loop time of its arrival."""

    @property
    def short(self) -> tuple[str, str, str, tuple[str, ...]]:
        """Return what tests write down."""
        return (self.receiver, self.provider, self.status, self.firing)


@dataclass(slots=True)
class Inbox:
    """What arrived at the web hook."""

    url: str = ""
    messages: list[Message] = field(default_factory=list)

    async def until(self, wanted: Callable[[Message], bool], *, seconds: float = DEADLINE_SECONDS) -> Message:
        """Wait for a message; fails after the deadline with all that came."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := [each for each in self.messages if wanted(each)]):
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError("it never came; there were:\n" + "\n".join(map(str, self.messages))) from None
        return found[0]

    async def until_pages(self, provider: str, status: str, number: int) -> None:
        """Wait until the pager got its `number`th message of this status, without what it got twice in a row."""

        def enough(_: Message) -> bool:
            return [each[1:3] for each in self.of("pager")].count((provider, status)) >= number

        await self.until(enough)

    def of(self, receiver: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """Return what one receiver got, without what it got twice in a row."""
        short = [each.short for each in self.messages if each.receiver == receiver]
        return [each for at, each in enumerate(short) if at == 0 or each != short[at - 1]]


@asynccontextmanager
async def an_inbox() -> AsyncIterator[Inbox]:
    """Run the web hook."""
    inbox = Inbox()

    async def take(request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        names: dict[str, set[str]] = {"firing": set(), "resolved": set()}
        for alert in body["alerts"]:
            names[alert["status"]].add(alert["labels"]["alertname"])
        now = asyncio.get_running_loop().time()
        inbox.messages.append(
            Message(
                request.match_info["receiver"], body["status"], body["groupLabels"].get("provider", ""),
                tuple(sorted(names["firing"])), tuple(sorted(names["resolved"])), now,
            )
        )  # fmt: skip
        return web.Response()

    app = web.Application()
    app.router.add_post("/{receiver}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    inbox.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield inbox
    finally:
        await runner.cleanup()


def to_inbox(text: str, url: str) -> dict[str, Any]:
    """Return a configuration whose receivers all post to `url`/NAME; routes and inhibitions stay as they are."""
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"] = {}
    config["templates"] = []
    config["receivers"] = [
        {"name": each["name"], "webhook_configs": [{"url": f"{url}/{each['name']}", "send_resolved": True}]}
        for each in config["receivers"]
    ]
    return config


def free_port() -> int:
    """Return a port of loopback that was free a moment ago: Alertmanager does not say which one it took for 0."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def an_alertmanager(
    binary: str, directory: Path, inbox: Inbox, *, factor: float = 1.0, text: str = SHIPPED
) -> AsyncIterator[str]:
    """Run Alertmanager with a configuration, the shipped one by default, its durations scaled; yields its URL."""
    await asyncio.to_thread(_write, directory, inbox.url, scaled(text, factor))
    url = f"http://127.0.0.1:{free_port()}"
    with (directory / "alertmanager.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary, f"--config.file={directory}/alertmanager.yml", f"--storage.path={directory}/data",
            f"--web.listen-address={url.removeprefix('http://')}", "--cluster.listen-address=",
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        await _ready(url, process, directory / "alertmanager.log")
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _write(directory: Path, url: str, text: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "alertmanager.yml").write_text(json.dumps(to_inbox(text, url)))


async def _ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS), aiohttp.ClientSession() as session:
        while process.returncode is None:
            try:
                async with session.get(f"{url}/-/ready") as reply:
                    if reply.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
    raise AssertionError(await asyncio.to_thread(log.read_text))


async def post(url: str, *alerts: Mapping[str, str], ended: bool = False) -> None:
    """Tell Alertmanager of alerts that fire, or have just ended."""
    now = datetime.now(UTC)
    ends = now if ended else now + timedelta(hours=1)
    body = [
        {"labels": dict(labels), "startsAt": (now - timedelta(seconds=1)).isoformat(), "endsAt": ends.isoformat()}
        for labels in alerts
    ]
    async with aiohttp.ClientSession() as session, session.post(f"{url}/api/v2/alerts", json=body) as reply:
        assert reply.status == 200, await reply.text()


async def inhibited(url: str, expected: int, wanted: Sequence[str] | None = None) -> Sequence[str]:
    """Return the names of the alerts that are inhibited, once `expected` alerts are known.

    Alertmanager learns of a source of inhibition a moment after it knows the alert, so a result that is not the
    `wanted` one is read again until the deadline.
    """
    found: Sequence[str] = ()
    with suppress(TimeoutError):
        async with asyncio.timeout(DEADLINE_SECONDS), aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"{url}/api/v2/alerts") as reply:
                    alerts = await reply.json()
                states = {each["status"]["state"] for each in alerts}
                if len(alerts) == expected and "unprocessed" not in states:
                    found = sorted(each["labels"]["alertname"] for each in alerts if each["status"]["inhibitedBy"])
                    if wanted is None or found == wanted:
                        return found
                await asyncio.sleep(0.05)
    assert wanted is not None, f"{expected} alerts are not known within {DEADLINE_SECONDS} s"
    return found
