from typing import Any

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import End, Event, Finish, Progress
from tests.unit.protocols.builders import read, read_json, sse


def chunk(content: object = None, finish: str | None = None, **more: object) -> dict[str, Any]:
    delta = {} if content is None else {"content": content}
    return {"model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def delta(**fields: object) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields}]}


USAGE = {"prompt_tokens": 16, "completion_tokens": 3, "total_tokens": 19}


def test_done_is_the_end_and_nothing_after_it_counts() -> None:
    told = read("openai-chat", sse(chunk("OK"), chunk(finish="stop"), done=True), sse(chunk("more"), {"error": "late"}))
    assert (told.text, told.finish, told.ended, told.failure) == ("OK", Finish.STOP, True, None)
    assert isinstance(told.events[-1], End)


def test_without_done_a_finish_reason_proves_the_end_of_the_body() -> None:
    body = sse(chunk("OK"), chunk(finish="stop"))
    reader = PROTOCOLS["openai-chat"].reader(stream=True)
    assert not any(isinstance(event, End) for event in reader.feed(body))
    assert reader.close() == [End()]


def test_without_done_and_without_a_finish_reason_nothing_ended() -> None:
    assert not read("openai-chat", sse(chunk("OK"))).ended


def test_the_first_chunk_is_progress_but_no_content() -> None:
    azure = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []}
    first = {
        "choices": [{"delta": {"role": "assistant", "content": "", "refusal": None}, "finish_reason": None}],
        "usage": None,
    }
    events: list[Event] = list(PROTOCOLS["openai-chat"].reader(stream=True).feed(sse(azure, first)))
    assert events == [Progress(), Progress()]


def test_comments_and_blank_lines_make_no_event() -> None:
    assert (
        list(PROTOCOLS["openai-chat"].reader(stream=True).feed(b": OPENROUTER PROCESSING\n\n: keep-alive\n\n\n")) == []
    )


@pytest.mark.parametrize(
    "last",
    [
        [chunk(finish="stop"), {"choices": [], "usage": USAGE}],
        [chunk(finish="stop", usage=USAGE)],
        [chunk(finish="stop", x_groq={"id": "r", "usage": USAGE})],
        [chunk(finish="stop", usage={**USAGE, "completion_tokens": 1}), chunk(finish="stop", usage=USAGE)],
    ],
    ids=["a chunk of its own", "in the finish chunk", "x_groq", "cumulative"],
)
def test_usage_is_found_wherever_a_provider_puts_it(last: list[dict[str, object]]) -> None:
    told = read("openai-chat", sse(chunk("OK"), *last, done=True))
    assert told.tokens == (16, 3, None, None)
    assert [type(event).__name__ for event in told.events].count("Stopped") == 1


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (
            {"prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens_details": {"reasoning_tokens": 2}},
            (16, 3, 2, 8),
        ),
        ({"prompt_cache_hit_tokens": 7, "prompt_cache_miss_tokens": 9}, (16, 3, None, 7)),
        ({"num_cached_tokens": 6}, (16, 3, None, 6)),
        (
            {"completion_tokens": 1, "total_tokens": 303, "completion_tokens_details": {"reasoning_tokens": 286}},
            (16, 287, 286, None),
        ),
        ({"total_tokens": 3}, (16, 3, None, None)),
        ({"prompt_tokens_details": None, "completion_tokens_details": []}, (16, 3, None, None)),
    ],
)
def test_the_details_of_usage_are_read_in_every_spelling(
    usage: dict[str, object], tokens: tuple[int | None, ...]
) -> None:
    assert read_json("openai-chat", {"choices": [], "usage": {**USAGE, **usage}}).tokens == tokens


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "reasoning_text"])
def test_reasoning_is_told_from_text(field: str) -> None:
    told = read("openai-chat", sse(delta(**{field: "hm", "content": ""}), chunk("OK"), done=True))
    assert (told.reasoning, told.text) == ("hm", "OK")


def test_reasoning_that_is_sent_twice_in_one_chunk_is_read_once() -> None:
    assert read("openai-chat", sse(delta(reasoning="hm", reasoning_content="hm"), done=True)).reasoning == "hm"


def test_list_content_is_read_part_by_part() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "thinking", "thinking": "m"},
        {"type": "thinking", "thinking": []},
        {"type": "text", "text": "OK"},
        {"type": "reference", "reference_ids": [1]},
    ]
    told = read("openai-chat", sse(chunk(parts), done=True))
    assert (told.reasoning, told.text, told.kinds) == ("hmm", "OK", ["reference"])


def test_a_refusal_is_filtered_even_if_the_model_stopped_politely() -> None:
    told = read("openai-chat", sse(delta(refusal="I can"), delta(refusal="not."), chunk(finish="stop"), done=True))
    assert (told.finish, told.text, told.kinds) == (Finish.FILTERED, "", ["refusal", "refusal"])
    whole = {"choices": [{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}]}
    assert read_json("openai-chat", whole).finish is Finish.FILTERED


def test_a_tool_call_is_content() -> None:
    told = read(
        "openai-chat",
        sse(delta(tool_calls=[{"index": 0}]), delta(tool_calls=[]), chunk(finish="tool_calls"), done=True),
    )
    assert (told.kinds, told.finish) == (["tool_call"], Finish.OTHER)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", Finish.STOP),
        ("length", Finish.LENGTH),
        ("model_length", Finish.LENGTH),
        ("content_filter", Finish.FILTERED),
        ("tool_calls", Finish.OTHER),
        ("something_new", Finish.OTHER),
        ("", None),
    ],
)
def test_finish_reasons_have_one_spelling(reason: str, finish: Finish | None) -> None:
    assert read("openai-chat", sse(chunk("a", finish=reason), done=True)).finish is finish


def test_a_gateways_error_in_the_choice_is_a_failure() -> None:
    error = {"code": 502, "message": "Provider disconnected", "metadata": {"error_type": "provider_unavailable"}}
    whole = {"choices": [{"message": {"content": "Hel"}, "finish_reason": "error", "error": error}]}
    assert read_json("openai-chat", whole).outcome is Outcome.OVERLOADED
    told = read("openai-chat", sse(chunk("Hel"), chunk("", finish="error"), done=True))
    assert (told.outcome, told.ended) == (Outcome.ERROR_IN_BODY, False)


def test_an_upstream_error_beside_choices_is_a_failure() -> None:
    both = chunk("", finish="error", error={"code": 502, "message": "Provider disconnected"})
    assert read("openai-chat", sse(chunk("Hel"), both, done=True)).outcome is Outcome.ERROR_IN_BODY


def test_deepseeks_lack_of_resources_is_overload() -> None:
    assert (
        read("openai-chat", sse(chunk("", finish="insufficient_system_resource"), done=True)).outcome
        is Outcome.OVERLOADED
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"choices": [{"index": 0, "finish_reason": None}]},
        {"choices": [{"delta": None}]},
        {"choices": None},
        {"choices": []},
        {"type": "ping"},
        {},
        {"error": None, "choices": []},
    ],
)
def test_chunks_without_a_delta_are_tolerated(odd: dict[str, object]) -> None:
    told = read("openai-chat", sse(odd, chunk("OK", finish="stop"), done=True))
    assert (told.text, told.ended, told.failure) == ("OK", True, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"choices": "x"},
        {"choices": [7]},
        {"choices": [{"delta": "x"}]},
        delta(content=7),
        delta(content=["x"]),
        delta(content={"a": 1}),
    ],
)
def test_chunks_of_a_wrong_type_are_malformed(wrong: dict[str, object]) -> None:
    told = read("openai-chat", sse(chunk("OK"), wrong, done=True))
    assert (told.outcome, told.ended) == (Outcome.MALFORMED, False)


def test_blank_lines_before_a_whole_reply_are_keepalives() -> None:
    body = (
        b'\n\n\n{"model": "m", "choices": [{"message": {"content": "OK"}, "finish_reason": "stop"}], "usage": null}\n'
    )
    told = read("openai-chat", body[:2], body[2:9], body[9:], stream=False)
    assert (told.text, told.finish, told.model, told.ended) == ("OK", Finish.STOP, "m", True)


def test_a_whole_reply_without_choices_in_its_list_is_complete_and_empty() -> None:
    told = read_json("openai-chat", {"choices": [], "usage": USAGE})
    assert (told.ended, told.text, told.failure) == (True, "", None)
