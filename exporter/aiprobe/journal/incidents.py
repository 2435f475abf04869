"""Stores observed incidents, one JSON document per line, for the pages and the reports.

They are an explanation; the evidence is the sealed journal of probes beside them.
"""

import asyncio
import json
import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from io import FileIO
from pathlib import Path
from threading import Thread
from typing import Any, Final

from aiprobe.journal.restartfile import read_json

log = logging.getLogger(__name__)

FILE_NAME: Final = "incidents.jsonl"
_LINE_LIMIT_BYTES: Final = 1 << 20
MOST_WAITING: Final = 1000
"""Documents that wait for a disk that does not take them; the oldest are dropped."""
RETRY_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 10.0
"""How long a stop waits for the disk."""


class IncidentWriter:
    """Writes documents, such as ended incidents, in a thread, one at a time, so that a hanging disk delays nothing.

    Documents that the disk does not take wait, and are written when it takes them again.
    """

    def __init__(self, directory: Path, *, file_name: str = FILE_NAME) -> None:
        self._directory = directory
        self._file_name = file_name
        self._waiting: deque[Mapping[str, Any]] = deque(maxlen=MOST_WAITING)
        self._writing: asyncio.Future[bool] | None = None
        self._again: asyncio.TimerHandle | None = None

    def write(self, incidents: Sequence[Mapping[str, Any]]) -> None:
        """Queue the JSON documents of ended incidents for writing. Never blocks."""
        self._waiting.extend(incidents)
        if self._again is None:
            self._begin()

    def _begin(self) -> None:
        """Write everything that waits, unless a write is under way."""
        self._again = None
        if not self._waiting or (self._writing is not None and not self._writing.done()):
            return
        incidents, written = list(self._waiting), Future[bool]()

        def append() -> None:
            try:
                written.set_result(append_incidents(self._directory, incidents, file_name=self._file_name))
            except Exception as bug:  # noqa: BLE001 - the caller that awaits the future gets it
                written.set_exception(bug)

        Thread(target=append, name="incidents", daemon=True).start()
        self._writing = asyncio.wrap_future(written)
        self._writing.add_done_callback(lambda writing: self._ended(writing, incidents))

    def _ended(self, writing: asyncio.Future[bool], incidents: Sequence[Mapping[str, Any]]) -> None:
        if writing.cancelled():
            return
        if bug := writing.exception():
            log.error("a bug while writing documents: they are lost", exc_info=bug, extra={"file": self._file_name})
        elif not writing.result():
            self._again = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._begin)
            return
        gone = set(map(id, incidents))
        self._waiting = deque((one for one in self._waiting if id(one) not in gone), maxlen=MOST_WAITING)
        self._begin()

    async def close(self) -> None:
        """Write what waits, for at most ten seconds; log how many documents are lost."""
        hangs = False
        for _ in range(2):  # what is under way, then everything that waits
            if self._again is not None:
                self._again.cancel()
            self._begin()
            if self._writing is not None and not hangs:
                _, hanging = await asyncio.wait([self._writing], timeout=CLOSE_SECONDS)
                hangs = bool(hanging)
        if self._again is not None:
            self._again.cancel()
        if self._waiting:
            why = "the disk hangs" if hangs else "the disk does not take them"
            log.error("%d documents are lost: %s", len(self._waiting), why, extra={"file": self._file_name})


def append_incidents(directory: Path, incidents: Iterable[Mapping[str, Any]], *, file_name: str = FILE_NAME) -> bool:
    """Write closed incidents durably. If the disk fails, log it and return False. Blocks: call it in a thread."""
    lines = "".join(json.dumps(incident, separators=(",", ":")) + "\n" for incident in incidents)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / file_name).open("ab", buffering=0) as file:
            _append(file, directory / file_name, lines.encode())
    except OSError as error:
        log.error("cannot write an observed incident: %s", error.strerror)  # noqa: TRY400 - the disk failed, no bug
        return False
    return True


def _append(file: FileIO, path: Path, data: bytes) -> None:
    """Append whole lines, or nothing; a line that a crash cut stays alone on its line. Raises: OSError."""
    size = os.fstat(file.fileno()).st_size
    if size:
        with path.open("rb") as written:
            written.seek(size - 1)
            data = data if written.read(1) == b"\n" else b"\n" + data
    try:
        while data:
            data = data[file.write(data) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(size)
        raise


def read_incidents(directory: Path, start: float, end: float) -> Iterator[Mapping[str, Any]]:
    """Return the incidents that overlap [start, end) in Unix time, each once, in the order of the file.

    Skips unreadable lines, such as an incomplete last line after a crash. Blocks: call it in a thread.
    """
    seen: dict[str, Mapping[str, Any]] = {}
    try:
        with (directory / FILE_NAME).open("rb") as file:
            while line := file.readline(_LINE_LIMIT_BYTES):
                incident = _parse(line)
                if incident is not None and _overlaps(incident, start, end):
                    seen[str(incident["id"])] = incident
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("cannot read the observed incidents: %s", error.strerror)
    yield from seen.values()


def _parse(line: bytes) -> Mapping[str, Any] | None:
    try:
        incident = read_json(line)
    except ValueError:
        return None
    return incident if isinstance(incident, dict) and "id" in incident else None


def _overlaps(incident: Mapping[str, Any], start: float, end: float) -> bool:
    began = incident.get("start_timestamp_seconds")
    ended = incident.get("end_timestamp_seconds")
    if not isinstance(began, int | float):
        return False
    return began < end and (not isinstance(ended, int | float) or ended >= start)
