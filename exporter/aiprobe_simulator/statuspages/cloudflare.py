"""Cloudflare's status page, API v3: `api/v3/summary`, and HTML at the addresses of the page that it replaced."""

from typing import Any

from aiprobe_simulator.statuspages.document import Document, a_json, front, html, iso, maybe_iso
from aiprobe_simulator.statuspages.view import IncidentView, PageView


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    if path == "api/v3/summary":
        return a_json({"success": True, "result": _result(view)}, etag=True)
    if path in {"", "services"}:
        return front(view)
    return html("Page not found", status=404)


def _result(view: PageView) -> dict[str, Any]:
    return {
        "components": [{"id": one.id, "name": one.name, "status": one.state} for one in view.components],
        "active_incidents": [_incident(view, one) for one in view.open_incidents],
        "recent_incidents": [_incident(view, one) for one in view.incidents if not one.open],
        "active_maintenances": [_incident(view, one) for one in view.open_maintenances],
    }


def _incident(view: PageView, one: IncidentView) -> dict[str, Any]:
    last = one.updates[-1]
    return {
        "id": one.id,
        "name": one.title,
        "status": one.status,
        "impact": one.impact,
        "created_at": iso(one.created),
        "updated_at": iso(one.updated),
        "starts_at": iso(one.started),
        "resolved_at": maybe_iso(one.resolved),
        "components": [{"id": part.id, "name": part.name} for part in view.named(one)],
        "last_update": {"status": last.status, "message": last.text, "created_at": iso(last.at)},
    }
