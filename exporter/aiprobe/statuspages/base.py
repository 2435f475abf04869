"""What every reader of a status page offers, and the words that several kinds of page share.

A reader is pure: bytes in, `Reading` out. Fetching belongs in `fetch.py`, the schedule in `poll.py`, a page's own
shape in the file of its kind.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar
from typing import Protocol as Interface

from aiprobe.core.state import State
from aiprobe.core.statuspage import Component, DeclaredIncident, Reading

MAX_BODY_BYTES: Final = 5_000_000
MAX_COMPONENTS: Final = 1000
MAX_INCIDENTS: Final = 100
MAX_UPDATES: Final = 200
"""Limits of a page; the rest is ignored. `poll.py` parses in a thread that shares the interpreter with the probes."""

COMPONENT_STATES: Final[Mapping[str, State]] = {
    "operational": State.OPERATIONAL,
    "under_maintenance": State.OPERATIONAL,
    "degraded_performance": State.DEGRADED,
    "partial_outage": State.PARTIAL_OUTAGE,
    "major_outage": State.MAJOR_OUTAGE,
    "full_outage": State.MAJOR_OUTAGE,
}
"""Statuspage's words for a component, and incident.io's `full_outage`, which its compatible API calls major."""
IMPACT_OF_STATE: Final[Mapping[State, str]] = {
    State.OPERATIONAL: "none",
    State.DEGRADED: "minor",
    State.PARTIAL_OUTAGE: "major",
    State.MAJOR_OUTAGE: "critical",
}
"""Of an incident without an impact of its own: that of the worst status that it gives a component."""
MAINTENANCE: Final = "under_maintenance"
ACTIVE_MAINTENANCE: Final = frozenset({"in_progress", "verifying"})


class PageError(ValueError):
    """The bytes are not such a page; the message is the reason, without a quotation."""

    problem = "unreadable"
    """What is wrong with the page: one of `PROBLEMS` of `core/statuspage.py`."""


class HtmlError(PageError):
    """HTML came where data was promised."""

    problem = "html"


class Read(Interface):
    """Reads the body of one kind of page: the function `read` of its file."""

    def __call__(self, body: bytes, *, options: Mapping[str, str]) -> Reading:
        """Return what the page declares.

        Raises:
            PageError: for anything that is not a page of this kind.
        """


Parsed = TypeVar("Parsed")


class MalformedItemError(ValueError):
    """One item of a list makes no sense; the rest may stand."""


def each(
    items: Sequence[Any], parse: Callable[[Any], Parsed | None], *, what: str, limit: int, needed: bool = True
) -> tuple[list[Parsed], int]:
    """Parse at most `limit` items; return what came of them and how many were malformed or not looked at.

    An item for which `parse` returns None does not concern us.

    Raises:
        PageError: when items are `needed` and not one made sense: then it is another kind of page.
    """
    parsed: list[Parsed] = []
    malformed = understood = 0
    for item in items[:limit]:
        try:
            one = parse(item)
        except MalformedItemError:
            malformed += 1
            continue
        understood += 1
        if one is not None:
            parsed.append(one)
    if needed and malformed and not understood:
        raise PageError(f"not one of {malformed} {what} makes sense")
    return parsed, malformed + len(items[limit:])


def unique(components: Iterable[Component]) -> tuple[Component, ...]:
    """Keep the first component of each id."""
    by_id: dict[str, Component] = {}
    for component in components:
        by_id.setdefault(component.id, component)
    return tuple(by_id.values())


def with_maintenance(
    components: Iterable[Component], maintenances: Iterable[DeclaredIncident]
) -> tuple[Component, ...]:
    """Mark the components that a maintenance under way names."""
    named = {
        component_id
        for maintenance in maintenances
        if maintenance.status in ACTIVE_MAINTENANCE
        for component_id in maintenance.component_ids
    }
    return tuple(
        replace(component, maintenance=True) if component.id in named else component for component in components
    )


def worst(states: Iterable[State | None]) -> State | None:
    """Return the worst state that is known; None when nothing is wrong as far as known, but something is unknown."""
    listed = list(states)
    known = [state for state in listed if state is not None]
    if not known or (max(known) is State.OPERATIONAL and len(known) < len(listed)):
        return None
    return max(known)


def group(group_id: str, name: str, members: Sequence[Component], *, unread: bool = False) -> Component:
    """Return a component that is as well as its worst member; `unread`: another member could not be read."""
    state = worst([*(member.state for member in members), *([None] if unread else [])])
    word = next((member.word for member in members if member.state is state), "") if state is not None else ""
    maintenance = bool(members) and all(member.maintenance for member in members)
    return Component(id=group_id, name=name, word=word, state=state, maintenance=maintenance)


def listed_option(options: Mapping[str, str], key: str) -> tuple[str, ...]:
    """Return the parts of an option that lists several values with commas between them."""
    return tuple(part for part in (piece.strip() for piece in options.get(key, "").split(",")) if part)
