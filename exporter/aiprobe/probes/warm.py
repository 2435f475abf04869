"""Connections that wait for their next exchange: one a route, few, and not for long."""

import asyncio
import select
from typing import Final

from aiprobe.probes.connection import Connection
from aiprobe.probes.exchange import Route

IDLE_SECONDS: Final = 120.0
MAX_IDLE: Final = 256


class WarmConnections:
    """Keeps one idle connection a route; the oldest goes when there are more than `MAX_IDLE`."""

    __slots__ = ("_idle",)

    def __init__(self) -> None:
        self._idle: dict[Route, tuple[Connection, asyncio.TimerHandle]] = {}

    def take(self, route: Route) -> Connection | None:
        """Return a connection that the peer has neither closed nor spoken on since, or None."""
        entry = self._idle.pop(route, None)
        if entry is None:
            return None
        connection, timer = entry
        timer.cancel()
        if is_quiet(connection):
            return connection
        connection.abort()
        return None

    def keep(self, route: Route, connection: Connection) -> None:
        """Hold `connection` for the next exchange on `route`; at most `IDLE_SECONDS` long."""
        self._drop(route)
        while len(self._idle) >= MAX_IDLE:
            self._drop(next(iter(self._idle)))
        timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, route)
        self._idle[route] = (connection, timer)

    def close(self) -> None:
        """Close every connection that waits."""
        for route in tuple(self._idle):
            self._drop(route)

    def _drop(self, route: Route) -> None:
        entry = self._idle.pop(route, None)
        if entry is not None:
            connection, timer = entry
            timer.cancel()
            connection.abort()


def is_quiet(connection: Connection) -> bool:
    """Tell whether nothing has come from the peer: no end, no reset, no bytes, not even in the kernel.

    The event loop may not have looked at the socket since the peer closed it, and a request that is written then
    would be lost on a connection that was already dead.
    """
    transport = connection.transport
    if transport is None or transport.is_closing() or connection.ended or connection.spoke:
        return False
    poller = select.poll()
    poller.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return not poller.poll(0)
