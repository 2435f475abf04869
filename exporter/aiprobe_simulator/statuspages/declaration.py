"""What somebody makes a status page declare: component states, an incident with its updates, a maintenance.

Data only. It is read and checked in `reading.py`; when it happens, and what the page looks like then, is the business
of `story.py`.
"""

from dataclasses import dataclass
from typing import Final, Literal

STATES: Final = ("operational", "under_maintenance", "degraded_performance", "partial_outage", "major_outage")
"""Statuspage's words for a component, the worst last; the other kinds of page have words of their own for them."""
IMPACTS: Final = ("none", "minor", "major", "critical")
INCIDENT_STATUSES: Final = ("investigating", "identified", "monitoring", "resolved", "postmortem")
MAINTENANCE_STATUSES: Final = ("scheduled", "in_progress", "verifying", "completed")
OVER: Final = frozenset({"resolved", "postmortem", "completed"})

Subject = Literal["state", "incident", "maintenance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One further word of the page."""

    after_seconds: float
    """After the beginning."""
    status: str | None = None
    """None: as before."""
    text: str = ""
    """Empty: the words that are usual for the status."""
    state: str | None = None
    """Of the components from here on; None leaves them, or frees them with a status that ends the incident."""
    components: tuple[str, ...] = ()
    """Ids; none: all that the declaration names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """One story on one page. Build it with `reading.declaration`, which checks it."""

    page: str
    subject: Subject
    title: str = ""
    components: tuple[str, ...] = ()
    state: str | None = None
    impact: str | None = None
    """None: what the worst state that it ever declares amounts to."""
    status: str
    text: str = ""
    id: str | None = None
    """The page's own; None makes one."""
    locations: tuple[str, ...] = ()
    """The region, on pages that have one."""
    notice_seconds: float = 0.0
    """A maintenance stands on the page that long before it begins."""
    backdated_seconds: float = 0.0
    """The page puts the start of an incident that long before its first word about it."""
    lasts_seconds: float | None = None
    """None: until an update ends it."""
    updates: tuple[Update, ...] = ()
