"""What providers declare, beside what we see: polls their status pages, compares, and keeps the observed incidents.

The reading, the comparing and the incidents are pure and stand in `statuspages/` and `core/`; here they are connected
to the clock, to the probes' results and to the metrics.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.model import Finished, Target
from aiprobe.core.statuspage import PageSnapshot, Reading, StatusPages, Watched
from aiprobe.incidents.comparison import SurfaceComparison
from aiprobe.incidents.declaration import Declaration, declaration, is_open
from aiprobe.incidents.markdown import incident_markdown
from aiprobe.incidents.observed import IncidentBook
from aiprobe.incidents.record import Incident
from aiprobe.incidents.schema import incident_json
from aiprobe.incidents.text import sentence
from aiprobe.metrics.catalogue import COMPONENT_WORDS
from aiprobe.statuspages.fetch import PageFetcher
from aiprobe.statuspages.poll import PagePoller
from aiprobe.statuspages.selection import pages_for, watch_list
from aiprobe.statuspages.specs import ComponentSpec, PageSpec
from aiprobe.web.ports import ComponentRow, IncidentRow, PageRow

log = logging.getLogger(__name__)

TELL_EVERY_SECONDS: Final = 1.0
SENTENCES_SHOWN: Final = 20

Series = dict[tuple[str, ...], float]


class Gauges(Protocol):
    """Where numbers go."""

    def tell(self, short: str, values: Mapping[tuple[str, ...], float]) -> None:
        """Have exactly these series of a gauge."""


@dataclass(slots=True)
class _Page:
    """One page that is read."""

    spec: PageSpec
    watch: Sequence[ComponentSpec]
    poller: PagePoller
    task: asyncio.Task[None]


class Declared:
    """Reads the pages of the configured providers until it is closed."""

    def __init__(
        self,
        gauges: Gauges,
        *,
        clock: Clock,
        write_down: Callable[[Sequence[Mapping[str, Any]]], None] = lambda _: None,
    ) -> None:
        """`write_down` takes the JSON documents of incidents that ended; it must not block."""
        self.book = IncidentBook()
        self._write_down = write_down
        self._written: Mapping[str, Incident] = {}
        """Those of the book that were handed to `write_down`, as they were then."""
        self._gauges = gauges
        self._clock = clock
        self._fetcher = PageFetcher()
        self._pages: dict[str, _Page] = {}
        self._unreadable: Sequence[PageSpec] = ()
        self._comparisons: dict[tuple[str, str], SurfaceComparison] = {}
        self._probed: frozenset[tuple[str, str]] = frozenset()
        self._told_at = float("-inf")

    async def apply(self, settings: StatusPages, targets: Sequence[Target]) -> None:
        """Read the pages of this configuration from now on; a page that did not change is not asked again.

        Raises ValueError, with everything left as it was, for a page that cannot be read as configured.
        """
        specs = pages_for(settings, targets)
        interval = settings.interval_seconds
        wanted = {spec.key: (spec, watch_list(spec, targets)) for spec in specs if spec.readable}
        pollers = {
            key: self._poller(spec, watch, interval)
            for key, (spec, watch) in wanted.items()
            if not self._is_read(spec, watch)
        }
        gone = [key for key in self._pages if key not in wanted or key in pollers]
        await self._stop([self._pages.pop(key) for key in gone])
        for key, poller in pollers.items():
            spec, watch = wanted[key]
            task = asyncio.create_task(poller.run(), name=f"page:{key}")
            self._pages[key] = _Page(spec, watch, poller, task)
        self._unreadable = [spec for spec in specs if not spec.readable]
        self._probed = frozenset((target.provider.name, target.surface) for target in targets)
        self._comparisons = {
            (page.spec.provider, one.surface): self._comparisons.get((page.spec.provider, one.surface))
            or SurfaceComparison()
            for page in self._pages.values()
            for one in page.watch
            if (page.spec.provider, one.surface) in self._probed
        }

    def keep(self, targets: Sequence[Target]) -> None:
        """Forget every target but these. Call it when no other is probed any more."""
        self.book.keep(targets, self._clock.wall())

    async def close(self) -> None:
        """Stop reading, and have outages under way written down as far as they were seen."""
        await self._stop(list(self._pages.values()))
        self._pages.clear()
        self.book.keep((), self._clock.wall())
        self._write_closed()
        await self._fetcher.close()

    def finished(self, finished: Finished) -> None:
        """Take one finished probe."""
        now = self._clock.wall()
        self.book.record(finished, now)
        self._observe((finished.target.provider.name, finished.target.surface), now)

    def egress(self, checks: Mapping[str, bool]) -> None:
        """Take one round of egress checks."""
        self.book.egress(any(checks.values()), self._clock.wall())

    def tick(self) -> None:
        """Bring the gauges up to date, once a second."""
        if self._clock.monotonic() - self._told_at < TELL_EVERY_SECONDS:
            return
        self._told_at = self._clock.monotonic()
        self._write_closed()
        now = self._clock.wall()
        for key in self._comparisons:
            self._observe(key, now)
        for short, values in {**self._page_series(), **self._comparison_series(now)}.items():
            self._gauges.tell(short, values)

    def declared_word(self, provider: str, surface: str) -> str:
        """Return what the page says of a surface now, in its own word; empty while that is unknown."""
        for page, watched in self._watched():
            if (page.spec.provider, watched.surface) == (provider, surface) and page.poller.snapshot.up:
                return watched.component.word
        return ""

    def rows(self) -> Sequence[PageRow]:
        """Return the pages as people read them; those that no program can read come last."""
        read = [self._row(page) for page in self._pages.values()]
        return [*read, *(_unreadable_row(spec) for spec in self._unreadable)]

    def incident_rows(self) -> Sequence[IncidentRow]:
        """Return the open incidents and the latest closed ones, a sentence each."""
        incidents = (*self.book.open(), *self.book.recent(SENTENCES_SHOWN))
        return [
            IncidentRow(
                id=one.id,
                sentence=sentence(one),
                is_open=one.end_timestamp_seconds is None,
                start_timestamp_seconds=one.start_timestamp_seconds,
                layer_reason=one.layer_reason,
            )
            for one in incidents[:SENTENCES_SHOWN]
        ]

    def incidents_json(self, limit: int) -> Mapping[str, Any]:
        """Return the document of `/api/v1/incidents`."""
        return self.book.to_json(limit)

    def incidents_markdown(self, limit: int) -> str:
        """Return the same as Markdown."""
        told = [incident_markdown(one) for one in (*self.book.open(), *self.book.recent(limit))]
        return "\n\n".join(told) if told else "No incident was observed."

    def _poller(self, spec: PageSpec, watch: Sequence[ComponentSpec], interval_seconds: float) -> PagePoller:
        return PagePoller(
            spec,
            fetcher=self._fetcher,
            clock=self._clock,
            listener=self._page_read,
            watch=watch,
            interval_seconds=interval_seconds,
        )

    def _is_read(self, spec: PageSpec, watch: Sequence[ComponentSpec]) -> bool:
        page = self._pages.get(spec.key)
        return page is not None and page.spec == spec and list(page.watch) == list(watch)

    async def _stop(self, pages: Sequence[_Page]) -> None:
        for page in pages:
            page.task.cancel()
        await asyncio.gather(*(page.task for page in pages), return_exceptions=True)

    def _page_read(self, snapshot: PageSnapshot) -> None:
        page = self._pages.get(snapshot.page)
        if page is None:
            return
        now = self._clock.wall()
        reading = snapshot.reading
        for watched in snapshot.watched:
            key = (page.spec.provider, watched.surface)
            if key not in self._probed:
                continue
            notices = reading.incidents if reading is not None else ()
            component = watched.component
            self.book.declared(*key, component, notices, now, readable=snapshot.up)
            if comparison := self._comparisons.get(key):
                comparison.read(now, _said(watched, reading) if snapshot.up else None)

    def _write_closed(self) -> None:
        """Have every incident written down when it has ended, and again when more became known of it."""
        ended = self.book.recent()
        fresh = [one for one in ended if self._written.get(one.id) is not one]
        if fresh:
            self._written = {one.id: one for one in ended}
            self._write_down([incident_json(one) for one in fresh])

    def _observe(self, key: tuple[str, str], now: float) -> None:
        if comparison := self._comparisons.get(key):
            comparison.observe(now, self.book.observation(*key, now))

    def _watched(self) -> Iterator[tuple[_Page, Watched]]:
        for page in self._pages.values():
            for watched in page.poller.snapshot.watched:
                yield page, watched

    def _page_series(self) -> Mapping[str, Series]:
        up: Series = {}
        polled: Series = {}
        updated: Series = {}
        incidents: Series = {}
        for key, page in self._pages.items():
            snapshot = page.poller.snapshot
            up[key,] = float(snapshot.up)
            if snapshot.polled_timestamp_seconds is not None:
                polled[key,] = snapshot.polled_timestamp_seconds
            if snapshot.reading is None:
                continue
            if snapshot.reading.updated_timestamp_seconds is not None:
                updated[key,] = snapshot.reading.updated_timestamp_seconds
            for incident in filter(is_open, snapshot.reading.incidents):
                incidents[key, incident.impact] = incidents.get((key, incident.impact), 0.0) + 1
        return {
            "status_page_up": up,
            "status_page_polled_timestamp_seconds": polled,
            "status_page_updated_timestamp_seconds": updated,
            "status_incidents": incidents,
            **self._component_series(),
        }

    def _component_series(self) -> Mapping[str, Series]:
        states: Series = {}
        maintenance: Series = {}
        info: Series = {}
        for page, watched in self._watched():
            component = watched.component
            labels = (page.spec.key, _component_label(page, watched), page.spec.provider, watched.surface)
            if page.poller.snapshot.reading is None or not watched.listed:
                continue
            if component.state is not None:
                states[labels] = float(component.state)
                maintenance[labels] = float(component.maintenance)
            info[*labels, component.word if component.word in COMPONENT_WORDS else "other"] = 1.0
        return {
            "status_component_state": states,
            "status_component_maintenance": maintenance,
            "status_component_info": info,
        }

    def _comparison_series(self, now: float) -> Mapping[str, Series]:
        disagreement: Series = {}
        undeclared: Series = {}
        lag: Series = {}
        lead: Series = {}
        for key, comparison in self._comparisons.items():
            told = comparison.compare(now)
            disagreement |= {(*key, kind): float(value) for kind, value in told.disagreements.items()}
            for series, seconds in (
                (undeclared, told.undeclared_seconds),
                (lag, told.last_declaration_lag_seconds),
                (lead, told.last_declaration_lead_seconds),
            ):
                if seconds is not None:
                    series[key] = seconds
        counts = self.book.counts()
        observed: Series = {(*key, str(is_now).lower()): 0.0 for key in self._probed for is_now in (True, False)}
        observed |= {(provider, surface, str(now_open).lower()): float(count)
                     for (provider, surface, now_open), count in counts.items()}  # fmt: skip
        return {
            "disagreement": disagreement,
            "undeclared_seconds": undeclared,
            "last_declaration_lag_seconds": lag,
            "last_declaration_lead_seconds": lead,
            "incidents_observed": observed,
        }

    def _row(self, page: _Page) -> PageRow:
        snapshot = page.poller.snapshot
        return PageRow(
            key=page.spec.key,
            display_name=page.spec.display_name,
            home=page.spec.home,
            up=snapshot.up,
            polled_timestamp_seconds=snapshot.polled_timestamp_seconds,
            detail=snapshot.detail,
            components=[
                ComponentRow(
                    surface=watched.surface,
                    word=watched.component.word or "unknown",
                    state=None if watched.component.state is None else int(watched.component.state),
                    maintenance=watched.component.maintenance,
                    declared_only=(page.spec.provider, watched.surface) not in self._probed,
                )
                for watched in snapshot.watched
            ],
        )


def _said(watched: Watched, reading: Reading | None) -> Declaration | None:
    if reading is None or not watched.listed:
        return None
    return declaration(watched.component, reading.incidents)


def _component_label(page: _Page, watched: Watched) -> str:
    """Name a component by our own data, never by the page's text."""
    spec = next((one for one in page.watch if one.surface == watched.surface), None)
    names = spec.names if spec else ()
    return next(iter(names), watched.surface)


def _unreadable_row(spec: PageSpec) -> PageRow:
    return PageRow(key=spec.key, display_name=spec.display_name, home=spec.home, up=False, reason=spec.reason)
