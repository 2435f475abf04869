"""Reads what a start needs from the journal: the ends of the chains, the ticks without an hour row, every window."""

import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from aiprobe.core.evidence import HOUR_SECONDS, HourRow
from aiprobe.core.model import Objectives, Target
from aiprobe.journal.days import DayFile, Kind, day_of, list_files
from aiprobe.journal.hours import SLO_NAMES, HourCounts, merge, unpack_sums
from aiprobe.journal.read import (
    Key,
    OnError,
    day_hours,
    days,
    folded_through,
    log_error,
    opened,
    target_terms,
    unfolded,
)
from aiprobe.journal.seals import Head
from aiprobe.objectives.windows import DAY_SECONDS, Windows

_MINUTE_WINDOWS_SECONDS: Final = 3 * DAY_SECONDS + HOUR_SECONDS
"""Older data counts in whole hours in every window."""
_NAMED_IN_FILES: Final = 3
"""The number of newest files of a kind that are searched for the newest anchor."""


def newest_head(directory: Path, kind: Kind, *, on_error: OnError = log_error) -> Head:
    """Return the newest seal of a kind, which the next commit follows. Raises: OSError if listing the directory fails.

    Reads every file: after the clock was set back, the newest seal is not in the file of the newest day.
    """
    newest = Head()
    for file in list_files(directory, kind):
        with opened(directory, file, on_error) as connection:
            row = _one(connection, "SELECT seq, seal FROM seal ORDER BY seq DESC LIMIT 1")
            if row and row[0] > newest.seq:
                newest = Head(*row)
    return newest


def newest_named(directory: Path, by: Kind, *, on_error: OnError = log_error) -> int:
    """Return the number of the newest seal of the other kind that the seals of `by` name; 0 if there is none."""
    newest = 0
    for file in list_files(directory, by)[-_NAMED_IN_FILES:]:
        with opened(directory, file, on_error) as connection:
            row = _one(connection, "SELECT max(anchor_seq) FROM seal")
            newest = max(newest, (row and row[0]) or 0)
    return newest


def may_go(directory: Path, file: DayFile, kept: Sequence[DayFile]) -> bool:
    """Return whether an old file can be deleted: no file in `kept` continues its chain.

    A day of 1970, recorded before the clock was set, is therefore kept as long as its successors. A file that cannot be
    read can be deleted.
    """
    ends: Sequence[tuple[int]] = []
    with opened(directory, file, _ignore) as connection:
        if connection:
            query = "SELECT seq FROM seal AS s WHERE NOT EXISTS (SELECT 1 FROM seal WHERE seq = s.seq + 1)"
            ends = connection.execute(query).fetchall()
    same = [each for each in kept if each.kind == file.kind]
    for other in sorted(same, key=lambda each: abs(each.day - file.day)):
        with opened(directory, other, _ignore) as connection:
            if connection and any(
                connection.execute("SELECT 1 FROM seal WHERE seq = ?", (seq + 1,)).fetchone() for (seq,) in ends
            ):
                return False
    return True


def left_over(directory: Path, day: int, *, on_error: OnError = log_error) -> Mapping[Key, HourCounts]:
    """Return the counts of the ticks of a day that are not part of an hour row."""
    folded: Mapping[int, int] = {}
    with opened(directory, DayFile(day, "evidence"), on_error) as connection:
        folded = folded_through(connection) if connection else {}
    return unfolded(directory, day, folded, on_error=on_error)


def slos_of(objectives: Objectives) -> Sequence[str]:
    """Return the names of a target's SLOs, in the order of its windows."""
    return [name for name in SLO_NAMES if getattr(objectives, name, None) is not None]


def rebuild_windows(
    directory: Path, targets: Sequence[Target], now: float, *, on_error: OnError = log_error
) -> dict[str, Windows]:
    """Return the windows of each target by its name, rebuilt from its current and its former identity."""
    windows = {
        target.name: Windows(slos_of(target.objectives), period_seconds=target.objectives.period_seconds)
        for target in targets
    }
    wanted = {
        identity: windows[target.name] for target in targets for identity in (target.former_identity, target.identity)
    }
    longest = max((target.objectives.period_seconds for target in targets), default=0.0)
    minutes_from = day_of(now - _MINUTE_WINDOWS_SECONDS)
    for day in days(directory, now - longest - 2 * HOUR_SECONDS, now + 1):
        if day < minutes_from:
            _replay_sums(directory, day, wanted, on_error)
        else:
            _replay_minutes(directory, day, wanted, now, on_error)
    for each in windows.values():
        each.replayed(now)
    return windows


def _replay_sums(directory: Path, day: int, wanted: Mapping[tuple[str, ...], Windows], on_error: OnError) -> None:
    with opened(directory, DayFile(day, "evidence"), on_error) as connection:
        if connection is None:
            return
        by_number = {number: wanted.get(identity) for number, identity in target_terms(connection).items()}
        for hour, target, sums in connection.execute("SELECT hour, target, sums FROM hour ORDER BY hour, id"):
            windows = by_number.get(target)
            if windows is not None:
                windows.replay_hour(hour, _ordered(sums, windows.slos))


def _replay_minutes(
    directory: Path, day: int, wanted: Mapping[tuple[str, ...], Windows], now: float, on_error: OnError
) -> None:
    parts: dict[tuple[int, str], list[HourRow]] = {}
    rows = day_hours(directory, day, wanted.__contains__, on_error=on_error)
    for hour, identity in sorted(rows):
        parts.setdefault((hour, identity[0]), []).append(rows[hour, identity])
    for (hour, _), found in sorted(parts.items(), key=lambda part: part[0]):
        windows, row = wanted[found[0].identity], merge(found)
        if windows.needs_minutes(hour, now):
            windows.replay_minutes(row, now)
        else:
            windows.replay_hour(hour, [row.sums.get(name, (0, 0, 0)) for name in windows.slos])


@lru_cache(maxsize=1024)
def _ordered(sums: bytes, slos: tuple[str, ...]) -> Sequence[tuple[int, int, int]]:
    """Return an hour's sums in the order of `slos`, cached because most hours are equal to others."""
    by_slo = unpack_sums(sums)
    return [by_slo.get(name, (0, 0, 0)) for name in slos]


def _ignore(file: DayFile, error: Exception) -> None:
    """Ignore a file that cannot be read: the code that needs its rows reports it."""


def _one(connection: sqlite3.Connection | None, query: str) -> tuple[int, bytes] | None:
    return None if connection is None else connection.execute(query).fetchone()
