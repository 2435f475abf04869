"""The public status page: the state of each surface, 90 days and the incidents, for readers who do not sign in.

It has a listener of its own, which serves nothing else, and shows no targets, keys or costs. Each document is made at
most every 15 seconds, so that readers cost the probes nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import resources
from itertools import groupby
from typing import Any, Final

from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.core.rows import DayRow
from aiprobe.web.api import FEED, PARTS, STATE_WORDS, UNKNOWN, json_text
from aiprobe.web.ports import Ports
from aiprobe.web.routes import PORTS
from aiprobe.web.security import plain
from aiprobe.web.templating import Templates, rendered
from aiprobe.web.wording import day_text

PAGE: Final = "/status"
KEPT_SECONDS: Final = 15.0
GOOD_RATIO: Final = 0.995
POOR_RATIO: Final = 0.95
"""A day is green from the first ratio of good probes on, and red below the second."""
_HOURS: Final = 12
"""A day with probes in fewer of its hours is never green; of today, half of the hours so far."""
_DAY_SECONDS: Final = 86400


class PublicPage:
    """Makes the documents of the public listener, and keeps each for a while."""

    def __init__(self, ports: Ports, *, clock: Clock) -> None:
        folder = resources.files("aiprobe.web") / "static"
        self.style = (folder / "style.css").read_bytes()
        self._ports = ports
        self._clock = clock
        self._templates = Templates({"style.css": self.style})
        self._kept: dict[str, tuple[float, str]] = {}
        """By name of the document: when it was made, and its text."""
        self._making = asyncio.Lock()

    async def kept(self, name: str, make: Callable[[], Awaitable[str]]) -> str:
        """Return a document, made now if the last one is too old."""
        async with self._making:
            made_at, text = self._kept.get(name, (float("-inf"), ""))
            if self._clock.monotonic() - made_at >= KEPT_SECONDS:
                text = await make()
                self._kept[name] = self._clock.monotonic(), text
            return text

    async def html(self) -> str:
        """Return the page."""
        now = self._clock.wall()
        days = await self._ports.uptime.days()
        names = {row.provider: row.provider_display_name or row.provider for row in self._ports.targets.rows()}
        surfaces = [
            surface_view(*surface, state, [(day, of.get(surface)) for day, of in days.items()], now)
            for surface, state in self._ports.incidents.surfaces().items()
        ]
        return await rendered(
            await self._templates.get("public.html"),
            headline=headline(Counter(one["state"] for one in surfaces)),
            providers=[
                (names.get(key, key), list(of)) for key, of in groupby(surfaces, key=lambda one: one["provider"])
            ],
            incidents=self._ports.incidents.rows(),
            good_percent=f"{GOOD_RATIO:.1%}",
            poor_percent=f"{POOR_RATIO:.0%}",
            now=now,
        )


_PUBLIC: Final = web.AppKey("public", PublicPage)


def add_routes(app: web.Application, ports: Ports, *, clock: Clock) -> None:
    """Register everything that the public listener serves."""
    app[PORTS] = ports
    app[_PUBLIC] = PublicPage(ports, clock=clock)
    app.router.add_get(PAGE, page)
    app.router.add_get(f"{PAGE}/style.css", style)
    app.router.add_get(FEED, feed)
    app.router.add_get(f"{PAGE}/api/v2/{{part}}.json", statuspage)


def surface_view(
    provider: str, surface: str, state: int | None, days: Sequence[tuple[int, DayRow | None]], now: float
) -> dict[str, Any]:
    """Return what the page shows of a surface."""
    measured = [row for _, row in days if row is not None and row.good_ratio is not None]
    good, total = sum(row.good for row in measured), sum(row.good + row.bad for row in measured)
    on = "1 measured day" if len(measured) == 1 else f"{len(measured)} measured days"
    bars = [(colour(row, day, now), day_text(day * _DAY_SECONDS, row)) for day, row in days]
    return {
        "provider": provider,
        "name": surface or provider,
        "state": UNKNOWN if state is None else STATE_WORDS[state],
        "bars": bars,
        "summary": f"{good / total:.2%} of probes succeeded, on {on}" if total else "not measured",
        "troubled": [text for shown, text in reversed(bars) if shown in {"some", "poor"}],
    }


def colour(row: DayRow | None, day: int, now: float) -> str:
    """Return `none` or `part` (grey), `good`, `some` or `poor` for a day (since 1970, UTC)."""
    ratio = None if row is None else row.good_ratio
    if row is None or ratio is None:
        return "none"
    if ratio < GOOD_RATIO:
        return "some" if ratio >= POOR_RATIO else "poor"
    hours_so_far = min(2 * _HOURS, (now - day * _DAY_SECONDS) / 3600)
    return "good" if row.hours >= hours_so_far / 2 else "part"


def headline(states: Mapping[str, int]) -> str:
    """Return the state of all surfaces in one sentence."""
    total = sum(states.values())
    failing = states.get("major_outage", 0) + states.get("partial_outage", 0)
    if failing:
        return f"{failing} of {total} services {'is' if failing == 1 else 'are'} failing"
    if total and states.get("operational", 0) == total:
        return f"All {total} services are operational" if total > 1 else "The service is operational"
    unknown = states.get(UNKNOWN, 0)
    if unknown == total:
        return "Nothing is measured now"
    rest = ((states.get("degraded", 0), "degraded"), (unknown, "not measured"))
    return f"No service is failing: {', '.join(f'{count} of {total} {word}' for count, word in rest if count)}"


async def page(request: web.Request) -> web.StreamResponse:
    """Show the page."""
    public = request.app[_PUBLIC]
    return web.Response(text=await public.kept(PAGE, public.html), content_type="text/html")


async def style(request: web.Request) -> web.StreamResponse:
    """Serve the style of the page, which names it with a hash of its content."""
    headers = {"Cache-Control": "public, max-age=86400"}
    return web.Response(body=request.app[_PUBLIC].style, content_type="text/css", headers=headers)


async def feed(request: web.Request) -> web.StreamResponse:
    """Serve the incidents as an Atom feed."""

    async def make() -> str:
        return request.app[PORTS].incidents.feed()

    return web.Response(text=await request.app[_PUBLIC].kept(FEED, make), content_type="application/atom+xml")


async def statuspage(request: web.Request) -> web.StreamResponse:
    """Serve a document of the Atlassian form."""
    part = request.match_info["part"]

    async def make() -> str:
        return json_text(request.app[PORTS].incidents.statuspage(part))

    if part not in PARTS:
        return plain("There is no such document; summary.json has all of them in one.", status=404)
    return web.Response(text=await request.app[_PUBLIC].kept(part, make), content_type="application/json")
