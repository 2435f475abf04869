"""Whatever a server sends, a reader returns events and never raises, and what it returns is fit to be stored."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Failure, Meta, Reasoning, Text
from aiprobe.protocols.judging.errors import in_reply
from aiprobe.protocols.reading import PROGRESS, StreamReader
from tests.unit.protocols.builders import Told, a_head, a_provider, read, read_json, sse

STREAMING = ["anthropic-messages", "openai-chat", "openai-responses", "gemini", "cohere-chat"]
ALL = [*STREAMING, "openai-embeddings", "bedrock-converse", "ollama-chat"]

TEMPLATES: list[Any] = [
    {"type": "message_start", "message": {"id": "i", "model": "m", "usage": {"input_tokens": 1, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "t"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "t"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 5}},
    {
        "model": "m",
        "choices": [{"delta": {"content": "t", "reasoning": "r"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1},
    },
    {"choices": [{"message": {"content": [{"type": "thinking", "thinking": [{"text": "t"}]}]}, "error": {"code": 5}}]},
    {"type": "response.output_text.delta", "delta": "t"},
    {
        "type": "response.completed",
        "response": {
            "status": "incomplete",
            "incomplete_details": {"reason": "content_filter"},
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "t"}]}],
            "usage": {"input_tokens": 1, "output_tokens_details": {"reasoning_tokens": 1}},
        },
    },
    {"output": [{"type": "reasoning", "summary": [{"text": "t"}]}], "status": "completed"},
    {
        "candidates": [{"content": {"parts": [{"text": "t", "thought": True}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 1},
    },
    {"promptFeedback": {"blockReason": "SAFETY"}, "modelVersion": "m"},
    {"data": [{"embedding": [0.1, 2]}], "usage": {"prompt_tokens": 1}},
    {"content": [{"type": "text", "text": "t"}], "stop_reason": "end_turn"},
    {
        "error": {
            "type": "t",
            "code": 429,
            "message": "m",
            "details": [{"violations": [{"quotaId": "PerDay"}]}],
            "metadata": {"raw": "{}"},
        }
    },
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**30),
    st.floats(),
    st.text(max_size=5),
    st.just("\ud800"),
    st.just([]),
    st.just({}),
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, each in inner for path in paths(each, (*at, key)))]


def replaced(value: Any, path: tuple[Any, ...], leaf: Any) -> Any:
    if not path:
        return leaf
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], leaf)
    return copy


@st.composite
def mutations(draw: st.DrawFn) -> Any:
    template = draw(st.sampled_from(TEMPLATES))
    return replaced(template, draw(st.sampled_from(paths(template))), draw(LEAVES))


def assert_fit_to_be_stored(told: Told) -> None:
    for event in told.events:
        if isinstance(event, Text | Reasoning):
            assert event.text
            event.text.encode()
        elif isinstance(event, Failure):
            event.message.encode()
            event.error_type.encode()
        elif isinstance(event, Meta):
            (event.response_model or "").encode()
    assert all(count is None or 0 <= count <= 3 * 10**9 for count in told.tokens)


@settings(max_examples=300)
@given(mutations())
def test_json_of_any_shape_never_raises(document: Any) -> None:
    for protocol in ALL:
        assert_fit_to_be_stored(read_json(protocol, document))
        assert_fit_to_be_stored(read(protocol, sse(document, document, done=True)))
        assert_fit_to_be_stored(read(protocol, b"event: error\n" + sse(document)))
    in_reply(a_head(429), json.dumps(document).encode()).message.encode()


@settings(max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from([b"data: ", b"\n\n", b"{", b"[DONE]", b'"error"', b"event: error\n"]),
        ),
        max_size=12,
    )
)
def test_bytes_of_any_kind_never_raise(pieces: list[bytes]) -> None:
    for protocol in ALL:
        for stream in (True, False):
            assert_fit_to_be_stored(read(protocol, *pieces, stream=stream))
    for status in (302, 400, 403, 429, 500):
        in_reply(a_head(status), b"".join(pieces)).message.encode()


@given(
    st.dictionaries(
        st.sampled_from(
            ["retry-after", "retry-after-ms", "date", "server-timing", "x-request-id", "x-ratelimit-limit"]
        ),
        st.text(max_size=40),
    )
)
def test_headers_of_any_kind_never_raise(headers: dict[str, str]) -> None:
    for protocol in ALL:
        facts = PROTOCOLS[protocol].head(a_provider(), a_head(200, **headers))
        assert facts.retry_after_seconds is None or facts.retry_after_seconds >= 0


DEEP = {"objects": b'{"error":' * 100_000, "lists": b"[" * 100_000, "closed": b"[" * 50_000 + b"]" * 50_000}


@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize("shape", DEEP)
def test_deep_nesting_is_malformed(protocol: str, shape: str) -> None:
    assert read(protocol, DEEP[shape], stream=False).outcome is Outcome.MALFORMED
    if protocol in STREAMING:
        assert read(protocol, b"data: " + DEEP[shape] + b"\n\n").outcome is Outcome.MALFORMED
    assert PROTOCOLS[protocol].failure(a_head(500), DEEP[shape]).outcome is Outcome.SERVER_ERROR


LONG = {
    "zeros": b'{"choices":[' + b"0," * 11_000 + b"0]}",
    "objects": b'{"choices":[' + b"{}," * 6_000 + b"{}]}",
    "lists in lists": b'{"choices":[' + (b"[" * 60 + b"]" * 60 + b",") * 200 + b"0]}",
    "errors": b'{"error":[' + b"[[]]," * 5_000 + b"0]}",
}


@pytest.mark.parametrize("shape", LONG)
@pytest.mark.parametrize("protocol", ALL)
def test_a_document_whose_reading_would_hold_the_event_loop_is_malformed(protocol: str, shape: str) -> None:
    assert read(protocol, LONG[shape], stream=False).outcome is Outcome.MALFORMED
    if protocol in STREAMING:
        assert read(protocol, b"data: " + LONG[shape] + b"\n\n").outcome is Outcome.MALFORMED
    assert PROTOCOLS[protocol].failure(a_head(500), LONG[shape]).outcome is Outcome.SERVER_ERROR


MANY: list[tuple[str, bytes]] = [
    ("openai-chat", b'{"choices":[' + b"{}," * 300 + b"{}]}"),
    ("openai-chat", b'{"choices":[{"message":{"tool_calls":[' + b"{}," * 300 + b"{}]}}]}"),
    ("openai-chat", b'{"choices":[{"message":{"content":[' + b'{"text":"a"},' * 300 + b"{}]}}]}"),
    ("anthropic-messages", b'{"content":[' + b'{"type":"text","text":"a"},' * 300 + b"{}]}"),
    ("openai-responses", b'{"status":"completed","output":[' + b"{}," * 300 + b"{}]}"),
    ("gemini", b'{"candidates":[{"content":{"parts":[' + b'{"text":"a"},' * 300 + b"{}]}}]}"),
    ("bedrock-converse", b'{"output":{"message":{"content":[' + b'{"text":"a"},' * 300 + b"{}]}}}"),
    ("cohere-chat", b'{"message":{"tool_calls":[' + b"{}," * 300 + b"{}]}}"),
    ("ollama-chat", b'{"message":{"tool_calls":[' + b"{}," * 300 + b'{}]},"done":true}'),
    ("openai-embeddings", b'{"data":[{"embedding":"' + b"A" * 80_000 + b'"}]}'),
]


@pytest.mark.parametrize(("protocol", "body"), MANY)
def test_a_reply_of_more_blocks_or_calls_than_any_real_one_is_malformed(protocol: str, body: bytes) -> None:
    assert read(protocol, body, stream=False).outcome is Outcome.MALFORMED
    if protocol == "openai-chat":
        assert read(protocol, b"data: " + body.replace(b"message", b"delta") + b"\n\n").outcome is Outcome.MALFORMED


def test_plain_events_that_are_put_off_are_decoded_before_they_are_many() -> None:
    reader = PROTOCOLS["openai-chat"].reader(stream=True)
    assert isinstance(reader, StreamReader)
    reader.patient = True
    event = b'data: {"choices":[{"index":0,"delta":{"content":"la "},"finish_reason":null}]}\n\n'
    decoded = sum(reader.feed(event) is not PROGRESS for _ in range(2000))
    assert decoded == 2000 // 32


def test_lines_outside_of_any_event_are_bounded_and_kept_as_one_object() -> None:
    reader = PROTOCOLS["openai-chat"].reader(stream=True)
    events = [event for _ in range(3) for event in reader.feed(b"}\n" * (1 << 18))]
    assert Told(events).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("protocol", ALL)
def test_a_number_too_long_to_convert_is_malformed(protocol: str) -> None:
    assert read(protocol, b'{"usage": ' + b"9" * 10_000 + b"}", stream=False).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("count", [-1, 1e400, float("nan"), "12", True, 10**15, None, {}])
def test_a_token_count_that_would_become_a_wrong_bill_is_dropped(count: object) -> None:
    told = read_json(
        "openai-chat",
        {"choices": [{"message": {"content": "a"}}], "usage": {"prompt_tokens": count, "completion_tokens": 3}},
    )
    assert (told.text, told.tokens) == ("a", (None, 3, None, None))


def test_a_surrogate_pair_cut_in_two_becomes_text_that_can_be_stored() -> None:
    told = read(
        "openai-chat",
        b'data: {"choices":[{"delta":{"content":"\\ud83d"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\ude00 \\u0000"}}]}\n\n',
    )
    assert told.text == "?? \x00"


def test_names_are_short_and_printable() -> None:
    told = read("openai-chat", sse({"model": "m\n\x00" + "x" * 500, "id": "a b\n" + "y" * 500, "choices": []}))
    assert (told.model, told.request_id) == ("m" + "x" * 397, "ab" + "y" * 396)


def test_a_page_of_open_tags_is_read_in_bounded_work() -> None:
    assert in_reply(a_head(500), b"<" * 2_000_000).outcome is Outcome.SERVER_ERROR
    assert in_reply(a_head(403), b"<script" * 300_000).outcome is Outcome.AUTH
    assert in_reply(a_head(429), b'{"message":"' + b'\\"' * 1_000_000).outcome is Outcome.RATE_LIMITED
