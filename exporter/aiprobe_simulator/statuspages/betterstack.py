"""Better Stack: `index.json` (JSON:API) with sections, resources and reports, and its noisy feed."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aiprobe_simulator.statuspages import feeds
from aiprobe_simulator.statuspages.document import Document, a_json, front, iso, maybe_iso
from aiprobe_simulator.statuspages.ids import number
from aiprobe_simulator.statuspages.view import ComponentView, IncidentView, PageView, worst

WORDS: Final[Mapping[str, str]] = {
    "under_maintenance": "maintenance",
    "degraded_performance": "degraded",
    "partial_outage": "degraded",
    "major_outage": "downtime",
}
"""Where the page's words differ; `operational` is the same."""
SECTION_ID: Final = "4101"


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    match path:
        case "":
            return front(view)
        case "index.json":
            return a_json(_index(view), etag=True, headers={"cache-control": "max-age=0, private, must-revalidate"})
        case "feed" | "feed.rss":
            return feeds.rss(view, sorted(_entries(view), key=lambda one: one.published, reverse=True))
        case _:
            return None


def _index(view: PageView) -> dict[str, Any]:
    included = [
        {
            "id": SECTION_ID,
            "type": "status_page_section",
            "attributes": {"name": "Services", "position": 0, "status_page_id": _page_number(view)},
        },
        *(_resource(view, position, one) for position, one in enumerate(view.components)),
        *(_report(view, one) for one in (*view.incidents, *view.maintenances)),
        *(_automatic(view, one) for one in _unspoken(view)),
    ]
    whole = worst(one.state for one in view.components)
    return {
        "data": {
            "id": view.spec.page_id,
            "type": "status_page",
            "attributes": {
                "company_name": view.spec.title,
                "company_url": view.spec.home,
                "subdomain": view.spec.name,
                "timezone": "UTC",
                "aggregate_state": WORDS.get(whole, whole),
                "created_at": iso(view.opened),
                "updated_at": iso(view.updated),
            },
        },
        "included": included,
    }


def _page_number(view: PageView) -> int:
    return int(view.spec.page_id)


def _resource(view: PageView, position: int, one: ComponentView) -> dict[str, Any]:
    word = WORDS.get(one.state, one.state)
    today = {"day": iso(view.updated)[:10], "status": word, "downtime_duration": 0, "maintenance_duration": 0}
    return {
        "id": one.id,
        "type": "status_page_resource",
        "attributes": {
            "status_page_section_id": int(SECTION_ID),
            "resource_type": "Monitor",
            "public_name": one.name,
            "position": position,
            "availability": 0.9999,
            "status": word,
            "status_history": [today],
        },
    }


def _report(view: PageView, one: IncidentView) -> dict[str, Any]:
    """Return a report; a maintenance has an end from the day it is planned, an incident only when it is over."""
    planned = one.subject == "maintenance"
    ends = one.scheduled_until if planned else one.resolved
    now = {change.component: change.new for said in one.updates for change in said.changes}
    affected = [
        {"status_page_resource_id": part.id, "status": WORDS.get(now.get(part.id, ""), "operational")}
        for part in view.named(one)
    ]
    state = one.worst if one.open else one.peak
    return {
        "id": one.id,
        "type": "status_report",
        "attributes": {
            "title": one.title,
            "report_type": "maintenance" if planned else "manual",
            "starts_at": iso(one.scheduled_for if planned else one.started),
            "ends_at": maybe_iso(ends),
            "status_page_id": _page_number(view),
            "affected_resources": affected,
            "aggregate_state": "maintenance" if planned else WORDS.get(state, state),
        },
    }


def _unspoken(view: PageView) -> list[ComponentView]:
    """Return what is not well and stands in no open report: a monitor saw it, and nobody wrote about it."""
    named = {part for one in (*view.open_incidents, *view.open_maintenances) for part in one.components}
    return [one for one in view.components if one.state != "operational" and one.id not in named]


def _automatic(view: PageView, one: ComponentView) -> dict[str, Any]:
    word = WORDS.get(one.state, one.state)
    return {
        "id": str(number("automatic", view.spec.name, one.id, one.updated)),
        "type": "status_report",
        "attributes": {
            "title": one.name,
            "report_type": "automatic",
            "starts_at": iso(one.updated),
            "ends_at": None,
            "status_page_id": _page_number(view),
            "affected_resources": [{"status_page_resource_id": one.id, "status": word}],
            "aggregate_state": word,
        },
    }


def _entries(view: PageView) -> Iterator[feeds.Entry]:
    """One item a component and turn; the turns of one incident share a guid."""
    for incident in view.incidents:
        for part in view.named(incident):
            turns = [("went down", incident.created)]
            if incident.resolved is not None:
                turns.append(("recovered", incident.resolved))
            for word, at in turns:
                yield feeds.Entry(
                    guid=f"{view.spec.home}/incident/{incident.id}#{part.id}",
                    title=f"{part.name} {word}",
                    link=f"{view.spec.home}/incident/{incident.id}",
                    text=f"{part.name} {word}",
                    published=at,
                    updated=at,
                )
