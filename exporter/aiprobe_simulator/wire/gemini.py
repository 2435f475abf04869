"""Google Gemini: `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent?alt=sse`.

No sentinel ends the stream: its last chunk has the finish reason. There are no rate-limit headers and no request id;
a bad key is a 400.
"""

import re
from collections.abc import Iterator, Mapping
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
    answer_parts,
    event,
    known_model,
    last_user_text,
    offered,
    token_cap,
)

_FINISH: Final[Mapping[Finish, str]] = {Finish.STOP: "STOP", Finish.LENGTH: "MAX_TOKENS", Finish.REFUSED: "SAFETY"}
_ERRORS: Final[Mapping[Trouble, tuple[str, str]]] = {
    Trouble.BAD_REQUEST: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    Trouble.BAD_KEY: ("INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
    Trouble.UNAUTHORIZED: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    Trouble.QUOTA_400: (
        "FAILED_PRECONDITION",
        "Free tier is not available here. Please enable billing on your project.",
    ),
    Trouble.PAYMENT: ("FAILED_PRECONDITION", "The billing account of this project is closed."),
    Trouble.FORBIDDEN: ("PERMISSION_DENIED", "The caller does not have permission."),
    Trouble.NOT_FOUND: (
        "NOT_FOUND",
        "models/ is not found for this API version, or is not supported for generateContent.",
    ),
    Trouble.TIMEOUT: ("DEADLINE_EXCEEDED", "The request timed out."),
    Trouble.TOO_LARGE: ("INVALID_ARGUMENT", "The request payload is too large."),
    Trouble.UNPROCESSABLE: ("INVALID_ARGUMENT", "The request cannot be processed."),
    Trouble.DEPENDENCY: ("INTERNAL", "A dependency of the model failed."),
    Trouble.RATE_LIMITED: ("RESOURCE_EXHAUSTED", "Too many requests per minute for this model. Please retry in 34s."),
    Trouble.QUOTA: (
        "RESOURCE_EXHAUSTED",
        "Your project has reached its monthly spend cap. Check your plan and billing.",
    ),
    Trouble.OVERLOADED_429: ("RESOURCE_EXHAUSTED", "The model is overloaded. Please try again later."),
    Trouble.CAPACITY: ("UNAVAILABLE", "No capacity is available for this tier."),
    Trouble.SERVER_ERROR: ("INTERNAL", "An internal error has occurred."),
    Trouble.UNAVAILABLE: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    Trouble.GATEWAY_TIMEOUT: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
    Trouble.OVERLOADED: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
}
_TYPE: Final = "type.googleapis.com/google.rpc."


class Gemini:
    """The Gemini API with a key."""

    name = "gemini"
    kind: Kind = "chat"
    posted = re.compile(r"/models/[^/:]+:(?:stream)?[gG]enerateContent\Z")
    base = ""

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request; model and streaming are in the path."""
        model, _, method = path.rpartition("/")[2].partition(":")
        given = body.get("contents")
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            raise BadCall(Trouble.BAD_REQUEST, "contents: at least one content is required")
        messages = [{"role": item.get("role", "user"), "content": item.get("parts")} for item in given]
        prompt, tokens = last_user_text(messages, name="contents")
        config = body.get("generationConfig")
        cap = token_cap(config, "maxOutputTokens") if isinstance(config, dict) else None
        stream = method == "streamGenerateContent"
        tool = offered(body.get("tools"), "functionDeclarations", "name")
        return Call(model=known_model(model), prompt=prompt, input_tokens=tokens, cap=cap, stream=stream, tool=tool)

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return one response with all parts, or the feedback that the prompt was blocked."""
        if answer.finish is Finish.FILTERED:
            blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
            return {**blocked, **_envelope(call, Answer(), stamp)}
        parts: list[Json] = []
        if answer.thoughts:
            parts.append({"text": answer.thoughts, "thought": True})
        parts.extend(_calls(answer))
        if answer.text and not answer.tool:
            parts.append({"text": answer.words})
        return {"candidates": [_candidate(parts, answer.finish)], **_envelope(call, answer, stamp)}

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the stream: one chunk per token, and one with the finish reason."""
        if answer.finish is Finish.FILTERED:
            yield Part("close", event(self.whole(call, answer, stamp)))
            return
        said = 0
        thought = len(answer.reasoning)
        for called in _calls(answer):
            yield Part("text", event({"candidates": [_candidate([called])], **_envelope(call, answer, stamp)}))
        for kind, _, token in answer_parts(answer, reasoning="thought", text="text"):
            if answer.tool and kind == "text":
                continue
            said += kind == "text"
            so_far = Answer(text=answer.text[:said], reasoning=answer.reasoning[:thought])
            part: Json = {"text": token, "thought": True} if kind == "reasoning" else {"text": token}
            yield Part(kind, event({"candidates": [_candidate([part])], **_envelope(call, so_far, stamp)}))
        last = [{"text": "", "thoughtSignature": "c2ltdWxhdGVk"}] if answer.text else []
        yield Part("close", event({"candidates": [_candidate(last, answer.finish)], **_envelope(call, answer, stamp)}))

    def error(self, trouble: Trouble, stamp: Stamp, *, message: str | None = None) -> tuple[int, Json]:  # noqa: ARG002 - Wire
        """Return Google's error, with the details of a bad key and a retry delay."""
        word, usual = _ERRORS[trouble]
        status = 400 if trouble is Trouble.BAD_KEY else STATUS[trouble]
        error: Json = {"code": status, "message": message or usual, "status": word}
        if trouble is Trouble.BAD_KEY:
            reason = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
            metadata = {"metadata": {"service": "generativelanguage.googleapis.com"}}
            error["details"] = [{"@type": f"{_TYPE}ErrorInfo", **reason, **metadata}]
        elif trouble is Trouble.RATE_LIMITED:
            error["details"] = [{"@type": f"{_TYPE}RetryInfo", "retryDelay": "34s"}]
        return status, {"error": error}

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:  # noqa: ARG002 - Wire
        """Return an event with the error object; Google has no 529."""
        told = Trouble.UNAVAILABLE if trouble is Trouble.OVERLOADED else trouble
        return event(self.error(told, stamp)[1])

    def headers(self, stamp: Stamp, *, exhausted: bool = False) -> dict[str, str]:  # noqa: ARG002 - has no limits
        """Return the timing header of Google's front end."""
        return {"server-timing": f"gfet4t7; dur={stamp.processing_ms}", "vary": "Origin, X-Origin, Referer"}

    def models(self, names: tuple[str, ...], stamp: Stamp, *, limit: int | None) -> Json:  # noqa: ARG002 - Wire
        """Return the first page of the list."""
        shown = names[: limit or 50]
        methods = ["generateContent", "countTokens"]
        found: Json = {"models": [{"name": f"models/{name}", "supportedGenerationMethods": methods} for name in shown]}
        return found | ({"nextPageToken": "c2ltdWxhdGVk"} if len(shown) < len(names) else {})


def _calls(answer: Answer) -> list[Json]:
    """Return the parts of the calls: each comes whole."""
    call = {"name": answer.tool, "args": answer.arguments}
    return [{"functionCall": call, "thoughtSignature": "c2ltdWxhdGVk"}] * answer.calls if answer.tool else []


def _candidate(parts: list[Json], finish: Finish | None = None) -> Json:
    found: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
    return found if finish is None else {**found, "finishReason": _FINISH[finish]}


def _envelope(call: Call, answer: Answer, stamp: Stamp) -> Json:
    usage: Json = {
        "promptTokenCount": call.input_tokens,
        "candidatesTokenCount": len(answer.text),
        "totalTokenCount": call.input_tokens + answer.output_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": call.input_tokens}],
        "serviceTier": "standard",
    }
    if answer.reasoning:
        usage["thoughtsTokenCount"] = len(answer.reasoning)
    return {"usageMetadata": usage, "modelVersion": call.model, "responseId": stamp.request_id}
