"""Amazon's binary event stream, cut anywhere: bytes in, frames out, both checksums of every frame checked.

Layout (application/vnd.amazon.eventstream, big endian): total length, headers length, CRC-32 of those eight bytes,
headers, payload, CRC-32 of everything before it. What a frame means belongs to the protocols.
"""

import struct
from binascii import crc32
from collections.abc import Mapping
from typing import Final, NamedTuple

from aiprobe.protocols.jsonvalues import UnreadableError
from aiprobe.protocols.sse import MAX_EVENT_BYTES

_PRELUDE: Final = struct.Struct("!III")
_CRC: Final = struct.Struct("!I")
_OVERHEAD: Final = _PRELUDE.size + _CRC.size
_MAX_HEADER_BYTES: Final = 128 * 1024
"""As the service promises; payloads may be 24 MiB there, and are bounded as every protocol's events are here."""
_STRING: Final = 7
_BYTES: Final = 6
_FIXED_SIZES: Final[Mapping[int, int]] = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of the value by type: true, false, byte, short, int, long, timestamp, uuid."""


class EventFrame(NamedTuple):
    """One whole frame whose checksums are right."""

    headers: Mapping[str, str]
    """Only those whose value is a string; nothing that is read has another type."""
    payload: bytes


class EventStreamParser:
    """Cuts a byte stream into frames. After `broken` is set to a reason, it returns no more."""

    __slots__ = ("_held", "_length", "broken")

    def __init__(self) -> None:
        self._held = bytearray()
        self._length: int | None = None
        """Of the frame that is arriving, once its prelude was right."""
        self.broken = ""

    def feed(self, data: bytes) -> list[EventFrame]:
        """Take the next bytes; return the frames that they completed."""
        frames: list[EventFrame] = []
        if self.broken:
            return frames
        self._held += data
        try:
            while (frame := self._next()) is not None:
                frames.append(frame)
        except UnreadableError as problem:
            self.broken = str(problem)
            self._held.clear()
        return frames

    def _next(self) -> EventFrame | None:
        if self._length is None:
            if len(self._held) < _PRELUDE.size:
                return None
            self._length = _checked_length(self._held)
        if len(self._held) < self._length:
            return None
        frame = bytes(self._held[: self._length])
        del self._held[: self._length]
        self._length = None
        body, (checksum,) = frame[: -_CRC.size], _CRC.unpack(frame[-_CRC.size :])
        if crc32(body) != checksum:
            raise UnreadableError("an event whose checksum is wrong")
        headers_end = _PRELUDE.size + _PRELUDE.unpack_from(frame)[1]
        return EventFrame(_headers(body[_PRELUDE.size : headers_end]), body[headers_end:])


def _checked_length(held: bytearray) -> int:
    """Return the length in a prelude. It is checked first: the rest of a false length would never arrive."""
    total, headers, checksum = _PRELUDE.unpack_from(held)
    if crc32(held[: _PRELUDE.size - _CRC.size]) != checksum:
        raise UnreadableError("an event whose prelude has a wrong checksum")
    if total < _OVERHEAD + headers or headers > _MAX_HEADER_BYTES:
        raise UnreadableError("an event whose lengths contradict one another")
    if total > MAX_EVENT_BYTES:
        raise UnreadableError(f"an event of more than {MAX_EVENT_BYTES} bytes")
    return int(total)


def _headers(data: bytes) -> dict[str, str]:
    """Read `name length, name, type, value` again and again."""
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            name_end = at + 1 + data[at]
            kind = data[name_end]
            start, end = _value_span(data, name_end + 1, kind)
            if end > len(data):
                raise UnreadableError("an event header that is cut short")
            if kind == _STRING:
                found[data[at + 1 : name_end].decode()] = data[start:end].decode()
            at = end
    except (IndexError, struct.error):
        raise UnreadableError("an event header that is cut short") from None
    except UnicodeDecodeError:
        raise UnreadableError("an event header that is not UTF-8") from None
    return found


def _value_span(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """Return where the value of a header begins and ends."""
    if kind in {_STRING, _BYTES}:
        (length,) = struct.unpack_from("!H", data, at)
        return at + 2, at + 2 + length
    if kind not in _FIXED_SIZES:
        raise UnreadableError("an event header of an unknown type")
    return at, at + _FIXED_SIZES[kind]
