"""Anthropic Messages: `POST /v1/messages`, `GET /v1/models`.

Shapes as the official SDK (anthropic 2.12) types them; the stream ends with `message_stop` and has no `[DONE]`.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from aiprobe_simulator.wire.base import (
    STATUS,
    Answer,
    BadCall,
    Call,
    Finish,
    Json,
    Kind,
    Part,
    Stamp,
    Trouble,
    call_ids,
    event,
    last_user_text,
    offered,
    required_model,
    token_cap,
)

_WITHOUT_SAMPLING: Final = "2026-10-21"
"""From this version on `temperature`, `top_p` and `top_k` are refused."""
_VERTEX: Final = re.compile(r"/publishers/anthropic/models/(?P<model>[^/:]+):(?P<call>rawPredict|streamRawPredict)$")
_STOP: Final[Mapping[Finish, str]] = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.REFUSED: "refusal",
    Finish.FILTERED: "refusal",
}
_REFUSAL: Final[Json] = {"type": "refusal", "category": "general_harms", "explanation": "The request was declined."}
_ERRORS: Final[Mapping[Trouble, tuple[str, str]]] = {
    Trouble.BAD_REQUEST: ("invalid_request_error", "messages: the request is not valid"),
    Trouble.BAD_KEY: ("authentication_error", "invalid x-api-key"),
    Trouble.UNAUTHORIZED: ("authentication_error", "invalid x-api-key"),
    Trouble.QUOTA_400: (
        "invalid_request_error",
        "Your credit balance is too low to access the API. Please go to Billing.",
    ),
    Trouble.PAYMENT: ("billing_error", "There is a problem with your billing or payment information."),
    Trouble.FORBIDDEN: ("permission_error", "Your API key may not use this resource."),
    Trouble.NOT_FOUND: ("not_found_error", "model: not found"),
    Trouble.TIMEOUT: ("timeout_error", "Request timed out"),
    Trouble.TOO_LARGE: ("request_too_large", "Request exceeds the maximum size"),
    Trouble.UNPROCESSABLE: ("invalid_request_error", "The request cannot be processed"),
    Trouble.DEPENDENCY: ("api_error", "A dependency of the model failed"),
    Trouble.RATE_LIMITED: (
        "rate_limit_error",
        "This request would exceed your organization's limit of requests per minute",
    ),
    Trouble.QUOTA: ("rate_limit_error", "Your organization has reached its monthly spend limit"),
    Trouble.OVERLOADED_429: ("overloaded_error", "Overloaded"),
    Trouble.CAPACITY: ("overloaded_error", "No capacity for this service tier"),
    Trouble.SERVER_ERROR: ("api_error", "Internal server error"),
    Trouble.UNAVAILABLE: ("api_error", "Service temporarily unavailable"),
    Trouble.GATEWAY_TIMEOUT: ("timeout_error", "The request took too long"),
    Trouble.OVERLOADED: ("overloaded_error", "Overloaded"),
}
_LIMITS: Final = {"requests": 4_000, "tokens": 480_000, "input-tokens": 400_000, "output-tokens": 80_000}


class Anthropic:
    """The Messages API."""

    name = "anthropic-messages"
    kind: Kind = "chat"
    posted = re.compile(r"/messages\Z|/publishers/anthropic/models/[^/:]+:(?:stream)?[rR]awPredict\Z")
    base = ""

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request as the API does: version header, model, cap and messages are required."""
        version = headers.get("anthropic-version", "")
        if (
            found := _VERTEX.search(path)
        ) is not None:  # Vertex AI: version in the body, model and streaming in the path
            version = str(body.get("anthropic_version", ""))
            body = {**body, "model": found["model"], "stream": found["call"] == "streamRawPredict"}
        if not version:
            raise BadCall(Trouble.BAD_REQUEST, "anthropic-version: header is required")
        sampling = [name for name in ("temperature", "top_p", "top_k") if name in body]
        if sampling and version[:4].isdecimal() and version >= _WITHOUT_SAMPLING:
            raise BadCall(Trouble.BAD_REQUEST, f"{sampling[0]}: not supported from version {_WITHOUT_SAMPLING} on")
        model = required_model(body)
        cap = token_cap(body, "max_tokens")
        if cap is None:
            raise BadCall(Trouble.BAD_REQUEST, "max_tokens: field required")
        prompt, tokens = last_user_text(body.get("messages"), name="messages")
        return Call(
            model=model,
            prompt=prompt,
            input_tokens=tokens,
            cap=cap,
            stream=body.get("stream") is True,
            tool=offered(body.get("tools"), "name"),
        )

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return a message with all its content blocks."""
        content: list[Json] = []
        if answer.thoughts:
            content.append({"type": "thinking", "thinking": answer.thoughts, "signature": "c2ltdWxhdGVk"})
        content.extend(
            {"type": "tool_use", "id": call_id, "name": answer.tool, "input": answer.arguments}
            for call_id in call_ids(answer, stamp, "toolu_")
        )
        if answer.text and not answer.tool:
            content.append({"type": "text", "text": answer.words})
        return {
            **_message(call, stamp),
            "content": content,
            "stop_reason": _stop(answer),
            "stop_details": _details(answer),
            "usage": _usage(call, answer),
        }

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the stream: `message_start`, the blocks, `message_delta`, `message_stop`."""
        usage = {**_usage(call, answer), "output_tokens": 1}
        start = {**_message(call, stamp), "content": [], "stop_reason": None, "usage": usage}
        yield Part("open", _named({"type": "message_start", "message": start}))
        index = 0
        if answer.thoughts:
            yield from _block(0, "thinking", "thinking", answer.reasoning, {"signature": ""})
            index = 1
        for call_id in call_ids(answer, stamp, "toolu_"):
            yield from _tool_block(index, answer, call_id)
            index += 1
        if (answer.text or not answer.thoughts) and not answer.tool:
            yield from _block(index, "text", "text", answer.text, {})
        delta = {"stop_reason": _stop(answer), "stop_sequence": None, "stop_details": _details(answer)}
        yield Part("close", _named({"type": "message_delta", "delta": delta, "usage": _usage(call, answer)}))
        yield Part("close", _named({"type": "message_stop"}))

    def error(self, trouble: Trouble, stamp: Stamp, *, message: str | None = None) -> tuple[int, Json]:
        """Return the error envelope, which repeats the request id."""
        kind, usual = _ERRORS[trouble]
        error: Json = {"type": kind, "message": message or usual}
        if trouble is Trouble.QUOTA:
            error["details"] = {"error_code": "enforced_spend_limit_reached"}
        return STATUS[trouble], {"type": "error", "error": error, "request_id": stamp.request_id}

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:  # noqa: ARG002 - Wire
        """Return an `error` event: without a request id, and nothing follows it."""
        _, body = self.error(trouble, stamp)
        return _named({"type": "error", "error": body["error"]})

    def headers(self, stamp: Stamp, *, exhausted: bool = False) -> dict[str, str]:
        """Return request id, timing and what remains of four limits."""
        reset = datetime.fromtimestamp(stamp.created_timestamp_seconds, UTC) + timedelta(seconds=1)
        found = {
            "request-id": stamp.request_id,
            "anthropic-organization-id": "00000000-0000-4000-8000-000000000001",
            "server-timing": f"x-originResponse;dur={stamp.processing_ms}",
            "via": "1.1 simulator",
        }
        for name, limit in _LIMITS.items():
            remaining = 0 if exhausted else limit - limit * (stamp.number % 20) // 100
            found[f"anthropic-ratelimit-{name}-limit"] = str(limit)
            found[f"anthropic-ratelimit-{name}-remaining"] = str(remaining)
            found[f"anthropic-ratelimit-{name}-reset"] = reset.strftime("%Y-%m-%dT%H:%M:%SZ")
        return found

    def models(self, names: tuple[str, ...], stamp: Stamp, *, limit: int | None) -> Json:
        """Return the first page of the list."""
        created = datetime.fromtimestamp(stamp.created_timestamp_seconds, UTC).strftime("%Y-%m-%dT00:00:00Z")
        shown = names[: limit or 20]
        data = [{"type": "model", "id": name, "display_name": name, "created_at": created} for name in shown]
        ends = {"first_id": shown[0] if shown else None, "last_id": shown[-1] if shown else None}
        return {"data": data, "has_more": len(shown) < len(names), **ends}


def _named(data: Json) -> bytes:
    return event(data, data["type"])


def _message(call: Call, stamp: Stamp) -> Json:
    return {
        "id": stamp.request_id.replace("req_", "msg_"),
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "stop_sequence": None,
    }


def _stop(answer: Answer) -> str:
    return "tool_use" if answer.says_call else _STOP[answer.finish]


def _tool_block(index: int, answer: Answer, call_id: str) -> Iterator[Part]:
    """Cut the block of one call: its input is empty at first, and comes as pieces of JSON."""
    block = {"type": "tool_use", "id": call_id, "name": answer.tool, "input": {}}
    yield Part("text", _named({"type": "content_block_start", "index": index, "content_block": block}))
    for token in answer.text:
        delta = {"type": "input_json_delta", "partial_json": token}
        yield Part("text", _named({"type": "content_block_delta", "index": index, "delta": delta}))
    yield Part("open", _named({"type": "content_block_stop", "index": index}))


def _details(answer: Answer) -> Json | None:
    return _REFUSAL if answer.finish in {Finish.REFUSED, Finish.FILTERED} else None


def _usage(call: Call, answer: Answer) -> Json:
    return {
        "input_tokens": call.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"thinking_tokens": len(answer.reasoning)},
        "service_tier": "standard",
    }


def _block(index: int, kind: str, field: str, tokens: tuple[str, ...], more: Json) -> Iterator[Part]:
    """Cut one content block; a ping follows the start of the first, as on the real wire."""
    start = {"type": "content_block_start", "index": index, "content_block": {"type": kind, field: "", **more}}
    yield Part("open", _named(start))
    if index == 0:
        yield Part("open", _named({"type": "ping"}))
    sort: Final = "reasoning" if kind == "thinking" else "text"
    for token in tokens:
        delta = {"type": f"{kind}_delta", field: token}
        yield Part(sort, _named({"type": "content_block_delta", "index": index, "delta": delta}))
    if kind == "thinking":
        signature = {"type": "signature_delta", "signature": "c2ltdWxhdGVk"}
        yield Part("open", _named({"type": "content_block_delta", "index": index, "delta": signature}))
    yield Part("open", _named({"type": "content_block_stop", "index": index}))
