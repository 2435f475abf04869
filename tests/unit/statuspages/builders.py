"""Composed bodies of every kind of status page: each has defaults, a test names what it is about."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from aiprobe.core.statuspage import Component, DeclaredIncident, Reading
from aiprobe.statuspages import READERS

CREATED = "2026-03-02T11:49:00.000Z"
UPDATED = "2026-03-02T12:10:30.500Z"
CHAT_ULID = "01JMXBRMFE6N2NNT7DG6XZQ6PW"


def unix(text: str) -> float:
    """Return the Unix time of an ISO date."""
    return datetime.fromisoformat(text).timestamp()


def as_json(document: object) -> bytes:
    """Return a document as a server would send it."""
    return json.dumps(document).encode()


def read(reader: str, document: object, **options: str) -> Reading:
    """Read a document (JSON unless it is bytes already) with one of the readers."""
    body = document if isinstance(document, bytes) else as_json(document)
    return READERS[reader](body, options=options)


def component_of(reading: Reading, component_id: str) -> Component:
    """Return one component by its id."""
    return {one.id: one for one in reading.components}[component_id]


def only(incidents: Sequence[DeclaredIncident]) -> DeclaredIncident:
    """Return the one incident that there is."""
    assert len(incidents) == 1
    return incidents[0]


def a_component(**changes: Any) -> dict[str, Any]:
    """Return a Statuspage component."""
    return {
        "id": "k8w3r06qmzrp",
        "name": "Claude API (api.anthropic.com)",
        "status": "operational",
        "created_at": CREATED,
        "position": 3,
        "group": False,
        **changes,
    }


def an_update(**changes: Any) -> dict[str, Any]:
    """Return a Statuspage incident update."""
    return {
        "id": "u1",
        "status": "investigating",
        "body": "We are investigating elevated errors.",
        "created_at": CREATED,
        "display_at": CREATED,
        "affected_components": None,
        **changes,
    }


def an_incident(**changes: Any) -> dict[str, Any]:
    """Return an open Statuspage incident."""
    return {
        "id": "0ghc53zpsfmt",
        "name": "Elevated errors in claude.ai",
        "status": "investigating",
        "impact": "major",
        "created_at": CREATED,
        "updated_at": UPDATED,
        "started_at": CREATED,
        "resolved_at": None,
        "shortlink": "https://stspg.io/0ghc53zpsfmt",
        "components": [a_component()],
        "incident_updates": [an_update()],
        **changes,
    }


def a_summary(**changes: Any) -> dict[str, Any]:
    """Return a Statuspage summary with one component and nothing wrong."""
    return {
        "page": {"id": "tymt9n04zgry", "name": "Claude", "url": "https://status.claude.com", "updated_at": UPDATED},
        "status": {"indicator": "none", "description": "All Systems Operational"},
        "components": [a_component()],
        "incidents": [],
        "scheduled_maintenances": [],
        **changes,
    }


def a_native_summary(**changes: Any) -> dict[str, Any]:
    """Return what an incident.io page loads for itself: one group of two components, nothing affected."""
    chat = {"component_id": CHAT_ULID, "name": "Chat Completions", "hidden": False}
    files = {"component_id": "FILES", "name": "Files", "hidden": False}
    summary = {
        "id": "PAGE",
        "name": "OpenAI",
        "public_url": "https://status.openai.com",
        "components": [{"id": CHAT_ULID, "name": "Chat Completions"}, {"id": "FILES", "name": "Files"}],
        "affected_components": [],
        "ongoing_incidents": [],
        "scheduled_maintenances": [],
        "structure": {"items": [{"group": {"id": "APIS", "name": "APIs", "components": [chat, files]}}]},
        **changes,
    }
    return {"summary": summary}


def a_google_incident(**changes: Any) -> dict[str, Any]:
    """Return an open incident of the Vertex Gemini API in one region."""
    return {
        "id": "aBc123",
        "begin": "2026-03-02T11:30:00+00:00",
        "created": "2026-03-02T11:49:00+00:00",
        "modified": "2026-03-02T12:10:30+00:00",
        "external_desc": "Elevated 429s\non Gemini",
        "severity": "medium",
        "status_impact": "SERVICE_DISRUPTION",
        "affected_products": [{"id": "Z0FZJAMvEB4j3NbCJs6B", "title": "Vertex Gemini API"}],
        "currently_affected_locations": [{"id": "us-central1", "title": "Iowa"}],
        "most_recent_update": {
            "when": "2026-03-02T12:10:00+00:00",
            "status": "SERVICE_DISRUPTION",
            "text": "**Summary** still looking",
        },
        "uri": "incidents/aBc123",
        **changes,
    }


def an_aws_event(**changes: Any) -> dict[str, Any]:
    """Return an open event of Bedrock in one region."""
    return {
        "date": "1772452200",
        "arn": "arn:aws:health:us-east-1::event/BEDROCK/AWS_BEDROCK_OPERATIONAL_ISSUE/AWS_BEDROCK_OPERATIONAL_ISSUE_1",
        "region_name": "N. Virginia",
        "service": "bedrock-us-east-1",
        "service_name": "Amazon Bedrock",
        "status": "2",
        "summary": "Increased Error Rates",
        "event_log": [
            {"summary": "Increased Error Rates", "message": "We confirm errors.", "status": 2, "timestamp": 1772452800},
            {"summary": "Increased Error Rates", "message": "We investigate.", "status": 1, "timestamp": 1772452500},
        ],
        **changes,
    }


def as_aws(events: object) -> bytes:
    """Return events in AWS's own encoding: UTF-16BE behind a byte-order mark."""
    return b"\xfe\xff" + json.dumps(events).encode("utf-16-be")


def a_betterstack(
    included: Sequence[Mapping[str, Any]] = (), *, aggregate_state: object = "operational", **attributes: Any
) -> dict[str, Any]:
    """Return a Better Stack page around what it includes."""
    return {
        "data": {
            "id": "165",
            "type": "status_page",
            "attributes": {
                "company_name": "Together AI",
                "aggregate_state": aggregate_state,
                "updated_at": UPDATED,
                **attributes,
            },
        },
        "included": list(included),
    }


def a_resource(resource_id: str, name: str, status: object, section: int = 1) -> dict[str, Any]:
    """Return a Better Stack resource."""
    return {
        "id": resource_id,
        "type": "status_page_resource",
        "attributes": {"public_name": name, "status": status, "availability": 1.0, "status_page_section_id": section},
    }


def a_section(section_id: str, name: str) -> dict[str, Any]:
    """Return a Better Stack section."""
    return {"id": section_id, "type": "status_page_section", "attributes": {"name": name}}


def a_report(**attributes: Any) -> dict[str, Any]:
    """Return a Better Stack report of an incident under way."""
    return {
        "id": "77",
        "type": "status_report",
        "attributes": {
            "title": "Slow inference",
            "report_type": "manual",
            "starts_at": CREATED,
            "ends_at": None,
            "aggregate_state": "degraded",
            "affected_resources": [{"status_page_resource_id": "9", "status": "degraded"}],
            **attributes,
        },
    }


def an_rss_item(title: str, description: str = "", **extra: str) -> str:
    """Return one RSS item; `extra` holds further elements by name."""
    elements = {"guid": title, "pubDate": "Mon, 02 Mar 2026 11:49:00 GMT", **extra}
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in elements.items())
    return f"<item><title>{title}</title><description><![CDATA[{description}]]></description>{inner}</item>"


def an_rss(*items: str) -> bytes:
    """Return an RSS 2.0 feed."""
    head = "<title>Status</title><lastBuildDate>Mon, 02 Mar 2026 12:10:30 GMT</lastBuildDate>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


def an_atom_entry(title: str, html: str, *, updated: str = UPDATED) -> str:
    """Return one Atom entry in the way of Statuspage."""
    escaped = html.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        f"<entry><id>tag:status.claude.com,2005:Incident/{len(title)}</id><published>{CREATED}</published>"
        f'<updated>{updated}</updated><link rel="alternate" href="https://status.claude.com/incidents/x"/>'
        f"<title>{title}</title><content type='html'>{escaped}</content></entry>"
    )


def an_atom(*entries: str) -> bytes:
    """Return an Atom feed."""
    head = f"<id>tag:status.claude.com</id><title>Claude Status</title><updated>{UPDATED}</updated>"
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">{head}{"".join(entries)}</feed>'.encode()


def a_datadog(components: Sequence[Mapping[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """Return the document of a Datadog page: a group with one member, and a component of its own."""
    listed = components or [
        {"id": "g1", "name": "API - Gateway", "type": "ComponentGroup", "components": [a_datadog_component()]},
        a_datadog_component(id="w1", name="Web"),
    ]
    return {
        "domainPrefix": "openrouter",
        "pageUrl": "https://openrouter.statuspage.datadoghq.com",
        "components": list(listed),
        "incidents": [a_datadog_incident()],
        "maintenances": None,
        **changes,
    }


def a_datadog_component(**changes: Any) -> dict[str, Any]:
    """Return one component of a Datadog page."""
    return {"id": "c1", "name": "Chat", "status": "operational", "type": "Component", **changes}


def a_datadog_incident(**changes: Any) -> dict[str, Any]:
    """Return an incident of a Datadog page that is over."""
    return {
        "id": "i1",
        "title": "Elevated errors",
        "currentStatus": "resolved",
        "description": "This incident has been resolved.",
        "publishedDate": CREATED,
        "lastModifiedAt": UPDATED,
        "resolved": True,
        "resolvedDate": UPDATED,
        "componentsAffected": [a_datadog_component()],
        "timeline": [
            {
                "createdAt": CREATED,
                "startedAt": CREATED,
                "status": "investigating",
                "componentsAffected": [a_datadog_component(status="partial_outage")],
            }
        ],
        **changes,
    }


def a_cloudflare(**changes: Any) -> dict[str, Any]:
    """Return a summary of Cloudflare's page with one incident."""
    incident = {
        "id": "inc1",
        "name": "Replicate API errors",
        "status": "identified",
        "impact": "major",
        "created_at": CREATED,
        "starts_at": CREATED,
        "components": [{"id": "fvgfcmy66tdr", "name": "Replicate"}],
        "last_update": {"status": "identified", "message": "We know the cause.", "created_at": UPDATED},
    }
    result = {
        "components": [{"id": "fvgfcmy66tdr", "name": "Replicate", "status": "degraded_performance"}],
        "active_incidents": [incident],
        **changes,
    }
    return {"success": True, "result": result}


def a_market(*uptimes: object, **changes: Any) -> dict[str, Any]:
    """Return the endpoints of a model of a router, the first of Anthropic, with their uptimes in percent."""
    names = ("Anthropic", "Amazon Bedrock", "Google")
    endpoints = [
        {
            "name": f"{name} | anthropic/claude-haiku-4.5",
            "provider_name": name,
            "tag": name.lower().replace(" ", "-"),
            "uptime_last_30m": uptime,
            "latency_last_30m": {"p50": 0.25, "p99": 0.85},
            **changes,
        }
        for name, uptime in zip(names, uptimes, strict=False)
    ]
    return {"data": {"id": "anthropic/claude-haiku-4.5", "name": "Claude Haiku 4.5", "endpoints": endpoints}}
