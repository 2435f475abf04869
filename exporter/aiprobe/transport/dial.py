"""Opens a connection: resolve, connect, tunnel, TLS. Each phase is timed, and all phases share one limit.

One call is one attempt. The next address is tried only if the route has `address_fallback`, and only when TCP fails.
"""

import asyncio
import os
import ssl

from aiprobe.core.clock import Clock
from aiprobe.core.hosts import host_name, literal
from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.connection import Connection
from aiprobe.transport.descriptors import EXHAUSTED, lacking, room_for_connections
from aiprobe.transport.exchange import READ_BYTES, Exchange, Route, WireError
from aiprobe.transport.proxy import Proxy, open_tunnel
from aiprobe.transport.request import authority
from aiprobe.transport.resolver import Resolver
from aiprobe.transport.tls import Contexts, secure


def read_buffer() -> memoryview:
    """Return the buffer that all connections of one event loop read into: each one consumes it before the next read.

    Without such a buffer, the event loop allocates 256 KB for every TLS read. That took a tenth of a TLS probe's time.
    """
    return memoryview(bytearray(READ_BYTES))


class Dialer:
    """Opens connections; `live` is the set of all that are open."""

    __slots__ = ("_buffer", "_clock", "_contexts", "_dialing", "_live", "_resolver", "most")

    def __init__(self, *, clock: Clock, resolver: Resolver, contexts: Contexts, live: set[Connection]) -> None:
        self._buffer = read_buffer()
        self._clock = clock
        self._resolver = resolver
        self._contexts = contexts
        self._live = live
        self._dialing = 0
        self.most = room_for_connections()
        """Connections that may be open at once."""

    async def open(self, route: Route, proxy: Proxy | None, *, exchange: Exchange, timeouts: Timeouts) -> Connection:
        """Return a connection to the origin of `route`, ready for a request.

        Raises:
            WireError: `dns`, `connect`, `tls`, `timeout_connect` or `timeout_total`; the failed phase is still running.
                `internal_error` if this process or machine has run out of descriptors, ports or memory.
            ValueError: the route's CA file cannot be used.
        """
        limit = min(timeouts.connect, timeouts.total)
        if len(self._live) + self._dialing >= self.most:
            raise WireError(Outcome.INTERNAL_ERROR, _run_out(f"{self.most} connections are open"))
        try:
            async with asyncio.timeout(limit):
                return await self._open(route, proxy, exchange, limit)
        except TimeoutError as error:
            raise _too_slow(exchange, timeouts) from error

    async def _lookup(self, host: str, family: str) -> tuple[str, ...]:
        """Look a name up; if this process has no descriptor for it, that is an `internal_error`."""
        try:
            return await self._resolver.addresses(host, family)
        except WireError as error:
            if lack := lacking():
                raise WireError(Outcome.INTERNAL_ERROR, _run_out(lack)) from error
            raise

    async def _open(self, route: Route, proxy: Proxy | None, exchange: Exchange, limit: float) -> Connection:
        host, port = (proxy.host, proxy.port) if proxy else (route.host, route.port)
        self._dialing += 1
        try:
            addresses = await self._addresses(host, route, exchange)
            connection = await self._connect(addresses, port, route=route, exchange=exchange, limit=limit)
        finally:
            self._dialing -= 1
        try:
            if proxy is not None and proxy.scheme == "https":
                await secure(connection, self._context(route), host_name(proxy.host), Outcome.CONNECT)
            if route.scheme == "https":
                if proxy is not None:
                    await open_tunnel(connection, proxy, authority(route, always_port=True))
                    connection.ready_at = self._clock.monotonic()
                exchange.enter("tls", connection.ready_at)
                await secure(connection, self._context(route), host_name(route.host))
        except BaseException:  # also a cancelled caller: nothing else has a reference to this connection
            connection.abort()
            raise
        return connection

    def _context(self, route: Route) -> ssl.SSLContext:
        return self._contexts.get(ca_file=route.ca_file, verify=route.tls_verify)

    async def _addresses(self, host: str, route: Route, exchange: Exchange) -> tuple[str, ...]:
        """Return the addresses of `host`, without a lookup if it is an address; then enter the connect phase."""
        address = literal(host)
        if address is None:
            exchange.enter("resolve", exchange.started)
            addresses = await self._lookup(host_name(host), route.ip_family)
            exchange.enter("connect", self._clock.monotonic())
            return addresses
        exchange.enter("connect", exchange.started)
        if route.ip_family != "any" and (":" in address) != (route.ip_family == "ipv6"):
            raise WireError(Outcome.CONNECT, f"{address} is not an address of family {route.ip_family}")
        return (address,)

    async def _connect(
        self, addresses: tuple[str, ...], port: int, *, route: Route, exchange: Exchange, limit: float
    ) -> Connection:
        tries = addresses if route.address_fallback else addresses[:1]
        problems: list[str] = []
        for number, address in enumerate(tries):
            exchange.connections_tried += 1
            exchange.remote_address = address
            try:
                if number == len(tries) - 1:
                    return await self._connect_to(address, port)
                # Only a share of the remaining time: a first address that drops packets would use all of it.
                left = exchange.started + limit - self._clock.monotonic()
                async with asyncio.timeout(left / (len(tries) - number)):
                    return await self._connect_to(address, port)
            except OSError as error:
                if error.errno in EXHAUSTED:
                    raise WireError(Outcome.INTERNAL_ERROR, _run_out(os.strerror(error.errno))) from error
                problems.append(f"{address}: {os.strerror(error.errno) if error.errno else 'no answer'}")
        raise WireError(Outcome.CONNECT, "; ".join(problems))

    async def _connect_to(self, address: str, port: int) -> Connection:
        connection = Connection(self._clock, self._live, self._buffer)
        try:
            await asyncio.get_running_loop().create_connection(lambda: connection, address, port)
        except BaseException:
            # Cancelled in the turn in which TCP was established, uvloop closes the socket but never reports its loss.
            connection.abort()
            raise
        connection.remote_address = address
        return connection


def _run_out(lack: str) -> str:
    return f"aiprobe itself has run out: {lack}; raise the limit of open files (ulimit -n, LimitNOFILE)"


def _too_slow(exchange: Exchange, timeouts: Timeouts) -> WireError:
    if exchange.phase == "resolve":
        return WireError(Outcome.DNS, f"no answer within {min(timeouts.connect, timeouts.total):g} s")
    if timeouts.total <= timeouts.connect:
        return WireError(Outcome.TIMEOUT_TOTAL, f"not connected within {timeouts.total:g} s in all")
    where = "connected" if exchange.phase == "connect" else "secured"
    return WireError(Outcome.TIMEOUT_CONNECT, f"not {where} within {timeouts.connect:g} s")
