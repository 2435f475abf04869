"""One HTTP/1.1 exchange, timed byte by byte: the only room that speaks HTTP to what is probed.

(interface sketch; the owner of this file replaces the bodies and keeps the names)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal, Protocol as Interface

from aiprobe.core.clock import Clock
from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Secret


class Signal(IntEnum):
    """What a sink makes of the bytes it was given."""

    MORE = 0
    """Nothing of note, a keepalive perhaps: no clock is touched."""
    PROGRESS = 1
    """An event: the stall clock, once running, starts anew."""
    CONTENT = 2
    """Content: ends the first-token limit, starts or restarts the stall clock."""
    DONE = 3
    """Enough was read: the exchange is over now, whatever the peer still sends."""


class Sink(Interface):
    """Takes the reply of one exchange. What it raises is a bug and reaches the caller of `exchange`."""

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:
        """Take status and headers (lower-case names, repeated ones joined by `, `); never called for 1xx."""

    def on_body(self, data: bytes, at: float) -> Signal:
        """Take decoded body bytes (de-chunked, decompressed) that arrived at `at` on the monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How one origin is reached. Built once per target; equal routes may share warm connections."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    proxy: Secret | None = None
    ca_file: str | None = None
    tls_verify: bool = True
    ip_family: Literal["any", "ipv4", "ipv6"] = "any"
    address_fallback: bool = False
    reuse: bool = False


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What happened on the wire. Times are monotonic seconds; `phases` are durations in seconds."""

    started: float
    sent: float | None = None
    ended: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    """resolve, connect, tls, send, first_byte: those that happened (or in which the exchange failed)."""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    outcome: Outcome | None = None
    """None when the reply was read to its end or the sink said DONE; else dns, connect, tls, timeout_*, disconnected,
    stalled or malformed."""
    detail: str = ""
    complete: bool = False
    """The body came to its proper end (not cut short by DONE)."""
    remote_address: str | None = None
    connections_tried: int = 0
    reused: bool = False
    bytes_received: int = 0
    tls_certificate_not_after_timestamp_seconds: float | None = None


class Transport:
    """Makes exchanges; owns the resolver, the TLS contexts and the warm connections. Close it when done."""

    def __init__(self, *, clock: Clock, nameservers: tuple[str, ...] = (), max_body_bytes: int = 8 << 20) -> None:
        raise NotImplementedError

    async def exchange(
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
    ) -> Exchange:
        """Send one request and read its reply: exactly one attempt.

        Adds host, content-length and connection headers. Without `first_token_limit` only the connect,
        stall and total limits hold. Never raises for what the network or the peer did.
        """
        raise NotImplementedError

    async def close(self) -> None:
        """Close every connection and the resolver."""
        raise NotImplementedError
