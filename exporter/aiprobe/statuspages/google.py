"""Google Cloud's `incidents.json`: every incident of the whole cloud, newest first; also the Workspace dashboard's.

Source: `incidents.json` of https://status.cloud.google.com. The page lists no components: a product is as well as its
worst open incident. Options:
`products`, the ids to watch (titles get renamed), `locations`, the location ids that matter (all where none is
given), and `base`, what the relative links belong to.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin

from aiprobe.core.state import State
from aiprobe.core.statuspage import Component, DeclaredIncident, Reading
from aiprobe.statuspages.base import (
    MAX_COMPONENTS,
    MAX_INCIDENTS,
    MalformedItemError,
    PageError,
    each,
    listed_option,
    worst,
)
from aiprobe.statuspages.values import (
    a_line,
    a_link,
    a_time,
    a_word,
    an_id,
    check_body,
    check_values,
    fields,
    first_time,
    objects,
    plain_text,
)

STATES: Final[Mapping[str, State]] = {
    "SERVICE_INFORMATION": State.DEGRADED,
    "SERVICE_DISRUPTION": State.PARTIAL_OUTAGE,
    "SERVICE_OUTAGE": State.MAJOR_OUTAGE,
}
"""Open information is a declared impairment too: operational would hide what the page declares."""
IMPACTS: Final[Mapping[str, str]] = {
    "SERVICE_INFORMATION": "minor",
    "SERVICE_DISRUPTION": "major",
    "SERVICE_OUTAGE": "critical",
}
AVAILABLE: Final = "AVAILABLE"
"""The status of an update after which all is well."""
BASE: Final = "https://status.cloud.google.com/"
_MOST_VALUES: Final = 400_000
"""Of a page, which lists every place that an incident of many years affected; only some items of it are decoded."""
LOOKED_AT: Final = 100
"""Incidents from the newest on; the list holds years, and decoding all of it would hold up every probe."""
EVERYWHERE: Final = "global"


@dataclass(frozen=True, slots=True)
class _Found:
    """One incident, with what its products need of it."""

    incident: DeclaredIncident
    word: str
    titles: Mapping[str, str]


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:
    """Return what the dashboard declares for the watched products; without any, for every product that it names."""
    watched, locations = listed_option(options, "products"), listed_option(options, "locations")
    base = options.get("base", BASE)

    def parse(item: object) -> _Found | None:
        return _found(item, watched=watched, locations=locations, base=base)

    items = list(_items(body))
    found, malformed = each(items, parse, what="incidents", limit=LOOKED_AT)
    titles = {product: title for one in reversed(found) for product, title in one.titles.items()}
    states = dict.fromkeys(watched or tuple(titles)[:MAX_COMPONENTS], ())
    components = [
        _component(product, titles.get(product, product), found, doubtful=bool(malformed)) for product in states
    ]
    times = [
        moment for item in items if isinstance(item, dict) and (moment := a_time(item.get("modified"))) is not None
    ]
    return Reading(
        components=tuple(components),
        incidents=tuple(one.incident for one in found)[:MAX_INCIDENTS],
        maintenances=(),
        updated_timestamp_seconds=max(times, default=None),
    )


def _items(body: bytes) -> Iterator[object]:
    """Decode the list item by item, and no further than anybody looks."""
    check_body(body)
    check_values(body, _MOST_VALUES)
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise PageError("not UTF-8") from None
    if not text.startswith("[") or not text.endswith("]"):
        raise PageError("not a whole list of incidents")
    at, decoder = _skip(text, 1), json.JSONDecoder()
    if text[at] == "]" and at == len(text) - 1:
        return
    for _ in range(LOOKED_AT):
        try:
            item, at = decoder.raw_decode(text, at)
        except RecursionError:
            raise PageError("JSON nested too deeply") from None
        except ValueError:
            raise PageError("not JSON") from None
        yield item
        at = _skip(text, at)
        if at == len(text) - 1:
            return
        if text[at : at + 1] != ",":
            raise PageError("not JSON")
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) - 1 and text[at] in " \t\r\n":
        at += 1
    return at


def _found(item: object, *, watched: tuple[str, ...], locations: tuple[str, ...], base: str) -> _Found | None:
    item = fields(item)
    if not item:
        raise MalformedItemError
    resolved = _resolved(item)
    titles = {
        product: a_line(one.get("current_title")) or a_line(one.get("title")) or product
        for one in objects(item.get("affected_products"))[:MAX_COMPONENTS]
        if (product := an_id(one.get("id")))
    }
    if not titles and resolved is None:
        raise MalformedItemError  # open, without a product
    if watched and not set(watched) & set(titles):
        return None
    if locations and not any(_same_place(here, there) for here in locations for there in _places(item)):
        return None
    incident_id = an_id(item.get("id"))
    declared = first_time(item.get("created"), item.get("begin"), item.get("modified"))
    if not incident_id or declared is None:
        if resolved is not None:
            return None
        raise MalformedItemError
    return _Found(
        _declared(item, incident_id, tuple(titles), declared, resolved, base), a_word(item.get("status_impact")), titles
    )


def _declared(
    item: Mapping[str, Any],
    incident_id: str,
    products: tuple[str, ...],
    declared: float,
    resolved: float | None,
    base: str,
) -> DeclaredIncident:
    update = fields(item.get("most_recent_update"))
    uri = item.get("uri")
    return DeclaredIncident(
        id=incident_id,
        name=plain_text(item.get("external_desc"), 120),
        impact=IMPACTS.get(a_word(item.get("status_impact")), "unknown"),
        status="unknown" if resolved is None else "resolved",
        declared_timestamp_seconds=declared,
        started_timestamp_seconds=a_time(item.get("begin")),
        resolved_timestamp_seconds=resolved,
        component_ids=products,
        url=a_link(urljoin(base, uri)) if isinstance(uri, str) and len(uri) < 200 and ":" not in uri else "",
        text=plain_text(update.get("text")),
    )


def _resolved(item: Mapping[str, Any]) -> float | None:
    """When it ended; an incident whose newest update is AVAILABLE is over before its `end` is written."""
    ended = a_time(item.get("end"))
    update = fields(item.get("most_recent_update"))
    if ended is None and update.get("status") == AVAILABLE:
        return first_time(update.get("when"), update.get("created"), item.get("modified"))
    return ended


def _places(item: Mapping[str, Any]) -> list[str]:
    """Where it is or was; an incident that names no place is everywhere."""
    named = objects(item.get("currently_affected_locations")) or objects(item.get("previously_affected_locations"))
    return [place for place in (an_id(one.get("id")) for one in named) if place] or [EVERYWHERE]


def _same_place(here: str, there: str) -> bool:
    """A multi-region such as `us` holds its regions, and is touched by any of them."""
    return there in {EVERYWHERE, here} or here.startswith(f"{there}-") or there.startswith(f"{here}-")


def _component(product: str, title: str, found: list[_Found], *, doubtful: bool) -> Component:
    open_now = [one.word for one in found if one.incident.resolved_timestamp_seconds is None and product in one.titles]
    if not open_now:
        return Component(
            id=product,
            name=title,
            word="" if doubtful else AVAILABLE,
            state=None if doubtful else State.OPERATIONAL,
        )
    state = worst(STATES.get(word) for word in open_now)
    word = next((word for word in open_now if STATES.get(word) is state), open_now[0])
    return Component(id=product, name=title, word=word, state=state)
