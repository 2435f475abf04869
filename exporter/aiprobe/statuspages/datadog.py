"""Datadog Status Pages: the one public document from which the page draws itself, `/config.json`.

Source: the document of status.openrouter.ai as recorded on 2026-09-15 in the tests of bentleypark/aiwatch, pull request
1414, and the words of a component in Datadog's API (https://docs.datadoghq.com/api/latest/status-pages/). A component
group has no status of its own and stands for its worst member.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiprobe.core.state import State
from aiprobe.core.statuspage import INCIDENT_STATUSES, Component, DeclaredIncident, Reading
from aiprobe.statuspages.atlassian import closed
from aiprobe.statuspages.base import (
    IMPACT_OF_STATE,
    MAX_COMPONENTS,
    MAX_INCIDENTS,
    MAX_UPDATES,
    MalformedItemError,
    PageError,
    each,
    group,
    unique,
)
from aiprobe.statuspages.values import (
    a_line,
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

MAINTENANCE: Final = "maintenance"
STATES: Final[Mapping[str, State]] = {
    "operational": State.OPERATIONAL,
    MAINTENANCE: State.OPERATIONAL,
    "degraded": State.DEGRADED,
    "partial_outage": State.PARTIAL_OUTAGE,
    "major_outage": State.MAJOR_OUTAGE,
}


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:  # noqa: ARG001 - one signature for every reader
    """Return what the page declares."""
    page = an_object(document(body), "page")
    if "components" not in page or not page.keys() & {"domainPrefix", "pageUrl"}:
        raise PageError("not the document of a Datadog status page")
    listed, _ = each(a_list(page["components"], "components"), _entry, what="components", limit=MAX_COMPONENTS)
    incidents, _ = each(
        a_list(page.get("incidents"), "incidents"), _incident, what="incidents", limit=MAX_INCIDENTS, needed=not listed
    )
    return Reading(
        components=unique(component for entry in listed for component in entry)[:MAX_COMPONENTS],
        incidents=tuple(incidents),
        maintenances=(),
        updated_timestamp_seconds=None,
    )


def _entry(item: object) -> tuple[Component, ...]:
    """A component, or a group with its members behind it."""
    found = fields(item)
    component_id, name = an_id(found.get("id")), a_line(found.get("name"))
    if not component_id or not name:
        raise MalformedItemError
    if found.get("type") != "ComponentGroup":
        word = a_word(found.get("status"))
        own = Component(id=component_id, name=name, word=word, state=STATES.get(word), maintenance=word == MAINTENANCE)
        return (own,)
    plain = [one for one in objects(found.get("components")) if one.get("type") != "ComponentGroup"]
    members, unread = each(plain, _entry, what="components", limit=MAX_COMPONENTS, needed=False)
    parts = [part for member in members for part in member]
    return group(component_id, name, parts, unread=bool(unread)), *parts


def _incident(item: object) -> DeclaredIncident:
    found = fields(item)
    incident_id = an_id(found.get("id"))
    updates = objects(found.get("timeline"))[:MAX_UPDATES]
    written = [moment for update in updates if (moment := a_time(update.get("createdAt"))) is not None]
    started = a_time(found.get("publishedDate"))
    declared = min(written, default=started)
    if not incident_id or declared is None:
        raise MalformedItemError
    over = found.get("resolved") is True
    status = closed(found.get("currentStatus"), INCIDENT_STATUSES)
    return DeclaredIncident(
        id=incident_id,
        name=a_line(found.get("title")),
        impact=_impact(found, updates),
        status="resolved" if over else "investigating" if status == "resolved" else status,
        declared_timestamp_seconds=declared,
        started_timestamp_seconds=started,
        resolved_timestamp_seconds=(first_time(found.get("resolvedDate")) or declared) if over else None,
        component_ids=ids(one.get("id") for one in _affected(found, *updates)),
        text=plain_text(found.get("description")),
    )


def _affected(*entries: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The components that the incident or any of its updates names: a resolved one has them all operational."""
    return [one for entry in entries for one in objects(entry.get("componentsAffected"))[:MAX_COMPONENTS]]


def _impact(found: Mapping[str, Any], updates: list[dict[str, Any]]) -> str:
    states = [STATES.get(a_word(one.get("status"))) for one in _affected(found, *updates)]
    known = [state for state in states if state is not None]
    return IMPACT_OF_STATE[max(known)] if known else "unknown"
