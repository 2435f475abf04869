"""Asking one status page again and again: when, how politely, and what is remembered between two answers.

A page that cannot be read gives no information about its provider: the last reading stays, with its age.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from aiprobe.core.clock import Clock
from aiprobe.core.spread import stable_fraction
from aiprobe.core.statuspage import PageSnapshot, Reading
from aiprobe.statuspages import AUTO, PageError
from aiprobe.statuspages.fetch import FetchError
from aiprobe.statuspages.selection import LONGEST_INTERVAL_SECONDS, shortest_interval_seconds
from aiprobe.statuspages.source import Fetcher, Source, addresses
from aiprobe.statuspages.specs import REGION, ComponentSpec, PageSpec, watched

log = logging.getLogger(__name__)

DEFAULT_INTERVAL_SECONDS: Final = 120.0
LONGEST_BACKOFF_SECONDS: Final = 1800.0
FIRST_WITHIN_SECONDS: Final = 10.0
"""The first polls of all pages are spread over this time."""
JITTER: Final = 0.1
"""How much an interval may be shorter or longer, as a ratio."""
SEARCH_EVERY_SECONDS: Final = 3600.0
"""How often a page that moved is searched for."""
_SEARCHED: Final = frozenset({"moved", "html", "unreadable"})

Listener = Callable[[PageSnapshot], None]
"""Receives the readings after each poll. Fast, and does not raise."""


class PagePoller:
    """Polls one page. `run` is a task for its owner to cancel; `poll` is one round."""

    def __init__(
        self,
        page: PageSpec,
        *,
        fetcher: Fetcher,
        clock: Clock,
        listener: Listener,
        watch: Sequence[ComponentSpec] | None = None,
        interval_seconds: float = DEFAULT_INTERVAL_SECONDS,
    ) -> None:
        """Prepare to poll.

        `watch` are the components that are looked for; None means every one of the page that is not per region.
        `interval_seconds` is 60 to 300; a page on this machine may be polled more often.

        Raises:
            ValueError: for a page that no program can read, and for an interval outside those bounds.
        """
        self._shortest_seconds = shortest_interval_seconds(page, interval_seconds)
        self._page = page
        self._fetcher = fetcher
        self._clock = clock
        self._listener = listener
        self._interval_seconds = interval_seconds
        self._watch = tuple(one for one in page.components if REGION not in one.id) if watch is None else tuple(watch)
        self._main = Source(page, page.url, fetcher=fetcher, watch=self._watch)
        self._incidents = (
            Source(page, page.incidents_url, fetcher=fetcher, watch=self._watch) if page.incidents_url else None
        )
        self._found: Source | None = None
        """Where the page was found after it had moved."""
        self._searched_at = float("-inf")
        self._polls = 0
        self._refusals = 0
        self._asked_seconds = 0.0
        """What the last refusal asked for in its `Retry-After`."""
        self.snapshot = self._unread("not polled yet")
        """What is known now."""

    async def run(self) -> None:
        """Poll until cancelled."""
        await self._clock.sleep(FIRST_WITHIN_SECONDS * self._fraction())
        while True:
            await self.poll()
            await self._clock.sleep(self.delay_seconds())

    async def poll(self) -> PageSnapshot:
        """Poll once, call the listener, and return the current reading."""
        self._polls += 1
        refusals, self._asked_seconds = self._refusals, 0.0
        was_up, first = self.snapshot.up, self._polls == 1
        try:
            reading, detail = await self._read()
        except (FetchError, PageError) as error:
            self.snapshot = replace(self.snapshot, up=False, detail=str(error), problems=(error.problem,))
        except Exception:
            # A reader that meets what its author did not think of must not end the polling of its page.
            log.exception("bug while reading a status page", extra={"page": self._page.key})
            self.snapshot = replace(self.snapshot, up=False, detail="internal error", problems=("unreadable",))
        else:
            before = self.snapshot
            found = tuple(watched(reading, spec) for spec in self._watch)
            lost = reading.components_known and not all(one.listed for one in found)
            self.snapshot = PageSnapshot(
                page=self._page.key,
                up=True,
                reading=reading,
                polled_timestamp_seconds=self._clock.wall(),
                watched=found,
                detail=detail,
                problems=("moved",) * (self._found or self._main).moved + ("lost_component",) * lost,
            )
            if before.reading is not None:
                self._log_lost(before, self.snapshot)
        if self.snapshot.up and self._refusals == refusals:
            self._refusals = 0
        if first or was_up != self.snapshot.up:
            fields = {"page": self._page.key, "detail": self.snapshot.detail}
            log.info("status page can be read" if self.snapshot.up else "status page cannot be read", extra=fields)
        self._listener(self.snapshot)
        return self.snapshot

    def delay_seconds(self) -> float:
        """Return how long to wait until the next poll: the interval with jitter, or longer after a refusal."""
        low = max(self._shortest_seconds, self._interval_seconds * (1 - JITTER))
        high = min(LONGEST_INTERVAL_SECONDS, self._interval_seconds * (1 + JITTER))
        delay = low + (high - low) * self._fraction()
        if not self._refusals:
            return delay
        doubled = self._interval_seconds * 2.0 ** min(self._refusals, 16)
        return max(delay, min(doubled, LONGEST_BACKOFF_SECONDS), self._asked_seconds)

    def _log_lost(self, before: PageSnapshot, now: PageSnapshot) -> None:
        """Log the components that the page lists no more, and those that are back."""
        for earlier, later in zip(before.watched, now.watched, strict=True):
            if earlier.listed != later.listed:
                what = (
                    "status page lists a component again" if later.listed else "status page lists a component no more"
                )
                log.warning(what, extra={"page": self._page.key, "surface": later.surface})

    async def _read(self) -> tuple[Reading, str]:
        """Read the page's documents; the first makes the reading, a second only adds incidents."""
        try:
            reading = await self._look(self._main)
        except (FetchError, PageError) as error:
            return await self._look_elsewhere(error)
        self._found = None
        if self._incidents is None:
            return reading, ""
        try:
            more = await self._look(self._incidents)
        except (FetchError, PageError) as error:
            known = self._incidents.reading
            return (_with_incidents(reading, known) if known else reading), f"incidents: {error}"
        return _with_incidents(reading, more), ""

    async def _look(self, source: Source) -> Reading:
        try:
            return await source.look()
        except FetchError as error:
            if error.leave_alone:
                self._refusals += 1
                self._asked_seconds = max(self._asked_seconds, error.retry_after_seconds or 0.0)
            raise

    async def _look_elsewhere(self, error: FetchError | PageError) -> tuple[Reading, str]:
        """Read the page where it was found, or search for it once an hour, else raise `error` again."""
        if error.problem not in _SEARCHED:
            raise error
        if self._found is not None:
            with suppress(FetchError, PageError):
                return await self._found.look(), f"{error}; read at {self._found.url}"
            self._found = None
        if self._clock.monotonic() - self._searched_at < SEARCH_EVERY_SECONDS:
            raise error
        self._searched_at = self._clock.monotonic()
        answered = error.url if isinstance(error, FetchError) else ""
        for url in addresses(self._page, answered):
            source = Source(self._page, url, fetcher=self._fetcher, watch=self._watch, reader=AUTO)
            with suppress(FetchError, PageError):
                reading = await source.look()
                if not reading.components_known or any(watched(reading, spec).listed for spec in self._watch):
                    self._found = source
                    return reading, f"{error}; read at {url}"
        raise error

    def _unread(self, detail: str) -> PageSnapshot:
        nothing = Reading(components=(), incidents=(), maintenances=(), updated_timestamp_seconds=None)
        return PageSnapshot(
            page=self._page.key,
            up=False,
            reading=None,
            polled_timestamp_seconds=None,
            watched=tuple(watched(nothing, spec) for spec in self._watch),
            detail=detail,
        )

    def _fraction(self) -> float:
        """Return a number in [0, 1) from the page and the count of polls: pages spread, and runs repeat."""
        return stable_fraction(self._page.key, str(self._polls))


def _with_incidents(reading: Reading, more: Reading) -> Reading:
    """Add a second document's incidents; if both contain an incident, the first document counts."""
    incidents = {one.id: one for one in (*more.incidents, *reading.incidents)}
    maintenances = {one.id: one for one in (*more.maintenances, *reading.maintenances)}
    return replace(reading, incidents=tuple(incidents.values()), maintenances=tuple(maintenances.values()))
