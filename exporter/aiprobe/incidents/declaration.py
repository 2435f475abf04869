"""What a status page declares for one component, and since when, derived from its readings.

Pure. Comparing it with the probes belongs in `comparison`; reading pages belongs in `statuspages/`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiprobe.core.state import State
from aiprobe.core.statuspage import Component, DeclaredIncident

SILENT_AFTER: Final = 2
"""A declaration ends after this many consecutive readings without it; a single one counts as flapping."""
RETROACTIVE_WITHIN_SECONDS: Final = 2 * 3600.0
"""A notice that is posted within this time after an outage still counts as about it. Retroactive notices of spring 2026
were posted within 75 minutes of the end that they state."""

_DATED: Final = 100
"""The dates of this many notices are kept after they disappear from the page, in case they appear again."""
_MAINTENANCE_STATUSES: Final = frozenset({"scheduled", "in_progress", "verifying", "completed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """The content of one reading about one component. Build it with `declaration`."""

    state: State | None
    """None if the page does not state it."""
    maintenance: bool = False
    notices: tuple[DeclaredIncident, ...] = ()
    """The incidents that name the component, open and resolved."""

    @property
    def declares(self) -> bool:
        """Return whether the page declares a problem, by the component's state or by an open incident."""
        return (self.state or State.OPERATIONAL) >= State.DEGRADED or any(notice.is_open for notice in self.notices)


def _name(notice: DeclaredIncident) -> str:
    return notice.id or notice.name


def declaration(component: Component | None, incidents: Iterable[DeclaredIncident] = ()) -> Declaration | None:
    """Return the content of a reading about `component`, with the incidents that name it; None if it is None.

    An incident that names other components, or none (for example billing in an app store), is not about this one.
    Neither is planned work.
    """
    if component is None:
        return None
    names = {component.id, component.name} - {""}
    about = tuple(
        incident
        for incident in incidents
        if names.intersection(incident.component_ids)
        and incident.impact != "maintenance"
        and incident.status not in _MAINTENANCE_STATUSES
    )
    return Declaration(state=component.state, maintenance=component.maintenance, notices=about)


@dataclass(slots=True)
class PageWatch:
    """Tracks since when a page declares a problem of one component, as exactly as its readings allow (Unix seconds)."""

    current: Declaration | None = None
    """The last reading; None while the page cannot be read."""
    declaring: bool = False
    """Whether the page declares a problem; one reading without a declaration does not end it."""
    since: float | None = None
    """When the current or last declaration began; None if it began before that could be observed."""
    first_read: float | None = None
    """The first reading with that declaration."""
    ended: float | None = None
    """The first reading after that declaration; None while it lasts."""
    read_at: float | None = None
    """The last successful reading."""
    words: int = 0
    """The number of declarations so far, which is the number of the last one."""
    covered_until: float | None = None
    """When the last declaration or maintenance ended; None if there was none."""
    _quiet_at: float | None = None
    """The last reading without a declaration."""
    _quiet_from: float | None = None
    """The first of the consecutive readings without a declaration."""
    _quiet_readings: int = 0
    _in_maintenance: bool = False
    """In the last successful reading."""
    _gap: bool = False
    """Whether the last reading has no state of the component."""
    _dated: dict[str, float] = field(default_factory=dict)
    """When each notice was posted: its own date, but not before the last reading without it."""

    @property
    def covered(self) -> bool:
        """Return whether a failure now would be declared or announced."""
        return self.declaring or (self.current is not None and self.current.maintenance)

    def read(self, at: float, declared: Declaration | None) -> None:
        """Take one reading of the page; None means that it could not be read, which ends and begins nothing."""
        self.current = declared
        if declared is None:
            self._gap = True
            return
        self._date(at, declared.notices)
        if declared.maintenance:
            self._quiet_readings = 0
        elif declared.declares:
            self._begin(at, declared)
        else:
            if self._in_maintenance:
                self.covered_until = at
            self._count_quiet(at)
        if not declared.declares:
            self._quiet_at = at
        self._in_maintenance = declared.maintenance
        self._gap = declared.state is None and not declared.maintenance
        self.read_at = at

    def word_about(self, start: float, end: float) -> float | None:
        """Return when the first notice about an outage from `start` to `end` was posted; None without one.

        A notice is about the outage in two cases; closed notices count like open ones:

        - it was posted during the outage or shortly after it;
        - it was posted later, and its own window overlaps the outage.
        """
        words = []
        for notice in () if self.current is None else self.current.notices:
            posted = self._dated[_name(notice)]
            began = posted if notice.started_timestamp_seconds is None else notice.started_timestamp_seconds
            closed = notice.resolved_timestamp_seconds
            meets = min(began, notice.declared_timestamp_seconds) <= end and (closed is None or closed >= start)
            if posted >= start and (meets or posted <= end + RETROACTIVE_WITHIN_SECONDS):
                words.append(posted)
        return min(words, default=None)

    def _begin(self, at: float, declared: Declaration) -> None:
        self._quiet_readings = 0
        if self.declaring:
            return
        self.declaring = True
        self.words += 1
        self.first_read = at
        self.ended = None
        posted = [self._dated[_name(notice)] for notice in declared.notices if notice.is_open]
        unseen = self._gap or self._quiet_at is None
        self.since = min(posted) if posted else None if unseen else at

    def _date(self, at: float, notices: Sequence[DeclaredIncident]) -> None:
        """Date the new notices. The page cannot have posted one before a reading without it."""
        for notice in notices:
            if _name(notice) not in self._dated:
                earliest = notice.declared_timestamp_seconds if self.read_at is None else self.read_at
                self._dated[_name(notice)] = min(at, max(earliest, notice.declared_timestamp_seconds))
        here = {_name(notice) for notice in notices}
        for name in [name for name in self._dated if name not in here][:-_DATED]:
            del self._dated[name]

    def _count_quiet(self, at: float) -> None:
        if not self.declaring:
            return
        self._quiet_readings += 1
        if self._quiet_readings == 1:
            self._quiet_from = at
        if self._quiet_readings >= SILENT_AFTER:
            self.declaring = False
            self.ended = self.covered_until = self._quiet_from
