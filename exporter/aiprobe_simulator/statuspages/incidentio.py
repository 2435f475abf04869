"""incident.io: the API that is compatible with Statuspage's up to its gaps, and the feeds."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

from aiprobe_simulator.statuspages import feeds, incidentio_native
from aiprobe_simulator.statuspages.document import Document, front, html, iso
from aiprobe_simulator.statuspages.incidentio_native import page_id, reply
from aiprobe_simulator.statuspages.view import ComponentView, IncidentView, PageView

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "none": "All Systems Operational",
    "maintenance": "Under Maintenance",
    "minor": "Partial System Degradation",
    "major": "Partial System Outage",
    "critical": "Full System Outage",
}
_MOST_INCIDENTS: Final = 25
_UNDER_PROXY: Final = 3


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    if path in _PLACES:
        return _PLACES[path](view)
    parts = path.split("/")
    if parts[0] == "proxy" and len(parts) in {_UNDER_PROXY - 1, _UNDER_PROXY} and parts[1]:
        return incidentio_native.document(view, parts[2] if len(parts) == _UNDER_PROXY else "")
    return html("Page not found", status=404) if parts[0] == "api" else None


def _page(view: PageView) -> dict[str, str]:
    spec = view.spec
    return {"id": page_id(view), "name": spec.title, "url": spec.home, "updated_at": iso(view.updated)}


def _summary(view: PageView) -> dict[str, Any]:
    listed = [one for one in view.components if one.in_summary]
    found: dict[str, Any] = {"page": _page(view), "status": _status(view), "components": _components(view, listed)}
    if not view.spec.terse:
        found["incidents"] = [_incident(one) for one in view.open_incidents]
        found["scheduled_maintenances"] = [_incident(one) for one in view.open_maintenances]
    return found


def _status(view: PageView) -> dict[str, str]:
    description = DESCRIPTIONS.get(view.indicator, "Degraded performance")
    return {"description": description, "indicator": view.indicator}


def _components(view: PageView, listed: list[ComponentView]) -> list[dict[str, Any]]:
    """Every component has the one time at which anything changed."""
    at = iso(view.updated)
    return [
        {
            "id": one.id,
            "name": one.name,
            "status": one.state,
            "position": position,
            "created_at": at,
            "updated_at": at,
            "page_id": page_id(view),
        }
        for position, one in enumerate(listed, 1)
    ]


def _incident(one: IncidentView) -> dict[str, Any]:
    """Return an item without components, start and shortlink, as the compatible API has it, and without its end."""
    return {
        "id": one.id,
        "name": one.title,
        "status": one.status,
        "impact": one.impact,
        "created_at": iso(one.created),
        "updated_at": iso(one.updated),
        "incident_updates": [
            {
                "id": said.id,
                "status": said.status,
                "body": said.text,
                "incident_id": one.id,
                "created_at": iso(said.at),
                "updated_at": iso(said.at),
                "display_at": iso(said.at),
            }
            for said in reversed(one.updates)
        ],
    }


def _entries(view: PageView) -> list[feeds.Entry]:
    return [
        feeds.Entry(
            guid=f"{view.spec.home}/incidents/{one.id}",
            title=one.title,
            link=f"{view.spec.home}/incidents/{one.id}",
            text=_told(view, one),
            published=one.created,
            updated=one.updated,
        )
        for one in (*view.incidents, *view.maintenances)
    ]


def _told(view: PageView, one: IncidentView) -> str:
    last = one.updates[-1]
    parts = "".join(f"<li>{escape(part.name)} ({part.state.replace('_', ' ')})</li>" for part in view.named(one))
    listed = f"<b>Affected components</b><ul>{parts}</ul>" if parts else ""
    return f"<b>Status: {feeds.shown(last.status)}</b><br/><br/>{escape(last.text)}<br/><br/>{listed}"


_PLACES: Final[Mapping[str, Callable[[PageView], Document]]] = {
    "": front,
    "history": front,
    "api/v2/summary.json": lambda view: reply(_summary(view)),
    "api/v2/status.json": lambda view: reply({"page": _page(view), "status": _status(view)}),
    "api/v2/components.json": lambda view: reply(
        {"page": _page(view), "components": _components(view, list(view.components))}
    ),
    "api/v2/incidents.json": lambda view: reply(
        {"page": _page(view), "incidents": [_incident(one) for one in view.incidents[:_MOST_INCIDENTS]]}
    ),
    "api/v1/summary": incidentio_native.widget,
    "feed.atom": lambda view: feeds.atom(view, _entries(view)),
    "feed.rss": lambda view: feeds.rss(view, _entries(view)),
}
