"""The rerank probe against the simulator, whose replies the official SDK reads in the same way."""

import json
from collections.abc import AsyncIterator

import cohere
import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.model import Price, Result, Target
from aiprobe.core.money import bound_usd, charged_usd, expected_usd_per_day
from aiprobe.core.outcomes import Outcome
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from aiprobe_simulator import Pace, Simulator
from tests.builders import a_provider, a_target


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(pace=Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)) as simulator:
        yield simulator


def target_at(url: str) -> Target:
    provider = a_provider(protocol="cohere-rerank", base_url=f"{url}/cohere", egress=False)
    return a_target(probe="rerank", provider=provider, model="rerank-v3.5", price=Price(input_usd=2000, output_usd=0))


async def run(target: Target) -> Result:
    clock = Clock()
    transport = Transport(clock=clock)
    try:
        return await PROBES["rerank"](target, Tools(transport=transport, clock=clock)).run()
    finally:
        await transport.close()


@pytest.mark.parametrize(
    ("fault", "outcome", "detail"),
    [
        (None, Outcome.OK, ""),
        ("wrong_answer", Outcome.WRONG_ANSWER, "document 0 is ranked above the one that has the word"),
        ("empty", Outcome.EMPTY, "a complete reply without a ranking"),
        ("truncated", Outcome.MALFORMED, ""),
        ("quota_429", Outcome.QUOTA_EXHAUSTED, ""),
    ],
)
async def test_a_ranking_is_judged_by_its_order(
    simulator: Simulator, fault: str | None, outcome: Outcome, detail: str
) -> None:
    if fault:
        simulator.set("*", fault=fault)
    result = await run(target_at(simulator.url))
    assert result.outcome is outcome
    assert detail in result.detail


async def test_a_probe_costs_one_search_which_is_its_bound(simulator: Simulator) -> None:
    target = target_at(simulator.url)
    result = await run(target)
    bound = bound_usd(target)
    assert bound is not None
    assert result.cost_usd == charged_usd(result, bound) == bound == pytest.approx(0.002)
    assert expected_usd_per_day(target) == pytest.approx(0.002 * 86_400 / target.interval_seconds)


async def test_cohere_s_own_client_reads_the_same_ranking(simulator: Simulator) -> None:
    async with cohere.AsyncClientV2(api_key="k", base_url=f"{simulator.url}/cohere") as client:
        reply = await client.rerank(model="rerank-v3.5", query="where is the sea?", documents=["a b", "no", "the sea"])
    assert [result.index for result in reply.results] == [2, 0, 1]
    assert reply.meta is not None
    assert reply.meta.billed_units is not None
    assert reply.meta.billed_units.search_units == 1
    with pytest.raises(cohere.core.ApiError) as refused:
        async with cohere.AsyncClientV2(api_key="k", base_url=f"{simulator.url}/cohere") as client:
            await client.rerank(model="rerank-v3.5", query="", documents=["a"])
    assert refused.value.status_code == 400
    assert json.dumps(refused.value.body)
