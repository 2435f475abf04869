"""What is sent: paths under every form of base URL, bodies as the providers' references give them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Request
from tests.unit.protocols.builders import a_provider, an_ask

OPENAI = "https://api.openai.com/v1"

ASKING = sorted(set(PROTOCOLS) - {"mcp"})
"""Protocols that ask a model something; the other has tools instead."""


def request(
    protocol: str, *, base_url: str = "https://llm.test", ask: dict[str, object] | None = None, **provider: object
) -> Request:
    return PROTOCOLS[protocol].request(a_provider(base_url=base_url, **provider), an_ask(**(ask or {})))


def body(protocol: str, **how: Any) -> dict[str, Any]:
    document = json.loads(request(protocol, **how).body)
    assert isinstance(document, dict)
    return document


def test_anthropic_is_asked_as_its_reference_says() -> None:
    sent = request("anthropic-messages", ask={"max_output_tokens": 16})
    assert (sent.method, sent.path) == ("POST", "/v1/messages")
    assert dict(sent.headers) == {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "anthropic-version": "2023-06-01",
    }
    assert (
        sent.body
        == b'{"model":"m","max_tokens":16,"messages":[{"role":"user","content":"Say NONCE0001"}],"stream":true}'
    )


@pytest.mark.parametrize(
    ("reasoning", "fields"),
    [
        (None, {}),
        ("disabled", {"thinking": {"type": "disabled"}}),
        ("1024", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        ("low", {"output_config": {"effort": "low"}}),
        ("adaptive", {"thinking": {"type": "adaptive"}}),
        ("adaptive:low", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
    ],
)
def test_anthropics_thinking_is_kept_low_in_its_own_words(reasoning: str | None, fields: dict[str, object]) -> None:
    sent = body("anthropic-messages", ask={"reasoning": reasoning})
    assert {key: sent[key] for key in sent if key not in {"model", "max_tokens", "messages", "stream"}} == fields


def test_openai_itself_is_asked_without_obfuscation() -> None:
    assert body("openai-chat", base_url=OPENAI, ask={"reasoning": "none"}) == {
        "model": "m",
        "messages": [{"role": "user", "content": "Say NONCE0001"}],
        "max_completion_tokens": 64,
        "stream": True,
        "stream_options": {"include_usage": True, "include_obfuscation": False},
        "reasoning_effort": "none",
    }


def test_a_compatible_provider_is_asked_only_what_its_entry_says() -> None:
    sent = body("openai-chat", token_cap_field="max_tokens")
    assert (sent["max_tokens"], sent["stream_options"]) == (64, {"include_usage": True})
    assert "stream_options" not in body("openai-chat", include_usage=False)


@pytest.mark.parametrize("protocol", ["anthropic-messages", "openai-chat", "openai-responses", "gemini"])
def test_without_streaming_nothing_about_streams_is_sent(protocol: str) -> None:
    sent = request(protocol, base_url=OPENAI, ask={"stream": False})
    assert b"stream" not in sent.body
    assert "stream" not in sent.path.lower()
    assert dict(sent.headers)["accept"] == "application/json"


@pytest.mark.parametrize("protocol", ASKING)
def test_a_temperature_is_never_sent(protocol: str) -> None:
    assert b"temperature" not in request(protocol, ask={"reasoning": "low"}).body


def test_responses_are_asked_with_the_least_cap_that_is_allowed() -> None:
    assert body("openai-responses", base_url=OPENAI, ask={"max_output_tokens": 5, "reasoning": "none"}) == {
        "model": "m",
        "input": "Say NONCE0001",
        "max_output_tokens": 16,
        "store": False,
        "stream": True,
        "stream_options": {"include_obfuscation": False},
        "reasoning": {"effort": "none"},
    }
    assert "stream_options" not in body("openai-responses")


def test_embeddings_are_asked_for_one_text() -> None:
    sent = request("openai-embeddings", base_url=OPENAI, ask={"stream": False})
    assert (sent.path, json.loads(sent.body)) == ("/v1/embeddings", {"model": "m", "input": "Say NONCE0001"})


@pytest.mark.parametrize(
    ("reasoning", "config"),
    [
        (None, None),
        ("0", {"thinkingBudget": 0}),
        ("-1", {"thinkingBudget": -1}),
        ("128", {"thinkingBudget": 128}),
        ("none", {"thinkingBudget": 0}),
        ("minimal", {"thinkingLevel": "MINIMAL"}),
    ],
)
def test_gemini_is_asked_with_its_token_cap_and_thinking(
    reasoning: str | None, config: dict[str, object] | None
) -> None:
    sent = body("gemini", ask={"reasoning": reasoning})
    assert sent["contents"] == [{"role": "user", "parts": [{"text": "Say NONCE0001"}]}]
    assert sent["generationConfig"]["maxOutputTokens"] == 64
    assert sent["generationConfig"].get("thinkingConfig") == config


PATHS = [
    ("anthropic-messages", "https://api.anthropic.com", "/v1/messages"),
    ("anthropic-messages", "https://x.test/anthropic", "/anthropic/v1/messages"),
    ("openai-chat", OPENAI, "/v1/chat/completions"),
    ("openai-chat", "http://10.0.0.7:8000/v1/", "/v1/chat/completions"),
    ("openai-chat", "https://api.deepseek.test", "/chat/completions"),
    (
        "openai-chat",
        "https://x.test/openai/deployments/d?api-version=1",
        "/openai/deployments/d/chat/completions?api-version=1",
    ),
    ("openai-responses", OPENAI, "/v1/responses"),
    ("gemini", "https://g.test", "/v1beta/models/m:streamGenerateContent?alt=sse"),
    ("gemini", "https://g.test/v1", "/v1/models/m:streamGenerateContent?alt=sse"),
    ("gemini", "https://g.test/v1beta", "/v1beta/models/m:streamGenerateContent?alt=sse"),
    ("gemini", "https://g.test/proxy", "/proxy/v1beta/models/m:streamGenerateContent?alt=sse"),
    (
        "gemini",
        "https://g.test/v1beta1/publishers/google",
        "/v1beta1/publishers/google/models/m:streamGenerateContent?alt=sse",
    ),
    ("gemini", "https://g.test?key=k", "/v1beta/models/m:streamGenerateContent?alt=sse&key=k"),
]


@pytest.mark.parametrize(("protocol", "base_url", "path"), PATHS)
def test_a_base_url_is_taken_as_the_official_sdk_takes_it(protocol: str, base_url: str, path: str) -> None:
    assert request(protocol, base_url=base_url).path == path


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("models/gemini-2.5-flash", "/v1beta/models/gemini-2.5-flash:generateContent"),
        ("tunedModels/mine", "/v1beta/tunedModels/mine:generateContent"),
        ("google/../a b?é", "/v1beta/models/google%2F..%2Fa%20b%3F%C3%A9:generateContent"),
    ],
)
def test_a_model_cannot_change_the_path(model: str, path: str) -> None:
    assert request("gemini", ask={"model": model, "stream": False}).path == path


@pytest.mark.parametrize(
    ("protocol", "base_url", "path"),
    [
        ("anthropic-messages", "https://api.anthropic.com", "/v1/models?limit=1"),
        ("openai-chat", OPENAI, "/v1/models"),
        ("openai-responses", OPENAI, "/v1/models"),
        ("openai-embeddings", OPENAI, "/v1/models"),
        ("gemini", "https://g.test", "/v1beta/models?pageSize=1"),
    ],
)
def test_the_list_of_models_costs_nothing_and_is_small_where_it_can_be(protocol: str, base_url: str, path: str) -> None:
    sent = PROTOCOLS[protocol].models_request(a_provider(base_url=base_url))
    assert (sent.method, sent.path, sent.body) == ("GET", path, b"")


def test_a_provider_may_have_another_list_endpoint() -> None:
    provider = a_provider(base_url="https://router.test/api/v1", models_path="/key")
    assert PROTOCOLS["openai-chat"].models_request(provider).path == "/api/v1/key"


def test_a_configured_header_is_left_to_the_probe_which_sends_it_once() -> None:
    sent = request("anthropic-messages", headers={"Anthropic-Version": "2026-10-21", "x-extra": "1"})
    assert {"anthropic-version", "x-extra"}.isdisjoint(dict(sent.headers))


def test_extra_fields_win_and_leave_their_neighbours_alone() -> None:
    sent = body(
        "gemini",
        extra_body={"generationConfig": {"seed": 1}, "safetySettings": []},
        ask={"extra_body": {"generationConfig": {"seed": 2, "topK": 1}}},
    )
    assert sent["generationConfig"] == {"maxOutputTokens": 64, "seed": 2, "topK": 1}
    assert sent["safetySettings"] == []


@pytest.mark.parametrize("protocol", ASKING)
def test_a_body_is_ascii_without_blanks_between_fields(protocol: str) -> None:
    sent = request(protocol, ask={"model": "mødel", "prompt": "A"}).body
    assert sent.isascii()
    assert b" " not in sent


@given(st.text(st.characters(min_codepoint=48, max_codepoint=122, categories=["L", "N"]), min_size=1, max_size=40))
def test_placeholders_of_letters_and_digits_stand_in_the_body_as_they_are(placeholder: str) -> None:
    for protocol in ASKING:
        assert placeholder.encode() in request(protocol, ask={"prompt": f"Repeat: {placeholder}"}).body


def test_a_number_that_json_cannot_hold_is_refused_when_the_request_is_built() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        request("openai-chat", ask={"extra_body": {"top_p": float("nan")}})
