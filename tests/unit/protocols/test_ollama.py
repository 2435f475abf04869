"""Ollama's own chat: a document a line, errors in any of them, and loading told apart from answering."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Finish, Meta
from tests.unit.protocols.builders import Told, a_provider, an_ask, joined, read, read_json

NAME = "ollama-chat"
LAST = {
    "model": "llama3.2",
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "done_reason": "stop",
    "total_duration": 5_000_000_000,
    "load_duration": 4_500_000_000,
    "prompt_eval_count": 5,
    "prompt_eval_duration": 100_000_000,
    "eval_count": 2,
    "eval_duration": 300_000_000,
}


def a_line(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode() + b"\n"


def a_token(text: str = "", **more: object) -> bytes:
    return a_line({"model": "llama3.2", "message": {"role": "assistant", "content": text, **more}, "done": False})


def times(told: Told) -> tuple[float | None, float | None]:
    metas = [event for event in told.events if isinstance(event, Meta) and event.load_seconds is not None]
    return (metas[0].load_seconds, metas[0].server_seconds) if metas else (None, None)


def test_a_stream_has_text_tokens_and_the_loading_apart_from_the_work() -> None:
    told = read(NAME, a_token(thinking="hm"), a_token("O"), a_token("K"), a_line(LAST))
    assert (told.reasoning, told.text, told.finish, told.ended) == ("hm", "OK", Finish.STOP, True)
    assert (told.model, told.tokens[:2]) == ("llama3.2", (5, 2))
    assert times(told) == (4.5, 0.4)


@given(st.lists(st.integers(0, 400), max_size=10))
def test_a_stream_reads_alike_wherever_it_is_cut(cuts: list[int]) -> None:
    data = a_token("Grüße, ") + b"\r\n\n" + a_token("世界") + a_line(LAST)
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in zip(ends, ends[1:], strict=False)]  # noqa: RUF007 - of a list that may repeat
    assert joined(read(NAME, *pieces).events) == joined(read(NAME, data).events)


def test_a_last_line_without_its_line_break_counts() -> None:
    assert read(NAME, a_token("OK"), a_line(LAST).rstrip()).ended


def test_a_last_line_that_was_cut_is_truncated_and_not_malformed() -> None:
    told = read(NAME, a_token("OK"), a_line(LAST)[:40])
    assert (told.text, told.ended, told.outcome) == ("OK", False, None)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ({"error": "llama runner process has terminated"}, Outcome.ERROR_IN_BODY),
        ({"error": "server busy, please try again. the server is overloaded"}, Outcome.OVERLOADED),
        ({"error": {"message": "the model is overloaded"}}, Outcome.OVERLOADED),
        ("text", Outcome.MALFORMED),
        ({"message": "text"}, Outcome.MALFORMED),
        ({"message": {"content": 5}}, Outcome.MALFORMED),
    ],
)
def test_a_line_that_is_no_chunk_is_an_error_or_malformed(line: object, outcome: Outcome) -> None:
    told = read(NAME, a_token("O"), a_line(line), a_token("K"), a_line(LAST))
    assert (told.outcome, told.text, told.ended) == (outcome, "O", False)


def test_an_error_on_a_last_line_without_a_line_break_is_read() -> None:
    assert read(NAME, a_token("O"), b'{"error": "the server is overloaded"}').outcome is Outcome.OVERLOADED


@pytest.mark.parametrize("junk", [b"\xff\xfe\n", b"<html>\n", b"data: {}\n\n", b'{"a": 1} {"b": 2}\n'])
def test_bytes_that_are_no_lines_of_json_are_malformed(junk: bytes) -> None:
    assert read(NAME, junk).outcome is Outcome.MALFORMED


def test_a_line_without_an_end_is_bounded() -> None:
    told = read(NAME, *[b"x" * (1 << 19)] * 3)
    assert told.outcome is Outcome.MALFORMED


@pytest.mark.parametrize(("reason", "finish"), [("length", Finish.LENGTH), ("load", Finish.OTHER), ("", Finish.STOP)])
def test_done_reasons_have_one_spelling(reason: str, finish: Finish) -> None:
    assert read(NAME, a_line(LAST | {"done_reason": reason})).finish is finish


@pytest.mark.parametrize("absurd", [-1, "4", True, None, 1e30, [1]])
def test_an_absurd_duration_says_nothing(absurd: object) -> None:
    assert times(read(NAME, a_token("OK"), a_line(LAST | {"load_duration": absurd})))[0] is None


def test_a_whole_reply_is_read_like_a_stream() -> None:
    whole: dict[str, Any] = LAST | {"message": {"content": "OK", "thinking": "hm", "tool_calls": [{}]}}
    told = read_json(NAME, whole)
    assert (told.reasoning, told.text, told.kinds, told.finish) == ("hm", "OK", ["tool_call"], Finish.STOP)
    assert times(told) == (4.5, 0.4)
    assert read_json(NAME, {"models": []}).outcome is Outcome.MALFORMED
    assert read_json(NAME, {"error": "model not found"}).outcome is Outcome.ERROR_IN_BODY


@pytest.mark.parametrize(("reasoning", "think"), [("none", False), ("disabled", False), ("low", "low"), ("on", True)])
def test_thinking_is_switched_or_levelled(reasoning: str, think: object) -> None:
    request = PROTOCOLS[NAME].request(a_provider(base_url="http://h:11434"), an_ask(reasoning=reasoning))
    body = json.loads(request.body)
    assert (request.path, body["think"], body["options"]) == ("/api/chat", think, {"num_predict": 64})


def test_a_probe_says_nothing_of_how_long_a_model_stays_in_memory() -> None:
    request = PROTOCOLS[NAME].request(a_provider(base_url="http://h:11434"), an_ask(stream=False))
    body = json.loads(request.body)
    assert body["stream"] is False
    assert "keep_alive" not in body
    assert PROTOCOLS[NAME].models_request(a_provider(base_url="http://h:11434")).path == "/api/tags"
