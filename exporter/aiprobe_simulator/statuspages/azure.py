"""Azure: a feed that lists an incident as long as it is open, and is empty when all is well."""

from typing import Final

from aiprobe_simulator.statuspages import feeds
from aiprobe_simulator.statuspages.document import Document, front, html, iso
from aiprobe_simulator.statuspages.view import IncidentView, PageView

FEED: Final = "en-us/status/feed"


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    if path in {"", "en-us/status"}:
        return front(view)
    if path.rstrip("/") != FEED:
        return html("Not found", status=404)
    return feeds.rss(view, (_entry(view, one) for one in view.open_incidents), link=f"{view.spec.home}/en-us/status/")


def _entry(view: PageView, one: IncidentView) -> feeds.Entry:
    """Return an item without a severity."""
    parts = tuple(part.name for part in view.named(one))
    places = ", ".join(one.locations)
    return feeds.Entry(
        guid=one.id,
        title=" - ".join(text for text in (", ".join(parts), places, one.title) if text),
        link=f"{view.spec.home}/en-us/status/",
        text=f"<p>Impact statement: starting at {iso(one.started, timespec='minutes')}.</p>{feeds.told(one)}",
        published=one.created,
        updated=one.updated,
        categories=(*parts, *one.locations),
    )
