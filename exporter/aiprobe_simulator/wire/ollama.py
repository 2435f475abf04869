"""Ollama's own chat API: `POST /api/chat`, `GET /api/tags`. A stream is one JSON document a line."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
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
    compact,
    last_user_text,
    offered,
    required_model,
    token_cap,
)

_REASON: Final[Mapping[Finish, str]] = {
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.REFUSED: "stop",
    Finish.FILTERED: "stop",
}
"""Ollama has no word for a refusal: its text is all there is."""
REFUSAL: Final = ("I cannot help with that.",)
_ERRORS: Final[Mapping[Trouble, str]] = {
    Trouble.BAD_REQUEST: "invalid request: messages are not valid",
    Trouble.BAD_KEY: "unauthorized",
    Trouble.UNAUTHORIZED: "unauthorized",
    Trouble.QUOTA_400: "you have reached your usage limit, please upgrade or check your billing",
    Trouble.PAYMENT: "payment required",
    Trouble.FORBIDDEN: "this model needs a subscription",
    Trouble.NOT_FOUND: 'model "no-such-model" not found, try pulling it first',
    Trouble.TIMEOUT: "the request timed out",
    Trouble.TOO_LARGE: "the request is too large",
    Trouble.UNPROCESSABLE: "the request cannot be processed",
    Trouble.DEPENDENCY: "the model runner has unexpectedly stopped",
    Trouble.RATE_LIMITED: "too many requests per minute",
    Trouble.QUOTA: "you have reached your monthly usage limit, please upgrade your plan and billing",
    Trouble.OVERLOADED_429: "the server is overloaded, please try again",
    Trouble.CAPACITY: "the server is out of capacity",
    Trouble.SERVER_ERROR: "llama runner process has terminated: exit status 2",
    Trouble.UNAVAILABLE: "server busy, please try again. maximum pending requests exceeded",
    Trouble.GATEWAY_TIMEOUT: "timed out waiting for llama runner to start",
    Trouble.OVERLOADED: "the server is overloaded, maximum pending requests exceeded",
}


class Ollama:
    """The native API of one machine."""

    name = "ollama-chat"
    kind: Kind = "chat"
    posted = re.compile(r"/api/chat\Z")
    base = ""

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request; it is streamed unless it disables that."""
        prompt, tokens = last_user_text(body.get("messages"), name="messages")
        options = body.get("options")
        cap = token_cap(options, "num_predict") if isinstance(options, dict) else None
        stream = body.get("stream") is not False
        tool = offered(body.get("tools"), "function", "name")
        return Call(model=required_model(body), prompt=prompt, input_tokens=tokens, cap=cap, stream=stream, tool=tool)

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return the reply that is not streamed."""
        answer = _spoken(answer)
        message: Json = {"role": "assistant", "content": "" if answer.tool else answer.words, **_calls(answer)}
        if answer.thoughts:
            message["thinking"] = answer.thoughts
        return {**_envelope(call, stamp), "message": message, **_told(call, answer, stamp)}

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the stream: a line per token, and one with the reason of the end and the durations."""
        answer = _spoken(answer)
        for kind, word, token in answer_parts(answer, reasoning="thinking", text="content"):
            if answer.tool and kind == "text":
                continue
            message: Json = {"role": "assistant", "content": "", word: token}
            yield Part(kind, _line({**_envelope(call, stamp), "message": message, "done": False}))
        if answer.tool:
            message = {"role": "assistant", "content": "", **_calls(answer)}
            yield Part("text", _line({**_envelope(call, stamp), "message": message, "done": False}))
        last: Json = {"message": {"role": "assistant", "content": ""}, **_told(call, answer, stamp)}
        yield Part("close", _line({**_envelope(call, stamp), **last}))

    def error(self, trouble: Trouble, stamp: Stamp, *, message: str | None = None) -> tuple[int, Json]:  # noqa: ARG002 - Wire
        """Return the error, which is a text."""
        return STATUS[trouble], {"error": message or _ERRORS[trouble]}

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:  # noqa: ARG002 - Wire
        """Return a line with the error."""
        return _line({"error": _ERRORS[trouble]})

    def headers(self, stamp: Stamp, *, exhausted: bool = False) -> dict[str, str]:  # noqa: ARG002 - has none
        """Return none: a machine of one's own has no limits and no ids."""
        return {}

    def models(self, names: tuple[str, ...], stamp: Stamp, *, limit: int | None) -> Json:  # noqa: ARG002 - Wire
        """Return the models that were pulled."""
        return {"models": [{"name": name, "model": name, "size": 2_019_393_189} for name in names]}


def _spoken(answer: Answer) -> Answer:
    refuses = answer.finish in {Finish.REFUSED, Finish.FILTERED} and not answer.text
    return Answer(text=REFUSAL, reasoning=answer.reasoning, shown=answer.shown) if refuses else answer


def _calls(answer: Answer) -> Json:
    """Return the field with the calls: each comes whole."""
    called = {"function": {"name": answer.tool, "arguments": answer.arguments}}
    return {"tool_calls": [called] * answer.calls} if answer.tool else {}


def _line(document: Json) -> bytes:
    return f"{compact(document)}\n".encode()


def _envelope(call: Call, stamp: Stamp) -> Json:
    created = datetime.fromtimestamp(stamp.created_timestamp_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    return {"model": call.model, "created_at": created}


def _told(call: Call, answer: Answer, stamp: Stamp) -> Json:
    """Return what the last line has; what it took before the headers was the loading of the model."""
    load = stamp.processing_ms * 1_000_000
    return {
        "done": True,
        "done_reason": _REASON[answer.finish],
        "total_duration": load + 3_000_000,
        "load_duration": load,
        "prompt_eval_count": call.input_tokens,
        "prompt_eval_duration": 1_000_000,
        "eval_count": answer.output_tokens,
        "eval_duration": 2_000_000,
    }
