"""A second, slow and simple reader of replies: what a truthful prober must call the bytes that came.

Written apart from `aiprobe.protocols` on purpose, so that one mistake cannot stand in both.
"""

import json
from typing import Any

from botocore.eventstream import EventStreamBuffer, ParserError  # type: ignore[import-untyped]  # it has no types

from tests.unit.simulator.builders import LINE, Reply

MOST_BYTES = 1 << 19
_QUOTA = ("quota", "billing", "credit", "spend", "balance", "per day")
_OVERLOAD = ("overloaded", "capacity", "unavailable")


def outcome_of(asked: str, reply: Reply, *, stream: bool) -> str:
    """Name the outcome of one reply that ended."""
    if reply.status is None:
        return "malformed" if reply.raw else "disconnected"
    if len(reply.raw) - len(reply.body) > MOST_BYTES:
        return "malformed"
    if reply.headers.get("cf-mitigated") or (reply.status in {403, 405} and b"<html" in reply.body):
        return "challenged"
    if asked in {"web", "egress"}:
        return _page(reply)
    if reply.status != 200:
        return _status(reply.status, reply.body.decode().lower())
    if len(reply.body) > MOST_BYTES:
        return "malformed"
    if not reply.complete:
        return "disconnected"
    return (
        _streamed(asked, reply)
        if stream and asked not in {"models", "mcp", "openai-embeddings", "cohere-rerank"}
        else _whole(asked, reply)
    )


def _page(reply: Reply) -> str:
    if reply.status == 429:
        return "rate_limited" if not any(word in reply.body.decode().lower() for word in (*_QUOTA, *_OVERLOAD)) else "?"
    if reply.status in {498, 503, 529}:
        return "overloaded"
    if reply.status not in {200, 204}:
        return "server_error"
    if not reply.complete:
        return "disconnected"
    if not reply.body and reply.status == 200:
        return "empty"
    return "wrong_answer" if b"back soon" in reply.body else "ok"


def _status(status: int, body: str) -> str:
    if status == 402 or (status in {400, 429} and any(word in body for word in _QUOTA)):
        return "quota_exhausted"
    if status in {401, 403} or "api_key_invalid" in body:
        return "auth"
    if status in {498, 503, 529} or (status == 429 and any(word in body for word in _OVERLOAD)):
        return "overloaded"
    if status in {408, 424} or status >= 500:
        return "server_error"
    return {404: "not_found", 429: "rate_limited"}.get(status, "bad_request")


def _error(error: Any) -> str:
    words = json.dumps(error).lower()
    if any(word in words for word in _QUOTA):
        return "quota_exhausted"
    if any(word in words for word in _OVERLOAD):
        return "overloaded"
    return "rate_limited" if "per minute" in words else "error_in_body"


def _streamed(asked: str, reply: Reply) -> str:
    kind = reply.headers["content-type"].partition(";")[0]
    if kind == "application/json":
        is_error = "error" in reply.json or isinstance(reply.json.get("message"), str)
        return _error(reply.json) if is_error else "malformed"
    if kind not in {_STREAM_TYPES.get(asked, "text/event-stream"), "text/plain"}:  # SDKs read a wrong type of text
        return "malformed"
    text, finish, ended = "", "", False
    try:
        events = _EVENTS.get(asked, _sse_events)(reply)
    except (ParserError, ValueError):  # lengths and checksums that are wrong, or no UTF-8
        return "malformed"
    for data in events:
        if len(data) > MOST_BYTES:
            return "malformed"
        if data == "[DONE]":
            ended = True
            continue
        try:
            event = json.loads(data)
        except ValueError:
            return "malformed"
        if event.get("error") or event.get("type") == "error":
            return _error(event)
        said, stopped, over = _FACTS[asked](event)
        text, finish, ended = text + said, stopped or finish, ended or over
        if stopped == "ERROR":
            return _error(event)
    return _judged(text, finish) if ended else "truncated"


def _whole(asked: str, reply: Reply) -> str:
    try:
        body = reply.json
    except ValueError:
        return "malformed"
    if body.get("error") or isinstance(body.get("message"), str):
        return _error(body)
    if asked == "mcp":
        return "ok" if body["result"]["tools"] else "empty"
    if asked == "models":
        return "ok" if body["data"] else "empty"
    if asked == "cohere-rerank":
        ranking = [result["index"] for result in body["results"]]
        return "empty" if not ranking else "ok" if ranking == [1, 0] else "wrong_answer"
    if asked == "openai-embeddings":
        if not body["data"]:
            return "empty"
        return "ok" if any(body["data"][0]["embedding"]) else "wrong_answer"
    text, finish, _ = _WHOLES[asked](body)
    return _judged(text, finish)


def _judged(text: str, finish: str) -> str:
    if finish in {"refusal", "content_filter", "SAFETY", "PROHIBITED_CONTENT", "ERROR_TOXIC", "content_filtered",
                  "guardrail_intervened"}:  # fmt: skip
        return "content_filtered"
    if not text:
        return "starved" if finish in {"max_tokens", "length", "MAX_TOKENS", "max_output_tokens"} else "empty"
    if text == LINE:
        return "ok"
    return "truncated" if text and LINE.startswith(text) else "wrong_answer"


def _anthropic(event: dict[str, Any]) -> tuple[str, str, bool]:
    delta = event.get("delta", {})
    return delta.get("text", ""), delta.get("stop_reason") or "", event["type"] == "message_stop"


def _anthropic_whole(body: dict[str, Any]) -> tuple[str, str, bool]:
    return "".join(block.get("text", "") for block in body["content"]), body["stop_reason"], True


def _chat(event: dict[str, Any]) -> tuple[str, str, bool]:
    if not event["choices"]:
        return "", "", False
    choice = event["choices"][0]
    said = choice.get("delta") or choice.get("message") or {}
    refused = "refusal" if said.get("refusal") else ""
    # The finish that follows a refusal says only `stop`.
    stopped = choice["finish_reason"]
    return said.get("content") or "", refused or ("" if stopped == "stop" else stopped or ""), False


def _responses(event: dict[str, Any]) -> tuple[str, str, bool]:
    kind = event["type"]
    if kind == "response.refusal.delta":
        return "", "refusal", False
    said = event["delta"] if kind == "response.output_text.delta" else ""
    details = event.get("response", {}).get("incomplete_details") or {}
    return said, details.get("reason", ""), kind in {"response.completed", "response.incomplete"}


def _responses_whole(body: dict[str, Any]) -> tuple[str, str, bool]:
    parts = [part for item in body["output"] for part in item.get("content", [])]
    refused = "refusal" if any(part["type"] == "refusal" for part in parts) else ""
    details = body["incomplete_details"] or {}
    return "".join(part.get("text", "") for part in parts), refused or details.get("reason", ""), True


def _gemini(event: dict[str, Any]) -> tuple[str, str, bool]:
    blocked = event.get("promptFeedback", {}).get("blockReason", "")
    if blocked:
        return "", blocked, True
    candidate = event["candidates"][0]
    said = "".join(part["text"] for part in candidate["content"]["parts"] if not part.get("thought"))
    finish = candidate.get("finishReason", "")
    return said, finish, bool(finish)


def _sse_events(reply: Reply) -> list[str]:
    return [data for _, data in reply.events]


def _frames(reply: Reply) -> list[str]:
    """Read Amazon's frames with botocore's own reader; an exception becomes an error object."""
    buffer = EventStreamBuffer()
    buffer.add_data(reply.body)
    found = []
    for message in buffer:
        if message.headers[":message-type"] == "exception":
            kind = message.headers[":exception-type"]
            found.append(json.dumps({"error": {"type": kind, **json.loads(message.payload)}}))
        else:
            found.append(f'{{"{message.headers[":event-type"]}": {message.payload.decode()}}}')
    return found


def _lines(reply: Reply) -> list[str]:
    return [line for line in reply.body.decode().split("\n") if line]


def _bedrock(event: dict[str, Any]) -> tuple[str, str, bool]:
    said = event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")
    return said, event.get("messageStop", {}).get("stopReason", ""), "messageStop" in event


def _bedrock_whole(body: dict[str, Any]) -> tuple[str, str, bool]:
    blocks = body["output"]["message"]["content"]
    return "".join(block.get("text", "") for block in blocks), body["stopReason"], True


def _cohere(event: dict[str, Any]) -> tuple[str, str, bool]:
    delta = event.get("delta", {})
    content = delta.get("message", {}).get("content") or {}
    return content.get("text", ""), delta.get("finish_reason", ""), event["type"] == "message-end"


def _cohere_whole(body: dict[str, Any]) -> tuple[str, str, bool]:
    return "".join(block.get("text", "") for block in body["message"]["content"]), body["finish_reason"], True


def _ollama(event: dict[str, Any]) -> tuple[str, str, bool]:
    return event["message"]["content"], event.get("done_reason", ""), event["done"]


_EVENTS = {"bedrock-converse": _frames, "ollama-chat": _lines}
_STREAM_TYPES = {"bedrock-converse": "application/vnd.amazon.eventstream", "ollama-chat": "application/x-ndjson"}
_FACTS = {
    "anthropic-messages": _anthropic,
    "openai-chat": _chat,
    "openai-responses": _responses,
    "gemini": _gemini,
    "bedrock-converse": _bedrock,
    "cohere-chat": _cohere,
    "ollama-chat": _ollama,
}
_WHOLES = {
    "anthropic-messages": _anthropic_whole,
    "openai-chat": _chat,
    "openai-responses": _responses_whole,
    "gemini": _gemini,
    "bedrock-converse": _bedrock_whole,
    "cohere-chat": _cohere_whole,
    "ollama-chat": _ollama,
}
