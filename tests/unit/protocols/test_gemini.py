from typing import Any

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import End, Finish
from tests.unit.protocols.builders import read, read_json, sse


def chunk(*parts: dict[str, Any], finish: str | None = None, **more: object) -> dict[str, Any]:
    candidate = {"content": {"parts": list(parts), "role": "model"}, **({"finishReason": finish} if finish else {})}
    return {"candidates": [candidate], "modelVersion": "gemini-x", "responseId": "r-1", **more}


def test_the_end_is_a_finish_reason_and_then_the_end_of_the_body() -> None:
    reader = PROTOCOLS["gemini"].reader(stream=True)
    events = [*reader.feed(sse(chunk({"text": "OK"}), chunk(finish="STOP")))]
    assert End() not in events
    assert list(reader.close()) == [End()]


def test_usage_may_follow_the_finish_reason() -> None:
    told = read(
        "gemini",
        sse(
            chunk({"text": "OK"}, finish="STOP"), {"usageMetadata": {"promptTokenCount": 6, "candidatesTokenCount": 2}}
        ),
    )
    assert (told.text, told.tokens, told.ended) == ("OK", (6, 2, None, None), True)


def test_without_a_finish_reason_nothing_ended() -> None:
    assert not read(
        "gemini", sse(chunk({"text": "OK"}), chunk(finish="FINISH_REASON_UNSPECIFIED")) + b"data: [DONE]\n\n"
    ).ended


def test_thoughts_are_told_from_text_and_billed_as_output() -> None:
    usage = {
        "promptTokenCount": 6,
        "toolUsePromptTokenCount": 2,
        "candidatesTokenCount": 1,
        "thoughtsTokenCount": 35,
        "cachedContentTokenCount": 3,
        "totalTokenCount": 44,
    }
    told = read(
        "gemini", sse(chunk({"text": "hm", "thought": True}), chunk({"text": "OK"}, finish="STOP", usageMetadata=usage))
    )
    assert (told.reasoning, told.text, told.tokens) == ("hm", "OK", (8, 36, 35, 3))


def test_thoughts_that_ate_the_cap_are_output_without_text() -> None:
    usage = {"promptTokenCount": 6, "thoughtsTokenCount": 60}
    told = read("gemini", sse(chunk(finish="MAX_TOKENS", usageMetadata=usage)))
    assert (told.text, told.finish, told.tokens) == ("", Finish.LENGTH, (6, 60, 60, None))


@pytest.mark.parametrize(
    "reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR", "JAILBREAK"]
)
def test_a_blocked_prompt_is_a_complete_reply_that_was_filtered(reason: str) -> None:
    blocked = {"promptFeedback": {"blockReason": reason}, "modelVersion": "gemini-x"}
    for told in (read("gemini", sse(blocked)), read_json("gemini", blocked)):
        assert (told.finish, told.ended, told.failure) == (Finish.FILTERED, True, None)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", Finish.STOP),
        ("MAX_TOKENS", Finish.LENGTH),
        *(
            (reason, Finish.FILTERED)
            for reason in (
                "SAFETY",
                "RECITATION",
                "LANGUAGE",
                "BLOCKLIST",
                "PROHIBITED_CONTENT",
                "SPII",
                "MODEL_ARMOR",
                "IMAGE_SAFETY",
            )
        ),
        *(
            (reason, Finish.OTHER)
            for reason in ("MALFORMED_FUNCTION_CALL", "OTHER", "TOO_MANY_TOOL_CALLS", "BRAND_NEW")
        ),
    ],
)
def test_finish_reasons_have_one_spelling(reason: str, finish: Finish) -> None:
    assert read("gemini", sse(chunk(finish=reason))).finish is finish


def test_parts_of_other_kinds_are_content() -> None:
    told = read(
        "gemini",
        sse(chunk({"functionCall": {}}, {"inlineData": {}}, {"text": "", "thoughtSignature": "x"}, finish="STOP")),
    )
    assert (told.kinds, told.text) == (["tool_call", "inlineData"], "")


def test_the_response_id_stands_for_the_request_id_that_google_does_not_send() -> None:
    told = read("gemini", sse(chunk({"text": "a"}), chunk({"text": "b"}, finish="STOP")))
    assert (told.model, told.request_id) == ("gemini-x", "r-1")
    assert [type(event).__name__ for event in told.events].count("Meta") == 1


def test_a_whole_response_is_read() -> None:
    told = read_json(
        "gemini", chunk({"text": "O"}, {"text": "K"}, finish="STOP", usageMetadata={"promptTokenCount": 6})
    )
    assert (told.text, told.finish, told.ended, told.tokens) == ("OK", Finish.STOP, True, (6, None, None, None))


@pytest.mark.parametrize(
    "empty",
    [{"candidates": []}, {"candidates": [{"finishReason": "STOP"}]}, {"candidates": [{"content": {"role": "model"}}]}],
)
def test_a_whole_response_without_parts_is_complete_and_empty(empty: dict[str, object]) -> None:
    told = read_json("gemini", empty)
    assert (told.ended, told.text, told.failure) == (True, "", None)


def test_an_error_after_the_first_words_is_seen() -> None:
    error = {
        "error": {"code": 503, "message": "The model is overloaded. Please try again later.", "status": "UNAVAILABLE"}
    }
    told = read("gemini", sse(chunk({"text": "O"}), error))
    assert (told.text, told.outcome, told.ended) == ("O", Outcome.OVERLOADED, False)


@pytest.mark.parametrize(
    "wrong", [{"candidates": {}}, {"candidates": ["x"]}, chunk({"text": 7}), {"candidates": [{"content": []}]}]
)
def test_chunks_of_a_wrong_type_are_malformed(wrong: dict[str, object]) -> None:
    assert read("gemini", sse(wrong)).outcome is Outcome.MALFORMED
