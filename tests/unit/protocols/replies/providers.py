"""Shapes of real providers and gateways that were read wrong once: each captured reply in its essence."""

from collections.abc import Iterator
from typing import Any, Final

from aiprobe.core.outcomes import Outcome
from tests.unit.protocols.replies.playing import (
    CAP,
    LINE,
    Reply,
    as_json,
    chunk,
    claude_body,
    claude_stream,
    completion,
    frames,
    gemini,
    named,
    response,
    response_stream,
)

OK, STARVED, ERROR, EMPTY, WRONG = (
    Outcome.OK, Outcome.STARVED, Outcome.ERROR_IN_BODY, Outcome.EMPTY, Outcome.WRONG_ANSWER,
)  # fmt: skip
USAGE: Final = {"prompt_tokens": 20, "completion_tokens": CAP, "total_tokens": 20 + CAP}
RESTATED: Final[list[Any]] = [
    {"code": 400, "message": "Token limit reached"},
    {"code": 400, "message": "The model has reached its max_tokens limit"},
    {"code": "max_tokens_exceeded", "message": ""},
    {"message": "Maximum output length exceeded", "type": "length"},
    {"code": 400, "message": "Output token limit reached: 64 tokens"},
    {"code": "length", "message": "the response was cut"},
    {"message": "max_output_tokens was reached before the answer"},
]
NOT_RESTATED: Final = [
    {"code": 502, "message": "Upstream connection lost"},
    {"code": 500, "message": "Internal error"},
]


def _restated() -> Iterator[Reply]:
    thought = chunk(delta={"reasoning": "I think"})
    for error in RESTATED:
        name = f"a length and then {error}"
        end = {"error": error, "usage": USAGE}
        yield Reply(name, "openai-chat", frames(thought, chunk(finish="length"), end), STARVED)
        yield Reply(
            f"no sentinel: {name}", "openai-chat", frames(thought, chunk(finish="length"), end, done=False), STARVED
        )
        yield Reply(f"upper case: {name}", "openai-chat", frames(thought, chunk(finish="MAX_TOKENS"), end), STARVED)
        yield Reply(f"in one chunk: {name}", "openai-chat", frames(thought, chunk(finish="length", **end)), STARVED)
        yield Reply(
            f"in the choice: {name}",
            "openai-chat",
            frames(thought, chunk(finish="length", choice={"error": error})),
            STARVED,
        )
        yield Reply(f"after the answer: {name}", "openai-chat", frames(chunk(LINE), chunk(finish="length"), end), OK)
        whole = completion("", finish="length", message={"reasoning": "I think"}, **end)
        yield Reply(name, "openai-chat", as_json(whole), STARVED, stream=False)
        whole = completion("", finish="length", message={"reasoning": "I think"}, choice={"error": error})
        yield Reply(f"in the choice: {name}", "openai-chat", as_json(whole), STARVED, stream=False)
        yield Reply(f"no stop: {name}", "openai-chat", frames(thought, end), ERROR)
        yield Reply(f"alone: {name}", "openai-chat", as_json(end), ERROR, stream=False)
    for error in NOT_RESTATED:
        name = f"a length and then {error}"
        yield Reply(name, "openai-chat", frames(thought, chunk(finish="length"), {"error": error}), ERROR)
        yield Reply(name, "openai-chat", as_json(completion(LINE, finish="length", error=error)), ERROR, stream=False)


AT_CAP: Final = {
    "input_tokens": 9,
    "output_tokens": CAP,
    "total_tokens": 9 + CAP,
    "output_tokens_details": {"reasoning_tokens": CAP},
}
REASONED: Final = [{"id": "i", "type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}]


def _at_the_cap() -> Iterator[Reply]:
    name = "a stop at exactly our cap"
    yield Reply(name, "openai-responses", response_stream("", output=REASONED, usage=AT_CAP), STARVED)
    yield Reply(name, "openai-responses", as_json(response("", output=REASONED, usage=AT_CAP)), STARVED, stream=False)
    yield Reply(name, "openai-responses", as_json(response("", output=[], usage=AT_CAP)), STARVED, stream=False)
    yield Reply(name, "openai-responses", as_json(response(LINE, usage=AT_CAP)), OK, stream=False)
    yield Reply(name, "openai-responses", as_json(response("", output=REASONED)), EMPTY, stream=False)
    for text, outcome in (
        ("<think>hm", STARVED),
        ("", STARVED),
        (LINE, OK),
        (f"<think>{LINE}", STARVED),
        (f"</think>{LINE[:5]}", STARVED),
    ):
        yield Reply(f"{name}: {text}", "openai-chat", as_json(completion(text, usage=USAGE)), outcome, stream=False)
        yield Reply(f"{name}: {text}", "openai-chat", frames(chunk(text), chunk(finish="stop", usage=USAGE)), outcome)
    usage = {"output_tokens": CAP}
    yield Reply(name, "anthropic-messages", claude_stream("<think>hm", usage=usage), STARVED)
    counts = {"promptTokenCount": 9, "candidatesTokenCount": 0, "thoughtsTokenCount": CAP}
    yield Reply(name, "gemini", as_json(gemini("", usageMetadata=counts)), STARVED, stream=False)


BLANKS: Final[list[dict[str, Any]]] = [
    {"audio": {"data": "", "id": ""}},
    {"audio": {"data": "", "id": "", "expires_at": 0, "transcript": ""}},
    {"function_call": {"name": "", "arguments": ""}},
    {"function_call": {"name": None, "arguments": None}},
    {"tool_calls": [{"id": "", "type": "function", "index": 0, "function": {"name": "", "arguments": ""}}]},
    {"tool_calls": []},
    {"tool_calls": None},
    {"images": []},
    {"images": [{"type": "image_url", "image_url": {"url": ""}}]},
    {"refusal": ""},
    {"reasoning": "", "reasoning_content": None},
]
FILLED: Final[list[dict[str, Any]]] = [
    {"tool_calls": [{"id": "c", "type": "function", "index": 0, "function": {"name": "f", "arguments": "{}"}}]},
    {"function_call": {"name": "f", "arguments": ""}},
    {"audio": {"data": "AAAA", "id": "a"}},
    {"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
]


def _blank() -> Iterator[Reply]:
    for fields in BLANKS:
        name = f"blank {fields}"
        yield Reply(name, "openai-chat", frames(chunk(delta={"content": "", **fields}), chunk(finish="stop")), EMPTY)
        yield Reply(name, "openai-chat", frames(chunk(delta={"content": LINE, **fields}), chunk(finish="stop")), OK)
        yield Reply(name, "openai-chat", as_json(completion("", message=fields)), EMPTY, stream=False)
        yield Reply(f"{name} and words", "openai-chat", as_json(completion(LINE, message=fields)), OK, stream=False)
    for fields in FILLED:
        name = f"filled {fields}"
        yield Reply(
            name, "openai-chat", frames(chunk(delta={"content": "", **fields}), chunk(finish="tool_calls")), WRONG
        )
        yield Reply(name, "openai-chat", as_json(completion(None, message=fields)), WRONG, stream=False)


BLOCKS: Final[list[dict[str, Any]]] = [
    {"type": "output_text", "text": LINE},
    {"type": "cited_text", "text": LINE, "citations": []},
    {"type": "answer", "content": [{"type": "text", "text": LINE}]},
    {"type": "something_new", "text": LINE},
]


def _blocks() -> Iterator[Reply]:
    for block in BLOCKS:
        name = f"a block {block['type']}"
        yield Reply(name, "anthropic-messages", as_json(claude_body("", content=[block])), OK, stream=False)
        yield Reply(name, "openai-chat", as_json(completion([block])), OK, stream=False)
        yield Reply(name, "openai-chat", frames(chunk([block]), chunk(finish="stop")), OK)
        whole = {"id": "c", "message": {"content": [block]}, "finish_reason": "COMPLETE"}
        yield Reply(name, "cohere-chat", as_json(whole), OK, stream=False)
        start = [{"type": "content_block_start", "index": 0, "content_block": block}]
        yield Reply(name, "anthropic-messages", claude_stream("", blocks=start), OK)
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "cited_text_delta", "text": LINE}}
    yield Reply("an unknown delta with text", "anthropic-messages", claude_stream("", blocks=[delta]), OK)
    thought = [{"type": "reasoning_text", "text": f"{LINE} it is"}, {"type": "text", "text": LINE}]
    yield Reply(
        "a thought by its name", "anthropic-messages", as_json(claude_body("", content=thought)), OK, stream=False
    )
    for content in (
        {"citationsContent": {"content": [{"text": LINE}], "citations": [{"title": "a"}]}},
        {"citationsContent": {"content": [{"text": LINE[:4]}, {"text": LINE[4:]}]}},
        {"somethingNew": {"text": LINE}},
        {"somethingNew": {"content": [{"text": LINE}]}},
    ):
        whole = {"output": {"message": {"content": [content]}}, "stopReason": "end_turn"}
        yield Reply(f"{content}", "bedrock-converse", as_json(whole), OK, stream=False)
    redacted = {"reasoningContent": {"redactedContent": "AAAA"}}
    whole = {"output": {"message": {"content": [redacted, {"text": LINE}]}}, "stopReason": "end_turn"}
    yield Reply("a redacted thought", "bedrock-converse", as_json(whole), OK, stream=False)


def _cohere() -> Iterator[Reply]:
    for fields, outcome, words in (
        ({"finish_reason": "ERROR", "error_type": "overloaded_error"}, Outcome.OVERLOADED, "overloaded_error"),
        ({"finish_reason": "ERROR", "error_type": "internal", "error": "boom"}, ERROR, "internal: boom"),
        ({"finish_reason": "ERROR", "error_type": "rate_limit", "error": "slow"}, Outcome.RATE_LIMITED, "slow"),
        ({"finish_reason": "ERROR"}, ERROR, "ERROR"),
        ({"finish_reason": "error", "error": "boom"}, ERROR, "boom"),
        ({"finish_reason": "TIMEOUT"}, ERROR, "TIMEOUT"),
        ({"finish_reason": "ERROR_TOXIC"}, Outcome.CONTENT_FILTERED, ""),
    ):
        end = named({"type": "message-start", "id": "c"}, {"type": "message-end", "id": "c", "delta": fields})
        yield Reply(f"the end {fields}", "cohere-chat", end, outcome, words=words)


REPLIES: Final = [*_restated(), *_at_the_cap(), *_blank(), *_blocks(), *_cohere()]


def _counted(**more: Any) -> dict[str, Any]:
    """Return a completion whose total is 100 tokens above the sum, unless `more` states another."""
    return completion(LINE, usage={"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115} | more)


def _cohere_counted(**usage: Any) -> dict[str, Any]:
    return {"message": {"content": []}, "finish_reason": "COMPLETE", "usage": usage}


def _tokens(given: int, made: int) -> dict[str, int]:
    return {"input_tokens": given, "output_tokens": made}


TOKENS: Final[list[tuple[str, Any, tuple[int | None, int | None, int | None, int | None]]]] = [
    # protocol, whole reply, (input, output, reasoning, cached)
    ("openai-chat", _counted(prompt_audio_seconds=8), (10, 5, None, None)),
    ("openai-chat", _counted(prompt_tokens_details={"audio_tokens": 100}), (10, 5, None, None)),
    ("openai-chat", _counted(audio_tokens=100), (10, 5, None, None)),
    ("openai-chat", _counted(prompt_tokens_details={"audio_tokens": 0}), (10, 105, None, None)),
    ("openai-chat", _counted(), (10, 105, None, None)),
    ("openai-chat", _counted(total_tokens=15, prompt_tokens_details=None), (10, 5, None, None)),
    (
        "cohere-chat",
        _cohere_counted(billed_units=_tokens(119, 3), tokens=_tokens(1400, 5), cached_tokens=992),
        (1400, 5, None, 992),
    ),
    ("cohere-chat", _cohere_counted(billed_units=_tokens(119, 3), cached_tokens=992), (None, None, None, None)),
    (
        "cohere-chat",
        _cohere_counted(billed_units=_tokens(119, 3), tokens=_tokens(500, 5), cached_tokens=992),
        (None, None, None, None),
    ),
    (
        "cohere-chat",
        _cohere_counted(billed_units=_tokens(119, 3), tokens=_tokens(1400, 5), cached_tokens=0),
        (119, 3, None, 0),
    ),
    ("cohere-chat", _cohere_counted(tokens=_tokens(1400, 5)), (1400, 5, None, None)),
    (
        "openai-embeddings",
        {"data": [{"embedding": [0.5]}], "model": "e", "usage": {"total_tokens": 12}},
        (12, None, None, None),
    ),
    (
        "openai-embeddings",
        {"data": [{"embedding": [0.5]}], "model": "e", "usage": {"prompt_tokens": 11, "total_tokens": 12}},
        (11, None, None, None),
    ),
    (
        "openai-embeddings",
        {"data": [{"embedding": [0.5]}], "model": "e", "usage": {"prompt_tokens": None, "total_tokens": 12}},
        (12, None, None, None),
    ),
    ("openai-embeddings", {"data": [{"embedding": [0.5]}], "model": "e"}, (None, None, None, None)),
]
