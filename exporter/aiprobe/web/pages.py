"""The pages that people read: every target at a glance, one target's last results, and the two static files.

Numbers are put into words here; markup is in `templates/`. Rendering gives the event loop back between slices,
so that a page of a thousand targets does not disturb a clock that is timing somebody's first token.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, Final

from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.core.kind import PHASES, WIRE_PHASES
from aiprobe.core.rows import PageRow
from aiprobe.web import wording
from aiprobe.web.api import NOT_PROBED, STATE_WORDS, UNKNOWN, state_word
from aiprobe.web.ports import ResultRow, TargetRow, Targets
from aiprobe.web.routes import PORTS
from aiprobe.web.templating import Templates, rendered

RESULTS_SHOWN: Final = 50
STRIP_LENGTH: Final = 30
STRIPS_UP_TO: Final = 200
"""With more targets than this the landing page leaves the strips of past results out."""
_WORST_FIRST: Final = (*reversed(STATE_WORDS[1:]), NOT_PROBED, STATE_WORDS[0])
_STATIC: Final = {"style.css": "text/css", "icon.svg": "image/svg+xml"}
_BAR_WIDTH: Final = 1000

TEMPLATES: Final = web.AppKey("templates", Templates)
CLOCK: Final = web.AppKey("clock", Clock)
STATIC: Final = web.AppKey("static", Mapping[str, bytes])


def add_routes(app: web.Application, *, clock: Clock) -> None:
    """Register the pages and read what they are made of."""
    folder = resources.files("aiprobe.web") / "static"
    app[STATIC] = {name: (folder / name).read_bytes() for name in _STATIC}
    app[CLOCK] = clock
    app[TEMPLATES] = Templates(app[STATIC], phases=WIRE_PHASES, strip_length=STRIP_LENGTH)
    app.router.add_get("/", landing)
    app.router.add_get(r"/targets/{target:[^/]+}", target_page)
    app.router.add_get("/static/{name}", static)


async def landing(request: web.Request) -> web.StreamResponse:
    """Show every target, the worst first."""
    ports = request.app[PORTS]
    rows = sorted(ports.targets.rows(), key=lambda row: (_WORST_FIRST.index(state_word(row)), row.name))
    counts = Counter(map(state_word, rows))
    with_strips = len(rows) <= STRIPS_UP_TO
    return await _page(
        request,
        "landing.html",
        root="",
        summary=ports.control.summary(),
        rows=[_view(row, ports.targets if with_strips else None) for row in rows],
        headline=wording.headline(counts),
        counts=[(word, counts[word]) for word in _WORST_FIRST if counts[word]],
        pages=[_page_view(page) for page in ports.pages.rows()],
        incidents=ports.incidents.rows(),
        failing=sum(counts[word] for word in STATE_WORDS[2:]),
        refresh_seconds=30,
    )


async def target_page(request: web.Request) -> web.StreamResponse:
    """Show the last results of one target."""
    ports = request.app[PORTS]
    name = request.match_info["target"]
    row = next((row for row in ports.targets.rows() if row.name == name), None)
    if row is None:
        return await _page(request, "unknown.html", status=404, root="../", summary=ports.control.summary(), name=name)
    results = ports.targets.results(name, RESULTS_SHOWN)
    return await _page(
        request,
        "target.html",
        root="../",
        summary=ports.control.summary(),
        target=_view(row, ports.targets),
        results=[(result, bar(result, longest=_longest(results))) for result in results],
        longest=_longest(results),
    )


async def static(request: web.Request) -> web.StreamResponse:
    """Serve one of the two static files; the pages name them with a hash of their content."""
    name = request.match_info["name"]
    if name not in _STATIC:
        raise web.HTTPNotFound
    return web.Response(
        body=request.app[STATIC][name],
        content_type=_STATIC[name],
        headers={"Cache-Control": "public, max-age=86400"},
    )


def _view(row: TargetRow, shown: Targets | None) -> dict[str, Any]:
    if shown is None:
        return {"row": row, "state": state_word(row), "recent": [], "recent_summary": ""}
    recent = list(reversed(shown.results(row.name, STRIP_LENGTH)))
    counts = Counter(result.verdict for result in recent)
    summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("good", "bad", "excluded") if counts[verdict])
    return {
        "row": row,
        "state": state_word(row),
        "recent": recent,
        "recent_summary": f"last {len(recent)} probes: {summary}",
    }


def _page_view(page: PageRow) -> dict[str, Any]:
    """Leave out what is quiet and not ours: a page may list dozens of components that nobody here probes."""
    shown = [one for one in page.components if not one.declared_only or one.state != 0 or one.maintenance]
    return {
        "row": page,
        "components": [(UNKNOWN if one.state is None else STATE_WORDS[one.state], one) for one in shown],
        "quiet": len(page.components) - len(shown),
    }


def bar(result: ResultRow, *, longest: float) -> list[tuple[str, float, float, float]]:
    """Lay the phases of a result out as (phase, seconds, x, width), the longest result being 1000 wide."""
    segments = []
    x = 0.0
    for phase in PHASES:
        seconds = result.phases.get(phase)
        if seconds is None or seconds <= 0 or longest <= 0:
            continue
        width = min(seconds / longest * _BAR_WIDTH, _BAR_WIDTH - x)
        segments.append((phase, seconds, round(x, 1), round(width, 1)))
        x += width
    return segments


def _longest(results: Sequence[ResultRow]) -> float:
    return max((max(result.duration_seconds, sum(result.phases.values())) for result in results), default=0.0)


async def _page(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    now = request.app[CLOCK].wall()
    made = await request.app[TEMPLATES].get(template)
    text = await rendered(made, **context, now=now, ago=lambda timestamp: wording.ago(now - timestamp))
    return web.Response(text=text, status=status, content_type="text/html")
