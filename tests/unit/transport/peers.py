"""Servers on loopback that do what a test tells them: peers over TCP and TLS, dead ports, name servers."""

import asyncio
import datetime as dt
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import trustme

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
ENDLESS = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
"""The head of a reply whose end is up to the test."""

CA = trustme.CA()
DAY = dt.timedelta(days=1)
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)

Script = Callable[["Call"], Awaitable[None]]


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk of a chunked body; empty ends the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@dataclass
class Call:
    """One connection that a peer has accepted."""

    peer: "Peer"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """Read one request, body included, and remember it; b'' when the client is gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        request = head + await self.reader.readexactly(length)
        self.peer.requests.append(request)
        return request

    async def send(self, *pieces: bytes) -> None:
        """Write pieces, giving the loop back after each."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    def reset(self) -> None:
        """Close with RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


@dataclass
class Peer:
    """A running server, and what has come to it so far."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client's end of a connection was seen by `until_gone`."""


@asynccontextmanager
async def a_peer(script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    """Serve `script` on every connection, until the block ends."""
    peer = Peer()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        peer.connections += 1
        try:
            await script(Call(peer, reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            tasks.discard(task)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def answers(*pieces: bytes, then_close: bool = True) -> Script:
    """Read a request, write the pieces, and close or else keep silent."""

    async def script(call: Call) -> None:
        await call.request()
        await call.send(*pieces)
        if not then_close:
            await until_gone(call)

    return script


def serves(*replies: bytes) -> Script:
    """Answer the requests of one connection with `replies`, one each; then wait for the client to go."""

    async def script(call: Call) -> None:
        for reply in replies:
            if not await call.request():
                break
            await call.send(reply)
        await until_gone(call)

    return script


async def until_gone(call: Call) -> None:
    """Say nothing until the client has closed."""
    try:
        while await call.reader.read(65536):
            pass
    except ConnectionError:
        pass
    call.peer.gone.set()


@contextmanager
def a_refusing_port(host: str = "127.0.0.1") -> Iterator[int]:
    """Hold a port that nobody listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as held:
        held.bind((host, 0))
        yield held.getsockname()[1]


@contextmanager
def a_silent_port() -> Iterator[int]:
    """Hold a port that accepts TCP in the kernel and never says a word."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(128)
        yield held.getsockname()[1]


@contextmanager
def a_dropping_port(host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Hold a port whose queue is full, so that the kernel drops whoever else tries to connect."""
    with (
        socket.create_server(
            (host, port), backlog=0, family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ) as held,
        socket.create_connection((host, held.getsockname()[1])),
    ):
        yield held.getsockname()[1]


def a_server_context(
    *names: str,
    ca: trustme.CA = CA,
    not_after: dt.datetime | None = None,
    not_before: dt.datetime = NOW - DAY,
) -> ssl.SSLContext:
    """Return what a server with a certificate for `names` speaks TLS with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, not_before=not_before, not_after=not_after).configure_cert(context)
    return context


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA from `zone`; what it does not know does not exist; a name in `silent` waits for ever."""

    zone: Mapping[str, tuple[str, ...]]
    silent: frozenset[str] = frozenset()
    queries: list[tuple[str, int]] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += data[at] + 1
        name, question_end = ".".join(labels).lower(), at + 5
        kind = int.from_bytes(data[at + 1 : at + 3])
        self.queries.append((name, kind))
        self.asked.set()
        if name in self.silent:
            return
        family, size = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
        known = [a for a in self.zone.get(name, ()) if (":" in a) == (kind == 28)]
        records = b"".join(
            b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 300, size) + socket.inet_pton(family, a) for a in known
        )
        flags = 0x8180 if name in self.zone else 0x8183
        head = data[:2] + struct.pack(">HHHHH", flags, 1, len(known), 0, 0)
        self.transport.sendto(head + data[12:question_end] + records, addr)


@asynccontextmanager
async def a_name_server(
    zone: Mapping[str, tuple[str, ...]], *, silent: frozenset[str] = frozenset()
) -> AsyncIterator[tuple[NameServer, str]]:
    """Run a name server; yields it and its `host:port`."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(zone, silent), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server, "127.0.0.1:{}".format(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()
