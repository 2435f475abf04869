"""The journal: every probe's result, durable within two seconds, even if the process is killed later.

The event loop queues results and never waits; one thread writes them, with one commit per second. `schema` defines what
is stored, `days` for how long, `seals` how it is sealed.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol, TypeVar

from aiprobe.core.clock import Clock
from aiprobe.core.evidence import FailedProbe, HourRow
from aiprobe.core.model import Finished, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.journal import read, restart
from aiprobe.journal.entries import to_entry
from aiprobe.journal.replay import History, failures, recent_results
from aiprobe.journal.seals import gauge
from aiprobe.journal.store import KeepOk, Store
from aiprobe.journal.uptime import Uptime
from aiprobe.journal.verify import Verification, verify
from aiprobe.objectives.windows import Windows

log = logging.getLogger(__name__)

COMMIT_SECONDS: Final = 1.0
"""A result is on the disk after this time and the time of one commit: within two seconds."""
QUEUE_LIMIT: Final = 50_000
"""Probes that can wait for a blocked disk: 25 minutes of 1,000 targets at 30 s, about 50 MB."""
_MEASURE_EVERY: Final = 60
FLUSH_SECONDS: Final = 2.0
"""How long a reload waits for the disk before it reads the files."""
CLOSE_SECONDS: Final = 10.0
"""How long a stop waits for the disk."""


T = TypeVar("T")
Ended = tuple[Finished, float]
"""A probe, and the Unix time at which it ended."""


class Declared(Protocol):
    """What providers declare now."""

    def word(self, provider: str, surface: str) -> str:
        """Return the status page's own word for the state of a surface; empty if it is unknown."""


class Journal:
    """Owns the writer thread from `open` to `close`. The event loop can read its numbers at any time."""

    def __init__(
        self,
        directory: Path,
        *,
        keep_ok: KeepOk = "all",
        clock: Clock,
        version: str,
        config_hash: str,
        declared: Declared | None = None,
        queue_limit: int = QUEUE_LIMIT,
        commit_seconds: float = COMMIT_SECONDS,
    ) -> None:
        """Set the directory; nothing is read or written before `open`.

        With `declared`, each failed probe is stored with the state that the status page declares at that moment.
        """
        self.directory = directory
        self.config_hash = config_hash
        """Stored with every later failed probe."""
        self.keeps_throughput_of: Collection[str] = frozenset()
        """The targets of which each minute's median tokens per second is stored."""
        self.is_open = False
        """Whether the first cycle has run: before it, the state of the disk is unknown."""
        self._version = version
        self._clock = clock
        self._declared = declared
        self._followed: list[Ended] | None = None
        """The probes that were recorded since a reload began to read."""
        self._queue_limit = queue_limit
        self._commit_seconds = commit_seconds
        self._queue: deque[tuple[Finished, str, str, float]] = deque()
        self.uptime = Uptime(directory, clock=clock)
        self._store = Store(directory, keep_ok=keep_ok, clock=clock)
        self._dropped = 0
        self._bugs = 0
        self._flushes: deque[Future[None]] = deque()
        self._pulse = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def up(self) -> bool:
        """Return whether all results but those of the last second are on the disk."""
        return self._store.up and self._thread is not None and self._thread.is_alive()

    @property
    def errors(self) -> int:
        """Return how many writes and reads failed since the start."""
        return self._store.errors + self._bugs

    @property
    def dropped(self) -> int:
        """Return how many probes were lost because the disk failed or was too slow."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """Return how many probes are not on the disk yet."""
        return len(self._queue) + self._store.waiting

    @property
    def bytes_on_disk(self) -> int:
        """Return the size of all files, with those set aside; the value is at most a minute old."""
        return self._store.bytes_on_disk

    @property
    def seal_bits(self) -> int:
        """Return the first 52 bits of the newest seal of evidence, for an independent witness."""
        return gauge(self._store.heads["evidence"].seal)

    @property
    def last_commit_timestamp_seconds(self) -> float | None:
        """Return the Unix time of the last commit; None before the first."""
        return self._store.last_commit_timestamp_seconds

    async def open(self) -> None:
        """Finish what the last run left open, and start writing. A failing disk is logged and counted, not raised."""
        assert self._thread is None, "a journal is opened once"
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        first = self._ask()
        self._thread.start()
        await asyncio.wrap_future(first)
        self.is_open = True

    def prepare(self, *, config_hash: str, keeps_throughput_of: Collection[str]) -> Callable[[], None]:
        """Return the function that applies these values to later results."""

        def commit() -> None:
            self.config_hash = config_hash
            self.keeps_throughput_of = frozenset(keeps_throughput_of)

        return commit

    def finished(self, finished: Finished) -> None:
        """Record one finished probe; a failed one with the state that the status page declares for its surface."""
        if finished.result.outcome is not Outcome.CANCELLED:
            target, word = finished.target, ""
            if self._declared is not None and finished.result.outcome is not Outcome.OK:
                word = self._declared.word(target.provider.name, target.surface)
            self.record(finished, declared_state=word)

    def record(self, finished: Finished, *, declared_state: str = "") -> None:
        """Queue one probe; `declared_state` is the state on the status page at that moment. Never blocks."""
        now = self._clock.wall()
        if self._followed is not None:
            self._followed.append((finished, now))
        if self.waiting >= self._queue_limit:
            if self._dropped == 0:
                log.error("the journal's disk is too slow or stuck: results are dropped from now on")
            self._dropped += 1
            return
        self._queue.append((finished, declared_state, self.config_hash, now))

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Collect the probes that are recorded within this context, so that `read_back` misses none."""
        self._followed = []
        try:
            yield
        finally:
            self._followed = None

    async def read_back(self, read: Callable[[], T]) -> tuple[T, Callable[[], Sequence[Ended]]]:
        """Call `read` in a thread, within `followed`.

        Returns what it read, and a function that returns the probes that it cannot have read: probing continues
        meanwhile, and probes that were not on the disk at the end of the reading count as not read.
        """
        followed = self._followed
        assert followed is not None, "only within `followed`"
        with suppress(TimeoutError):  # a hanging disk does not delay a reload
            await asyncio.wait_for(self.flush(), FLUSH_SECONDS)
        found = await asyncio.to_thread(read)
        first = max(0, len(followed) - self.waiting)
        return found, lambda: followed[first:]

    async def flush(self) -> None:
        """Wait until everything queued so far was written or failed."""
        if self._thread is not None and self._thread.is_alive():
            await asyncio.wrap_future(self._ask())

    async def close(self) -> None:
        """Write what waits, mark the end of the run and stop. Gives up after ten seconds if the disk hangs.

        `dropped` counts what could not be written.
        """
        thread = self._thread
        if thread is None:
            return
        self._closing = True
        self._pulse.set()
        await asyncio.to_thread(thread.join, CLOSE_SECONDS)
        if lost := self.waiting:
            self._dropped += lost
            why = "the disk hangs" if thread.is_alive() else self._store.why or "nothing could be written"
            log.error("results are lost: %s", why, extra={"probes": lost, "directory": str(self.directory)})

    def hours(self, start: float, end: float, targets: Collection[str] | None = None) -> Iterator[HourRow]:
        """Return the hours that overlap [start, end) in Unix time. Reads files: call it in a thread."""
        return read.hours(self.directory, start, end, targets, on_error=self._store.note_read_error)

    def failed(self, start: float, end: float, targets: Collection[str] | None = None) -> Iterator[FailedProbe]:
        """Return the failed probes that began in [start, end) in Unix time. Reads files: call it in a thread."""
        return read.failed(self.directory, start, end, targets, on_error=self._store.note_read_error)

    def windows(self, targets: Sequence[Target]) -> dict[str, Windows]:
        """Return the windows of each target, rebuilt from the files, by name. Reads files: call it in a thread."""
        return restart.rebuild_windows(
            self.directory, targets, self._clock.wall(), on_error=self._store.note_read_error
        )

    def recent(self, targets: Sequence[Target], *, seconds: float, most: int) -> Sequence[Finished]:
        """Return the last results of each target, oldest first. Reads files: call it in a thread."""
        return recent_results(self.directory, targets, self._clock.wall(), seconds=seconds, most=most,
                              on_error=self._store.note_read_error)  # fmt: skip

    def failures(self, targets: Sequence[Target], *, seconds: float, most: int) -> Mapping[str, History]:
        """Return when each target failed, by name. Reads files: call it in a thread."""
        return failures(self.directory, targets, self._clock.wall(), seconds=seconds, most=most,
                        on_error=self._store.note_read_error)  # fmt: skip

    def verify(self, start: float, end: float) -> Verification:
        """Check the seals of the days that overlap [start, end) in Unix time. Reads files: call it in a thread."""
        return verify(self.directory, start, end, now=self._clock.wall())

    def _ask(self) -> "Future[None]":
        """Return a future that is done after the next whole cycle."""
        asked: Future[None] = Future()
        self._flushes.append(asked)
        self._pulse.set()
        return asked

    def _run(self) -> None:
        """Write once a second until `close` is called."""
        cycles = 0
        while True:
            self._pulse.wait(self._commit_seconds)
            self._pulse.clear()
            closing = self._closing
            asked = [self._flushes.popleft() for _ in range(len(self._flushes))]
            self._cycle(last=closing)
            cycles += 1
            if cycles % _MEASURE_EVERY == 0:
                self._store.measure()
            for each in asked:
                _set_done(each)
            if closing:
                break
        self._store.close()
        for late in self._flushes:
            _set_done(late)

    def _cycle(self, *, last: bool) -> None:
        try:
            self._store.cycle(self._take, last=last)
        except Exception:
            # A bug here must not end the thread: all later results would be lost too.
            self._bugs += 1
            self._dropped += self._store.give_up()
            log.exception("a bug in the journal: the waiting results are lost")

    def _take(self) -> None:
        for _ in range(len(self._queue)):
            finished, declared_state, config_hash, now = self._queue.popleft()
            try:
                entry = to_entry(
                    finished, declared_state=declared_state, now=now, keeps_throughput_of=self.keeps_throughput_of
                )
            except Exception:
                # An unexpected result must not cost the others.
                self._bugs += 1
                self._dropped += 1
                log.exception("a bug in the journal: a result is lost", extra={"target": finished.target.name})
                continue
            self._store.take(entry, version=self._version, config_hash=config_hash)


def _set_done(asked: "Future[None]") -> None:
    with suppress(InvalidStateError):  # the caller may no longer wait
        asked.set_result(None)
