"""The tables of the journal's files and their versions; opens a file for writing or reading.

Rows are only added. A migration may add a table or an index, but must not change a row or a column, because seals cover
every row (`seals`).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from aiprobe.journal.days import Kind, has_lost_log

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
"""The sealed tables with their columns, in the order in which a seal hashes them; `id` counts from 1."""

_SEAL: Final = """
    CREATE TABLE seal (
        seq INTEGER PRIMARY KEY,  -- counts the commits of this kind over all days
        at_ms INTEGER NOT NULL,   -- wall time of the commit
        counts TEXT NOT NULL,     -- rows by table, in the order of the tables
        marks BLOB NOT NULL,      -- two bytes a row, to find the one that was changed
        note TEXT,                -- begin or end of a run
        anchor_seq INTEGER,       -- the newest seal of the other kind, if not named before
        anchor BLOB,
        previous BLOB,            -- the previous seal, if it is in another file
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
"""Scripts that migrate a file from version i to i + 1; version 0 is an empty file."""

_CACHED_KIB: Final = 256
"""Pages of a file that a writer keeps in memory. Rows are appended, so few pages are read again."""
_BUSY_SECONDS: Final = 1.0
_APPLICATION_ID: Final = 0x61697062
"""`aipb`: with it, `file` and `sqlite3` recognise a journal."""


class UnknownVersionError(sqlite3.DatabaseError):
    """A file is from a newer aiprobe, or is not a journal."""


def open_for_writing(
    path: Path, kind: Kind, *, check: bool = True, migrations: Sequence[str] | None = None
) -> sqlite3.Connection:
    """Open a file, create or migrate its tables, and `check` its integrity. Raises: sqlite3.Error."""
    scripts = MIGRATIONS[kind] if migrations is None else migrations
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size={-_CACHED_KIB}")
        version = _version(connection, len(scripts))
        (sound,) = connection.execute("PRAGMA quick_check(1)").fetchone() if check else ("ok",)
        if sound != "ok":
            raise sqlite3.DatabaseError(f"damaged: {sound}")  # noqa: TRY301 - raised at the check
        for number, script in enumerate(scripts[version:], start=version + 1):
            stamps = f"PRAGMA application_id={_APPLICATION_ID};PRAGMA user_version={number}"
            connection.executescript(f"BEGIN IMMEDIATE;{script}\n{stamps};COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path, kind: Kind) -> sqlite3.Connection:
    """Open a file that another process may write, or that is on a read-only disk. Raises: sqlite3.Error, OSError."""
    if has_lost_log(path):
        raise sqlite3.OperationalError("its write-ahead log does not belong to it")
    try:
        # Not mode=ro: only a writable connection removes the write-ahead log and its index when it is the last.
        return _open(path, kind, "mode=rw")
    except sqlite3.OperationalError:
        # In a read-only directory SQLite cannot create the index of the log; without a log it needs none.
        if path.with_name(path.name + "-wal").exists():
            raise
        return _open(path, kind, "mode=ro&immutable=1")


def _open(path: Path, kind: Kind, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA query_only=1")
        if _version(connection, len(MIGRATIONS[kind])) == 0:
            raise UnknownVersionError("empty so far")  # noqa: TRY301 - raised at the check
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection, newest: int) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if not 0 <= version <= newest or (version and application != _APPLICATION_ID):
        raise UnknownVersionError(f"version {version} of a format that this aiprobe does not support")
    if not version and connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise UnknownVersionError("a database of another program")
    return int(version)
