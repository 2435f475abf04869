"""Atlassian Statuspage, public API v2: `summary.json`, and `components.json` or `incidents.json` alone.

Source: the public API of Atlassian Statuspage (https://metastatuspage.com/api). incident.io serves the same shape with
keys missing, so nothing but components or incidents is required here; fields of incident.io alone are in
`incidentio.py`.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiprobe.core.statuspage import (
    IMPACTS,
    INCIDENT_STATUSES,
    RESOLVED_STATUSES,
    Component,
    DeclaredIncident,
    Reading,
)
from aiprobe.statuspages.base import (
    COMPONENT_STATES,
    MAINTENANCE,
    MAX_COMPONENTS,
    MAX_INCIDENTS,
    MAX_UPDATES,
    MalformedItemError,
    PageError,
    each,
    unique,
    with_maintenance,
)
from aiprobe.statuspages.values import (
    a_line,
    a_link,
    a_list,
    a_time,
    a_word,
    an_id,
    an_object,
    document,
    fields,
    first_time,
    ids,
    objects,
    plain_text,
)

_LISTS: Final = ("components", "incidents", "scheduled_maintenances")


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:  # noqa: ARG001 - one signature for every reader
    """Return what a Statuspage declares."""
    return read_document(an_object(document(body), "page"))


def read_document(page: Mapping[str, Any]) -> Reading:
    """Return what a decoded document of the API declares, with any of its lists."""
    if not any(key in page for key in _LISTS):
        raise PageError("no components and no incidents: not a Statuspage")
    components, _ = each(
        a_list(page.get("components"), "components"), component, what="components", limit=MAX_COMPONENTS
    )
    alone = not components  # else the components stand, whatever was written beside them
    incidents, _ = each(
        a_list(page.get("incidents"), "incidents"), incident, what="incidents", limit=MAX_INCIDENTS, needed=alone
    )
    maintenances, _ = each(
        a_list(page.get("scheduled_maintenances"), "maintenances"),
        incident,
        what="maintenances",
        limit=MAX_INCIDENTS,
        needed=alone,
    )
    return Reading(
        components=with_maintenance(unique(components), maintenances),
        incidents=tuple(incidents),
        maintenances=tuple(maintenances),
        updated_timestamp_seconds=a_time(fields(page.get("page")).get("updated_at")),
        components_known="components" in page,
    )


def component(item: object) -> Component:
    """Read one component; an unrecognised status makes an unknown state, not a malformed item."""
    found = fields(item)
    component_id, name = an_id(found.get("id")), a_line(found.get("name"))
    if not component_id or not name:
        raise MalformedItemError
    return in_word(component_id, name, a_word(found.get("status")))


def in_word(component_id: str, name: str, word: str) -> Component:
    """Return a component by its status word."""
    state = COMPONENT_STATES.get(word)
    return Component(id=component_id, name=name, word=word, state=state, maintenance=word == MAINTENANCE)


def incident(item: object) -> DeclaredIncident:
    """Read one incident or maintenance."""
    found = fields(item)
    incident_id = an_id(found.get("id"))
    updates = objects(found.get("incident_updates"))[:MAX_UPDATES]
    newest = _newest(updates)
    declared = first_time(
        found.get("created_at"), *_oldest_times(updates), found.get("started_at"), found.get("updated_at")
    )
    if not incident_id or declared is None:
        raise MalformedItemError
    status = closed(found.get("status"), INCIDENT_STATUSES)
    return DeclaredIncident(
        id=incident_id,
        name=a_line(found.get("name")),
        impact=closed(found.get("impact"), IMPACTS),
        status=status,
        declared_timestamp_seconds=declared,
        started_timestamp_seconds=first_time(found.get("scheduled_for"), found.get("started_at")),
        resolved_timestamp_seconds=_resolved(found, status=status, updates=updates, declared=declared),
        component_ids=_component_ids(found, updates),
        url=a_link(found.get("shortlink")),
        text=plain_text(newest.get("body")),
        history=_history(updates),
    )


def closed(value: object, words: frozenset[str] | tuple[str, ...]) -> str:
    """Return a word of a closed set, `unknown` for any other."""
    word = a_word(value)
    return word if word in words else "unknown"


def _time_of(update: Mapping[str, Any]) -> float:
    return first_time(update.get("created_at"), update.get("display_at"), update.get("updated_at")) or 0.0


def _history(updates: list[dict[str, Any]]) -> tuple[tuple[float, str], ...]:
    stated = ((_time_of(update), closed(update.get("status"), INCIDENT_STATUSES)) for update in updates)
    return tuple(sorted(entry for entry in stated if entry[0]))


def _newest(updates: list[dict[str, Any]]) -> dict[str, Any]:
    """Updates are written newest first; trust their times where they have some."""
    return max(updates, key=_time_of, default={})


def _oldest_times(updates: list[dict[str, Any]]) -> tuple[object, ...]:
    oldest = min(updates, key=lambda update: _time_of(update) or float("inf"), default={})
    return oldest.get("created_at"), oldest.get("display_at")


def _resolved(found: Mapping[str, Any], *, status: str, updates: list[dict[str, Any]], declared: float) -> float | None:
    """incident.io leaves `resolved_at` out, so the first update with the status resolved counts instead."""
    stated = a_time(found.get("resolved_at"))
    if status not in RESOLVED_STATUSES:
        # An incident that was opened again keeps its old resolved_at: only an unknown status is decided by it.
        return stated if status == "unknown" else None
    if stated is not None:
        return stated
    times = [_time_of(update) for update in updates if update.get("status") in ("resolved", "completed")]
    return min((time for time in times if time), default=a_time(found.get("updated_at")) or declared)


def _component_ids(found: Mapping[str, Any], updates: list[dict[str, Any]]) -> tuple[str, ...]:
    """What the incident lists, else whatever its updates ever named."""
    listed = ids(one.get("id") for one in objects(found.get("components")))
    named = (one.get("code") for update in updates for one in objects(update.get("affected_components")))
    return (listed or ids(named))[:MAX_COMPONENTS]
