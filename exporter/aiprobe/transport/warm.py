"""Connections that wait for their next exchange: as many a route as it had under way, few in all, not for long."""

import asyncio
import select
from typing import Final

from aiprobe.transport.connection import Connection
from aiprobe.transport.exchange import Route

IDLE_SECONDS: Final = 120.0
MAX_IDLE: Final = 256


class WarmConnections:
    """Keeps idle connections by route; the oldest goes when there are more than `MAX_IDLE` in all."""

    __slots__ = ("_by_route", "_idle")

    def __init__(self) -> None:
        self._idle: dict[Connection, tuple[Route, asyncio.TimerHandle]] = {}
        """In the order in which they were put here."""
        self._by_route: dict[Route, dict[Connection, None]] = {}

    def take(self, route: Route) -> Connection | None:
        """Return the last one kept on which the peer has neither closed nor spoken since, or None."""
        while waiting := self._by_route.get(route):
            connection = next(reversed(waiting))
            self._forget(connection)
            if is_quiet(connection):
                return connection
            connection.abort()
        return None

    def make_room(self, opened: int, most: int) -> None:
        """Close the oldest connection that waits where one more would be too many."""
        if opened >= most and self._idle:
            self._drop(next(iter(self._idle)))

    def keep(self, route: Route, connection: Connection) -> None:
        """Hold `connection` for the next exchange on `route`; at most `IDLE_SECONDS` long."""
        while len(self._idle) >= MAX_IDLE:
            self._drop(next(iter(self._idle)))
        timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, connection)
        self._idle[connection] = (route, timer)
        self._by_route.setdefault(route, {})[connection] = None

    def close(self) -> None:
        """Close every connection that waits."""
        for connection in tuple(self._idle):
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._forget(connection)
        connection.abort()

    def _forget(self, connection: Connection) -> None:
        route, timer = self._idle.pop(connection)
        timer.cancel()
        waiting = self._by_route[route]
        del waiting[connection]
        if not waiting:
            del self._by_route[route]


def is_quiet(connection: Connection) -> bool:
    """Return whether nothing has come from the peer: no end, no reset, no bytes, not even in the kernel.

    The event loop may not have looked at the socket since the peer closed it, and a request that is written then
    would be lost on a connection that was already dead.
    """
    transport = connection.transport
    if transport is None or transport.is_closing() or connection.ended or connection.spoke:
        return False
    poller = select.poll()
    poller.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return not poller.poll(0)
