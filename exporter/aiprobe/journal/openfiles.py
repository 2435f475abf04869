"""The journal's files that are open for writing: opens and closes them, and sets broken ones aside.

Belongs to the writer's thread. `store` decides what is written into them and how a failure is reported.
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
_FILE_IS_SOUND: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"""Errors that do not mean that the file itself is broken."""


class OpenFiles:
    """Owns the connections to a directory's files, and the lock of the directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._open: dict[DayFile, OpenDay] = {}
        self._known: set[DayFile] = set()
        """Files that were checked once by this process."""
        self._lock: int | None = None

    def take_directory(self) -> None:
        """Create the directory and lock it against other processes. Raises: OSError.

        Call it before every commit: a directory that was deleted meanwhile is created again.
        """
        if self._lock is not None:
            if self._is_ours(self._lock):
                return
            log.error("the journal's directory was deleted or replaced: new files are created",
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
        """Return whether the directory still contains the locked file."""
        try:
            return os.path.samestat(os.fstat(lock), (self._directory / LOCK_NAME).stat())
        except FileNotFoundError:
            return False

    def get(self, file: DayFile) -> OpenDay:
        """Return an open file; opens or creates it if necessary. Raises: sqlite3.Error, OSError."""
        opened = self._open.get(file)
        if opened is not None and opened.vanished:
            log.error("a file of the journal was deleted or replaced: a new one is created", extra={"file": file.name})
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
        """Handle a failed commit; return whether to try it once more. Raises: OSError.

        If the disk is full, the file stays open. Another error of the disk closes it. A file that is broken, or that a
        newer aiprobe has written, is renamed, and a new file replaces it.
        """
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _FILE_IS_SOUND:
            return False
        self.close_one(file)
        self._known.discard(file)
        if isinstance(error, sqlite3.IntegrityError):  # rows were inserted from outside: number the rows again
            return True
        if isinstance(error, sqlite3.OperationalError) or not isinstance(error, sqlite3.DatabaseError):
            return False
        aside = days.set_aside(self._directory / file.name)
        log.error("a broken file of the journal is set aside, a new one is created", extra={"file": aside.name})
        return True

    def close_all_but(self, today: int) -> None:
        """Close all files but those of `today` and the day before, which can still get probes."""
        for file in [file for file in self._open if not 0 <= today - file.day < _OPEN_DAYS]:
            self.close_one(file)

    def close_one(self, file: DayFile) -> None:
        """Close a file if it is open."""
        if opened := self._open.pop(file, None):
            opened.close()

    def close(self) -> None:
        """Close every file and unlock the directory."""
        for file in list(self._open):
            self.close_one(file)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
