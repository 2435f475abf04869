"""What a person may write about a status page, and what a wrong step or command is told."""

from typing import Any

import pytest

from aiprobe_simulator import ScenarioError
from aiprobe_simulator.fields import Moments, utc_timestamp_seconds
from aiprobe_simulator.scenario import parse_scenario
from aiprobe_simulator.statuspages.declaration import Declaration, Update
from aiprobe_simulator.statuspages.faults import PageBehaviour, page_behaviour
from aiprobe_simulator.statuspages.reading import declaration, update
from tests.unit.simulator.pagebuilders import API, CLAUDE_AI, CONSOLE, NOON, at


def problems_of(fields: dict[str, Any], *, lasts_seconds: float | None = None) -> list[str]:
    with pytest.raises(ValueError, match=r".") as caught:
        declaration(fields, lasts_seconds=lasts_seconds)
    return str(caught.value).splitlines()


def test_a_whole_declaration_is_read() -> None:
    fields = {
        "page": "claude",
        "components": ["claude.ai", CONSOLE],
        "state": "partial_outage",
        "incident": "Elevated errors",
        "impact": "major",
        "status": "identified",
        "text": "We know.",
        "id": "0ghc53zpsfmt",
        "locations": ["us"],
        "backdated": "10m",
        "updates": [{"after": "90s", "status": "resolved", "component": "Claude API", "state": "operational"}],
    }
    assert declaration(fields, lasts_seconds=120) == Declaration(
        page="claude",
        subject="incident",
        title="Elevated errors",
        components=(CLAUDE_AI, CONSOLE),
        state="partial_outage",
        impact="major",
        status="identified",
        text="We know.",
        id="0ghc53zpsfmt",
        locations=("us",),
        backdated_seconds=600,
        lasts_seconds=120,
        updates=(Update(after_seconds=90, status="resolved", state="operational", components=(API,)),),
    )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "page: required, the name of a status page"),
        ({"page": 7}, "page: required, the name of a status page"),
        ({"page": "cluade"}, "page: there is no page 'cluade'; did you mean claude?"),
        ({"colour": "red"}, "colour: unknown key"),
        ({"compnent": "x"}, "compnent: unknown key; did you mean component?"),
        ({"component": "Claude APY"}, "component: the page claude has no component 'Claude APY'"),
        ({"component": 7}, "component: must be the name or the id of a component"),
        ({"components": "claude.ai"}, "components: must be a list"),
        ({"components": [API, ""]}, "components[1]: must be the name or the id of a component"),
        ({"component": API, "components": [API]}, "components: use component or components, not both"),
        ({"component": API, "state": "broken"}, "state: must be one of operational, under_maintenance,"),
        ({"state": "major_outage"}, "state: needs a component that it is the state of"),
        ({}, "state: name a state, an incident, a maintenance or a fault"),
        ({"incident": ""}, "incident: must be a text of up to 200 characters"),
        ({"incident": "x" * 201}, "incident: must be a text of up to 200 characters"),
        ({"incident": 7}, "incident: must be a text of up to 200 characters"),
        ({"incident": "x", "maintenance": "y"}, "maintenance: use incident or maintenance, not both"),
        ({"maintenance": "y"}, "for: a maintenance needs one, how long it is planned to last"),
        ({"incident": "x", "impact": "huge"}, "impact: must be one of none, minor, major, critical"),
        ({"incident": "x", "status": "scheduled"}, "status: must be one of investigating, identified,"),
        ({"maintenance": "x", "status": "resolved"}, "status: must be one of scheduled, in_progress,"),
        ({"component": API, "state": "operational", "status": "resolved"}, "status: is for an incident or a maint"),
        ({"incident": "x", "text": ["y"]}, "text: must be a text of up to 5000 characters"),
        ({"incident": "x", "id": "a/b"}, "id: must be up to 64 letters and digits"),
        ({"component": API, "state": "operational", "id": "abc"}, "id: must be up to 64 letters and digits"),
        ({"incident": "x", "notice": "5m"}, "notice: is for a maintenance only"),
        ({"maintenance": "x", "backdated": "5m"}, "backdated: is for an incident only"),
        ({"incident": "x", "backdated": "soon"}, "backdated: must be a duration such as 90s or 1h30m"),
        ({"incident": "x", "locations": "us"}, "locations: must be a list of names"),
        ({"incident": "x", "locations": [1]}, "locations: must be a list of names"),
        ({"page": "google", "component": "Imagen", "state": "major_outage"}, "state: the page google contains incid"),
        ({"page": "aws", "maintenance": "x"}, "maintenance: the page aws contains incidents only; name an incident"),
        ({"incident": "x", "updates": {}}, "updates: must be a list"),
        ({"incident": "x", "updates": ["y"]}, "updates[0]: must be a mapping"),
        ({"incident": "x", "updates": [{"status": "resolved"}]}, "updates[0].after: required, a duration such as 90s"),
        ({"incident": "x", "updates": [{"after": 1}]}, "updates[0].status: name a status, a text or a state"),
        ({"incident": "x", "updates": [{"after": 1, "status": "gone"}]}, "updates[0].status: must be one of"),
        ({"incident": "x", "updates": [{"after": 1, "text": "y", "when": 2}]}, "updates[0].when: unknown key"),
        ({"incident": "x", "updates": [{"after": 1, "state": "operational"}]}, "updates[0].state: needs a component"),
        (
            {"incident": "x", "updates": [{"after": 9, "text": "y"}, {"after": 8, "text": "y"}]},
            "updates[1].after: comes before the update above it",
        ),
        ({"incident": "x", "updates": [{"after": 1, "text": "y"}] * 101}, "updates: more than 100"),
    ],
)
def test_a_wrong_declaration_is_told_where_it_is_wrong(fields: dict[str, Any], problem: str) -> None:
    told = problems_of(fields if "page" in fields or not fields else {"page": "claude", **fields})
    assert [one for one in told if one.startswith(problem)] != []


def test_every_problem_is_told_at_once() -> None:
    fields = {"page": "claude", "component": "x", "state": "y", "incident": "", "updates": [{"after": -1}]}
    assert len(problems_of(fields)) == 5


def test_an_update_after_the_end_is_refused() -> None:
    fields = {"page": "claude", "incident": "x", "updates": [{"after": "61s", "status": "resolved"}]}
    assert problems_of(fields, lasts_seconds=60) == ["updates[0].after: comes after the end of the step"]


def test_a_maintenance_marks_its_component_unless_it_says_otherwise() -> None:
    fields = {"page": "claude", "component": API, "maintenance": "x"}
    told = [declaration({**fields, **more}, lasts_seconds=1).state for more in ({}, {"state": "operational"})]
    assert told == ["under_maintenance", "operational"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"status": "gone"}, "status: must be one of"),
        ({"after": "5s", "status": "resolved"}, "after: an update that is made by hand comes now"),
        ({"state": "operational"}, "state: needs a component that it is the state of"),
        ({}, "status: name a status, a text or a state"),
    ],
)
def test_a_wrong_update_is_refused(fields: dict[str, Any], problem: str) -> None:
    told = declaration({"page": "claude", "incident": "x"})
    with pytest.raises(ValueError, match=problem):
        update(told, fields, after_seconds=5)


def test_a_fault_of_a_page_is_read() -> None:
    fields = {"page": "google-cloud", "fault": "rate_limited_429", "path": None, "params": {"retry_after_seconds": 5}}
    assert page_behaviour(fields) == PageBehaviour(
        page="google", fault="rate_limited_429", params={"retry_after_seconds": 5}
    )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"fault": "overloaded_529"}, "fault: a status page has no fault 'overloaded_529'"),
        ({"fault": "challenge_504"}, "fault: a status page has no fault 'challenge_504'; did you mean challenge_40"),
        ({"fault": None}, "fault: a status page has no fault None"),
        ({"fault": "empty", "page": "nope"}, "page: there is no page 'nope'"),
        ({"fault": "empty", "path": 7}, "path: must be a text"),
        ({"fault": "empty", "share": 2}, "share: must be a number from 0 to 1"),
        ({"fault": "empty", "count": 0}, "count: must be an integer above 0"),
        ({"fault": "empty", "model": "x"}, "model: unknown key"),
        ({"fault": "empty", "params": {"bytes": 1}}, "params.bytes: empty has no such parameter; it takes none"),
        ({"fault": "huge", "params": {"bytes": -1}}, "params.bytes: must be a number from 0 to 1e9"),
        ({"fault": "huge", "params": 7}, "params: must be a mapping"),
        ({"fault": "component_missing", "params": {"component": "x"}}, "params.component: the page claude has no com"),
    ],
)
def test_a_wrong_fault_of_a_page_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        page_behaviour({"page": "claude", **fields})
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ("{page: cluade, incident: x}", "steps[0].page: there is no page 'cluade'; did you mean claude?"),
        ("{page: claude, incident: x, at: soon}", "steps[0].at: must be a duration such as 90s or 1h30m"),
        ("{page: claude, fault: emty}", "steps[0].fault: a status page has no fault 'emty'; did you mean empty?"),
        ("{page: claude, incident: x, for: 1s, until: 2s}", "steps[0].until: use for or until, not both"),
        ("{page: claude, incident: x, at: 5s, until: 2s}", "steps[0].until: comes before the beginning of the step"),
        (
            "{page: claude, incident: x, at: 5s, updates: [{at: 2s, status: resolved}]}",
            "steps[0].updates[0].at: comes before the beginning of the step",
        ),
        (
            "{page: claude, incident: x, updates: [{at: 2s, after: 2s, status: resolved}]}",
            "steps[0].updates[0].at: use at or after, not both",
        ),
        ("{page: claude, incident: x, updates: 7}", "steps[0].updates: must be a list"),
    ],
)
def test_a_wrong_step_is_told_with_file_and_path(step: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(f"steps: [{step}]", name="plan.yml")
    assert str(caught.value) == f"plan.yml: {problem}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("epoch: noon\nsteps: [{fault: stall}]", "plan.yml: epoch: must be a moment such as 2026-03-02T11:30Z"),
        (
            "epoch: 2026-03-02T11:30Z\nsteps: [{fault: stall, at: 2026-03-02T11:29Z}]",
            "plan.yml: steps[0].at: must be a duration such as 90s or 1h30m or a moment after the epoch",
        ),
        (
            "steps: [{fault: stall, at: 2026-03-02T11:29Z}]",
            "plan.yml: steps[0].at: must be a duration such as 90s or 1h30m",
        ),
        ("epoch: 2026-13-45T25:99:99Z\nsteps: [{fault: stall}]", "plan.yml: not YAML: month must be in 1..12"),
    ],
)
def test_a_wrong_moment_is_told(text: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, name="plan.yml")
    assert str(caught.value) == problem


def test_steps_may_tell_times_of_a_real_day() -> None:
    text = """
    epoch: 2026-03-02T11:30Z
    steps:
      - {at: 2026-03-02T11:40:00Z, until: 2026-03-02T15:40+01:00, fault: stall}
      - at: 2026-03-02T12:00Z
        until: 1h30m
        page: claude
        incident: x
        updates: [{at: 2026-03-02T12:30Z, status: identified}, {after: 45m, status: monitoring}]
    """
    scenario = parse_scenario(text, name="plan.yml")
    assert scenario.epoch_timestamp_seconds == at("2026-03-02T11:30Z")
    assert [(one.at_seconds, one.lasts_seconds) for one in scenario.steps] == [(600, 3 * 3_600)]
    (declared,) = scenario.declared
    assert (declared.at_seconds, declared.declaration.lasts_seconds) == (1_800, 3_600)
    assert [one.after_seconds for one in declared.declaration.updates] == [1_800, 2_700]


@pytest.mark.parametrize("value", ["2026-10-01", "2026-10-01T12:00", "T", "noonT", 7, None, True])
def test_what_has_no_offset_is_no_moment(value: object) -> None:
    assert utc_timestamp_seconds(value) is None


def test_moments_are_durations_where_there_is_no_epoch() -> None:
    assert (Moments().seconds("90s"), Moments().seconds("2026-10-01T12:00Z")) == (90, None)
    assert (Moments(NOON).seconds("90s"), Moments(NOON).seconds("2026-10-01T12:01Z")) == (90, 60)
