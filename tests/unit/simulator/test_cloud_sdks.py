"""The clouds' own clients read the simulator's replies, and raise their own right exceptions for its errors."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import cohere
import ollama
import openai
import pytest
from anthropic import AnthropicVertex
from botocore.config import Config  # type: ignore[import-untyped]  # it has no types
from botocore.exceptions import ClientError, EventStreamError  # type: ignore[import-untyped]  # the same
from botocore.session import Session  # type: ignore[import-untyped]  # the same
from cohere.core.api_error import ApiError
from mcp.client import Client as McpClient
from websockets.exceptions import InvalidStatus

from aiprobe_simulator import Simulator
from tests.unit.simulator.builders import LINE, PROMPT, a_simulator

pytestmark = pytest.mark.slow

T = TypeVar("T")
USER: Any = [{"role": "user", "content": PROMPT}]
CONVERSE: Any = {"modelId": "amazon.nova-micro-v1:0", "messages": [{"role": "user", "content": [{"text": PROMPT}]}]}


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with a_simulator() as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def no_keys_of_the_tester(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "CO_", "OLLAMA_", "AZURE_"))]:
        monkeypatch.delenv(name)


async def with_bedrock(
    sim: Simulator, use: Callable[[Any], T], *, key: str = "AKIDEXAMPLE", service: str = "bedrock-runtime"
) -> T:
    """Use botocore's client in a thread, and close it."""

    def call() -> T:
        session = Session()
        session.set_credentials(key, "secret")
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
        url = f"{sim.url}/bedrock"
        client = session.create_client(service, region_name="us-east-1", endpoint_url=url, config=config)
        try:
            return use(client)
        finally:
            client.close()

    return await asyncio.to_thread(call)


async def test_botocore_reads_an_answer_of_converse(sim: Simulator) -> None:
    reply = await with_bedrock(sim, lambda client: client.converse(**CONVERSE))
    assert reply["output"]["message"]["content"] == [{"text": LINE}]
    assert (reply["stopReason"], reply["usage"]["outputTokens"]) == ("end_turn", 4)
    assert reply["ResponseMetadata"]["RequestId"].startswith("req_")


def streamed(client: Any) -> list[dict[str, Any]]:
    stream = client.converse_stream(**CONVERSE)["stream"]
    try:
        return list(stream)
    finally:
        stream.close()


async def test_botocore_reads_a_stream_with_its_checksums(sim: Simulator) -> None:
    events = await with_bedrock(sim, streamed)
    texts = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
    assert "".join(texts) == LINE
    assert [next(iter(event)) for event in events[-2:]] == ["messageStop", "metadata"]
    assert events[-1]["metadata"]["usage"]["totalTokens"] == events[-1]["metadata"]["usage"]["inputTokens"] + 4


async def test_botocore_reads_reasoning_and_a_guardrail(sim: Simulator) -> None:
    sim.set(fault="reasoning", count=1)
    events = await with_bedrock(sim, streamed)
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert "reasoningContent" in deltas[0]
    assert "text" in deltas[-1]
    sim.set(fault="content_filter", count=1)
    reply = await with_bedrock(sim, lambda client: client.converse(**CONVERSE))
    assert reply["stopReason"] == "guardrail_intervened"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("bad_request_400", "ValidationException"),
        ("bad_key", "UnrecognizedClientException"),
        ("quota_400", "ServiceQuotaExceededException"),
        ("forbidden_403", "AccessDeniedException"),
        ("not_found_404", "ResourceNotFoundException"),
        ("timeout_408", "ModelTimeoutException"),
        ("dependency_424", "ModelErrorException"),
        ("rate_limited_429", "ThrottlingException"),
        ("overloaded_429", "ModelNotReadyException"),
        ("server_error_500", "InternalServerException"),
        ("unavailable_503", "ServiceUnavailableException"),
    ],
)
async def test_botocore_knows_each_exception_by_its_name(sim: Simulator, fault: str, code: str) -> None:
    sim.set(fault=fault)
    with pytest.raises(ClientError) as raised:
        await with_bedrock(sim, lambda client: client.converse(**CONVERSE))
    assert raised.value.response["Error"]["Code"] == code


async def test_botocore_raises_an_exception_that_comes_inside_a_stream(sim: Simulator) -> None:
    sim.set(fault="rate_limited_in_stream")
    with pytest.raises(EventStreamError, match="throttlingException"):
        await with_bedrock(sim, streamed)


async def test_botocore_lists_the_foundation_models(sim: Simulator) -> None:
    reply = await with_bedrock(sim, lambda client: client.list_foundation_models(), service="bedrock")
    assert "amazon.nova-micro-v1:0" in [model["modelId"] for model in reply["modelSummaries"]]


async def test_an_unknown_access_key_is_refused(sim: Simulator) -> None:
    with pytest.raises(ClientError) as raised:
        await with_bedrock(sim, lambda client: client.converse(**CONVERSE), key="sim-bad-key")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


async def test_azures_client_reads_both_forms(sim: Simulator) -> None:
    async with openai.AsyncAzureOpenAI(
        azure_endpoint=f"{sim.url}/azure", api_key="k", api_version="2024-10-21", max_retries=0
    ) as client:
        stream = await client.chat.completions.create(model="my-deployment", messages=USER, stream=True)
        chunks = [chunk async for chunk in stream]
    assert chunks[0].choices == []
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == LINE
    async with openai.AsyncOpenAI(base_url=f"{sim.url}/azure/openai/v1", api_key="k", max_retries=0) as client:
        raw = await client.chat.completions.with_raw_response.create(model="my-deployment", messages=USER)
    assert raw.headers["x-ms-region"] == "Sweden Central"
    assert raw.parse().choices[0].message.content == LINE


@pytest.mark.parametrize("stream", [True, False])
async def test_anthropics_client_for_vertex_reads_an_answer(sim: Simulator, *, stream: bool) -> None:
    def ask() -> str:
        base = f"{sim.url}/vertex/v1"
        with AnthropicVertex(
            region="europe-west1", project_id="p", access_token="t", base_url=base, max_retries=0
        ) as client:
            if not stream:
                message = client.messages.create(model="claude-x@1", max_tokens=64, messages=USER)
                return "".join(block.text for block in message.content if block.type == "text")
            with client.messages.stream(model="claude-x@1", max_tokens=64, messages=USER) as events:
                return events.get_final_text()

    assert await asyncio.to_thread(ask) == LINE


async def test_cohere_reads_an_answer_and_a_stream(sim: Simulator) -> None:
    async with a_cohere(sim) as client:
        reply = await client.chat(model="command-x", messages=USER)
        events = [event async for event in client.chat_stream(model="command-x", messages=USER)]
    assert reply.message.content is not None
    assert [block.text for block in reply.message.content if block.type == "text"] == [LINE]
    deltas = [event for event in events if event.type == "content-delta"]
    assert "".join(_text(event) for event in deltas) == LINE
    assert events[-1].type == "message-end"


def a_cohere(sim: Simulator) -> cohere.AsyncClientV2:
    return cohere.AsyncClientV2(api_key="k", base_url=f"{sim.url}/cohere")


def _text(event: Any) -> str:
    return str(event.delta.message.content.text)


@pytest.mark.parametrize(
    ("fault", "status"), [("unauthorized_401", 401), ("quota_429", 429), ("server_error_500", 500)]
)
async def test_cohere_raises_the_status(sim: Simulator, fault: str, status: int) -> None:
    sim.set(fault=fault)
    async with a_cohere(sim) as client:
        with pytest.raises(ApiError) as raised:
            await client.chat(model="command-x", messages=USER, request_options={"max_retries": 0})
    assert raised.value.status_code == status


async def test_ollama_reads_an_answer_and_a_stream_and_lists_its_models(sim: Simulator) -> None:
    client = ollama.AsyncClient(host=f"{sim.url}/ollama")
    reply = await client.chat(model="llama3.2", messages=USER)
    chunks = [chunk async for chunk in await client.chat(model="llama3.2", messages=USER, stream=True)]
    listed = await client.list()
    await client._client.aclose()
    assert (reply.message.content, reply.done_reason, reply.eval_count) == (LINE, "stop", 4)
    assert "".join(chunk.message.content or "" for chunk in chunks) == LINE
    assert chunks[-1].load_duration is not None
    assert "llama3.2:latest" in [model.model for model in listed.models]


@pytest.mark.parametrize(("fault", "error"), [("not_found_404", "not found"), ("error_in_stream", "runner process")])
async def test_ollama_raises_its_errors_also_inside_a_stream(sim: Simulator, fault: str, error: str) -> None:
    sim.set(fault=fault)
    client = ollama.AsyncClient(host=f"{sim.url}/ollama")
    with pytest.raises(ollama.ResponseError, match=error):
        async for _ in await client.chat(model="llama3.2", messages=USER, stream=True):
            pass
    await client._client.aclose()


async def test_openais_client_opens_a_realtime_session_and_is_told_that_nothing_more_is_simulated(
    sim: Simulator,
) -> None:
    async with (
        openai.AsyncOpenAI(base_url=f"{sim.url}/openai/v1", api_key="k", max_retries=0) as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        created = await connection.recv()
        await connection.response.create()
        error = await connection.recv()
    assert created.type == "session.created"
    assert error.type == "error"


async def test_a_realtime_session_is_refused_with_its_status(sim: Simulator) -> None:
    sim.set(fault="unauthorized_401")
    async with openai.AsyncOpenAI(base_url=f"{sim.url}/openai/v1", api_key="k", max_retries=0) as client:
        with pytest.raises(InvalidStatus) as raised:
            async with client.realtime.connect(model="gpt-realtime"):
                pass
    assert raised.value.response.status_code == 401


@pytest.mark.parametrize(("name", "version"), [("tools", "2026-07-28"), ("handshake-tools", "2025-11-25")])
async def test_mcps_own_client_finds_the_era_and_the_tools(sim: Simulator, name: str, version: str) -> None:
    async with McpClient(f"{sim.url}/{name}/mcp") as client:
        assert client.protocol_version == version
        listed = await client.list_tools()
    assert [tool.name for tool in listed.tools] == ["ask", "search"]
