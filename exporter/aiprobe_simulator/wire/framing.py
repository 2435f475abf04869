"""How the events of a stream are separated on the wire: server-sent events, a JSON document a line, Amazon's frames.

A wire defines the content of its events; what goes wrong between them is the same for all and is defined here.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from zlib import crc32

_STRING: Final = 7
"""The type of a header's value in Amazon's frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """One way to separate events, and its broken forms."""

    content_type: str
    keepalive: bytes
    """What may come for ever without being content."""
    garbage: bytes
    """An event that is framed rightly and holds broken JSON."""
    oversize: Callable[[int], tuple[bytes, bytes]]
    """What stands before and after so many bytes of filler, so that all of it is one event."""


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return one frame of Amazon's event stream, with both checksums."""
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack("!I", crc32(prelude)) + head + payload
    return body + struct.pack("!I", crc32(body))


def event_frame(name: str, payload: bytes) -> bytes:
    """Return the frame of one event."""
    return frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


def _header(name: str, value: str) -> bytes:
    data = value.encode()
    return bytes([len(name)]) + name.encode() + bytes([_STRING]) + struct.pack("!H", len(data)) + data


def _oversize_frame(size: int) -> tuple[bytes, bytes]:
    prelude = struct.pack("!II", 16 + size, 0)
    start = prelude + struct.pack("!I", crc32(prelude))
    checksum = crc32(start)
    for at in range(0, size, 1 << 16):
        checksum = crc32(b"a" * min(1 << 16, size - at), checksum)
    return start, struct.pack("!I", checksum)


SSE: Final = Framing(
    content_type="text/event-stream; charset=utf-8",
    keepalive=b": keep-alive\n\n",
    garbage=b'data: {"broken": tru, "choices": [{\n\n',
    oversize=lambda _: (b'data: {"padding":"', b'"}\n\n'),
)
LINES: Final = Framing(
    content_type="application/x-ndjson",
    keepalive=b"\n",
    garbage=b'{"broken": tru, "message": {\n',
    oversize=lambda _: (b'{"padding":"', b'"}\n'),
)
FRAMES: Final = Framing(
    content_type="application/vnd.amazon.eventstream",
    keepalive=event_frame("keepAlive", b"{}"),
    garbage=event_frame("contentBlockDelta", b'{"delta": {"text": tru'),
    oversize=_oversize_frame,
)
_OTHERS: Final[Mapping[str, Framing]] = {"bedrock-converse": FRAMES, "ollama-chat": LINES}


def framing_of(wire: str) -> Framing:
    """Return how the wire of that name frames its streams."""
    return _OTHERS.get(wire, SSE)
