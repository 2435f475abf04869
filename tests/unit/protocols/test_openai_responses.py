from typing import Any

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Finish, Progress
from tests.unit.protocols.builders import named, read, read_json, sse

USAGE = {
    "input_tokens": 9,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 12,
}
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "OK"}]}


def text(delta: object) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": delta}


def final(status: str = "completed", **response: object) -> dict[str, Any]:
    whole = {"id": "resp_1", "model": "gpt-x", "status": status, "error": None, "output": [MESSAGE], "usage": USAGE}
    return {"type": f"response.{status}", "response": {**whole, **response}}


def test_a_response_is_read_whole_and_its_text_only_once() -> None:
    told = read(
        "openai-responses",
        named({"type": "response.created", "response": {"model": "gpt-x"}}, text("O"), text("K"), final()),
    )
    assert (told.text, told.finish, told.model, told.ended) == ("OK", Finish.STOP, "gpt-x", True)
    assert told.tokens == (9, 3, 1, 4)


def test_a_gateway_that_streams_no_deltas_is_read_from_the_final_response() -> None:
    assert read("openai-responses", named(final())).text == "OK"


def test_no_done_is_needed_and_what_follows_the_end_is_ignored() -> None:
    assert read("openai-responses", named(final(), text("x")) + b"data: [DONE]\n\n").text == "OK"


@pytest.mark.parametrize(
    ("details", "finish"),
    [
        ({"reason": "max_output_tokens"}, Finish.LENGTH),
        ({"reason": "content_filter"}, Finish.FILTERED),
        ({"reason": "brand_new"}, Finish.OTHER),
        (None, Finish.OTHER),
    ],
)
def test_an_incomplete_response_says_why(details: object, finish: Finish) -> None:
    told = read("openai-responses", named(final("incomplete", incomplete_details=details)))
    assert (told.finish, told.ended) == (finish, True)
    assert read_json("openai-responses", final("incomplete", incomplete_details=details)["response"]).finish is finish


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("server_error", Outcome.ERROR_IN_BODY),
        ("rate_limit_exceeded", Outcome.RATE_LIMITED),
        ("insufficient_quota", Outcome.QUOTA_EXHAUSTED),
        ("invalid_prompt", Outcome.CONTENT_FILTERED),
        ("bio_policy", Outcome.CONTENT_FILTERED),
        ("misalignment_policy_violation", Outcome.CONTENT_FILTERED),
        ("server_is_overloaded", Outcome.OVERLOADED),
    ],
)
def test_a_failed_response_has_the_outcome_of_its_error(code: str, outcome: Outcome) -> None:
    failed = final("failed", error={"code": code, "message": "m"}, output=[])
    told = read("openai-responses", named(text("O"), failed))
    assert (told.outcome, told.ended) == (outcome, False)
    assert told.failure is not None
    assert told.failure.error_type == code
    assert read_json("openai-responses", failed["response"]).outcome is outcome
    assert (
        read("openai-responses", sse({"type": "error", "code": code, "message": "m", "param": None})).outcome is outcome
    )


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_failure_without_a_word_is_an_error_in_the_body(status: str) -> None:
    told = read("openai-responses", named(final(status, output=[])))
    assert told.outcome is Outcome.ERROR_IN_BODY
    assert told.failure is not None
    assert told.failure.error_type == f"response_{status}"


def test_a_refusal_is_filtered_although_the_response_completed() -> None:
    told = read("openai-responses", named({"type": "response.refusal.delta", "delta": "No"}, final(output=[])))
    assert (told.finish, told.kinds) == (Finish.FILTERED, ["refusal"])
    refused = final(output=[{"type": "message", "content": [{"type": "refusal", "refusal": "No"}]}])
    assert read_json("openai-responses", refused["response"]).finish is Finish.FILTERED


@pytest.mark.parametrize("kind", ["response.reasoning_summary_text.delta", "response.reasoning_text.delta"])
def test_reasoning_is_told_from_text(kind: str) -> None:
    told = read("openai-responses", named({"type": kind, "delta": "hm"}, text("OK"), final()))
    assert (told.reasoning, told.text) == ("hm", "OK")


def test_reasoning_and_calls_of_a_whole_response_are_read() -> None:
    output = [
        {"type": "reasoning", "summary": [{"text": "h"}], "content": [{"text": "m"}]},
        {"type": "function_call"},
        MESSAGE,
    ]
    told = read_json("openai-responses", final(output=output)["response"])
    assert (told.reasoning, told.kinds, told.text) == ("hm", ["tool_call"], "OK")


def test_a_function_call_is_content() -> None:
    told = read(
        "openai-responses", named({"type": "response.function_call_arguments.delta", "delta": "{"}, final(output=[]))
    )
    assert told.kinds == ["tool_call"]


def test_bookkeeping_events_are_progress() -> None:
    reader = PROTOCOLS["openai-responses"].reader(stream=True)
    events = reader.feed(
        named(
            {"type": "response.in_progress", "response": {"error": None}},
            {"type": "response.output_text.done", "text": "OK"},
            {"type": "brand.new"},
            text(""),
        )
    )
    assert list(events) == [Progress()] * 4


def test_a_broken_event_that_is_not_decoded_for_its_content_is_still_malformed() -> None:
    assert read("openai-responses", b"event: response.in_progress\ndata: {broken\n\n").outcome is Outcome.MALFORMED


def test_a_response_that_is_still_at_work_has_no_end() -> None:
    assert not read_json("openai-responses", {"status": "in_progress", "output": [], "model": "m"}).ended


def test_a_stream_without_its_terminal_event_has_no_end() -> None:
    assert not read("openai-responses", named(text("OK")) + b"data: [DONE]\n\n").ended


@pytest.mark.parametrize(
    "wrong", [text(7), {"type": "response.completed", "response": []}, final(output="x"), final(output=[7])]
)
def test_events_of_a_wrong_type_are_malformed(wrong: dict[str, object]) -> None:
    assert read("openai-responses", named(wrong)).outcome is Outcome.MALFORMED
