"""Cohere's chat, version 2: requests, streams, whole replies and flat errors."""

import json
from typing import Any

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Finish
from tests.unit.protocols.builders import a_head, a_provider, an_ask, named, read, read_json, recorded, sse

NAME = "cohere-chat"
BILLED = {"billed_units": {"input_tokens": 3, "output_tokens": 2}, "tokens": {"input_tokens": 69, "output_tokens": 3}}


def a_delta(**content: str) -> dict[str, object]:
    return {"type": "content-delta", "index": 0, "delta": {"message": {"content": content}}}


def an_end(reason: str = "COMPLETE", **more: object) -> dict[str, object]:
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": BILLED, **more}}


START: dict[str, object] = {
    "type": "message-start",
    "id": "m-1",
    "delta": {"message": {"role": "assistant", "content": []}},
}


def test_a_stream_has_text_tokens_as_billed_and_an_end() -> None:
    told = read(NAME, named(START, a_delta(thinking="hm"), a_delta(text="O"), a_delta(text="K"), an_end()))
    assert (told.reasoning, told.text, told.finish, told.ended) == ("hm", "OK", Finish.STOP, True)
    assert told.tokens == (3, 2, None, None)
    assert told.request_id == "m-1"


def test_a_real_stream_is_read_to_its_end() -> None:
    chunks = recorded("chunks/cohere-text.chunks.txt").splitlines()
    told = read(NAME, sse(*(json.loads(chunk) for chunk in chunks if chunk.strip())))
    assert told.text
    assert (told.finish, told.ended, told.outcome) == (Finish.STOP, True, None)


def test_a_real_whole_reply_is_read() -> None:
    told = read_json(NAME, json.loads(recorded("chunks/cohere-text.json")))
    assert told.text
    assert (told.finish, told.ended) == (Finish.STOP, True)


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (an_end("ERROR", error="internal failure"), Outcome.ERROR_IN_BODY),
        (an_end("ERROR"), Outcome.ERROR_IN_BODY),
        (an_end("TIMEOUT"), Outcome.ERROR_IN_BODY),
        (an_end("ERROR", error="the model is overloaded"), Outcome.OVERLOADED),
        (an_end("ERROR", error="too many requests"), Outcome.RATE_LIMITED),
        ({"error": {"message": "the model is overloaded"}, "type": "x"}, Outcome.OVERLOADED),
    ],
)
def test_an_end_that_tells_an_error_is_that_error(end: dict[str, object], outcome: Outcome) -> None:
    told = read(NAME, named(START, a_delta(text="O"), end))
    assert (told.outcome, told.ended) == (outcome, False)


def test_a_stream_without_a_message_end_has_no_end_whatever_follows() -> None:
    told = read(NAME, named(START, a_delta(text="O")) + b"data: [DONE]\n\n")
    assert (told.text, told.ended, told.outcome) == ("O", False, None)


def test_the_type_is_taken_from_the_event_where_the_data_has_none() -> None:
    data = {"delta": {"message": {"content": {"text": "OK"}}}}
    assert read(NAME, b"event: content-delta\ndata: %s\n\n" % json.dumps(data).encode()).text == "OK"


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("STOP_SEQUENCE", Finish.STOP), ("MAX_TOKENS", Finish.LENGTH), ("ERROR_TOXIC", Finish.FILTERED),
     ("TOOL_CALL", Finish.OTHER)],
)  # fmt: skip
def test_finish_reasons_have_one_spelling(reason: str, finish: Finish) -> None:
    assert read(NAME, named(an_end(reason))).finish is finish


def test_a_tool_call_is_content_of_another_sort() -> None:
    assert read(NAME, named({"type": "tool-call-start"}, an_end("TOOL_CALL"))).kinds == ["tool_call"]
    whole = {"id": "i", "message": {"content": [], "tool_calls": [{}]}, "finish_reason": "TOOL_CALL"}
    assert read_json(NAME, whole).kinds == ["tool_call"]


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        ({"id": "x", "message": "internal server error"}, Outcome.ERROR_IN_BODY),
        ({"id": "x", "message": "the model is overloaded"}, Outcome.OVERLOADED),
        ({"id": "x"}, Outcome.MALFORMED),
        ({"message": {"content": "text"}}, Outcome.MALFORMED),
    ],
)
def test_a_whole_reply_that_is_none(document: object, outcome: Outcome) -> None:
    assert read_json(NAME, document).outcome is outcome


@pytest.mark.parametrize(
    ("status", "message", "outcome"),
    [
        (401, "invalid api token", Outcome.AUTH),
        (402, "no credit", Outcome.QUOTA_EXHAUSTED),
        (404, "model 'x' not found", Outcome.NOT_FOUND),
        (422, "bad", Outcome.BAD_REQUEST),
        (429, "You are using a Trial key, which is limited to 20 API calls / minute.", Outcome.RATE_LIMITED),
        (498, "invalid token", Outcome.AUTH),
        (498, "blocked", Outcome.OVERLOADED),
        (499, "cancelled", Outcome.BAD_REQUEST),
        (503, "unavailable", Outcome.OVERLOADED),
    ],
)
def test_a_flat_error_is_classified_by_its_status(status: int, message: str, outcome: Outcome) -> None:
    failure = PROTOCOLS[NAME].failure(a_head(status), json.dumps({"id": "i", "message": message}).encode())
    assert (failure.outcome, failure.message) == (outcome, message)


@pytest.mark.parametrize(
    ("reasoning", "thinking"),
    [
        ("disabled", {"type": "disabled"}),
        ("none", {"type": "disabled"}),
        ("50", {"type": "enabled", "token_budget": 50}),
    ],
)
def test_thinking_is_switched_off_or_bounded(reasoning: str, thinking: dict[str, Any]) -> None:
    request = PROTOCOLS[NAME].request(a_provider(base_url="https://c.test"), an_ask(reasoning=reasoning))
    body = json.loads(request.body)
    assert (request.path, body["thinking"], body["stream"], body["max_tokens"]) == ("/v2/chat", thinking, True, 64)


def test_the_trace_id_is_the_request_id() -> None:
    assert PROTOCOLS[NAME].head(a_provider(), a_head(200, x_debug_trace_id="t-1")).request_id == "t-1"
