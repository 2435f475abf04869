"""What strangers say: replies of the four chat protocols, composed from the wire reference, not from our simulator."""

import json
from collections.abc import Sequence
from typing import Any, Final

ANTHROPIC, CHAT, RESPONSES, GEMINI = "anthropic-messages", "openai-chat", "openai-responses", "gemini"
CHATTING: Final = (ANTHROPIC, CHAT, RESPONSES, GEMINI)


def head(status: int = 200, content_type: str | None = "text/event-stream", *more: str, version: str = "1.1") -> bytes:
    """Return the head of a reply whose body ends with the connection, unless `more` headers say otherwise."""
    lines = [f"HTTP/{version} {status} Whatever"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    return ("\r\n".join([*lines, *more]) + "\r\n\r\n").encode("latin-1")


def reply(status: int, body: bytes | str | dict[str, Any], content_type: str | None = None, *more: str) -> bytes:
    """Return a whole reply with its length."""
    if isinstance(body, dict):
        body, content_type = json.dumps(body), content_type or "application/json"
    data = body.encode() if isinstance(body, str) else body
    return head(status, content_type, f"Content-Length: {len(data)}", *more) + data


def event(data: object, name: str = "") -> bytes:
    """Return one server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()


def events(protocol: str, *texts: str, finish: str | None = None) -> list[bytes]:
    """Return the stream of a whole answer in `texts`; `finish` is the provider's own word for why it stopped."""
    if protocol == ANTHROPIC:
        return _anthropic(texts, finish or "end_turn")
    if protocol == RESPONSES:
        return _responses(texts)
    if protocol == GEMINI:
        return _gemini(texts, finish or "STOP")
    return _chat(texts, finish or "stop")


def chat_chunk(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> bytes:
    """Return one chunk of a chat completion; without a delta it has no choices."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return event({"id": "chatcmpl-9", "object": "chat.completion.chunk", "created": 1, "model": "m-1",
                  "choices": choices} | more)  # fmt: skip


CHAT_USAGE: Final = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}
DONE: Final = event("[DONE]")


def _chat(texts: Sequence[str], finish: str) -> list[bytes]:
    return [
        chat_chunk({"role": "assistant", "content": ""}),
        *(chat_chunk({"content": text}) for text in texts),
        chat_chunk({}, finish),
        chat_chunk(None, usage=CHAT_USAGE),
        DONE,
    ]


def _anthropic(texts: Sequence[str], finish: str) -> list[bytes]:
    def named(kind: str, **fields: Any) -> bytes:
        return event({"type": kind, **fields}, kind)

    usage = {"input_tokens": 21, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    message: dict[str, Any] = {"id": "msg_9", "type": "message", "role": "assistant", "model": "m-1", "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
    return [
        named("message_start", message=message),
        named("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        named("ping"),
        *(named("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in texts),
        named("content_block_stop", index=0),
        named("message_delta", delta={"stop_reason": finish, "stop_sequence": None}, usage={"output_tokens": 9}),
        named("message_stop"),
    ]


def _responses(texts: Sequence[str]) -> list[bytes]:
    number = iter(range(1000))
    said = "".join(texts)
    message = {"type": "message", "id": "msg_9", "status": "completed", "role": "assistant",
               "content": [{"type": "output_text", "text": said, "annotations": []}]}  # fmt: skip
    done = {"id": "resp_9", "object": "response", "status": "completed", "error": None, "incomplete_details": None,
            "model": "m-1", "output": [message],
            "usage": {"input_tokens": 21, "output_tokens": 9, "total_tokens": 30}}  # fmt: skip
    begun = done | {"status": "in_progress", "output": [], "usage": None}

    def named(kind: str, **fields: Any) -> bytes:
        return event({"type": kind, "sequence_number": next(number), **fields}, kind)

    place = {"item_id": "msg_9", "output_index": 0, "content_index": 0}
    return [
        named("response.created", response=begun),
        named("response.in_progress", response=begun),
        named("response.output_item.added", output_index=0, item=message | {"content": [], "status": "in_progress"}),
        named("response.content_part.added", **place, part={"type": "output_text", "text": ""}),
        *(named("response.output_text.delta", **place, delta=text) for text in texts),
        named("response.output_text.done", **place, text=said),
        named("response.content_part.done", **place, part={"type": "output_text", "text": said}),
        named("response.output_item.done", output_index=0, item=message),
        named("response.completed", response=done),
    ]


def _gemini(texts: Sequence[str], finish: str) -> list[bytes]:
    def chunk(text: str, **more: Any) -> bytes:
        candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0} | more
        usage = {"promptTokenCount": 21, "candidatesTokenCount": 9, "totalTokenCount": 30}
        return event({"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m-1", "responseId": "r9"})

    return [*map(chunk, texts[:-1]), chunk(texts[-1] if texts else "", finishReason=finish)]


def whole(protocol: str, text: str) -> dict[str, Any]:
    """Return the body of an answer that is not streamed."""
    if protocol == ANTHROPIC:
        return {"id": "msg_9", "type": "message", "role": "assistant", "model": "m-1", "stop_reason": "end_turn",
                "content": [{"type": "text", "text": text}],
                "usage": {"input_tokens": 21, "output_tokens": 9}}  # fmt: skip
    if protocol == GEMINI:
        return {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "finishReason": "STOP"}],
                "usageMetadata": {"promptTokenCount": 21, "candidatesTokenCount": 9},
                "modelVersion": "m-1"}  # fmt: skip
    if protocol == RESPONSES:
        last: dict[str, Any] = json.loads(_responses([text])[-1].partition(b"data: ")[2])
        response: dict[str, Any] = last["response"]
        return response
    message = {"role": "assistant", "content": text, "refusal": None}
    return {"id": "chatcmpl-9", "object": "chat.completion", "created": 1, "model": "m-1", "usage": CHAT_USAGE,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}  # fmt: skip
