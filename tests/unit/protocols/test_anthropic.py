from typing import Any

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Event, Finish, Progress
from tests.unit.protocols.builders import named, read, read_json, sse

START: dict[str, Any] = {
    "type": "message_start",
    "message": {
        "model": "claude-x",
        "usage": {
            "input_tokens": 9,
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 1000,
            "output_tokens": 1,
        },
    },
}
STOP: dict[str, Any] = {"type": "message_stop"}


def delta(kind: str, **fields: object) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **fields}}


def block(kind: str, **fields: object) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 0, "content_block": {"type": kind, **fields}}


def last(reason: object = "end_turn", **usage: object) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


def test_a_message_is_read_whole() -> None:
    told = read(
        "anthropic-messages",
        named(START, block("text", text=""), delta("text_delta", text="OK"), last(output_tokens=5), STOP),
    )
    assert (told.text, told.finish, told.model, told.ended) == ("OK", Finish.STOP, "claude-x", True)


def test_the_input_is_what_was_fresh_written_to_a_cache_and_read_from_one() -> None:
    assert read("anthropic-messages", named(START, last(output_tokens=5), STOP)).tokens == (1109, 5, None, 1000)


def test_a_late_input_of_zero_says_nothing() -> None:
    late = last(input_tokens=0, cache_read_input_tokens=0, output_tokens=5)
    assert read("anthropic-messages", named(START, late, STOP)).tokens == (1109, 5, None, 1000)


def test_a_late_input_above_zero_wins() -> None:
    late = last(input_tokens=7, output_tokens=5, output_tokens_details={"thinking_tokens": 3})
    assert read("anthropic-messages", named(START, late, STOP)).tokens == (7, 5, 3, 1000)


def test_thinking_is_told_from_text_and_a_signature_is_neither() -> None:
    told = read(
        "anthropic-messages",
        named(
            block("thinking", thinking="", signature=""),
            delta("thinking_delta", thinking="hm"),
            delta("signature_delta", signature="abc"),
            delta("citations_delta", citation={}),
            delta("text_delta", text="OK"),
            STOP,
        ),
    )
    assert (told.reasoning, told.text, told.kinds) == ("hm", "OK", [])


def test_blocks_that_start_with_something_in_them_count() -> None:
    told = read(
        "anthropic-messages",
        named(block("text", text="O"), delta("text_delta", text="K"), block("thinking", thinking="hm"), STOP),
    )
    assert (told.text, told.reasoning) == ("OK", "hm")


def test_a_fallback_block_is_no_content() -> None:
    told = read("anthropic-messages", named(block("fallback", **{"from": {"model": "a"}, "to": {"model": "b"}}), STOP))
    assert (told.text, told.kinds) == ("", [])


@pytest.mark.parametrize("kind", ["tool_use", "server_tool_use"])
def test_a_tool_call_is_content(kind: str) -> None:
    told = read(
        "anthropic-messages", named(block(kind), delta("input_json_delta", partial_json=""), last("tool_use"), STOP)
    )
    assert (told.kinds, told.finish) == (["tool_call"], Finish.OTHER)


def test_pings_make_no_event_wherever_they_stand() -> None:
    reader = PROTOCOLS["anthropic-messages"].reader(stream=True)
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    assert list(reader.feed(ping + sse({"type": "ping"}) + b"event: ping\ndata: not even json\n\n")) == []


def test_unknown_events_and_blocks_are_progress() -> None:
    events: list[Event] = list(
        PROTOCOLS["anthropic-messages"]
        .reader(stream=True)
        .feed(named({"type": "brand_new"}, delta("new_delta", x=1), {"type": "content_block_stop", "index": 0}))
    )
    assert events == [Progress()] * 3


def test_the_event_line_may_be_missing() -> None:
    told = read("anthropic-messages", sse(START, delta("text_delta", text="OK"), last(), STOP))
    assert (told.text, told.ended) == ("OK", True)


def test_the_type_in_the_data_may_be_missing() -> None:
    text = b'event: content_block_delta\ndata: {"delta":{"type":"text_delta","text":"OK"}}\n\n'
    told = read("anthropic-messages", text, b"event: message_stop\ndata: {}\n\n")
    assert (told.text, told.ended) == ("OK", True)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("refusal", Finish.FILTERED),
        ("pause_turn", Finish.OTHER),
        (None, None),
    ],
)
def test_stop_reasons_have_one_spelling(reason: str | None, finish: Finish | None) -> None:
    assert read("anthropic-messages", named(last(reason), STOP)).finish is finish
    assert read_json("anthropic-messages", {"content": [], "stop_reason": reason}).finish is finish


def test_a_stop_reason_without_message_stop_is_no_end() -> None:
    assert not read(
        "anthropic-messages", named(START, delta("text_delta", text="OK"), last()) + b"data: [DONE]\n\n"
    ).ended


def test_overload_after_the_first_words_is_overload() -> None:
    error: dict[str, object] = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    told = read("anthropic-messages", named(START, delta("text_delta", text="O"), error))
    assert (told.text, told.outcome, told.ended) == ("O", Outcome.OVERLOADED, False)


def test_an_error_under_the_name_of_a_ping_is_still_an_error() -> None:
    body = b'event: ping\ndata: {"type":"error","error":{"type":"api_error","message":"m"}}\n\n'
    assert read("anthropic-messages", body).outcome is Outcome.ERROR_IN_BODY


def test_a_whole_message_is_read() -> None:
    told = read_json(
        "anthropic-messages",
        {
            "model": "claude-x",
            "content": [
                {"type": "thinking", "thinking": "hm"},
                {"type": "text", "text": "OK"},
                {"type": "tool_use"},
                {"type": "redacted_thinking"},
            ],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 9, "output_tokens": 4, "output_tokens_details": {"thinking_tokens": 2}},
        },
    )
    assert (told.reasoning, told.text, told.kinds) == ("hm", "OK", ["tool_call", "redacted_thinking"])
    assert (told.tokens, told.model, told.ended) == ((9, 4, 2, None), "claude-x", True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "message_start", "message": []},
        delta("text_delta", text=7),
        {"type": "content_block_delta", "delta": "x"},
    ],
)
def test_events_of_a_wrong_type_are_malformed(wrong: dict[str, object]) -> None:
    assert read("anthropic-messages", named(wrong)).outcome is Outcome.MALFORMED
