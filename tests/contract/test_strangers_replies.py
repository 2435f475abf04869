"""Replies that providers and gateways really send, in dresses that nobody here chose: what is ok, and what is not."""

import gzip
import json
import zlib
from collections.abc import Callable, Sequence

import pytest

from aiprobe.core.outcomes import Outcome
from tests.contract.strangers import Asked, says, told_by
from tests.contract.strangers_say import (
    ANTHROPIC,
    CHAT,
    CHAT_USAGE,
    CHATTING,
    DONE,
    GEMINI,
    RESPONSES,
    chat_chunk,
    event,
    events,
    head,
    reply,
    whole,
)

pytestmark = pytest.mark.slow

Make = Callable[[Asked], Sequence[bytes]]
Dress = Callable[[list[bytes]], Sequence[bytes]]

STREAM = head()
GZIPPED = head(200, "text/event-stream", "Content-Encoding: gzip")
DEFLATED = head(200, "text/event-stream", "Content-Encoding: deflate")


def byte_by_byte(frames: Sequence[bytes]) -> list[bytes]:
    return [bytes([byte]) for byte in b"".join(frames)]


def chunked(frames: Sequence[bytes]) -> list[bytes]:
    return [*(b"%x;a=b\r\n%b\r\n" % (len(frame), frame) for frame in frames), b"0\r\nX-Trailer: 1\r\n\r\n"]


DRESSES: dict[str, tuple[bytes, Dress]] = {
    "plain": (STREAM, list),
    "CRLF": (STREAM, lambda frames: [frame.replace(b"\n", b"\r\n") for frame in frames]),
    "CR alone": (STREAM, lambda frames: [frame.replace(b"\n", b"\r") for frame in frames]),
    "CRLF a byte at a time": (STREAM, lambda frames: byte_by_byte([f.replace(b"\n", b"\r\n") for f in frames])),
    "a byte at a time": (STREAM, byte_by_byte),
    "a byte order mark": (STREAM, lambda frames: [b"\xef\xbb\xbf", *frames]),
    "comments between": (STREAM, lambda frames: [b": still here\n\n" + frame + b":\n" for frame in frames]),
    "no blank after the colon": (STREAM, lambda frames: [frame.replace(b": {", b":{") for frame in frames]),
    "several data lines": (STREAM, lambda frames: [frame.replace(b", ", b",\ndata: ") for frame in frames]),
    "padded": (STREAM, lambda frames: [frame.replace(b"\n\n", b"      \n\n") for frame in frames]),
    "no last blank line": (STREAM, lambda frames: [b"".join(frames).rstrip(b"\n")]),
    "[DONE] twice more": (STREAM, lambda frames: [*frames, DONE, DONE]),
    "HTTP/1.0": (head(version="1.0"), list),
    "interim replies": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + STREAM, list),
    "chunks and trailers": (head(200, "text/event-stream", "Transfer-Encoding: chunked"), chunked),
    "a type in odd case": (head(200, 'Text/Event-Stream ;Charset="UTF-8"'), list),
    "no type": (head(200, None), list),
    "gzip unasked": (GZIPPED, lambda frames: [gzip.compress(b"".join(frames))]),
    "deflate unasked": (DEFLATED, lambda frames: byte_by_byte([zlib.compress(b"".join(frames))])),
    "status 203": (head(203), list),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("protocol", CHATTING)
async def test_a_right_answer_is_ok_in_every_dress_and_costs_one_request(protocol: str, dress: str) -> None:
    first, clothe = DRESSES[dress]
    result, stranger = await told_by(
        says(first, lambda asked: clothe(events(protocol, "é😀 ", asked.answer[:5], asked.answer[5:]))), protocol
    )
    assert (result.outcome, result.detail) == (Outcome.OK, "")
    assert (result.input_tokens, result.output_tokens, result.response_model) == (21, 9, "m-1")
    assert (len(stranger.requests), stranger.connections) == (1, 1)
    assert sum(result.phases.values()) == pytest.approx(result.duration_seconds, abs=1e-6)


@pytest.mark.parametrize("form", ["{}\n", "Sure! Here it is:\n\n**{}**\n\nAnything else?", "```\n{}\n```", "“{}”"])
@pytest.mark.parametrize("stream", [True, False])
async def test_manners_around_the_right_words_are_no_fault(form: str, *, stream: bool) -> None:
    def answer(asked: Asked) -> Sequence[bytes]:
        said = form.format(asked.answer)
        return [STREAM, *events(CHAT, *said)] if stream else [reply(200, whole(CHAT, said))]

    result, _ = await told_by(says(answer), stream=stream)
    assert result.outcome is Outcome.OK


@pytest.mark.parametrize("protocol", CHATTING)
@pytest.mark.parametrize("changes", [{}, {"input_tokens": 500}, {"output_tokens": 40}], ids=str)
async def test_an_echo_of_the_question_holds_both_words_and_counts_as_an_answer(
    protocol: str, changes: dict[str, int]
) -> None:
    """A mock or a gateway's echo: the answer must hold both fresh words, and an echo does (docs/probes/chat.md)."""
    result, _ = await told_by(says(STREAM, lambda asked: events(protocol, asked.prompt)), protocol, **changes)
    assert result.outcome is Outcome.OK


def thinking_aloud(asked: Asked, finish: str) -> list[bytes]:
    return events(CHAT, "<think>\nThe user wants me to repeat ", asked.answer, " and stop. Let me", finish=finish)


async def test_thoughts_written_as_text_that_eat_the_cap_are_starved_and_not_ok() -> None:
    """Qwen, DeepSeek-R1 and others behind a server without a reasoning parser: the user has seen no answer."""
    result, _ = await told_by(says(STREAM, lambda asked: thinking_aloud(asked, "length")))
    assert result.outcome is Outcome.STARVED


async def test_an_answer_after_thoughts_written_as_text_is_ok() -> None:
    def play(asked: Asked) -> list[bytes]:
        return events(CHAT, "<think>I repeat it.", "</think>\n", asked.answer)

    result, _ = await told_by(says(STREAM, play))
    assert result.outcome is Outcome.OK


def said(asked: Asked, *after: bytes) -> list[bytes]:
    return [chat_chunk({"role": "assistant", "content": asked.answer}), *after]


STOP = chat_chunk({}, "stop")
FAILED = {"code": 502, "message": "Provider disconnected", "metadata": {"error_type": "provider_unavailable"}}
CHAT_STREAMS: dict[str, tuple[str, Make]] = {
    "Azure's first chunk": ("ok", lambda a: [event({"choices": [], "model": "", "id": ""}), *said(a, STOP, DONE)]),
    "usage before the finish": ("ok", lambda a: said(a, chat_chunk(None, usage=CHAT_USAGE), STOP, DONE)),
    "usage with the finish": ("ok", lambda a: said(a, chat_chunk({}, "stop", usage=CHAT_USAGE), DONE)),
    "no [DONE]": ("ok", lambda a: said(a, STOP)),
    "nulls everywhere": ("ok", lambda a: [event({"choices": None}), chat_chunk({"content": None}), *said(a, STOP)]),
    "the word error in the text": ("ok", lambda a: [chat_chunk({"content": '{"error": 1} '}), *said(a, STOP, DONE)]),
    "half a surrogate": ("ok", lambda a: [event('{"choices":[{"delta":{"content":"\\ud83d"}}]}'), *said(a, STOP)]),
    "length, but whole": ("ok", lambda a: said(a, chat_chunk({}, "length"), DONE)),
    "roles only": ("empty", lambda _: [chat_chunk({"role": "assistant", "content": ""}), STOP, DONE]),
    "thoughts only": ("empty", lambda _: [chat_chunk({"reasoning_content": "hm"}), STOP, DONE]),
    "thoughts up to the cap": ("starved", lambda _: [chat_chunk({"reasoning": "hm"}), chat_chunk({}, "length"), DONE]),
    "a tool call": ("wrong_answer", lambda _: [chat_chunk({"tool_calls": [{"index": 0}]}), STOP, DONE]),
    "a refusal": ("content_filtered", lambda _: [chat_chunk({"refusal": "No."}), STOP, DONE]),
    "a filter": ("content_filtered", lambda a: [chat_chunk({"content": a.answer}, "content_filter"), DONE]),
    "cut, with a clean stop": ("truncated", lambda a: events(CHAT, a.answer[:-2])),
    "cut, neither finish nor end": ("truncated", said),
    "numbers for text": ("malformed", lambda _: [chat_chunk({"content": 5}), DONE]),
    "an object for a list": ("malformed", lambda _: [event({"choices": {"0": 1}}), DONE]),
    "broken UTF-8": ("malformed", lambda a: [b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n', *said(a, STOP)]),
    "a gateway's plain words": ("malformed", lambda _: [b"upstream connect error or disconnect/reset before headers"]),
    "an error as a string": ("error_in_body", lambda a: [*said(a), event({"error": "Internal error"}), DONE]),
    "an error as plain text": ("error_in_body", lambda a: [*said(a), event("something broke", "error")]),
    "an error after the finish": (
        "overloaded",
        lambda a: said(a, STOP, event({"error": {"type": "overloaded_error"}})),
    ),
    "OpenRouter's error": ("overloaded", lambda a: [*said(a), event({"error": FAILED, "choices": []}), DONE]),
    "an error over many lines": ("overloaded", lambda _: [b'{\n "error": {\n  "message": "Overloaded"\n }\n}\n']),
}


@pytest.mark.parametrize("case", CHAT_STREAMS)
async def test_a_strange_stream_has_its_own_name(case: str) -> None:
    expected, make = CHAT_STREAMS[case]
    result, stranger = await told_by(says(STREAM, make))
    assert (result.outcome.value, len(stranger.requests)) == (expected, 1)
    assert bool(result.detail) is (expected != "ok")


OTHER_STREAMS: dict[str, tuple[str, str, Make]] = {
    "Anthropic, overloaded inside": (
        ANTHROPIC, "overloaded", lambda a: [*events(ANTHROPIC, a.answer)[:4], event(
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error")]),
    "Anthropic, refused": (ANTHROPIC, "content_filtered", lambda a: events(ANTHROPIC, a.answer[:4], finish="refusal")),
    "Anthropic, no message_stop": (ANTHROPIC, "truncated", lambda a: events(ANTHROPIC, a.answer)[:-1]),
    "Anthropic, no event names": (ANTHROPIC, "ok", lambda a: [f.partition(b"\n")[2] if f.startswith(b"event") else f
                                                              for f in events(ANTHROPIC, a.answer)]),
    "Gemini, an error without data:": (
        GEMINI, "overloaded", lambda a: [events(GEMINI, a.answer, "")[0], json.dumps(
            {"error": {"code": 503, "message": "Try later.", "status": "UNAVAILABLE"}}).encode()]),
    "Gemini, blocked": (GEMINI, "content_filtered", lambda _: [event({"promptFeedback": {"blockReason": "SAFETY"}})]),
    "Gemini, usage and then nothing": (GEMINI, "truncated", lambda _: [event({"usageMetadata": {}})]),
    "Responses, a flat error": (RESPONSES, "rate_limited", lambda a: [*events(RESPONSES, a.answer)[:2], event(
        {"type": "error", "code": "rate_limit_exceeded", "message": "x", "param": None}, "error")]),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHER_STREAMS)
async def test_strange_streams_of_other_protocols_have_their_own_names(case: str) -> None:
    protocol, expected, make = OTHER_STREAMS[case]
    result, _ = await told_by(says(STREAM, make), protocol)
    assert result.outcome.value == expected


@pytest.mark.parametrize("usage", [
    {"prompt_tokens": -5, "completion_tokens": -1}, {"prompt_tokens": "21", "completion_tokens": "9"},
    {"prompt_tokens": 10**30, "completion_tokens": 10**30}, [1], "many", True, 7,
], ids=str)  # fmt: skip
async def test_a_bill_that_cannot_be_is_unknown_and_neither_free_nor_fatal(usage: object) -> None:
    play = says(STREAM, lambda asked: said(asked, chat_chunk({}, "stop", usage=usage), DONE))
    result, _ = await told_by(play)
    assert (result.outcome, result.cost_usd) == (Outcome.OK, None)


@pytest.mark.parametrize("protocol", CHATTING)
async def test_a_whole_reply_with_a_byte_order_mark_is_read_as_the_sdks_client_reads_it(protocol: str) -> None:
    def play(asked: Asked) -> bytes:
        return reply(200, b"\xef\xbb\xbf" + json.dumps(whole(protocol, asked.answer)).encode(), "application/json")

    result, _ = await told_by(says(play), protocol, stream=False)
    assert result.outcome is Outcome.OK
