"""incident.io: what the page itself loads, and what it offers to put into one's own pages."""

from collections.abc import Mapping
from typing import Any, Final

from aiprobe_simulator.statuspages.document import CORS, Document, a_json, iso
from aiprobe_simulator.statuspages.view import IncidentView, PageView

NATIVE_STATES: Final[Mapping[str, str]] = {"major_outage": "full_outage"}
"""Where the page's own words differ from those of the compatible API."""
NATIVE_STATUSES: Final[Mapping[str, str]] = {
    "scheduled": "maintenance_scheduled",
    "in_progress": "maintenance_in_progress",
    "verifying": "maintenance_in_progress",
    "completed": "maintenance_complete",
    "postmortem": "resolved",
}
_HEADERS: Final = {**CORS, "cache-control": "public, max-age=0, must-revalidate"}
_NO_ULID_LETTERS: Final = str.maketrans("ILOU", "1100")


def document(view: PageView, what: str) -> Document | None:
    """Return what the page itself loads: the summary, the incidents, or their impacts on components."""
    if what == "":
        return reply({"summary": _native_summary(view), "data_available_since": iso(view.opened)})
    if what == "incidents":
        return reply({"incidents": [_native_incident(view, one) for one in view.incidents]})
    if what == "component_impacts":
        listed = [impact for one in view.incidents for impact in _impacts(view, one)]
        uptimes = [{"component_id": one.id, "uptime": "99.99"} for one in view.components]
        return reply({"component_impacts": listed, "component_uptimes": uptimes})
    return None


def _native_summary(view: PageView) -> dict[str, Any]:
    """Components that are well are not among the affected."""
    return {
        "id": page_id(view),
        "name": view.spec.title,
        "public_url": view.spec.home,
        "components": [{"id": one.id, "name": one.name} for one in view.components],
        "affected_components": [
            {"component_id": one.id, "status": NATIVE_STATES.get(one.state, one.state)}
            for one in view.components
            if one.state != "operational"
        ],
        "ongoing_incidents": [_native_incident(view, one) for one in view.open_incidents],
        "scheduled_maintenances": [_native_incident(view, one) for one in view.open_maintenances],
        "structure": {"items": _structure(view)},
    }


def _structure(view: PageView) -> list[dict[str, Any]]:
    groups = [
        {"group": {"id": group, "name": name, "hidden": False, "components": _members(view, group)}}
        for group, name in view.spec.groups.items()
    ]
    return [*groups, *({"component": member} for member in _members(view, ""))]


def _members(view: PageView, group: str) -> list[dict[str, Any]]:
    return [
        {"component_id": one.id, "name": one.name, "hidden": False, "display_uptime": True}
        for one in view.components
        if one.group == group
    ]


def _native_incident(view: PageView, one: IncidentView) -> dict[str, Any]:
    now = {change.component: change.new for said in one.updates for change in said.changes}
    return {
        "id": one.id,
        "name": one.title,
        "status": NATIVE_STATUSES.get(one.status, one.status),
        "published_at": iso(one.created),
        "affected_components": [
            {"component_id": part.id, "status": NATIVE_STATES.get(now[part.id], now[part.id])}
            for part in view.named(one)
            if part.id in now
        ],
        "updates": [
            {
                "id": said.id,
                "to_status": NATIVE_STATUSES.get(said.status, said.status),
                "message_string": said.text,
                "published_at": iso(said.at),
            }
            for said in one.updates
        ],
    }


def _impacts(view: PageView, one: IncidentView) -> list[dict[str, Any]]:
    """Return the stretches in which an incident gave a component a state that is not well."""
    found: list[dict[str, Any]] = []
    for said in one.updates:
        for change in said.changes:
            if change.new == change.old or view.component(change.component) is None:
                continue
            for earlier in found:
                if earlier["component_id"] == change.component and earlier["end_at"] is None:
                    earlier["end_at"] = iso(said.at)
            if change.new != "operational":
                found.append(
                    {
                        "component_id": change.component,
                        "start_at": iso(said.at),
                        "end_at": None,
                        "status": NATIVE_STATES.get(change.new, change.new),
                        "status_page_incident_id": one.id,
                    }
                )
    return found


def widget(view: PageView) -> Document:
    """Return what the page offers to put into one's own pages."""

    def told(one: IncidentView) -> dict[str, Any]:
        return {
            "id": one.id,
            "name": one.title,
            "status": NATIVE_STATUSES.get(one.status, one.status),
            "url": f"{view.spec.home}/incidents/{one.id}",
            "last_update_at": iso(one.updated),
            "last_update_message": one.updates[-1].text,
            "affected_components": [{"id": part.id, "name": part.name} for part in view.named(one)],
        }

    planned = [one for one in view.open_maintenances if one.status == "scheduled"]
    return reply(
        {
            "page_title": view.spec.title,
            "page_url": view.spec.home,
            "ongoing_incidents": [told(one) for one in view.open_incidents],
            "in_progress_maintenances": [told(one) for one in view.open_maintenances if one not in planned],
            "scheduled_maintenances": [told(one) for one in planned],
        }
    )


def reply(data: Any) -> Document:
    """Return a document with the headers of every JSON reply."""
    return a_json(data, headers=_HEADERS)


def page_id(view: PageView) -> str:
    """Return the id of the page, a ULID."""
    return view.spec.page_id or f"01HQ{view.spec.name.upper():0<22}"[:26].translate(_NO_ULID_LETTERS)
