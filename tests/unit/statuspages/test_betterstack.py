"""Better Stack: aggregate, sections, resources and reports."""

import pytest

from aiprobe.core.state import State
from aiprobe.statuspages import PageError
from tests.unit.statuspages.builders import (
    CREATED,
    UPDATED,
    a_betterstack,
    a_report,
    a_resource,
    a_section,
    component_of,
    only,
    read,
    unix,
)

WORDS = [
    ("operational", State.OPERATIONAL, False),
    ("maintenance", State.OPERATIONAL, True),
    ("degraded", State.DEGRADED, False),
    ("downtime", State.MAJOR_OUTAGE, False),
    ("not_monitored", None, False),
    ("on_fire", None, False),
    (None, None, False),
]


@pytest.mark.parametrize(("word", "state", "maintenance"), WORDS)
def test_every_resource_word_has_its_state(word: str | None, state: State | None, maintenance: bool) -> None:
    reading = read("betterstack", a_betterstack([a_resource("9", "Llama 3", word)]))
    component = component_of(reading, "9")
    assert (component.name, component.state, component.maintenance) == ("Llama 3", state, maintenance)


@pytest.mark.parametrize(("word", "state", "maintenance"), WORDS[:-1])
def test_every_aggregate_word_has_its_state(word: str, state: State | None, maintenance: bool) -> None:
    reading = read("betterstack", a_betterstack(aggregate_state=word))
    whole = component_of(reading, "aggregate")
    assert (whole.name, whole.state, whole.maintenance, whole.word) == ("Together AI", state, maintenance, word)
    assert reading.updated_timestamp_seconds == unix(UPDATED)


def test_a_section_is_as_well_as_its_worst_resource() -> None:
    included = [
        a_section("1", "Inference"),
        a_section("2", "Website"),
        a_section("3", "Empty"),
        a_resource("8", "Llama", "downtime", section=1),
        a_resource("9", "Qwen", "operational", section=1),
        a_resource("10", "Unwatched", "not_monitored", section=2),
        a_resource("11", "Home", "operational", section=2),
    ]
    reading = read("betterstack", a_betterstack(included))
    inference = component_of(reading, "section-1")
    assert (inference.name, inference.state, inference.word) == ("Inference", State.MAJOR_OUTAGE, "downtime")
    assert component_of(reading, "section-2").state is State.OPERATIONAL
    assert component_of(reading, "section-3").state is None


def test_a_section_with_an_unknown_word_is_not_operational() -> None:
    included = [a_section("1", "Inference"), a_resource("8", "Llama", "?"), a_resource("9", "Qwen", "operational")]
    assert component_of(read("betterstack", a_betterstack(included)), "section-1").state is None


@pytest.mark.parametrize(
    ("word", "impact"),
    [
        ("operational", "none"),
        ("degraded", "minor"),
        ("downtime", "critical"),
        ("maintenance", "unknown"),
        ("?", "unknown"),
    ],
)
@pytest.mark.parametrize("kind", ["manual", "automatic"])
def test_every_report_of_an_incident_has_its_impact(kind: str, word: str, impact: str) -> None:
    reading = read("betterstack", a_betterstack([a_report(report_type=kind, aggregate_state=word)]))
    incident = only(reading.incidents)
    assert (incident.impact, incident.status, incident.resolved_timestamp_seconds) == (impact, "unknown", None)
    assert (incident.name, incident.component_ids) == ("Slow inference", ("9",))
    assert incident.declared_timestamp_seconds == unix(CREATED)


def test_a_report_with_an_end_is_resolved() -> None:
    incident = only(read("betterstack", a_betterstack([a_report(ends_at="2026-03-02T13:00:00Z")])).incidents)
    assert (incident.status, incident.resolved_timestamp_seconds) == ("resolved", unix("2026-03-02T13:00:00Z"))


def test_a_maintenance_report_is_no_incident_and_its_end_is_planned() -> None:
    reading = read("betterstack", a_betterstack([a_report(report_type="maintenance", ends_at="2026-03-02T13:00:00Z")]))
    assert reading.incidents == ()
    assert (only(reading.maintenances).status, only(reading.maintenances).impact) == ("scheduled", "maintenance")


def test_the_newest_update_of_a_report_is_its_text() -> None:
    def an_update(text: str, at: str) -> dict[str, object]:
        return {
            "id": text,
            "type": "status_update",
            "attributes": {"message": f"<p>{text}</p>", "published_at": at},
            "relationships": {"status_report": {"data": {"id": "77", "type": "status_report"}}},
        }

    updates = [
        an_update("first", "2026-03-02T12:00:00Z"),
        an_update("second", "2026-03-02T13:00:00Z"),
        an_update("early", "2026-03-02T11:00:00Z"),
    ]
    assert only(read("betterstack", a_betterstack([a_report(), *updates])).incidents).text == "second"


def test_malformed_resources_are_left_out_and_the_rest_stands() -> None:
    odd = [{"type": "status_page_resource"}, {"type": "status_page_resource", "id": "1", "attributes": []}, 7, None]
    reading = read("betterstack", a_betterstack([*odd, a_resource("9", "Llama", "operational")]))  # type: ignore[list-item]
    assert [one.id for one in reading.components] == ["aggregate", "9"]


def test_malformed_reports_leave_the_components_standing() -> None:
    reading = read("betterstack", a_betterstack([a_report(starts_at=None), a_resource("9", "Llama", "downtime")]))
    assert reading.incidents == ()
    assert component_of(reading, "9").state is State.MAJOR_OUTAGE


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"data": []},
        {"data": {"type": "monitor", "attributes": {"aggregate_state": "operational"}}},
        {"data": {"type": "status_page"}},
        {"data": {"type": "status_page", "attributes": {}}},
        {"data": {"type": "status_page", "attributes": {"aggregate_state": "operational"}}, "included": {}},
        {"data": {"attributes": {}}, "included": [{"type": "status_page_resource"}]},
    ],
)
def test_another_shape_is_no_better_stack_page(document: object) -> None:
    with pytest.raises(PageError):
        read("betterstack", document)
