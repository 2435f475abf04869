"""A reply of a stranger under status 200, and what the chat probe makes of it, without a socket."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiprobe.core.outcomes import Outcome
from aiprobe.probes.outcome import draw
from aiprobe.probes.prompt import Words
from aiprobe.probes.questions.repeat import repeated
from aiprobe.probes.record import Record, RecordingSink
from aiprobe.protocols import PROTOCOLS
from aiprobe.transport.transport import Exchange
from tests.unit.protocols.builders import a_provider

WORDS: Final = Words("bodakemut", "END48213", "R1234567")
LINE: Final = f"{WORDS.code_word} {WORDS.marker}"
CAP: Final = 64
EVENT_STREAM: Final = "text/event-stream"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, and the outcome that its user would call right."""

    name: str
    protocol: str
    body: bytes
    outcome: Outcome
    stream: bool = True
    words: str = ""
    """What the detail must hold of the peer's own words."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", EVENT_STREAM if self.stream else JSON)

    def __str__(self) -> str:
        return f"{self.protocol} {'stream' if self.stream else 'body'} {self.name}"


def recorded(reply: Reply, *, pieces: Sequence[bytes] = ()) -> tuple[Record, Outcome, str]:
    """Return the record of a reply, its outcome and its detail."""
    sink = RecordingSink(PROTOCOLS[reply.protocol], a_provider(protocol=reply.protocol), stream=reply.stream)
    sink.on_head(200, {"content-type": reply.content_type, **reply.headers}, 0.0)
    for piece in pieces or [reply.body]:
        sink.on_body(piece, 0.0)
    sink.close(complete=True, at=0.0)
    exchange = Exchange(started=0.0, status=200, complete=True)
    outcome, detail = draw(
        sink.record, exchange, lambda reply: repeated(reply, WORDS, asked="Repeat this line", expected=LINE), cap=CAP
    )
    return sink.record, outcome, detail


def frames(*documents: object, done: bool = True) -> bytes:
    """Frame documents as unnamed events; bytes are framed as they are."""
    parts = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in documents]
    return b"".join(b"data: %s\n\n" % part for part in [*parts, *([b"[DONE]"] if done else [])])


def named(*documents: dict[str, Any]) -> bytes:
    """Frame documents as events named after their type."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (str(d["type"]).encode(), json.dumps(d).encode()) for d in documents)


def chunk(content: object = None, *, finish: object = None, **fields: Any) -> dict[str, Any]:
    """Return one chunk of OpenAI's chat protocol."""
    delta = fields.pop("delta", {} if content is None else {"content": content})
    choice = {"index": 0, "delta": delta, "finish_reason": finish, **fields.pop("choice", {})}
    return {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **fields}


def completion(content: object, *, finish: object = "stop", **fields: Any) -> dict[str, Any]:
    """Return one whole completion of OpenAI's chat protocol."""
    message = {"role": "assistant", "content": content, **fields.pop("message", {})}
    choice = {"index": 0, "message": message, "finish_reason": finish, **fields.pop("choice", {})}
    return {"id": "c-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], **fields}


def claude_stream(
    text: str, *, stop: object = "end_turn", usage: object = None, blocks: Sequence[dict[str, Any]] = ()
) -> bytes:
    """Return a whole stream of the Messages API."""
    message: dict[str, Any] = {
        "id": "m-1", "type": "message", "role": "assistant", "model": "claude-x", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1},
    }  # fmt: skip
    start: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
    ]
    return named(
        {"type": "message_start", "message": message},
        *(blocks or start),
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop, "stop_sequence": None},
            "usage": usage if usage is not None else {"output_tokens": 4},
        },
        {"type": "message_stop"},
    )


def claude_body(text: str, *, stop: object = "end_turn", **fields: Any) -> dict[str, Any]:
    """Return one whole message of the Messages API."""
    return {
        "id": "m-1", "type": "message", "role": "assistant", "model": "claude-x",
        "content": [{"type": "text", "text": text}], "stop_reason": stop, "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 4}, **fields,
    }  # fmt: skip


def gemini(text: str, *, finish: object = "STOP", **fields: Any) -> dict[str, Any]:
    """Return one response of the Gemini API."""
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish, "index": 0}
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13}
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": "gemini-x",
        "responseId": "r-1",
        **fields,
    }


def response(text: str, *, status: str = "completed", **fields: Any) -> dict[str, Any]:
    """Return one response object of the Responses API."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": "r-1", "object": "response", "created_at": 1, "status": status, "model": "gpt-x", "error": None,
        "incomplete_details": None, "output": [
            {"id": "i-1", "type": "message", "role": "assistant", "status": "completed", "content": content}
        ],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {
            "input_tokens": 9, "output_tokens": 4, "total_tokens": 13,
            "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
        },
        **fields,
    }  # fmt: skip


def response_stream(text: str, *, status: str = "completed", **fields: Any) -> bytes:
    """Return a stream of the Responses API that says `text` once and ends with `status`."""
    delta = {
        "type": "response.output_text.delta", "item_id": "i-1", "output_index": 0, "content_index": 0, "delta": text,
        "sequence_number": 1, "logprobs": [],
    }  # fmt: skip
    final = {"type": f"response.{status}", "sequence_number": 2, "response": response(text, status=status, **fields)}
    return named(delta, final)


def as_json(document: object) -> bytes:
    return json.dumps(document).encode()
