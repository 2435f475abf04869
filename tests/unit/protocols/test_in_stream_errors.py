"""Errors inside 2xx replies: every protocol, every framing, one meaning."""

import json

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from tests.unit.protocols.builders import named, read, read_json, sse

STREAMING = ["anthropic-messages", "openai-chat", "openai-responses", "gemini"]
ALL = [*STREAMING, "openai-embeddings"]

MEANINGS = [
    ({"type": "overloaded_error", "message": "Overloaded"}, Outcome.OVERLOADED),
    ({"type": "api_error", "message": "Overloaded"}, Outcome.OVERLOADED),
    ({"code": 503, "message": "m", "status": "UNAVAILABLE"}, Outcome.OVERLOADED),
    ({"code": 529, "message": "m"}, Outcome.OVERLOADED),
    ({"code": "498", "message": "m"}, Outcome.OVERLOADED),
    ({"message": "We are out of capacity"}, Outcome.OVERLOADED),
    ({"message": "Service unavailable", "type": "server_error"}, Outcome.OVERLOADED),
    ({"code": "server_is_overloaded", "message": "m"}, Outcome.OVERLOADED),
    ({"code": 502, "message": "m", "metadata": {"error_type": "provider_unavailable"}}, Outcome.OVERLOADED),
    ({"code": 429, "message": "m", "metadata": {"error_type": "provider_overloaded"}}, Outcome.OVERLOADED),
    ({"code": 429, "message": "m", "metadata": {"raw": '{"error":{"type":"overloaded_error"}}'}}, Outcome.OVERLOADED),
    ({"type": "rate_limit_error", "message": "m"}, Outcome.RATE_LIMITED),
    ({"code": "rate_limit_exceeded", "message": "m"}, Outcome.RATE_LIMITED),
    ({"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}, Outcome.RATE_LIMITED),
    ({"type": "insufficient_quota", "code": "insufficient_quota", "message": "m"}, Outcome.QUOTA_EXHAUSTED),
    ({"type": "billing_error", "message": "m"}, Outcome.QUOTA_EXHAUSTED),
    ({"code": 402, "message": "m"}, Outcome.QUOTA_EXHAUSTED),
    ({"type": "invalid_request_error", "message": "Your credit balance is too low"}, Outcome.QUOTA_EXHAUSTED),
    ({"code": 429, "message": "You exceeded your current quota"}, Outcome.QUOTA_EXHAUSTED),
    ({"type": "authentication_error", "message": "invalid x-api-key"}, Outcome.AUTH),
    ({"type": "permission_error", "message": "m"}, Outcome.AUTH),
    ({"code": 401, "message": "m"}, Outcome.AUTH),
    ({"code": 403, "message": "unavailable to you"}, Outcome.AUTH),
    ({"code": "content_filter", "message": "m"}, Outcome.CONTENT_FILTERED),
    ({"code": "invalid_prompt", "message": "m"}, Outcome.CONTENT_FILTERED),
    ({"type": "api_error", "message": "Internal server error"}, Outcome.ERROR_IN_BODY),
    ({"type": "server_error", "message": "m", "param": None, "code": None}, Outcome.ERROR_IN_BODY),
    ({"type": "timeout_error", "message": "m"}, Outcome.ERROR_IN_BODY),
    ({"code": 502, "message": "Provider disconnected"}, Outcome.ERROR_IN_BODY),
    ({"type": "invalid_request_error", "message": "tools are unavailable here"}, Outcome.ERROR_IN_BODY),
    ({"type": "invalid_request_error", "message": "your quota exceeded", "param": "messages"}, Outcome.ERROR_IN_BODY),
    ({"type": "not_found_error", "message": "m"}, Outcome.ERROR_IN_BODY),
    ({"message": "model 'overloaded-7b' crashed"}, Outcome.ERROR_IN_BODY),
    ({"code": True, "message": 7, "type": ["x"], "details": "y", "metadata": 3}, Outcome.ERROR_IN_BODY),
    ("model requires more system memory", Outcome.ERROR_IN_BODY),
    ("rate limit exceeded", Outcome.RATE_LIMITED),
    ("Incorrect API key provided", Outcome.AUTH),
    (["Overloaded"], Outcome.OVERLOADED),
    (True, Outcome.ERROR_IN_BODY),
]


@pytest.mark.parametrize(("error", "outcome"), MEANINGS)
def test_an_error_in_a_stream_has_one_meaning(error: object, outcome: Outcome) -> None:
    told = read("openai-chat", sse({"choices": [{"delta": {"content": "Hi"}}]}, {"error": error}, done=True))
    assert (told.text, told.outcome, told.ended) == ("Hi", outcome, False)


@pytest.mark.parametrize(("error", "outcome"), MEANINGS)
def test_an_error_in_a_whole_body_has_the_same_meaning(error: object, outcome: Outcome) -> None:
    assert read_json("openai-chat", {"error": error}).outcome is outcome


ERROR = {"error": {"type": "overloaded_error", "code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}
PRETTY = json.dumps(ERROR, indent=2).encode()
FRAMINGS = {
    "data": sse(ERROR),
    "data without its blank line": sse(ERROR)[:-2],
    "data over several lines": b"".join(b"data: %s\n" % line for line in PRETTY.splitlines()) + b"\n",
    "a list": sse([ERROR]),
    "event error, nested": b"event: error\n" + sse(ERROR),
    "event error, flat": b"event: error\n" + sse(ERROR["error"]),
    "event error, a string": b"event: error\n" + sse("Overloaded"),
    "event error, plain text": b"event: error\ndata: upstream is overloaded\n\n",
    "typed, nested": named({"type": "error", **ERROR}),
    "typed, flat": sse({"type": "error", "code": "server_is_overloaded", "message": "m", "sequence_number": 2}),
    "object error": sse({"object": "error", "type": "overloaded", "message": "m"}),
    "errors": sse({"success": False, "errors": [{"code": 1, "message": "overloaded"}]}),
    "bare": json.dumps(ERROR).encode() + b"\n",
    "bare without a line end": json.dumps(ERROR).encode(),
    "bare over several lines": PRETTY + b"\n",
    "bare, indented": PRETTY.replace(b"{", b" {").replace(b"\n}", b"\n }") + b"\n",
    "bare list": b"[" + PRETTY + b"\n]\n",
    "bare list, one line": json.dumps([ERROR]).encode(),
    "bare CRLF": PRETTY.replace(b"\n", b"\r\n") + b"\r\n",
}


@pytest.mark.parametrize("protocol", STREAMING)
@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_error_is_seen_in_every_framing(protocol: str, framing: str) -> None:
    told = read(protocol, FRAMINGS[framing])
    assert (told.outcome, told.ended) == (Outcome.OVERLOADED, False)


def test_a_bare_error_is_told_before_the_connection_closes() -> None:
    reader = PROTOCOLS["gemini"].reader(stream=True)
    assert [type(event).__name__ for event in reader.feed(PRETTY + b"\n")] == ["Failure"]
    assert reader.feed(sse(ERROR)) == ()
    assert reader.close() == ()


def test_the_request_id_of_an_error_object_is_kept() -> None:
    told = read("anthropic-messages", named({"type": "error", "error": {"type": "api_error"}, "request_id": "req_9"}))
    assert (told.outcome, told.request_id) == (Outcome.ERROR_IN_BODY, "req_9")


@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize(
    "body", [b"{", b"[1,2", b"<html>oops</html>", b"Internal error", b"\xff\xfe", b'{"a":1} x', b"\x00"]
)
def test_a_whole_body_that_is_no_json_is_malformed(protocol: str, body: bytes) -> None:
    assert read(protocol, body, stream=False).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize("document", [{}, [], "x", 7, {"ok": True}, {"error": None}, {"error": {}}, [{"error": None}]])
def test_json_that_holds_neither_an_answer_nor_an_error_is_malformed(protocol: str, document: object) -> None:
    assert read_json(protocol, document).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize("body", [b"", b"\n\n", b" \r\n "])
def test_a_body_of_nothing_is_a_complete_reply_without_content(protocol: str, body: bytes) -> None:
    told = read(protocol, body, stream=False)
    assert (told.ended, told.failure, told.text) == (True, None, "")


@pytest.mark.parametrize("protocol", STREAMING)
@pytest.mark.parametrize(
    "data",
    [
        b"data: {broken\n\n",
        b"data: {}}\n\n",
        b'data: {"a": "\xff\xfe"}\n\n',
        b"data: <html>\n\n",
        b"data: 7\n\n",
        b"data: []\n\n",
    ],
)
def test_a_frame_that_cannot_be_read_is_malformed_at_once(protocol: str, data: bytes) -> None:
    events = PROTOCOLS[protocol].reader(stream=True).feed(data)
    assert [getattr(event, "outcome", None) for event in events] == [Outcome.MALFORMED]


@pytest.mark.parametrize("protocol", STREAMING)
@pytest.mark.parametrize("body", [b"", b": ping\n\n", b"\n\n", b'data: {"cho', b"dat", b"event: message_st"])
def test_a_stream_that_ends_too_early_has_no_end_and_no_failure(protocol: str, body: bytes) -> None:
    told = read(protocol, body)
    assert (told.ended, told.failure) == (False, None)


@pytest.mark.parametrize("protocol", STREAMING)
@pytest.mark.parametrize(
    "body",
    [
        b"<html><title>502</title>\n</html>\n",
        b"Internal Server Error",
        b'{"choices": []}',
        b"\x00\x01\x02",
        b'[{"candidates": []}]',
    ],
)
def test_a_body_that_is_no_event_stream_is_malformed(protocol: str, body: bytes) -> None:
    assert read(protocol, body).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("protocol", STREAMING)
def test_an_event_over_the_limit_is_malformed_and_ends_the_reading(protocol: str) -> None:
    told = read(protocol, b"data: " + b"x" * (1 << 20), b"x\n\n", sse(ERROR))
    assert told.outcome is Outcome.MALFORMED
    assert len(told.events) == 1


def test_endless_lines_outside_of_any_event_are_malformed() -> None:
    told = read("gemini", *[b"<p>" + b"x" * 60_000 + b"\n"] * 20)
    assert told.outcome is Outcome.MALFORMED
