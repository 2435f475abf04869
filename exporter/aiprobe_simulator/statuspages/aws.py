"""AWS Health: `currentevents` as UTF-16 with a byte-order mark, one event a service, and the feeds of old."""

import codecs
import json
from collections.abc import Mapping
from typing import Any, Final

from aiprobe_simulator.statuspages import feeds
from aiprobe_simulator.statuspages.document import Document, front
from aiprobe_simulator.statuspages.view import ComponentView, IncidentView, PageView

DIGITS: Final[Mapping[str, str]] = {
    "operational": "1",
    "under_maintenance": "1",
    "degraded_performance": "1",
    "partial_outage": "2",
    "major_outage": "3",
}
"""Of an open event: informational, degradation, disruption."""
RESOLVED: Final = "0"
LISTED_AFTER_SECONDS: Final = 3_600.0
"""How long an event that is over stays in the list."""
_TITLES: Final[Mapping[str, str]] = {
    RESOLVED: "[RESOLVED] ",
    "1": "Informational message: ",
    "2": "Service degradation: ",
    "3": "Service disruption: ",
}


def document(view: PageView, path: str) -> Document | None:
    """Return what the page has at `path`, or None."""
    if path == "":
        return front(view)
    if path == "public/currentevents":
        return _in_utf_16([_event(one, part) for one, part in _current(view)])
    if path == "public/announcement":
        return _in_utf_16([])
    if path.startswith("rss/") and path.endswith(".rss"):
        part = view.component(path.removeprefix("rss/").removesuffix(".rss"))
        return None if part is None else _feed(view, part)
    return None


def _in_utf_16(events: list[Any]) -> Document:
    body = codecs.BOM_UTF16_BE + json.dumps(events, separators=(",", ":"), ensure_ascii=False).encode("utf-16-be")
    return Document(body=body, content_type="application/json;charset=utf-16")


def _current(view: PageView) -> list[tuple[IncidentView, ComponentView]]:
    return [
        (one, part)
        for one in view.incidents
        if one.resolved is None or view.now - one.resolved < LISTED_AFTER_SECONDS
        for part in view.named(one)
    ]


def _event(one: IncidentView, part: ComponentView) -> dict[str, Any]:
    service, _, region = part.id.partition("-")
    digit = _digit(one)
    summary = f"{_TITLES[RESOLVED] if digit == RESOLVED else ''}{one.title}"
    log = [
        {
            "summary": one.title,
            "message": said.text,
            "status": RESOLVED if said.status in {"resolved", "postmortem"} else _of(said.worst),
            "timestamp": int(said.at),
        }
        for said in one.updates
    ]
    code = f"AWS_{service.upper()}_OPERATIONAL_ISSUE"
    return {
        "date": str(int(one.started)),
        "arn": f"arn:aws:health:{region}::event/{service.upper()}/{code}/{code}_{one.id}",
        "region_name": _region_name(part),
        "status": digit,
        "service": part.id,
        "service_name": part.name.partition(" (")[0],
        "summary": summary,
        "event_log": log,
        "impacted_services": {
            part.id: {"service_name": part.name.partition(" (")[0], "current": digit, "max": _of(one.peak)}
        },
    }


def _digit(one: IncidentView) -> str:
    return _of(one.worst) if one.open else RESOLVED


def _of(state: str) -> str:
    return DIGITS.get(state, state)


def _region_name(part: ComponentView) -> str:
    return part.name.rpartition("(")[2].rstrip(")")


def _feed(view: PageView, part: ComponentView) -> Document:
    """Return the feed of one service in one region: one item an update, whose guid ends with its time."""
    link = f"{view.spec.home}/rss/{part.id}.rss"
    items = [
        feeds.Entry(
            guid=f"{view.spec.home}/#{part.id}_{int(said.at)}",
            title=_item_title(one, over=said.status in {"resolved", "postmortem"}, digit=_of(said.worst)),
            link=view.spec.home,
            text=said.text,
            published=said.at,
            updated=said.at,
            cdata=True,
        )
        for one in view.incidents
        if part.id in one.components
        for said in reversed(one.updates)
    ]
    return feeds.rss(view, items, link=link)


def _item_title(one: IncidentView, *, over: bool, digit: str) -> str:
    if over:
        return f"Service is operating normally: {_TITLES[RESOLVED]}{one.title}"
    return f"{_TITLES.get(digit, _TITLES['1'])}{one.title}"
