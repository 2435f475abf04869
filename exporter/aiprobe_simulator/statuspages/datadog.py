"""Datadog: the one document `config.json`, from which the page draws itself; the page for people is an empty shell."""

from collections.abc import Mapping
from typing import Any, Final

from aiprobe_simulator.statuspages.document import Document, a_json, front, iso
from aiprobe_simulator.statuspages.view import ComponentView, IncidentView, PageView

WORDS: Final[Mapping[str, str]] = {"under_maintenance": "maintenance", "degraded_performance": "degraded"}
"""Where the page's words differ; `operational`, `partial_outage` and `major_outage` are the same."""


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    if path == "config.json":
        return a_json(_config(view), etag=True)
    return front(view) if path == "" else None


def _config(view: PageView) -> dict[str, Any]:
    return {
        "id": view.spec.page_id,
        "name": view.spec.title,
        "domainPrefix": view.spec.name,
        "pageUrl": f"https://{view.spec.name}.statuspage.datadoghq.com",
        "pageType": "public",
        "public": True,
        "created": iso(view.opened),
        "components": [_component(one, position) for position, one in enumerate(view.components)],
        "incidents": [_incident(view, one) for one in view.incidents],
        "maintenances": None,
    }


def _component(one: ComponentView, position: int) -> dict[str, Any]:
    return {**_part(one.id, one.name, one.state), "position": position}


def _part(part_id: str, name: str, state: str) -> dict[str, Any]:
    return {"id": part_id, "name": name, "status": WORDS.get(state, state), "type": "Component"}


def _incident(view: PageView, one: IncidentView) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": one.title,
        "currentStatus": one.status,
        "description": one.updates[-1].text,
        "publishedDate": iso(one.started),
        "lastModifiedAt": iso(one.updated),
        "resolved": not one.open,
        **({"resolvedDate": iso(one.resolved)} if one.resolved is not None else {}),
        "componentsAffected": [_part(part.id, part.name, part.state) for part in view.named(one)],
        "timeline": [
            {
                "id": said.id,
                "status": said.status,
                "description": said.text,
                "createdAt": iso(said.at),
                "startedAt": iso(said.at),
                "componentsAffected": [
                    _part(part.id, part.name, change.new)
                    for change in said.changes
                    if (part := view.component(change.component)) is not None
                ],
            }
            for said in reversed(one.updates)
        ],
    }
