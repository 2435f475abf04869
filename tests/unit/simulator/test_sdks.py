"""The official SDKs read the simulator's replies, and raise their own right exceptions for its errors."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors, types

from aiprobe_simulator import Simulator
from tests.unit.simulator.builders import LINE, PROMPT, a_simulator

pytestmark = pytest.mark.slow

T = TypeVar("T")


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with a_simulator() as simulator:
        yield simulator


def a_claude(sim: Simulator, *, key: str = "k") -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=f"{sim.url}/anthropic", api_key=key, max_retries=0)


def an_openai(sim: Simulator, *, key: str = "k") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{sim.url}/openai/v1", api_key=key, max_retries=0)


async def with_gemini(sim: Simulator, use: Callable[[genai.Client], T], *, key: str = "k") -> T:
    """Run the synchronous client in a thread: its asynchronous one warns about its own aiohttp session."""

    def call() -> T:
        with genai.Client(api_key=key, http_options=types.HttpOptions(base_url=f"{sim.url}/gemini")) as client:
            return use(client)

    return await asyncio.to_thread(call)


async def say_to_claude(client: anthropic.AsyncAnthropic, *, stream: bool) -> anthropic.types.Message:
    if not stream:
        return await client.messages.create(
            model="claude-x", max_tokens=64, messages=[{"role": "user", "content": PROMPT}]
        )
    async with client.messages.stream(
        model="claude-x", max_tokens=64, messages=[{"role": "user", "content": PROMPT}]
    ) as events:
        return await events.get_final_message()


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@pytest.mark.parametrize("stream", [True, False])
async def test_anthropic_reads_an_answer(sim: Simulator, *, stream: bool) -> None:
    async with a_claude(sim) as client:
        message = await say_to_claude(client, stream=stream)
    assert (text_of(message), message.stop_reason, message.usage.output_tokens) == (LINE, "end_turn", 4)


@pytest.mark.parametrize("stream", [True, False])
async def test_anthropic_reads_reasoning_and_a_refusal(sim: Simulator, *, stream: bool) -> None:
    async with a_claude(sim) as client:
        sim.set(fault="reasoning", count=1)
        thought = await say_to_claude(client, stream=stream)
        sim.set(fault="refusal", count=1)
        refused = await say_to_claude(client, stream=stream)
    assert [block.type for block in thought.content] == ["thinking", "text"]
    assert refused.stop_reason == "refusal"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("bad_request_400", anthropic.BadRequestError),
        ("unauthorized_401", anthropic.AuthenticationError),
        ("forbidden_403", anthropic.PermissionDeniedError),
        ("not_found_404", anthropic.NotFoundError),
        ("too_large_413", anthropic.RequestTooLargeError),
        ("unprocessable_422", anthropic.UnprocessableEntityError),
        ("rate_limited_429", anthropic.RateLimitError),
        ("server_error_500", anthropic.InternalServerError),
        ("bad_gateway_502", anthropic.InternalServerError),
        ("unavailable_503", anthropic.ServiceUnavailableError),
        ("gateway_timeout_504", anthropic.DeadlineExceededError),
        ("overloaded_529", anthropic.OverloadedError),
    ],
)
async def test_anthropic_raises_its_own_exception(
    sim: Simulator, fault: str, error: type[anthropic.APIStatusError], *, stream: bool
) -> None:
    sim.set("anthropic", fault=fault)
    async with a_claude(sim) as client:
        with pytest.raises(error):
            await say_to_claude(client, stream=stream)
    assert sim.requests.total == 1


async def test_anthropic_sees_an_error_after_the_200(sim: Simulator) -> None:
    sim.set("anthropic", fault="overloaded_in_stream")
    async with a_claude(sim) as client:
        with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
            await say_to_claude(client, stream=True)


async def test_anthropic_sees_a_cut_connection(sim: Simulator) -> None:
    sim.set("anthropic", fault="close_before_reply")
    async with a_claude(sim) as client:
        with pytest.raises(anthropic.APIConnectionError):
            await say_to_claude(client, stream=False)


async def test_anthropic_lists_models(sim: Simulator) -> None:
    async with a_claude(sim) as client:
        assert "claude-haiku-4-5" in [model.id async for model in client.models.list()]


async def test_a_bad_key_is_each_sdks_authentication_error(sim: Simulator) -> None:
    async with a_claude(sim, key="sim-bad-key") as claude, an_openai(sim, key="sim-bad-key") as gpt:
        with pytest.raises(anthropic.AuthenticationError):
            await say_to_claude(claude, stream=True)
        with pytest.raises(openai.AuthenticationError, match="Incorrect API key"):
            await gpt.models.list()
    with pytest.raises(errors.ClientError, match="API key not valid"):
        await with_gemini(
            sim, lambda client: client.models.generate_content(model="g", contents=PROMPT), key="sim-bad-key"
        )


async def chat(client: openai.AsyncOpenAI, *, stream: bool) -> tuple[str, str | None, int]:
    """Answer, finish reason and output tokens."""
    if not stream:
        whole = await client.chat.completions.create(
            model="gpt-4.1-nano", messages=[{"role": "user", "content": PROMPT}]
        )
        assert whole.usage is not None
        return whole.choices[0].message.content or "", whole.choices[0].finish_reason, whole.usage.completion_tokens
    text, finish, tokens = "", None, 0
    events = await client.chat.completions.create(
        model="gpt-4.1-nano",
        stream=True,
        stream_options={"include_usage": True},
        messages=[{"role": "user", "content": PROMPT}],
    )
    async for chunk in events:
        tokens = chunk.usage.completion_tokens if chunk.usage else tokens
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    return text, finish, tokens


@pytest.mark.parametrize("stream", [True, False])
async def test_openai_reads_a_chat_answer(sim: Simulator, *, stream: bool) -> None:
    async with an_openai(sim) as client:
        assert await chat(client, stream=stream) == (LINE, "stop", 4)


@pytest.mark.parametrize("stream", [True, False])
async def test_openai_reads_a_content_filter(sim: Simulator, *, stream: bool) -> None:
    sim.set(fault="content_filter")
    async with an_openai(sim) as client:
        assert await chat(client, stream=stream) == ("", "content_filter", 0)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("bad_request_400", openai.BadRequestError),
        ("unauthorized_401", openai.AuthenticationError),
        ("forbidden_403", openai.PermissionDeniedError),
        ("not_found_404", openai.NotFoundError),
        ("rate_limited_429", openai.RateLimitError),
        ("quota_429", openai.RateLimitError),
        ("server_error_500", openai.InternalServerError),
        ("unavailable_503", openai.InternalServerError),
        ("overloaded_529", openai.InternalServerError),
        ("reset_before_reply", openai.APIConnectionError),
    ],
)
async def test_openai_raises_its_own_exception(
    sim: Simulator, fault: str, error: type[openai.APIError], *, stream: bool
) -> None:
    sim.set("openai", fault=fault)
    async with an_openai(sim) as client:
        with pytest.raises(error):
            await chat(client, stream=stream)
    assert sim.requests.total == 1


async def test_openai_tells_a_quota_from_a_rate_limit(sim: Simulator) -> None:
    sim.set("openai", fault="quota_429")
    async with an_openai(sim) as client:
        with pytest.raises(openai.RateLimitError) as caught:
            await chat(client, stream=False)
    assert caught.value.code == "insufficient_quota"


async def test_openai_sees_an_error_after_the_200(sim: Simulator) -> None:
    sim.set("openai", fault="overloaded_in_stream")
    async with an_openai(sim) as client:
        with pytest.raises(openai.APIError, match="overloaded"):
            await chat(client, stream=True)


@pytest.mark.parametrize("fault", [None, "reasoning"])
async def test_openai_reads_a_response_streamed_and_whole(sim: Simulator, fault: str | None) -> None:
    if fault:
        sim.set(fault=fault)
    async with an_openai(sim) as client:
        whole = await client.responses.create(model="gpt-5.4-nano", input=PROMPT)
        async with client.responses.stream(model="gpt-5.4-nano", input=PROMPT) as events:
            kinds = [event.type async for event in events]
            final = await events.get_final_response()
    assert (whole.output_text, final.output_text, final.status) == (LINE, LINE, "completed")
    assert kinds.count("response.output_text.delta") == 4
    assert final.usage == whole.usage


async def test_openai_reads_a_response_that_failed(sim: Simulator) -> None:
    sim.set(fault="quota_in_stream")
    async with an_openai(sim) as client:
        events = await client.responses.create(model="gpt-5.4-nano", input=PROMPT, stream=True)
        with pytest.raises(openai.APIError, match="quota"):
            async for _ in events:
                pass


async def test_openai_reads_embeddings_in_both_encodings(sim: Simulator) -> None:
    async with an_openai(sim) as client:
        packed = await client.embeddings.create(model="e", input="a", dimensions=4)
        plain = await client.embeddings.create(model="e", input="a", dimensions=4, encoding_format="float")
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding)
    assert packed.usage.prompt_tokens == 1


async def test_openai_lists_and_finds_models(sim: Simulator) -> None:
    async with an_openai(sim) as client:
        assert "gpt-5.4-nano" in [model.id async for model in client.models.list()]
        assert (await client.models.retrieve("gpt-x")).id == "gpt-x"


async def test_gemini_reads_an_answer_streamed_and_whole(sim: Simulator) -> None:
    whole = await with_gemini(sim, lambda client: client.models.generate_content(model="g", contents=PROMPT))
    chunks = await with_gemini(sim, lambda client: [*client.models.generate_content_stream(model="g", contents=PROMPT)])
    assert whole.text == "".join(chunk.text or "" for chunk in chunks) == LINE
    last = chunks[-1]
    assert last.candidates is not None
    assert last.candidates[0].finish_reason is types.FinishReason.STOP
    assert last.usage_metadata is not None
    assert last.usage_metadata.candidates_token_count == 4


async def test_gemini_reads_a_blocked_prompt(sim: Simulator) -> None:
    sim.set(fault="content_filter")
    blocked = await with_gemini(sim, lambda client: client.models.generate_content(model="g", contents=PROMPT))
    assert blocked.prompt_feedback is not None
    assert blocked.prompt_feedback.block_reason is types.BlockedReason.PROHIBITED_CONTENT


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("unauthorized_401", errors.ClientError, "UNAUTHENTICATED"),
        ("not_found_404", errors.ClientError, "NOT_FOUND"),
        ("rate_limited_429", errors.ClientError, "RESOURCE_EXHAUSTED"),
        ("server_error_500", errors.ServerError, "INTERNAL"),
        ("unavailable_503", errors.ServerError, "UNAVAILABLE"),
        ("overloaded_529", errors.ServerError, "UNAVAILABLE"),
    ],
)
async def test_gemini_raises_its_own_exception(
    sim: Simulator, fault: str, error: type[errors.APIError], status: str
) -> None:
    sim.set("gemini", fault=fault)
    with pytest.raises(error, match=status):
        await with_gemini(sim, lambda client: [*client.models.generate_content_stream(model="g", contents=PROMPT)])


async def test_gemini_sees_an_error_after_the_200(sim: Simulator) -> None:
    sim.set("gemini", fault="overloaded_in_stream")
    with pytest.raises(errors.ServerError, match="UNAVAILABLE"):
        await with_gemini(sim, lambda client: [*client.models.generate_content_stream(model="g", contents=PROMPT)])


async def test_gemini_lists_models(sim: Simulator) -> None:
    names = await with_gemini(sim, lambda client: [model.name for model in client.models.list()])
    assert "models/gemini-2.5-flash" in names
