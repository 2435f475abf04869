"""incident.io pages: the compatible API with its gaps, the native summary, the widget."""

from typing import Any

import pytest

from aiprobe.core.state import State
from aiprobe.statuspages import PageError
from aiprobe.statuspages.incidentio import ulid_time
from tests.unit.statuspages.builders import (
    CHAT_ULID,
    CREATED,
    a_component,
    a_native_summary,
    a_summary,
    component_of,
    only,
    read,
    unix,
)


def a_native_incident(**changes: Any) -> dict[str, Any]:
    return {
        "id": "01KJZ0000000000000000000AA",
        "name": "Elevated error rates",
        "status": "investigating",
        "published_at": CREATED,
        "affected_components": [{"component_id": CHAT_ULID, "status": "partial_outage"}],
        "updates": [{"to_status": "investigating", "message_string": "Looking <b>now</b>", "published_at": CREATED}],
        **changes,
    }


def test_the_compatible_summary_may_hold_neither_incidents_nor_maintenances() -> None:
    page = a_summary(components=[a_component(id=CHAT_ULID, name="Chat Completions", status="partial_outage")])
    del page["incidents"], page["scheduled_maintenances"]
    reading = read("incidentio", page)
    assert component_of(reading, CHAT_ULID).state is State.PARTIAL_OUTAGE
    assert (reading.incidents, reading.maintenances, reading.components_known) == ((), (), True)


def test_a_compatible_incident_without_most_keys_is_resolved_by_its_newest_update() -> None:
    told = {
        "id": "01KJZ0000000000000000000AA",
        "name": "Errors",
        "status": "resolved",
        "impact": "major",
        "created_at": CREATED,
        "updated_at": "2026-08-14T00:00:00Z",
        "incident_updates": [
            {"status": "resolved", "body": "", "created_at": "2026-03-02T13:00:00Z"},
            {"status": "investigating", "body": "Looking", "created_at": CREATED},
        ],
    }
    incident = only(read("incidentio", {"page": {}, "incidents": [told]}).incidents)
    assert incident.resolved_timestamp_seconds == unix("2026-03-02T13:00:00Z")
    assert (incident.component_ids, incident.started_timestamp_seconds, incident.url) == ((), None, "")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("operational", State.OPERATIONAL),
        ("under_maintenance", State.OPERATIONAL),
        ("degraded_performance", State.DEGRADED),
        ("partial_outage", State.PARTIAL_OUTAGE),
        ("full_outage", State.MAJOR_OUTAGE),
        ("on_fire", None),
    ],
)
def test_every_native_component_word_has_its_state(word: str, state: State | None) -> None:
    page = a_native_summary(affected_components=[{"component_id": CHAT_ULID, "status": word}])
    component = component_of(read("incidentio", page), CHAT_ULID)
    assert (component.state, component.maintenance) == (state, word == "under_maintenance")


def test_a_native_component_that_is_not_affected_is_operational() -> None:
    assert component_of(read("incidentio", a_native_summary()), "FILES").state is State.OPERATIONAL


@pytest.mark.parametrize("odd", [None, {}, {"status": "full_outage"}, {"component_id": 3.5, "status": "full_outage"}])
def test_when_an_affected_entry_cannot_be_read_silence_proves_nothing(odd: object) -> None:
    affected = [odd, {"component_id": CHAT_ULID, "status": "degraded_performance"}]
    reading = read("incidentio", a_native_summary(affected_components=affected))
    assert component_of(reading, CHAT_ULID).state is State.DEGRADED
    assert component_of(reading, "FILES").state is None


def test_with_more_affected_entries_than_anybody_looks_at_silence_proves_nothing() -> None:
    affected = [{"component_id": f"C{i}", "status": "full_outage"} for i in range(1001)]
    assert component_of(read("incidentio", a_native_summary(affected_components=affected)), "FILES").state is None


def test_a_page_of_thousands_of_components_is_cut() -> None:
    items = [
        {
            "group": {
                "id": f"G{g}",
                "name": "g",
                "components": [{"component_id": f"C{g}-{i}", "name": "c"} for i in range(3)],
            }
        }
        for g in range(900)
    ]
    reading = read("incidentio", a_native_summary(structure={"items": items}))
    assert len(reading.components) <= 2000


def test_a_group_is_as_well_as_its_worst_member() -> None:
    page = a_native_summary(affected_components=[{"component_id": CHAT_ULID, "status": "full_outage"}])
    group = component_of(read("incidentio", page), "APIS")
    assert (group.name, group.state, group.word) == ("APIs", State.MAJOR_OUTAGE, "full_outage")


def test_a_group_with_an_unknown_member_is_not_operational() -> None:
    page = a_native_summary(affected_components=[{"component_id": CHAT_ULID, "status": "?"}])
    assert component_of(read("incidentio", page), "APIS").state is None


def test_a_component_that_only_the_structure_lists_is_found() -> None:
    page = a_native_summary(
        components=[], structure={"items": [{"component": {"component_id": "SOLO", "name": "Login"}}, {"odd": 1}]}
    )
    assert component_of(read("incidentio", page), "SOLO").name == "Login"


@pytest.mark.parametrize(
    ("word", "status", "open_"),
    [
        ("investigating", "investigating", True),
        ("identified", "identified", True),
        ("monitoring", "monitoring", True),
        ("resolved", "resolved", False),
        ("pondering", "unknown", True),
    ],
)
def test_every_native_incident_status_is_known(word: str, status: str, open_: bool) -> None:
    page = a_native_summary(ongoing_incidents=[a_native_incident(status=word)])
    incident = only(read("incidentio", page).incidents)
    assert (incident.status, incident.resolved_timestamp_seconds is None) == (status, open_)


@pytest.mark.parametrize(
    ("word", "impact"),
    [
        ("operational", "none"),
        ("degraded_performance", "minor"),
        ("partial_outage", "major"),
        ("full_outage", "critical"),
        ("on_fire", "unknown"),
    ],
)
def test_a_native_incident_is_as_grave_as_what_it_does_to_its_components(word: str, impact: str) -> None:
    told = a_native_incident(affected_components=[{"component_id": CHAT_ULID, "status": word}])
    incident = only(read("incidentio", a_native_summary(ongoing_incidents=[told])).incidents)
    assert (incident.impact, incident.component_ids, incident.text) == (impact, (CHAT_ULID,), "Looking now")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("maintenance_scheduled", "scheduled"),
        ("maintenance_in_progress", "in_progress"),
        ("maintenance_complete", "completed"),
    ],
)
def test_every_native_maintenance_status_is_known(word: str, status: str) -> None:
    told = a_native_incident(status=word, starts_at="2026-03-09T01:00:00Z")
    reading = read("incidentio", a_native_summary(scheduled_maintenances=[told]))
    maintenance = only(reading.maintenances)
    assert (maintenance.status, maintenance.impact) == (status, "maintenance")
    assert maintenance.started_timestamp_seconds == unix("2026-03-09T01:00:00Z")
    assert component_of(reading, CHAT_ULID).maintenance is (status == "in_progress")


def test_without_any_date_the_ulid_says_when_the_incident_was_created() -> None:
    told = a_native_incident(id=CHAT_ULID, published_at=None, updates=[])
    incident = only(read("incidentio", a_native_summary(ongoing_incidents=[told])).incidents)
    assert incident.declared_timestamp_seconds == ulid_time(CHAT_ULID)


def test_a_ulid_counts_milliseconds() -> None:
    assert ulid_time("01ARZ3NDEKTSV4RRFFQ69G5FAV") == 1469922850.259
    assert ulid_time("ZZZZZZZZZZTSV4RRFFQ69G5FAV") is None
    assert ulid_time("01ARZ3NDEK") is None


def test_an_incident_resolved_by_its_updates_has_their_time() -> None:
    updates = [
        {"to_status": "resolved", "message_string": "Done", "published_at": "2026-03-02T13:00:00Z"},
        {"to_status": "investigating", "message_string": "Looking", "published_at": CREATED},
    ]
    told = a_native_incident(status="resolved", updates=updates)
    incident = only(read("incidentio", a_native_summary(ongoing_incidents=[told])).incidents)
    assert (incident.resolved_timestamp_seconds, incident.text) == (unix("2026-03-02T13:00:00Z"), "Done")


def test_the_widget_tells_of_incidents_only() -> None:
    page = {
        "page_title": "OpenAI",
        "page_url": "https://status.openai.com",
        "ongoing_incidents": [a_native_incident(updates=None, last_update_message="Still looking")],
        "in_progress_maintenances": [a_native_incident(id="M", status="maintenance_in_progress")],
        "scheduled_maintenances": [],
    }
    reading = read("incidentio", page)
    assert (reading.components_known, only(reading.incidents).text) == (False, "Still looking")
    assert only(reading.maintenances).status == "in_progress"


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"summary": []},
        {"summary": {}},
        {"summary": {"components": {}}},
        a_native_summary(affected_components="none"),
        [],
    ],
)
def test_another_shape_is_no_incident_io_page(document: object) -> None:
    with pytest.raises(PageError):
        read("incidentio", document)
