"""Maintenance that a person or a script begins and ends by a request; a restart goes on with it."""

from typing import Any, Final

from aiohttp import web

from aiprobe.core.maintenance import LONGEST_SECONDS, Window
from aiprobe.web.routes import GATE, PORTS
from aiprobe.web.security import plain

_MOST_MINUTES: Final = int(LONGEST_SECONDS / 60)
_HOW: Final = (
    "Begin one with target=NAME or provider=NAME, each as often as needed, or all=true, and"
    f" minutes=1 to {_MOST_MINUTES}; end one with end=ID."
)


def add_routes(app: web.Application) -> None:
    """Register the endpoints of this module."""
    app.router.add_get("/api/v1/maintenance", listed)
    app.router.add_post("/api/v1/maintenance", change)


async def listed(request: web.Request) -> web.StreamResponse:
    """List what requests began and what has not ended."""
    return web.json_response({"maintenance": [_row(one) for one in request.app[PORTS].maintenance.posted()]})


async def change(request: web.Request) -> web.StreamResponse:
    """Begin a maintenance of targets, of providers or of everything, or end one."""
    ports = request.app[PORTS]
    refusal = request.app[GATE].may_change(request)
    if refusal is not None:
        return refusal
    if (reason := ports.control.ready()) is not None:
        return plain(f"aiprobe is not ready: {reason}", status=503)
    if set(request.query) == {"end"}:
        if not ports.maintenance.end(request.query["end"]):
            return plain("No maintenance has this id; a GET of this path lists them.", status=404)
        return web.json_response({"kept": await ports.control.save()})
    minutes = _minutes(request)
    if minutes is None:
        return plain(_HOW, status=400)
    targets, providers = (frozenset(request.query.getall(key, ())) for key in ("target", "provider"))
    if unknown := _not_probed(request, targets, providers):
        return plain(f"Not probed here: {unknown}. A GET of /api/v1/targets lists what is.", status=404)
    begun = ports.maintenance.begin(targets, providers, seconds=60.0 * minutes)
    if begun is None:
        return plain("Too many maintenances are under way; end one first.", status=409)
    return web.json_response({**_row(begun), "kept": await ports.control.save()})


def _minutes(request: web.Request) -> int | None:
    """Return how long it is asked for, or None where the query cannot be understood."""
    query, names = request.query, set(request.query) - {"minutes"}
    texts = query.getall("minutes", [])
    understood = names <= {"target", "provider"} if names != {"all"} else query.getall("all") == ["true"]
    if not names or not understood or len(texts) != 1 or not (texts[0].isascii() and texts[0].isdigit()):
        return None
    return int(texts[0]) if len(texts[0]) < 6 and 1 <= int(texts[0]) <= _MOST_MINUTES else None


def _not_probed(request: web.Request, targets: frozenset[str], providers: frozenset[str]) -> str:
    """Return the first names of the query that are of no target and of no provider, printable and short."""
    rows = request.app[PORTS].targets.rows()
    accounts = {name for row in rows for name in (row.provider, row.account)}
    unknown = sorted((targets - {row.name for row in rows}) | (providers - accounts))
    return ", ".join("".join(filter(str.isprintable, name))[:80] or "?" for name in unknown[:3])


def _row(window: Window) -> dict[str, Any]:
    return {
        "id": window.id,
        "start_timestamp_seconds": window.start,
        "end_timestamp_seconds": window.end,
        "targets": sorted(window.targets),
        "providers": sorted(window.providers),
    }
