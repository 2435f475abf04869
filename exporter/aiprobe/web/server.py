"""Start and stop the listeners: addresses, TLS, and an end within bounds."""

import asyncio
import errno
import logging
import os
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from aiprobe.core.clock import Clock
from aiprobe.web import api, health, maintenance, mcp, pages, public, routes
from aiprobe.web.connections import HEAD_SECONDS, MAX_CONNECTIONS, Connection, Crowd
from aiprobe.web.ports import Ports
from aiprobe.web.security import Gate
from aiprobe.web.webfile import FreshContext, WebFile
from aiprobe.web.yamlfile import WebError

__all__ = ["Address", "Running", "WebError", "start"]

GRACE_SECONDS: Final = 2.0
"""What open requests get to finish when we stop."""
WRITE_SECONDS: Final = 30.0
_BACKLOG: Final = 512
_NO_SUCH_FAMILY: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""What a machine without IPv6 answers to an IPv6 address."""
_ADDRESS: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^\[\]:/\s]*)):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Address:
    """Where we listen. `host` is as bound (`::` and `0.0.0.0` are every interface)."""

    host: str
    port: int
    tls: bool

    @property
    def url(self) -> str:
        """Return a URL that works on this machine."""
        host = "localhost" if self.host in {"::", "0.0.0.0"} else self.host  # noqa: S104 - it is compared, not bound
        return f"{'https' if self.tls else 'http'}://{f'[{host}]' if ':' in host else host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers. Close it."""

    addresses: tuple[Address, ...]
    _runner: web.AppRunner
    _listeners: tuple[asyncio.Server, ...]
    status_page: "Running | None" = None
    """The listener of the public status page."""

    async def close(self) -> None:
        """Stop listening; open requests get the grace period and are then cut."""
        if self.status_page is not None:
            await self.status_page.close()
        for listener in self._listeners:
            listener.close()
        await self._runner.cleanup()


async def start(
    ports: Ports,
    *,
    listen: Sequence[str],
    config_file: Path | None = None,
    clock: Clock | None = None,
    grace_seconds: float = GRACE_SECONDS,
    write_seconds: float = WRITE_SECONDS,
    head_seconds: float = HEAD_SECONDS,
    max_connections: int = MAX_CONNECTIONS,
) -> Running:
    """Serve on every address of `listen` (`:10529`, `127.0.0.1:0`, `[::1]:9000`, `localhost:80`).

    `config_file` is a web config file in the Prometheus exporter-toolkit format. `write_seconds` is how long a
    scraper may refuse a slice before it is cut off, `head_seconds` how long the head of a request may take.

    Raises:
        WebError: the file or an address cannot be used; nothing listens then.
    """
    clock = clock or Clock()
    file = WebFile(config_file, clock=clock)
    gate = Gate(file, clock=clock, is_public=ports.is_public)
    sockets = await _bind_all(listen)
    context = FreshContext.of(file) if file.current().context is not None else None
    addresses = tuple(_address_of(sock, tls=context is not None) for sock in sockets)
    app = web.Application(middlewares=[gate.middleware])
    app.on_response_prepare.append(gate.add_headers)
    if ports.is_public:
        public.add_routes(app, ports, clock=clock)
    else:
        _add_routes(app, ports, gate, clock=clock, write_seconds=write_seconds)
    runner = web.AppRunner(app, shutdown_timeout=grace_seconds)
    crowd = Crowd(max_connections)
    loop = asyncio.get_running_loop()
    listeners: list[asyncio.Server] = []

    def connected() -> Connection:
        assert runner.server is not None
        return Connection(
            runner.server,
            loop=loop,
            crowd=crowd,
            decorate=gate.decorate,
            head_seconds=head_seconds,
            access_log=None,
            logger=_connection_log(),
            lingering_time=1.0,
            max_line_size=4096,
            max_field_size=8190,
        )

    try:
        await runner.setup()
        for sock in sockets:
            listeners.append(  # noqa: PERF401 - those that were begun are closed if a later one fails
                await loop.create_server(
                    connected,
                    sock=sock,
                    ssl=context,
                    backlog=_BACKLOG,
                    ssl_handshake_timeout=None if context is None else head_seconds,
                )
            )
        running = Running(addresses, runner, tuple(listeners))
        if not ports.status_addresses or ports.is_public:
            return running
        public_ports = replace(ports, is_public=True)
        status_page = await start(public_ports, listen=ports.status_addresses, config_file=config_file, clock=clock)
        return replace(running, status_page=status_page)
    except BaseException:
        await Running(addresses, runner, tuple(listeners)).close()
        _close_all(sockets)
        raise


def _add_routes(app: web.Application, ports: Ports, gate: Gate, *, clock: Clock, write_seconds: float) -> None:
    app[routes.PORTS] = ports
    app[routes.GATE] = gate
    app[routes.WRITE_SECONDS] = write_seconds
    routes.add_routes(app)
    api.add_routes(app)
    health.add_routes(app)
    maintenance.add_routes(app)
    if ports.with_mcp:
        mcp.add_routes(app)
    pages.add_routes(app, clock=clock)


def _connection_log() -> logging.Logger:
    """The log of aiohttp's connections, without the errors from clients that do not send HTTP."""
    log = logging.getLogger(f"{__name__}.connections")
    if not log.filters:
        log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)))
    return log


async def _bind_all(listen: Sequence[str]) -> list[socket.socket]:
    if not listen:
        raise WebError("no address to listen on")
    bound: list[socket.socket] = []
    try:
        for text in listen:
            bound.extend(await _bind(text))
    except BaseException:
        _close_all(bound)
        raise
    return bound


async def _bind(text: str) -> list[socket.socket]:
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise WebError(f"{text!r} is no listen address; write :10529, 127.0.0.1:10529 or [::1]:10529")
    host, port = match["v6"] or match["host"], int(match["port"])
    try:
        if not host:
            return [_bind_every_interface(port)]
        # Not the event loop's own: libuv aborts the process where it cannot start its four threads.
        found = await asyncio.to_thread(
            socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return _bind_found([(family, place) for family, _, _, _, place in found])
    except socket.gaierror as error:
        raise WebError(f"cannot listen on {text}: {host} is no address of this machine: {error.strerror}") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise WebError(f"cannot listen on {text}: {reason}") from error


def _bind_every_interface(port: int) -> socket.socket:
    """One socket for IPv4 and IPv6, or IPv4 alone where the machine has no IPv6."""
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG)
        except OSError as error:
            if error.errno not in _NO_SUCH_FAMILY:
                raise
    return socket.create_server(("", port), backlog=_BACKLOG)


def _bind_found(found: Iterable[tuple[int, tuple[Any, ...]]]) -> list[socket.socket]:
    """Bind each address of a name; those after the first get the first one's port where 0 was asked for."""
    bound: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, place in dict.fromkeys(found):
            port = bound[0].getsockname()[1] if bound else place[1]
            try:
                # `place` of IPv6 ends with flow and scope; the scope selects the link-local network.
                bound.append(socket.create_server((place[0], port, *place[2:]), family=family, backlog=_BACKLOG))
            except OSError as error:
                if error.errno not in _NO_SUCH_FAMILY:
                    raise
                missing = error
    except BaseException:
        _close_all(bound)
        raise
    if not bound and missing is not None:
        raise missing
    return bound


def _address_of(sock: socket.socket, *, tls: bool) -> Address:
    host, port = sock.getsockname()[:2]
    return Address(host, port, tls)


def _close_all(sockets: Iterable[socket.socket]) -> None:
    for sock in sockets:
        sock.close()
