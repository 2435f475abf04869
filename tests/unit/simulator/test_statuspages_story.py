"""When a page says what: steps on the time line, their ends, rounds, speed; and what is told by hand against them."""

import pytest

from aiprobe_simulator import Simulator
from aiprobe_simulator.scenario import parse_scenario
from aiprobe_simulator.statuspages.pages import MOST_BY_HAND
from aiprobe_simulator.timeline import Timeline
from tests.unit.simulator.pagebuilders import API, NOON, Clock, a_world, at, get, states, summary

STORY = """
steps:
  - at: 90s
    for: 5m
    page: claude
    component: Claude API
    state: major_outage
    incident: Elevated errors on the API
    status: investigating
    updates:
      - {after: 1m, status: identified}
      - {after: 3m, status: monitoring, state: operational}
      - {after: 5m, status: resolved, text: Over.}
"""

LOOP = "loop: true\nlength: 60s\nsteps: ["


async def incidents(sim: Simulator, page: str = "claude") -> list[tuple[str, str, str | None]]:
    """(title, status, time of resolution) of every incident of a page, newest first."""
    listed = (await get(sim, page, "api/v2/incidents.json")).json["incidents"]
    return [(one["name"], one["status"], one["resolved_at"]) for one in listed]


async def test_a_page_follows_its_time_line_and_is_green_before_its_incident_ends() -> None:
    clock = Clock()
    async with a_world(clock, text=STORY) as sim:
        seen = []
        for now in (0, 89.9, 90, 149.9, 150, 269.9, 270, 389.9, 390):
            clock.now = now
            seen.append((now, await states(sim), [one["status"] for one in (await summary(sim))["incidents"]]))
        ((title, status, resolved),) = await incidents(sim)
    down = {"Claude API": "major_outage"}
    assert seen == [
        (0, {}, []),
        (89.9, {}, []),
        (90, down, ["investigating"]),
        (149.9, down, ["investigating"]),
        (150, down, ["identified"]),
        (269.9, down, ["identified"]),
        (270, {}, ["monitoring"]),
        (389.9, {}, ["monitoring"]),
        (390, {}, []),
    ]
    assert (title, status, resolved) == ("Elevated errors on the API", "resolved", "2026-10-01T12:06:30.000Z")


async def test_an_incident_that_says_nothing_of_its_end_is_resolved_when_its_step_ends() -> None:
    clock = Clock()
    text = "steps: [{for: 1m, page: claude, incident: x, component: Claude API, state: partial_outage}]"
    async with a_world(clock, text=text) as sim:
        clock.now = 60
        assert (await incidents(sim), await states(sim)) == ([("x", "resolved", "2026-10-01T12:01:00.000Z")], {})


async def test_an_incident_without_an_end_goes_on() -> None:
    clock = Clock(now=0)
    text = "steps: [{at: 1s, page: claude, incident: x, component: Claude API, state: partial_outage}]"
    async with a_world(clock, text=text) as sim:
        clock.now = 1e6
        assert (await incidents(sim), await states(sim)) == (
            [("x", "investigating", None)],
            {"Claude API": "partial_outage"},
        )


async def test_an_incident_can_be_posted_when_all_is_over() -> None:
    clock = Clock(now=600)
    async with a_world(clock) as sim:
        sim.declare("claude", incident="Late", status="resolved", component=API, backdated="5m")
        (incident,) = (await get(sim, "claude", "api/v2/incidents.json")).json["incidents"]
    assert incident["created_at"] == incident["resolved_at"] == "2026-10-01T12:10:00.000Z"
    assert (incident["started_at"], incident["impact"]) == ("2026-10-01T12:05:00.000Z", "none")


async def test_a_component_can_stay_red_when_its_incident_is_over() -> None:
    async with a_world() as sim:
        number = sim.declare("claude", incident="x", component=API, state="major_outage")
        sim.update(number, status="resolved", state="partial_outage")
        assert (await states(sim), (await summary(sim))["incidents"]) == ({"Claude API": "partial_outage"}, [])


async def test_a_page_can_contradict_its_own_incident_and_every_service() -> None:
    async with a_world() as sim:
        sim.declare("claude", incident="Everything is down", impact="critical", components=["Claude API", "claude.ai"])
        assert await states(sim) == {}
        (incident,) = (await summary(sim))["incidents"]
        assert (incident["impact"], len(incident["components"])) == ("critical", 2)


async def test_a_later_update_can_take_in_another_component() -> None:
    async with a_world() as sim:
        number = sim.declare("claude", incident="x", component="claude.ai", state="major_outage")
        sim.update(number, component="Claude API", state="partial_outage")
        assert await states(sim) == {"claude.ai": "major_outage", "Claude API": "partial_outage"}
        (incident,) = (await summary(sim))["incidents"]
        assert (len(incident["components"]), incident["status"]) == (2, "investigating")
        sim.update(number, status="resolved")
        assert await states(sim) == {}


async def test_of_two_stories_about_one_component_the_later_wins_and_the_earlier_returns() -> None:
    clock = Clock()
    text = """
    steps:
      - {for: 60s, page: claude, component: Claude API, state: major_outage}
      - {at: 10s, for: 20s, page: claude, component: Claude API, state: degraded_performance}
    """
    async with a_world(clock, text=text) as sim:
        seen = []
        for now in (5, 15, 35, 65):
            clock.now = now
            seen.append((await states(sim)).get("Claude API"))
        assert seen == ["major_outage", "degraded_performance", "major_outage", None]
        clock.now = 15
        number = sim.declare("claude", component=API, state="operational")
        assert await states(sim) == {}
        sim.world.remove(number)
        assert await states(sim) == {"Claude API": "degraded_performance"}


async def test_what_is_told_by_hand_drops_the_updates_that_were_planned() -> None:
    clock = Clock()
    async with a_world(clock) as sim:
        number = sim.declare(
            "claude",
            incident="x",
            component=API,
            state="major_outage",
            updates=[{"after": 10, "status": "identified"}, {"after": 60, "status": "resolved"}],
        )
        clock.now = 30
        sim.update(number, text="It takes longer.")
        clock.now = 90
        (incident,) = (await summary(sim))["incidents"]
    assert [(one["status"], one["body"]) for one in incident["incident_updates"]] == [
        ("identified", "It takes longer."),
        ("identified", "The cause is found, and we work on a fix."),
        ("investigating", "We see a problem and look into it."),
    ]


async def test_a_maintenance_that_is_announced_can_be_called_off() -> None:
    clock = Clock()
    async with a_world(clock) as sim:
        number = sim.declare("claude", maintenance="Work", component=API, seconds=60, notice="10m")
        clock.now = 60
        sim.update(number, text="We have moved this.")
        (planned,) = (await summary(sim))["scheduled_maintenances"]
        assert planned["incident_updates"][0]["body"] == "We have moved this."
        assert planned["status"] == "scheduled"
        sim.world.remove(number)
        assert (await summary(sim))["scheduled_maintenances"] == []


async def test_in_a_loop_the_incident_comes_again_under_another_id_and_the_last_rounds_are_remembered() -> None:
    clock = Clock()
    text = (
        LOOP + "{at: 10s, for: 20s, page: claude, id: first, incident: x, component: Claude API, state: major_outage}]"
    )
    async with a_world(clock, text=text) as sim:
        seen = []
        for now in (5, 15, 35, 75, 315):
            clock.now = now
            listed = (await get(sim, "claude", "api/v2/incidents.json")).json["incidents"]
            seen.append([one["status"] for one in listed])
            ids = [one["id"] for one in listed]
            if now == 75:
                assert ids[1] == "first" != ids[0]
    assert seen == [
        [],
        ["investigating"],
        ["resolved"],
        ["investigating", "resolved"],
        ["investigating", "resolved", "resolved"],
    ]
    assert len(set(ids)) == 3


async def test_in_a_loop_a_story_without_an_end_ends_with_its_round() -> None:
    clock = Clock()
    text = LOOP + "{at: 10s, page: claude, incident: x}, {at: 70s, page: claude, incident: never}]"
    async with a_world(clock, text=text) as sim:
        clock.now = 65
        assert await incidents(sim) == [("x", "resolved", "2026-10-01T12:01:00.000Z")]


async def test_speed_and_start_move_the_page_with_its_services_and_times_are_those_of_the_players_clock() -> None:
    clock = Clock()
    async with a_world(clock, text="speed: 60\nstart: 30s\n" + STORY) as sim:
        clock.now = 2
        (incident,) = (await summary(sim))["incidents"]
        assert at(incident["created_at"]) == NOON + 1
        assert [one["status"] for one in incident["incident_updates"]] == ["identified", "investigating"]
        clock.now = 6
        assert [status for _, status, _ in await incidents(sim)] == ["resolved"]


async def test_a_fault_of_a_page_is_in_force_for_its_step() -> None:
    clock = Clock()
    text = LOOP + "{at: 10s, for: 10s, page: claude, fault: server_error_500, count: 2}]"
    async with a_world(clock, text=text) as sim:
        statuses = []
        for now in (9, 10, 11, 12, 20, 70):
            clock.now = now
            statuses.append((await get(sim, "claude", "api/v2/status.json")).status)
    assert statuses == [200, 500, 500, 200, 200, 500]


async def test_a_page_is_stale_from_the_beginning_of_its_step() -> None:
    clock = Clock()
    text = "steps:\n  - {at: 100s, page: claude, fault: stale}\n" + STORY.partition("steps:\n")[2]
    async with a_world(clock, text=text) as sim:
        clock.now = 300
        assert await states(sim) == {"Claude API": "major_outage"}


def test_faults_of_pages_and_of_services_are_told_apart_and_both_keep_their_place() -> None:
    text = (
        "steps: [{page: claude, fault: empty}, {fault: stall}, {page: '*', fault: null}, {page: claude, incident: x}]"
    )
    timeline = Timeline(parse_scenario(text.replace("null", '"null"'), name="plan.yml"), 0.0)
    assert [(one.id, one.behaviour.fault) for one in timeline.in_force(1.0)] == [(-2, "stall")]
    assert [(one.id, one.behaviour.fault) for one in timeline.page_faults(1.0)] == [(-1, "empty"), (-3, "null")]
    assert [one.declaration.title for one in timeline.told(1.0)] == ["x"]


def test_what_is_set_by_hand_is_bounded() -> None:
    sim = a_world()
    for _ in range(MOST_BY_HAND):
        sim.declare("claude", incident="x")
        sim.spoil("claude", fault="empty")
    with pytest.raises(ValueError, match="more than 1000 of these"):
        sim.declare("claude", incident="x")
    with pytest.raises(ValueError, match="more than 1000 of these"):
        sim.spoil("claude", fault="empty")
    sim.clear()
    assert (sim.world.pages.told(), sim.world.pages.faults()) == ([], [])


def test_what_nobody_declared_cannot_be_updated() -> None:
    with pytest.raises(KeyError, match="7"):
        a_world().update(7, status="resolved")
