"""What a status page says about one component, and since when: readings go in, the page's word comes out.

Pure. Holding that word against what we saw belongs in `comparison`; reading pages belongs in `statuspages/`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiprobe.core.state import State
from aiprobe.core.statuspage import Component, DeclaredIncident

SILENT_AFTER: Final = 2
"""Readings in a row without a word after which the page has withdrawn it; one alone is a page that flaps."""
RETROACTIVE_WITHIN_SECONDS: Final = 2 * 3600.0
"""How long after an outage a notice may be posted and still be taken as about it. Retroactive notices of spring 2026
came within 75 minutes of the end that they state."""

_DATED: Final = 100
"""Notices that left the page and whose dates are kept, should they come back."""
_MAINTENANCE_STATUSES: Final = frozenset({"scheduled", "in_progress", "verifying", "completed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What one reading says about one component. Build it with `declaration`."""

    state: State | None
    """None when the page does not tell."""
    maintenance: bool = False
    notices: tuple[DeclaredIncident, ...] = ()
    """The incidents that name the component, open and resolved."""

    @property
    def speaks(self) -> bool:
        """Return whether the page admits that something is wrong, by the component's state or by an open incident."""
        return (self.state or State.OPERATIONAL) >= State.DEGRADED or any(notice.is_open for notice in self.notices)


def _name(notice: DeclaredIncident) -> str:
    return notice.id or notice.name


def declaration(component: Component | None, incidents: Iterable[DeclaredIncident] = ()) -> Declaration | None:
    """Sum up what a reading says about `component`; None where it is None: the page says nothing that we can place.

    An incident counts where it names the component. One that names others, or none at all (billing in an app store,
    say), is not a word about this one, and planned work is not one either.
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
    """Since when a page speaks of one component, as exactly as its readings allow. Times are Unix seconds."""

    current: Declaration | None = None
    """The last reading; None while the page cannot be read."""
    speaking: bool = False
    """Whether the page's word stands, with one silent reading overlooked."""
    since: float | None = None
    """When the standing (or, after it, the last) word came; None when it came before we could tell."""
    first_read: float | None = None
    """The first reading that held that word."""
    ended: float | None = None
    """The first reading after that word; None while it stands."""
    read_at: float | None = None
    """The last reading that could be made, whatever it said."""
    words: int = 0
    """How many words there were so far: the number of the last one."""
    covered_until: float | None = None
    """When the last word or maintenance ended; None if there was none."""
    _quiet_at: float | None = None
    """The last reading that said nothing of the component."""
    _quiet_from: float | None = None
    """The first of the silent readings in a row."""
    _quiet_readings: int = 0
    _in_maintenance: bool = False
    """As the last reading that could be made had it."""
    _gap: bool = False
    """Whether the last reading left the component's state untold."""
    _dated: dict[str, float] = field(default_factory=dict)
    """By notice, when it was posted: as it says, but never before a reading that did not hold it yet."""

    @property
    def covered(self) -> bool:
        """Return whether a failure of now is declared or announced."""
        return self.speaking or (self.current is not None and self.current.maintenance)

    def read(self, at: float, said: Declaration | None) -> None:
        """Take one reading of the page; None says that it could not be read, which ends nothing and begins nothing."""
        self.current = said
        if said is None:
            self._gap = True
            return
        self._date(at, said.notices)
        if said.maintenance:
            self._quiet_readings = 0
        elif said.speaks:
            self._hear(at, said)
        else:
            if self._in_maintenance:
                self.covered_until = at
            self._hush(at)
        if not said.speaks:
            self._quiet_at = at
        self._in_maintenance = said.maintenance
        self._gap = said.state is None and not said.maintenance
        self.read_at = at

    def word_about(self, start: float, end: float) -> float | None:
        """Return when the first notice was posted that is about an outage from `start` to `end`; None without one.

        A notice is about the outage when it was posted during it or shortly after it, or when it was posted later and
        its own window meets the outage's. Notices that are closed already count like open ones.
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

    def _hear(self, at: float, said: Declaration) -> None:
        self._quiet_readings = 0
        if self.speaking:
            return
        self.speaking = True
        self.words += 1
        self.first_read = at
        self.ended = None
        posted = [self._dated[_name(notice)] for notice in said.notices if notice.is_open]
        unseen = self._gap or self._quiet_at is None
        self.since = min(posted) if posted else None if unseen else at

    def _date(self, at: float, notices: Sequence[DeclaredIncident]) -> None:
        """Date the notices that are new. The page cannot have posted one before a reading that did not hold it."""
        for notice in notices:
            if _name(notice) not in self._dated:
                earliest = notice.declared_timestamp_seconds if self.read_at is None else self.read_at
                self._dated[_name(notice)] = min(at, max(earliest, notice.declared_timestamp_seconds))
        here = {_name(notice) for notice in notices}
        for name in [name for name in self._dated if name not in here][:-_DATED]:
            del self._dated[name]

    def _hush(self, at: float) -> None:
        if not self.speaking:
            return
        self._quiet_readings += 1
        if self._quiet_readings == 1:
            self._quiet_from = at
        if self._quiet_readings >= SILENT_AFTER:
            self.speaking = False
            self.ended = self.covered_until = self._quiet_from
