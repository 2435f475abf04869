"""An agent's loop: each turn is a phase, the detail names the one that broke, and the bill has all that was served."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Target, Timeouts
from aiprobe.core.money import bound_usd, charged_usd, cost_usd
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.chat import ChatProbe
from aiprobe.transport.transport import Transport
from aiprobe_simulator import Pace, Simulator
from tests.builders import a_provider, a_target

Second = Callable[[web.Request], Awaitable[web.StreamResponse]]
USAGE = {"prompt_tokens": 300, "completion_tokens": 20}


async def run(target: Target) -> Result:
    clock = Clock()
    transport = Transport(clock=clock)
    try:
        return await ChatProbe(target, Tools(transport=transport, clock=clock)).run()
    finally:
        await transport.close()


def target_at(url: str, **changes: Any) -> Target:
    provider = a_provider(protocol="openai-chat", base_url=f"{url}/lab/v1", egress=False)
    return a_target(**{"provider": provider, "ask": "turns", "stream": False, "max_output_tokens": None, **changes})


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(pace=Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)) as simulator:
        yield simulator


class Service:
    """Answers the first turn rightly, and every later one as `then` does."""

    def __init__(self, then: Second, *, usage: bool = True) -> None:
        self.requests = 0
        self._then = then
        self._usage = USAGE if usage else None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        if self.requests > 1:
            return await self._then(request)
        body = json.loads(await request.read())
        found = re.search(r"with the code (\w+),", body["messages"][0]["content"])
        assert found
        function = {"name": body["tools"][0]["function"]["name"], "arguments": json.dumps({"code": found[1]})}
        message = {"role": "assistant", "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return web.json_response({"model": "m", "choices": [choice], "usage": self._usage})

    async def probe(self, **changes: Any) -> tuple[Target, Result]:
        app = web.Application()
        app.router.add_post("/{path:.*}", self.handle)
        runner = web.AppRunner(app, shutdown_timeout=0.01, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            target = target_at(f"http://127.0.0.1:{runner.addresses[0][1]}", **changes)
            return target, await run(target)
        finally:
            await runner.cleanup()


async def refuse(_: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"message": "out of order", "type": "server_error"}}, status=500)


async def leave(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("turns", [2, 3, 8])
async def test_a_loop_that_ends_has_a_request_and_a_phase_for_each_turn(simulator: Simulator, turns: int) -> None:
    result = await run(target_at(simulator.url, turns=turns))
    assert (result.outcome, result.detail) == (Outcome.OK, "")
    assert list(result.phases) == [f"turn_{turn}" for turn in range(1, turns + 1)]
    assert sum(result.phases.values()) == pytest.approx(result.duration_seconds)
    assert simulator.requests.total == turns


@pytest.mark.parametrize(
    ("fault", "turn"), [("wrong_tool", 1), ("unavailable_503", 1), ("forgotten_result", 2), ("endless_loop", 3)]
)
async def test_the_detail_names_the_turn_that_broke_and_none_follows_it(
    simulator: Simulator, fault: str, turn: int
) -> None:
    simulator.set("*", fault=fault)
    result = await run(target_at(simulator.url, turns=3))
    assert result.outcome is not Outcome.OK
    assert result.detail.startswith(f"turn {turn}: ")
    assert simulator.requests.total == turn


async def test_what_was_served_before_a_refused_turn_is_billed_and_no_more() -> None:
    target, result = await Service(refuse).probe()
    assert (result.outcome, result.http_status) == (Outcome.SERVER_ERROR, 500)
    assert result.detail.startswith("turn 2: HTTP 500")
    assert (result.input_tokens, result.output_tokens) == (300, 20)
    billed = cost_usd(target.price, input_tokens=300, output_tokens=20)
    assert charged_usd(result, bound_usd(target) or 0.0) == billed


@pytest.mark.parametrize(("then", "outcome"), [(leave, Outcome.DISCONNECTED), (hang, Outcome.TIMEOUT_TOTAL)])
async def test_a_turn_with_an_unknown_bill_is_charged_as_the_bound_of_all(then: Second, outcome: Outcome) -> None:
    limits = Timeouts(connect=5.0, first_token=5.0, stall=5.0, total=1.0 if outcome is Outcome.TIMEOUT_TOTAL else 30.0)
    target, result = await Service(then).probe(timeouts=limits)
    assert result.outcome is outcome
    assert list(result.phases) == ["turn_1", "turn_2"]
    assert charged_usd(result, bound_usd(target) or 0.0) == bound_usd(target) != 0


async def test_a_turn_that_was_served_without_a_bill_is_charged_even_if_the_next_is_refused() -> None:
    target, result = await Service(refuse, usage=False).probe()
    assert charged_usd(result, bound_usd(target) or 0.0) == bound_usd(target)


async def test_the_time_limit_is_that_of_all_turns() -> None:
    service = Service(hang)
    limits = Timeouts(connect=5.0, first_token=5.0, stall=5.0, total=0.5)
    _, result = await service.probe(timeouts=limits)
    assert (result.outcome, service.requests) == (Outcome.TIMEOUT_TOTAL, 2)
    assert result.detail.startswith("turn 2: ")


async def test_the_bound_has_what_each_turn_repeats_of_those_before_it() -> None:
    target = target_at("http://127.0.0.1:9")
    bounds = [replace(target, turns=turns).kind.tokens(replace(target, turns=turns)) for turns in (2, 3, 4)]
    steps = [second.most_input - first.most_input for first, second in pairwise(bounds)]
    assert steps[1] > steps[0] > bounds[0].most_input / 2
