"""What one HTTP exchange is made of: the route, the sink that takes the reply, and the record of what happened.

Data and interfaces only; `transport.py` makes exchanges and is where other rooms import these names from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Literal
from typing import Protocol as Interface

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


WHOLE_SLICE_BYTES: Final = 64 * 1024
"""For a sink that only keeps what it gets."""
EVENTS_SLICE_BYTES: Final = 2 * 1024
"""For a sink that reads events as they come: a thousand blank lines, or two hundred events of ten bytes, are under a
millisecond of work. The answer to a probe is several slices at the most."""


class Sink(Interface):
    """Takes the reply of one exchange. What it raises is a bug and reaches the caller of `exchange`."""

    slice_bytes: int
    """The most of a body that it is given in one turn of the event loop. Asked for after each `on_head`."""

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:
        """Take status and headers (lower-case names, repeated ones joined by `, `); never called for 1xx."""

    def on_body(self, data: bytes, at: float) -> Signal:
        """Take decoded body bytes (de-chunked, decompressed) that arrived at `at` on the monotonic clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How one origin is reached. Built once per target; equal routes may share warm connections."""

    scheme: Literal["http", "https"]
    host: str
    """A name or a literal address, IPv6 with or without brackets."""
    port: int
    proxy: Secret | None = None
    """`http[s]://[user:password@]host[:port]`, percent-encoded; secret because of the password."""
    ca_file: str | None = None
    """Trusted in place of the system's certificates."""
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
    """When the request had been handed to the kernel, or the reply began if that came first."""
    ended: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)
    """resolve, connect, tls, send, first_byte: those that happened (or in which the exchange failed), contiguous."""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    outcome: Outcome | None = None
    """None when the reply was read to its end or the sink said DONE; else dns, connect, tls, timeout_*, disconnected,
    stalled or malformed, or cancelled when the transport was closed meanwhile."""
    detail: str = ""
    """One line for people; may quote the peer."""
    complete: bool = False
    """The body came to its proper end (not cut short by DONE)."""
    remote_address: str | None = None
    """The address connected to last: the proxy's, where there is one."""
    connections_tried: int = 0
    """0 on a warm connection; above 1 only with `address_fallback`."""
    reused: bool = False
    bytes_received: int = 0
    """Bytes of the reply, heads included, as they came out of TCP or TLS."""
    tls_certificate_not_after_timestamp_seconds: float | None = None
    phase: str = ""
    """The phase that is running now; empty from the first byte on."""
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
    """How an exchange failed: raised inside this room only, and turned into the exchange's outcome."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
