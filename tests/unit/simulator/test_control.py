"""The HTTP control: add, list, delete, count; and whom it answers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiprobe_simulator import FAULTS, Simulator
from aiprobe_simulator.control import is_local
from tests.unit.simulator.builders import Reply, a_call, a_request, a_simulator, ask

JSON = {"content-type": "application/json"}


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with a_simulator() as simulator:
        yield simulator


async def post(sim: Simulator, body: Any, *, headers: dict[str, str] | None = None) -> Reply:
    return await ask(sim.url, a_request("/control", body, headers=JSON if headers is None else headers))


async def test_a_behaviour_is_added_shown_and_deleted(sim: Simulator) -> None:
    added = await post(
        sim, {"provider": "openai", "model": "*", "fault": "overloaded_529", "share": 1.0, "count": None, "params": {}}
    )
    assert added.status == 201
    assert (await ask(sim.url, a_call("openai-chat"))).status == 529
    shown = (await ask(sim.url, a_request("/control"))).json
    assert [(entry["id"], entry["fault"], entry["struck"]) for entry in shown["in_force"]] == [
        (added.json["id"], "overloaded_529", 1)
    ]
    assert set(shown["faults"]) == set(FAULTS)
    assert shown["urls"]["plain"] == sim.url
    gone = await ask(sim.url, a_request(f"/control?id={added.json['id']}", method="DELETE"))
    assert gone.status == 204
    assert (await ask(sim.url, a_call("openai-chat"))).status == 200


async def test_what_is_not_in_force_cannot_be_deleted(sim: Simulator) -> None:
    assert (await ask(sim.url, a_request("/control?id=7", method="DELETE"))).status == 404
    assert (await ask(sim.url, a_request("/control?id=x", method="DELETE"))).status == 404


@pytest.mark.parametrize(
    "request_bytes", [a_request("/control", method="DELETE"), a_request("/control/clear", {}, headers=JSON)]
)
async def test_everything_is_cleared_at_once(sim: Simulator, request_bytes: bytes) -> None:
    sim.set(fault="overloaded_529")
    sim.set(fault="stall")
    assert (await ask(sim.url, request_bytes)).status == 204
    assert sim.world.in_force() == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "Expecting property name"),
        ([], "the body must be a JSON object"),
        ({"fault": "nope"}, "fault: there is no fault 'nope'"),
        ({"fault": "stall", "seconds": 0}, "seconds: must be a number above 0"),
        ({"fault": "stall", "seconds": "9"}, "seconds: must be a number above 0"),
        ({"fault": "stall", "params": {"text": "a" * 70_000}}, "larger than"),
    ],
)
async def test_a_wrong_command_is_refused_with_its_problem(sim: Simulator, body: Any, error: str) -> None:
    reply = await post(sim, body)
    assert reply.status == 400
    assert error in reply.json["errors"][0]
    assert sim.world.in_force() == []


async def test_a_form_of_a_web_page_cannot_command(sim: Simulator) -> None:
    assert (await post(sim, {"fault": "stall"}, headers={"content-type": "text/plain"})).status == 415
    assert sim.world.in_force() == []


async def test_requests_and_connections_are_counted(sim: Simulator) -> None:
    for _ in range(3):
        await ask(sim.url, a_call("openai-chat", model="gpt"))
    await ask(sim.url, a_call("anthropic-messages", model="claude"))
    told = (await ask(sim.url, a_request("/control/requests"))).json
    assert (told["total"], told["connections"]) == (4, 5)
    assert told["requests"] == [
        {"provider": "anthropic", "kind": "chat", "model": "claude", "requests": 1},
        {"provider": "openai", "kind": "chat", "model": "gpt", "requests": 3},
    ]


@pytest.mark.parametrize(
    ("remote", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False),
        ("fe80::1%eth0", False),
        (None, False),
    ],
)
def test_only_this_machine_commands(remote: str | None, *, local: bool) -> None:
    assert is_local(remote) is local
