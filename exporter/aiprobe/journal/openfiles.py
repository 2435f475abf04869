"""The journal's files that are open for writing: begun, closed, and set aside when they are no journal any more.

Belongs to the writer's thread. What is written into them, and what is said about a failure, is `store`'s business.
"""

import errno
import fcntl
import logging
import os
import sqlite3
from pathlib import Path
from typing import Final

from aiprobe.journal import days
from aiprobe.journal.days import DayFile
from aiprobe.journal.openday import OpenDay

log = logging.getLogger(__name__)

LOCK_NAME: Final = "journal.lock"
_OPEN_DAYS: Final = 2
_SAYS_NOTHING: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"""Errors that say nothing about the file itself."""


class OpenFiles:
    """Owns the connections to a directory's files, and the right to write there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: dict[DayFile, OpenDay] = {}
        self._known: set[DayFile] = set()
        """Files that were checked once by this process."""
        self._lock: int | None = None

    def take_directory(self) -> None:
        """Make the directory, and make sure that no other process writes there. Raises: OSError.

        Call it before every commit: a directory that was deleted meanwhile is made again.
        """
        if self._lock is not None:
            if self._is_ours(self._lock):
                return
            log.error("the journal's directory was deleted or replaced: its files are begun again",
                      extra={"directory": str(self._directory)})  # fmt: skip
            self.close()
        self._directory.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            if error.errno == errno.EWOULDBLOCK:
                raise OSError(error.errno, "another process writes there; give each its own directory") from error
            raise
        self._lock = handle

    def _is_ours(self, lock: int) -> bool:
        """Return whether the directory still holds the file that is locked."""
        try:
            return os.path.samestat(os.fstat(lock), (self._directory / LOCK_NAME).stat())
        except FileNotFoundError:
            return False

    def get(self, file: DayFile) -> OpenDay:
        """Return a file, opened or begun if need be. Raises: sqlite3.Error, OSError."""
        opened = self._open.get(file)
        if opened is not None and opened.vanished:
            log.error("a file of the journal was taken away: a new one is begun", extra={"file": file.name})
            self.close_one(file)
            opened = None
        if opened is None:
            new = not (self._directory / file.name).exists()
            opened = OpenDay(self._directory, file, check=file not in self._known)
            self._open[file] = opened
            self._known.add(file)
            if new:
                days.sync_directory(self._directory)
        return opened

    def recover(self, file: DayFile, error: Exception) -> bool:
        """Do what a failed commit asks for; tell whether to try it once more. Raises: OSError.

        A full disk leaves the file as it is; another trouble of the disk closes it; a file that is broken, or that
        a newer aiprobe has written, is renamed and a new one takes its place.
        """
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _SAYS_NOTHING:
            return False
        self.close_one(file)
        self._known.discard(file)
        if isinstance(error, sqlite3.IntegrityError):  # somebody else put rows in: count anew from what is there
            return True
        if isinstance(error, sqlite3.OperationalError) or not isinstance(error, sqlite3.DatabaseError):
            return False
        aside = days.set_aside(self._directory / file.name)
        log.error("a file of the journal is broken: set aside, a new one is begun", extra={"file": aside.name})
        return True

    def close_all_but(self, today: int) -> None:
        """Keep the files of `today` and the day before it; probes still end in them."""
        for file in [file for file in self._open if not 0 <= today - file.day < _OPEN_DAYS]:
            self.close_one(file)

    def close_one(self, file: DayFile) -> None:
        """Close a file if it is open."""
        if opened := self._open.pop(file, None):
            opened.close()

    def close(self) -> None:
        """Let go of every file and of the directory."""
        for file in list(self._open):
            self.close_one(file)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
