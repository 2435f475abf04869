"""Stores observed incidents, one JSON document per line, for the pages and the reports.

They are an explanation; the evidence is the sealed journal of probes beside them.
"""

import asyncio
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import Any, Final

log = logging.getLogger(__name__)

FILE_NAME: Final = "incidents.jsonl"
_LINE_LIMIT_BYTES: Final = 1 << 20
CLOSE_SECONDS: Final = 10.0
"""How long a stop waits for the disk."""


class IncidentWriter:
    """Writes documents, such as ended incidents, each call in its own thread, so that a hanging disk delays nothing."""

    def __init__(self, directory: Path, *, file_name: str = FILE_NAME) -> None:
        self._directory = directory
        self._file_name = file_name
        self._writing: set[asyncio.Future[bool]] = set()

    def write(self, incidents: Sequence[Mapping[str, Any]]) -> None:
        """Queue the JSON documents of ended incidents for writing. Never blocks."""
        written: Future[bool] = Future()

        def append() -> None:
            try:
                written.set_result(append_incidents(self._directory, incidents, file_name=self._file_name))
            except Exception as bug:  # noqa: BLE001 - the caller that awaits the future gets it
                written.set_exception(bug)

        Thread(target=append, name="incidents", daemon=True).start()
        writing = asyncio.wrap_future(written)
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """Wait until all incidents are on the disk, for at most ten seconds."""
        if not self._writing:
            return
        _, hanging = await asyncio.wait(self._writing, timeout=CLOSE_SECONDS)
        if hanging:
            log.error("the journal's disk hangs: observed incidents are lost")


def append_incidents(directory: Path, incidents: Iterable[Mapping[str, Any]], *, file_name: str = FILE_NAME) -> bool:
    """Write closed incidents durably. If the disk fails, log it and return False. Blocks: call it in a thread."""
    lines = "".join(json.dumps(incident, separators=(",", ":")) + "\n" for incident in incidents)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / file_name).open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        log.error("cannot write an observed incident: %s", error.strerror)  # noqa: TRY400 - the disk failed, no bug
        return False
    return True


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
        incident = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return incident if isinstance(incident, dict) and "id" in incident else None


def _overlaps(incident: Mapping[str, Any], start: float, end: float) -> bool:
    began = incident.get("start_timestamp_seconds")
    ended = incident.get("end_timestamp_seconds")
    if not isinstance(began, int | float):
        return False
    return began < end and (not isinstance(ended, int | float) or ended >= start)
