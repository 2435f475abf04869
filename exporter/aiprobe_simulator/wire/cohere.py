"""Cohere's chat API, version 2: `POST /v2/chat`. Errors are flat, and the stream ends with `message-end`."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from aiprobe_simulator.wire.base import (
    STATUS,
    Answer,
    Call,
    Finish,
    Json,
    Kind,
    Part,
    Stamp,
    Trouble,
    answer_parts,
    call_ids,
    event,
    last_user_text,
    offered,
    required_model,
    token_cap,
)

_FINISH: Final[Mapping[Finish, str]] = {
    Finish.STOP: "COMPLETE",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.REFUSED: "ERROR_TOXIC",
    Finish.FILTERED: "ERROR_TOXIC",
}
_ERRORS: Final[Mapping[Trouble, str]] = {
    Trouble.BAD_REQUEST: "invalid request: the messages are not valid",
    Trouble.BAD_KEY: "invalid api token",
    Trouble.UNAUTHORIZED: "invalid api token",
    Trouble.QUOTA_400: "you have reached the spend limit of your billing settings",
    Trouble.PAYMENT: "there is a problem with your payment method",
    Trouble.FORBIDDEN: "your account may not use this model",
    Trouble.NOT_FOUND: "model not found, make sure the correct model ID was used",
    Trouble.TIMEOUT: "the request timed out",
    Trouble.TOO_LARGE: "the request is too large",
    Trouble.UNPROCESSABLE: "the request cannot be processed",
    Trouble.DEPENDENCY: "something behind the model failed",
    Trouble.RATE_LIMITED: "You are using a Trial key: too many requests per minute.",
    Trouble.QUOTA: "You are using a Trial key: its monthly quota is exhausted.",
    Trouble.OVERLOADED_429: "the model is overloaded, please try again later",
    Trouble.CAPACITY: "no capacity is left for this request",
    Trouble.SERVER_ERROR: "internal server error",
    Trouble.UNAVAILABLE: "the service is unavailable",
    Trouble.GATEWAY_TIMEOUT: "the model did not answer in time",
    Trouble.OVERLOADED: "the model is overloaded",
}


PLAN: Final = "I will call the tool."
"""The text of the model before a call, in a field of its own."""


class Cohere:
    """The chat API."""

    name = "cohere-chat"
    kind: Kind = "chat"
    posted = re.compile(r"/v2/chat\Z")
    base = ""

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request."""
        prompt, tokens = last_user_text(body.get("messages"), name="messages")
        return Call(
            model=required_model(body),
            prompt=prompt,
            input_tokens=tokens,
            cap=token_cap(body, "max_tokens"),
            stream=body.get("stream") is True,
            tool=offered(body.get("tools"), "function", "name"),
        )

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return the reply that is not streamed."""
        content: list[Json] = []
        if answer.thoughts:
            content.append({"type": "thinking", "thinking": answer.thoughts})
        if answer.text and not answer.tool:
            content.append({"type": "text", "text": answer.words})
        message: Json = {"role": "assistant", "content": content}
        if answer.tool:
            message |= {
                "tool_plan": PLAN,
                "tool_calls": [_call(answer, each) for each in call_ids(answer, stamp, "t_")],
            }
        told = {"finish_reason": _finish(answer), "usage": _usage(call, answer)}
        return {"id": stamp.request_id, "message": message, **told}

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the stream: `message-start`, the contents, `message-end`."""
        empty: Json = {"message": {"role": "assistant", "content": [], "tool_calls": [], "citations": []}}
        yield Part("open", _named({"id": stamp.request_id, "type": "message-start", "delta": empty}))
        index, last = -1, ""
        for kind, word, token in answer_parts(answer, reasoning="thinking", text="text"):
            if answer.tool and kind == "text":
                continue
            if kind != last:
                if last:
                    yield Part("open", _named({"type": "content-end", "index": index}))
                index, last = index + 1, kind
                content: Json = {"type": word, word: ""}
                yield Part("open", _named({"type": "content-start", "index": index, "delta": _content(content)}))
            yield Part(kind, _named({"type": "content-delta", "index": index, "delta": _content({word: token})}))
        if last:
            yield Part("close", _named({"type": "content-end", "index": index}))
        if answer.tool:
            yield Part("reasoning", _named({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": PLAN}}}))
        for at, call_id in enumerate(call_ids(answer, stamp, "t_")):
            yield from _tool_parts(at, _call(answer, call_id), answer.text)
        told = {"finish_reason": _finish(answer), "usage": _usage(call, answer)}
        yield Part("close", _named({"type": "message-end", "delta": told}))

    def error(self, trouble: Trouble, stamp: Stamp, *, message: str | None = None) -> tuple[int, Json]:
        """Return the flat error."""
        return STATUS[trouble], {"id": stamp.request_id, "message": message or _ERRORS[trouble]}

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:  # noqa: ARG002 - Wire
        """Return a `message-end` whose finish reason is an error."""
        return _named({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": _ERRORS[trouble]}})

    def headers(self, stamp: Stamp, *, exhausted: bool = False) -> dict[str, str]:
        """Return the request id and, as for a trial key, what remains of its limit."""
        remaining = 0 if exhausted else 20 - stamp.number % 20
        limits = {"x-trial-endpoint-call-limit": "20", "x-trial-endpoint-call-remaining": str(remaining)}
        return {"x-debug-trace-id": stamp.request_id, **limits}

    def models(self, names: tuple[str, ...], stamp: Stamp, *, limit: int | None) -> Json:  # noqa: ARG002 - Wire
        """Return the first page of the list."""
        return {"models": [{"name": name, "endpoints": ["chat"]} for name in names[: limit or 20]]}


def _finish(answer: Answer) -> str:
    return "TOOL_CALL" if answer.says_call else _FINISH[answer.finish]


def _call(answer: Answer, call_id: str) -> Json:
    return {"id": call_id, "type": "function", "function": {"name": answer.tool, "arguments": answer.words}}


def _tool_parts(index: int, called: Json, tokens: tuple[str, ...]) -> Iterator[Part]:
    """Cut one call: its start has the name, and its arguments come as pieces of JSON."""
    begun = {**called, "function": {"name": called["function"]["name"], "arguments": ""}}
    start = {"message": {"tool_calls": begun}}
    yield Part("text", _named({"type": "tool-call-start", "index": index, "delta": start}))
    for token in tokens:
        piece = {"message": {"tool_calls": {"function": {"arguments": token}}}}
        yield Part("text", _named({"type": "tool-call-delta", "index": index, "delta": piece}))
    yield Part("close", _named({"type": "tool-call-end", "index": index}))


def _named(data: Json) -> bytes:
    return event(data, data["type"])


def _content(content: Json) -> Json:
    return {"message": {"content": content}}


def _usage(call: Call, answer: Answer) -> Json:
    billed = {"input_tokens": call.input_tokens, "output_tokens": answer.output_tokens}
    return {"billed_units": billed, "tokens": {**billed, "input_tokens": call.input_tokens + 60}, "cached_tokens": 0}
