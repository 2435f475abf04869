"""What was observed, in the form of an Atlassian Statuspage: our own reader of such pages reads it back."""

import json
from typing import Any

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.state import State
from aiprobe.core.statuspage import Reading
from aiprobe.incidents.keeper import IncidentKeeper
from aiprobe.incidents.statuspage import PARTS, component_id, document
from aiprobe.statuspages import atlassian
from tests.unit.incidents.builders import HOUR, MINUTE, NOON, Failure, World, claude_chat

API = ("anthropic", "Claude API")
STATES = [None, *State]


def part(name: str, states: dict[tuple[str, str], State | None], *incidents: Any) -> Reading:
    """Return one document as the reader of Statuspages reads it."""
    found = document(name, states, incidents, name="aiprobe", now=NOON)
    return atlassian.read(json.dumps(found).encode(), options={})


def an_incident(until: float) -> Any:
    world = World([claude_chat()], [Failure("opus", NOON, NOON + 30 * MINUTE)])
    world.run(NOON - HOUR / 2, until)
    (incident,) = (*world.book.open(), *world.book.recent())
    return incident


@pytest.mark.parametrize("state", STATES)
def test_a_reader_of_statuspages_reads_each_state_back(state: State | None) -> None:
    for name in ("summary", "components"):
        (component,) = part(name, {API: state}).components
        assert (component.id, component.state) == (component_id(*API), state)


@pytest.mark.parametrize(
    ("states", "indicator"),
    [
        ([], "unknown"),
        ([None], "unknown"),
        ([State.OPERATIONAL, None], "unknown"),
        ([State.OPERATIONAL], "none"),
        ([State.OPERATIONAL, State.DEGRADED], "minor"),
        ([State.PARTIAL_OUTAGE, None], "major"),
        ([State.MAJOR_OUTAGE, State.PARTIAL_OUTAGE, State.OPERATIONAL], "critical"),
    ],
)
def test_the_page_is_green_only_when_all_of_it_was_measured(states: list[State | None], indicator: str) -> None:
    surfaces = {("p", f"s{number}"): state for number, state in enumerate(states)}
    found = document("status", surfaces, (), name="aiprobe", now=NOON)
    assert found is not None
    assert found["status"]["indicator"] == indicator


def test_an_open_incident_is_unresolved_and_names_its_component() -> None:
    (incident,) = part("summary", {API: State.MAJOR_OUTAGE}, an_incident(NOON + 20 * MINUTE)).incidents
    assert (incident.status, incident.component_ids) == ("investigating", (component_id(*API),))
    assert incident.started_timestamp_seconds == NOON
    assert incident.resolved_timestamp_seconds is None


def test_a_closed_incident_is_in_the_list_but_not_in_the_summary() -> None:
    closed = an_incident(NOON + HOUR)
    assert part("summary", {API: State.OPERATIONAL}, closed).incidents == ()
    (incident,) = part("incidents", {API: State.OPERATIONAL}, closed).incidents
    assert incident.resolved_timestamp_seconds == NOON + 30 * MINUTE


def test_there_are_the_five_documents_and_no_others() -> None:
    assert all(document(name, {}, (), name="aiprobe", now=NOON) is not None for name in PARTS)
    assert document("users", {}, (), name="aiprobe", now=NOON) is None


class Nowhere:
    def replace(self, short: str, values: Any) -> None: ...

    def replace_for(self, target: str, short: str, values: Any) -> None: ...

    def write(self, incidents: Any) -> None: ...


def test_a_surface_that_no_probe_has_measured_yet_is_unknown() -> None:
    keeper = IncidentKeeper(Nowhere(), Nowhere(), clock=Clock(wall=lambda: NOON))
    keeper.prepare([claude_chat()])()
    found = keeper.statuspage("summary")
    assert found is not None
    assert [component["status"] for component in found["components"]] == ["unknown"]


def test_since_leaves_out_what_was_over_before() -> None:
    keeper = IncidentKeeper(Nowhere(), Nowhere(), clock=Clock(wall=lambda: NOON + HOUR))
    world = World([claude_chat()], [Failure("opus", NOON, NOON + 30 * MINUTE)], book=keeper.book)
    world.run(NOON - HOUR / 2, NOON + HOUR)
    assert len(keeper.ndjson(10).splitlines()) == 1
    assert len(keeper.ndjson(10, NOON + 29 * MINUTE).splitlines()) == 1
    assert keeper.ndjson(10, NOON + 31 * MINUTE) == ""
