"""AWS Health's current events."""

import json
from typing import Any

import pytest

from aiprobe.core.state import State
from aiprobe.statuspages import PageError
from tests.unit.statuspages.builders import an_aws_event, as_aws, component_of, only, read

WATCHED = "bedrock-us-east-1"


def state_of(*events: Any, services: str = WATCHED) -> State | None:
    return component_of(read("aws", as_aws(list(events)), services=services), WATCHED).state


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-8", "utf-8-sig", "utf-32"])
def test_the_encoding_is_found_from_the_bytes(encoding: str) -> None:
    body = json.dumps([an_aws_event(summary="Errors: é")]).encode(encoding)
    assert only(read("aws", body, services=WATCHED).incidents).name == "Errors: é"


def test_utf_16_big_endian_behind_a_byte_order_mark_is_read() -> None:
    assert state_of(an_aws_event()) is State.PARTIAL_OUTAGE


def test_an_empty_list_means_that_watched_services_are_operational() -> None:
    reading = read("aws", as_aws([]), services="bedrock-us-east-1, bedrock-eu-west-1")
    assert [one.state for one in reading.components] == [State.OPERATIONAL, State.OPERATIONAL]


@pytest.mark.parametrize(
    ("digit", "state", "impact", "word"),
    [
        ("0", State.OPERATIONAL, "none", "operational"),
        ("1", State.DEGRADED, "minor", "informational"),
        ("2", State.PARTIAL_OUTAGE, "major", "degradation"),
        ("3", State.MAJOR_OUTAGE, "critical", "disruption"),
        (3, State.MAJOR_OUTAGE, "critical", "disruption"),
        ("9", None, "unknown", "9"),
        (None, None, "unknown", ""),
        (True, None, "unknown", ""),
    ],
)
def test_every_status_digit_has_its_state(digit: object, state: State | None, impact: str, word: str) -> None:
    reading = read("aws", as_aws([an_aws_event(status=digit)]), services=WATCHED)
    component = component_of(reading, WATCHED)
    assert (component.state, component.word, only(reading.incidents).impact) == (state, word, impact)


def test_a_resolved_event_is_resolved_when_it_was_last_spoken_of() -> None:
    incident = only(read("aws", as_aws([an_aws_event(status="0")]), services=WATCHED).incidents)
    assert (incident.status, incident.resolved_timestamp_seconds) == ("resolved", 1772452800.0)


def test_an_event_with_an_end_is_over_whatever_its_digit() -> None:
    assert state_of(an_aws_event(status="3", endTime=1772453000)) is State.OPERATIONAL


def test_an_open_event_tells_when_it_began_and_when_aws_first_spoke() -> None:
    incident = only(read("aws", as_aws([an_aws_event()]), services=WATCHED).incidents)
    assert (incident.started_timestamp_seconds, incident.declared_timestamp_seconds) == (1772452200.0, 1772452500.0)
    assert (incident.id, incident.text) == ("AWS_BEDROCK_OPERATIONAL_ISSUE_1", "We confirm errors.")
    assert incident.resolved_timestamp_seconds is None


def test_other_services_and_regions_are_not_ours() -> None:
    events = [an_aws_event(service="bedrock-eu-west-1"), an_aws_event(service="ec2-us-east-1")]
    reading = read("aws", as_aws(events), services=WATCHED)
    assert (component_of(reading, WATCHED).state, reading.incidents) == (State.OPERATIONAL, ())


def test_an_event_of_many_services_counts_for_each_by_its_own_digit() -> None:
    many = {WATCHED: {"service_name": "Amazon Bedrock", "current": "1", "max": "3"}, "s3-us-east-1": {"current": "3"}}
    event = an_aws_event(service="multipleservices-us-east-1", status="3", impacted_services=many)
    assert state_of(event) is State.DEGRADED


def test_a_plain_list_of_impacted_services_is_understood() -> None:
    event = an_aws_event(service="multipleservices-us-east-1", status="3", impacted_services=[WATCHED, 7])
    assert state_of(event) is State.MAJOR_OUTAGE


@pytest.mark.parametrize("odd", [None, 7, {}, {"status": "3"}, an_aws_event(date="soon", event_log=None)])
def test_when_an_event_cannot_be_read_the_watched_service_is_unknown(odd: object) -> None:
    assert state_of(odd, an_aws_event(service="ec2-us-east-1")) is None


def test_an_unreadable_event_of_another_service_raises_no_doubt() -> None:
    assert state_of(an_aws_event(service="ec2-us-east-1", date=None, event_log=None)) is State.OPERATIONAL


def test_milliseconds_are_understood() -> None:
    incident = only(read("aws", as_aws([an_aws_event(date="1772452200000", event_log=[])]), services=WATCHED).incidents)
    assert incident.declared_timestamp_seconds == 1772452200.0


def test_an_event_without_an_arn_has_a_stable_id() -> None:
    incident = only(read("aws", as_aws([an_aws_event(arn=None)]), services=WATCHED).incidents)
    assert incident.id == "bedrock-us-east-1_1772452500"


def test_without_watched_services_those_that_are_told_of_are_listed() -> None:
    assert [one.id for one in read("aws", as_aws([an_aws_event()])).components] == [WATCHED]


@pytest.mark.parametrize("body", [b"\xfe\xff", as_aws({}), as_aws([7]), as_aws([])[:-1], b"\xfe\xff\xd8\x00", b"\xff"])
def test_another_shape_is_no_list_of_events(body: bytes) -> None:
    with pytest.raises(PageError):
        read("aws", body, services=WATCHED)
