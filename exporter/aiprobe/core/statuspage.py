"""What a provider declares on its status page: the frozen data that readers return.

Reading bytes belongs in `statuspages/`, the comparison with probes in `incidents/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiprobe.core.secret import Secret
from aiprobe.core.state import State

IMPACTS: Final = ("none", "minor", "major", "critical", "maintenance", "unknown")
"""The closed set of `DeclaredIncident.impact`: Statuspage's words, and `unknown` for any other."""
RESOLVED_STATUSES: Final = frozenset({"resolved", "postmortem", "completed"})
"""The values of `DeclaredIncident.status` after which nothing is declared wrong any more."""
INCIDENT_STATUSES: Final = frozenset(
    {"investigating", "identified", "monitoring", "scheduled", "in_progress", "verifying", "unknown"}
    | RESOLVED_STATUSES
)
"""The closed set of `DeclaredIncident.status`."""

PROBLEMS: Final[Mapping[str, str]] = {
    "moved": "the page moved: its address is gone, leads elsewhere, or another platform answers",
    "html": "HTML comes where data was promised",
    "challenge": "a bot challenge stands in front of the page",
    "unreadable": "the data has no known shape",
    "unreachable": "the page does not answer",
    "platform_down": "no page of this platform answers, and pages of others do",
    "frozen": "the page was not edited for longer than the bound of its entry",
    "lost_component": "a watched component is not on the page",
}
"""The closed set of `PageSnapshot.problems`, and what each means."""

COMPONENT_WORDS: Final = frozenset(
    {
        "operational",
        "degraded_performance",
        "partial_outage",
        "major_outage",
        "full_outage",
        "under_maintenance",
        "maintenance",
        "degraded",
        "downtime",
        "available",
        "service_information",
        "service_disruption",
        "service_outage",
        "resolved",
        "informational",
        "degradation",
        "disruption",
        "not_monitored",
    }
)
"""Words of the status pages that may be a label value; any other is `other`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One line of a status page."""

    id: str
    name: str
    word: str
    """The page's own status word, printable and short; empty when it had none."""
    state: State | None
    """None when the page gives no status or an unrecognised one; neither counts as operational."""
    maintenance: bool = False
    """Maintenance is under way; `state` is the status that the page gives beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredIncident:
    """One incident or maintenance as the page describes it. Times are Unix seconds."""

    id: str
    name: str
    impact: str
    """One of `IMPACTS`."""
    status: str
    """One of `INCIDENT_STATUSES`."""
    declared_timestamp_seconds: float
    """When the page first mentioned it."""
    started_timestamp_seconds: float | None
    """As stated: may be back-dated; of a maintenance, when it is planned to begin."""
    resolved_timestamp_seconds: float | None
    """None while it is open; of a maintenance perhaps the planned end."""
    component_ids: tuple[str, ...]
    """Component ids; names where the page gives no ids (feeds); empty where it names none."""
    url: str = ""
    """http or https, else empty."""
    text: str = ""
    """The newest update: one printable line without markup. The page's own words: never a label."""
    history: tuple[tuple[float, str], ...] = ()
    """When the page stated which of `INCIDENT_STATUSES`, oldest first; empty where it gives no updates."""

    @property
    def is_open(self) -> bool:
        """Return whether the page still works on this incident."""
        return self.status not in RESOLVED_STATUSES and self.resolved_timestamp_seconds is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The content of one reading of a status page."""

    components: tuple[Component, ...]
    incidents: tuple[DeclaredIncident, ...]
    """The open ones, and recently resolved ones where the page lists them."""
    maintenances: tuple[DeclaredIncident, ...]
    updated_timestamp_seconds: float | None
    """When the page was last edited, by its own account: no sign of freshness."""
    components_known: bool = True
    """False for feeds, which list incidents only: component states are then unknown, not operational."""
    uptime_ratio: float | None = None
    """Of a market: the share of requests that were answered in the last half hour, 0-1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The component of a surface, as in the last good reading."""

    surface: str
    component: Component
    """`state` is None when the page does not list the component, no longer lists it, or gives no status."""
    listed: bool
    """Whether the page lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSnapshot:
    """The state of one page after a poll. An unreadable page does not mean that its provider is down."""

    page: str
    """The key of the page."""
    up: bool
    """Whether the last poll could read the page."""
    reading: Reading | None
    """The last good one, however old; None before the first."""
    polled_timestamp_seconds: float | None
    """Unix time of the last successful poll: the age of `reading`."""
    watched: tuple[Watched, ...]
    detail: str = ""
    """Why the page could not be read, or what part of it could not; one line, empty when all went well."""
    problems: tuple[str, ...] = ()
    """What is wrong with the page itself, of `PROBLEMS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One status page as configured; None means the value from the catalogue of pages."""

    key: str
    enabled: bool = True
    url: str | None = None
    incidents_url: str | None = None
    reader: str | None = None
    provider: str | None = None
    display_name: str | None = None
    frozen_after_days: float | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """(id, names) by surface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPages:
    """Which status pages are read."""

    enabled: bool = True
    interval_seconds: float = 120.0
    pages: Mapping[str, Page] = field(default_factory=dict)
    """By key: changes to the catalogue, and pages of the operator's own."""
    proxy: Secret | None = None
    """`HTTPS_PROXY` of the environment, for pages whose provider has no proxy."""
    no_proxy: str = ""
    """`NO_PROXY`: hosts that are reached without it."""
