"""Connections to our own port: how many there are, how long a head may take, and what is answered to what is not HTTP.

Whoever connects is a stranger until a request has passed `security.Gate`; nothing here reads or inflates a body.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from aiprobe.web.security import plain

HEAD_SECONDS: Final = 10.0
"""A TLS handshake takes at most this long, and the head of a request as long again."""
IDLE_SECONDS: Final = 330.0
"""Between two requests. Prometheus gives up an idle connection after five minutes, so that it closes first."""
MAX_CONNECTIONS: Final = 256
_SLICE_BYTES: Final = 4096
"""What is parsed at once: a body that begins within it, in chunks of a byte, takes less than a millisecond."""


class Crowd:
    """The connections that are open, at most `size`. A new one always gets in: another one makes room.

    First go those that never sent a whole head, then those that wait for a next request, then the oldest request; so a
    scraper is not locked out by clients that hold connections.
    """

    __slots__ = ("_inside", "_size")

    def __init__(self, size: int = MAX_CONNECTIONS) -> None:
        self._size = size
        self._inside: dict[Connection, None] = {}
        """In the order of their newest heads."""

    def enter(self, connection: "Connection") -> None:
        """Count a connection, and close another one where there are too many."""
        if len(self._inside) >= self._size:
            victim = min(self._inside, key=lambda each: each.rank)  # the first one of the lowest rank
            self.leave(victim)
            victim.drop()
        self._inside[connection] = None

    def moved(self, connection: "Connection") -> None:
        """Note that a connection sent a head."""
        if connection in self._inside:
            del self._inside[connection]
            self._inside[connection] = None

    def leave(self, connection: "Connection") -> None:
        """Count a connection no more."""
        self._inside.pop(connection, None)


class Connection(web.RequestHandler):
    """One connection of aiohttp's server, within a crowd."""

    __slots__ = ("_crowd", "_decorate", "_has_body", "_head_seconds", "_head_timer", "_held", "_takes_body")

    def __init__(
        self,
        manager: web.Server,
        *,
        crowd: Crowd,
        decorate: Callable[[web.StreamResponse], None],
        head_seconds: float = HEAD_SECONDS,
        **settings: Any,
    ) -> None:
        """`decorate` puts our headers on a reply; `settings` are aiohttp's."""
        super().__init__(manager, auto_decompress=False, keepalive_timeout=IDLE_SECONDS, **settings)
        self._crowd = crowd
        self._decorate = decorate
        self._head_seconds = head_seconds
        self._head_timer: asyncio.TimerHandle | None = None
        self._has_body = self._takes_body = False
        self._held = b""
        """What came behind a head in one piece, of a body that nobody has asked for yet."""

    @property
    def rank(self) -> int:
        """Return how much would be lost with this connection: 0 nothing, 1 a connection, 2 a reply."""
        return 2 if self._waiter is None else 1 if self._request_count else 0

    def drop(self) -> None:
        """Close at once, whatever is under way."""
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._crowd.enter(self)
        self._time_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place free."""
        self._stop_timer()
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Time a head from its first byte to its last. What follows it is a body: not parsed until `take_body`."""
        heads = self._request_count
        if self._head_timer is None and self._waiter is not None:
            self._time_head()
        for at in range(0, len(data) or 1, _SLICE_BYTES):
            if self._has_body:
                self._hold(data[at:])
                break
            super().data_received(data[at : at + _SLICE_BYTES])
            self._has_body = not self._takes_body and any(not payload.is_eof() for _, payload in self._messages)
        if self._request_count != heads:
            self._stop_timer()
            self._crowd.moved(self)

    def take_body(self) -> None:
        """Read the body of the request that is answered now. Its reply must end the connection."""
        self._has_body, self._takes_body = False, True
        held, self._held = self._held, b""
        if held:
            super().data_received(held)
        if self.transport is not None:
            self.transport.resume_reading()

    def _hold(self, data: bytes) -> None:
        """Keep one piece, which the transport bounds, and read no further."""
        if not self._held and self.transport is not None:
            self._held = data
            self.transport.pause_reading()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request and names the parser
    ) -> web.StreamResponse:
        """Answer what is not HTTP, or what broke outside of the gate, with a sentence and our headers."""
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the reply is on its way")
        if status >= 500:
            self.log_exception("request failed", exc_info=exc)
        text = "This is not an HTTP request." if status < 500 else "Internal error in aiprobe; its log has the details."
        response = plain(text, status=status)
        response.force_close()
        self._decorate(response)
        return response

    def _time_head(self) -> None:
        self._head_timer = asyncio.get_running_loop().call_later(self._head_seconds, self._head_is_overdue)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_overdue(self) -> None:
        self._head_timer = None
        if self._waiter is not None:
            self.drop()
