"""The HTTP control of status pages: declare, update, spoil, take back, and what a wrong command is told."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiprobe_simulator import PAGE_FAULTS, PAGES, Simulator
from tests.unit.simulator.builders import Reply, a_request, ask
from tests.unit.simulator.pagebuilders import Clock, a_world, get, states, summary

JSON = {"content-type": "application/json"}
DOWN = {"page": "claude", "component": "Claude API", "state": "major_outage", "incident": "Elevated errors"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(clock: Clock) -> AsyncIterator[Simulator]:
    async with a_world(clock) as simulator:
        yield simulator


async def post(sim: Simulator, body: Any, path: str = "/control", *, headers: dict[str, str] | None = None) -> Reply:
    return await ask(sim.url, a_request(path, body, headers=JSON if headers is None else headers))


async def test_an_incident_is_declared_updated_and_deleted_without_a_trace(sim: Simulator) -> None:
    declared = await post(sim, DOWN)
    assert (declared.status, await states(sim)) == (201, {"Claude API": "major_outage"})
    number = declared.json["id"]
    updated = await post(sim, {"status": "monitoring", "state": "operational"}, f"/control/{number}")
    assert (updated.status, await states(sim)) == (204, {})
    assert [one["status"] for one in (await summary(sim))["incidents"]] == ["monitoring"]
    assert (await ask(sim.url, a_request(f"/control?id={number}", method="DELETE"))).status == 204
    assert (await get(sim, "claude", "api/v2/incidents.json")).json["incidents"] == []


async def test_a_declaration_ends_after_its_seconds(sim: Simulator, clock: Clock) -> None:
    await post(sim, {**DOWN, "seconds": 30})
    clock.now = 30
    assert (await states(sim), (await summary(sim))["incidents"]) == ({}, [])


async def test_a_page_is_spoilt_and_the_control_tells_by_what(sim: Simulator) -> None:
    added = await post(sim, {"page": "claude", "fault": "challenge_405", "count": 3})
    assert (await get(sim, "claude", "api/v2/summary.json")).status == 405
    shown = (await ask(sim.url, a_request("/control"))).json["status_pages"]
    (entry,) = shown["in_force"]
    assert (entry["id"], entry["page"], entry["fault"], entry["struck"]) == (
        added.json["id"],
        "claude",
        "challenge_405",
        1,
    )
    assert set(shown["faults"]) == set(PAGE_FAULTS)


async def test_the_control_shows_every_page_as_it_is_and_what_was_declared_by_hand(sim: Simulator) -> None:
    number = (await post(sim, DOWN)).json["id"]
    await post(sim, {"page": "claude", "maintenance": "Work", "seconds": 60})
    shown = (await ask(sim.url, a_request("/control"))).json["status_pages"]
    assert set(shown["pages"]) == set(PAGES)
    claude = shown["pages"]["claude"]
    assert claude["components"]["Claude API (api.anthropic.com)"] == "major_outage"
    assert (claude["incidents"], claude["maintenances"]) == (
        {"Elevated errors": "investigating"},
        {"Work": "in_progress"},
    )
    assert [(one["id"], one["subject"], one["title"]) for one in shown["declared"]] == [
        (number, "incident", "Elevated errors"),
        (number + 1, "maintenance", "Work"),
    ]


async def test_ids_of_services_and_pages_are_of_one_row_and_all_are_cleared_at_once(sim: Simulator) -> None:
    numbers = [
        sim.set("openai", fault="stall"),
        sim.declare("claude", incident="x"),
        sim.spoil("claude", fault="empty"),
    ]
    assert numbers == [1, 2, 3]
    assert (await post(sim, {}, "/control/clear")).status == 204
    assert (sim.world.in_force(), sim.world.pages.told(), sim.world.pages.faults()) == ([], [], [])


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"page": "cluade", "incident": "x"}, "page: there is no page 'cluade'; did you mean claude?"),
        ({"page": "claude"}, "state: name a state, an incident, a maintenance or a fault"),
        ({"page": "claude", "fault": "nope"}, "fault: a status page has no fault 'nope'"),
        ({"page": ["claude"], "fault": "empty"}, "page: required, the name of a status page"),
        ({**DOWN, "component": "Claude Phone"}, "component: the page claude has no component 'Claude Phone'"),
        ({**DOWN, "seconds": -1}, "seconds: must be a number above 0"),
        ({"page": "claude", "maintenance": "x"}, "for: a maintenance needs one"),
    ],
)
async def test_a_wrong_command_is_refused_with_its_problem(sim: Simulator, body: Any, error: str) -> None:
    reply = await post(sim, body)
    assert reply.status == 400
    assert reply.json["errors"][0].startswith(error)
    assert (sim.world.pages.told(), sim.world.pages.faults()) == ([], [])


async def test_a_wrong_update_is_refused(sim: Simulator) -> None:
    number = sim.declare("claude", incident="x")
    wrong = await post(sim, {"status": "gone"}, f"/control/{number}")
    assert (wrong.status, wrong.json["errors"][0].startswith("status: must be one of")) == (400, True)
    assert (await post(sim, {"status": "resolved"}, "/control/99")).status == 404
    assert (await post(sim, b"{", f"/control/{number}")).status == 400
    form = await post(sim, {"status": "resolved"}, f"/control/{number}", headers={"content-type": "text/plain"})
    assert form.status == 415
    assert [one["status"] for one in (await summary(sim))["incidents"]] == ["investigating"]
