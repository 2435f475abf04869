"""Right replies, and the refusals of a real service: keys, models, bad requests, flavours, headers, usage."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiprobe_simulator import Simulator
from tests.unit.simulator.builders import CHATS, LINE, PATHS, a_call, a_request, a_simulator, ask
from tests.unit.simulator.truthful import outcome_of


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with a_simulator() as simulator:
        yield simulator


@pytest.mark.parametrize("asked", [*CHATS, "openai-embeddings", "models", "web", "egress"])
@pytest.mark.parametrize("stream", [True, False])
async def test_everything_is_right_when_nothing_is_in_force(sim: Simulator, asked: str, *, stream: bool) -> None:
    reply = await ask(sim.url, a_call(asked, stream=stream))
    assert outcome_of(asked, reply, stream=stream) == "ok"
    assert reply.complete


@pytest.mark.parametrize("asked", [*CHATS, "openai-embeddings", "models"])
@pytest.mark.parametrize("key", ["", "sim-bad-key"])
async def test_a_missing_or_bad_key_gets_the_providers_own_refusal(sim: Simulator, asked: str, key: str) -> None:
    reply = await ask(sim.url, a_call(asked, key=key))
    assert reply.status == (400 if asked == "gemini" else 401)
    assert outcome_of(asked, reply, stream=True) == "auth"


async def test_openai_echoes_a_refused_key_in_part(sim: Simulator) -> None:
    reply = await ask(sim.url, a_call("openai-chat", key="sim-bad-key"))
    assert "sim-ba********-key" in reply.json["error"]["message"]
    assert b"sim-bad-key" not in reply.body


@pytest.mark.parametrize("name", ["x-api-key", "api-key", "x-goog-api-key"])
async def test_a_key_is_taken_from_every_providers_header(sim: Simulator, name: str) -> None:
    headers = {name: "k", "anthropic-version": "2026-10-21"}
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    reply = await ask(sim.url, a_request(PATHS["anthropic-messages"], body, key="", headers=headers))
    assert reply.status == 200


async def test_a_server_of_ones_own_needs_no_key(sim: Simulator) -> None:
    assert (await ask(sim.url, a_call("openai-chat", provider="my-vllm", key=""))).status == 200
    assert (await ask(sim.url, a_call("openai-chat", provider="my-vllm", key="sim-bad-key"))).status == 401


@pytest.mark.parametrize("asked", [*CHATS, "openai-embeddings"])
async def test_a_model_that_does_not_exist_is_not_found(sim: Simulator, asked: str) -> None:
    reply = await ask(sim.url, a_call(asked, model="no-such-model"))
    assert (reply.status, outcome_of(asked, reply, stream=True)) == (404, "not_found")


@pytest.mark.parametrize("asked", CHATS)
@pytest.mark.parametrize("stream", [True, False])
async def test_the_token_cap_cuts_the_answer_and_the_finish_says_so(
    sim: Simulator, asked: str, *, stream: bool
) -> None:
    prompt = "Repeat:\n" + "x" * 200
    reply = await ask(sim.url, a_call(asked, stream=stream, prompt=prompt, cap=16))
    word = {
        "anthropic-messages": b'"max_tokens"',
        "openai-chat": b'"length"',
        "openai-responses": b'"incomplete"',
        "gemini": b'"MAX_TOKENS"',
    }
    assert word[asked] in reply.body
    assert b"x" * 65 not in reply.body
    assert b":16" in reply.body


@pytest.mark.parametrize(
    ("asked", "usage"),
    [
        ("anthropic-messages", {"input_tokens": 14, "output_tokens": 4}),
        ("openai-chat", {"prompt_tokens": 14, "completion_tokens": 4, "total_tokens": 18}),
        ("openai-responses", {"input_tokens": 14, "output_tokens": 4, "total_tokens": 18}),
        ("gemini", {"promptTokenCount": 14, "candidatesTokenCount": 4, "totalTokenCount": 18}),
    ],
)
async def test_usage_is_exact_and_the_same_streamed_or_not(sim: Simulator, asked: str, usage: dict[str, int]) -> None:
    whole = (await ask(sim.url, a_call(asked, stream=False))).json
    events = [json.loads(data) for _, data in (await ask(sim.url, a_call(asked))).events if data != "[DONE]"]
    told = [_usage(event.get("response", event)) for event in events]
    last = [found for found in told if found][-1]
    assert {name: _usage(whole)[name] for name in usage} == usage
    assert {name: last[name] for name in usage} == usage


def _usage(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body.get("usage") or body.get("usageMetadata") or {}
    return found


async def test_usage_of_a_chat_stream_comes_only_when_it_was_asked_for(sim: Simulator) -> None:
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": LINE}]}
    plain = await ask(sim.url, a_request(PATHS["openai-chat"], body))
    assert b"completion_tokens" not in plain.body
    mistral = await ask(sim.url, a_request("/mistral/v1/chat/completions", body))
    last = json.loads(mistral.events[-2][1])
    assert (last["choices"][0]["finish_reason"], last["usage"]["completion_tokens"]) == ("stop", 4)


async def test_headers_are_each_providers_own(sim: Simulator) -> None:
    anthropic = (await ask(sim.url, a_call("anthropic-messages"))).headers
    openai = (await ask(sim.url, a_call("openai-chat"))).headers
    gemini = (await ask(sim.url, a_call("gemini"))).headers
    mistral = (await ask(sim.url, a_call("openai-chat", provider="mistral"))).headers
    assert anthropic["request-id"].startswith("req_")
    assert {"anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-input-tokens-reset", "server-timing"} <= set(
        anthropic
    )
    assert {"x-request-id", "openai-processing-ms", "x-ratelimit-remaining-tokens"} <= set(openai)
    assert gemini["server-timing"].startswith("gfet4t7; dur=")
    assert not any("ratelimit" in name or "request-id" in name for name in gemini)
    assert {"mistral-correlation-id", "x-ratelimit-remaining-req-minute"} <= set(mistral)


async def test_request_ids_never_repeat_and_are_the_same_for_the_same_seed() -> None:
    async def ids(seed: int) -> list[str]:
        async with a_simulator(seed=seed) as sim:
            return [(await ask(sim.url, a_call("anthropic-messages"))).headers["request-id"] for _ in range(3)]

    first, again, other = await ids(1), await ids(1), await ids(2)
    assert len(set(first)) == 3
    assert (first == again, first == other) == (True, False)


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("openai", {"error": {"type": "server_error"}}),
        ("mistral", {"object": "error", "type": "server_error", "code": None}),
        ("xai", {"code": "server_error"}),
        ("openrouter", {"error": {"code": 500}}),
    ],
)
async def test_errors_have_the_shape_of_the_providers_flavour(
    sim: Simulator, provider: str, expected: dict[str, Any]
) -> None:
    sim.set(provider, fault="server_error_500")
    got = (await ask(sim.url, a_call("openai-chat", provider=provider))).json
    inner = expected.get("error")
    assert (expected | got).keys() == got.keys()
    assert {**got, **expected} == got if inner is None else {**got["error"], **inner} == got["error"]


@pytest.mark.parametrize(
    ("asked", "body", "status"),
    [
        ("anthropic-messages", b"{", 400),
        ("anthropic-messages", b"[]", 400),
        ("anthropic-messages", {}, 400),
        ("anthropic-messages", {"model": "m", "messages": [{"role": "user", "content": "x"}]}, 400),
        ("anthropic-messages", {"model": "m", "max_tokens": 0, "messages": [{"role": "user", "content": "x"}]}, 400),
        ("anthropic-messages", {"model": "m", "max_tokens": 5, "messages": []}, 400),
        (
            "anthropic-messages",
            {"model": "m", "max_tokens": 5, "temperature": 1, "messages": [{"role": "user", "content": "x"}]},
            400,
        ),
        ("openai-chat", {"model": "m", "messages": [{"role": "system", "content": "x"}]}, 400),
        ("openai-chat", {"model": "m", "messages": ["x"]}, 400),
        ("openai-chat", {"model": "gpt-5-nano", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}, 400),
        ("openai-chat", {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}, 200),
        ("openai-responses", {"model": "m", "input": "x", "max_output_tokens": 15}, 400),
        ("openai-responses", {"model": "m", "input": 3}, 400),
        (
            "openai-responses",
            {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}]},
            200,
        ),
        ("openai-embeddings", {"model": "m", "input": []}, 400),
        ("openai-embeddings", {"model": "m", "input": "a", "dimensions": 5_000}, 400),
        ("openai-embeddings", {"model": "m", "input": [1, 2]}, 200),
        ("openai-embeddings", {"model": "m", "input": ["a", "b"]}, 200),
        ("gemini", {"contents": "x"}, 400),
        ("gemini", {"contents": [{"parts": [{"text": "x"}]}]}, 200),
    ],
)
async def test_a_bad_request_is_refused_as_the_real_service_does(
    sim: Simulator, asked: str, body: Any, status: int
) -> None:
    path = PATHS.get(asked, "/gemini/v1beta/models/m:generateContent")
    reply = await ask(sim.url, a_request(path, body, headers={"anthropic-version": "2026-10-21"}))
    assert reply.status == status
    assert reply.complete


async def test_anthropic_without_a_version_is_refused(sim: Simulator) -> None:
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
    reply = await ask(sim.url, a_request(PATHS["anthropic-messages"], body))
    assert (reply.status, reply.json["error"]["type"]) == (400, "invalid_request_error")


async def test_a_list_of_models_is_as_long_as_asked_for(sim: Simulator) -> None:
    anthropic = await ask(sim.url, a_request("/anthropic/v1/models?limit=1", headers={"anthropic-version": "x"}))
    gemini = await ask(sim.url, a_request("/gemini/v1beta/models?pageSize=1"))
    openai = await ask(sim.url, a_request("/openai/v1/models"))
    assert (len(anthropic.json["data"]), anthropic.json["has_more"]) == (1, True)
    assert (len(gemini.json["models"]), "nextPageToken" in gemini.json) == (1, True)
    assert len(openai.json["data"]) > 1


async def test_a_vector_depends_on_its_text_alone_and_has_length_one(sim: Simulator) -> None:
    def body(text: str) -> dict[str, Any]:
        return {"model": "m", "input": text, "dimensions": 32}

    one, same, other = [
        (await ask(sim.url, a_request(PATHS["openai-embeddings"], body(text)))).json["data"][0]["embedding"]
        for text in "aab"
    ]
    assert one == same != other
    assert sum(value * value for value in one) == pytest.approx(1.0)


async def test_a_long_prompt_with_a_needle_is_answered_and_billed(sim: Simulator) -> None:
    filler = "the river runs past the old mill\n" * 12_500
    prompt = f"{filler}The code word is badafan.\n{filler}Repeat this line exactly:\n[code word] END12345"
    reply = await ask(sim.url, a_call("openai-chat", stream=False, prompt=prompt))
    assert reply.json["choices"][0]["message"]["content"] == LINE
    assert reply.json["usage"]["prompt_tokens"] > 200_000


async def test_a_path_that_nobody_serves_is_404(sim: Simulator) -> None:
    reply = await ask(sim.url, a_request("/openai/v1/audio", {}))
    assert (reply.status, sim.requests.total) == (404, 0)
