"""Reads the digits of a picture in a request, as a model that can see does; counts tokens as the most expensive one.

A PNG is decoded, cut where columns are blank, and each piece compared with a typeface of its own.
"""

import binascii
import struct
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from aiprobe_simulator.wire.base import BadCall, Json, Trouble

_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "anthropic-messages": ("source", "data"),
    "openai-chat": ("image_url", "url"),
    "openai-responses": ("image_url",),
    "gemini": ("inlineData", "data"),
    "bedrock-converse": ("image", "source", "bytes"),
    "cohere-chat": ("image_url", "url"),
    "ollama-chat": ("images", "0"),
}
"""By protocol, where a block of a message has its picture."""
_TOKENS: Final[Mapping[str, int]] = {
    "openai-chat": 2_833,  # gpt-4o-mini in low detail
    "openai-responses": 2_833,
    "gemini": 1_120,  # Gemini 3
    "bedrock-converse": 800,  # Nova, at 1:2
    "cohere-chat": 1_610,
    "ollama-chat": 576,  # LLaVA
}
"""Of one small picture; of Claude by its area."""
_CLAUDE_PATCH: Final = 28
_DATA_URL: Final = "data:image/png;base64,"
_URL_SAFE: Final = str.maketrans("-_", "+/")
"""Google takes both alphabets, and its SDK sends this one."""
_MOST_PIXELS: Final = 1 << 20
_DARK: Final = 128
_FACES: Final = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "010 110 010 010 010 010 111",
    "2": "01110 10001 00001 00010 00100 01000 11111",
    "3": "11111 00010 00100 00010 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
}
Rows = Sequence[Sequence[bool]]
"""Which pixels are dark."""


def seen(wire: str, body: Json) -> tuple[str, int]:
    """Return the digits of the first picture of a request, and its tokens; nothing without one.

    Raises `BadCall` for a picture that cannot be read.
    """
    given = next(_pictures(body, _PLACES.get(wire, ())), None)
    if given is None:
        return "", 0
    try:
        rows = _decoded(b64decode(given.removeprefix(_DATA_URL).translate(_URL_SAFE), validate=True))
    except (ValueError, zlib.error, struct.error, binascii.Error):
        raise BadCall(Trouble.BAD_REQUEST, "the picture cannot be decoded") from None
    patches = -(-len(rows[0]) // _CLAUDE_PATCH) * -(-len(rows) // _CLAUDE_PATCH)
    return "".join(_digit(piece) for piece in _pieces(rows)), _TOKENS.get(wire, patches)


def _pictures(found: object, place: tuple[str, ...]) -> Iterator[str]:
    """Yield the pictures of all blocks below `found`."""
    if isinstance(found, list):
        for each in found:
            yield from _pictures(each, place)
    elif isinstance(found, dict) and place:
        inner: object = found
        for name in place:
            if isinstance(inner, list):
                inner = inner[0] if inner else None
            else:
                inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, str):
            yield inner
        else:
            for each in found.values():
                yield from _pictures(each, place)


def _decoded(data: bytes) -> Rows:
    """Return the pixels of a PNG of eight bits of grey without filters. Raises ValueError for any other."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("not a PNG")
    at, chunks = 8, dict[bytes, bytes]()
    while at < len(data):
        (size,), kind = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + size]
        if struct.unpack_from(">I", data, at + 8 + size) != (zlib.crc32(kind + content),):
            raise ValueError("a checksum is wrong")
        chunks[kind] = chunks.get(kind, b"") + content
        at += 12 + size
    width, height, *form = struct.unpack(">IIBBBBB", chunks.get(b"IHDR", b""))
    if form != [8, 0, 0, 0, 0] or not 0 < width * height <= _MOST_PIXELS or b"IEND" not in chunks:
        raise ValueError("of another form")
    pixels = zlib.decompressobj().decompress(chunks.get(b"IDAT", b""), (width + 1) * height)
    rows = [pixels[at : at + width + 1] for at in range(0, len(pixels), width + 1)]
    if len(pixels) != (width + 1) * height or any(row[0] for row in rows):
        raise ValueError("too short, or filtered")
    return [[pixel < _DARK for pixel in row[1:]] for row in rows]


def _pieces(rows: Rows) -> Iterator[Rows]:
    """Yield what is between blank columns, without the blank lines around it."""
    columns = list(zip(*rows, strict=True))
    for dark, group in groupby(columns, key=any):
        if dark:
            lines = list(zip(*group, strict=True))
            marked = [at for at, line in enumerate(lines) if any(line)]
            yield lines[marked[0] : marked[-1] + 1]


def _digit(piece: Rows) -> str:
    return min(_FACES, key=lambda digit: _difference(piece, _FACES[digit].split()))


def _difference(piece: Rows, face: Sequence[str]) -> float:
    """Return how much a piece differs from a face that is stretched over it, its proportions included."""
    high, wide = len(face), len(face[0])
    other = sum(
        piece[(2 * y + 1) * len(piece) // (2 * high)][(2 * x + 1) * len(piece[0]) // (2 * wide)] != (face[y][x] == "1")
        for y in range(high)
        for x in range(wide)
    )
    return other / (high * wide) + abs(len(piece[0]) / len(piece) - wide / high)
