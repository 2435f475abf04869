"""Whatever stands where in a reply is data: each value replaced by each type of JSON, in every reader."""
# ruff: noqa: E501 - a row is a reply

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Event, ReplyHead
from tests.unit.protocols.builders import STREAMS
from tests.unit.protocols.replies.playing import (
    LINE,
    Reply,
    as_json,
    chunk,
    claude_body,
    claude_stream,
    completion,
    gemini,
    recorded,
    response,
    response_stream,
)
from tests.unit.protocols.test_bedrock import a_frame


def nested(levels: int, name: str = "") -> Any:
    """Return lists in lists, or objects of one field in one another."""
    value: Any = {} if name else []
    for _ in range(levels):
        value = {name: value} if name else [value]
    return value


VALUES: Final[list[Any]] = [
    None, True, False, 0, -1, 7, 0.5, 10**400, -(10**400), 1e308, float("nan"), float("inf"), "", "x", "429", "\ud800", "\x00",
    [], [[]], [None], ["x"], [7], {}, {"a": 1}, {"type": []}, {"text": {}}, {"error": []}, {"message": {"message": []}},
    nested(90), nested(90, "error"), nested(400), nested(400, "a"), nested(700, "error"),
]  # fmt: skip
Place = tuple[str | int, ...]


def paths_of(value: object, path: Place = ()) -> Iterator[Place]:
    """Yield the path of every value of a document, the whole of it first."""
    yield path
    if isinstance(value, dict):
        for name, each in value.items():
            yield from paths_of(each, (*path, name))
    elif isinstance(value, list):
        for index, each in enumerate(value[:3]):
            yield from paths_of(each, (*path, index))


def replaced(document: Any, path: Place, value: object) -> Any:
    """Return a copy of a document with another value at `path`."""
    if not path:
        return value
    copy = deepcopy(document)
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


def documents_of(stream: bytes) -> list[Any]:
    """Return the documents of a stream, each kind of event once."""
    found: dict[str, Any] = {}
    for line in [stream] if stream.startswith(b"{\n") else stream.splitlines():
        text = line.removeprefix(b"data:").strip()
        if text.startswith(b"{"):
            document = json.loads(text)
            found.setdefault(f"{document.get('type')} {sorted(document)} {sorted(_inner(document))}", document)
    return list(found.values())[:12]


def _inner(document: dict[str, Any]) -> list[str]:
    choices = document.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else document.get("delta")
    inner = first.get("delta", first) if isinstance(first, dict) else {}
    return list(inner) if isinstance(inner, dict) else []


def framed(document: object) -> bytes:
    name = document.get("type") if isinstance(document, dict) else None
    event = b"event: %s\n" % name.encode() if isinstance(name, str) and name.isascii() and name.isprintable() else b""
    return event + b"data: " + as_json(document) + b"\n\n"


def lines(document: object) -> bytes:
    return as_json(document) + b"\n"


USAGE: Final = {
    "prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 1},
}  # fmt: skip
ERROR: Final = {
    "error": {"message": "m", "type": "t", "code": "c", "param": None, "status": "S", "details": [{"reason": "r", "metadata": {"quota_limit": "q"}, "violations": [{"quotaId": "q"}]}], "metadata": {"raw": "{}"}},
    "request_id": "r", "detail": [{"loc": ["a"], "msg": "m"}], "base_resp": {"status_code": 1008, "status_msg": "m"}, "errors": [{"message": "m"}],
}  # fmt: skip
OLLAMA: Final = {
    "model": "m", "message": {"role": "assistant", "content": LINE, "thinking": "t", "tool_calls": [{}]}, "done": True, "done_reason": "stop",
    "prompt_eval_count": 9, "eval_count": 4, "load_duration": 1, "prompt_eval_duration": 1, "eval_duration": 1,
}  # fmt: skip
COHERE: Final = {
    "id": "c", "message": {"content": [{"type": "text", "text": LINE}, {"type": "thinking", "thinking": "t"}], "tool_calls": [{}]}, "finish_reason": "COMPLETE",
    "usage": {"billed_units": {"input_tokens": 9, "output_tokens": 4}, "tokens": {"input_tokens": 9, "output_tokens": 4}, "cached_tokens": 1},
}  # fmt: skip
COHERE_STREAM: Final = [
    {"type": "message-start", "id": "c", "delta": {"message": {"role": "assistant"}}},
    {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": LINE}}}},
    {"type": "message-end", "id": "c", "delta": {"finish_reason": "COMPLETE", "error": "e", "error_type": "t", "usage": COHERE["usage"]}},
]  # fmt: skip
BEDROCK: Final = {
    "output": {"message": {"role": "assistant", "content": [{"text": LINE}, {"reasoningContent": {"reasoningText": {"text": "t"}}}, {"citationsContent": {"content": [{"text": "x"}]}}]}},
    "stopReason": "end_turn", "usage": {"inputTokens": 9, "outputTokens": 4, "cacheReadInputTokens": 1}, "metrics": {"latencyMs": 5},
}  # fmt: skip
BEDROCK_EVENTS: Final = {
    "contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"name": "f"}}},
    "contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": LINE}},
    "messageStop": {"stopReason": "end_turn"},
    "metadata": {"usage": BEDROCK["usage"], "metrics": BEDROCK["metrics"]},
}  # fmt: skip
GEMINI: Final = gemini(LINE, promptFeedback={"blockReason": "SAFETY"}, createTime="t")
THINKING: Final = claude_body(
    LINE, content=[{"type": "thinking", "thinking": "t", "signature": "s"}, {"type": "text", "text": LINE}]
)
EMBEDDINGS: Final = {
    "object": "list",
    "data": [{"index": 0, "embedding": [0.5, 1]}],
    "model": "e",
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}
CHUNK: Final = chunk(LINE, finish="stop", usage=USAGE, x_groq={"usage": USAGE})
PIECE: Final = chunk(delta={"role": "assistant", "content": [{"type": "thinking", "thinking": [{"text": "t"}]}], "reasoning": "t", "tool_calls": [{"index": 0, "function": {"name": "f"}}], "audio": {"data": "x"}})  # fmt: skip

BODIES: Final[list[tuple[str, Any]]] = [
    ("openai-chat", completion(LINE, usage=USAGE, message={"reasoning": "t", "refusal": None, "tool_calls": []})),
    (
        "openai-responses",
        response(LINE, incomplete_details={"reason": "max_output_tokens"}, error={"code": "c", "message": "m"}),
    ),
    ("openai-responses", response(LINE)),
    ("openai-embeddings", EMBEDDINGS),
    ("anthropic-messages", THINKING),
    ("gemini", GEMINI),
    ("cohere-chat", COHERE),
    ("ollama-chat", OLLAMA),
    ("bedrock-converse", BEDROCK),
    *(
        (protocol, ERROR)
        for protocol in (
            "openai-chat",
            "anthropic-messages",
            "gemini",
            "cohere-chat",
            "ollama-chat",
            "bedrock-converse",
        )
    ),
]
FRAMES: Final[list[tuple[str, Any, Callable[[object], bytes]]]] = [
    ("openai-chat", CHUNK, framed),
    ("openai-chat", PIECE, framed),
    ("gemini", GEMINI, framed),
    ("ollama-chat", OLLAMA, lines),
    *(("anthropic-messages", each, framed) for each in documents_of(claude_stream(LINE))),
    *(("openai-responses", each, framed) for each in documents_of(response_stream(LINE))),
    *(("cohere-chat", each, framed) for each in COHERE_STREAM),
    *(
        (protocol, ERROR, framed)
        for protocol in ("openai-chat", "anthropic-messages", "openai-responses", "gemini", "cohere-chat")
    ),
]


def read(protocol: str, data: bytes, *, stream: bool) -> list[Event]:
    """Read a reply twice, whole and with the reader's patience, and return the events of the first reading."""
    reader = PROTOCOLS[protocol].reader(stream=stream)
    events = [*reader.feed(data), *reader.close()]
    recorded(Reply("x", protocol, data, outcome=None, stream=stream))  # type: ignore[arg-type]  # only read
    return events


@pytest.mark.parametrize(("protocol", "document"), BODIES)
def test_any_value_in_a_whole_reply_is_data(protocol: str, document: Any) -> None:
    for path in paths_of(document):
        for value in VALUES:
            body = as_json(replaced(document, path, value))
            assert read(protocol, body, stream=False)
            PROTOCOLS[protocol].failure(ReplyHead(status=500, headers={}), body)


@pytest.mark.parametrize(("protocol", "document", "frame"), FRAMES)
def test_any_value_in_an_event_is_data(protocol: str, document: Any, frame: Callable[[object], bytes]) -> None:
    for path in paths_of(document):
        for value in VALUES:
            read(protocol, frame(document) + frame(replaced(document, path, value)), stream=True)


@pytest.mark.parametrize("name", BEDROCK_EVENTS)
def test_any_value_in_a_frame_of_bedrock_is_data(name: str) -> None:
    headers = {":message-type": "event", ":event-type": name}
    for path in paths_of(BEDROCK_EVENTS[name]):
        for value in VALUES:
            read(
                "bedrock-converse", a_frame(headers, as_json(replaced(BEDROCK_EVENTS[name], path, value))), stream=True
            )


RECORDED: Final = [path for path in sorted(STREAMS.rglob("*.*")) if not path.name.endswith((".meta.json", ".bin"))]
PROTOCOL_OF: Final = {
    "messages": "anthropic-messages",
    "anthropic": "anthropic-messages",
    "responses": "openai-responses",
    "streamGenerateContent": "gemini",
}


@pytest.mark.skipif(not STREAMS.exists(), reason="the recorded replies are not part of the project")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_any_value_in_a_recorded_reply_is_data(path: Path) -> None:
    raw = path.read_bytes()
    protocol = next(
        (name for part, name in PROTOCOL_OF.items() if part in str(path.relative_to(STREAMS))), "openai-chat"
    )
    for document in documents_of(raw):
        for place in list(paths_of(document))[:60]:
            for value in VALUES[::2]:
                read(protocol, framed(replaced(document, place, value)), stream=True)
