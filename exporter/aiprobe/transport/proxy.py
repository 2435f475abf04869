"""HTTP proxies: parses their URL, and opens the tunnel through one (RFC 9110 section 9.3.6).

No message of this room contains a proxy's URL: it can contain a password.
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
_REJECTED: Final = frozenset({401, 403, 407})
"""A rule of the proxy or its password, not a failure of a provider."""
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """The address of a proxy, and the value of `proxy-authorization` for it, if any."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    credential: str | None = None

    def __repr__(self) -> str:
        return f"Proxy({self.scheme}://{self.host}:{self.port})"


def parse_proxy(url: Secret) -> Proxy:
    """Parse `http[s]://[user:password@]host[:port]`.

    Raises:
        ValueError: the URL has another form; the message does not contain it.
    """
    try:
        parts = urlsplit(url.reveal())
        port = parts.port
    except ValueError:
        raise ValueError("the proxy is not a URL") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("the proxy is not a URL of the form http://[user:password@]host[:port]")
    credential = None
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credential = "Basic " + b64encode(pair.encode()).decode("ascii")
    scheme = cast('Literal["http", "https"]', parts.scheme)
    return Proxy(scheme=scheme, host=parts.hostname, port=port or DEFAULT_PORTS[scheme], credential=credential)


async def open_tunnel(connection: Connection, proxy: Proxy, origin: str) -> None:
    """Request a tunnel to `origin` (`host:port`) from the proxy at the other end of `connection`.

    Raises:
        WireError: `auth` if the proxy rejects our credentials, else `connect`, with the proxy's status if there is one.
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
    if status in _REJECTED:
        raise WireError(Outcome.AUTH, f"the configured proxy rejected the tunnel: it answered {status} to CONNECT")
    if not 200 <= status < 300:
        raise WireError(Outcome.CONNECT, f"the proxy answered {status} to CONNECT")


class _Answer(asyncio.BufferedProtocol):
    """Reads a proxy's answer to CONNECT: a head without a body, and no further byte.

    It is a `BufferedProtocol` as `Connection` is: uvloop does not change the kind of protocol while it reads.
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
