"""Keeps observed incidents and the comparison with status pages: takes probes, pages and egress checks, emits gauges.

The incidents and the comparison are pure; this module connects them to the clock and the metrics.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.gauges import Gauges
from aiprobe.core.model import Finished, Target
from aiprobe.core.rows import IncidentRow
from aiprobe.core.state import State
from aiprobe.core.statuspage import PageSnapshot, Reading, Watched
from aiprobe.incidents import feed, published, statuspage
from aiprobe.incidents.comparison import SurfaceComparison
from aiprobe.incidents.declaration import Declaration, declaration
from aiprobe.incidents.markdown import incident_markdown
from aiprobe.incidents.observed import IncidentBook
from aiprobe.incidents.parse import incident_from_json
from aiprobe.incidents.record import Incident
from aiprobe.incidents.schema import incident_json, incident_schema
from aiprobe.incidents.text import sentence
from aiprobe.incidents.verdict import MARKET_FAILS_BELOW, Witnesses, worst

EMIT_EVERY_SECONDS: Final = 1.0
PUBLISHER: Final = "aiprobe"
"""The name under which incidents are published."""
SENTENCES_SHOWN: Final = 20

Surface = tuple[str, str]
"""Provider and surface."""
_Series = dict[tuple[str, ...], float]


class Writer(Protocol):
    """Stores ended incidents."""

    def write(self, incidents: Sequence[Mapping[str, Any]]) -> None:
        """Take the JSON documents of ended incidents. Does not block."""


class IncidentKeeper:
    """Keeps the observed incidents of the running configuration, and compares each surface with its status page."""

    def __init__(self, gauges: Gauges, writer: Writer, *, clock: Clock) -> None:
        self.book = IncidentBook()
        self._gauges = gauges
        self._writer = writer
        self._clock = clock
        self._written: Mapping[str, Incident] = {}
        """The incidents that `writer` has, as they were passed to it."""
        self._comparisons: dict[Surface, SurfaceComparison] = {}
        self._markets: dict[tuple[str, str], float] = {}
        """The uptime that a market measures, by provider and page."""
        self._probed: frozenset[Surface] = frozenset()
        self._private: frozenset[Surface] = frozenset()
        """Surfaces that are reached without the Internet."""
        self._egress_down = False
        self._emitted_at = float("-inf")

    def prepare(self, targets: Sequence[Target]) -> Callable[[], None]:
        """Return the function that removes all other targets. Call that before the pages are changed."""

        def commit() -> None:
            self._probed = frozenset((target.provider.name, target.surface) for target in targets)
            self._private = self._probed - {(one.provider.name, one.surface) for one in targets if one.provider.egress}
            self.book.keep(targets, self._clock.wall())

        return commit

    def resume(
        self, ended: Sequence[Any], under_way: Sequence[Any], results: Sequence[Finished], *, goes_on: bool
    ) -> None:
        """Continue after a restart, from the written documents and the last results, oldest first.

        Without `goes_on`, the open incidents are closed at the time when they were last seen.
        """
        on_disk = {one.id: one for one in _parsed(ended) if one.end_timestamp_seconds is not None}
        open_ones = _parsed(under_way)
        lost = () if goes_on else (_closed_unseen(one) for one in open_ones)
        kept = {**{one.id: one for one in lost}, **on_disk}
        self.book.resume(kept.values(), open_ones if goes_on else (), results, self._clock.wall())
        self._written = {one.id: one for one in self.book.recent() if on_disk.get(one.id) is one}

    def under_way(self) -> Sequence[Mapping[str, Any]]:
        """Return the documents of the open incidents, as `resume` takes them."""
        return [incident_json(one) for one in self.book.under_way()]

    def watched(self, surfaces: frozenset[Surface]) -> None:
        """Compare these surfaces from now on, if they are probed."""
        self._markets.clear()  # the pages of the configuration report again at their next poll
        known = self._comparisons
        self._comparisons = {key: known.get(key) or SurfaceComparison() for key in surfaces & self._probed}

    def close(self) -> None:
        """Write the open incidents, ended at the time when they were last seen."""
        self.book.keep((), self._clock.wall())
        self._write_ended()

    def verdict(self, provider: str) -> Mapping[str, Any] | None:
        """Return the document of `/api/v1/verdict`; None for a provider that is not probed."""
        surfaces = [self._witnesses(key) for key in sorted(self._probed) if key[0] == provider]
        decisive = worst(surfaces)
        if decisive is None:
            return None
        return {
            "provider": provider,
            "verdict": decisive.verdict,
            "evidence": decisive.evidence,
            "surfaces": {one.surface: {"verdict": one.verdict, "evidence": one.evidence} for one in surfaces},
        }

    def _witnesses(self, key: Surface) -> Witnesses:
        comparison = self._comparisons.get(key)
        said = None if comparison is None else comparison.page.current
        maintenance = said is not None and said.maintenance
        return Witnesses(
            surface=key[1],
            state=self.book.observation(*key, self._clock.wall()).state,
            declared=None if said is None or maintenance else said.state,
            maintenance=maintenance,
            market=self._market_fails(key[0]),
            egress_down=self._egress_down and key not in self._private,
        )

    def _market_fails(self, provider: str) -> bool | None:
        ratios = [ratio for (of, _), ratio in self._markets.items() if of == provider]
        return min(ratios) < MARKET_FAILS_BELOW if ratios else None

    def finished(self, finished: Finished) -> None:
        """Take one finished probe."""
        now = self._clock.wall()
        self.book.record(finished, now)
        self._observe((finished.target.provider.name, finished.target.surface), now)

    def egress(self, checks: Mapping[str, bool]) -> None:
        """Take the results of one round of egress checks."""
        self._egress_down = bool(checks) and not any(checks.values())
        self.book.egress(any(checks.values()), self._clock.wall())

    def page_read(self, provider: str, snapshot: PageSnapshot) -> None:
        """Take the state of one page after a poll."""
        now = self._clock.wall()
        reading = snapshot.reading
        self._markets.pop((provider, snapshot.page), None)
        if snapshot.up and reading is not None and reading.uptime_ratio is not None:
            self._markets[provider, snapshot.page] = reading.uptime_ratio
        for watched in snapshot.watched:
            key = (provider, watched.surface)
            if key not in self._probed:
                continue
            notices = reading.incidents if reading is not None else ()
            self.book.declared(*key, watched.component, notices, now, readable=snapshot.up)
            if comparison := self._comparisons.get(key):
                comparison.read(now, _declared(watched, reading) if snapshot.up else None)

    def tick(self) -> None:
        """Update the gauges and write ended incidents, once a second."""
        if self._clock.monotonic() - self._emitted_at < EMIT_EVERY_SECONDS:
            return
        self._emitted_at = self._clock.monotonic()
        self._write_ended()
        now = self._clock.wall()
        for key in self._comparisons:
            self._observe(key, now)
        for short, values in {**self._comparison_series(now), "incidents_observed": self._counts()}.items():
            self._gauges.replace(short, values)

    def rows(self) -> Sequence[IncidentRow]:
        """Return the open incidents and the latest closed ones, with one sentence each."""
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

    def json(self, limit: int) -> Mapping[str, Any]:
        """Return the document of `/api/v1/incidents`."""
        return self.book.to_json(limit)

    def markdown(self, limit: int) -> str:
        """Return the same incidents as Markdown."""
        incidents = [incident_markdown(one) for one in (*self.book.open(), *self.book.recent(limit))]
        return "\n\n".join(incidents) if incidents else "No incident was observed."

    def ndjson(self, limit: int, since: float = 0.0) -> str:
        """Return the same incidents, those not over at `since` (Unix seconds), in the published form, one a line."""
        incidents = (*self.book.open(), *self.book.recent(limit))
        recent = (one for one in incidents if (one.end_timestamp_seconds or self._clock.wall()) >= since)
        return "".join(json.dumps(published.observed(one, publisher=PUBLISHER)) + "\n" for one in recent)

    def feed(self) -> str:
        """Return the incidents as an Atom feed, the latest first."""
        now = self._clock.wall()
        kept = (*self.book.open(), *self.book.recent(feed.ENTRIES))
        incidents = [statuspage.as_incident(one, {}, now) for one in kept]
        return feed.atom(incidents, name=PUBLISHER, now=published.rfc3339(now))

    def surfaces(self) -> Mapping[Surface, State | None]:
        """Return the state of each probed surface, None where nothing is validly known."""
        now = self._clock.wall()
        return {surface: self.book.observation(*surface, now).state for surface in sorted(self._probed)}

    def statuspage(self, part: str) -> Mapping[str, Any] | None:
        """Return a document of the Atlassian form, None for an unknown one."""
        incidents = (*self.book.open(), *self.book.recent())
        return statuspage.document(part, self.surfaces(), incidents, name=PUBLISHER, now=self._clock.wall())

    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of one incident."""
        return incident_schema()

    def _write_ended(self) -> None:
        """Write each incident when it has ended, and again when it changes later."""
        ended = self.book.recent()
        fresh = [one for one in ended if self._written.get(one.id) is not one]
        if fresh:
            self._written = {one.id: one for one in ended}
            self._writer.write([incident_json(one) for one in fresh])

    def _observe(self, key: Surface, now: float) -> None:
        if comparison := self._comparisons.get(key):
            comparison.observe(now, self.book.observation(*key, now))

    def _comparison_series(self, now: float) -> dict[str, _Series]:
        disagreement: _Series = {}
        undeclared: _Series = {}
        lag: _Series = {}
        lead: _Series = {}
        for key, comparison in self._comparisons.items():
            found = comparison.compare(now)
            disagreement |= {(*key, kind): float(value) for kind, value in found.disagreements.items()}
            for series, seconds in (
                (undeclared, found.undeclared_seconds),
                (lag, found.last_declaration_lag_seconds),
                (lead, found.last_declaration_lead_seconds),
            ):
                if seconds is not None:
                    series[key] = seconds
        return {
            "disagreement": disagreement,
            "undeclared_seconds": undeclared,
            "last_declaration_lag_seconds": lag,
            "last_declaration_lead_seconds": lead,
        }

    def _counts(self) -> _Series:
        observed: _Series = {(*key, is_open): 0.0 for key in self._probed for is_open in ("true", "false")}
        for (provider, surface, is_open), count in self.book.counts().items():
            observed[provider, surface, str(is_open).lower()] = float(count)
        return observed


def _parsed(documents: Sequence[Any]) -> Sequence[Incident]:
    """Return the incidents in documents from the disk; skip invalid ones."""
    found = []
    for document in documents:
        with suppress(ValueError):
            found.append(incident_from_json(document))
    return found


def _closed_unseen(incident: Incident) -> Incident:
    return replace(incident, end_timestamp_seconds=incident.last_seen_timestamp_seconds, end_observed=False)


def _declared(watched: Watched, reading: Reading | None) -> Declaration | None:
    if reading is None or not watched.listed:
        return None
    return declaration(watched.component, reading.incidents)
