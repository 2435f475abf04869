"""JSON for programs: the targets, their last results, and service discovery for Prometheus."""

import dataclasses
import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from aiprobe.web.ports import Ports, TargetRow
from aiprobe.web.routes import PORTS
from aiprobe.web.security import plain

DEFAULT_RESULTS: Final = 100
MAX_RESULTS: Final = 1000
STATE_WORDS: Final = ("operational", "degraded", "partial_outage", "major_outage")
NOT_PROBED: Final = "not_probed"
PARTS: Final = ("summary", "status", "components", "incidents", "scheduled-maintenances")
"""The documents of an Atlassian Statuspage that are served."""
FEED: Final = "/status/history.atom"
"""An Atlassian Statuspage has its feed at the same place below its address."""
UNKNOWN: Final = "unknown"
"""The declared state of a component whose state the status page does not give."""


def add_routes(app: web.Application) -> None:
    """Register the endpoints of this module."""
    app.router.add_get("/api/v1/targets", targets)
    app.router.add_get("/api/v1/results", results)
    app.router.add_get("/api/v1/incidents", incidents)
    app.router.add_get("/api/v1/incidents/schema", incidents_schema)
    app.router.add_get("/status/api/v2/{part}.json", statuspage)
    app.router.add_get(FEED, feed)
    app.router.add_get("/api/v1/verdict", verdict)
    app.router.add_get("/sd", service_discovery)


def state_word(row: TargetRow) -> str:
    """Return the state that may be shown, as one word; `not_probed` where nothing is validly known."""
    state = row.shown_state
    return NOT_PROBED if state is None or not 0 <= state < len(STATE_WORDS) else STATE_WORDS[state]


async def targets(request: web.Request) -> web.StreamResponse:
    """List the configured targets and how each stands."""
    rows = request.app[PORTS].targets.rows()
    return _json(
        {"targets": [{**values(row), "state": row.shown_state, "state_word": state_word(row)} for row in rows]}
    )


async def results(request: web.Request) -> web.StreamResponse:
    """List the last results, newest first; of one target when asked."""
    shown = request.app[PORTS].targets
    limit = _limit(request)
    if limit is None:
        return _bad_limit()
    target = request.query.get("target")
    if target is not None and all(row.name != target for row in shown.rows()):
        return plain("There is no such target; /api/v1/targets lists what is configured.", status=404)
    return _json({"results": [values(row) for row in shown.results(target, limit)]})


async def incidents(request: web.Request) -> web.StreamResponse:
    """Serve the observed incidents, open ones and the latest closed ones; `format` chooses another form."""
    observed = request.app[PORTS].incidents
    limit = _limit(request)
    if limit is None:
        return _bad_limit()
    form = request.query.get("format", "json")
    if form == "md":
        return web.Response(text=observed.markdown(limit) + "\n", content_type="text/markdown")
    if form == "ndjson":
        since = _since(request)
        if since is None:
            return plain("since should be a time such as 2026-03-02T12:00:00Z.", status=400)
        return web.Response(text=observed.ndjson(limit, since), content_type="application/x-ndjson")
    if form != "json":
        return plain("format should be json, md or ndjson.", status=400)
    return _json(observed.json(limit))


async def statuspage(request: web.Request) -> web.StreamResponse:
    """Serve what was observed in the form of an Atlassian Statuspage."""
    document = request.app[PORTS].incidents.statuspage(request.match_info["part"])
    if document is None:
        return plain("There is no such document; /status/api/v2/summary.json has all of them in one.", status=404)
    return _json(document)


async def feed(request: web.Request) -> web.StreamResponse:
    """Serve the observed incidents as an Atom feed."""
    return web.Response(text=request.app[PORTS].incidents.feed(), content_type="application/atom+xml")


def _since(request: web.Request) -> float | None:
    """Return `since` as Unix seconds, 0 where it is not given, None for what is no time with a zone."""
    try:
        since = datetime.fromisoformat(request.query.get("since", "1970-01-01T00:00:00Z"))
    except ValueError:
        return None
    return since.timestamp() if since.tzinfo else None


async def incidents_schema(request: web.Request) -> web.StreamResponse:
    """Serve the JSON Schema of the incidents document."""
    return _json(request.app[PORTS].incidents.schema())


async def verdict(request: web.Request) -> web.StreamResponse:
    """Answer whether a provider fails or we do, with the evidence; `provider` is a label `provider` or `account`."""
    asked = request.query.getall("provider", [])
    if len(asked) != 1:
        return plain("Name one provider: /api/v1/verdict?provider=NAME.", status=400)
    document = verdict_of(request.app[PORTS], asked[0])
    return plain("No provider of this name is probed here.", status=404) if document is None else _json(document)


def verdict_of(ports: Ports, provider: str) -> Mapping[str, Any] | None:
    """Return the verdict about a provider by its label `provider`, or else by `account`."""
    names = (row.provider for row in ports.targets.rows() if provider in {row.provider, row.account})
    name = next(names, None)
    return None if name is None else ports.incidents.verdict(name)


def _limit(request: web.Request) -> int | None:
    """Return the `limit` of the query, or None when it is not a number within bounds."""
    text = request.query.get("limit", str(DEFAULT_RESULTS))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_RESULTS)) else 0
    return limit if 1 <= limit <= MAX_RESULTS else None


def _bad_limit() -> web.Response:
    return plain(f"limit should be a whole number from 1 to {MAX_RESULTS}.", status=400)


async def service_discovery(request: web.Request) -> web.StreamResponse:
    """Offer every configured target to Prometheus' HTTP service discovery, to be probed through `/probe`."""
    address = request.headers.get("Host") or _own_address(request)
    scheme = {"__scheme__": "https"} if request.secure else {}
    return _json(
        [
            {
                "targets": [address],
                "labels": {
                    **scheme,
                    "__metrics_path__": "/probe",
                    "__param_target": row.name,
                    **{f"__meta_aiprobe_{name}": value for name, value in _identity(row).items()},
                },
            }
            for row in request.app[PORTS].targets.rows()
        ]
    )


def _identity(row: TargetRow) -> dict[str, str]:
    return {
        "target": row.name,
        "provider": row.provider,
        "account": row.account,
        "surface": row.surface,
        "model": row.model,
        "provider_region": row.provider_region,
        "probe": row.probe,
        "vantage": row.vantage,
    }


def _own_address(request: web.Request) -> str:
    """The address that an HTTP/1.0 client without a Host header reached us at."""
    name = None if request.transport is None else request.transport.get_extra_info("sockname")
    if not name:
        return ""
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def values(value: Any) -> Any:
    """Convert rows to JSON values; a number that is not finite becomes null."""
    if dataclasses.is_dataclass(value):
        return {field.name: values(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): values(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def json_text(document: object) -> str:
    """Return a document as a line of JSON."""
    return json.dumps(document, allow_nan=False) + "\n"


def _json(document: object) -> web.Response:
    return web.Response(text=json_text(document), content_type="application/json")
