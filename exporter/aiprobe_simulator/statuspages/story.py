"""Orders declarations in time, and returns the state of a page at any moment.

Pure: a page is a function of what was declared and of the time, so that a stale page is merely an earlier one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from aiprobe_simulator.statuspages import ids
from aiprobe_simulator.statuspages.catalogue import PageSpec
from aiprobe_simulator.statuspages.declaration import OVER, Declaration, Update
from aiprobe_simulator.statuspages.view import (
    IMPACT_OF_STATE,
    Change,
    ComponentView,
    IncidentView,
    PageView,
    UpdateView,
    worst,
)

_ROUNDING_SECONDS: Final = 1e-6
"""Two calculations of one moment may differ by less."""
MOST_LISTED: Final = 50
"""Incidents that a page keeps, and as many maintenances; Statuspage's own number."""
_WORDS: Final[Mapping[str, str]] = {
    "investigating": "We see a problem and look into it.",
    "identified": "The cause is found, and we work on a fix.",
    "monitoring": "A fix is in place, and we watch the results.",
    "resolved": "This is over.",
    "postmortem": "What happened, and what we change, is written up.",
    "scheduled": "We plan to work on this at the time given.",
    "in_progress": "The planned work has begun.",
    "verifying": "The planned work is done and being checked.",
    "completed": "The planned work is complete.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A declaration at its place in time; monotonic seconds."""

    declaration: Declaration
    key: tuple[object, ...]
    """What distinguishes it from every other one; constant."""
    began: float
    ends: float | None = None
    """When it is over at the latest, with any updates."""
    scale: float = 1.0
    """Real seconds to a second of its updates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    at: float
    status: str
    text: str
    state: str | None
    components: tuple[str, ...]


def view_at(
    spec: PageSpec, stories: Iterable[Told], *, now: float, opened: float, wall: Callable[[float], float]
) -> PageView:
    """Return the page at the monotonic time `now`; of two stories about one component the later one wins.

    `opened`: since when the page stands, monotonic; `wall` turns a monotonic time into Unix time.
    """
    states = {one.id: "operational" for one in spec.components}
    changed = dict.fromkeys(states, opened)
    listed: dict[str, list[IncidentView]] = {"incident": [], "maintenance": []}
    for told in stories:
        if told.declaration.page != spec.name:
            continue
        notes = [note for note in _notes(told) if note.at <= now]
        if not notes:
            continue
        declared, updates = _followed(spec, told, notes, wall)
        states |= declared
        for note in notes:
            for one in note.components if note.state is not None or note.status in OVER else ():
                changed[one] = max(changed[one], note.at)
        if told.declaration.subject != "state":
            view = _incident(spec, told, updates, declared, wall)
            listed[view.subject].append(view)
    components = [
        ComponentView(
            id=one.id,
            name=one.name,
            state=states[one.id],
            updated=wall(changed[one.id]),
            group=one.group,
            in_summary=one.in_summary,
        )
        for one in spec.components
    ]
    return PageView(
        spec=spec,
        now=wall(now),
        opened=wall(opened),
        components=tuple(components),
        incidents=_newest_first(listed["incident"]),
        maintenances=_newest_first(listed["maintenance"]),
    )


def _notes(told: Told) -> list[_Note]:
    """Return all updates of a story, in order of time; its end is added if it has none."""
    what = told.declaration
    begins = Update(after_seconds=0.0, status=what.status, text=what.text, state=what.state)
    said = [begins, *what.updates]
    if what.notice_seconds:
        announced = Update(after_seconds=-what.notice_seconds, status="scheduled", text=what.text)
        said = [announced, replace(begins, text=""), *what.updates]
    notes: list[_Note] = []
    for one in sorted(said, key=lambda one: one.after_seconds):
        status = one.status or (notes[-1].status if notes else what.status)
        at = told.began + one.after_seconds * told.scale
        named = one.components or what.components
        notes.append(_Note(at=at, status=status, text=one.text, state=one.state, components=named))
    if told.ends is None:
        return notes
    notes = [note for note in notes if note.at <= max(told.ends, told.began) + _ROUNDING_SECONDS]
    if notes[-1].status not in OVER:
        status = "completed" if what.subject == "maintenance" else "resolved"
        everything = tuple(dict.fromkeys(one for note in notes for one in note.components))
        notes.append(_Note(at=told.ends, status=status, text="", state=None, components=everything))
    return notes


def _followed(
    spec: PageSpec, told: Told, notes: Iterable[_Note], wall: Callable[[float], float]
) -> tuple[dict[str, str], list[UpdateView]]:
    """Return what a story makes of which component by now, and its updates."""
    states: dict[str, str] = {}
    updates = []
    for index, note in enumerate(notes):
        before = dict(states)
        if note.state is not None:
            states |= dict.fromkeys(note.components, note.state)
        elif note.status in OVER:
            states.clear()
        named = dict.fromkeys([*note.components, *before] if note.status in OVER else note.components)
        changes = [
            Change(component=one, old=before.get(one, "operational"), new=states.get(one, "operational"))
            for one in named
        ]
        at = wall(note.at)
        updates.append(
            UpdateView(
                id=ids.mint(spec.kind, at, "update", spec.name, told.key, index),
                at=at,
                status=note.status,
                text=note.text or _WORDS[note.status],
                changes=tuple(changes),
                worst=worst(states.values()),
            )
        )
    return states, updates


def _incident(
    spec: PageSpec,
    told: Told,
    updates: list[UpdateView],
    declared: Mapping[str, str],
    wall: Callable[[float], float],
) -> IncidentView:
    what = told.declaration
    assert what.subject != "state"
    peak = worst(one.worst for one in updates)
    planned = what.lasts_seconds * told.scale if what.lasts_seconds is not None else None
    begins = wall(told.began)
    return IncidentView(
        id=what.id or ids.mint(spec.kind, updates[0].at, "incident", spec.name, told.key),
        subject=what.subject,
        title=what.title,
        impact="maintenance" if what.subject == "maintenance" else what.impact or IMPACT_OF_STATE[peak],
        created=updates[0].at,
        started=begins - what.backdated_seconds * told.scale,
        updates=tuple(updates),
        components=tuple(dict.fromkeys(change.component for one in updates for change in one.changes)),
        locations=what.locations,
        scheduled_for=begins,
        scheduled_until=None if planned is None else begins + planned,
        number=ids.number("incident", spec.name, told.key),
        peak=peak,
        worst=worst(declared.values()),
    )


def _newest_first(listed: Iterable[IncidentView]) -> tuple[IncidentView, ...]:
    return tuple(sorted(listed, key=lambda one: one.created, reverse=True)[:MOST_LISTED])
