"""The endpoints that scrapers and operators call: metrics, a probe on demand, health, reload, the shown config.

Pages are in `pages.py`, JSON is in `api.py`; what stands before all of them is in `security.py`.
"""

import asyncio
import logging
import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

from aiohttp import web

from aiprobe.core.discovered import the_first
from aiprobe.web.ports import Ports, ProbeAnswer, ResultRow
from aiprobe.web.security import Gate, plain

PORTS: Final = web.AppKey("ports", Ports)
GATE: Final = web.AppKey("gate", Gate)
WRITE_SECONDS: Final = web.AppKey("write_seconds", float)
"""How long a scraper may take to accept one slice of at most 128 KiB."""

_SCRAPE_TIMEOUT: Final = "X-Prometheus-Scrape-Timeout-Seconds"
_ON_ITS_WAY_SECONDS: Final = 0.5
_LOOKS_LIKE_A_URL: Final = re.compile(r"[/\\?#@]|^[\w.-]+:\d+$|^\[|%2f", re.IGNORECASE)
_MOST_NAMES: Final = 50
_QUOTED_CHARACTERS: Final = 100
_log = logging.getLogger(__name__)


def add_routes(app: web.Application) -> None:
    """Register the endpoints of this module."""
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/probe", probe)
    app.router.add_get("/-/healthy", healthy)
    app.router.add_get("/-/ready", ready)
    app.router.add_post("/-/reload", reload)
    app.router.add_get("/config", config)


async def metrics(request: web.Request) -> web.StreamResponse:
    """Stream the exposition, as text or OpenMetrics, compressed when the scraper takes that."""
    port = request.app[PORTS].metrics
    content_type = port.negotiate(request.headers.get("Accept"))
    compressed = accepts_gzip(request.headers.get("Accept-Encoding"))
    headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    response = web.StreamResponse(headers=headers)
    if request.method == "HEAD":
        return response
    async with aclosing(_as_generator(port.stream(content_type, gzip=compressed))) as slices:
        # The first slice is made before the headers go out: a bug there is still a clean 500.
        piece = await anext(slices, b"")
        await response.prepare(request)
        await _send(request, response, first=piece, rest=slices)
    return response


async def _as_generator(slices: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Give any iterator the `aclose` that lets its source know when the scraper has gone."""
    try:
        async for piece in slices:
            yield piece
    finally:
        close = getattr(slices, "aclose", None)
        if close is not None:
            await close()


async def _send(
    request: web.Request, response: web.StreamResponse, *, first: bytes, rest: AsyncIterator[bytes]
) -> None:
    """Write the slices; on any trouble cut the connection, so that half a scrape is never taken for a whole one."""
    limit = request.app[WRITE_SECONDS]
    try:
        async with asyncio.timeout(limit):
            await response.write(first)
        async for piece in rest:
            async with asyncio.timeout(limit):
                await response.write(piece)
        async with asyncio.timeout(limit):
            await response.write_eof()
    except ConnectionError:
        return  # the scraper went away
    except TimeoutError:
        _log.warning("scrape given up: the scraper takes nothing remote=%s", request.remote)
        _abort(request)
    except Exception:  # noqa: BLE001 - without this the scraper could wait for the end of a reply that never comes
        _log.exception("scrape cut short remote=%s", request.remote)
        _abort(request)


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Return whether an `Accept-Encoding` header allows gzip (RFC 9110, section 12.5.3)."""
    chosen: dict[str, bool] = {}
    for part in (accept_encoding or "").lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((value[2:] for value in parameters if value.startswith("q=")), "1")
        try:
            chosen[coding] = float(quality) > 0
        except ValueError:
            chosen[coding] = False
    return chosen.get("gzip", chosen.get("*", False))


async def probe(request: web.Request) -> web.StreamResponse:
    """Probe one configured target by name and answer with its series."""
    ports = request.app[PORTS]
    asked = request.query.getall("target", [])
    if len(asked) != 1 or not asked[0]:
        return plain("Name one target: /probe?target=NAME, once, with the name of a configured target.", status=400)
    refusal = _unknown(asked[0], [row.name for row in ports.targets.rows()])
    if refusal is not None:
        return refusal
    answer = await ports.on_demand.probe(asked[0], within_seconds=_scrape_seconds(request))
    content_type = ports.metrics.negotiate(request.headers.get("Accept"))
    series = ports.metrics.target(asked[0], content_type)
    if answer.result is None or series is None:
        return plain(f"Not probed: {answer.skipped or 'no result yet'}.", status=503)
    if request.query.get("debug", "").lower() in {"true", "1"}:
        return web.Response(text=_debug_text(answer, answer.result, series), content_type="text/plain")
    return web.Response(body=series, headers={"Content-Type": content_type, "Vary": "Accept"})


def _scrape_seconds(request: web.Request) -> float | None:
    """Return the scraper's timeout minus a margin for sending the reply; None without a usable header."""
    try:
        seconds = float(request.headers.get(_SCRAPE_TIMEOUT, ""))
    except ValueError:
        return None
    return max(0.0, seconds - _ON_ITS_WAY_SECONDS) if math.isfinite(seconds) and seconds > 0 else None


def _unknown(asked: str, names: Sequence[str]) -> web.Response | None:
    if asked in names:
        return None
    if _LOOKS_LIKE_A_URL.search(asked):
        return plain(
            "target is the name of a configured target, never a URL; no URL from a request is fetched.", status=400
        )
    known = the_first(sorted(names), most=_MOST_NAMES) or "none"
    quoted = ascii(asked[:_QUOTED_CHARACTERS])
    return plain(f"There is no target {quoted}. Configured are: {known}.", status=404)


def _debug_text(answer: ProbeAnswer, result: ResultRow, series: bytes) -> str:
    fields = {
        "target": result.target,
        "outcome": result.outcome,
        "verdict": result.verdict,
        "detail": result.detail,
        "shared": "yes, with an earlier call in this interval" if answer.shared else "",
        "skipped": answer.skipped,
        "http status": result.http_status,
        "request id": result.request_id,
        "error type": result.error_type,
        "time to first token": _seconds(result.time_to_first_token_seconds),
        "duration": _seconds(result.duration_seconds),
        **{f"phase {name}": _seconds(seconds) for name, seconds in result.phases.items()},
        "input tokens": result.input_tokens,
        "output tokens": result.output_tokens,
        "cost": None if result.cost_usd is None else f"{result.cost_usd:.6f} USD",
        "response model": result.response_model,
        **answer.debug,
    }
    shown = {name: " ".join(str(value).split()) for name, value in fields.items() if value not in {None, ""}}
    width = max(map(len, shown))
    lines = [f"{name:<{width}}  {value}" for name, value in shown.items()]
    return "\n".join((*lines, "", series.decode(errors="replace")))


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f} s"


async def healthy(request: web.Request) -> web.StreamResponse:  # noqa: ARG001 - aiohttp's signature
    """Answer 200: the process serves requests."""
    return plain("aiprobe is healthy.")


async def ready(request: web.Request) -> web.StreamResponse:
    """Answer 200 once scrapes make sense, else 503 and why not."""
    reason = request.app[PORTS].control.ready()
    return plain("aiprobe is ready.") if reason is None else plain(f"aiprobe is not ready: {reason}", status=503)


async def reload(request: web.Request) -> web.StreamResponse:
    """Read the configuration again."""
    refusal = request.app[GATE].may_change(request)
    if refusal is not None:
        return refusal
    problems = await request.app[PORTS].control.reload()
    if problems is None:
        return plain("The configuration was reloaded.")
    return plain(f"The configuration was not reloaded; the running one stays.\n{problems}", status=500)


async def config(request: web.Request) -> web.StreamResponse:
    """Show the running configuration; the port masks secrets."""
    return web.Response(text=request.app[PORTS].control.shown_config(), content_type="text/plain")
