"""Health documents for routers, load balancers and scripts: can this be used now?

They need no sign-in, because few of those who ask can sign in. They contain states and outcomes, no text of a server.
"""

import hashlib
import json
from typing import Any, Final

from aiohttp import web

from aiprobe.core.health import LEVELS, Asked, Health, Status
from aiprobe.web.api import NOT_PROBED
from aiprobe.web.routes import PORTS
from aiprobe.web.security import HEALTH, plain

CONTENT_TYPE: Final = "application/health+json"
"""draft-inadarei-api-health-check-06, section 3."""
_QUERY: Final = f"unknown=pass|fail and at_least={'|'.join(LEVELS)}"
_AGENT_WORDS: Final = {200: "up", 503: "down"}
"""Reason phrases: HTTP clients ignore them, and HAProxy's `agent-check` reads them (manual of HAProxy 2.6, 5.2)."""


def add_routes(app: web.Application) -> None:
    """Register the endpoints of this module."""
    app.router.add_get(HEALTH + "{kind:target|group|provider}/{name}", health)
    app.router.add_get(HEALTH + "surface/{provider}/{name}", health)


async def health(request: web.Request) -> web.StreamResponse:
    """Answer 200 where what was asked for can be used, 503 where it cannot."""
    asked = _asked(request)
    if isinstance(asked, str):
        return plain(asked, status=400)
    kind = request.match_info.get("kind", "surface")
    found = _found(request, kind)
    if found is None:
        return plain(f"No {kind} of this name is probed here; /api/v1/targets lists the targets.", status=404)
    body, ok = document(kind, found, asked)
    headers = {"Cache-Control": "no-cache", "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    if ok and _matches(request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    status = 200 if ok else 503
    return web.Response(
        body=body, status=status, reason=_AGENT_WORDS[status], headers=headers, content_type=CONTENT_TYPE
    )


def document(kind: str, found: Health, asked: Asked) -> tuple[bytes, bool]:
    """Return a health document, and whether it passes: for a group, when a member can be used."""
    usable = found.usable(asked)
    status = asked.status(found.state)
    if kind == "group" and status is Status.FAIL and usable:
        status = asked.unknown
    fields: dict[str, Any] = {"status": status, "serviceId": f"{kind}/{found.name}", **_fields(found)}
    if kind == "group":
        fields["usable"] = usable
    if found.members:
        fields["checks"] = {
            one.name: [{"componentType": "target", "status": asked.status(one.state), **_fields(one)}]
            for one in found.members
        }
    return json.dumps(fields).encode() + b"\n", status is not Status.FAIL


def _fields(found: Health) -> dict[str, Any]:
    return {
        "state": NOT_PROBED if found.state is None else found.state.name.lower(),
        "since_timestamp_seconds": found.since_timestamp_seconds,
        "outcome": found.outcome or None,
        "declared": found.declared or None,
        "next_check_timestamp_seconds": found.next_check_timestamp_seconds,
    }


def _found(request: web.Request, kind: str) -> Health | None:
    port, name = request.app[PORTS].health, request.match_info["name"]
    if kind == "target":
        return port.target(name)
    if kind == "group":
        return port.group(name)
    return port.provider(name) if kind == "provider" else port.provider(request.match_info["provider"], name)


def _asked(request: web.Request) -> Asked | str:
    """Return what counts, or why the query cannot be understood."""
    query = request.query
    at_least, unknown = query.get("at_least", "degraded"), query.get("unknown", "fail")
    if len(query) > len(set(query)) or set(query) - {"at_least", "unknown"}:
        return f"The query may have {_QUERY}, each once, and nothing else."
    if at_least not in LEVELS or unknown not in {Status.PASS, Status.FAIL}:
        return f"The query may have {_QUERY}."
    return Asked(at_least=LEVELS[at_least], unknown=Status(unknown))


def _matches(request: web.Request, tag: str) -> bool:
    return any(one.value in {"*", tag.strip('"')} for one in request.if_none_match or ())
