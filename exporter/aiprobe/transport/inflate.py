"""Decodes content codings piece by piece: a slow stream is decoded as it arrives, and a bomb uses little memory.

The caller parses the decoded bytes and limits their number.
"""

import zlib
from collections.abc import Iterator
from typing import Final

CODINGS: Final = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
"""The supported content codings (RFC 9110 section 8.4.1), by the names that servers use."""
PIECE_BYTES: Final = 64 * 1024
"""The most bytes of one decoded piece, and so the most that a bomb can allocate at a time."""
_MOST_LAYERS: Final = 5
"""As in httpx 2.16."""
_MOST_MEMBERS: Final = 1000
"""Of one layer of gzip: real servers send one."""
_MOST_BYTES: Final = 16 << 20
"""Decoded by one layer; for the last one, the caller has a smaller limit."""
_GZIP: Final = 16 + zlib.MAX_WBITS
_GZIP_BEGINS: Final = b"\x1f\x8b"
_ZLIB: Final = zlib.MAX_WBITS
_BARE: Final = -zlib.MAX_WBITS


class InflateError(ValueError):
    """The compressed bytes are invalid for their content coding."""


class Inflater:
    """Decodes one layer: `gzip` (RFC 1952, also several members) or `deflate` (RFC 1950, and bare RFC 1951).

    Bytes after the compressed data are ignored: padding, or a mistake of the server.
    """

    __slots__ = ("_bytes", "_coding", "_held", "_members", "_over", "_stream", "_under")

    def __init__(self, coding: str, *, under: "Inflater | None" = None) -> None:
        """`under` decodes the outer layer before this one."""
        self._coding = CODINGS[coding]
        self._under = under
        self._stream: zlib._Decompress | None = None
        self._held = b""
        self._over = False
        self._members = self._bytes = 0

    @property
    def finished(self) -> bool:
        """Whether the compressed stream has ended, or has not begun."""
        return self._over or (not self._held if self._stream is None else self._stream.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded `data` in pieces of at most `PIECE_BYTES`, also empty ones: each is the work of one turn.

        Raises:
            InflateError: the bytes are invalid, or more than any reply has.
        """
        if self._under is None:
            yield from self._inflate(data)
            return
        for piece in self._under.feed(data):
            yield from self._inflate(piece)
            yield b""

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        data = self._held + data
        self._held = b""
        while data and not self._over:
            if self._stream is None or self._stream.eof:
                if len(data) == 1 and (self._stream is None or data == _GZIP_BEGINS[:1]):
                    self._held = data
                    return
                if self._stream is not None and not (self._coding == "gzip" and data.startswith(_GZIP_BEGINS)):
                    self._over = True
                    return
                self._stream = zlib.decompressobj(_window(self._coding, data))
                self._members += 1
            for piece in _pieces(self._stream, data):
                self._bytes += len(piece)
                if self._members > _MOST_MEMBERS or self._bytes > _MOST_BYTES:
                    raise InflateError("broken compression: far more than what was sent stands for")
                yield piece
            data = self._stream.unused_data


def inflater(codings: str) -> Inflater | None:
    """Return the decoder for a body of this `content-encoding`, or None if there is nothing to decode.

    Names outside of `CODINGS` are ignored, as httpx does: `none`, `utf-8`, `identity`, also `br`.

    Raises:
        InflateError: more layers than a real reply has.
    """
    if not codings:
        return None
    known = [name for name in (part.strip().lower() for part in codings.split(",")) if name in CODINGS]
    if len(known) > _MOST_LAYERS:
        raise InflateError(f"{len(known)} layers of compression")
    made: Inflater | None = None
    for name in reversed(known):  # the last name is the outermost layer
        made = Inflater(name, under=made)
    return made


def _window(coding: str, start: bytes) -> int:
    """Return the `wbits` for zlib; some servers send `deflate` without its wrapper."""
    if coding == "gzip":
        return _GZIP
    wrapped = start[0] & 0x0F == zlib.DEFLATED and int.from_bytes(start[:2]) % 31 == 0
    return _ZLIB if wrapped else _BARE


def _pieces(stream: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    try:
        piece = stream.decompress(data, PIECE_BYTES)
        yield piece
        while len(piece) == PIECE_BYTES:
            piece = stream.decompress(stream.unconsumed_tail, PIECE_BYTES)
            yield piece
    except zlib.error as error:
        raise InflateError(f"broken compression: {error}") from error
