"""The observed state in the form of an Atlassian Statuspage, so that an aggregator of status pages reads it unchanged.

The form is that of `/api/v2/` of any Statuspage (https://metastatuspage.com/api, read 2026-11-29). A surface without a
valid probe has the status `unknown`, which no Statuspage uses: it is never shown as operational.
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from aiprobe.core.state import State
from aiprobe.incidents.published import rfc3339
from aiprobe.incidents.record import Incident
from aiprobe.incidents.text import sentence

PARTS: Final = ("summary", "status", "components", "incidents", "scheduled-maintenances")
UNKNOWN: Final = "unknown"
_WORDS: Final[Mapping[State | None, str]] = {
    None: UNKNOWN,
    State.OPERATIONAL: "operational",
    State.DEGRADED: "degraded_performance",
    State.PARTIAL_OUTAGE: "partial_outage",
    State.MAJOR_OUTAGE: "major_outage",
}
_INDICATORS: Final[Mapping[State | None, tuple[str, str]]] = {
    None: (UNKNOWN, "Nothing was measured"),
    State.OPERATIONAL: ("none", "All Systems Operational"),
    State.DEGRADED: ("minor", "Degraded Performance"),
    State.PARTIAL_OUTAGE: ("major", "Partial Outage"),
    State.MAJOR_OUTAGE: ("critical", "Major Outage"),
}
_IMPACTS: Final[Mapping[State, str]] = {State.PARTIAL_OUTAGE: "major", State.MAJOR_OUTAGE: "critical"}

Surface = tuple[str, str]
"""Provider and surface."""


def document(
    part: str, surfaces: Mapping[Surface, State | None], incidents: Sequence[Incident], *, name: str, now: float
) -> Mapping[str, Any] | None:
    """Return one of `PARTS`, or None for any other part.

    `summary` has the open incidents; `incidents` has the closed ones too. `now` is Unix seconds.
    """
    components = {"components": [_component(*surface, state, now) for surface, state in sorted(surfaces.items())]}
    status = {"status": _status(surfaces.values())}
    maintenances: Mapping[str, Any] = {"scheduled_maintenances": []}
    body: Mapping[str, Any]
    match part:
        case "status":
            body = status
        case "components":
            body = components
        case "incidents":
            body = {"incidents": [as_incident(one, surfaces, now) for one in incidents]}
        case "scheduled-maintenances":
            body = maintenances
        case "summary":
            unresolved = [as_incident(one, surfaces, now) for one in incidents if one.end_timestamp_seconds is None]
            body = {**components, "incidents": unresolved, **maintenances, **status}
        case _:
            return None
    return {"page": {"id": _id("page", name), "name": name, "updated_at": rfc3339(now)}, **body}


def component_id(provider: str, surface: str) -> str:
    """Return the id of a surface, which is the same in every exporter."""
    return _id(provider, surface)


def _id(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:12]


def _component(provider: str, surface: str, state: State | None, now: float) -> Mapping[str, Any]:
    return {
        "id": component_id(provider, surface),
        "name": _name(provider, surface),
        "status": _WORDS[state],
        "updated_at": rfc3339(now),
        "group": False,
        "group_id": None,
        "only_show_if_degraded": False,
    }


def _name(provider: str, surface: str) -> str:
    return f"{provider}: {surface}" if surface else provider


def _status(states: Collection[State | None]) -> Mapping[str, str]:
    known = [state for state in states if state is not None]
    worst = max(known, default=None)
    all_fine = worst is State.OPERATIONAL
    indicator, description = _INDICATORS[None if all_fine and len(known) < len(states) else worst]
    return {"indicator": indicator, "description": description}


def as_incident(incident: Incident, surfaces: Mapping[Surface, State | None], now: float) -> Mapping[str, Any]:
    """Return an incident, its component as it stands now, and an update for its start, its end and each restatement."""
    end = incident.end_timestamp_seconds
    start_at, seen_at = rfc3339(incident.start_timestamp_seconds), rfc3339(incident.last_seen_timestamp_seconds)
    end_at = None if end is None else rfc3339(end)
    surface = (incident.provider, incident.surface)
    updates = [_update(incident.id, "investigating", start_at, sentence(incident))]
    if end_at is not None:
        updates.insert(0, _update(incident.id, "resolved", end_at, "The probes succeed again."))
    status = updates[0]["status"]
    for one in incident.restated:
        at = rfc3339(one.timestamp_seconds)
        updates.insert(0, _update(incident.id, status, at, f"Restated: {one.field}, because {one.reason}."))
    return {
        "id": incident.id,
        "name": f"{incident.surface or incident.provider}: observed by probes",
        "status": status,
        "impact": _IMPACTS.get(incident.max_state, "minor"),
        "created_at": start_at,
        "started_at": start_at,
        "updated_at": updates[0]["created_at"] if end_at else seen_at,
        "resolved_at": end_at,
        "incident_updates": updates,
        "components": [_component(*surface, surfaces.get(surface), now)],
    }


def _update(incident_id: str, status: str, at: str, body: str) -> Mapping[str, str]:
    return {
        "id": _id(incident_id, status, at),
        "incident_id": incident_id,
        "status": status,
        "body": body,
        "created_at": at,
        "display_at": at,
        "updated_at": at,
    }
