"""One HTTP/1.1 exchange, timed byte by byte: the only room that sends HTTP to what is probed.

One call is one attempt: nothing is sent twice, and a second address is tried only if the route has `address_fallback`.
Redirects, retries and the meaning of a reply belong to the probes.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Final

from aiprobe.core.clock import Clock
from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Secret
from aiprobe.transport.connection import Connection, Question
from aiprobe.transport.dial import Dialer
from aiprobe.transport.exchange import EVENTS_SLICE_BYTES, WHOLE_SLICE_BYTES, Exchange, Route, Signal, Sink, WireError
from aiprobe.transport.framing import Reply
from aiprobe.transport.proxy import Proxy, parse_proxy
from aiprobe.transport.request import authority, request_bytes
from aiprobe.transport.resolver import Resolver
from aiprobe.transport.tls import Contexts
from aiprobe.transport.warm import WarmConnections

__all__ = ["EVENTS_SLICE_BYTES", "WHOLE_SLICE_BYTES", "Exchange", "Route", "Signal", "Sink", "Transport"]

log = logging.getLogger(__name__)

_LOUD_SECONDS: Final = 60.0
_CLOSING_TURNS: Final = 10
"""Turns of the event loop for aborted connections to close; two are enough, and TLS takes one more."""


class Transport:
    """Runs exchanges; owns the resolver, the TLS contexts and the warm connections. Close it when done.

    `nameservers` (`host` or `host:port`) replace the system's. `max_body_bytes` limits the body of a reply, before and
    after decompression. One transport belongs to one event loop.
    """

    def __init__(self, *, clock: Clock, nameservers: tuple[str, ...] = (), max_body_bytes: int = 8 << 20) -> None:
        self._clock = clock
        self._max_body_bytes = max_body_bytes
        self._live: set[Connection] = set()
        self._warm = WarmConnections()
        self._contexts = Contexts()
        self._resolver = Resolver(nameservers)
        self._dialer = Dialer(clock=clock, resolver=self._resolver, contexts=self._contexts, live=self._live)
        self._closed = False
        self._loud_at = 0.0

    def prepare(self, route: Route) -> None:
        """Check `route` and load its trust store, so that no exchange spends time on it.

        Raises:
            ValueError: host, port, proxy or CA file cannot be used.
        """
        authority(route)
        self._proxy(route)
        if route.scheme == "https":
            self._contexts.get(ca_file=route.ca_file, verify=route.tls_verify)

    def prepare_trust(self, ca_files: Iterable[str]) -> Callable[[], None]:
        """Read these CA files again; return the function that applies them to new connections. Blocks.

        Raises:
            ValueError: a file cannot be used.
        """
        return self._contexts.renewed(ca_files)

    async def exchange(  # noqa: PLR0913 - the parts of one request, each by name
        self,
        route: Route,
        *,
        method: str,
        path: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
        timeouts: Timeouts,
        sink: Sink,
        first_token_limit: bool = True,
        upgrade: str | None = None,
    ) -> Exchange:
        """Send one request and read its reply: exactly one attempt.

        Adds host, content-length and connection headers. `upgrade` requests another protocol on the connection: after
        a 101 the sink gets the bytes of that protocol until it returns DONE; any other reply is read as usual. Without
        `first_token_limit` only the connect, stall and total limits apply. A failure of the network or the peer does
        not raise.

        Raises:
            ValueError: the request or the route is invalid.
        """
        self._check_open()
        proxy = self._proxy(route)
        request = request_bytes(route, proxy, method=method, path=path, headers=headers, body=body, upgrade=upgrade)
        exchange = Exchange(started=self._clock.monotonic())
        connection = self._warm.take(route) if route.reuse else None
        if connection is None:
            self._warm.make_room(len(self._live), self._dialer.most)
            try:
                connection = await self._dialer.open(route, proxy, exchange=exchange, timeouts=timeouts)
            except WireError as error:
                return self._failed(exchange, error)
            if self._closed:
                connection.abort()
                return self._failed(exchange, WireError(Outcome.CANCELLED, "the transport was closed"))
            exchange.enter("send", connection.ready_at)
        else:
            exchange.reused = True
            exchange.enter("send", exchange.started)
        exchange.remote_address = connection.remote_address
        exchange.tls_certificate_not_after_timestamp_seconds = connection.not_after
        question = Question(
            request=request,
            reply=Reply(
                sink, exchange, method=method, max_body_bytes=self._max_body_bytes, upgrade=upgrade is not None
            ),
            exchange=exchange,
            timeouts=timeouts,
            first_token_limit=first_token_limit,
            keep=partial(self._keep, route) if route.reuse else None,
        )
        try:
            await connection.ask(question)
        except asyncio.CancelledError:
            connection.cancel("the caller was cancelled")
            raise
        return exchange

    async def close(self) -> None:
        """Close every connection and the resolver; running exchanges end as `cancelled`."""
        self._closed = True
        self._warm.close()
        for connection in tuple(self._live):
            connection.cancel("the transport was closed")
        await self._resolver.close()
        for _ in range(_CLOSING_TURNS):
            await asyncio.sleep(0)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("the transport is closed")

    def _proxy(self, route: Route) -> Proxy | None:
        return None if route.proxy is None else _parsed(route.proxy)

    def _keep(self, route: Route, connection: Connection) -> None:
        if self._closed:
            connection.abort()
        else:
            self._warm.keep(route, connection)

    def _failed(self, exchange: Exchange, error: WireError) -> Exchange:
        exchange.ended = self._clock.monotonic()
        exchange.leave(exchange.ended)
        exchange.outcome = Outcome.CANCELLED if self._closed else error.outcome
        exchange.detail = error.detail
        if exchange.outcome is Outcome.INTERNAL_ERROR and exchange.ended >= self._loud_at:
            self._loud_at = exchange.ended + _LOUD_SECONDS
            log.error("probes cannot be made", extra={"detail": error.detail})
        return exchange


@lru_cache(maxsize=256)
def _parsed(proxy: Secret) -> Proxy:
    return parse_proxy(proxy)
