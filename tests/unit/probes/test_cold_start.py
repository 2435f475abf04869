"""A server that loads a model first: neither an outage nor a slow answer, and told apart."""

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from aiprobe_simulator import Pace, Simulator
from tests.builders import a_provider, a_target

FAST = Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)
LOADING_SECONDS = 0.4


async def ask(protocol: str, base: str, *, total: float = 5.0) -> Result:
    """Chat with a service that needs `LOADING_SECONDS` before it says anything; the first token's limit is shorter."""
    transport = Transport(clock=Clock())
    try:
        async with Simulator(pace=FAST) as simulator:
            simulator.set(fault="slow_headers", params={"delay_seconds": LOADING_SECONDS})
            provider = a_provider(protocol=protocol, base_url=f"{simulator.url}{base}", egress=False)
            limits = Timeouts(connect=2, first_token=0.1, stall=1, total=total)
            target = a_target(provider=provider, model="llama3.2", timeouts=limits)
            return await PROBES["chat"](target, Tools(transport=transport, clock=Clock())).run()
    finally:
        await transport.close()


async def test_a_cold_start_has_all_of_the_total_limit_and_its_loading_is_told_apart() -> None:
    result = await ask("ollama-chat", "/ollama")
    assert result.outcome is Outcome.OK
    assert result.load_seconds is not None
    assert result.load_seconds >= LOADING_SECONDS
    assert result.time_to_first_token_seconds is not None
    assert result.time_to_first_token_seconds + result.load_seconds == pytest.approx(
        sum(seconds for phase, seconds in result.phases.items() if phase != "stream")
    )
    assert result.phases["first_byte"] >= LOADING_SECONDS


async def test_a_model_that_never_loads_is_an_outage_all_the_same() -> None:
    assert (await ask("ollama-chat", "/ollama", total=0.2)).outcome is Outcome.TIMEOUT_TOTAL


async def test_where_nothing_is_loaded_the_first_tokens_limit_holds() -> None:
    result = await ask("openai-chat", "/openai/v1")
    assert (result.outcome, result.load_seconds) == (Outcome.TIMEOUT_FIRST_TOKEN, None)
