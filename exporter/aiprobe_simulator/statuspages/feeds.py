"""RSS and Atom as text. The content of entries belongs to the file of each kind of page."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from aiprobe_simulator.statuspages.document import ATOM, RSS, Document, iso, person, rfc_822
from aiprobe_simulator.statuspages.view import IncidentView, PageView

_SHOWN_AS = {"in_progress": "In progress"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed; `text` is HTML."""

    guid: str
    title: str
    link: str
    text: str
    published: float
    updated: float
    categories: tuple[str, ...] = ()
    cdata: bool = False


def rss(view: PageView, entries: Iterable[Entry], *, link: str = "") -> Document:
    """Return an RSS 2.0 feed."""
    title = f"{view.spec.title} Status - Incident History"
    head = f"<title>{escape(title)}</title><link>{escape(link or view.spec.home)}</link>"
    items = "".join(map(_item, entries))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
        f"{head}<description>{escape(view.spec.title)}</description>"
        f"<pubDate>{rfc_822(view.updated)}</pubDate>{items}</channel></rss>"
    )
    return Document(body=text.encode(), content_type=RSS)


def atom(view: PageView, entries: Iterable[Entry], *, etag: bool = False) -> Document:
    """Return an Atom feed (RFC 4287)."""
    home = view.spec.home
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">'
        f'<id>{tag(view)}:/history</id><link rel="alternate" type="text/html" href={quoteattr(home)}/>'
        f"<title>{escape(view.spec.title)} Status - Incident History</title>"
        f"<updated>{iso(view.updated)}</updated><author><name>{escape(view.spec.title)}</name></author>"
        f"{''.join(map(_atom_entry, entries))}</feed>"
    )
    return Document(body=text.encode(), content_type=ATOM, etag=etag)


def tag(view: PageView) -> str:
    """Return the beginning of a tag URI (RFC 4151) of the page."""
    return f"tag:{view.spec.home.partition('://')[2]},2005"


def shown(status: str) -> str:
    """Return a status as feeds write it: `In progress`."""
    return _SHOWN_AS.get(status, status.capitalize())


def told(incident: IncidentView) -> str:
    """Return every update of an incident as HTML, newest first, in the manner of Statuspage."""
    blocks = (
        f"<p><small>{person(one.at)}</small><br><strong>{shown(one.status)}</strong> - {escape(one.text)}</p>"
        for one in reversed(incident.updates)
    )
    return "".join(blocks)


def _item(entry: Entry) -> str:
    text = f"<![CDATA[{entry.text.replace(']]>', ']] >')}]]>" if entry.cdata else escape(entry.text)
    named = "".join(f"<category>{escape(one)}</category>" for one in entry.categories)
    return (
        f"<item><title>{escape(entry.title)}</title><description>{text}</description>"
        f"<pubDate>{rfc_822(entry.published)}</pubDate><link>{escape(entry.link)}</link>"
        f'<guid isPermaLink="false">{escape(entry.guid)}</guid>{named}</item>'
    )


def _atom_entry(entry: Entry) -> str:
    return (
        f"<entry><id>{escape(entry.guid)}</id><published>{iso(entry.published)}</published>"
        f"<updated>{iso(entry.updated)}</updated>"
        f'<link rel="alternate" type="text/html" href={quoteattr(entry.link)}/>'
        f"<title>{escape(entry.title)}</title>"
        f'<content type="html">{escape(entry.text)}</content></entry>'
    )
