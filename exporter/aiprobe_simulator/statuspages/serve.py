"""Answers the requests for status pages: `/status/{page}/...`, rightly or as the page's faults have it."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from aiohttp import web

from aiprobe_simulator.breaks import BREAKS
from aiprobe_simulator.faults import Value
from aiprobe_simulator.ledger import Ledger, Seen
from aiprobe_simulator.pages import CANNED
from aiprobe_simulator.statuspages import (
    atlassian,
    aws,
    azure,
    betterstack,
    cloudflare,
    datadog,
    google,
    incidentio,
    xai,
)
from aiprobe_simulator.statuspages.catalogue import PageKind, PageSpec, page_named
from aiprobe_simulator.statuspages.changes import BODY_CHANGES, VIEW_CHANGES
from aiprobe_simulator.statuspages.document import Document, html, rfc_822
from aiprobe_simulator.statuspages.faults import PageFault
from aiprobe_simulator.statuspages.pages import PageDecision, StatusPages
from aiprobe_simulator.statuspages.view import PageView

KINDS: Final[Mapping[PageKind, Callable[[PageView, str], Document | None]]] = {
    "statuspage": atlassian.document,
    "incidentio": incidentio.document,
    "google": google.document,
    "betterstack": betterstack.document,
    "aws": aws.document,
    "azure": azure.document,
    "xai": xai.document,
    "datadog": datadog.document,
    "cloudflare": cloudflare.document,
}
"""Every kind of page by its name."""
PREFIX: Final = "/status/"
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key"})


class StatusPageService:
    """The handler of the paths below `/status/`."""

    def __init__(self, *, pages: StatusPages, ledger: Ledger) -> None:
        self._pages = pages
        self._ledger = ledger

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request for a page."""
        name, _, path = request.path.removeprefix(PREFIX).partition("/")
        spec = page_named(name)
        if spec is None:
            return web.json_response({"error": {"message": f"there is no status page {name!r}"}}, status=404)
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=405, headers={"allow": "GET, HEAD"})
        decision = self._pages.decide(spec.name, path)
        self._record(request, spec, decision)
        if decision.delay_seconds:
            await asyncio.sleep(decision.delay_seconds)
        try:
            return await self._reply(request, spec, path, decision)
        except ConnectionError:  # the peer left; aiohttp would log it as a bug
            return web.Response()

    async def _reply(
        self, request: web.Request, spec: PageSpec, path: str, decision: PageDecision
    ) -> web.StreamResponse:
        fault, params = decision.fault, decision.params
        if fault is not None and fault.stage == "break":
            return await BREAKS[fault.name](request, params, streamed=False)
        if fault is not None and fault.name == "redirect_elsewhere" and _is_elsewhere(request, params):
            fault = None
        if fault is not None and fault.stage == "reply":
            return _in_its_place(request, fault.name, params)
        document = KINDS[spec.kind](self._view(spec, decision, fault), path) or html("Not found", status=404)
        headers = {"content-type": document.content_type, **document.headers}
        if document.last_modified is not None:
            headers["last-modified"] = rfc_822(document.last_modified)
        if document.etag:
            headers["etag"] = etag_of(document.body)
        if fault is not None and fault.name == "expired":
            headers["age"] = f"{float(params['age_seconds']):.0f}"
        unchanged = document.etag and _is_known(headers["etag"], request.headers.get("if-none-match", ""))
        if unchanged or (fault is not None and fault.name == "false_304"):
            kept = {name: value for name, value in headers.items() if name != "content-type"}
            return web.Response(status=304, headers=kept)
        if fault is not None and fault.name == "wrong_content_type":
            headers["content-type"] = "application/octet-stream"
        if fault is None or fault.stage != "body":
            return web.Response(status=document.status, body=document.body, headers=headers)
        body = BODY_CHANGES[fault.name](document.body, params, xml=document.body.startswith(b"<"))
        if fault.name == "stall":
            return await _stall(request, body, headers)
        return web.Response(status=document.status, body=body, headers=headers)

    def _view(self, spec: PageSpec, decision: PageDecision, fault: PageFault | None) -> PageView:
        """Return the page as a fault has it: now and changed, or at another time."""
        if fault is None or fault.stage != "view":
            return self._pages.view(spec)
        if fault.name == "stale":
            return self._pages.view(spec, at=decision.since)
        if fault.name == "expired":
            return self._pages.pristine(spec)
        return VIEW_CHANGES[fault.name](self._pages.view(spec), decision.params)

    def _record(self, request: web.Request, spec: PageSpec, decision: PageDecision) -> None:
        self._ledger.record(
            Seen(
                provider=spec.name,
                kind="status",
                model="",
                method=request.method,
                path=request.path,
                request_id="",
                stream=False,
                fault=decision.fault.name if decision.fault else None,
                credentials=any(name.lower() in _CREDENTIALS for name in request.headers),
            )
        )


def etag_of(body: bytes) -> str:
    """Return the weak ETag of a body."""
    return f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def _is_known(etag: str, asked: str) -> bool:
    """Compare weakly, as RFC 9110 section 13.1.2 has it for `If-None-Match`."""
    known = {one.strip().removeprefix("W/") for one in asked.split(",")}
    return "*" in known or etag.removeprefix("W/") in known


def _is_elsewhere(request: web.Request, params: Mapping[str, Value]) -> bool:
    """Return whether a request reached the target of `redirect_elsewhere`, which works."""
    return not params["location"] and request.host.startswith("localhost")


def _in_its_place(request: web.Request, fault: str, params: Mapping[str, Value]) -> web.Response:
    """Return what comes in place of the page."""
    if fault == "redirect_loop":
        return web.Response(status=302, headers={"location": request.path_qs})
    if fault == "redirect_elsewhere":
        sockname = request.transport.get_extra_info("sockname") if request.transport else None
        same = f"{request.scheme}://localhost:{sockname[1] if sockname else 80}{request.path_qs}"
        return web.Response(status=302, headers={"location": str(params["location"]) or same})
    if fault == "forbidden_403":
        return web.json_response({"error": "Forbidden"}, status=403)
    if fault == "rate_limited_429":
        wait = f"{float(params['retry_after_seconds']):g}"
        return web.json_response({"error": "Too many requests"}, status=429, headers={"retry-after": wait})
    plain = {"not_found_404": (404, "Not Found"), "server_error_500": (500, "Something went wrong")}
    if fault in plain:
        status, title = plain[fault]
        page = html(title, status=status)
        return web.Response(status=status, body=page.body, headers={"content-type": page.content_type})
    canned = CANNED[fault]
    headers = {**canned.headers, "content-type": canned.content_type}
    return web.Response(status=canned.status, body=canned.body.encode(), headers=headers)


async def _stall(request: web.Request, body: bytes, headers: Mapping[str, str]) -> web.StreamResponse:
    """Send what there is, and nothing more, for ever."""
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(body)
    await asyncio.Event().wait()
    return response
