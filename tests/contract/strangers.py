"""AI services that nobody here wrote: raw sockets that speak the five protocols as strangers on the Internet do.

It shares no code with the simulator, so that a misunderstanding there is not one here as well.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Target, Timeouts
from aiprobe.core.secret import Secret
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from tests.builders import a_provider, a_target
from tests.contract.strangers_say import CHAT, RESPONSES

LIMITS: Final = Timeouts(connect=2.0, first_token=1.5, stall=1.0, total=3.0)
KEY: Final = "sk-strange-0123456789abcdef"
_BASE: Final = {CHAT: "/v1", RESPONSES: "/v1", "openai-embeddings": "/v1"}


@dataclass
class Asked:
    """One request as a server reads it."""

    head: str
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        """Return the question, wherever the protocol puts it."""
        if "messages" in self.body:
            return str(self.body["messages"][-1]["content"])
        if "contents" in self.body:
            return str(self.body["contents"][-1]["parts"][-1]["text"])
        return str(self.body.get("input", ""))

    @property
    def answer(self) -> str:
        """Return what an obedient model says: the last line of the question."""
        return self.prompt.rpartition("\n")[2]


@dataclass
class Visit:
    """One connection to a stranger."""

    stranger: "Stranger"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def asked(self) -> Asked:
        """Read one request."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = 0
        for line in head.lower().split("\r\n"):
            if line.startswith("content-length:"):
                length = int(line.partition(":")[2])
        body = await self.reader.readexactly(length)
        asked = Asked(head, json.loads(body) if body else {})
        self.stranger.requests.append(asked)
        return asked

    async def say(self, *pieces: bytes) -> None:
        """Write each piece in a segment of its own."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def hang(self) -> None:
        """Say nothing more until the visitor has gone."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def reset(self) -> None:
        """Break the connection with RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Play = Callable[[Visit], Awaitable[None]]


@dataclass
class Stranger:
    """A running server and what came to it."""

    port: int = 0
    connections: int = 0
    requests: list[Asked] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever the end of a connection has gone out."""

    @property
    def url(self) -> str:
        """Return its origin."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def a_stranger(
    play: Play, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Stranger]:
    """Serve `play` on every connection until the block ends."""
    stranger = Stranger()
    visits: set[asyncio.Task[Any]] = set()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visits.add(task)
        stranger.connections += 1
        try:
            await play(Visit(stranger, reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            visits.discard(task)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            stranger.left.set()

    server = await asyncio.start_server(receive, host, 0, ssl=tls)
    stranger.port = server.sockets[0].getsockname()[1]
    try:
        yield stranger
    finally:
        server.close()
        for task in tuple(visits):
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        await server.wait_closed()


def a_target_at(origin: str, protocol: str = CHAT, **changes: Any) -> Target:
    """Return a target whose provider is at `origin`; `provider` holds changes of the provider."""
    more = {"protocol": protocol, "base_url": origin + _BASE.get(protocol, ""), "api_key": Secret(KEY), "egress": False}
    provider = a_provider(**(more | changes.pop("provider", {})))
    return a_target(**({"provider": provider, "timeouts": LIMITS} | changes))


async def probe(target: Target, **transport: Any) -> Result:
    """Probe once."""
    clock = Clock()
    wire = Transport(clock=clock, **transport)
    try:
        return await PROBES[target.probe](target, Tools(transport=wire, clock=clock)).run()
    finally:
        await wire.close()


async def told_by(play: Play, protocol: str = CHAT, **changes: Any) -> tuple[Result, Stranger]:
    """Probe a stranger once; return the result and what the stranger saw."""
    async with a_stranger(play) as stranger:
        return await probe(a_target_at(stranger.url, protocol, **changes)), stranger


def says(*pieces: bytes | Callable[[Asked], bytes | Sequence[bytes]], then_hang: bool = False) -> Play:
    """Read a request, write each piece (or what it makes of the request), close."""

    async def play(visit: Visit) -> None:
        asked = await visit.asked()
        for piece in pieces:
            made = piece if isinstance(piece, bytes) else piece(asked)
            await visit.say(*([made] if isinstance(made, bytes) else made))
        if then_hang:
            await visit.hang()

    return play
