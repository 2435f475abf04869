"""The journal's files, one of each kind per UTC day: names, listing, setting aside and retention.

The content of a file belongs in `schema`.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

Kind = Literal["evidence", "ok"]

KINDS: Final[tuple[Kind, ...]] = ("evidence", "ok")
OTHER: Final[dict[Kind, Kind]] = {"evidence": "ok", "ok": "evidence"}
KEPT_DAYS: Final[dict[Kind, int]] = {"evidence": 400, "ok": 45}
"""`evidence` contains failed probes and hours, `ok` the good probes and the ticks of the running hour."""
SECONDS_PER_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()
_LAST_DAY: Final = date.max.toordinal() - _EPOCH
_NAME: Final = re.compile(r"(evidence|ok)-(\d{4}-\d\d-\d\d)\.sqlite")
_LOG_MAGIC: Final = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
"""The first bytes of a write-ahead log (sqlite.org/fileformat2.html, 4.1)."""
_LEAP_DAYS: Final = 31
"""A gap of more days than this without a file can mean that the clock was wrong."""
HELD_DAYS: Final = 31
"""Days that must be recorded after such a gap before anything older is deleted."""


@dataclass(frozen=True, slots=True, order=True)
class DayFile:
    """One file; `day` counts from 1970-01-01."""

    day: int
    kind: Kind

    @property
    def date(self) -> str:
        """Return the day as an ISO 8601 date."""
        return date.fromordinal(_EPOCH + self.day).isoformat()

    @property
    def name(self) -> str:
        """Return the file's name."""
        return f"{self.kind}-{self.date}.sqlite"


def day_of(timestamp_seconds: float) -> int:
    """Return the UTC day of a Unix time; a time outside of the calendar gives its first or last day."""
    return int(min(max(timestamp_seconds // SECONDS_PER_DAY, 0), _LAST_DAY))


def list_files(directory: Path, kind: Kind) -> Sequence[DayFile]:
    """Return the files of a kind, oldest day first. Raises: OSError."""
    found = []
    for name in os.listdir(directory):  # noqa: PTH208 - only the names are needed
        match = _NAME.fullmatch(name)
        if match and match[1] == kind:
            try:
                found.append(DayFile(date.fromisoformat(match[2]).toordinal() - _EPOCH, kind))
            except ValueError:  # such as 2026-02-31: not a file of the journal
                continue
    return sorted(found)


def expired(files: Sequence[DayFile], today: int) -> Sequence[DayFile]:
    """Return the files, of both kinds, that are older than the retention of their kind.

    The result is empty until `HELD_DAYS` days were recorded since the last jump of the clock: a wrong clock must not
    delete evidence, and files that it wrote do not prove it right. The decision uses only the files, so a restart does
    not change it.
    """
    recorded = sorted({file.day for file in files if file.day <= today} | {today}, reverse=True)
    for held, (later, earlier) in enumerate(pairwise(recorded), start=1):
        if later - earlier > _LEAP_DAYS:
            return []
        if held >= HELD_DAYS:
            break
    return [file for file in files if file.day <= today - KEPT_DAYS[file.kind]]


def parts(path: Path) -> Sequence[Path]:
    """Return the paths of a database file and of SQLite's two companion files."""
    return [path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")]


def set_aside(path: Path) -> Path:
    """Rename an unusable file and its companions, and return the new path. Raises: OSError."""
    number = 1
    while True:
        aside = path.with_name(f"{path.name}.unreadable-{number}")
        if not any(part.exists() for part in parts(aside)):
            break
        number += 1
    for old, new in zip(parts(path), parts(aside), strict=True):
        if old.exists():
            old.replace(new)
    return aside


def has_lost_log(path: Path) -> bool:
    """Return whether SQLite would delete a file's write-ahead log unread: no file, an empty one, or a damaged log."""
    log = parts(path)[1]
    if not log.is_file() or not log.stat().st_size:
        return False
    with log.open("rb") as file:
        is_sound = file.read(4) in _LOG_MAGIC
    return not (is_sound and path.exists() and path.stat().st_size)


def set_lost_logs_aside(directory: Path) -> Sequence[Path]:
    """Rename write-ahead logs that SQLite would delete unread, and return their new paths. Raises: OSError.

    Call it before any file is opened.
    """
    aside = []
    for log in sorted(directory.glob("*.sqlite-wal")):
        path = log.with_name(log.name.removesuffix("-wal"))
        if not _NAME.fullmatch(path.name) or not has_lost_log(path):
            continue
        number = 1
        while (kept := log.with_name(f"{path.name}.unreadable-{number}-wal")).exists():
            number += 1
        log.replace(kept)
        aside.append(kept)
    return aside


def aside(directory: Path, kind: Kind) -> Sequence[str]:
    """Return the names of the files of a kind that were set aside. Raises: OSError."""
    return sorted(path.name for path in directory.glob(f"{kind}-*.sqlite.unreadable-*") if path.suffix[-4:] != "-shm")


def remove(path: Path) -> None:
    """Delete a file and its companions. Raises: OSError."""
    for part in reversed(parts(path)):
        part.unlink(missing_ok=True)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable. Raises: OSError."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def bytes_on_disk(directory: Path) -> int:
    """Return the size of all files of the journal, with those that were set aside. Raises: OSError."""
    total = 0
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.startswith(("evidence-", "ok-")) and entry.is_file(follow_symlinks=False):
                total += entry.stat(follow_symlinks=False).st_size
    return total
