"""Cloudflare's status page, API v3: `/api/v3/summary`, Statuspage's items in an envelope of its own.

Source: https://developers.cloudflare.com/changelog/ (new status page, 2026-08-11), and the summary as recorded on
2026-09-10 in bentleypark/aiwatch, issue 1384. Replicate is a component of this page.
"""

from collections.abc import Mapping
from typing import Any

from aiprobe.core.statuspage import Reading
from aiprobe.statuspages import atlassian
from aiprobe.statuspages.base import PageError
from aiprobe.statuspages.values import an_object, document, fields, objects


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:  # noqa: ARG001 - one signature for every reader
    """Return what the page declares."""
    page = an_object(document(body), "page")
    result = an_object(page.get("result"), "result")
    if page.get("success") is not True or "active_incidents" not in result:
        raise PageError("not a summary of Cloudflare's status page")
    listed = [*objects(result.get("active_incidents")), *objects(result.get("recent_incidents"))]
    return atlassian.read_document(
        {
            "components": result.get("components"),
            "incidents": [_incident(one) for one in listed],
            "scheduled_maintenances": [_incident(one) for one in objects(result.get("active_maintenances"))],
        }
    )


def _incident(found: Mapping[str, Any]) -> dict[str, Any]:
    """Write an item as Statuspage would: its start and its last update have other names here."""
    last = fields(found.get("last_update"))
    updates = [{**last, "body": last.get("message")}] if last else []
    return {**found, "started_at": found.get("starts_at"), "incident_updates": updates}
