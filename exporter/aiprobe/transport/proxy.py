"""HTTP proxies: what their URL says, and the tunnel through one (RFC 9110 section 9.3.6).

No message of this room holds a proxy's URL: it may carry a password.
"""

import asyncio
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final, Literal, cast
from urllib.parse import unquote, urlsplit

from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Secret
from aiprobe.transport.connection import Connection
from aiprobe.transport.exchange import WireError

_MAX_ANSWER_BYTES: Final = 16 * 1024
_HTTP: Final = b"HTTP/1."
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] (\d{3})(?:[ \r]|$)")
_REFUSES_US: Final = frozenset({401, 403, 407})
"""The proxy's own rules or its password: no provider can mend that."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Where a proxy is, and the value of `proxy-authorization` that it wants, if any."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    credential: str | None = None

    def __repr__(self) -> str:
        return f"Proxy({self.scheme}://{self.host}:{self.port})"


def parse_proxy(url: Secret) -> Proxy:
    """Read `http[s]://[user:password@]host[:port]`.

    Raises:
        ValueError: it is something else; the message does not show it.
    """
    try:
        parts = urlsplit(url.reveal())
        port = parts.port
    except ValueError:
        raise ValueError("the proxy is not a URL") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("the proxy is not a URL of the form http://[user:password@]host[:port]")
    credential = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credential = "Basic " + b64encode(pair.encode()).decode("ascii")
    scheme = cast('Literal["http", "https"]', parts.scheme)
    return Proxy(scheme=scheme, host=parts.hostname, port=port or _DEFAULT_PORTS[scheme], credential=credential)


async def open_tunnel(connection: Connection, proxy: Proxy, origin: str) -> None:
    """Ask the proxy at the other end of `connection` for a tunnel to `origin` (`host:port`).

    Raises:
        WireError: `auth` where the proxy refuses us, else `connect`, with the proxy's status if it gave one.
    """
    transport = connection.transport
    if transport is None or connection.ended:
        raise WireError(Outcome.CONNECT, "the proxy closed the connection")
    lines = [f"CONNECT {origin} HTTP/1.1", f"host: {origin}"]
    if proxy.credential:
        lines.append(f"proxy-authorization: {proxy.credential}")
    answer = _Answer(connection)
    transport.set_protocol(answer)
    transport.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    status = await answer.status
    transport.set_protocol(connection)
    if status in _REFUSES_US:
        raise WireError(Outcome.AUTH, f"our own proxy refused the tunnel: it answered {status} to CONNECT")
    if not 200 <= status < 300:
        raise WireError(Outcome.CONNECT, f"the proxy answered {status} to CONNECT")


class _Answer(asyncio.BufferedProtocol):
    """Reads a proxy's answer to CONNECT: a head without a body, and not one byte more.

    It takes its bytes in the way of the connection that it stands in for: uvloop does not change that while it reads.
    """

    def __init__(self, connection: Connection) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._head = b""
        self._buffer = connection.get_buffer(-1)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the interface's
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._head += self._buffer[:nbytes]
        if not self.status.done():
            self._read()

    def _read(self) -> None:
        head, end, rest = self._head.partition(b"\r\n\r\n")
        found = _STATUS_LINE.match(head)
        if not _HTTP.startswith(head[: len(_HTTP)]) or (end and found is None):
            self._refuse("the proxy did not answer in HTTP")
        elif len(head) > _MAX_ANSWER_BYTES:
            self._refuse("the answer of the proxy is too long")
        elif end and found is not None:
            self._answered(int(found[1]), rest)

    def _answered(self, status: int, rest: bytes) -> None:
        if status < 200:
            self._head = rest
            if rest:
                self._read()
        elif rest and status < 300:
            self._refuse("the proxy sent more than an answer to CONNECT")
        else:
            self.status.set_result(status)

    def connection_lost(self, _: Exception | None) -> None:
        if not self.status.done():
            self._refuse("the proxy closed the connection")

    def _refuse(self, detail: str) -> None:
        self.status.set_exception(WireError(Outcome.CONNECT, detail))
