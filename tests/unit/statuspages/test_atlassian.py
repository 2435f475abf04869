"""Atlassian Statuspage: summary, components and incidents."""

import pytest

from aiprobe.core.state import State
from aiprobe.statuspages import PageError
from tests.unit.statuspages.builders import (
    CREATED,
    UPDATED,
    a_component,
    a_summary,
    an_incident,
    an_update,
    component_of,
    only,
    read,
    unix,
)


@pytest.mark.parametrize(
    ("word", "state", "maintenance"),
    [
        ("operational", State.OPERATIONAL, False),
        ("under_maintenance", State.OPERATIONAL, True),
        ("degraded_performance", State.DEGRADED, False),
        ("partial_outage", State.PARTIAL_OUTAGE, False),
        ("major_outage", State.MAJOR_OUTAGE, False),
    ],
)
def test_every_component_word_has_its_state(word: str, state: State, maintenance: bool) -> None:
    reading = read("atlassian", a_summary(components=[a_component(status=word)]))
    component = component_of(reading, "k8w3r06qmzrp")
    assert (component.state, component.maintenance, component.word) == (state, maintenance, word)


@pytest.mark.parametrize(
    "word", ["on_fire", "Operational", "", None, 0, ["operational"], {"status": "operational"}, True]
)
def test_a_word_that_nobody_knows_is_unknown_never_operational(word: object) -> None:
    reading = read("atlassian", a_summary(components=[a_component(status=word)]))
    assert component_of(reading, "k8w3r06qmzrp").state is None


def test_an_unknown_word_is_kept_for_people_printable_and_short() -> None:
    reading = read("atlassian", a_summary(components=[a_component(status="on\x00\u202efire " + "x" * 90)]))
    word = component_of(reading, "k8w3r06qmzrp").word
    assert word.startswith("on fire xxx")
    assert len(word) == 40
    assert word.isprintable()


@pytest.mark.parametrize("impact", ["none", "minor", "major", "critical", "maintenance"])
def test_every_impact_is_kept(impact: str) -> None:
    assert only(read("atlassian", a_summary(incidents=[an_incident(impact=impact)])).incidents).impact == impact


@pytest.mark.parametrize("impact", ["catastrophic", None, 3, "unknown"])
def test_another_impact_is_unknown(impact: object) -> None:
    assert only(read("atlassian", a_summary(incidents=[an_incident(impact=impact)])).incidents).impact == "unknown"


@pytest.mark.parametrize("status", ["investigating", "identified", "monitoring"])
def test_an_incident_in_work_is_open(status: str) -> None:
    incident = only(read("atlassian", a_summary(incidents=[an_incident(status=status)])).incidents)
    assert (incident.status, incident.resolved_timestamp_seconds) == (status, None)


@pytest.mark.parametrize("status", ["resolved", "postmortem"])
def test_a_finished_incident_was_resolved_when_the_page_says(status: str) -> None:
    told = an_incident(status=status, resolved_at="2026-03-02T15:47:00Z")
    incident = only(read("atlassian", {"incidents": [told]}).incidents)
    assert incident.resolved_timestamp_seconds == unix("2026-03-02T15:47:00Z")


def test_without_resolved_at_the_first_update_that_says_resolved_counts() -> None:
    updates = [
        an_update(status="postmortem", created_at="2026-03-05T09:00:00Z"),
        an_update(status="resolved", created_at="2026-03-02T15:47:00Z"),
        an_update(),
    ]
    told = an_incident(status="postmortem", incident_updates=updates)
    assert only(read("atlassian", {"incidents": [told]}).incidents).resolved_timestamp_seconds == unix(
        "2026-03-02T15:47:00Z"
    )


def test_an_incident_opened_again_is_open_whatever_its_old_resolution() -> None:
    told = an_incident(status="investigating", resolved_at="2026-03-02T15:47:00Z")
    assert only(read("atlassian", {"incidents": [told]}).incidents).resolved_timestamp_seconds is None


@pytest.mark.parametrize("status", ["scheduled", "in_progress", "verifying", "completed"])
def test_every_maintenance_status_is_kept(status: str) -> None:
    told = an_incident(status=status, impact="maintenance", scheduled_for="2026-03-09T01:00:00Z")
    maintenance = only(read("atlassian", a_summary(scheduled_maintenances=[told])).maintenances)
    assert (maintenance.status, maintenance.impact) == (status, "maintenance")
    assert maintenance.started_timestamp_seconds == unix("2026-03-09T01:00:00Z")
    assert (maintenance.resolved_timestamp_seconds is not None) == (status == "completed")


@pytest.mark.parametrize(("status", "marked"), [("scheduled", False), ("in_progress", True), ("verifying", True)])
def test_a_maintenance_under_way_marks_its_components(status: str, marked: bool) -> None:
    told = an_incident(status=status, impact="maintenance")
    reading = read("atlassian", a_summary(scheduled_maintenances=[told]))
    assert component_of(reading, "k8w3r06qmzrp").maintenance is marked


def test_a_back_dated_start_is_kept_apart_from_when_the_page_first_spoke() -> None:
    told = an_incident(started_at="2026-03-02T11:04:00Z", updated_at="2026-08-14T00:00:00Z")
    incident = only(read("atlassian", a_summary(incidents=[told])).incidents)
    assert incident.declared_timestamp_seconds == unix(CREATED)
    assert incident.started_timestamp_seconds == unix("2026-03-02T11:04:00Z")


def test_without_created_at_the_oldest_update_was_the_first_word() -> None:
    updates = [an_update(created_at="2026-03-02T13:00:00Z"), an_update(created_at="2026-03-02T12:00:00Z")]
    told = an_incident(created_at=None, started_at=None, incident_updates=updates)
    incident = only(read("atlassian", a_summary(incidents=[told])).incidents)
    assert incident.declared_timestamp_seconds == unix("2026-03-02T12:00:00Z")


def test_the_text_is_the_newest_update_on_one_line_without_markup() -> None:
    updates = [
        an_update(body="old", created_at="2026-03-02T12:00:00Z"),
        an_update(body="<p>A fix &amp; more\nis <b>live</b>.</p><script>x</script>", created_at="2026-03-02T13:00:00Z"),
    ]
    incident = only(read("atlassian", a_summary(incidents=[an_incident(incident_updates=updates)])).incidents)
    assert incident.text == "A fix & more is live. x"


def test_an_endless_update_is_cut() -> None:
    told = an_incident(incident_updates=[an_update(body="word " * 10_000)])
    text = only(read("atlassian", a_summary(incidents=[told])).incidents).text
    assert len(text) <= 300
    assert text.endswith("…")


def test_a_component_may_go_operational_while_its_incident_is_still_open() -> None:
    told = an_incident(status="monitoring", components=[a_component(status="operational")])
    reading = read("atlassian", a_summary(incidents=[told]))
    assert component_of(reading, "k8w3r06qmzrp").state is State.OPERATIONAL
    assert only(reading.incidents).resolved_timestamp_seconds is None
    assert only(reading.incidents).component_ids == ("k8w3r06qmzrp",)


def test_components_that_only_the_updates_name_are_found() -> None:
    affected = [
        {"code": "rwppv331jlwc", "name": "claude.ai", "old_status": "operational", "new_status": "major_outage"}
    ]
    updates = [an_update(affected_components=None), an_update(affected_components=affected)]
    told = an_incident(components=[], incident_updates=updates)
    assert only(read("atlassian", a_summary(incidents=[told])).incidents).component_ids == ("rwppv331jlwc",)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://user@evil.example/", "//x", 7, "https://a/'onload='", "http://[::1"]
)
def test_only_a_plain_web_address_becomes_a_link(link: object) -> None:
    assert only(read("atlassian", a_summary(incidents=[an_incident(shortlink=link)])).incidents).url == ""


def test_the_page_tells_when_it_was_edited() -> None:
    assert read("atlassian", a_summary()).updated_timestamp_seconds == unix(UPDATED)


def test_a_malformed_component_is_left_out_and_the_rest_stands() -> None:
    odd = [None, 7, "operational", {}, {"id": "x"}, {"id": "", "name": "y"}, {"id": ["x"], "name": "y"}]
    reading = read("atlassian", a_summary(components=[*odd, a_component()]))
    assert [one.id for one in reading.components] == ["k8w3r06qmzrp"]


def test_a_malformed_incident_leaves_the_components_standing() -> None:
    reading = read(
        "atlassian",
        a_summary(
            incidents=[
                {"id": "x"},
                None,
                an_incident(created_at="soon", started_at=0, updated_at=[], incident_updates="none"),
            ]
        ),
    )
    assert reading.incidents == ()
    assert component_of(reading, "k8w3r06qmzrp").state is State.OPERATIONAL


def test_when_no_component_makes_sense_it_is_another_kind_of_page() -> None:
    with pytest.raises(PageError, match="not one of 2 components"):
        read("atlassian", a_summary(components=[{"uid": 1}, {"uid": 2}]))


@pytest.mark.parametrize(
    "document", [{}, {"page": {}, "status": {}}, {"components": {}}, {"components": "all"}, [], 7, None]
)
def test_another_shape_is_no_statuspage(document: object) -> None:
    with pytest.raises(PageError):
        read("atlassian", document)


def test_a_component_told_twice_counts_once() -> None:
    reading = read("atlassian", a_summary(components=[a_component(), a_component(status="major_outage")]))
    assert [one.state for one in reading.components] == [State.OPERATIONAL]


def test_incidents_alone_say_nothing_about_components() -> None:
    reading = read("atlassian", {"incidents": [an_incident()]})
    assert (reading.components, reading.components_known) == ((), False)


def test_more_than_anybody_can_look_at_is_cut() -> None:
    many = [a_component(id=f"c{i}") for i in range(3000)]
    reading = read("atlassian", a_summary(components=many, incidents=[an_incident(id=f"i{i}") for i in range(500)]))
    assert (len(reading.components), len(reading.incidents)) == (1000, 100)
