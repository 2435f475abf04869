"""Fake ports, written by hand, and rows of any shape for the tests of the web room."""

import asyncio
import gzip as gzip_module
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from aiprobe.core.clock import Clock
from aiprobe.core.maintenance import Window
from aiprobe.core.rows import DayRow, IncidentRow, PageRow
from aiprobe.incidents.schema import incident_schema
from aiprobe.web.healthkeeper import HealthKeeper
from aiprobe.web.ports import (
    Healths,
    Ports,
    ProbeAnswer,
    ResultRow,
    Summary,
    TargetRow,
)
from aiprobe.web.server import Running, start

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
NOW = 1_700_000_000.0


def a_result(**changes: Any) -> ResultRow:
    values: dict[str, Any] = {
        "target": "haiku-chat",
        "started_timestamp_seconds": NOW - 12,
        "attempt": "scheduled",
        "outcome": "ok",
        "verdict": "good",
        "http_status": 200,
        "request_id": "req_011",
        "phases": {"resolve": 0.002, "connect": 0.012, "tls": 0.031, "first_token": 0.42, "stream": 0.3},
        "time_to_first_token_seconds": 0.465,
        "duration_seconds": 0.765,
        "state": 0,
    }
    return ResultRow(**{**values, **changes})


def a_target(**changes: Any) -> TargetRow:
    values: dict[str, Any] = {
        "name": "haiku-chat",
        "provider": "anthropic",
        "account": "anthropic",
        "provider_display_name": "Anthropic",
        "surface": "Claude API",
        "model": "claude-haiku-4-5",
        "probe": "chat",
        "vantage": "eu-west-1",
        "interval_seconds": 60.0,
        "state": 0,
        "last": a_result(target=changes.get("name", "haiku-chat")),
        "spent_today_usd": 0.0123,
    }
    return TargetRow(**{**values, **changes})


def a_summary(**changes: Any) -> Summary:
    values: dict[str, Any] = {
        "version": "0.1.0",
        "vantage": "eu-west-1",
        "started_timestamp_seconds": NOW - 7200,
        "budget_usd": 5.0,
        "spent_usd": 0.42,
        "egress": {"trace": True, "generate_204": True},
    }
    return Summary(**{**values, **changes})


@dataclass
class FakeTargets:
    shown: Sequence[TargetRow]
    history: Sequence[ResultRow]

    def rows(self) -> Sequence[TargetRow]:
        return self.shown

    def results(self, target: str | None, limit: int) -> Sequence[ResultRow]:
        return [row for row in self.history if target in {None, row.target}][:limit]


@dataclass
class FakePages:
    declared: Sequence[PageRow]

    def rows(self) -> Sequence[PageRow]:
        return self.declared

    def word(self, provider: str, surface: str) -> str:
        return next((one.word for page in self.declared for one in page.components if one.surface == surface), "")


@dataclass
class FakeIncidents:
    observed: Sequence[IncidentRow]
    states: Mapping[tuple[str, str], int | None] = field(default_factory=dict)

    def rows(self) -> Sequence[IncidentRow]:
        return self.observed

    def json(self, limit: int) -> Mapping[str, Any]:
        return {"open": [], "recent": [{"limit": limit}]}

    def markdown(self, limit: int) -> str:
        return f"# at most {limit}"

    def ndjson(self, limit: int, since: float = 0.0) -> str:
        return f'{{"limit": {limit}, "since": {since}}}\n'

    def feed(self) -> str:
        return '<feed xmlns="http://www.w3.org/2005/Atom"/>'

    def statuspage(self, part: str) -> Mapping[str, Any] | None:
        return {"part": part} if part == "summary" else None

    def surfaces(self) -> Mapping[tuple[str, str], int | None]:
        return self.states

    def verdict(self, provider: str) -> Mapping[str, Any] | None:
        return {"provider": provider, "verdict": "them", "evidence": "Everything of it fails."}

    def schema(self) -> Mapping[str, Any]:
        return incident_schema()


@dataclass
class FakeUptime:
    counted: Mapping[int, Mapping[tuple[str, str], DayRow]]

    async def days(self) -> Mapping[int, Mapping[tuple[str, str], DayRow]]:
        return self.counted


@dataclass
class FakeMaintenance:
    windows: list[Window] = field(default_factory=list)

    def posted(self) -> Sequence[Window]:
        return self.windows

    def begin(self, targets: frozenset[str], providers: frozenset[str], *, seconds: float) -> Window | None:
        if len(self.windows) == 3:
            return None
        number = str(len(self.windows) + 1)
        self.windows.append(Window(id=number, targets=targets, providers=providers, start=NOW, end=NOW + seconds))
        return self.windows[-1]

    def end(self, window_id: str) -> bool:
        before = len(self.windows)
        self.windows = [one for one in self.windows if one.id != window_id]
        return len(self.windows) < before


@dataclass
class Shown:
    """What the fakes behind the pages return."""

    rows: Sequence[TargetRow] = ()
    history: Sequence[ResultRow] = ()
    told: Summary = field(default_factory=a_summary)
    declared: Sequence[PageRow] = ()
    incidents: Sequence[IncidentRow] = ()
    states: Mapping[tuple[str, str], int | None] = field(default_factory=dict)
    days: Mapping[int, Mapping[tuple[str, str], DayRow]] = field(default_factory=dict)
    is_public: bool = False
    maintenance: FakeMaintenance = field(default_factory=FakeMaintenance)
    with_mcp: bool = False
    health: Healths = field(default_factory=lambda: HealthKeeper({}, FakePages(()), clock=Clock()))


def some_ports(shown: Shown, metrics: "FakeMetrics", control: "FakeControl") -> Ports:
    control.told = shown.told
    return Ports(
        targets=FakeTargets(shown.rows, shown.history),
        pages=FakePages(shown.declared),
        incidents=FakeIncidents(shown.incidents, shown.states),
        uptime=FakeUptime(shown.days),
        is_public=shown.is_public,
        health=shown.health,
        with_mcp=shown.with_mcp,
        maintenance=shown.maintenance,
        metrics=metrics,
        on_demand=control,
        control=control,
    )


@dataclass
class FakeMetrics:
    slices: Sequence[bytes] = (b"aiprobe_success 1\n", b"aiprobe_state 0\n")
    endless: bool = False
    fails_after: int | None = None
    """The slice at which the exposition has a bug."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a stream has ended or was closed."""

    def negotiate(self, accept: str | None) -> str:
        return OPENMETRICS if "openmetrics" in (accept or "") else TEXT

    async def stream(self, content_type: str, *, gzip: bool) -> AsyncIterator[bytes]:
        try:
            if gzip:
                yield gzip_module.compress(b"".join(self.slices))
                return
            for number, piece in enumerate(self.slices):
                if number == self.fails_after:
                    raise RuntimeError("a bug with a secret in its text")
                yield piece
            while self.endless:
                yield b"#" * 131_072
        finally:
            self.closed.set()

    def target(self, name: str, content_type: str) -> bytes | None:
        return f'aiprobe_success{{target="{name}"}} 1\n'.encode()


@dataclass
class FakeControl:
    answer: ProbeAnswer = field(default_factory=lambda: ProbeAnswer(result=a_result()))
    problems: str | None = None
    not_ready: str | None = None
    config: str = "vantage: eu-west-1\nproviders:\n  anthropic: {api_key: '***'}\n"
    breaks: bool = False
    probed: list[str] = field(default_factory=list)
    within: list[float | None] = field(default_factory=list)
    reloads: int = 0
    saved: int = 0
    told: Summary = field(default_factory=a_summary)

    def summary(self) -> Summary:
        return self.told

    async def probe(self, name: str, *, within_seconds: float | None = None) -> ProbeAnswer:
        self.probed.append(name)
        self.within.append(within_seconds)
        return self.answer

    async def reload(self) -> str | None:
        self.reloads += 1
        return self.problems

    async def save(self) -> bool:
        self.saved += 1
        return True

    def ready(self) -> str | None:
        return self.not_ready

    def shown_config(self) -> str:
        if self.breaks:
            raise RuntimeError("a bug with a secret in its text")
        return self.config


@dataclass
class World:
    """A running server with its fakes and one client."""

    shown: Shown
    metrics: FakeMetrics
    control: FakeControl
    running: Running
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.running.addresses[0].url

    @property
    def port(self) -> int:
        return self.running.addresses[0].port

    async def get(self, path: str, **options: Any) -> "Reply":
        return await self.ask("GET", path, **options)

    async def post(self, path: str, **options: Any) -> "Reply":
        return await self.ask("POST", path, **options)

    async def ask(self, method: str, path: str, **options: Any) -> "Reply":
        options.setdefault("allow_redirects", False)
        async with self.client.request(method, self.url + path, **options) as response:
            return Reply(response.status, dict(response.headers), await response.read())


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@asynccontextmanager
async def a_server(
    *,
    shown: Shown | None = None,
    metrics: FakeMetrics | None = None,
    control: FakeControl | None = None,
    config_file: Path | None = None,
    clock: Clock | None = None,
    trust: ssl.SSLContext | bool = True,
    **options: Any,
) -> AsyncIterator[World]:
    """Run a server on a free port of loopback, with a client that keeps no connection; both end with the block."""
    shown = shown or Shown(rows=[a_target()], history=[a_result()])
    metrics, control = metrics or FakeMetrics(), control or FakeControl()
    running = await start(
        some_ports(shown, metrics, control),
        listen=options.pop("listen", ["127.0.0.1:0"]),
        config_file=config_file,
        clock=clock or Clock(wall=lambda: NOW),
        **{"grace_seconds": 0.05, **options},
    )
    connector = aiohttp.TCPConnector(ssl=trust, force_close=True)
    try:
        async with aiohttp.ClientSession(
            connector=connector, auto_decompress=False, skip_auto_headers=("Accept-Encoding",)
        ) as client:
            yield World(shown, metrics, control, running, client)
    finally:
        await running.close()
