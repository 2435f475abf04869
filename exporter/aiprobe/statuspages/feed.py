"""RSS and Atom feeds of status pages, through feedparser: incidents, as far as their text describes them, and nothing
else.

Source: the feeds of Statuspage, incident.io, Azure, AWS, xAI and Better Stack pages. Options:

- `keywords`: comma-separated; only entries that hold one of them count (Azure's feed covers every product);
- `entries`: what an entry is. `incident` (the default): one incident each, open or resolved by its text, and not
  counted if the text contains neither; `open`: listed as long as it is open (Azure); `update`: one update each (AWS,
  Better Stack), so that the newest of a guid, or of the feed where guids differ, decides.
"""

import calendar
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from aiprobe.core.statuspage import RESOLVED_STATUSES, DeclaredIncident, Reading
from aiprobe.statuspages.base import MAX_INCIDENTS, PageError, listed_option
from aiprobe.statuspages.feedxml import checked
from aiprobe.statuspages.values import a_line, a_link, a_time, an_epoch, an_id, plain_text

STATUSES: Final[Mapping[str, str]] = {
    "investigating": "investigating",
    "identified": "identified",
    "monitoring": "monitoring",
    "resolved": "resolved",
    "postmortem": "postmortem",
    "scheduled": "scheduled",
    "in progress": "in_progress",
    "in_progress": "in_progress",
    "verifying": "verifying",
    "completed": "completed",
    "maintenance scheduled": "scheduled",
    "maintenance in progress": "in_progress",
    "maintenance complete": "completed",
    "active": "investigating",
    "ongoing": "investigating",
    "open": "investigating",
    "operational": "resolved",
    "closed": "resolved",
    "mitigated": "monitoring",
}
"""Status words of the feeds that we know, in lower case."""
MAINTENANCE_STATUSES: Final = frozenset({"scheduled", "in_progress", "verifying", "completed"})
_LONGEST_ENTRY: Final = 20_000
_STATED: Final = re.compile(r"(?i)\bstatus:\s*(?:<[^<>]{0,80}>\s*)*([a-z][a-z _]{2,30})")
_STRONG: Final = re.compile(r"(?i)<(?:strong|b)>\s*([a-z][a-z _]{2,30}?)\s*(?::\s*)?</(?:strong|b)>")
_RESOLVED_AT: Final = re.compile(r"(?i)\bresolved:\s*(?:<[^<>]{0,80}>\s*)*([^<>\n]{8,60})")
_TITLE_RESOLVED: Final = re.compile(r"(?i)\[\s*resolved\s*\]|\bis operating normally\b|\brecovered\b|^resolved:")
_TITLE_OPEN: Final = re.compile(
    r"(?i)\bwent down\b|^\s*(?:informational message|service degradation|service disruption)\b"
)
_TITLE_COMPONENT: Final = re.compile(r"^\s*\[([^\[\]]{1,100})\]")
_LISTED: Final = re.compile(r"(?i)<li>([^<>]{1,300})</li>")
_AFFECTED: Final = re.compile(r"(?i)affected components")
_IN_BRACKETS: Final = re.compile(r"\s*\([^()]*\)$")
_GUID_EPOCH: Final = re.compile(r"[#_](\d{9,13})$")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a feed, in plain types."""

    guid: str
    title: str
    text: str
    link: str
    first: float | None
    last: float | None
    tags: tuple[str, ...]


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:
    """Return the incidents of a feed."""
    import feedparser  # noqa: PLC0415 - a megabyte that most configurations never need

    feed = feedparser.parse(io.BytesIO(checked(body)), sanitize_html=False, resolve_relative_uris=False)
    if not feed.version:
        raise PageError("neither RSS nor Atom")
    keywords = tuple(word.casefold() for word in listed_option(options, "keywords"))
    entries = [one for one in (_entry(found) for found in feed.entries) if one is not None and _matches(one, keywords)]
    kind = options.get("entries", "incident")
    declared = [
        one for one in (_declared(entry, listed_is_open=kind == "open") for entry in entries) if one is not None
    ]
    if kind == "update":
        declared = _merged(declared)
    return Reading(
        components=(),
        incidents=tuple(one for one in declared if one.impact != "maintenance")[:MAX_INCIDENTS],
        maintenances=tuple(one for one in declared if one.impact == "maintenance")[:MAX_INCIDENTS],
        updated_timestamp_seconds=_moment(feed.feed, "updated") or _moment(feed.feed, "published"),
        components_known=False,
    )


def _entry(found: Mapping[str, Any]) -> _Entry | None:
    contents = [part.get("value", "") for part in found.get("content", ())] or [found.get("summary", "")]
    guid, link = an_id(found.get("id")), a_link(found.get("link"))
    first = _moment(found, "published") or _moment(found, "updated")
    title = str(found.get("title", ""))[:_LONGEST_ENTRY]
    if not (guid or link or title):
        return None
    return _Entry(
        guid=guid or an_id(link) or an_id(title),
        title=title,
        text=" ".join(str(part) for part in contents)[:_LONGEST_ENTRY],
        link=link,
        first=first,
        last=_moment(found, "updated") or first,
        tags=tuple(str(tag.get("term") or "") for tag in found.get("tags", ())[:20]),
    )


def _moment(found: Mapping[str, Any], key: str) -> float | None:
    name = f"{key}_parsed"
    parsed = found[name] if name in found else None  # noqa: SIM401 - its `get` answers from another key, with a warning
    try:
        return None if parsed is None else an_epoch(calendar.timegm(parsed))
    except (ValueError, OverflowError, TypeError):
        return None


def _matches(entry: _Entry, keywords: tuple[str, ...]) -> bool:
    haystack = " ".join((entry.title, entry.text, *entry.tags)).casefold()
    return not keywords or any(word in haystack for word in keywords)


def _declared(entry: _Entry, *, listed_is_open: bool) -> DeclaredIncident | None:
    status = _status(entry) or ("unknown" if listed_is_open else "")
    epoch = _GUID_EPOCH.search(entry.guid)
    declared = entry.first or (an_epoch(epoch.group(1)) if epoch else None)
    if not status or declared is None:
        return None
    return DeclaredIncident(
        id=entry.guid,
        name=plain_text(entry.title, 120),
        impact="maintenance" if status in MAINTENANCE_STATUSES else "unknown",
        status=status,
        declared_timestamp_seconds=declared,
        started_timestamp_seconds=None,
        resolved_timestamp_seconds=_resolved(entry, declared) if status in RESOLVED_STATUSES else None,
        component_ids=_component_names(entry),
        url=entry.link,
        text=plain_text(entry.text),
    )


def _status(entry: _Entry) -> str:
    """The newest status in the text: its own field, the newest update's first bold word, or the title."""
    stated = _STATED.search(entry.text)
    if stated and (status := _known(stated.group(1))):
        return status
    for strong in _STRONG.finditer(entry.text):
        if status := _known(strong.group(1)):
            return status
    if _TITLE_RESOLVED.search(entry.title):
        return "resolved"
    return "investigating" if _TITLE_OPEN.search(entry.title) else ""


def _known(words: str) -> str:
    """A status may be followed by more words on its line, so the longest known beginning counts."""
    parts = words.casefold().split()
    for size in (3, 2, 1):
        if status := STATUSES.get(" ".join(parts[:size])):
            return status
    return ""


def _resolved(entry: _Entry, declared: float) -> float:
    stated = _RESOLVED_AT.search(entry.text)
    return (a_time(stated.group(1).strip()) if stated else None) or entry.last or declared


def _component_names(entry: _Entry) -> tuple[str, ...]:
    """Feeds name components without ids: in brackets before the title, or as a list under `Affected components`."""
    names = []
    bracketed = _TITLE_COMPONENT.search(entry.title)
    if bracketed and _known(bracketed.group(1)) == "":
        names.append(a_line(bracketed.group(1)))
    affected = _AFFECTED.search(entry.text)
    if affected:
        listed = _LISTED.findall(entry.text, affected.end())
        names.extend(a_line(_IN_BRACKETS.sub("", name.strip())) for name in listed[:50])
    return tuple(dict.fromkeys(name for name in names if name))


def _merged(updates: list[DeclaredIncident]) -> list[DeclaredIncident]:
    """Put updates together: those that share a guid, else one incident from each first sign to its resolution."""
    incidents: list[DeclaredIncident] = []
    for update in sorted(updates, key=lambda one: one.declared_timestamp_seconds):
        subject = _GUID_EPOCH.sub("", update.id)
        at = next(
            (i for i in range(len(incidents) - 1, -1, -1) if _GUID_EPOCH.sub("", incidents[i].id) == subject), None
        )
        if at is None or (incidents[at].id != update.id and incidents[at].resolved_timestamp_seconds is not None):
            if at is None or update.status not in RESOLVED_STATUSES:
                incidents.append(update)
            continue
        first = incidents[at]
        incidents[at] = replace(
            update, id=first.id, name=first.name, declared_timestamp_seconds=first.declared_timestamp_seconds
        )
    return incidents[::-1]
