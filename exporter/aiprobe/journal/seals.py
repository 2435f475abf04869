"""A seal is a SHA-256 over a commit's rows and the seal before it: a changed row no longer matches.

The hashed bytes are the 32 bytes of the seal before, followed by JSON in UTF-8 (no spaces, ASCII only, blobs in
hexadecimal). Another program can therefore check a journal. This module does not access files.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from aiprobe.journal.days import Kind

Value = None | int | float | str | bytes
Row = Sequence[Value]

GENESIS: Final = bytes(32)
"""The seal before the first one."""
MARK_BYTES: Final = 2
_GAUGE_BITS: Final = 52
"""A float represents every integer of this many bits exactly."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest seal of a kind."""

    seq: int = 0
    seal: bytes = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """The content that one seal covers."""

    kind: Kind
    day: int
    seq: int
    at_ms: int
    note: str | None
    anchor: Head | None
    rows: Sequence[tuple[str, Sequence[Row]]]
    """By table, in the order of `schema.SEALED`, with every table."""

    @property
    def counts(self) -> str:
        """Return the number of rows of each table."""
        return " ".join(str(len(rows)) for _, rows in self.rows)

    @property
    def marks(self) -> bytes:
        """Return two bytes for each row."""
        return b"".join(mark(row) for _, rows in self.rows for row in rows)


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, default=bytes.hex)


def canonical(value: object) -> bytes:
    """Return the bytes that are hashed."""
    return _ENCODER.encode(value).encode()


def mark(row: Row) -> bytes:
    """Return a short hash of a row, to find the changed row among those of a commit."""
    return sha256(canonical(row)).digest()[:MARK_BYTES]


def seal(commit: Commit, previous: bytes, *, marks: bytes) -> bytes:
    """Return the 32 bytes of a commit's seal."""
    anchor = commit.anchor
    head = [commit.kind, commit.day, commit.seq, commit.at_ms, commit.note, commit.counts, marks]
    head += [None, None] if anchor is None else [anchor.seq, anchor.seal]
    digest = sha256(previous)
    digest.update(canonical(head))
    for table, rows in commit.rows:
        digest.update(canonical([table, rows]))
    return digest.digest()


def gauge(value: bytes) -> int:
    """Return the first 52 bits of a seal: a metric's value represents them exactly."""
    return int.from_bytes(value[:8], "big") >> (64 - _GAUGE_BITS)
