"""A status page at one moment, in plain terms: what every kind of page then writes in its own shape."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from aiprobe_simulator.statuspages.catalogue import PageSpec
from aiprobe_simulator.statuspages.declaration import OVER, STATES

IMPACT_OF_STATE: Final = {
    "operational": "none",
    "under_maintenance": "maintenance",
    "degraded_performance": "minor",
    "partial_outage": "major",
    "major_outage": "critical",
}
"""Statuspage's own calculation."""
_IMPACTS: Final = ("none", "maintenance", "minor", "major", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentView:
    """One component."""

    id: str
    name: str
    state: str
    updated: float
    """Unix time of its last change, as are all times here."""
    group: str = ""
    in_summary: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an update did to one component."""

    component: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateView:
    """One word of the page about an incident or a maintenance."""

    id: str
    at: float
    status: str
    text: str
    changes: tuple[Change, ...]
    worst: str
    """The worst state that the incident declares from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """An incident or a maintenance, as far as it has come."""

    id: str
    subject: Literal["incident", "maintenance"]
    title: str
    impact: str
    created: float
    started: float
    updates: tuple[UpdateView, ...]
    """Oldest first; at least one."""
    components: tuple[str, ...]
    """Ids of all that it ever named."""
    locations: tuple[str, ...]
    scheduled_for: float
    scheduled_until: float | None
    number: int
    """A number of its own, where a page counts."""
    peak: str
    """The worst state that it ever declared."""
    worst: str
    """The worst that it declares now."""

    @property
    def status(self) -> str:
        """Return the status of the newest update."""
        return self.updates[-1].status

    @property
    def updated(self) -> float:
        """Return when the newest update came."""
        return self.updates[-1].at

    @property
    def open(self) -> bool:
        """Return whether it continues."""
        return self.status not in OVER

    @property
    def resolved(self) -> float | None:
        """Return when it was first declared over; None while it continues."""
        return self.at("resolved", "completed", "postmortem") if not self.open else None

    def at(self, *statuses: str) -> float | None:
        """Return when it first had one of these statuses; None if it never had."""
        return next((one.at for one in self.updates if one.status in statuses), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """A page at one moment."""

    spec: PageSpec
    now: float
    opened: float
    """Since when the page stands; nothing on it is older."""
    components: tuple[ComponentView, ...]
    incidents: tuple[IncidentView, ...]
    """Newest first, those that are over included, as are the maintenances."""
    maintenances: tuple[IncidentView, ...]

    @property
    def updated(self) -> float:
        """Return when anything on the page changed last."""
        posted = [one.updated for one in (*self.incidents, *self.maintenances)]
        return max([self.opened, *posted, *(one.updated for one in self.components)])

    @property
    def open_incidents(self) -> tuple[IncidentView, ...]:
        """Return the incidents that go on."""
        return tuple(one for one in self.incidents if one.open)

    @property
    def open_maintenances(self) -> tuple[IncidentView, ...]:
        """Return the maintenances that go on or are still to come."""
        return tuple(one for one in self.maintenances if one.open)

    @property
    def indicator(self) -> str:
        """Return none, maintenance, minor, major or critical: the worst of components and open incidents."""
        told = [IMPACT_OF_STATE.get(one.state, "none") for one in self.components]
        return max([*told, *(one.impact for one in self.open_incidents), "none"], key=_rank)

    def component(self, identity: str) -> ComponentView | None:
        """Return the component with this id, if the page has it."""
        return next((one for one in self.components if one.id == identity), None)

    def named(self, incident: IncidentView) -> tuple[ComponentView, ...]:
        """Return the components of an incident that the page has."""
        return tuple(one for one in map(self.component, incident.components) if one is not None)


def worst(states: Iterable[str]) -> str:
    """Return the worst of `states`; operational for none, and of unknown words the one that is there."""
    return max(["operational", *states], key=lambda state: STATES.index(state) if state in STATES else len(STATES))


def _rank(impact: str) -> int:
    return _IMPACTS.index(impact) if impact in _IMPACTS else 0
