"""The tables of the journal's files, their versions, and how a file is opened for writing or reading.

Rows are only ever added: a migration may add a table or an index, never touch a row or a column, since every row is
under a seal (`seals`).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from aiprobe.journal.days import Kind

SEALED: Final[Mapping[Kind, Mapping[str, Sequence[str]]]] = {
    "evidence": {
        "term": ("id", "kind", "value"),
        "failed": (
            "id", "started", "target", "run", "attempt", "outcome", "verdict", "http_status", "error_type",
            "request_id", "detail", "phases", "duration", "input_tokens", "output_tokens", "cost_usd", "egress_down",
            "declared_state",
        ),
        "hour": ("id", "hour", "target", "sums", "minutes", "speeds"),
        "fold": ("id", "hour", "through"),
    },
    "ok": {
        "term": ("id", "kind", "value"),
        "ok": (
            "id", "at_ms", "target", "attempt", "verdicts", "duration_ms", "first_token_ms", "input_tokens",
            "output_tokens", "cost_nano_usd",
        ),
        "tick": ("id", "hour", "seq", "events", "speeds"),
    },
}  # fmt: skip
"""Tables under seal, in the order in which a seal goes over them, with their columns; `id` counts from 1."""

_SEAL: Final = """
    CREATE TABLE seal (
        seq INTEGER PRIMARY KEY,  -- one more with each commit of this kind, over all days
        at_ms INTEGER NOT NULL,   -- wall time of the commit
        counts TEXT NOT NULL,     -- rows by table, in the order of the tables
        marks BLOB NOT NULL,      -- two bytes a row, to find the one that was changed
        note TEXT,                -- begin or end of a run
        anchor_seq INTEGER,       -- the newest seal of the other kind, where it was not named before
        anchor BLOB,
        previous BLOB,            -- where the seal before stands in another file
        seal BLOB NOT NULL
    );"""
_TERM: Final = """
    CREATE TABLE term (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL);"""
_EVIDENCE_1: Final = f"""{_SEAL}{_TERM}
    CREATE TABLE failed (
        id INTEGER PRIMARY KEY, started REAL NOT NULL, target INTEGER NOT NULL, run INTEGER NOT NULL,
        attempt TEXT NOT NULL, outcome TEXT NOT NULL, verdict TEXT NOT NULL, http_status INTEGER, error_type TEXT,
        request_id TEXT, detail TEXT NOT NULL, phases TEXT NOT NULL, duration REAL NOT NULL, input_tokens INTEGER,
        output_tokens INTEGER, cost_usd REAL, egress_down INTEGER NOT NULL, declared_state TEXT NOT NULL
    );
    CREATE TABLE hour (
        id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, target INTEGER NOT NULL, sums BLOB NOT NULL,
        minutes BLOB NOT NULL, speeds BLOB
    );
    CREATE TABLE fold (id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, through INTEGER NOT NULL);"""
_OK_1: Final = f"""{_SEAL}{_TERM}
    CREATE TABLE ok (
        id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, target INTEGER NOT NULL, attempt INTEGER NOT NULL,
        verdicts INTEGER NOT NULL, duration_ms INTEGER NOT NULL, first_token_ms INTEGER, input_tokens INTEGER,
        output_tokens INTEGER, cost_nano_usd INTEGER
    );
    CREATE TABLE tick (
        id INTEGER PRIMARY KEY, hour INTEGER NOT NULL, seq INTEGER NOT NULL, events BLOB NOT NULL, speeds BLOB
    );
    CREATE INDEX tick_hour ON tick (hour, seq);"""
MIGRATIONS: Final[Mapping[Kind, Sequence[str]]] = {"evidence": (_EVIDENCE_1,), "ok": (_OK_1,)}
"""Scripts that take a file from version i to i + 1; version 0 is an empty file."""

_CACHED_KIB: Final = 256
"""Pages of a file that a writer keeps in memory. Rows are appended, so few pages are read again."""
_BUSY_SECONDS: Final = 1.0
_APPLICATION_ID: Final = 0x61697062
"""`aipb`, so that `file` and `sqlite3` tell a journal from another database."""


class UnknownVersionError(sqlite3.DatabaseError):
    """A file was written by a newer aiprobe, or is not a journal."""


def open_for_writing(
    path: Path, kind: Kind, *, check: bool = True, migrations: Sequence[str] | None = None
) -> sqlite3.Connection:
    """Open a file, make or migrate its tables, and `check` that it is whole. Raises: sqlite3.Error."""
    scripts = MIGRATIONS[kind] if migrations is None else migrations
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size={-_CACHED_KIB}")
        version = _version(connection, len(scripts))
        (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone() if check else ("ok",)
        if sound != "ok":
            raise sqlite3.DatabaseError(f"not whole: {sound}")  # noqa: TRY301 - where it is found
        for number, script in enumerate(scripts[version:], start=version + 1):
            stamps = f"PRAGMA application_id={_APPLICATION_ID};PRAGMA user_version={number}"
            connection.executescript(f"BEGIN IMMEDIATE;{script}\n{stamps};COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, kind: Kind) -> sqlite3.Connection:
    """Open a file that may be written at this moment, or lie on a read-only disk. Raises: sqlite3.Error."""
    try:
        # Not mode=ro: only a connection that may write takes away the log and its index when it is the last.
        return _open(path, kind, "mode=rw")
    except sqlite3.OperationalError:
        # A read-only directory does not let SQLite make its index of the log; without a log none is needed.
        if path.with_name(path.name + "-wal").exists():
            raise
        return _open(path, kind, "mode=ro&immutable=1")


def _open(path: Path, kind: Kind, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA query_only=1")
        if _version(connection, len(MIGRATIONS[kind])) == 0:
            raise UnknownVersionError("not begun yet")  # noqa: TRY301 - where it is found
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection, newest: int) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if not 0 <= version <= newest or (version and application != _APPLICATION_ID):
        raise UnknownVersionError(f"version {version} of something that this aiprobe does not know")
    return int(version)
