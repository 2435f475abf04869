"""xAI: one feed with an item an incident, and a JSON API that is forbidden."""

from xml.sax.saxutils import escape

from aiprobe_simulator.statuspages import feeds
from aiprobe_simulator.statuspages.document import Document, front, html, rfc_822
from aiprobe_simulator.statuspages.view import IncidentView, PageView


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    if path == "":
        return front(view)
    if path.startswith("api/"):
        return html("Forbidden", status=403)
    if path != "feed.xml":
        return None
    return feeds.rss(view, (_entry(view, one) for one in view.incidents))


def _entry(view: PageView, one: IncidentView) -> feeds.Entry:
    resolved = f"<div>Resolved: {rfc_822(one.resolved)}</div>" if one.resolved is not None else ""
    said = "".join(
        f"<div>{feeds.shown(update.status)}: {rfc_822(update.at)}<p>{escape(update.text)}</p></div>"
        for update in reversed(one.updates)
    )
    before = "".join(f"[{part.name}] " for part in view.named(one)[:1])
    return feeds.Entry(
        guid=f"{view.spec.home}/incidents/{one.id}",
        title=f"{before}{one.title}",
        link=f"{view.spec.home}/incidents/{one.id}",
        text=f"<div>Status: {one.status.upper()}</div>{resolved}{said}",
        published=one.created,
        updated=one.updated,
        cdata=True,
    )
