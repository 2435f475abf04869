"""The status pages of the running configuration: their pollers, what they declare now, and the gauges of it."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.gauges import Gauges, Series
from aiprobe.core.model import Target
from aiprobe.core.rows import ComponentRow, PageRow
from aiprobe.core.statuspage import COMPONENT_WORDS, PROBLEMS, PageSnapshot, StatusPages, Watched
from aiprobe.statuspages.doctor import diagnose, in_words
from aiprobe.statuspages.fetch import PageFetcher
from aiprobe.statuspages.poll import PagePoller
from aiprobe.statuspages.selection import Route, pages_for, route_to, watch_list
from aiprobe.statuspages.specs import ComponentSpec, PageSpec, age_days, market_labels

log = logging.getLogger(__name__)

EMIT_EVERY_SECONDS: Final = 1.0
_Series = dict[tuple[str, ...], float]

Surface = tuple[str, str]
"""Provider and surface."""


class Listener(Protocol):
    """Holds what pages declare against what probes see."""

    def watched(self, surfaces: frozenset[Surface]) -> None:
        """Take the surfaces of which pages are read from now on."""

    def page_read(self, provider: str, snapshot: PageSnapshot) -> None:
        """Take what is known of one page after a poll."""


@dataclass(slots=True)
class _Page:
    """One page that is read."""

    spec: PageSpec
    watch: Sequence[ComponentSpec]
    configured: tuple[object, ...]
    """All that it was built of."""
    fetcher: PageFetcher
    poller: PagePoller
    snapshot: PageSnapshot
    """What the last poll found, with what is wrong beyond it."""
    task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Poll until cancelled, then close the connections."""
        try:
            await self.poller.run()
        finally:
            await self.fetcher.close()


class PageKeeper:
    """Reads the pages of the configured providers until it is closed."""

    def __init__(self, gauges: Gauges, listener: Listener, *, clock: Clock) -> None:
        self._gauges = gauges
        self._listener = listener
        self._clock = clock
        self._pages: dict[str, _Page] = {}
        self._unreadable: Sequence[PageSpec] = ()
        self._probed: frozenset[Surface] = frozenset()
        self._stopping: set[asyncio.Task[None]] = set()
        self._emitted_at = float("-inf")

    def prepare(
        self, settings: StatusPages, targets: Sequence[Target], *, owns: Callable[[str], bool] = lambda _: True
    ) -> Callable[[], None]:
        """Build what reads the pages of a configuration, and return what puts it to work.

        `owns` takes the name of a provider: this process reads the pages of those for which it is true. A page that
        did not change goes on undisturbed.

        Raises:
            ValueError: a page cannot be read as configured. Nothing was changed.
        """
        specs = [spec for spec in pages_for(settings, targets) if owns(spec.provider)]
        wanted = {
            spec.key: self._page(
                spec, watch_list(spec, targets), route_to(spec, settings, targets), settings.interval_seconds
            )
            for spec in specs
            if spec.readable
        }
        unreadable = [spec for spec in specs if not spec.readable]
        probed = frozenset((target.provider.name, target.surface) for target in targets)
        return lambda: self._commit(wanted, unreadable, probed)

    async def close(self) -> None:
        """Stop reading."""
        self._stop(self._pages.values())
        await asyncio.gather(*self._stopping, return_exceptions=True)
        self._pages.clear()

    def tick(self) -> None:
        """Bring the gauges up to date, once a second."""
        if self._clock.monotonic() - self._emitted_at >= EMIT_EVERY_SECONDS:
            self._emitted_at = self._clock.monotonic()
            self._diagnose()
            for short, values in {**self._page_series(), **self._component_series()}.items():
                self._gauges.replace(short, values)

    def word(self, provider: str, surface: str) -> str:
        """Return what the page declares of a surface now, in its own word; empty while that is unknown."""
        for page, watched in self._watched():
            if (page.spec.provider, watched.surface) == (provider, surface) and page.snapshot.up:
                return watched.component.word
        return ""

    def in_maintenance(self, provider: str, surface: str) -> bool:
        """Return whether the page declares a maintenance of a surface that is under way."""
        return any(
            watched.component.maintenance
            for page, watched in self._watched()
            if (page.spec.provider, watched.surface) == (provider, surface) and page.snapshot.up
        )

    def rows(self) -> Sequence[PageRow]:
        """Return the pages as people read them; those that no program can read come last."""
        read = [self._row(page) for page in self._pages.values()]
        return [*read, *(_unreadable_row(spec) for spec in self._unreadable)]

    def _page(self, spec: PageSpec, watch: Sequence[ComponentSpec], route: Route, interval_seconds: float) -> _Page:
        """Return the page as it is read already, or a new one that is not read yet."""
        known = self._pages.get(spec.key)
        configured = (spec, tuple(watch), route, interval_seconds)
        if known is not None and known.configured == configured:
            return known
        fetcher = PageFetcher(proxy=route.proxy, ca_file=route.ca_file)
        poller = PagePoller(
            spec,
            fetcher=fetcher,
            clock=self._clock,
            listener=self._page_read,
            watch=watch,
            interval_seconds=interval_seconds,
        )
        return _Page(spec, watch, configured, fetcher, poller, poller.snapshot)

    def _commit(self, wanted: dict[str, _Page], unreadable: Sequence[PageSpec], probed: frozenset[Surface]) -> None:
        self._stop(page for key, page in self._pages.items() if wanted.get(key) is not page)
        self._pages, self._unreadable, self._probed = wanted, unreadable, probed
        for key, page in wanted.items():
            if page.task is None:
                page.task = asyncio.create_task(page.run(), name=f"page:{key}")
        self._listener.watched(
            frozenset((page.spec.provider, one.surface) for page in wanted.values() for one in page.watch)
        )

    def _stop(self, pages: Iterable[_Page]) -> None:
        for task in [page.task for page in pages if page.task is not None]:
            task.cancel()
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    def _page_read(self, snapshot: PageSnapshot) -> None:
        page = self._pages.get(snapshot.page)
        if page is not None:
            self._diagnose()
            self._listener.page_read(page.spec.provider, page.snapshot)

    def _diagnose(self) -> None:
        """Bring what is known of each page up to date, and log the problems that changed."""
        known = {key: (page.spec, page.poller.snapshot) for key, page in self._pages.items()}
        for key, snapshot in diagnose(known, self._clock.wall()).items():
            page, before = self._pages[key], self._pages[key].snapshot.problems
            page.snapshot = snapshot
            if snapshot.problems != before:
                fields = {"page": key, "problem": ", ".join(snapshot.problems), "detail": in_words(snapshot)}
                if snapshot.problems:
                    log.warning("status page has a problem", extra=fields)
                else:
                    log.info("status page has no problem any more", extra={"page": key})

    def _watched(self) -> Iterator[tuple[_Page, Watched]]:
        for page in self._pages.values():
            for watched in page.snapshot.watched:
                yield page, watched

    def _page_series(self) -> Mapping[str, Series]:
        up: _Series = {}
        polled: _Series = {}
        updated: _Series = {}
        incidents: _Series = {}
        problems: _Series = {}
        ages: _Series = {}
        market: _Series = {}
        for key, page in self._pages.items():
            snapshot = page.snapshot
            up[key,] = float(snapshot.up)
            problems |= {(key, problem): float(problem in snapshot.problems) for problem in PROBLEMS}
            age = age_days(page.spec, self._clock.wall())
            if age is not None:
                ages[key,] = age
            if snapshot.polled_timestamp_seconds is not None:
                polled[key,] = snapshot.polled_timestamp_seconds
            if snapshot.reading is None:
                continue
            if snapshot.up and snapshot.reading.uptime_ratio is not None:
                market[page.spec.provider, *market_labels(page.spec)] = snapshot.reading.uptime_ratio
            if snapshot.reading.updated_timestamp_seconds is not None:
                updated[key,] = snapshot.reading.updated_timestamp_seconds
            for incident in (one for one in snapshot.reading.incidents if one.is_open):
                incidents[key, incident.impact] = incidents.get((key, incident.impact), 0.0) + 1
        return {
            "status_page_up": up,
            "status_page_polled_timestamp_seconds": polled,
            "status_page_updated_timestamp_seconds": updated,
            "status_incidents": incidents,
            "status_page_problem": problems,
            "status_catalogue_age_days": ages,
            "market_uptime_ratio": market,
        }

    def _component_series(self) -> Mapping[str, Series]:
        states: _Series = {}
        maintenance: _Series = {}
        info: _Series = {}
        listed: _Series = {}
        for page, watched in self._watched():
            component = watched.component
            labels = (page.spec.key, _component_label(page, watched), page.spec.provider, watched.surface)
            reading = page.snapshot.reading
            if reading is None:
                continue
            if reading.components_known:  # a feed lists none
                listed[labels] = float(watched.listed)
            if not watched.listed:
                continue
            if component.state is not None:
                states[labels] = float(component.state)
                maintenance[labels] = float(component.maintenance)
            if component.word or component.state is not None:
                info[*labels, component.word if component.word in COMPONENT_WORDS else "other"] = 1.0
        return {
            "status_component_state": states,
            "status_component_maintenance": maintenance,
            "status_component_info": info,
            "status_component_listed": listed,
        }

    def _row(self, page: _Page) -> PageRow:
        snapshot = page.snapshot
        return PageRow(
            key=page.spec.key,
            display_name=page.spec.display_name,
            home=page.spec.home,
            up=snapshot.up,
            polled_timestamp_seconds=snapshot.polled_timestamp_seconds,
            detail=in_words(snapshot) or snapshot.detail,
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


def _component_label(page: _Page, watched: Watched) -> str:
    """Name a component by our own data, never by the page's text."""
    spec = next((one for one in page.watch if one.surface == watched.surface), None)
    names = spec.names if spec else ()
    return next(iter(names), watched.surface)


def _unreadable_row(spec: PageSpec) -> PageRow:
    return PageRow(key=spec.key, display_name=spec.display_name, home=spec.home, up=False, reason=spec.reason)
