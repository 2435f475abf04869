"""The three framings of the body of an HTTP/1.1 reply (RFC 9112 section 6.3): bytes in, body out.

`framing.py` limits total sizes; a chunked body limits its own lines and the work of one call.
"""

import re
from typing import Final

from aiprobe.transport.exchange import WireError
from aiprobe.transport.head import MAX_HEAD_BYTES, broken, read_headers, split_head

CHUNKS_A_CALL: Final = 256
"""The most chunks that one call of `Chunked.feed` reads: a reply of one-byte chunks would block the event loop."""
_MAX_LINE_BYTES: Final = 16 * 1024
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;.*)?[ \t]*")
"""As in h11 0.16: an extension may follow, and blanks, which some servers send."""
_ONE_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,20})\r\n(.*)\r\n", re.DOTALL)
"""One whole chunk whose size line contains only the size; the caller compares the size."""


class Sized:
    """A body of a known length."""

    __slots__ = ("_left", "done", "more", "rest")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = length == 0
        """The body is complete."""
        self.more = False
        """Another call would return more of the bytes that were fed already."""
        self.rest = b""
        """The bytes after the body."""

    def feed(self, data: bytes) -> bytes:
        """Return the body in the next bytes."""
        if len(data) > self._left:
            data, self.rest = data[: self._left], self.rest + data[self._left :]
        self._left -= len(data)
        self.done = self._left == 0
        return data


class Closed:
    """A body that ends with the connection."""

    __slots__ = ("done", "more", "rest")

    def __init__(self) -> None:
        self.done = self.more = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Return the body in the next bytes: all of them."""
        return data


class Chunked:
    """A body in chunks, with trailers."""

    __slots__ = ("_fault", "_footer", "_held", "_left", "_trailers", "done", "more", "rest")

    def __init__(self) -> None:
        self.done = self.more = False
        self.rest = b""
        self._held = b""
        self._fault: WireError | None = None
        """The error after the bytes that the last call returned."""
        self._left = 0
        """Missing bytes of the current chunk."""
        self._footer = False
        """The line end after a chunk comes next."""
        self._trailers = False

    def feed(self, data: bytes) -> bytes:
        """Return the body in the next bytes, of at most `CHUNKS_A_CALL` chunks; `more` is true if some are left.

        Raises:
            WireError: `malformed`. An earlier call returned the body before the error.
        """
        if self._fault is not None:
            raise self._fault
        if not (self._held or self._left or self._footer or self._trailers):
            found = _ONE_CHUNK.fullmatch(data)  # as each event of most streams arrives
            if found is not None and int(found[1], 16) == len(found[2]) > 0:
                return found[2]
        searched = len(self._held)
        data = self._held + data if self._held else data
        pieces: list[bytes] = []
        at = 0
        self.more = False
        try:
            if self._trailers:
                self._end(data, searched)
                return b""
            while at < len(data) and not self._trailers:
                if len(pieces) >= CHUNKS_A_CALL:
                    self.more = True
                    break
                if self._left:
                    piece = data[at : at + self._left]
                    pieces.append(piece)
                    at += len(piece)
                    self._left -= len(piece)
                    self._footer = True
                elif (after := self._line(data, at)) is not None:
                    at = after
                else:
                    break
        except WireError as fault:
            if not pieces:
                raise
            self._fault = fault
            self.more = True
        if not self._trailers:
            self._held = data[at:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _line(self, data: bytes, at: int) -> int | None:
        """Read the line between two chunks, from `at` on; return the start of the next chunk's bytes."""
        if self._footer:
            if data[at : at + 2] != b"\r\n":
                if data[at:] == b"\r":
                    return None
                raise broken("a chunk is longer than its size line states")
            at += 2
            self._footer = False
            return at
        end = data.find(b"\r\n", at)
        if end < 0:
            if len(data) - at > _MAX_LINE_BYTES:
                raise broken(f"a chunk's line is over the limit of {_MAX_LINE_BYTES} bytes")
            return None
        found = _CHUNK.fullmatch(data, at, end)
        if found is None:
            raise broken("no size where a chunk begins")
        self._left = int(found[1], 16)
        if not self._left:
            self._trailers = True
            self._held = data[end + 2 :]
            self._end(self._held)
        return end + 2

    def _end(self, data: bytes, searched: int = 0) -> None:
        """Read trailers, up to the blank line that ends the body."""
        found = split_head(data, searched)
        if found is None:
            self._held = data
            if len(data) > MAX_HEAD_BYTES:
                raise broken(f"the trailers are over the limit of {MAX_HEAD_BYTES} bytes")
            return
        lines, self.rest = found
        read_headers(lines)
        self._held = b""
        self.done = True


Body = Sized | Closed | Chunked
