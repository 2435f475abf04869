"""Content codings undone piece by piece, so that neither a slow stream waits nor a bomb grows.

What the decoded bytes mean, and how many of them are allowed, is the caller's business.
"""

import zlib
from collections.abc import Iterator
from typing import Final

CODINGS: Final = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
"""The content codings that can be undone (RFC 9110 section 8.4.1), by the names that servers use."""
PIECE_BYTES: Final = 64 * 1024
"""The most that one decoded piece holds, and so the most that a bomb can make us allocate at a time."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_ZLIB: Final = zlib.MAX_WBITS
_BARE: Final = -zlib.MAX_WBITS


class InflateError(ValueError):
    """The compressed bytes are not what their content coding says."""


class Inflater:
    """Decodes one body: `gzip` (RFC 1952, also several members) or `deflate` (RFC 1950, and bare RFC 1951)."""

    __slots__ = ("_coding", "_held", "_stream")

    def __init__(self, coding: str) -> None:
        self._coding = CODINGS[coding]
        self._stream: zlib._Decompress | None = None
        self._held = b""

    @property
    def finished(self) -> bool:
        """Whether the compressed stream came to its end, or never began."""
        return not self._held and (self._stream is None or self._stream.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield all that `data` decodes to, in pieces of at most `PIECE_BYTES`.

        Raises:
            InflateError: the bytes are broken, or go on after the end of the stream.
        """
        data = self._held + data
        self._held = b""
        while data:
            if self._stream is None or self._stream.eof:
                if self._stream is not None and self._coding != "gzip":
                    raise InflateError("bytes after the end of the compressed body")
                if len(data) == 1:
                    self._held = data
                    return
                self._stream = zlib.decompressobj(_window(self._coding, data))
            yield from _pieces(self._stream, data)
            data = self._stream.unused_data


def _window(coding: str, start: bytes) -> int:
    """Tell zlib which wrapper to expect; `deflate` comes with one and, from some servers, without."""
    if coding == "gzip":
        return _GZIP
    wrapped = start[0] & 0x0F == zlib.DEFLATED and int.from_bytes(start[:2]) % 31 == 0
    return _ZLIB if wrapped else _BARE


def _pieces(stream: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    try:
        piece = stream.decompress(data, PIECE_BYTES)
        while piece:
            yield piece
            if len(piece) < PIECE_BYTES:
                break
            piece = stream.decompress(stream.unconsumed_tail, PIECE_BYTES)
    except zlib.error as error:
        raise InflateError(f"broken compression: {error}") from error
