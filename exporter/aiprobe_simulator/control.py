"""The simulator's HTTP control: what is in force, what to do next, and what was seen.

`GET /control`, `POST /control` (JSON adds a behaviour, or with `page` what a status page declares or how it
misbehaves), `POST /control/{id}` (JSON adds an update to what was declared), `DELETE /control[?id=]`,
`POST /control/clear`, `GET /control/requests`. Only peers on this machine are answered, whatever the simulator listens
on, and changes are taken as JSON only, so that no web page can make them through a browser.
"""

import json
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, Final

from aiohttp import web

from aiprobe_simulator.faults import FAULTS, Fault
from aiprobe_simulator.fields import is_number
from aiprobe_simulator.ledger import Ledger
from aiprobe_simulator.statuspages import PAGE_FAULTS, PAGES, Declaration, declaration, page_behaviour
from aiprobe_simulator.statuspages.pages import PageFaultInForce, StatusPages
from aiprobe_simulator.world import InForce, World, behaviour

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
            web.post("/control/{id:[0-9]{1,18}}", _local(self.update)),
            web.get("/control/requests", _local(self.requests), allow_head=False),
        ]

    async def show(self, _: web.Request) -> web.Response:
        """Return the active faults, the other addresses of the simulator, and every fault."""
        in_force = [_plain(entry) for entry in self._world.in_force()]
        faults = {name: _described(fault) for name, fault in FAULTS.items()}
        return web.json_response(
            {
                "in_force": in_force,
                "urls": dict(self._urls()),
                "faults": faults,
                "status_pages": _pages(self._world.pages),
            }
        )

    async def add(self, request: web.Request) -> web.Response:
        """Put a behaviour in force, of a service or of a status page, or have a status page declare something."""
        pages = self._world.pages
        try:
            fields, seconds = _command(await _bounded_body(request))
            if "page" not in fields:
                number = self._world.add(behaviour(fields), seconds=seconds)
            elif "fault" in fields:
                number = pages.spoil(page_behaviour(fields), seconds=seconds)
            else:
                number = pages.declare(declaration(fields, lasts_seconds=seconds))
        except (ValueError, RecursionError) as problem:
            return web.json_response({"errors": str(problem).splitlines()}, status=400)
        return web.json_response({"id": number}, status=201)

    async def update(self, request: web.Request) -> web.Response:
        """Add an update to what was declared by hand."""
        asked = request.match_info["id"]
        try:
            fields, _ = _command(await _bounded_body(request))
            found = self._world.pages.update(int(asked), fields)
        except (ValueError, RecursionError) as problem:
            return web.json_response({"errors": str(problem).splitlines()}, status=400)
        if not found:
            return web.json_response({"errors": [f"nothing was declared as {asked}"]}, status=404)
        return web.Response(status=204)

    async def delete(self, request: web.Request) -> web.Response:
        """Take back one thing that was set by hand, or all of them."""
        asked = request.query.get("id")
        if asked is None:
            self._world.clear()
            return web.Response(status=204)
        found = asked.isdecimal() and len(asked) < 20 and self._world.remove(int(asked))
        return (
            web.Response(status=204) if found else web.json_response({"errors": [f"no behaviour {asked}"]}, status=404)
        )

    async def clear(self, _: web.Request) -> web.Response:
        """Take back all that was set by hand."""
        self._world.clear()
        return web.Response(status=204)

    async def requests(self, _: web.Request) -> web.Response:
        """Return the number of requests and connections."""
        ledger = self._ledger
        return web.json_response({"total": ledger.total, "connections": ledger.connections, "requests": ledger.rows()})


def is_local(remote: str | None) -> bool:
    """Return whether a peer's address is one of this machine's loopback addresses."""
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
    if seconds is not None and not (is_number(seconds) and 0 < seconds <= 1e9):
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


def _pages(pages: StatusPages) -> dict[str, Any]:
    """Return the present state of the pages, what was declared over HTTP, and their faults."""
    return {
        "pages": {name: _said(pages, name) for name in PAGES},
        "declared": [
            {"id": number, "page": told.declaration.page, "title": told.declaration.title, **_states(told.declaration)}
            for number, told in pages.by_hand().items()
        ],
        "in_force": [_plain_page_fault(entry) for entry in pages.faults()],
        "faults": {name: {"about": fault.about, "params": dict(fault.params)} for name, fault in PAGE_FAULTS.items()},
    }


def _states(what: Declaration) -> dict[str, Any]:
    return {"subject": what.subject, "components": list(what.components), "state": what.state}


def _said(pages: StatusPages, name: str) -> dict[str, Any]:
    view = pages.view(PAGES[name])
    return {
        "kind": view.spec.kind,
        "components": {one.name: one.state for one in view.components},
        "incidents": {one.title: one.status for one in view.open_incidents},
        "maintenances": {one.title: one.status for one in view.open_maintenances},
    }


def _plain_page_fault(entry: PageFaultInForce) -> dict[str, Any]:
    what = entry.behaviour
    return {
        "id": entry.id,
        "page": what.page,
        "path": what.path,
        "fault": what.fault,
        "share": what.share,
        "count": what.count,
        "params": dict(what.params),
        "seen": entry.seen,
        "struck": entry.struck,
        "scenario": entry.id < 0,
    }
