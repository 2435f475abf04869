"""Reads hours and failed probes from the journal's files, in the exporter that writes them or in another process.

A file that cannot be read is reported to `on_error` and skipped; nothing here writes or renames.
"""

import json
import logging
import sqlite3
import sys
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Final

from aiprobe.core.evidence import HOUR_SECONDS, FailedProbe, HourRow
from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.journal.days import DayFile, Kind, day_of, list_files
from aiprobe.journal.hours import HourCounts, merge, to_row, unpack_speeds, unpack_ticks
from aiprobe.journal.schema import open_for_reading

log = logging.getLogger(__name__)

READ_ERRORS: Final = (sqlite3.Error, OSError, ValueError, TypeError, IndexError, KeyError, zlib.error)
"""The exceptions that a damaged file can raise."""
_ACCOUNT: Final = IDENTITY_LABELS.index("account")
OnError = Callable[[DayFile, Exception], None]
Key = tuple[int, tuple[str, ...]]
"""(hour, identity)"""
Wanted = Callable[[tuple[str, ...]], bool]
"""Whether the hours of an identity are read."""


def _every(_identity: tuple[str, ...]) -> bool:
    return True


def log_error(file: DayFile, error: Exception) -> None:
    """Log that a file could not be read."""
    log.warning("cannot read a file of the journal: it is skipped (%s)", error, extra={"file": file.name})


def days(directory: Path, start: float, end: float) -> Iterator[int]:
    """Return the days with files that overlap [start, end), oldest first."""
    if end <= start:
        return
    try:
        kinds: tuple[Kind, ...] = ("evidence", "ok")
        found = sorted({file.day for kind in kinds for file in list_files(directory, kind)})
    except OSError:
        return
    first, last = day_of(start), day_of(end)
    yield from (day for day in found if first <= day <= last)


def hours(
    directory: Path,
    start: float,
    end: float,
    targets: Collection[str] | None = None,
    *,
    on_error: OnError = log_error,
) -> Iterator[HourRow]:
    """Return the hours that overlap [start, end) in Unix time, by hour and target; the running hour is incomplete."""
    first, beyond = int(start // HOUR_SECONDS), ceil(end / HOUR_SECONDS)
    for day in days(directory, start, end):
        rows = day_hours(directory, day, lambda identity: targets is None or identity[0] in targets, on_error=on_error)
        yield from (rows[hour, identity] for hour, identity in sorted(rows) if first <= hour < beyond)


def day_hours(directory: Path, day: int, wanted: Wanted, *, on_error: OnError = log_error) -> Mapping[Key, HourRow]:
    """Return the hours of one day, of the identities that `wanted` accepts."""
    parts: dict[Key, list[HourRow]] = {}
    folded: Mapping[int, int] = {}
    file = DayFile(day, "evidence")
    with opened(directory, file, on_error) as connection:
        folded = folded_through(connection) if connection else {}
        query = "SELECT hour, value, sums, minutes, speeds FROM hour JOIN term ON term.id = target ORDER BY hour.id"
        for hour, value, *blobs in connection.execute(query) if connection else ():
            try:
                identity = identity_of(value)
                if wanted(identity):
                    row = to_row(hour, identity, *blobs)
                    parts.setdefault((hour, identity), []).append(row)
            except READ_ERRORS as error:
                on_error(file, error)
    for (hour, identity), counts in unfolded(directory, day, folded, wanted, on_error=on_error).items():
        parts.setdefault((hour, identity), []).append(counts.row(hour, identity))
    return {key: merge(rows) for key, rows in parts.items()}


@lru_cache(maxsize=256)
def identity_of(value: str) -> tuple[str, ...]:
    """Return the identity in a term. A term of a version without accounts gets an empty account."""
    values = tuple(map(sys.intern, json.loads(value)))
    return (*values[:_ACCOUNT], "", *values[_ACCOUNT:]) if len(values) == len(IDENTITY_LABELS) - 1 else values


def folded_through(connection: sqlite3.Connection) -> Mapping[int, int]:
    """Return, by hour, the number of the newest seal of `ok` files whose ticks are part of the hour's rows."""
    return dict(connection.execute("SELECT hour, max(through) FROM fold GROUP BY hour"))


def unfolded(
    directory: Path, day: int, folded: Mapping[int, int], wanted: Wanted = _every, *, on_error: OnError = log_error
) -> Mapping[Key, HourCounts]:
    """Count the ticks of a day that are not part of an hour row yet, of the identities that `wanted` accepts."""
    counts: dict[Key, HourCounts] = {}
    with opened(directory, DayFile(day, "ok"), on_error) as connection:
        if connection is None:
            return counts
        terms = {number: one if wanted(one) else None for number, one in target_terms(connection).items()}
        for (hour,) in connection.execute("SELECT DISTINCT hour FROM tick").fetchall():
            query = "SELECT events, speeds FROM tick WHERE hour = ? AND seq > ?"
            for events, speeds in connection.execute(query, (hour, folded.get(hour, 0))):
                for tick in unpack_ticks(events):
                    if tick.verdicts and (identity := terms[tick.target]):
                        counts.setdefault((hour, identity), HourCounts()).add(tick.second, tick.verdicts)
                for target, second, speed in unpack_speeds(speeds):
                    if identity := terms[target]:
                        counts.setdefault((hour, identity), HourCounts()).add_speed(second, speed)
    return counts


def failed(
    directory: Path,
    start: float,
    end: float,
    targets: Collection[str] | None = None,
    *,
    on_error: OnError = log_error,
) -> Iterator[FailedProbe]:
    """Return the failed probes that began in [start, end) in Unix time, by time."""
    query = """
        SELECT target.value, run.value, failed.* FROM failed JOIN term AS target ON target.id = failed.target
        JOIN term AS run ON run.id = failed.run WHERE started >= ? AND started < ? ORDER BY started, failed.id"""
    for day in days(directory, start, end):
        with opened(directory, DayFile(day, "evidence"), on_error) as connection:
            if connection is None:
                continue
            connection.row_factory = sqlite3.Row
            for row in connection.execute(query, (start, end)):
                probe = _failed_probe(row)
                if targets is None or probe.target in targets:
                    yield probe


def _failed_probe(row: sqlite3.Row) -> FailedProbe:
    identity = identity_of(row[0])
    version, config_hash = json.loads(row[1])
    return FailedProbe(
        started_timestamp_seconds=row["started"],
        target=identity[0],
        identity=identity,
        attempt=row["attempt"],
        outcome=row["outcome"],
        verdict=row["verdict"],
        http_status=row["http_status"],
        error_type=row["error_type"],
        request_id=row["request_id"],
        detail=row["detail"],
        phases=json.loads(row["phases"]),
        duration_seconds=row["duration"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost_usd=row["cost_usd"],
        egress_down=bool(row["egress_down"]),
        declared_state=row["declared_state"],
        vantage=identity[-1],
        exporter_version=version,
        config_hash=config_hash,
    )


def target_terms(connection: sqlite3.Connection) -> Mapping[int, tuple[str, ...]]:
    """Return the identity of each target of a file by its number there."""
    query = "SELECT id, value FROM term WHERE kind = 'target'"
    return {number: identity_of(value) for number, value in connection.execute(query)}


@contextmanager
def opened(directory: Path, file: DayFile, on_error: OnError) -> Iterator[sqlite3.Connection | None]:
    """Yield a connection, or None if there is no readable file; a read error only ends the block."""
    path = directory / file.name
    connection = None
    try:
        if path.exists():
            connection = open_for_reading(path, file.kind)
    except READ_ERRORS as error:
        on_error(file, error)
    try:
        yield connection
    except READ_ERRORS as error:
        on_error(file, error)
    finally:
        if connection is not None:
            connection.close()
