"""Atlassian Statuspage: the public API v2, and the feeds of its history."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiprobe_simulator.statuspages import feeds
from aiprobe_simulator.statuspages.document import CORS, Document, a_json, front, html, iso, maybe_iso
from aiprobe_simulator.statuspages.view import ComponentView, IncidentView, PageView, UpdateView

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "none": "All Systems Operational",
    "maintenance": "Service Under Maintenance",
    "minor": "Partially Degraded Service",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
}
_HEADERS: Final = {**CORS, "cache-control": "max-age=10, public, stale-while-revalidate=30"}
_SINCE: Final = "2023-07-11"
_ROBOTS: Final = b"User-agent: *\nDisallow: /api/\n"


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    if path in _FEEDS:
        return _FEEDS[path](view)
    if path == "robots.txt":
        return Document(body=_ROBOTS, content_type="text/plain")
    if not path.startswith("api/v2/"):
        return front(view) if path == "" else None
    name = path.removeprefix("api/v2/").removesuffix(".json")
    if not path.endswith(".json"):
        return None
    lists: dict[str, Callable[[], dict[str, Any]]] = {
        "status": lambda: {"status": _status(view)},
        "summary": lambda: _summary(view),
        "components": lambda: {"components": _components(view)},
        "incidents": lambda: {"incidents": [_incident(view, one) for one in view.incidents]},
        "incidents/unresolved": lambda: {"incidents": [_incident(view, one) for one in view.open_incidents]},
        "scheduled-maintenances": lambda: _maintenances(view, view.maintenances),
        "scheduled-maintenances/upcoming": lambda: _maintenances(view, _in(view, "scheduled")),
        "scheduled-maintenances/active": lambda: _maintenances(view, _in(view, "in_progress", "verifying")),
    }
    if name in lists:
        return a_json({"page": _page(view), **lists[name]()}, headers=_HEADERS, etag=True)
    wanted = name.removeprefix("incidents/")
    found = next((one for one in (*view.incidents, *view.maintenances) if one.id == wanted), None)
    if found is None:
        return html("Not found", status=404)
    return a_json({"page": _page(view), "incident": _incident(view, found)}, headers=_HEADERS, etag=True)


def _page(view: PageView) -> dict[str, Any]:
    spec = view.spec
    named = {"id": _page_id(view), "name": spec.title, "url": spec.home, "time_zone": "Etc/UTC"}
    return {**named, "updated_at": iso(view.updated)}


def _page_id(view: PageView) -> str:
    return view.spec.page_id or f"{view.spec.name}page0000"[:12]


def _status(view: PageView) -> dict[str, str]:
    return {"indicator": view.indicator, "description": DESCRIPTIONS.get(view.indicator, DESCRIPTIONS["none"])}


def _summary(view: PageView) -> dict[str, Any]:
    return {
        "components": _components(view),
        "incidents": [_incident(view, one) for one in view.open_incidents],
        **_maintenances(view, view.open_maintenances),
        "status": _status(view),
    }


def _maintenances(view: PageView, listed: tuple[IncidentView, ...]) -> dict[str, Any]:
    return {"scheduled_maintenances": [_incident(view, one) for one in listed]}


def _in(view: PageView, *statuses: str) -> tuple[IncidentView, ...]:
    return tuple(one for one in view.maintenances if one.status in statuses)


def _components(view: PageView) -> list[dict[str, Any]]:
    return [_component(view, one) for one in view.components]


def _component(view: PageView, one: ComponentView) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "status": one.state,
        "created_at": f"{_SINCE}T17:59:46.000Z",
        "updated_at": iso(one.updated),
        "position": view.components.index(one) + 1,
        "description": None,
        "showcase": True,
        "start_date": _SINCE,
        "group_id": None,
        "page_id": _page_id(view),
        "group": False,
        "only_show_if_degraded": False,
    }


def _incident(view: PageView, one: IncidentView) -> dict[str, Any]:
    planned = one.subject == "maintenance"
    window = {"scheduled_for": iso(one.scheduled_for), "scheduled_until": maybe_iso(one.scheduled_until)}
    return {
        "id": one.id,
        "name": one.title,
        "status": one.status,
        "impact": one.impact,
        "created_at": iso(one.created),
        "updated_at": iso(one.updated),
        "started_at": iso(one.started),
        "monitoring_at": maybe_iso(one.at("monitoring")),
        "resolved_at": maybe_iso(one.resolved),
        "shortlink": f"https://stspg.io/{one.id}",
        "page_id": _page_id(view),
        "reminder_intervals": None,
        "components": [_component(view, part) for part in view.named(one)],
        "incident_updates": [_update(view, one, said) for said in reversed(one.updates)],
        **(window if planned else {}),
    }


def _update(view: PageView, incident: IncidentView, said: UpdateView) -> dict[str, Any]:
    affected = [
        {"code": change.component, "name": part.name, "old_status": change.old, "new_status": change.new}
        for change in said.changes
        if (part := view.component(change.component)) is not None
    ]
    at = iso(said.at)
    return {
        "id": said.id,
        "status": said.status,
        "body": said.text,
        "incident_id": incident.id,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": affected or None,
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _entries(view: PageView) -> list[feeds.Entry]:
    listed = sorted((*view.incidents, *view.maintenances), key=lambda one: one.created, reverse=True)
    return [
        feeds.Entry(
            guid=f"{feeds.tag(view)}:Incident/{one.number}",
            title=one.title,
            link=f"{view.spec.home}/incidents/{one.id}",
            text=feeds.told(one),
            published=one.created,
            updated=one.updated,
        )
        for one in listed
    ]


_FEEDS: Final[Mapping[str, Callable[[PageView], Document]]] = {
    "history.atom": lambda view: feeds.atom(view, _entries(view), etag=True),
    "history.rss": lambda view: feeds.rss(view, _entries(view)),
}
