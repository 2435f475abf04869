"""Bedrock's Converse: requests, streams with their exceptions, whole replies, errors by the name of an exception."""

import json
import struct
from binascii import crc32
from typing import Any

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import End, Finish, Meta
from tests.unit.protocols.builders import Told, a_head, a_provider, an_ask, read, read_json, recorded

NAME = "bedrock-converse"
RUNTIME = "https://bedrock-runtime.eu-west-1.amazonaws.com"
RECORDED = "recorded/bedrock_runtime.us_east_1.amazonaws.com_converse_stream.bin"
USAGE = {"inputTokens": 8, "outputTokens": 2, "totalTokens": 10}


def a_frame(headers: dict[str, str], document: object = None) -> bytes:
    payload = document if isinstance(document, bytes) else json.dumps(document or {}).encode()
    head = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack("!I", crc32(prelude)) + head + payload
    return body + struct.pack("!I", crc32(body))


def an_event(name: str, document: object) -> bytes:
    return a_frame({":message-type": "event", ":event-type": name, ":content-type": "application/json"}, document)


def an_exception(name: str, message: str = "no") -> bytes:
    return a_frame({":message-type": "exception", ":exception-type": name}, {"message": message})


def a_delta(text: str, index: int = 0) -> bytes:
    return an_event("contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": text}, "p": "abcd"})


def a_stop(reason: str = "end_turn") -> bytes:
    return an_event("messageStop", {"stopReason": reason, "p": "ab"})


METADATA = an_event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 223}, "p": "abcdef"})
START = an_event("messageStart", {"role": "assistant", "p": "a"})


def meta(told: Told) -> Meta:
    return next(event for event in told.events if isinstance(event, Meta))


def test_the_recorded_stream_is_a_whole_answer_with_its_tokens_and_its_latency() -> None:
    told = read(NAME, recorded(RECORDED))
    assert told.text.startswith("The current temperature in Paris")
    assert (told.finish, told.tokens[:2], told.outcome) == (Finish.STOP, (577, 18), None)
    assert isinstance(told.events[-1], End)
    assert meta(told).server_seconds == 0.223


def test_the_recorded_stream_cut_within_its_last_text_is_no_end() -> None:
    assert not read(NAME, recorded(RECORDED)[:900]).ended


def test_a_stream_that_ends_after_the_stop_without_its_metadata_is_whole() -> None:
    told = read(NAME, START, a_delta("OK"), a_stop())
    assert (told.text, told.ended, told.tokens[0]) == ("OK", True, None)


def test_the_end_comes_with_the_metadata_whichever_frame_comes_last() -> None:
    late = read(NAME, a_delta("OK"), METADATA, a_stop())
    assert (late.ended, late.tokens[:2]) == (True, (8, 2))


def test_reasoning_and_tool_calls_are_told_from_text() -> None:
    thought = an_event("contentBlockDelta", {"delta": {"reasoningContent": {"text": "hm"}}})
    signature = an_event("contentBlockDelta", {"delta": {"reasoningContent": {"signature": "c2ln"}}})
    tool = an_event("contentBlockStart", {"start": {"toolUse": {"toolUseId": "t", "name": "n"}}})
    told = read(NAME, START, thought, signature, tool, a_delta("", 1), a_delta("OK", 2), a_stop("tool_use"), METADATA)
    assert (told.reasoning, told.text, told.kinds, told.finish) == ("hm", "OK", ["tool_call"], Finish.OTHER)


@pytest.mark.parametrize(
    ("name", "message", "outcome"),
    [
        ("throttlingException", "Too many requests, please wait before trying again.", Outcome.RATE_LIMITED),
        ("throttlingException", "Too many tokens per day, please wait before trying again.", Outcome.QUOTA_EXHAUSTED),
        ("serviceUnavailableException", "Try again later", Outcome.OVERLOADED),
        ("internalServerException", "Oops", Outcome.ERROR_IN_BODY),
        ("modelStreamErrorException", "Oops", Outcome.ERROR_IN_BODY),
        ("validationException", "Oops", Outcome.ERROR_IN_BODY),
        ("somethingNewException", "", Outcome.ERROR_IN_BODY),
    ],
)
def test_an_exception_frame_after_the_200_has_an_outcome_by_its_name(name: str, message: str, outcome: Outcome) -> None:
    told = read(NAME, START, a_delta("O"), an_exception(name, message), a_delta("K"), a_stop(), METADATA)
    assert (told.outcome, told.text, told.ended) == (outcome, "O", False)
    assert told.failure is not None
    assert told.failure.error_type == name


def test_an_unmodelled_error_frame_is_read_from_its_headers() -> None:
    headers = {":message-type": "error", ":error-code": "ServiceUnavailable", ":error-message": "gone"}
    told = read(NAME, START, a_frame(headers))
    assert told.outcome is Outcome.OVERLOADED
    assert told.failure is not None
    assert told.failure.message == "gone"


@pytest.mark.parametrize(
    "bad",
    [
        an_event("contentBlockDelta", b'{"delta": {'),
        an_event("contentBlockDelta", b"[1]"),
        an_event("contentBlockDelta", {"delta": {"text": 5}}),
        an_event("messageStop", {"stopReason": ["end_turn"]}),
        a_frame({":message-type": "riddle"}),
        a_delta("x")[:-4] + b"\x00\x00\x00\x01",
        b'{"message": "this is JSON"}',
    ],
)
def test_a_frame_that_the_protocol_does_not_allow_is_malformed(bad: bytes) -> None:
    told = read(NAME, START, a_delta("O"), bad, a_stop(), METADATA)
    assert (told.outcome, told.text, told.ended) == (Outcome.MALFORMED, "O", False)


def test_events_of_an_unknown_name_are_progress_whatever_they_hold() -> None:
    told = read(NAME, an_event("somethingNew", b"\xff"), a_delta("OK"), a_stop(), METADATA)
    assert (told.text, told.outcome, told.ended) == ("OK", None, True)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("guardrail_intervened", Finish.FILTERED),
        ("content_filtered", Finish.FILTERED),
        ("malformed_model_output", Finish.ERROR),
        ("tool_use", Finish.OTHER),
        ("a_new_word", Finish.OTHER),
    ],
)
def test_stop_reasons_have_one_spelling(reason: str, finish: Finish) -> None:
    assert read(NAME, a_delta("OK"), a_stop(reason), METADATA).finish is finish
    assert read_json(NAME, a_reply(stopReason=reason)).finish is finish


def a_reply(*blocks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    content = list(blocks) or [{"text": "OK"}]
    reply = {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "end_turn", "usage": USAGE}
    return reply | {"metrics": {"latencyMs": 10}} | changes


def test_a_whole_reply_has_text_reasoning_tokens_and_latency() -> None:
    thought = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
    hidden = {"reasoningContent": {"redactedContent": "c2VjcmV0"}}
    usage = USAGE | {"cacheReadInputTokens": 4, "cacheWriteInputTokens": 1}
    told = read_json(NAME, a_reply(thought, hidden, {"text": "OK"}, {"toolUse": {"name": "n"}}, usage=usage))
    assert (told.reasoning, told.text, told.kinds, told.ended) == ("hm", "OK", ["tool_call"], True)
    assert told.tokens == (13, 2, None, 4)
    assert meta(told).server_seconds == 0.01


@pytest.mark.parametrize(
    ("document", "outcome"),
    [
        ({"__type": "ServiceUnavailableException", "message": "x"}, Outcome.OVERLOADED),
        ({"message": "Something failed"}, Outcome.ERROR_IN_BODY),
        ({"completion": "OK"}, Outcome.MALFORMED),
        ({"output": "OK"}, Outcome.MALFORMED),
        ([a_reply()], Outcome.MALFORMED),
    ],
)
def test_a_whole_reply_without_an_output_is_an_error_or_malformed(document: object, outcome: Outcome) -> None:
    assert read_json(NAME, document).outcome is outcome


@pytest.mark.parametrize(
    ("status", "name", "message", "outcome"),
    [
        (400, "ValidationException", "Malformed input request", Outcome.BAD_REQUEST),
        (400, "ValidationException", "The provided model identifier is invalid.", Outcome.NOT_FOUND),
        (400, "ServiceQuotaExceededException", "over", Outcome.QUOTA_EXHAUSTED),
        (400, "ExpiredTokenException", "expired", Outcome.AUTH),
        (400, "UnrecognizedClientException", "who", Outcome.AUTH),
        (403, "AccessDeniedException", "no", Outcome.AUTH),
        (403, "InvalidSignatureException", "Signature expired: 20261101T000000Z is now earlier", Outcome.AUTH),
        (404, "ResourceNotFoundException", "no", Outcome.NOT_FOUND),
        (408, "ModelTimeoutException", "slow", Outcome.SERVER_ERROR),
        (424, "ModelErrorException", "broke", Outcome.SERVER_ERROR),
        (424, "ModelStreamErrorException", "broke", Outcome.SERVER_ERROR),
        (429, "ThrottlingException", "Too many requests", Outcome.RATE_LIMITED),
        (429, "ThrottlingException", "Too many tokens per day, please wait", Outcome.QUOTA_EXHAUSTED),
        (429, "ModelNotReadyException", "Model is not ready for inference", Outcome.OVERLOADED),
        (500, "InternalServerException", "oops", Outcome.SERVER_ERROR),
        (503, "ServiceUnavailableException", "later", Outcome.OVERLOADED),
    ],
)
@pytest.mark.parametrize("where", ["header", "body"])
def test_an_http_error_is_classified_by_exception_and_status(
    status: int, name: str, message: str, outcome: Outcome, where: str
) -> None:
    headers = {"x-amzn-errortype": f"{name}:http://internal.test/coral/"} if where == "header" else {}
    body = {"message": message} | ({"__type": f"com.amazon.coral#{name}"} if where == "body" else {})
    head = a_head(status, **{key.replace("-", "_"): value for key, value in headers.items()})
    failure = PROTOCOLS[NAME].failure(head, json.dumps(body).encode())
    assert (failure.outcome, failure.error_type, failure.message) == (outcome, name, message)


def test_an_error_page_of_something_in_front_is_read_as_any_other() -> None:
    assert PROTOCOLS[NAME].failure(a_head(502), b"<html>Bad Gateway</html>").outcome is Outcome.SERVER_ERROR
    assert PROTOCOLS[NAME].failure(a_head(403, x_amzn_errortype="A"), b"\xff\xfe not JSON").outcome is Outcome.AUTH


def test_the_model_stands_in_the_path_in_one_segment() -> None:
    provider = a_provider(protocol=NAME, base_url=RUNTIME)
    arn = "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-micro-v1:0"
    request = PROTOCOLS[NAME].request(provider, an_ask(model=arn))
    assert request.path == (
        "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.amazon.nova-micro-v1%3A0/converse-stream"
    )
    assert dict(request.headers)["accept"] == "application/vnd.amazon.eventstream"
    assert json.loads(request.body) == {
        "messages": [{"role": "user", "content": [{"text": "Say NONCE0001"}]}],
        "inferenceConfig": {"maxTokens": 64},
    }


def test_a_whole_reply_is_asked_for_in_another_place() -> None:
    request = PROTOCOLS[NAME].request(a_provider(protocol=NAME, base_url=RUNTIME), an_ask(model="m", stream=False))
    assert (request.path, dict(request.headers)["accept"]) == ("/model/m/converse", "application/json")


@pytest.mark.parametrize(
    ("model", "reasoning", "fields"),
    [
        ("eu.anthropic.claude-haiku-5-5-v1:0", "disabled", {"thinking": {"type": "disabled"}}),
        ("anthropic.claude-opus-5-5-v1:0", "low", {"output_config": {"effort": "low"}}),
        ("openai.gpt-oss-20b-1:0", "low", {"reasoning_effort": "low"}),
    ],
)
def test_reasoning_is_kept_low_in_the_words_of_the_model(model: str, reasoning: str, fields: dict[str, Any]) -> None:
    request = PROTOCOLS[NAME].request(a_provider(protocol=NAME), an_ask(model=model, reasoning=reasoning))
    assert json.loads(request.body)["additionalModelRequestFields"] == fields


@pytest.mark.parametrize(
    ("base_url", "asked"),
    [
        (RUNTIME, "https://bedrock.eu-west-1.amazonaws.com"),
        (
            "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
            "https://bedrock-fips.us-gov-west-1.amazonaws.com",
        ),
        ("http://127.0.0.1:10530/lab", None),
    ],
)
def test_the_list_of_models_is_asked_of_the_control_plane(base_url: str, asked: str | None) -> None:
    request = PROTOCOLS[NAME].models_request(a_provider(protocol=NAME, base_url=base_url))
    assert request.base_url == asked
    assert request.path.endswith("/foundation-models")


def test_the_latency_of_an_invocation_is_read_from_its_header() -> None:
    head = a_head(200, x_amzn_bedrock_invocation_latency="1250", x_amzn_requestid="r-1")
    facts = PROTOCOLS[NAME].head(a_provider(), head)
    assert (facts.server_seconds, facts.request_id) == (1.25, "r-1")
