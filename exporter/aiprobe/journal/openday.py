"""One day's file, open for writing: numbers its rows, seals each commit, and writes each commit whole or not at all.

`store` decides which rows go into which file, and what to do if the disk fails.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiprobe.journal import schema
from aiprobe.journal.days import DayFile
from aiprobe.journal.seals import Commit, Head, Row, Value, seal

Term = Callable[[str, str], int]
"""Returns the number of a text of a kind in the file, or gives it a new number."""
Rows = Mapping[str, Sequence[Sequence[Value]]]
"""By table, without ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The time, note and anchor of a commit."""

    at_ms: int
    note: str | None = None
    anchor: Head | None = None


class OpenDay:
    """Owns the connection of one file; belongs to the thread that created it. Raises sqlite3.Error and OSError."""

    def __init__(self, directory: Path, file: DayFile, *, check: bool) -> None:
        self.file = file
        self.path = directory / file.name
        self._tables = schema.SEALED[file.kind]
        self._connection = schema.open_for_writing(self.path, file.kind, check=check)
        try:
            self._inode = self.path.stat().st_ino
            self._read()
        except BaseException:
            self._connection.close()
            raise

    def _read(self) -> None:
        self._terms = {
            (kind, value): number
            for number, kind, value in self._connection.execute("SELECT id, kind, value FROM term")
        }
        self._last_ids: dict[str, int] = {
            table: self._connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]  # noqa: S608 - ours
            for table in self._tables
        }
        (self._last_seq,) = self._connection.execute("SELECT max(seq) FROM seal").fetchone()

    @property
    def vanished(self) -> bool:
        """Return whether the file was deleted or replaced while it is open: what is written then is lost."""
        try:
            return self.path.stat().st_ino != self._inode
        except OSError:
            return True

    def commit(self, build: Callable[[Term], Rows], head: Head, stamp: Stamp) -> Head:
        """Write rows under a seal that follows `head`, durably; return the new head."""
        new_terms: dict[tuple[str, str], int] = {}

        def term(kind: str, value: str) -> int:
            key = kind, value
            number = self._terms.get(key) or new_terms.get(key)
            if number is None:
                number = new_terms[key] = self._last_ids["term"] + len(new_terms) + 1
            return number

        built = dict(build(term))
        built["term"] = list(new_terms)
        rows = [(table, self._numbered(table, built.get(table, ()))) for table in self._tables]
        sealed = self._write(rows, head, stamp)
        self._terms |= new_terms
        for table, new in rows:
            self._last_ids[table] += len(new)
        self._last_seq = sealed.seq
        return sealed

    def _numbered(self, table: str, rows: Sequence[Sequence[Value]]) -> Sequence[Row]:
        return [(number, *row) for number, row in enumerate(rows, start=self._last_ids[table] + 1)]

    def _write(self, rows: Sequence[tuple[str, Sequence[Row]]], head: Head, stamp: Stamp) -> Head:
        commit = Commit(
            kind=self.file.kind,
            day=self.file.day,
            seq=head.seq + 1,
            at_ms=stamp.at_ms,
            note=stamp.note,
            anchor=stamp.anchor,
            rows=rows,
        )
        marks = commit.marks
        value = seal(commit, head.seal, marks=marks)
        anchor = stamp.anchor
        previous = None if self._last_seq == head.seq else head.seal
        sealed: Row = (commit.seq, commit.at_ms, commit.counts, marks, commit.note,
                       anchor.seq if anchor else None, anchor.seal if anchor else None, previous, value)  # fmt: skip
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for table, new in rows:
                if new:
                    places = ",".join("?" * len(new[0]))
                    self._connection.executemany(f"INSERT INTO {table} VALUES ({places})", new)  # noqa: S608 - ours
            self._connection.execute("INSERT INTO seal VALUES (?,?,?,?,?,?,?,?,?)", sealed)
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise
        return Head(commit.seq, value)

    def close(self) -> None:
        """Close the file; SQLite merges its write-ahead log into it."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
