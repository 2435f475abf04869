"""Checks one file of the journal: compares each commit's rows with its seal, oldest first."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiprobe.journal.days import SECONDS_PER_DAY, DayFile, Kind
from aiprobe.journal.schema import SEALED
from aiprobe.journal.seals import MARK_BYTES, Commit, Head, Row, mark, seal

_SEALS: Final = "SELECT seq, at_ms, counts, marks, note, anchor_seq, anchor, previous, seal FROM seal ORDER BY seq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the journal, and the finding there."""

    file: str
    what: str
    table: str = ""
    row: int | None = None
    """The row's id, or the seal's number."""
    timestamp_seconds: float | None = None
    """Unix time of the probe or hour in the row, else of the commit, else of the beginning of the day."""
    kind: Kind | None = None

    @classmethod
    def of(
        cls, file: DayFile, what: str, table: str = "", row: int | None = None, timestamp_seconds: float | None = None
    ) -> "Place":
        """Return a place in a file of the journal."""
        at = file.day * float(SECONDS_PER_DAY) if timestamp_seconds is None else timestamp_seconds
        return cls(file=file.name, what=what, table=table, row=row, timestamp_seconds=at, kind=file.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A commit that was read, and its fault, if any."""

    seq: int
    timestamp_seconds: float
    seal: bytes
    previous: bytes | None
    """The seal before, if it is in another file."""
    note: str | None
    anchor: Head | None
    rows: int
    fault: Place | None = None

    def at(self, file: DayFile, what: str) -> Place:
        """Return the place of this commit's seal."""
        return Place.of(file, what, "seal", self.seq, self.timestamp_seconds)


class SealedFile:
    """Reads a file once, from its first commit to its last."""

    def __init__(self, connection: sqlite3.Connection, file: DayFile) -> None:
        self._file = file
        self._connection = connection
        self._tables = SEALED[file.kind]
        self._cursors = {
            table: connection.execute(f"SELECT {','.join(columns)} FROM {table} ORDER BY id")  # noqa: S608 - ours
            for table, columns in self._tables.items()
        }
        self._last_ids = dict.fromkeys(self._tables, 0)

    def check(self) -> Iterator[Found]:
        """Yield each commit, up to the first one with a fault. Raises: sqlite3.Error, ValueError."""
        last: tuple[int, bytes] | None = None
        stamp = None
        for seq, at_ms, counts, marks, note, anchor_seq, anchor, previous, value in self._connection.execute(_SEALS):
            stamp = at_ms / 1000
            found = Found(
                seq=seq,
                timestamp_seconds=stamp,
                seal=bytes(value),
                previous=previous,
                note=note,
                anchor=None if anchor_seq is None else Head(anchor_seq, bytes(anchor)),
                rows=sum(map(int, counts.split())),
            )
            before = previous if previous is not None else last[1] if last and last[0] == seq - 1 else None
            fault = self._check_commit(found, at_ms, counts, marks, before)
            if fault is not None:
                yield replace(found, fault=fault)
                return
            last = seq, found.seal
            yield found
        for table, cursor in self._cursors.items():
            for row in cursor:
                place = Place.of(self._file, "a row without a seal: it was inserted", table, row[0],
                                 self._time(table, row, stamp))  # fmt: skip
                yield Found(seq=last[0] if last else 0, timestamp_seconds=stamp or 0.0, seal=b"", previous=None,
                            note=None, anchor=None, rows=0, fault=place)  # fmt: skip
                return

    def _check_commit(self, found: Found, at_ms: int, counts: str, marks: bytes, before: bytes | None) -> Place | None:
        if before is None:
            return found.at(self._file, "the seal before is missing: commits were removed")
        numbers = list(map(int, counts.split()))
        rows: list[tuple[str, Sequence[Row]]] = []
        for (table, cursor), count in zip(self._cursors.items(), numbers, strict=True):
            got = cursor.fetchmany(count) if count else []
            expected = self._last_ids[table]
            for row in got:
                expected += 1
                if row[0] != expected:
                    return self._missing(table, expected, found)
            if len(got) < count:
                return self._missing(table, expected + 1, found)
            self._last_ids[table] = expected
            rows.append((table, got))
        commit = Commit(
            kind=self._file.kind,
            day=self._file.day,
            seq=found.seq,
            at_ms=at_ms,
            note=found.note,
            anchor=found.anchor,
            rows=rows,
        )
        if seal(commit, before, marks=marks) == found.seal:
            return None
        return self._changed(commit, marks, found)

    def _missing(self, table: str, row: int, found: Found) -> Place:
        return Place.of(self._file, "a row was removed", table, row, found.timestamp_seconds)

    def _changed(self, commit: Commit, marks: bytes, found: Found) -> Place:
        """Find the changed row of a commit that does not match its seal."""
        at = 0
        for table, rows in commit.rows:
            for row in rows:
                if mark(row) != marks[at : at + MARK_BYTES]:
                    number = row[0]
                    assert isinstance(number, int)
                    when = self._time(table, row, found.timestamp_seconds)
                    return Place.of(self._file, "a row was changed", table, number, when)
                at += MARK_BYTES
        return found.at(self._file, "the seal does not match its rows: it was replaced")

    def _time(self, table: str, row: Row, otherwise: float | None) -> float | None:
        """Return the time of the probe or hour in a row."""
        value = row[1]
        if not isinstance(value, int | float):
            return otherwise
        if table == "ok":
            return self._file.day * SECONDS_PER_DAY + value / 1000
        return value * 3600.0 if table in {"hour", "tick", "fold"} else float(value) if table == "failed" else otherwise
