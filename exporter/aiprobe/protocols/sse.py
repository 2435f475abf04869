"""Server-sent events, cut anywhere: bytes in, frames out (WHATWG HTML, section 9.2.6).

It is on the hot path of every streaming probe, so it works on whole lines and never byte by byte. What a frame
means belongs to the protocols; the size of the whole body is bounded by the transport.
"""

import re
from typing import Final, NamedTuple

MAX_EVENT_BYTES: Final = 1 << 20
_BOM: Final = b"\xef\xbb\xbf"
_UNKNOWN_FIELD: Final = re.compile(rb"[A-Za-z][\w-]*(?::|$)")
"""Lines that the standard requires readers to ignore. A line of another shape belongs to no event stream."""


class Frame(NamedTuple):
    """One dispatched event, or one line that belongs to none (`bare`). A tuple because it is made for every token."""

    event: bytes
    """The name, empty when none was given."""
    data: bytes
    """The data lines, joined by newlines; never empty."""
    bare: bool = False


class FrameParser:
    """Cuts a byte stream into frames. Comments, `id`, `retry` and empty events make none."""

    __slots__ = (
        "_data",
        "_event",
        "_held",
        "_held_bytes",
        "_max_bytes",
        "_size",
        "_skip_newline",
        "_started",
        "oversized",
    )

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_event_bytes
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._data: list[bytes] = []
        self._size = 0
        self._event = b""
        self._started = False
        self._skip_newline = False
        self.oversized = False
        """An event passed the limit; nothing more will come."""

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames that they completed."""
        if b"\r" in data or self._skip_newline:
            data = self._with_newlines(data)
        frames: list[Frame] = []
        if self.oversized or not data:
            return frames
        if self.is_one_event(data):
            self._started = True
            return [Frame(b"", data[6:-2])]
        if b"\n" not in data:
            self._hold(data)
            return frames
        if self._held:
            data = b"".join((*self._held, data))
            self._held.clear()
            self._held_bytes = 0
        lines = data.split(b"\n")
        rest = lines.pop()
        for line in lines:
            self._take(line, frames)
        self._hold(rest)
        return frames

    def close(self) -> list[Frame]:
        """Take the end of the stream; return the last frame if its blank line is missing."""
        frames: list[Frame] = []
        line = b"".join(self._held)
        self._held.clear()
        if self.oversized:
            return frames
        if line:
            self._take(line, frames)
        self._dispatch(frames)
        return frames

    def is_one_event(self, data: bytes) -> bool:
        """Return whether `data` is one event of one line and nothing else: the usual case, met for every token."""
        size = len(data)
        return (
            data[:7] == b"data: {"
            and data[-2:] == b"\n\n"
            and data.find(b"\n") == size - 2
            and not (self._held or self._data or self._event)
            and size <= self._max_bytes
        )

    def _with_newlines(self, data: bytes) -> bytes:
        """Turn CR and CRLF into LF. A CR ends its line at once; an LF that begins the next bytes is its other half."""
        if self._skip_newline and data:
            self._skip_newline = False
            if data[0] == 0x0A:
                data = data[1:]
        if b"\r" in data:
            self._skip_newline = data[-1] == 0x0D
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return data

    def _hold(self, data: bytes) -> None:
        if data:
            self._held.append(data)
            self._held_bytes += len(data)
            self._bound(self._size + self._held_bytes)

    def _bound(self, size: int) -> None:
        if size > self._max_bytes:
            self.oversized = True
            self._held.clear()
            self._data.clear()

    def _take(self, line: bytes, frames: list[Frame]) -> None:
        if not self._started:
            self._started = True
            line = line.removeprefix(_BOM)
        if not line:
            self._dispatch(frames)
        elif line.startswith(b"data:") or line == b"data":
            self._size += len(line)
            self._bound(self._size)
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        elif line.startswith(b"event:"):
            self._event = line[6:].strip()
        elif line[:6].lower() == b"error:":  # llama.cpp until September 2025
            frames.append(Frame(b"error", line[6:].strip() or b"error"))
        elif line[0] == 0x3A or line.startswith((b"id:", b"retry:")):
            pass
        elif not _UNKNOWN_FIELD.match(line) and line.strip():
            self._bound(len(line))
            if not self.oversized:
                frames.append(Frame(b"", line, bare=True))

    def _dispatch(self, frames: list[Frame]) -> None:
        if self._data and not self.oversized:
            data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
            if data and not data.isspace():
                frames.append(Frame(self._event, data))
        self._data.clear()
        self._size = 0
        self._event = b""
