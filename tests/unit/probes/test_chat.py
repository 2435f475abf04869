"""The chat probe against raw replies: what it reports beside the outcome, and every rule of drawing one."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Target, Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.probes.call import DETAIL_KEPT, one_line
from aiprobe.probes.chat import ChatProbe, is_model
from aiprobe.probes.outcome import draw
from aiprobe.probes.prompt import Words
from aiprobe.probes.questions.repeat import repeated
from aiprobe.probes.record import Record
from aiprobe.protocols.base import Content, Failure, Finish, Stopped, Usage
from aiprobe.transport.transport import Exchange, Transport
from aiprobe_simulator.faults import Value
from aiprobe_simulator.server import Simulator
from tests.builders import a_provider, a_target

pytestmark = pytest.mark.slow

WORDS = Words("bodakemut", "END48213", "R1234567")
RIGHT = "bodakemut END48213"
LIMITS = Timeouts(connect=2, first_token=3, stall=3, total=6)


def a_record(text: str = RIGHT, finish: Finish | None = Finish.STOP, **changes: Any) -> Record:
    stopped = None if finish is None else Stopped(finish, finish.value)
    return Record(text=[text] if text else [], stopped=stopped, ended=changes.pop("ended", True), **changes)


def an_exchange(outcome: Outcome | None = None, **changes: Any) -> Exchange:
    return Exchange(started=0.0, status=200, outcome=outcome, complete=outcome is None, **changes)


@pytest.mark.parametrize(
    ("record", "exchange", "expected"),
    [
        (a_record(), an_exchange(), Outcome.OK),
        (a_record(finish=Finish.LENGTH), an_exchange(), Outcome.OK),
        (a_record(finish=None), an_exchange(), Outcome.OK),
        (a_record(), an_exchange(Outcome.DISCONNECTED), Outcome.OK),  # after the terminal event nothing is owed
        (a_record(ended=False), an_exchange(), Outcome.TRUNCATED),
        (a_record(ended=False), an_exchange(Outcome.DISCONNECTED), Outcome.DISCONNECTED),
        (a_record(ended=False), an_exchange(Outcome.STALLED), Outcome.STALLED),
        (a_record("", ended=False, finish=None), an_exchange(), Outcome.TRUNCATED),
        (a_record(""), an_exchange(), Outcome.EMPTY),
        (a_record(" \n"), an_exchange(), Outcome.EMPTY),
        (a_record("", reasoned=True), an_exchange(), Outcome.EMPTY),
        (a_record("", Finish.LENGTH), an_exchange(), Outcome.STARVED),
        (a_record("", Finish.LENGTH, reasoned=True), an_exchange(), Outcome.STARVED),
        (a_record("boda", Finish.LENGTH, usage=Usage(reasoning_tokens=50)), an_exchange(), Outcome.STARVED),
        (a_record("boda", Finish.LENGTH), an_exchange(), Outcome.TRUNCATED),
        (a_record("boda"), an_exchange(), Outcome.TRUNCATED),
        (a_record("Sure! Here it is, as you asked", Finish.LENGTH), an_exchange(), Outcome.WRONG_ANSWER),
        (a_record("", contents=[Content("tool_call")]), an_exchange(), Outcome.WRONG_ANSWER),
        (a_record(RIGHT, Finish.FILTERED), an_exchange(), Outcome.CONTENT_FILTERED),
        (a_record("", Finish.FILTERED), an_exchange(), Outcome.CONTENT_FILTERED),
        (a_record(RIGHT, Finish.ERROR), an_exchange(), Outcome.ERROR_IN_BODY),
        (a_record(failure=Failure(outcome=Outcome.OVERLOADED)), an_exchange(), Outcome.OVERLOADED),
        (a_record(failure=Failure(outcome=Outcome.AUTH)), an_exchange(Outcome.DISCONNECTED), Outcome.AUTH),
    ],
)
def test_the_strongest_evidence_draws_the_outcome(record: Record, exchange: Exchange, expected: Outcome) -> None:
    outcome, detail = draw(record, exchange, lambda reply: repeated(reply, WORDS, asked="Repeat this", expected=RIGHT))
    assert outcome is expected
    assert bool(detail) is (outcome is not Outcome.OK) or exchange.outcome is not None


Probe = Callable[..., Any]


@pytest.fixture
async def tools() -> AsyncIterator[Tools]:
    clock = Clock()
    transport = Transport(clock=clock)
    yield Tools(transport=transport, clock=clock)
    await transport.close()


async def probe(
    tools: Tools, fault: str | None = None, params: Mapping[str, Value] | None = None, **changes: Any
) -> tuple[Result, Target, Simulator]:
    async with Simulator() as simulator:
        if fault:
            simulator.set("*", fault=fault, params=params)
        provider = a_provider(base_url=f"{simulator.url}/openai/v1", **changes.pop("provider", {}))
        target = a_target(provider=provider, timeouts=changes.pop("timeouts", LIMITS), **changes)
        return await PROBES[target.probe](target, tools).run(), target, simulator


async def test_a_good_answer_tells_everything_that_was_seen(tools: Tools) -> None:
    result, target, simulator = await probe(tools)
    assert result.outcome is Outcome.OK, result.detail
    assert set(result.phases) == {"connect", "send", "first_byte", "first_token", "stream"}
    assert sum(result.phases.values()) == pytest.approx(result.duration_seconds, rel=1e-6)
    assert result.time_to_first_token_seconds == pytest.approx(
        result.duration_seconds - result.phases["stream"], rel=1e-6
    )
    assert result.time_to_first_output_token_seconds is None
    assert result.input_tokens
    assert result.output_tokens
    assert target.price is not None
    assert result.cost_usd == pytest.approx((result.input_tokens * 1.0 + result.output_tokens * 5.0) / 1e6)
    assert result.request_id is not None
    assert result.request_id in simulator.first_token_sent
    assert {limit.resource for limit in result.rate_limits} == {"requests", "tokens"}
    assert result.http_status == 200
    assert simulator.requests.count() == 1


async def test_reasoning_is_told_from_the_visible_answer(tools: Tools) -> None:
    result, _, _ = await probe(tools, "reasoning")
    assert result.outcome is Outcome.OK, result.detail
    assert result.time_to_first_token_seconds is not None
    assert result.time_to_first_output_token_seconds is not None
    assert result.time_to_first_token_seconds < result.time_to_first_output_token_seconds
    assert result.reasoning_tokens


async def test_a_long_answer_tells_its_speed_and_a_ping_does_not(tools: Tools) -> None:
    ping, _, _ = await probe(tools)
    assert ping.output_tokens_per_second is None
    long, _, _ = await probe(tools, output_tokens=200, max_output_tokens=400)
    assert long.outcome is Outcome.OK, long.detail
    assert long.time_per_output_token_seconds is not None
    assert long.output_tokens_per_second == pytest.approx(1 / long.time_per_output_token_seconds)


async def test_a_needle_in_a_long_prompt_is_found(tools: Tools) -> None:
    result, _, _ = await probe(tools, input_tokens=200_000)
    assert result.outcome is Outcome.OK, result.detail
    assert result.input_tokens is not None
    assert result.input_tokens > 100_000


async def test_an_answer_in_one_piece_has_no_first_token_and_no_speed(tools: Tools) -> None:
    result, _, _ = await probe(tools, stream=False)
    assert result.outcome is Outcome.OK, result.detail
    assert result.time_to_first_token_seconds is None
    assert result.stream_max_gap_seconds is None
    assert set(result.phases) - {"stream"} == {"connect", "send", "first_byte"}


async def test_a_cached_answer_of_an_earlier_question_is_wrong(tools: Tools) -> None:
    result, _, _ = await probe(tools, "cached_answer")
    assert result.outcome is Outcome.WRONG_ANSWER


async def test_a_fabricated_finish_does_not_hide_a_cut_answer(tools: Tools) -> None:
    result, _, _ = await probe(tools, "fabricated_finish")
    assert result.outcome is Outcome.TRUNCATED
    assert "end marker" in result.detail


async def test_the_longest_silence_is_counted_from_the_first_token_on(tools: Tools) -> None:
    late, _, _ = await probe(tools, "slow_first_token", {"delay_seconds": 0.5})
    gappy, _, _ = await probe(tools, "slow_stream", {"gap_seconds": 0.3})
    assert late.stream_max_gap_seconds is not None
    assert gappy.stream_max_gap_seconds is not None
    assert late.time_to_first_token_seconds is not None
    assert gappy.time_to_first_token_seconds is not None
    assert late.time_to_first_token_seconds > 0.5 > gappy.time_to_first_token_seconds
    # An event that is read late shortens the silence after it: not 0.3 to the last microsecond.
    assert gappy.stream_max_gap_seconds > 0.25 > late.stream_max_gap_seconds


async def test_the_first_token_s_time_agrees_with_the_server_s_own_record(tools: Tools) -> None:
    errors = []
    for _ in range(5):
        result, _, simulator = await probe(tools, "slow_first_token", {"delay_seconds": 0.1})
        assert result.request_id is not None
        assert result.time_to_first_token_seconds is not None
        seen_at = result.started_timestamp_seconds + result.time_to_first_token_seconds
        sent_at = simulator.first_token_sent[result.request_id] + tools.clock.wall() - tools.clock.monotonic()
        errors.append(abs(seen_at - sent_at))
    assert min(errors) < 0.02


async def test_reuse_makes_the_second_probe_skip_the_connection(tools: Tools) -> None:
    async with Simulator() as simulator:
        target = a_target(
            provider=a_provider(base_url=f"{simulator.url}/openai/v1"), connection="reuse", timeouts=LIMITS
        )
        prepared = ChatProbe(target, tools)
        first, second = await prepared.run(), await prepared.run()
        assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.OK)
        assert "connect" in first.phases
        assert "connect" not in second.phases
        assert simulator.requests.connections == 1


def test_a_chat_probe_without_a_model_is_refused_when_it_is_built() -> None:
    with pytest.raises(ValueError, match="needs a model"):
        ChatProbe(a_target(model=""), None)  # type: ignore[arg-type]  # refused before the tools are used


def test_a_detail_is_one_bounded_printable_line() -> None:
    line = one_line("a\nb\x00c\x1b[31m" + "x" * 5000)
    assert len(line) <= DETAIL_KEPT
    assert line.isprintable()
    assert line.startswith("a b c [31mxx")


@pytest.mark.parametrize(
    ("answered", "asked", "same"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o", True),
        ("openai/gpt-oss-20b:free", "gpt-oss-20b", True),
        ("llama-3", "meta/llama-3", True),
        ("claude-haiku-5-5", "Claude-Haiku-5-5", True),
        ("gpt-4o-mini", "claude-haiku-5-5", False),
    ],
)
def test_vendors_tags_and_dates_make_no_other_model(answered: str, asked: str, *, same: bool) -> None:
    assert is_model(answered, asked) is same


async def test_a_gateway_that_answers_with_another_model_is_told_in_the_detail(tools: Tools) -> None:
    async with Simulator() as simulator:
        simulator.set("*", fault="swapped_model")
        details = []
        for is_gateway in (True, False):
            provider = a_provider(base_url=f"{simulator.url}/openai/v1", is_gateway=is_gateway)
            target = a_target(provider=provider, timeouts=LIMITS)
            result = await PROBES[target.probe](target, tools).run()
            assert result.outcome is Outcome.OK
            details.append(result.detail)
    assert details == ["wrong_model: asked for gpt-4.1-nano, answered by swapped-model", ""]
