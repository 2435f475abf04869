"""Google Cloud: `incidents.json` for every product of the cloud, by product id, newest first."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiprobe_simulator.statuspages import feeds
from aiprobe_simulator.statuspages.document import Document, a_json, front
from aiprobe_simulator.statuspages.view import IncidentView, PageView, UpdateView

IMPACTS: Final[Mapping[str, str]] = {
    "operational": "SERVICE_INFORMATION",
    "under_maintenance": "SERVICE_INFORMATION",
    "degraded_performance": "SERVICE_INFORMATION",
    "partial_outage": "SERVICE_DISRUPTION",
    "major_outage": "SERVICE_OUTAGE",
}
AVAILABLE: Final = "AVAILABLE"
_SEVERITIES: Final[Mapping[str, str]] = {"SERVICE_DISRUPTION": "medium", "SERVICE_OUTAGE": "high"}
_GLOBAL: Final = {"title": "Global", "id": "global"}
_SOMETHING_ELSE: Final = {"title": "Persistent Disk", "id": "simulatedPersistDisk"}
_MONTH_SECONDS: Final = 30 * 86_400.0


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    match path:
        case "":
            return front(view)
        case "incidents.json":
            listed = [*(_incident(view, one) for one in view.incidents), _long_ago(view)]
            return a_json(listed, content_type="application/json", last_modified=view.updated)
        case "products.json":
            products = [*({"title": one.name, "id": one.id} for one in view.components), _SOMETHING_ELSE]
            return a_json({"products": products}, content_type="application/json", last_modified=view.opened)
        case "feed.atom" | "en/feed.atom":
            return feeds.atom(view, _entries(view))
        case _:
            return None


def _incident(view: PageView, one: IncidentView) -> dict[str, Any]:
    word = one.worst if one.open else one.peak
    impact = IMPACTS.get(word, word.upper())
    products = [{"title": part.name, "id": part.id, "current_title": part.name} for part in view.named(one)]
    updates = [_update(one, said) for said in reversed(one.updates)]
    now, before = (_places(one), []) if one.open else ([], _places(one))
    ended = {} if one.resolved is None else {"end": _time(one.resolved)}
    return {
        "id": one.id,
        "number": str(one.number),
        "begin": _time(one.started),
        **ended,
        "created": _time(one.created),
        "modified": _time(one.updated),
        "external_desc": one.title,
        "updates": updates,
        "most_recent_update": updates[0],
        "status_impact": impact,
        "severity": _SEVERITIES.get(impact, "low"),
        "service_key": products[0]["id"] if len(products) == 1 else "zall",
        "service_name": products[0]["title"] if len(products) == 1 else "Multiple Products",
        "affected_products": products,
        "uri": f"incidents/{one.id}",
        "currently_affected_locations": now,
        "previously_affected_locations": before,
    }


def _update(incident: IncidentView, said: UpdateView) -> dict[str, Any]:
    over = said.status in {"resolved", "postmortem"}
    at = _time(said.at)
    return {
        "created": at,
        "modified": at,
        "when": at,
        "text": said.text,
        "status": AVAILABLE if over else IMPACTS.get(said.worst, said.worst.upper()),
        "affected_locations": [] if over else _places(incident),
    }


def _places(one: IncidentView) -> list[dict[str, str]]:
    return [{"title": place, "id": place} for place in one.locations] or [_GLOBAL]


def _long_ago(view: PageView) -> dict[str, Any]:
    """Return an incident of another product that is long over, as most of the real list is."""
    at = view.opened - _MONTH_SECONDS
    begin, end = _time(at), _time(at + 3_600)
    update = {"created": end, "modified": end, "when": end, "text": "It is over.", "status": AVAILABLE}
    return {
        "id": "simulatedLongAgo0001",
        "number": "100000",
        "begin": begin,
        "end": end,
        "created": begin,
        "modified": end,
        "external_desc": "Some disks were slow in one zone.",
        "updates": [update],
        "most_recent_update": update,
        "status_impact": "SERVICE_DISRUPTION",
        "severity": "medium",
        "service_key": _SOMETHING_ELSE["id"],
        "service_name": _SOMETHING_ELSE["title"],
        "affected_products": [{**_SOMETHING_ELSE, "current_title": _SOMETHING_ELSE["title"]}],
        "uri": "incidents/simulatedLongAgo0001",
        "currently_affected_locations": [],
        "previously_affected_locations": [{"title": "Zone: us-central1-a", "id": "us-central1-a"}],
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _entries(view: PageView) -> Iterable[feeds.Entry]:
    for one in view.incidents:
        yield feeds.Entry(
            guid=f"{feeds.tag(view)}:feed:{one.id}",
            title=f"{'RESOLVED: ' if not one.open else ''}{one.title}",
            link=f"{view.spec.home}/incidents/{one.id}",
            text=feeds.told(one),
            published=one.created,
            updated=one.updated,
        )
