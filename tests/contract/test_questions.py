"""Every question on every protocol that can ask it: aiprobe and the official SDK read the same right answer."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiprobe.core.clock import Clock
from aiprobe.core.model import Attempt, Objectives, Provider, Result, Target, Timeouts
from aiprobe.core.money import bound_usd, charged_usd
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.secret import Secret
from aiprobe.core.tracked import concluded
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.probes.prompt import fresh_words
from aiprobe.probes.questions import QUESTIONS
from aiprobe.probes.questions.question import Loop, Question, cap_of
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask
from aiprobe.transport.transport import Transport
from aiprobe_simulator import Pace, Simulator
from tests.builders import a_provider, a_target
from tests.contract.faulttable import GOLDEN
from tests.contract.sdks import SDKS, Asking

pytestmark = pytest.mark.slow

BASES: Final = {"openai-chat": "/lab/v1", "openai-responses": "/lab/v1", "azure-openai-classic": "/azure",
                "bedrock-converse": "/bedrock", "ollama-chat": "/ollama",
                "vertex-anthropic": "/vertex/v1/projects/p/locations/europe-west1",
                "vertex-gemini": "/vertex/v1/projects/p/locations/europe-west1"}  # fmt: skip
CASES: Final = [
    (ask, protocol)
    for ask, question in QUESTIONS.items()
    for protocol in SDKS
    if not question.traits.form or question.traits.form in PROTOCOLS[protocol].forms
]
PATIENT: Final = Timeouts(connect=30.0, first_token=30.0, stall=30.0, total=45.0)


@pytest.fixture(autouse=True)
def no_keys_of_the_tester(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "CO_", "OLLAMA_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(pace=Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)) as simulator:
        yield simulator


def provider_of(protocol: str, url: str) -> Provider:
    key = Secret("a-right-key-0123456789")
    return a_provider(protocol=protocol, base_url=url + BASES.get(protocol, "/lab"), api_key=key, egress=False)


def target_of(ask: str, protocol: str, url: str, **changes: Any) -> Target:
    golden = GOLDEN if ask == "custom" else None
    plain = {"model": "some-model", "timeouts": PATIENT, "max_output_tokens": None, "golden": golden}
    return a_target(provider=provider_of(protocol, url), ask=ask, **{**plain, **changes})


async def probe(target: Target) -> Result:
    clock = Clock()
    transport = Transport(clock=clock)
    try:
        return await PROBES[target.probe](target, Tools(transport=transport, clock=clock)).run()
    finally:
        await transport.close()


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(("ask", "protocol"), CASES)
async def test_a_right_answer_is_ok(simulator: Simulator, ask: str, protocol: str, *, stream: bool) -> None:
    result = await probe(target_of(ask, protocol, simulator.url, stream=stream))
    assert result.outcome is Outcome.OK, result.detail
    assert (result.time_to_first_token_seconds is not None) is stream


@pytest.mark.parametrize(("fault", "verdict"), [(None, Verdict.GOOD), ("wrong_answer", Verdict.BAD)])
@pytest.mark.parametrize("ask", QUESTIONS)
async def test_the_objective_of_correctness_takes_each_question(
    simulator: Simulator, ask: str, fault: str | None, verdict: Verdict
) -> None:
    if fault:
        simulator.set("*", fault=fault)
    target = target_of(ask, "openai-chat", simulator.url, objectives=Objectives(correctness=0.99))
    finished = concluded(target, await probe(target), attempt=Attempt.SCHEDULED, egress_down=False)
    assert finished.slo_verdicts["correctness"] is verdict
    assert finished.verdict is Verdict.GOOD  # for availability it answered


@pytest.mark.parametrize("fault", ["wrong_answer", "nonsense", None])
async def test_a_result_has_nothing_of_a_private_question_or_its_answer(
    simulator: Simulator, fault: str | None
) -> None:
    golden = replace(GOLDEN, messages=(("user", "A secret of ours, weather:\n{{nonce}} is the word"),))
    if fault:
        simulator.set("*", fault=fault)
    result = await probe(target_of("custom", "openai-chat", simulator.url, golden=golden))
    assert (result.outcome is Outcome.OK) is (fault is None)
    assert result.answer is None
    assert not any(word in repr(result).lower() for word in ("secret", "is the word", "weather"))


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(("ask", "protocol"), CASES)
async def test_the_official_sdk_asks_the_same_and_reads_the_same(
    simulator: Simulator, ask: str, protocol: str, *, stream: bool
) -> None:
    prepare, target = QUESTIONS[ask], target_of(ask, protocol, simulator.url)
    question, words = prepare(target), fresh_words()
    plain = Ask(model=target.model, max_output_tokens=cap_of(target, room=prepare.traits.room(target)), stream=stream)
    turn: Question | None = question
    turns = 0
    while turn is not None:
        request = PROTOCOLS[protocol].request(target.provider, turn.asked(plain))
        body = json.loads(words.into_bytes(request.body))
        for name in ("stream", "stream_options"):
            body.pop(name, None)
        reply = await asyncio.to_thread(SDKS[protocol], Asking(simulator.url, target.model, body, stream))
        assert turn.judge(reply, words) == (Outcome.OK, "")
        turns += 1
        turn = turn.after(reply, words) if isinstance(turn, Loop) else None
    assert turns == (target.turns if ask == "turns" else 1)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    case=st.sampled_from(CASES),
    stream=st.booleans(),
    fault=st.sampled_from(
        [
            None,
            "reasoning",
            "hidden_reasoning",
            "starved",
            "wrong_answer",
            "nonsense",
            "two_calls",
            "unread_picture",
            "endless_loop",
        ]
    ),
    sizes=st.fixed_dictionaries(
        {},
        optional={
            "input_tokens": st.integers(1, 3_000),
            "output_tokens": st.integers(1, 500),
            "turns": st.integers(2, 8),
        },
    ),
    cap=st.none() | st.integers(16, 2_000),
)
def test_no_bill_passes_the_bound(
    case: tuple[str, str], stream: bool, fault: str | None, sizes: dict[str, int], cap: int | None
) -> None:
    ask, protocol = case
    kept = {name: size for name, size in sizes.items() if name in QUESTIONS[ask].traits.keys}

    async def bill() -> tuple[Target, Result]:
        async with Simulator(pace=Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)) as simulator:
            if fault:
                simulator.set("*", fault=fault)
            target = target_of(ask, protocol, simulator.url, stream=stream, max_output_tokens=cap, **kept)
            return target, await probe(target)

    target, result = asyncio.run(bill())
    bound = bound_usd(target)
    assert bound is not None
    assert result.cost_usd is not None
    assert result.cost_usd <= bound
    assert charged_usd(result, bound) <= bound
