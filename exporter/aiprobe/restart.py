"""Restores state after a restart: the states, streaks and learnt backgrounds of targets, who answered them, the results
on the pages, and open incidents.

Results come from the journal. A small file beside it states which targets are unchanged and which incidents are open;
it is written every few seconds while it changes. `GOES_ON_SECONDS` limits the gap between two runs.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.model import Finished, Target
from aiprobe.core.state import SILENT_AFTER_INTERVALS
from aiprobe.core.suspicion import MEMORY_SECONDS
from aiprobe.core.tracked import Tracked
from aiprobe.journal.incidents import read_incidents
from aiprobe.journal.replay import History
from aiprobe.journal.restartfile import read_restart, write_restart
from aiprobe.shard import Shard

log = logging.getLogger(__name__)

GOES_ON_SECONDS: Final = 600.0
"""A target continues if its last result is younger than this, or younger than three of its intervals."""
SAVE_EVERY_SECONDS: Final = 10.0
READ_BACK_SECONDS: Final = 7200.0
RESULTS_IN_ALL: Final = 10_000
RESULTS_MOST, RESULTS_LEAST = 60, 5
"""Results of one target that are read back; with many targets fewer, as on the pages."""
FAILURES_MOST: Final = 5000
"""Failures of one target that its background is learnt from again."""
INCIDENTS_SECONDS: Final = 30 * 86_400.0
"""The pages show incidents again that ended within this time."""


class Past(Protocol):
    """The results of the previous run, on disk."""

    def recent(self, targets: Sequence[Target], *, seconds: float, most: int) -> Sequence[Finished]:
        """Return the last results of each target, oldest first. Blocks."""

    def failures(self, targets: Sequence[Target], *, seconds: float, most: int) -> Mapping[str, History]:
        """Return when each target failed, by name. Blocks."""


class Shown(Protocol):
    """What the pages show of each target."""

    def finished(self, finished: Finished) -> None:
        """Take one result."""


class Maintenance(Protocol):
    """The windows of maintenance that requests began."""

    def documents(self) -> Sequence[Mapping[str, Any]]:
        """Return them as JSON documents."""

    def resume(self, documents: Sequence[Any]) -> None:
        """Go on with them."""


class Incidents(Protocol):
    """The observed incidents."""

    def under_way(self) -> Sequence[Mapping[str, Any]]:
        """Return the JSON documents of the open incidents."""

    def resume(
        self, ended: Sequence[Any], under_way: Sequence[Any], results: Sequence[Finished], *, goes_on: bool
    ) -> None:
        """Continue from the end of the last run."""


class Restart:
    """Saves the state for the next start, and restores the state of the last run."""

    def __init__(
        self,
        directory: Path,
        shard: Shard,
        *,
        past: Past,
        incidents: Incidents,
        shown: Shown,
        maintenance: Maintenance,
        tracked: Mapping[str, Tracked],
        clock: Clock,
    ) -> None:
        self._directory = directory
        self._shard = shard
        self._past = past
        self._incidents = incidents
        self._shown = shown
        self._maintenance = maintenance
        self._tracked = tracked
        self._clock = clock
        self._salt = secrets.token_hex(16)
        self._saved: Mapping[str, Any] = {}
        self._saved_at = float("-inf")
        self._saving: asyncio.Task[bool] | None = None
        self._is_open = False

    async def open(self, take: Callable[[Sequence[Finished]], Sequence[Finished]]) -> None:
        """Read the state of the last run, and continue from it.

        `take` gets the last results of unchanged targets, oldest first; it returns the restored ones with their states.
        """
        document = await asyncio.to_thread(read_restart, self._directory)
        posted = document.get("maintenance")
        self._maintenance.resume(posted if isinstance(posted, list) else [])
        known, salt = document.get("targets"), document.get("salt")
        self._salt = salt if isinstance(salt, str) and salt else self._salt
        known = known if isinstance(known, dict) else {}
        same = [
            record
            for record in self._tracked.values()
            if isinstance(entry := known.get(record.target.name), dict) and entry.get("wiring") == self._wiring(record)
        ]
        for record in same:
            entry = known[record.target.name]
            record.has_answered = entry.get("has_answered") is True
            answers = entry.get("answers")
            record.identity.resume(answers if isinstance(answers, dict) else {})
        most = max(RESULTS_LEAST, min(RESULTS_MOST, RESULTS_IN_ALL // max(1, len(same))))
        targets = [record.target for record in same]
        results = await asyncio.to_thread(self._past.recent, targets, seconds=READ_BACK_SECONDS, most=most)
        now = self._clock.wall()
        ended = await asyncio.to_thread(
            lambda: list(read_incidents(self._directory, now - INCIDENTS_SECONDS, now + INCIDENTS_SECONDS))
        )
        saved_at = document.get("saved_timestamp_seconds")
        under_way = document.get("incidents")
        gap = now - saved_at if isinstance(saved_at, int | float) else float("inf")
        for finished in results:
            self._shown.finished(finished)
        last = {finished.target.name: finished for finished in results}
        resumable = [one for one in results if is_resumable(last[one.target.name], now=now)]
        await self._learn(resumable)
        resumed = take(resumable)
        self._incidents.resume(
            ended,
            under_way if isinstance(under_way, list) else [],
            resumed,
            goes_on=gap <= GOES_ON_SECONDS,
        )
        if resumed:
            log.info(
                "continuing from the state of the last run",
                extra={"targets": len({one.target.name for one in resumed})},
            )
        self._is_open = True

    async def _learn(self, resumable: Sequence[Finished]) -> None:
        """Give each target its past failures, but for those that come with the results that are resumed."""
        targets = [record.target for record in self._tracked.values()]
        found = await asyncio.to_thread(self._past.failures, targets, seconds=MEMORY_SECONDS, most=FAILURES_MOST)
        epoch = self._clock.wall() - self._clock.monotonic()
        resumed_from = {one.target.name: one.result.started_timestamp_seconds for one in reversed(resumable)}
        for name, history in found.items():
            state = self._tracked[name].state
            state.past.since = history.since - epoch
            for started, scheduled in history.failures:
                if started < resumed_from.get(name, float("inf")):
                    state.past.note(started - epoch, scheduled=scheduled, interval_seconds=state.interval_seconds)

    def tick(self) -> None:
        """Save what changed, every few seconds."""
        now = self._clock.monotonic()
        if not self._is_open or now - self._saved_at < SAVE_EVERY_SECONDS or (self._saving and not self._saving.done()):
            return
        document = self._document()
        if document != self._saved:
            self._saved, self._saved_at = document, now
            self._saving = asyncio.create_task(self._write(document), name="restart")

    async def save(self) -> bool:
        """Save now; False where the disk does not take it."""
        if self._saving is not None:
            await asyncio.gather(self._saving, return_exceptions=True)
        return await self._write(self._document())

    async def close(self) -> None:
        """Save once more. Call it before the incidents are closed."""
        if self._is_open:
            await self.save()

    async def _write(self, document: Mapping[str, Any]) -> bool:
        stamped = {**document, "saved_timestamp_seconds": self._clock.wall()}
        if taken := await asyncio.to_thread(write_restart, self._directory, stamped):
            return taken
        self._saved = {}  # `tick` tries again
        return False

    def _document(self) -> Mapping[str, Any]:
        return {
            "salt": self._salt,
            "shard": [self._shard.index, self._shard.count],
            "targets": {
                name: {
                    "wiring": self._wiring(record),
                    "has_answered": record.has_answered,
                    "answers": record.identity.known(),
                }
                for name, record in self._tracked.items()
                if not record.is_fallback
            },
            "incidents": list(self._incidents.under_way()),
            "maintenance": list(self._maintenance.documents()),
        }

    def _wiring(self, record: Tracked) -> str:
        """Return a salted digest of how a target is reached: if it changed, earlier results do not apply."""
        return hashlib.sha256("\x00".join((self._salt, *record.target.wiring)).encode()).hexdigest()[:32]


def is_resumable(finished: Finished, *, now: float) -> bool:
    """Return whether a target continues from this, its last result."""
    result, interval = finished.result, finished.target.interval_seconds
    age = now - result.started_timestamp_seconds - result.duration_seconds
    return age <= max(GOES_ON_SECONDS, SILENT_AFTER_INTERVALS * interval)
