"""How a reply goes wrong while it is sent: parts go in, the parts that are really sent come out, and how it ends.

Pure generators, so that every broken stream can be read in a test without a socket.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import repeat
from typing import Final

from aiprobe_simulator.faults import Value
from aiprobe_simulator.wire.base import Part
from aiprobe_simulator.wire.framing import SSE, Framing

SLICE_BYTES: Final = 65_536
"""How much of an oversize reply exists at once."""


class Ending(Enum):
    """How the sending stops, other than by the proper end of the body."""

    HANG = "hang"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Flood:
    """Bytes that are sent as fast as they are taken, with no regard to tokens and gaps."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Seconds of silence."""

    seconds: float


Step = Part | Flood | Pause | Ending


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The reply as it should be, and what a fault needs to know about it."""

    parts: Iterator[Part]
    half: int
    """Parts with a token after which a fault in the middle strikes."""
    streamed: bool
    error: Callable[[int], bytes]
    """The bytes of an error inside the reply after so many parts; of a whole reply, all of its body."""
    params: Mapping[str, Value]
    framing: Framing = SSE


Take = Callable[[Script], Iterator[Step]]


def _until_half(script: Script) -> Iterator[Part]:
    seen = 0
    for part in script.parts:
        if part.kind == "close":
            return
        yield part
        seen += part.kind in {"text", "reasoning"}
        if seen >= script.half:
            return


def _opening(script: Script) -> Iterator[Part]:
    for part in script.parts:
        if part.kind != "open":
            return
        yield part


def _stall_before(script: Script) -> Iterator[Step]:
    yield from _opening(script)
    yield Ending.HANG


def _stall(script: Script) -> Iterator[Step]:
    yield from _until_half(script)
    yield Ending.HANG


def _keepalives(script: Script) -> Iterator[Step]:
    for _ in repeat(None):
        yield Flood(script.framing.keepalive)
        yield Pause(float(script.params["gap_seconds"]))


def _truncated(script: Script) -> Iterator[Step]:
    return _until_half(script)


def _cut(script: Script) -> Iterator[Step]:
    yield from _until_half(script)
    yield Ending.CLOSE


def _reset(script: Script) -> Iterator[Step]:
    yield from _until_half(script)
    yield Ending.RESET


def _garbage(script: Script) -> Iterator[Step]:
    yield from _until_half(script)
    if not script.streamed:
        yield Flood(b'}{"broken": tru')
        return
    yield Flood(script.framing.garbage)
    yield from script.parts


def _oversize_event(script: Script) -> Iterator[Step]:
    yield from _until_half(script)
    size = int(script.params["bytes"])
    before, after = script.framing.oversize(size)
    yield Flood(before)
    yield from _filler(size)
    yield Flood(after)
    yield from script.parts


def _oversize_body(script: Script) -> Iterator[Step]:
    last = b""
    for part in _until_half(script):
        yield part
        last = part.data
    size = int(script.params["bytes"])
    if not script.streamed:
        yield from _filler(size)
        return
    again = last * max(1, SLICE_BYTES // max(1, len(last)))
    for _ in range(-(-size // max(1, len(again)))):
        yield Flood(again)
    yield from script.parts


def _endless(script: Script) -> Iterator[Step]:
    last = b""
    for part in _until_half(script):
        yield part
        last = part.data
    for _ in repeat(None):
        yield Pause(float(script.params["gap_seconds"]))
        yield Flood(last if script.streamed else b"0")


def _error_inside(script: Script) -> Iterator[Step]:
    sent = 0
    if script.streamed:
        for part in _until_half(script):
            yield part
            sent += 1
    yield Flood(script.error(sent))


def _error_at_start(script: Script) -> Iterator[Step]:
    yield Flood(script.error(0))


def _filler(size: int) -> Iterator[Step]:
    for at in range(0, size, SLICE_BYTES):
        yield Flood(b"a" * min(SLICE_BYTES, size - at))


TAKES: Final[Mapping[str, Take]] = {
    "stall_before_first_token": _stall_before,
    "stall": _stall,
    "keepalives_only": _keepalives,
    "truncated": _truncated,
    "cut": _cut,
    "reset": _reset,
    "garbage_json": _garbage,
    "oversize_event": _oversize_event,
    "oversize_body": _oversize_body,
    "endless": _endless,
    "overloaded_in_stream": _error_inside,
    "error_in_stream": _error_inside,
    "quota_in_stream": _error_inside,
    "rate_limited_in_stream": _error_inside,
    "overloaded_at_start": _error_at_start,
}
"""Every fault of the stage `stream`."""


def steps(script: Script, fault: str | None) -> Iterator[Step]:
    """Return what is really sent: the reply as it should be, or what the fault makes of it."""
    take = TAKES.get(fault or "")
    return take(script) if take else script.parts
