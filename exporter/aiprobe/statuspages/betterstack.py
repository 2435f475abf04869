"""Better Stack's `index.json` (JSON:API): the page's aggregate, its sections, its resources and its reports.

Source: `index.json` of Better Stack pages. Components are the resources by id, the sections as `section-<id>` with
their worst resource, and the whole page as `aggregate`, which serves as component if the page's ids are unknown.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiprobe.core.state import State
from aiprobe.core.statuspage import Component, DeclaredIncident, Reading
from aiprobe.statuspages.base import (
    MAX_COMPONENTS,
    MAX_INCIDENTS,
    MalformedItemError,
    PageError,
    each,
    unique,
    worst,
)
from aiprobe.statuspages.values import (
    a_line,
    a_list,
    a_time,
    a_word,
    an_id,
    an_object,
    document,
    fields,
    first_time,
    ids,
    objects,
    plain_text,
)

STATES: Final[Mapping[str, State]] = {
    "operational": State.OPERATIONAL,
    "maintenance": State.OPERATIONAL,
    "degraded": State.DEGRADED,
    "downtime": State.MAJOR_OUTAGE,
}
"""`not_monitored` means that the page has no state of it."""
IMPACTS: Final[Mapping[str, str]] = {
    "operational": "none",
    "degraded": "minor",
    "downtime": "critical",
    "maintenance": "maintenance",
}
MAINTENANCE: Final = "maintenance"
AGGREGATE: Final = "aggregate"
_MOST_INCLUDED: Final = 4 * MAX_COMPONENTS


def read(body: bytes, *, options: Mapping[str, str]) -> Reading:  # noqa: ARG001 - one signature for every reader
    """Return what a Better Stack page declares."""
    page = an_object(document(body), "page")
    data = an_object(page.get("data"), "data")
    if data.get("type") not in ("status_page", None) or "attributes" not in data:
        raise PageError("not a Better Stack page")
    attributes = an_object(data["attributes"], "attributes")
    included = objects(a_list(page.get("included"), "included"))[:_MOST_INCLUDED]
    resources, _ = each(_of(included, "status_page_resource"), _resource, what="resources", limit=MAX_COMPONENTS)
    sections, _ = each(
        _of(included, "status_page_section"), _section, what="sections", limit=MAX_COMPONENTS, needed=False
    )
    messages = _newest_messages(_of(included, "status_update"))
    reports, _ = each(
        _of(included, "status_report"),
        lambda item: _report(item, messages),
        what="reports",
        limit=MAX_INCIDENTS,
        needed=False,
    )
    word = a_word(attributes.get("aggregate_state"))
    if not word and not resources:
        raise PageError("neither an aggregate state nor resources")
    whole = _component(AGGREGATE, a_line(attributes.get("company_name")) or "All services", word)
    grouped = [_section_component(one, name, resources) for one, name in sections]
    return Reading(
        components=unique((whole, *(component for _, component in resources), *grouped)),
        incidents=tuple(one for one in reports if one.impact != MAINTENANCE),
        maintenances=tuple(one for one in reports if one.impact == MAINTENANCE),
        updated_timestamp_seconds=a_time(attributes.get("updated_at")),
    )


def _of(included: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in included if item.get("type") == kind]


def _component(component_id: str, name: str, word: str) -> Component:
    return Component(id=component_id, name=name, word=word, state=STATES.get(word), maintenance=word == MAINTENANCE)


def _resource(item: Mapping[str, Any]) -> tuple[str, Component]:
    """One resource behind the id of its section."""
    attributes = fields(item.get("attributes"))
    resource_id, name = an_id(item.get("id")), a_line(attributes.get("public_name"))
    if not resource_id or not name:
        raise MalformedItemError
    component = _component(resource_id, name, a_word(attributes.get("status")))
    return an_id(attributes.get("status_page_section_id")), component


def _section(item: Mapping[str, Any]) -> tuple[str, str]:
    section_id, name = an_id(item.get("id")), a_line(fields(item.get("attributes")).get("name"))
    if not section_id or not name:
        raise MalformedItemError
    return section_id, name


def _section_component(section_id: str, name: str, resources: list[tuple[str, Component]]) -> Component:
    inside = [component for section, component in resources if section == section_id]
    monitored = [component for component in inside if component.word != "not_monitored"]
    state = worst(component.state for component in monitored)
    word = next((one.word for one in monitored if one.state is state and state is not None), "")
    maintenance = bool(inside) and all(component.maintenance for component in inside)
    return Component(id=f"section-{section_id}", name=name, word=word, state=state, maintenance=maintenance)


def _newest_messages(updates: list[dict[str, Any]]) -> dict[str, str]:
    """The newest message of each report, by report id, where the page includes its updates."""
    newest: dict[str, tuple[float, str]] = {}
    for update in updates:
        attributes = fields(update.get("attributes"))
        related = fields(fields(fields(update.get("relationships")).get("status_report")).get("data"))
        report = an_id(attributes.get("status_report_id")) or an_id(related.get("id"))
        moment = a_time(attributes.get("published_at")) or 0.0
        if report and moment >= newest.get(report, (0.0, ""))[0]:
            newest[report] = (moment, plain_text(attributes.get("message")))
    return {report: text for report, (_, text) in newest.items()}


def _report(item: Mapping[str, Any], messages: Mapping[str, str]) -> DeclaredIncident:
    attributes = fields(item.get("attributes"))
    report_id = an_id(item.get("id"))
    starts, ends = a_time(attributes.get("starts_at")), a_time(attributes.get("ends_at"))
    declared = first_time(attributes.get("created_at"), attributes.get("starts_at"))
    if not report_id or declared is None:
        raise MalformedItemError
    maintenance = attributes.get("report_type") == MAINTENANCE
    affected = objects(attributes.get("affected_resources"))[:MAX_COMPONENTS]
    state = a_word(attributes.get("aggregate_state"))
    return DeclaredIncident(
        id=report_id,
        name=a_line(attributes.get("title")),
        impact=MAINTENANCE if maintenance else _impact(state),
        status=_status(maintenance=maintenance, ended=ends is not None),
        declared_timestamp_seconds=declared,
        started_timestamp_seconds=starts,
        resolved_timestamp_seconds=ends,
        component_ids=ids(one.get("status_page_resource_id") for one in affected),
        text=messages.get(report_id, ""),
    )


def _impact(state: str) -> str:
    impact = IMPACTS.get(state, "unknown")
    return "unknown" if impact == MAINTENANCE else impact


def _status(*, maintenance: bool, ended: bool) -> str:
    """A maintenance has an end from the day it is planned, an incident only when it is over."""
    if maintenance:
        return "scheduled"
    return "resolved" if ended else "unknown"
