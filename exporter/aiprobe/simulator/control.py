"""The simulator's HTTP control: what is in force, what to do next, and what was seen.

`GET /control`, `POST /control` (JSON adds a behaviour), `DELETE /control[?id=]`, `POST /control/clear`,
`GET /control/requests`. Only peers on this machine are answered, whatever the simulator listens on, and changes are
taken as JSON only, so that no web page can make them through a browser.
"""

import json
import math
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Final

from aiohttp import web

from aiprobe.simulator.faults import FAULTS, Fault
from aiprobe.simulator.ledger import Ledger
from aiprobe.simulator.world import InForce, World, behaviour

MOST_BYTES: Final = 65_536


class Control:
    """The handlers under `/control`."""

    def __init__(self, *, world: World, ledger: Ledger, urls: Callable[[], Mapping[str, str | None]]) -> None:
        self._world = world
        self._ledger = ledger
        self._urls = urls

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, to be added ahead of the simulator's own."""
        return [
            web.get("/control", _local(self.show), allow_head=False),
            web.post("/control", _local(self.add)),
            web.delete("/control", _local(self.delete)),
            web.post("/control/clear", _local(self.clear)),
            web.get("/control/requests", _local(self.requests), allow_head=False),
        ]

    async def show(self, _: web.Request) -> web.Response:
        """Tell what is in force, where else the simulator listens, and every fault that there is."""
        in_force = [_plain(entry) for entry in self._world.in_force()]
        faults = {name: _described(fault) for name, fault in FAULTS.items()}
        return web.json_response({"in_force": in_force, "urls": dict(self._urls()), "faults": faults})

    async def add(self, request: web.Request) -> web.Response:
        """Put a behaviour in force."""
        try:
            fields, seconds = _command(await _bounded_body(request))
            number = self._world.add(behaviour(fields), seconds=seconds)
        except (ValueError, RecursionError) as problem:
            return web.json_response({"errors": str(problem).splitlines()}, status=400)
        return web.json_response({"id": number}, status=201)

    async def delete(self, request: web.Request) -> web.Response:
        """Take one behaviour out of force, or all that were set by hand."""
        asked = request.query.get("id")
        if asked is None:
            self._world.clear()
            return web.Response(status=204)
        found = asked.isdecimal() and len(asked) < 20 and self._world.remove(int(asked))
        return (
            web.Response(status=204) if found else web.json_response({"errors": [f"no behaviour {asked}"]}, status=404)
        )

    async def clear(self, _: web.Request) -> web.Response:
        """Take all behaviours out of force that were set by hand."""
        self._world.clear()
        return web.Response(status=204)

    async def requests(self, _: web.Request) -> web.Response:
        """Tell how many requests and connections came."""
        ledger = self._ledger
        return web.json_response({"total": ledger.total, "connections": ledger.connections, "requests": ledger.rows()})


def is_local(remote: str | None) -> bool:
    """Tell whether a peer's address is one of this machine's loopback addresses."""
    try:
        address = ip_address((remote or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _local(handler: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
    async def guarded(request: web.Request) -> web.StreamResponse:
        if not is_local(request.remote):
            return web.json_response({"errors": ["control answers on the loopback interface only"]}, status=403)
        if request.method == "POST" and request.content_type != "application/json":
            return web.json_response({"errors": ["content-type: must be application/json"]}, status=415)
        response: web.StreamResponse = await handler(request)
        return response

    return guarded


def _command(body: bytes) -> tuple[dict[str, Any], float | None]:
    """Return the fields of a behaviour, and for how many seconds it holds. Raises `ValueError`."""
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - wrong input, not a wrong argument
    seconds = fields.pop("seconds", None)
    if seconds is not None and not (_is_number(seconds) and 0 < seconds <= 1e9):
        raise ValueError("seconds: must be a number above 0")
    return fields, seconds


async def _bounded_body(request: web.Request) -> bytes:
    body = await request.content.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise ValueError(f"the body is larger than {MOST_BYTES} bytes")
    return body


def _plain(entry: InForce) -> dict[str, Any]:
    what = entry.behaviour
    return {
        "id": entry.id,
        "provider": what.provider,
        "model": what.model,
        "kind": what.kind,
        "fault": what.fault,
        "share": what.share,
        "count": what.count,
        "params": dict(what.params),
        "seen": entry.seen,
        "struck": entry.struck,
        "scenario": entry.id < 0,
    }


def _described(fault: Fault) -> dict[str, Any]:
    return {
        "about": fault.about,
        "outcome": fault.outcome,
        "whole": fault.whole,
        "outcomes": dict(fault.outcomes),
        "kinds": sorted(fault.kinds),
        "params": dict(fault.params),
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
