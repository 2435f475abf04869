"""Amazon Bedrock: `POST /model/{id}/converse` and `/converse-stream`, `GET /foundation-models`.

The stream is Amazon's binary one, padded with `p` as the real one is; an error inside it is a frame of its own.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote

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
    call_ids,
    compact,
    known_model,
    last_user_text,
    offered,
    token_cap,
)
from aiprobe_simulator.wire.framing import event_frame, frame

PATH: Final = re.compile(r"/model/(?P<model>.+)/(?P<call>converse|converse-stream)$")
_STOP: Final[Mapping[Finish, str]] = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.REFUSED: "content_filtered",
    Finish.FILTERED: "guardrail_intervened",
}
_ERRORS: Final[Mapping[Trouble, tuple[str, str]]] = {
    Trouble.BAD_REQUEST: ("ValidationException", "Malformed input request, please reformat your input and try again."),
    Trouble.BAD_KEY: ("UnrecognizedClientException", "The security token included in the request is invalid."),
    Trouble.UNAUTHORIZED: ("UnrecognizedClientException", "The security token included in the request is invalid."),
    Trouble.QUOTA_400: ("ServiceQuotaExceededException", "Your account has reached a service quota."),
    Trouble.PAYMENT: ("PaymentRequiredException", "A valid payment instrument must be provided."),
    Trouble.FORBIDDEN: ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    Trouble.NOT_FOUND: ("ResourceNotFoundException", "Could not resolve the foundation model."),
    Trouble.TIMEOUT: ("ModelTimeoutException", "The model took too long to respond."),
    Trouble.TOO_LARGE: ("RequestEntityTooLargeException", "The request is too large."),
    Trouble.UNPROCESSABLE: ("ValidationException", "The request cannot be processed."),
    Trouble.DEPENDENCY: ("ModelErrorException", "The model failed to process the request."),
    Trouble.RATE_LIMITED: ("ThrottlingException", "Too many requests per minute, please wait before trying again."),
    Trouble.QUOTA: ("ThrottlingException", "Too many tokens per day, please wait before trying again."),
    Trouble.OVERLOADED_429: ("ModelNotReadyException", "The model is at capacity and not ready to serve."),
    Trouble.CAPACITY: ("ServiceUnavailableException", "Bedrock is out of capacity for this tier."),
    Trouble.SERVER_ERROR: ("InternalServerException", "The system encountered an unexpected error."),
    Trouble.UNAVAILABLE: ("ServiceUnavailableException", "Bedrock is unable to process your request."),
    Trouble.GATEWAY_TIMEOUT: ("ModelTimeoutException", "The model took too long to respond."),
    Trouble.OVERLOADED: ("ServiceUnavailableException", "The service is temporarily unavailable."),
}
_PADDING: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Bedrock:
    """Bedrock's runtime, with a bearer key or a signature; the signature itself is not checked."""

    name = "bedrock-converse"
    kind: Kind = "chat"
    posted = re.compile(r"/model/.+/converse(?:-stream)?\Z")
    base = ""

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request; model and streaming are in the path."""
        found = PATH.search(path)
        if found is None:
            raise BadCall(Trouble.NOT_FOUND, "Unable to determine service/operation name to be authorized")
        prompt, tokens = last_user_text(body.get("messages"), name="messages")
        config = body.get("inferenceConfig")
        cap = token_cap(config, "maxTokens") if isinstance(config, dict) else None
        stream = found["call"] == "converse-stream"
        model = known_model(unquote(found["model"]))
        tools = body.get("toolConfig")
        tool = offered(tools.get("tools") if isinstance(tools, dict) else None, "toolSpec", "name")
        return Call(model=model, prompt=prompt, input_tokens=tokens, cap=cap, stream=stream, tool=tool)

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return the reply of Converse."""
        content: list[Json] = []
        if answer.thoughts:
            content.append({"reasoningContent": {"reasoningText": {"text": answer.thoughts, "signature": "c2lt"}}})
        content.extend(
            {"toolUse": {"toolUseId": call_id, "name": answer.tool, "input": answer.arguments}}
            for call_id in call_ids(answer, stamp, "tooluse_")
        )
        if answer.text and not answer.tool:
            content.append({"text": answer.words})
        message = {"role": "assistant", "content": content}
        return {"output": {"message": message}, "stopReason": _stop(answer), **_told(call, answer, stamp)}

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the stream: `messageStart`, one delta per token, `messageStop`, and `metadata` after it."""
        yield Part("open", _event("messageStart", {"role": "assistant"}, stamp))
        index, last = 0, ""
        for kind, _, token in answer_parts(answer, reasoning="reasoning", text="text"):
            if answer.tool and kind == "text":
                continue
            if last and kind != last:
                yield Part("open", _event("contentBlockStop", {"contentBlockIndex": index}, stamp))
                index += 1
            last = kind
            delta: Json = {"text": token} if kind == "text" else {"reasoningContent": {"text": token}}
            yield Part(kind, _event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}, stamp))
        if last:
            yield Part(
                "close" if not answer.tool else "open", _event("contentBlockStop", {"contentBlockIndex": index}, stamp)
            )
            index += 1
        for at, call_id in enumerate(call_ids(answer, stamp, "tooluse_"), start=index):
            yield from _tool_block(at, answer, call_id, stamp)
        yield Part("close", _event("messageStop", {"stopReason": _stop(answer)}, stamp))
        yield Part("close", _event("metadata", _told(call, answer, stamp), stamp))

    def error(self, trouble: Trouble, stamp: Stamp, *, message: str | None = None) -> tuple[int, Json]:  # noqa: ARG002 - Wire
        """Return a message, and the exception's name as `__type`: it is sent as the header `x-amzn-errortype`."""
        name, usual = _ERRORS[trouble]
        return 403 if trouble is Trouble.BAD_KEY else STATUS[trouble], {"__type": name, "message": message or usual}

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:  # noqa: ARG002 - Wire
        """Return an exception frame; its type begins with a small letter there."""
        name, message = _ERRORS[trouble]
        kind = name[0].lower() + name[1:]
        headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
        return frame(headers, compact({"message": message}).encode())

    def headers(self, stamp: Stamp, *, exhausted: bool = False) -> dict[str, str]:  # noqa: ARG002 - has no limits
        """Return the request id."""
        return {"x-amzn-requestid": stamp.request_id}

    def models(self, names: tuple[str, ...], stamp: Stamp, *, limit: int | None) -> Json:  # noqa: ARG002 - has no pages
        """Return the whole list."""
        arn = "arn:aws:bedrock:us-east-1::foundation-model/"
        return {"modelSummaries": [{"modelId": name, "modelArn": arn + name, "modelName": name} for name in names]}


def _stop(answer: Answer) -> str:
    return "tool_use" if answer.says_call else _STOP[answer.finish]


def _tool_block(index: int, answer: Answer, call_id: str, stamp: Stamp) -> Iterator[Part]:
    """Cut the block of one call: its start has the name, and its input comes as pieces of JSON."""
    start = {"toolUse": {"toolUseId": call_id, "name": answer.tool}}
    yield Part("text", _event("contentBlockStart", {"contentBlockIndex": index, "start": start}, stamp))
    for token in answer.text:
        delta = {"toolUse": {"input": token}}
        yield Part("text", _event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}, stamp))
    yield Part("close", _event("contentBlockStop", {"contentBlockIndex": index}, stamp))


def _event(name: str, document: Json, stamp: Stamp) -> bytes:
    padding = _PADDING[: 1 + (stamp.number + len(name)) % len(_PADDING)]
    return event_frame(name, compact({**document, "p": padding}).encode())


def _told(call: Call, answer: Answer, stamp: Stamp) -> Json:
    usage = {
        "inputTokens": call.input_tokens,
        "outputTokens": answer.output_tokens,
        "totalTokens": call.input_tokens + answer.output_tokens,
    }
    return {"usage": usage, "metrics": {"latencyMs": stamp.processing_ms}}
