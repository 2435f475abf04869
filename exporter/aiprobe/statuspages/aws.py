"""AWS Health's public `currentevents`: a JSON array in UTF-16 with a byte-order mark, empty when all is well.

Source: https://health.aws.amazon.com/public/currentevents. The list names no healthy service: a watched service (option
`services`, such as
`bedrock-us-east-1`) is operational when no open event names it, and unknown when an event cannot be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiprobe.core.state import State
from aiprobe.core.statuspage import Component, DeclaredIncident, Reading
from aiprobe.statuspages.base import (
    MAX_COMPONENTS,
    MAX_INCIDENTS,
    MAX_UPDATES,
    MalformedItemError,
    PageError,
    each,
    listed_option,
    worst,
)
from aiprobe.statuspages.values import (
    LONGEST_ID,
    a_line,
    a_word,
    an_epoch,
    an_id,
    document,
    fields,
    objects,
    plain_text,
)

RESOLVED: Final = "0"
STATES: Final[Mapping[str, State]] = {
    RESOLVED: State.OPERATIONAL,
    "1": State.DEGRADED,
    "2": State.PARTIAL_OUTAGE,
    "3": State.MAJOR_OUTAGE,
}
"""0 resolved, 1 informational or open, 2 degradation, 3 disruption. Sources disagree on 1: an event that is listed
and not resolved is a declared impairment at least."""
IMPACTS: Final[Mapping[str, str]] = {RESOLVED: "none", "1": "minor", "2": "major", "3": "critical"}
WORDS: Final[Mapping[str, str]] = {RESOLVED: "resolved", "1": "informational", "2": "degradation", "3": "disruption"}
_MOST_EVENTS: Final = 500


@dataclass(frozen=True, slots=True)
class _Event:
    """One event, with the status digit and the name of every service that it concerns."""

    incident: DeclaredIncident
    services: Mapping[str, tuple[str, str]]


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:
    """Return what AWS declares for the watched services, or for every service it names where none is watched."""
    watched = listed_option(options, "services")
    items = document(body)
    if not isinstance(items, list):
        raise PageError(f"{type(items).__name__} where a list of events belongs")
    events, unread = each(items, lambda item: _event(item, watched), what="events", limit=_MOST_EVENTS)
    named = {service: name for event in events for service, (_, name) in event.services.items()}
    doubtful = bool(unread)
    services = watched or tuple(named)[:MAX_COMPONENTS]
    return Reading(
        components=tuple(
            _component(service, named.get(service) or service, events, doubtful=doubtful)
            for service in dict.fromkeys(services)
        ),
        incidents=tuple(event.incident for event in events)[:MAX_INCIDENTS],
        maintenances=(),
        updated_timestamp_seconds=None,
    )


def _event(item: object, watched: tuple[str, ...]) -> _Event | None:
    found = fields(item)
    services = _services(found)
    if not services:
        raise MalformedItemError
    if watched:
        services = {service: impact for service, impact in services.items() if service in watched}
        if not services:
            return None
    return _Event(_declared(found, tuple(services)), services)


def _services(found: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Status digit and name of each service concerned; of one that is only `impacted`, its own current digit."""
    status = _digit(found.get("status"))
    services = {}
    impacted = found.get("impacted_services")
    if isinstance(impacted, dict):
        for service, impact in list(impacted.items())[:MAX_COMPONENTS]:
            details = fields(impact)
            current = _digit(details.get("current")) or status
            services[an_id(service)] = (current, a_line(details.get("service_name")))
    elif isinstance(impacted, list):
        services = {an_id(service): (status, "") for service in impacted[:MAX_COMPONENTS]}
    services[an_id(found.get("service"))] = (status, a_line(found.get("service_name")))
    services.pop("", None)
    return services


def _declared(found: Mapping[str, Any], services: tuple[str, ...]) -> DeclaredIncident:
    log = objects(found.get("event_log"))[:MAX_UPDATES]
    times = [moment for entry in log if (moment := an_epoch(entry.get("timestamp"))) is not None]
    started = an_epoch(found.get("date")) or an_epoch(found.get("startTime"))
    declared = min(times, default=started)
    if declared is None:
        raise MalformedItemError
    newest = max(log, key=lambda entry: an_epoch(entry.get("timestamp")) or 0.0, default={})
    status = _digit(found.get("status"))
    ended = an_epoch(found.get("endTime"))
    over = status == RESOLVED or ended is not None
    return DeclaredIncident(
        id=_event_id(found, services, declared),
        name=plain_text(found.get("summary"), 120),
        impact=IMPACTS.get(status, "unknown"),
        status="resolved" if over else "unknown",
        declared_timestamp_seconds=declared,
        started_timestamp_seconds=started,
        resolved_timestamp_seconds=(ended or max(times, default=declared)) if over else None,
        component_ids=services,
        text=plain_text(newest.get("message") or newest.get("summary")),
    )


def _event_id(found: Mapping[str, Any], services: tuple[str, ...], declared: float) -> str:
    """The last part of the ARN names the event; the whole is longer than an id may be."""
    arn = found.get("arn")
    event_id = an_id(arn.rpartition("/")[2]) if isinstance(arn, str) else ""
    return event_id or f"{services[0]}_{declared:.0f}"[-LONGEST_ID:]


def _digit(value: object) -> str:
    """The status is a digit in a string, or in other years a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 9 else a_word(value)


def _component(service: str, name: str, events: list[_Event], *, doubtful: bool) -> Component:
    open_now = [
        event.services[service][0]
        for event in events
        if service in event.services and event.incident.resolved_timestamp_seconds is None
    ]
    wrong = [digit for digit in open_now if digit != RESOLVED]
    if not wrong:
        word = "" if doubtful else "operational"
        return Component(id=service, name=name, word=word, state=None if doubtful else State.OPERATIONAL)
    state = worst(STATES.get(digit) for digit in wrong)
    digit = next(digit for digit in wrong if STATES.get(digit) is state)
    return Component(id=service, name=name, word=WORDS.get(digit, digit), state=state)
