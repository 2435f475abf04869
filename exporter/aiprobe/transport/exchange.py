"""The parts of one HTTP exchange: the route, the sink that takes the reply, and the record of what happened.

Data and interfaces only; `transport.py` runs exchanges, and other rooms import these names from there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Literal
from typing import Protocol as Interface

from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Secret


class Signal(IntEnum):
    """What a sink found in the bytes that it was given."""

    MORE = 0
    """Nothing that counts, for example a keepalive: no clock changes."""
    PROGRESS = 1
    """An event: restarts the stall clock if it runs."""
    CONTENT = 2
    """Content: ends the first-token limit, and starts or restarts the stall clock."""
    DONE = 3
    """Enough was read: the exchange ends now, even if the peer sends more."""


WHOLE_SLICE_BYTES: Final = 64 * 1024
"""For a sink that only stores the body."""
EVENTS_SLICE_BYTES: Final = 1024
"""For a sink that parses events as they arrive: a thousand blank lines, or a hundred events of ten bytes, take half a
millisecond. The answer to a probe is a few slices."""

READ_BYTES: Final = 16 * 1024
"""The most that one read takes: one TLS record. After a full read, the peer is not read again in the same turn."""


class Sink(Interface):
    """Takes the reply of one exchange. An exception that it raises is a bug and reaches the caller of `exchange`."""

    slice_bytes: int
    """The most body bytes that it gets in one turn of the event loop. Read after each `on_head`."""

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:
        """Take status and headers (lower-case names, repeated ones joined by `, `); never called for 1xx."""

    def on_body(self, data: bytes, at: float) -> Signal:
        """Take decoded body bytes (de-chunked, decompressed) that arrived at `at` on the monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How to reach one origin. Built once per target; equal routes share warm connections."""

    scheme: Literal["http", "https"]
    host: str
    """A name or a literal address, IPv6 with or without brackets."""
    port: int
    proxy: Secret | None = None
    """`http[s]://[user:password@]host[:port]`, percent-encoded; secret because of the password."""
    ca_file: str | None = None
    """Trusted instead of the system's certificates."""
    tls_verify: bool = True
    ip_family: Literal["any", "ipv4", "ipv6"] = "any"
    address_fallback: bool = False
    """Try the next address when TCP does not connect; each try is counted."""
    reuse: bool = False
    """Keep the connection warm for the next exchange on an equal route."""


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What happened on the wire. Times are monotonic seconds; `phases` are durations in seconds."""

    started: float
    sent: float | None = None
    """When the kernel had the whole request, or when the reply began if that was earlier."""
    ended: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    """resolve, connect, tls, send, first_byte: those that happened, and the one in which the exchange failed."""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    outcome: Outcome | None = None
    """None when the reply was read to its end or the sink returned DONE; else dns, connect, tls, timeout_*,
    disconnected, stalled or malformed, or cancelled when the transport was closed meanwhile."""
    detail: str = ""
    """One line for people; it can quote the peer."""
    complete: bool = False
    """The body was read to its end (not ended early by DONE)."""
    remote_address: str | None = None
    """The address of the last connection: the proxy's, if there is a proxy."""
    connections_tried: int = 0
    """0 on a warm connection; above 1 only with `address_fallback`."""
    reused: bool = False
    bytes_received: int = 0
    """Bytes of the reply, with its head, after TLS."""
    tls_certificate_not_after_timestamp_seconds: float | None = None
    phase: str = ""
    """The running phase; empty from the first byte on."""
    phase_since: float = 0.0

    def enter(self, phase: str, at: float) -> None:
        """End the running phase and begin `phase` at the same moment."""
        self.leave(at)
        self.phase = phase
        self.phase_since = at

    def leave(self, at: float) -> None:
        """End the running phase, if any."""
        if self.phase:
            self.phases[self.phase] = at - self.phase_since
            self.phase = ""


class WireError(Exception):
    """An exchange failed. Raised only inside this room, which converts it to the outcome of the exchange."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
