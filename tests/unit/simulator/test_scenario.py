"""Time lines: what is in force when, at which speed, in which round; and what a wrong file is told."""

from pathlib import Path

import pytest

from aiprobe_simulator import ScenarioError, demo_scenario, load_scenario
from aiprobe_simulator.fields import duration_seconds
from aiprobe_simulator.scenario import parse_scenario
from aiprobe_simulator.timeline import Scenario, Timeline

TEXT = """
steps:
  - {at: 10s, for: 20s, provider: openai, fault: overloaded_529}
  - {at: 25s, provider: openai, model: "gpt-*", fault: stall, share: 0.5}
"""


def a_scenario(text: str = TEXT) -> Scenario:
    return parse_scenario(text, name="plan.yml")


def in_force(timeline: Timeline, now: float) -> list[str]:
    return [entry.behaviour.fault for entry in timeline.in_force(now)]


def test_a_step_is_in_force_from_its_start_to_its_end() -> None:
    timeline = Timeline(a_scenario(), 1_000.0)
    moments = {now: in_force(timeline, 1_000.0 + now) for now in (0, 9.9, 10, 24.9, 25, 29.9, 30, 1e6)}
    both = ["overloaded_529", "stall"]
    assert moments == {
        0: [],
        9.9: [],
        10: ["overloaded_529"],
        24.9: ["overloaded_529"],
        25: both,
        29.9: both,
        30: ["stall"],
        1e6: ["stall"],
    }


def test_speed_and_start_move_the_time_line() -> None:
    timeline = Timeline(a_scenario("speed: 10\nstart: 5s\n" + TEXT), 0.0)
    assert timeline.position(2.0) == (0, 25.0)
    assert in_force(timeline, 0.4) == []
    assert in_force(timeline, 0.5) == ["overloaded_529"]


def test_a_loop_begins_anew_after_its_length() -> None:
    timeline = Timeline(a_scenario("loop: true\nlength: 1m\n" + TEXT), 0.0)
    assert timeline.position(130.0) == (2, 10.0)
    assert in_force(timeline, 130.0) == ["overloaded_529"]
    assert in_force(timeline, 120.0) == []


def test_a_loop_is_as_long_as_its_last_step_when_nothing_else_is_said() -> None:
    scenario = a_scenario("loop: true\nsteps: [{at: 10, for: 20s, fault: stall}, {for: 5s, fault: reset}]")
    assert scenario.length_seconds == 30.0


def test_the_count_of_a_step_begins_anew_in_each_round() -> None:
    timeline = Timeline(a_scenario("loop: true\nsteps: [{at: 0, for: 10s, fault: stall, count: 1}]"), 0.0)
    timeline.in_force(1.0)[0].struck = 1
    assert timeline.in_force(2.0)[0].struck == 1
    assert timeline.in_force(12.0)[0].struck == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("90s", 90.0), ("1h30m", 5_400.0), ("250ms", 0.25), ("1.5m", 90.0), (7, 7.0), (0, 0.0), ("1d", 86_400.0)],
)
def test_durations_are_read(value: object, seconds: float) -> None:
    assert duration_seconds(value) == seconds


@pytest.mark.parametrize(
    "value", ["", "s", "10", "10 s", "-3s", -3, True, None, [], float("nan"), float("inf"), "1e9s"]
)
def test_what_is_no_duration_is_none(value: object) -> None:
    assert duration_seconds(value) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "plan.yml: must be a mapping with `steps`"),
        ("[]", "plan.yml: must be a mapping with `steps`"),
        ("a: [", "plan.yml:1: not YAML: expected the node content, but found '<stream end>'"),
        ("steps: []", "plan.yml: steps: must be a list with at least one step"),
        ("steps: [1]", "plan.yml: steps[0] must be a mapping"),
        ("steps: [{fault: stal}]", "plan.yml: steps[0].fault: there is no fault 'stal'; did you mean stall?"),
        ("steps: [{fault: stall, at: soon}]", "plan.yml: steps[0].at: must be a duration such as 90s or 1h30m"),
        ("steps: [{fault: stall, 1: 2}]", "plan.yml: steps[0].1: unknown key"),
        ("speed: 0\nsteps: [{fault: stall}]", "plan.yml: speed: must be a number above 0"),
        ("loop: 1\nsteps: [{fault: stall, for: 1s}]", "plan.yml: loop: must be true or false"),
        (
            "loop: true\nsteps: [{fault: stall}, {fault: stall, for: 1s}]",
            "plan.yml: length: required where a step of a loop has no `for`",
        ),
        ("loop: true\nlength: 0s\nsteps: [{fault: stall}]", "plan.yml: length: a loop needs one above 0"),
        (
            "pace: 1\nsteps: [{fault: stall}]",
            "plan.yml: pace: unknown key; the keys are epoch, speed, start, loop, length, steps",
        ),
    ],
)
def test_a_wrong_file_is_told_where_it_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        a_scenario(text)
    assert str(caught.value) == problem


def test_every_problem_of_a_file_is_told_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        a_scenario("speed: -1\nsteps: [{fault: stall, share: 2, params: {x: 1}}, {fault: x}]")
    assert len(str(caught.value).splitlines()) == 4


def test_a_file_is_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plan.yml"
    path.write_text(TEXT)
    assert load_scenario(path) == a_scenario()
    with pytest.raises(ScenarioError, match=r"absent\.yml: No such file"):
        load_scenario(tmp_path / "absent.yml")


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.yml"
    path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ScenarioError, match="larger than"):
        load_scenario(path)


def test_the_demo_shows_its_outcomes_within_two_minutes_and_an_outage_from_60_to_180_s() -> None:
    scenario = demo_scenario()
    timeline = Timeline(scenario, 0.0)
    early = {fault for now in range(120) for fault in in_force(timeline, float(now))}
    assert early >= {
        "overloaded_529",
        "wrong_answer",
        "truncated",
        "slow_first_token",
        "rate_limited_429",
        "unavailable_503",
    }
    outage = [now for now in range(240) if "unavailable_503" in in_force(timeline, float(now))]
    assert outage == list(range(60, 180))
    assert scenario.loop
    assert in_force(timeline, 30.0) == in_force(timeline, 270.0)
