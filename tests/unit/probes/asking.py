"""How tests ask: a transport, a route, a sink that remembers, and both event loops."""

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from aiprobe.core.clock import Clock
from aiprobe.core.model import Timeouts
from aiprobe.transport.transport import Exchange, Route, Signal, Transport
from tests.unit.transport.peers import Peer, Script, a_peer

_LONGEST_SECONDS = 60.0
"""No test comes near it; one that hangs fails by it."""


@dataclass
class Recorder:
    """A sink that remembers, and answers each piece of body with what `says` makes of everything so far."""

    says: Callable[[bytes], Signal] = lambda body: Signal.MORE
    slice_bytes: int = 64 * 1024
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    heads: int = 0
    got_body: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def body(self) -> bytes:
        """Return all of the body."""
        return b"".join(self.pieces)

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:
        self.status, self.headers = status, headers
        self.heads += 1
        self.times.append(at)

    def on_body(self, data: bytes, at: float) -> Signal:
        self.pieces.append(data)
        self.times.append(at)
        self.got_body.set()
        return self.says(self.body)


def a_route(port: int, **changes: Any) -> Route:
    """Return a route to a peer on this machine."""
    return Route(**{"scheme": "http", "host": "127.0.0.1", "port": port, **changes})


@asynccontextmanager
async def a_transport(**options: Any) -> AsyncIterator[Transport]:
    """Lend a transport, and close it."""
    transport = Transport(clock=Clock(), **options)
    try:
        yield transport
    finally:
        await transport.close()


async def ask(
    transport: Transport,
    route: Route,
    sink: Recorder | None = None,
    *,
    method: str = "POST",
    path: str = "/v1/ask",
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),),
    body: bytes = b"{}",
    first_token_limit: bool = True,
    **limits: float,
) -> Exchange:
    """Make one exchange with limits that no healthy loopback peer comes near."""
    timeouts = Timeouts(**{"connect": 10.0, "first_token": 10.0, "stall": 10.0, "total": 20.0, **limits})
    return await transport.exchange(
        route,
        method=method,
        path=path,
        headers=headers,
        body=body,
        timeouts=timeouts,
        sink=Recorder() if sink is None else sink,
        first_token_limit=first_token_limit,
    )


async def ask_once(script: Script, sink: Recorder | None = None, **how: Any) -> tuple[Exchange, Peer]:
    """Make one exchange with a peer that follows `script`."""
    async with a_peer(script) as peer, a_transport() as transport:
        return await ask(transport, a_route(peer.port), sink, **how), peer


def on_both_loops(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an async test on asyncio's own loop and on uvloop's."""

    async def bounded(**fixtures: Any) -> None:
        async with asyncio.timeout(_LONGEST_SECONDS):
            await test(**fixtures)

    @functools.wraps(test)
    def run(new_loop: Callable[[], asyncio.AbstractEventLoop], **fixtures: Any) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(bounded(**fixtures))

    first = inspect.Parameter("new_loop", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = [first, *inspect.signature(test).parameters.values()]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what pytest reads fixtures from
    loops = [asyncio.new_event_loop, uvloop.new_event_loop]
    both: Callable[..., None] = pytest.mark.parametrize("new_loop", loops, ids=["asyncio", "uvloop"])(run)
    return both


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so that no event tells of."""
    while not condition():
        await asyncio.sleep(0)
