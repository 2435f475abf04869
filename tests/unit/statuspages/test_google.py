"""Google Cloud's list of incidents: state by product, place by place, as far as anybody looks."""

from typing import Any

import pytest

from aiprobe.core.state import State
from aiprobe.core.statuspage import Component
from aiprobe.statuspages import PageError
from aiprobe.statuspages.google import LOOKED_AT
from tests.unit.statuspages.builders import a_google_incident, as_json, component_of, only, read, unix

GEMINI = "Z0FZJAMvEB4j3NbCJs6B"
VEO = "p5rCvyraXdeC6HFE8XJJ"


def gemini_of(*incidents: Any, **options: str) -> Component:
    return component_of(read("google", list(incidents), products=f"{GEMINI},{VEO}", **options), GEMINI)


def test_no_incident_at_all_means_operational() -> None:
    reading = read("google", [], products=f"{GEMINI}, {VEO}")
    assert [(one.id, one.state) for one in reading.components] == [
        (GEMINI, State.OPERATIONAL),
        (VEO, State.OPERATIONAL),
    ]


@pytest.mark.parametrize(
    ("word", "state", "impact"),
    [
        ("SERVICE_INFORMATION", State.DEGRADED, "minor"),
        ("SERVICE_DISRUPTION", State.PARTIAL_OUTAGE, "major"),
        ("SERVICE_OUTAGE", State.MAJOR_OUTAGE, "critical"),
        ("SERVICE_ON_FIRE", None, "unknown"),
        ("AVAILABLE", None, "unknown"),
    ],
)
def test_every_status_impact_has_its_state(word: str, state: State | None, impact: str) -> None:
    reading = read("google", [a_google_incident(status_impact=word)], products=GEMINI)
    component = component_of(reading, GEMINI)
    assert (component.state, component.word, only(reading.incidents).impact) == (state, word, impact)


def test_a_product_is_as_well_as_its_worst_open_incident() -> None:
    outage = a_google_incident(id="worse", status_impact="SERVICE_OUTAGE")
    assert gemini_of(a_google_incident(), outage).state is State.MAJOR_OUTAGE


def test_an_ended_incident_says_nothing_about_now() -> None:
    ended = a_google_incident(end="2026-03-02T13:00:00+00:00", status_impact="SERVICE_OUTAGE")
    reading = read("google", [ended], products=GEMINI)
    assert component_of(reading, GEMINI).state is State.OPERATIONAL
    assert only(reading.incidents).resolved_timestamp_seconds == unix("2026-03-02T13:00:00Z")


def test_an_incident_is_over_when_its_newest_update_says_available() -> None:
    update = {"when": "2026-03-02T12:55:00+00:00", "status": "AVAILABLE", "text": "Mitigated."}
    reading = read("google", [a_google_incident(end=None, most_recent_update=update)], products=GEMINI)
    assert component_of(reading, GEMINI).state is State.OPERATIONAL
    assert only(reading.incidents).resolved_timestamp_seconds == unix("2026-03-02T12:55:00Z")


def test_products_are_matched_by_id_whatever_their_title_is_now() -> None:
    renamed = [{"id": GEMINI, "title": "Vertex Gemini API", "current_title": "Gemini on Agent Platform"}]
    component = gemini_of(a_google_incident(affected_products=renamed))
    assert (component.name, component.state) == ("Gemini on Agent Platform", State.PARTIAL_OUTAGE)


def test_another_product_is_not_ours() -> None:
    reading = read(
        "google", [a_google_incident(affected_products=[{"id": "x", "title": "Cloud Run"}])], products=GEMINI
    )
    assert (component_of(reading, GEMINI).state, reading.incidents) == (State.OPERATIONAL, ())


@pytest.mark.parametrize(
    ("watched", "told", "ours"),
    [
        ("us-central1", ["us-central1"], True),
        ("europe-west4", ["us-central1"], False),
        ("europe-west4,us-central1", ["us-central1"], True),
        ("us-central1", ["global"], True),
        ("us-central1", ["us"], True),
        ("us", ["us-central1"], True),
        ("us-central1", ["us-central11"], False),
        ("us-central1", [], True),
        ("", ["us-central1"], True),
    ],
)
def test_an_incident_counts_where_we_are(watched: str, told: list[str], ours: bool) -> None:
    incident = a_google_incident(currently_affected_locations=[{"id": one, "title": one} for one in told])
    assert (gemini_of(incident, locations=watched).state is State.PARTIAL_OUTAGE) is ours


def test_an_open_incident_whose_places_moved_to_the_past_is_still_where_it_was() -> None:
    incident = a_google_incident(currently_affected_locations=[], previously_affected_locations=[{"id": "us-central1"}])
    assert gemini_of(incident, locations="us-central1").state is State.PARTIAL_OUTAGE
    assert gemini_of(incident, locations="europe-west4").state is State.OPERATIONAL


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        {},
        a_google_incident(affected_products=None),
        a_google_incident(id=None),
        a_google_incident(affected_products=[7]),
    ],
)
def test_when_an_open_incident_cannot_be_read_no_product_is_called_operational(odd: object) -> None:
    other = a_google_incident(affected_products=[{"id": VEO, "title": "Veo"}])
    reading = read("google", [odd, other], products=f"{GEMINI},{VEO}")
    assert component_of(reading, GEMINI).state is None
    assert component_of(reading, VEO).state is State.PARTIAL_OUTAGE


def test_an_ended_incident_that_cannot_be_read_raises_no_doubt() -> None:
    old = {"id": None, "end": "2022-01-01T00:00:00+00:00"}
    assert gemini_of(old, a_google_incident(affected_products=[{"id": VEO}])).state is State.OPERATIONAL


def test_times_text_and_link_are_told() -> None:
    incident = only(read("google", [a_google_incident()], products=GEMINI).incidents)
    assert incident.declared_timestamp_seconds == unix("2026-03-02T11:49:00Z")
    assert incident.started_timestamp_seconds == unix("2026-03-02T11:30:00Z")
    assert (incident.name, incident.text) == ("Elevated 429s on Gemini", "**Summary** still looking")
    assert incident.url == "https://status.cloud.google.com/incidents/aBc123"


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "https://evil.example/", 7, "x" * 300])
def test_an_odd_link_is_left_out(uri: object) -> None:
    assert only(read("google", [a_google_incident(uri=uri)], products=GEMINI).incidents).url == ""


def test_without_watched_products_those_that_are_told_of_are_listed() -> None:
    assert [one.id for one in read("google", [a_google_incident()]).components] == [GEMINI]


def test_only_the_newest_incidents_are_looked_at() -> None:
    ended = a_google_incident(end="2026-03-02T13:00:00+00:00")
    beyond = a_google_incident(status_impact="SERVICE_OUTAGE")
    assert gemini_of(*[ended] * LOOKED_AT, beyond).state is State.OPERATIONAL
    assert gemini_of(*[ended] * (LOOKED_AT - 1), beyond).state is State.MAJOR_OUTAGE


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[",
        b"[[]",
        b"[{}",
        b"[,]",
        b"[1,]",
        b"[1 2]",
        b"[] []",
        b"[]]",
        b"\xff\xfe[]",
        b"null",
        b'["a" "b"]',
        b"[tru]",
    ],
)
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(PageError):
        read("google", body)


def test_whitespace_and_a_byte_order_mark_do_not_matter() -> None:
    spaced = (
        b"\xef\xbb\xbf\n [ \n" + as_json(a_google_incident()) + b" , \n" + as_json(a_google_incident(id="b")) + b"\n]\n"
    )
    assert [one.id for one in read("google", spaced).incidents] == ["aBc123", "b"]
    assert read("google", b" [ \n ] ").incidents == ()
