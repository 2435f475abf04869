"""incident.io pages: the Statuspage-compatible API with its gaps, the native summary, and the widget API.

Source: `summary.json` and `/api/v1/summary` of incident.io status pages. The compatible `summary.json` may hold neither
incidents nor maintenances; its
`incidents.json` holds incidents alone. The native summary is what the page itself loads from `/proxy/<host>`:
undocumented, so every key is optional but the list of components. The widget's `/api/v1/summary` contains incidents
only.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from aiprobe.core.statuspage import RESOLVED_STATUSES, Component, DeclaredIncident, Reading
from aiprobe.statuspages import atlassian
from aiprobe.statuspages.base import (
    COMPONENT_STATES,
    IMPACT_OF_STATE,
    MAX_COMPONENTS,
    MAX_INCIDENTS,
    MAX_UPDATES,
    MalformedItemError,
    PageError,
    each,
    group,
    unique,
    with_maintenance,
    worst,
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

STATUSES: Final[Mapping[str, str]] = {
    "investigating": "investigating",
    "identified": "identified",
    "monitoring": "monitoring",
    "resolved": "resolved",
    "maintenance_scheduled": "scheduled",
    "maintenance_in_progress": "in_progress",
    "maintenance_complete": "completed",
}
CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_WIDGET_KEYS: Final = ("ongoing_incidents", "in_progress_maintenances", "scheduled_maintenances")


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:  # noqa: ARG001 - one signature for every reader
    """Return what an incident.io page declares, from any of its three APIs."""
    page = an_object(document(body), "page")
    if "summary" in page:
        return _native(an_object(page["summary"], "summary"))
    if "ongoing_incidents" in page:
        return _widget(page)
    return atlassian.read_document(page)


def _native(summary: Mapping[str, Any]) -> Reading:
    if "components" not in summary and "structure" not in summary:
        raise PageError("a summary without components")
    affected, doubtful = each(
        a_list(summary.get("affected_components"), "affected components"),
        _affected,
        what="affected components",
        limit=MAX_COMPONENTS,
        needed=False,
    )
    words = dict(affected)
    named, _ = each(a_list(summary.get("components"), "components"), _named, what="components", limit=MAX_COMPONENTS)
    groups = _groups(summary)
    names = {component_id: name for _, _, members in groups for component_id, name in members} | dict(named)
    # An entry that cannot be read may be about any component, so that silence about one proves nothing any more.
    silent = "" if doubtful else "operational"
    components = {
        one: atlassian.in_word(one, name, words.get(one, silent)) for one, name in islice(names.items(), MAX_COMPONENTS)
    }
    incidents, maintenances = _incidents(summary, ("ongoing_incidents",)), _incidents(summary, _WIDGET_KEYS[1:])
    members = with_maintenance(components.values(), maintenances)
    return Reading(
        components=unique((*members, *_group_components(groups, {one.id: one for one in members}))),
        incidents=incidents,
        maintenances=maintenances,
        updated_timestamp_seconds=a_time(summary.get("updated_at")),
    )


def _widget(page: Mapping[str, Any]) -> Reading:
    return Reading(
        components=(),
        incidents=_incidents(page, ("ongoing_incidents",)),
        maintenances=_incidents(page, _WIDGET_KEYS[1:]),
        updated_timestamp_seconds=None,
        components_known=False,
    )


def _affected(item: object) -> tuple[str, str]:
    found = fields(item)
    component_id = an_id(found.get("component_id"))
    if not component_id:
        raise MalformedItemError
    return component_id, a_word(found.get("status"))


def _named(item: object) -> tuple[str, str]:
    found = fields(item)
    component_id, name = an_id(found.get("id") or found.get("component_id")), a_line(found.get("name"))
    if not component_id or not name:
        raise MalformedItemError
    return component_id, name


def _groups(summary: Mapping[str, Any]) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The page's structure as (group id, group name, members); what stands outside any group has no id."""
    groups: list[tuple[str, str, list[tuple[str, str]]]] = []
    for item in objects(fields(summary.get("structure")).get("items"))[:MAX_COMPONENTS]:
        found = fields(item.get("group"))
        listed = objects(found.get("components")) or [fields(item.get("component"))]
        members, _ = each(listed, _named, what="members", limit=MAX_COMPONENTS, needed=False)
        groups.append((an_id(found.get("id")), a_line(found.get("name")), members))
    return groups


def _group_components(
    groups: Iterable[tuple[str, str, list[tuple[str, str]]]], components: Mapping[str, Component]
) -> list[Component]:
    found: list[Component] = []
    for group_id, name, members in groups:
        if group_id and name and members and len(found) < MAX_COMPONENTS:
            found.append(group(group_id, name, [components[one] for one, _ in members if one in components]))
    return found


def _incidents(page: Mapping[str, Any], keys: Iterable[str]) -> tuple[DeclaredIncident, ...]:
    found: dict[str, DeclaredIncident] = {}
    for key in keys:
        parsed, _ = each(a_list(page.get(key), key), _incident, what=key, limit=MAX_INCIDENTS, needed=False)
        for one in parsed:
            found.setdefault(one.id, one)
    return tuple(found.values())


def _incident(item: object) -> DeclaredIncident:
    found = fields(item)
    incident_id = an_id(found.get("id"))
    updates = sorted(objects(found.get("updates"))[:MAX_UPDATES], key=_time_of)
    last = fields(found.get("last_update"))
    newest = updates[-1] if updates else last
    word = a_word(found.get("status")) or a_word(newest.get("to_status"))
    affected = objects(found.get("affected_components"))[:MAX_COMPONENTS]
    declared = first_time(
        found.get("published_at"), found.get("created_at"), *(one.get("published_at") for one in updates)
    ) or ulid_time(incident_id)
    if not incident_id or declared is None:
        raise MalformedItemError
    status = STATUSES.get(word, "unknown")
    resolved = next((_time_of(one) for one in updates if one.get("to_status") == word), declared)
    return DeclaredIncident(
        id=incident_id,
        name=a_line(found.get("name")),
        impact="maintenance" if word.startswith("maintenance") else _impact(affected),
        status=status,
        declared_timestamp_seconds=declared,
        started_timestamp_seconds=first_time(found.get("starts_at"), found.get("started_at")),
        resolved_timestamp_seconds=(resolved or declared) if status in RESOLVED_STATUSES else None,
        component_ids=ids(one.get("component_id") or one.get("id") for one in affected),
        url=a_link(found.get("url")),
        history=tuple(
            (at, STATUSES.get(a_word(one.get("to_status")), "unknown")) for one in updates if (at := _time_of(one))
        ),
        text=plain_text(newest.get("message_string") or newest.get("message") or found.get("last_update_message")),
    )


def _impact(affected: Iterable[Mapping[str, Any]]) -> str:
    state = worst(COMPONENT_STATES.get(a_word(one.get("status") or one.get("current_status"))) for one in affected)
    return "unknown" if state is None else IMPACT_OF_STATE[state]


def _time_of(update: Mapping[str, Any]) -> float:
    return first_time(update.get("published_at"), update.get("created_at")) or 0.0


def ulid_time(ulid: str) -> float | None:
    """Return when a ULID was minted, None for what is no ULID: its first ten characters count milliseconds."""
    if len(ulid) != 26 or not set(ulid) <= set(CROCKFORD):
        return None
    milliseconds = 0
    for char in ulid[:10]:
        milliseconds = milliseconds * 32 + CROCKFORD.index(char)
    return a_time(datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()) if milliseconds < 4e12 else None
