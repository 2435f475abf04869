"""Idle connections for the next exchange: per route as many as were in use at once, limited in number and age."""

import asyncio
import select
from typing import Final

from aiprobe.transport.connection import Connection
from aiprobe.transport.exchange import Route

IDLE_SECONDS: Final = 120.0
MAX_IDLE: Final = 256


class WarmConnections:
    """Keeps idle connections by route; closes the oldest when there are more than `MAX_IDLE` in all."""

    __slots__ = ("_by_route", "_idle")

    def __init__(self) -> None:
        self._idle: dict[Connection, tuple[Route, asyncio.TimerHandle]] = {}
        """Oldest first."""
        self._by_route: dict[Route, dict[Connection, None]] = {}

    def take(self, route: Route) -> Connection | None:
        """Return the newest connection that the peer has neither closed nor sent bytes on, or None."""
        while waiting := self._by_route.get(route):
            connection = next(reversed(waiting))
            self._remove(connection)
            if is_quiet(connection):
                return connection
            connection.abort()
        return None

    def make_room(self, opened: int, most: int) -> None:
        """Close the oldest idle connection if another one would exceed the limit `most`."""
        if opened >= most and self._idle:
            self._drop(next(iter(self._idle)))

    def keep(self, route: Route, connection: Connection) -> None:
        """Keep `connection` for the next exchange on `route`, for at most `IDLE_SECONDS`."""
        while len(self._idle) >= MAX_IDLE:
            self._drop(next(iter(self._idle)))
        timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, connection)
        self._idle[connection] = (route, timer)
        self._by_route.setdefault(route, {})[connection] = None

    def close(self) -> None:
        """Close every idle connection."""
        for connection in tuple(self._idle):
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._remove(connection)
        connection.abort()

    def _remove(self, connection: Connection) -> None:
        route, timer = self._idle.pop(connection)
        timer.cancel()
        waiting = self._by_route[route]
        del waiting[connection]
        if not waiting:
            del self._by_route[route]


def is_quiet(connection: Connection) -> bool:
    """Return whether the peer has sent nothing: no end, no reset, no bytes, not even in the kernel's buffer.

    The event loop may not have read the socket since the peer closed it. A request that is written then is lost.
    """
    transport = connection.transport
    if transport is None or transport.is_closing() or connection.ended or connection.early:
        return False
    poller = select.poll()
    poller.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return not poller.poll(0)
