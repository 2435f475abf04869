"""The simulator as a running thing: its ports, its life, and its control."""

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web

from aiprobe_simulator.control import Control
from aiprobe_simulator.faults import Value
from aiprobe_simulator.inbox import Inbox
from aiprobe_simulator.ledger import Ledger
from aiprobe_simulator.listeners import Refused, ResetOnAccept, Silent
from aiprobe_simulator.playback import Pace
from aiprobe_simulator.service import Service
from aiprobe_simulator.statuspages import declaration, page_behaviour
from aiprobe_simulator.statuspages.serve import PREFIX, StatusPageService
from aiprobe_simulator.timeline import Scenario, Timeline
from aiprobe_simulator.world import World, behaviour

MOST_BODY_BYTES: Final = 64 << 20
"""Enough for a prompt of some million tokens."""
_SHUTDOWN_SECONDS: Final = 0.05
"""What a connection gets to end by itself; handlers are cancelled before it."""
_FLUSH_SECONDS: Final = 1.0
_LOG: Final = logging.getLogger(__name__)


class Simulator:
    """AI services and status pages that fail on command, on one port of `host`.

    Closes itself as an async context manager.
    """

    def __init__(  # noqa: PLR0913 - two clocks, and every one has its default
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 1,
        pace: Pace | None = None,
        scenario: Scenario | None = None,
        tls: ssl.SSLContext | None = None,
        tls_port: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`tls`: a server context; with it the same services answer on `tls_url`. `monotonic`: the scenario's clock.

        `wall`: the time of day of the status pages, read once; from then on it goes as `monotonic` goes.
        """
        self.requests = Ledger()
        """Counts of requests and connections."""
        self.world = World(seed=seed, monotonic=monotonic, wall=wall)
        self._host, self._port, self._tls_port = host, port, tls_port
        self._tls = tls
        self._scenario = scenario
        self._monotonic = monotonic
        self._wall = wall
        self._service = Service(world=self.world, ledger=self.requests, pace=pace or Pace())
        self._status_pages = StatusPageService(pages=self.world.pages, ledger=self.requests)
        self._runner: web.AppRunner | None = None
        self._servers: dict[str, asyncio.Server] = {}
        self._refused: Refused | None = None
        self._silent: set[asyncio.BaseTransport] = set()
        self._handlers: set[asyncio.Task[object]] = set()

    @property
    def url(self) -> str:
        """Return the origin of every service, without a slash at the end."""
        return self._origin("http", "plain")

    @property
    def tls_url(self) -> str:
        """Return the origin of the same services over TLS. Raises `KeyError` without a `tls` context."""
        return self._origin("https", "tls")

    @property
    def reset_url(self) -> str:
        """Return an origin that resets every connection."""
        return self._origin("http", "reset")

    @property
    def silent_url(self) -> str:
        """Return an origin that accepts connections and sends nothing; with `https` it completes no handshake."""
        return self._origin("http", "silent")

    @property
    def refused_url(self) -> str:
        """Return an origin that refuses connections."""
        if self._refused is None:
            raise KeyError("refused")
        return f"http://{self._named_host()}:{self._refused.port}"

    def status_url(self, page: str) -> str:
        """Return where a status page is, without a slash at the end."""
        return f"{self.url}{PREFIX}{page}"

    @property
    def first_token_sent(self) -> Mapping[str, float]:
        """Return when the first token went out, monotonic seconds by request id; of the last ten thousand replies."""
        return self.requests.first_token_sent

    def set(
        self,
        provider: str = "*",
        *,
        fault: str,
        model: str = "*",
        kind: str = "*",
        share: float = 1.0,
        count: int | None = None,
        seconds: float | None = None,
        params: Mapping[str, Value] | None = None,
    ) -> int:
        """Put a fault in force and return its id; later ones win. Raises `ValueError` with every problem."""
        fields = {"provider": provider, "model": model, "kind": kind, "fault": fault, "share": share}
        what = behaviour({**fields, "count": count, "params": params})
        _LOG.info("fault=%s provider=%s model=%s share=%s", what.fault, what.provider, what.model, what.share)
        return self.world.add(what, seconds=seconds)

    def declare(self, page: str, *, seconds: float | None = None, **fields: Any) -> int:
        """Have a status page declare something from now on, for good or for `seconds`; return its id.

        `fields` are those of a scenario's step: component, state, incident, maintenance, impact, status, updates...
        Raises `ValueError` with every problem.
        """
        return self.world.pages.declare(declaration({"page": page, **fields}, lasts_seconds=seconds))

    def update(self, number: int, **fields: Any) -> None:
        """Add an update (status, text, state, component) to what `declare` returned.

        Raises `ValueError` with every problem, `KeyError` for what nobody declared.
        """
        if not self.world.pages.update(number, fields):
            raise KeyError(number)

    def spoil(self, page: str, *, fault: str, seconds: float | None = None, **fields: Any) -> int:
        """Put a fault of a status page (`*`: of all) in force and return its id; later ones win.

        `fields`: path, share, count, params. Raises `ValueError` with every problem.
        """
        return self.world.pages.spoil(page_behaviour({"page": page, "fault": fault, **fields}), seconds=seconds)

    def clear(self) -> None:
        """Take every fault and every declaration back that was set; a scenario goes on."""
        self.world.clear()

    async def start(self) -> None:
        """Listen. Raises `OSError` when a port is taken."""
        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.add_routes(Control(world=self.world, ledger=self.requests, urls=self._urls).routes())
        app.add_routes(Inbox(self._wall).routes())
        app.router.add_route("*", PREFIX + "{path:.*}", self._tracked(self._status_pages.handle))
        app.router.add_route("*", "/{path:.*}", self._tracked(self._service.handle))
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS, keepalive_timeout=75
        )
        try:
            await self._runner.setup()
            await self._listen("plain", self._accept, port=self._port)
            if self._tls is not None:
                await self._listen("tls", self._accept, port=self._tls_port, tls=self._tls)
            await self._listen("reset", ResetOnAccept)
            await self._listen("silent", lambda: Silent(self._silent))
            self._refused = Refused(self._host)
        except BaseException:
            await self.close()
            raise
        if self._scenario is not None:
            timeline = Timeline(self._scenario, self._monotonic())
            self.world.scenario, self.world.pages.timeline = timeline.in_force, timeline
        _LOG.info("simulator listens url=%s", self.url)

    async def close(self) -> None:
        """Stop at once: hanging replies are cancelled and every connection is closed. May be called twice."""
        for server in self._servers.values():
            server.close()
        for handler in tuple(self._handlers):
            handler.cancel()
        for transport in tuple(self._silent):
            transport.close()
        if self._refused is not None:
            self._refused.close()
        if self._runner is not None:
            await self._runner.cleanup()
        # From Python 3.12 on this waits for peers that do not read what is still to be flushed to them.
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSH_SECONDS):
                for server in self._servers.values():
                    await server.wait_closed()
        self._servers.clear()
        self._runner = self._refused = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _tracked(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return a handler whose tasks are known, so that closing can end those that hang."""

        async def handle(request: web.Request) -> web.StreamResponse:
            task = asyncio.current_task()
            assert task is not None  # aiohttp runs handlers in tasks
            self._handlers.add(task)
            try:
                return await handler(request)
            finally:
                self._handlers.discard(task)

        return handle

    def _accept(self) -> asyncio.Protocol:
        """Make the protocol of one accepted connection, and count it."""
        assert self._runner is not None
        assert self._runner.server is not None
        self.requests.connections += 1
        return self._runner.server()

    async def _listen(
        self, name: str, protocol: Callable[[], asyncio.Protocol], *, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        self._servers[name] = await loop.create_server(protocol, self._host, port, ssl=tls, backlog=1_024)

    def _origin(self, scheme: str, name: str) -> str:
        port: int = self._servers[name].sockets[0].getsockname()[1]
        return f"{scheme}://{self._named_host()}:{port}"

    def _named_host(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    def _urls(self) -> Mapping[str, str | None]:
        return {
            "plain": self.url,
            "tls": self.tls_url if self._tls else None,
            "reset": self.reset_url,
            "silent": self.silent_url,
            "refused": self.refused_url,
        }
