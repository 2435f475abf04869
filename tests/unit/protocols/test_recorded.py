"""Real replies of real providers read as what they are, with the tokens that they tell."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Finish
from tests.unit.protocols.builders import STREAMS, joined, read, recorded

GEMINI = "recorded/generativelanguage.googleapis.com_gemini_2.5_flash_streamGenerateContent.sse"
CASES = [
    # file, protocol, start of the text, model, (input, output, reasoning, cached), finish
    (
        "anthropic-sdk/basic_response.txt",
        "anthropic-messages",
        "Hello there!",
        "claude-3-opus-latest",
        (11, 6, None, None),
        Finish.STOP,
    ),
    (
        "anthropic-sdk/refusal_response.txt",
        "anthropic-messages",
        "",
        "claude-opus-4-7",
        (20, 0, None, None),
        Finish.FILTERED,
    ),
    (
        "anthropic-sdk/tool_use_response.txt",
        "anthropic-messages",
        "I'll check the current",
        "claude-sonnet-4-20250514",
        (377, 65, None, 0),
        Finish.OTHER,
    ),
    (
        "recorded/api.anthropic.com_messages.sse",
        "anthropic-messages",
        "2",
        "claude-sonnet-4-5-20250929",
        (20, 5, None, 0),
        Finish.STOP,
    ),
    (
        "recorded/api.deepseek.com_responses.sse",
        "openai-responses",
        "The current temperature in Tokyo is **21.0°C**.",
        "deepseek-v4-flash",
        (440, 14, 0, 384),
        Finish.STOP,
    ),
    (
        "recorded/api.openai.com_responses.sse",
        "openai-responses",
        "",
        "gpt-4o-2024-08-06",
        (255, 16, 0, 0),
        Finish.STOP,
    ),
    (
        "recorded/api.mistral.ai_completions.sse",
        "openai-chat",
        "To cross the street safely",
        "magistral-medium-latest",
        (10, 232, None, None),
        Finish.STOP,
    ),
    ("recorded/api.openai.com_completions.sse", "openai-chat", "", "gpt-4o-2024-08-06", (398, 10, 0, 0), Finish.OTHER),
    (
        "recorded/openrouter.ai_completions.sse",
        "openai-chat",
        "Hello!",
        "anthropic/claude-4.6-sonnet-20260217",
        (254, 5, 0, 0),
        Finish.STOP,
    ),
    (GEMINI, "gemini", "Paris", "gemini-2.5-flash", (6, 36, 35, None), Finish.STOP),
    (
        "chunks/azure-chat-model-router.chunks.txt",
        "openai-chat",
        "Capital of Denmark.",
        "gpt-5-nano-2025-08-07",
        (15, 78, 64, 0),
        Finish.STOP,
    ),
    (
        "chunks/openai-chat-text.chunks.txt",
        "openai-chat",
        "**Holiday Name:** Harmony Day",
        "gpt-4.1-nano-2025-04-14",
        (16, 300, 0, 0),
        Finish.STOP,
    ),
    ("chunks/xai-text.chunks.txt", "openai-chat", "Hello", "grok-3-mini", (12, 291, 290, 11), Finish.STOP),
    (
        "chunks/openai-chat-text.json",
        "openai-chat",
        "**Holiday Name:** Galaxy Day",
        "gpt-4.1-nano-2025-04-14",
        (16, 363, 0, 0),
        Finish.STOP,
    ),
    ("chunks/xai-text.json", "openai-chat", "Hello", "grok-3-mini", (12, 229, 228, 2), Finish.STOP),
]
STREAMED = [(name, protocol) for name, protocol, *_ in CASES if not name.endswith(".json")]


def as_sent(name: str) -> bytes:
    """Return a file as the provider sent it: the chunk files hold one JSON document per line, unframed."""
    body = recorded(name)
    if not name.endswith(".chunks.txt"):
        return body
    return b"".join(b"data: %s\n\n" % line for line in body.splitlines() if line.strip()) + b"data: [DONE]\n\n"


@pytest.mark.parametrize(("name", "protocol", "text", "model", "tokens", "finish"), CASES)
def test_a_recorded_answer_is_read_whole(
    name: str, protocol: str, text: str, model: str, tokens: tuple[int | None, ...], finish: Finish
) -> None:
    told = read(protocol, as_sent(name), stream=not name.endswith(".json"))
    assert told.failure is None
    assert told.ended
    assert (told.text[: len(text)], bool(told.text)) == (text, bool(text))
    assert (told.model, told.tokens, told.finish) == (model, tokens, finish)


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("anthropic-sdk/tool_use_response.txt", "anthropic-messages"),
        ("recorded/api.openai.com_completions.sse", "openai-chat"),
        ("recorded/api.openai.com_responses.sse", "openai-responses"),
    ],
)
def test_a_recorded_tool_call_is_content_but_no_text(name: str, protocol: str) -> None:
    assert set(read(protocol, as_sent(name)).kinds) == {"tool_call"}


@pytest.mark.parametrize(
    ("name", "protocol", "call"),
    [
        ("anthropic-sdk/tool_use_response.txt", "anthropic-messages", ("get_weather", '{"location": "Paris"}')),
        ("recorded/api.openai.com_completions.sse", "openai-chat", ("get_country", "{}")),
        ("recorded/api.openai.com_responses.sse", "openai-responses", ("get_capital", '{"country":"France"}')),
    ],
)
def test_the_streamed_arguments_of_a_recorded_call_are_put_together(
    name: str, protocol: str, call: tuple[str, str]
) -> None:
    assert read(protocol, as_sent(name)).calls == [call]


@pytest.mark.parametrize(
    ("name", "length"), [("recorded/api.mistral.ai_completions.sse", 421), ("chunks/xai-text.json", 189)]
)
def test_recorded_reasoning_is_told_from_the_answer(name: str, length: int) -> None:
    told = read("openai-chat", as_sent(name), stream=not name.endswith(".json"))
    assert len(told.reasoning) == length
    assert told.reasoning not in told.text


@pytest.mark.parametrize("name", ["chunks/openai-responses-error.chunks.txt", "chunks/openai-responses-error.json"])
def test_a_recorded_quota_error_is_no_outage(name: str) -> None:
    told = read("openai-responses", as_sent(name), stream=not name.endswith(".json"))
    assert told.outcome is Outcome.QUOTA_EXHAUSTED
    assert told.failure is not None
    assert told.failure.error_type == "insufficient_quota"
    assert not told.ended


@pytest.mark.parametrize("name", ["chunks/cohere-text.chunks.txt", "recorded/mcp.deepwiki.com_mcp.sse"])
@pytest.mark.parametrize(
    "protocol", sorted(set(PROTOCOLS) - {"openai-embeddings", "cohere-rerank", "cohere-chat", "mcp"})
)
def test_a_stream_of_another_protocol_is_never_a_whole_answer(name: str, protocol: str) -> None:
    body = as_sent(name).removesuffix(b"data: [DONE]\n\n")
    told = read(protocol, body)
    assert not told.ended
    assert told.text == ""


@pytest.mark.parametrize(
    "protocol", sorted(set(PROTOCOLS) - {"openai-embeddings", "cohere-rerank", "bedrock-converse", "mcp"})
)
def test_a_binary_stream_is_malformed(protocol: str) -> None:
    name = "recorded/bedrock_runtime.us_east_1.amazonaws.com_converse_stream.bin"
    assert read(protocol, recorded(name)).outcome is Outcome.MALFORMED


@pytest.mark.parametrize(("name", "protocol"), STREAMED)
def test_every_cut_of_a_recorded_stream_before_its_end_is_truncated_and_nothing_worse(name: str, protocol: str) -> None:
    body = as_sent(name)
    finish = _start_of_the_finish(body)
    step = max(1, finish // 150)
    for cut in range(0, finish, step):
        told = read(protocol, body[:cut])
        assert (told.ended, told.failure) == (False, None), cut


def _start_of_the_finish(body: bytes) -> int:
    """Return where the line begins that tells the end, or tells why the model stopped."""
    marks = [b'"finish_reason":"', b'"finishReason"', b"message_stop", b"response.completed"]
    first = min(body.find(mark) for mark in marks if mark in body)
    return body.rfind(b"\n", 0, first) + 1


@pytest.mark.parametrize(("name", "protocol"), STREAMED)
def test_a_recorded_stream_in_single_bytes_reads_the_same(name: str, protocol: str) -> None:
    body = as_sent(name)
    assert joined(read(protocol, *(body[i : i + 1] for i in range(len(body)))).events) == joined(
        read(protocol, body).events
    )


@pytest.mark.skipif(not STREAMS.exists(), reason="the recorded replies are not part of the project")
@settings(max_examples=60)
@given(st.sampled_from(STREAMED), st.lists(st.floats(0, 1), max_size=8), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_any_split_with_any_line_end_reads_the_same(case: tuple[str, str], cuts: list[float], end: bytes) -> None:
    name, protocol = case
    body = as_sent(name)
    whole = read(protocol, body).events
    other = body.replace(b"\n", end)
    edges = [0, *sorted(int(cut * len(other)) for cut in cuts), len(other)]
    pieces = [other[a:b] for a, b in pairwise(edges)]
    assert read(protocol, *pieces).events == whole
