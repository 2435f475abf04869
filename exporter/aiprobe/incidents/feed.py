"""The observed incidents as an Atom feed (RFC 4287), with the updates that the Statuspage form has."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final
from xml.etree import ElementTree as ET

PATH: Final = "history.atom"
"""The name that an Atlassian Statuspage gives its feed."""
ENTRIES: Final = 50
_ATOM: Final = "http://www.w3.org/2005/Atom"


def atom(incidents: Sequence[Mapping[str, Any]], *, name: str, now: str) -> str:
    """Return the feed of incidents in the form of a Statuspage, the latest first. `now` is RFC 3339.

    An entry keeps its id; its `updated` changes when it ends and when it is restated, and not with each probe.
    """
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    _add(feed, "id", f"urn:{name}:observed-incidents")
    _add(feed, "title", f"{name}: observed incidents")
    _add(feed, "updated", max((one["incident_updates"][0]["created_at"] for one in incidents), default=now))
    _add(_add(feed, "author"), "name", name)
    _add(feed, "link", rel="self", href=PATH)
    for one in incidents[:ENTRIES]:
        updates = one["incident_updates"]
        entry = _add(feed, "entry")
        _add(entry, "id", f"urn:{name}:incident:{one['id']}")
        _add(entry, "title", one["name"])
        _add(entry, "published", one["created_at"])
        _add(entry, "updated", updates[0]["created_at"])
        _add(entry, "category", term=one["impact"])
        _add(entry, "content", "".join(map(_paragraph, updates)), type="html")
    return ET.tostring(feed, encoding="unicode")


def _paragraph(update: Mapping[str, Any]) -> str:
    """Return an update as HTML, as the feed of a Statuspage has it."""
    status = f"<strong>{update['status'].capitalize()}</strong>"
    return f"<p><small>{update['created_at']}</small><br>{status} - {escape(update['body'])}</p>"


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{tag}", attributes)
    child.text = text and "".join(filter(str.isprintable, text))
    return child
