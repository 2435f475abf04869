"""Draws digits as a small PNG, without a library: black on white, eight bits of grey, nothing else in it."""

import struct
import zlib
from typing import Final

WIDTH: Final = 128
HEIGHT: Final = 64
_SCALE: Final = 4
_ACROSS: Final = 6 * _SCALE
"""Pixels from one digit to the next: five of the glyph and one of space."""
_TALL: Final = 7
_WHITE: Final = b"\xff"
_BLACK: Final = b"\x00"
_GLYPHS: Final = (
    ".###. #...# #..## #.#.# ##..# #...# .###.",
    "..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.",
    ".###. #...# ....# ...#. ..#.. .#... #####",
    "##### ...#. ..#.. ...#. ....# #...# .###.",
    "...#. ..##. .#.#. #..#. ##### ...#. ...#.",
    "##### #.... ####. ....# ....# #...# .###.",
    "..##. .#... #.... ####. #...# #...# .###.",
    "##### ....# ...#. ..#.. .#... .#... .#...",
    ".###. #...# #...# .###. #...# #...# .###.",
    ".###. #...# #...# .#### ....# ...#. .##..",
)
"""Of 0 to 9: seven lines of five dots."""


def png(digits: str) -> bytes:
    """Return a PNG of `WIDTH` times `HEIGHT` pixels that shows up to five digits in one line, in its middle."""
    lines = [_line([_GLYPHS[int(digit)].split()[at] for digit in digits]) for at in range(_TALL)]
    above = (HEIGHT - _TALL * _SCALE) // 2
    blank = _WHITE * WIDTH
    rows = [blank] * above + [line for line in lines for _ in range(_SCALE)]
    rows += [blank] * (HEIGHT - len(rows))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\x00" + row for row in rows))  # each line begins with its filter: none
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _line(dots: list[str]) -> bytes:
    before = (WIDTH - len(dots) * _ACROSS + _SCALE) // 2
    drawn = b"".join((_BLACK if dot == "#" else _WHITE) * _SCALE for glyph in dots for dot in f"{glyph}.")
    return (_WHITE * before + drawn).ljust(WIDTH, _WHITE)[:WIDTH]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
