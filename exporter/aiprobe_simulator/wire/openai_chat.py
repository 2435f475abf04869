"""OpenAI Chat Completions, and everything that calls itself compatible: `POST {prefix}/chat/completions`."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from aiprobe_simulator.wire.base import (
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
from aiprobe_simulator.wire.flavours import flavour_of
from aiprobe_simulator.wire.openai import OpenAIBase, refuse_as_reasoning_models_do

_FINISH: Final[Mapping[Finish, str]] = {
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.REFUSED: "stop",
    Finish.FILTERED: "content_filter",
}
_SAFE: Final[Json] = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "violence")}
_FILTERED: Final[Json] = {
    "choices": [],
    "created": 0,
    "id": "",
    "model": "",
    "object": "",
    "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": _SAFE}],
}
"""Azure's first chunk: it names nothing and holds nothing."""
REFUSAL: Final = "I cannot help with that."


class OpenAIChat(OpenAIBase):
    """The Chat Completions API in every flavour."""

    name = "openai-chat"
    kind: Kind = "chat"
    posted = re.compile(r"/chat/completions\Z")

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request."""
        model = required_model(body)
        refuse_as_reasoning_models_do(body, model, "max_tokens")
        prompt, tokens = last_user_text(body.get("messages"), name="messages")
        flavour = flavour_of(provider)
        options = body.get("stream_options")
        asked = isinstance(options, dict) and options.get("include_usage") is True
        return Call(
            model=model,
            prompt=prompt,
            input_tokens=tokens,
            cap=token_cap(body, *flavour.token_caps),
            stream=body.get("stream") is True,
            show_usage=asked or flavour.usage_always,
            tool=offered(body.get("tools"), "function", "name"),
        )

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return a `chat.completion`."""
        refused = answer.finish is Finish.REFUSED
        message: Json = {
            "role": "assistant",
            "content": None if refused or answer.tool else answer.words,
            "refusal": REFUSAL if refused else None,
        }
        if answer.tool:
            message["tool_calls"] = [_tool_call(answer, call_id) for call_id in call_ids(answer, stamp, "call_")]
        if answer.thoughts:
            message["reasoning_content"] = answer.thoughts
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(answer)}
        return {**_envelope(call, stamp, "chat.completion"), "choices": [choice], "usage": _usage(call, answer)}

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the stream: a chunk with the role, one per token, one with the finish reason, usage, `[DONE]`."""
        flavour = flavour_of(stamp.provider)
        queue = {"x_groq": {"id": stamp.request_id}} if flavour.queue_field else {}
        if flavour.comment:
            yield Part("open", f": {flavour.comment}\n\n".encode())
        if flavour.filters:
            yield Part("open", event(_FILTERED))
        yield Part("open", event(_chunk(call, stamp, {"role": "assistant", "content": ""}) | queue))
        for kind, field, token in answer_parts(answer, reasoning="reasoning_content", text="content"):
            if not (answer.tool and kind == "text"):
                yield Part(kind, event(_chunk(call, stamp, {field: token})))
        for index, call_id in enumerate(call_ids(answer, stamp, "call_")):
            begun = {"index": index, **_tool_call(answer, call_id)}
            begun["function"] = {"name": answer.tool, "arguments": ""}
            yield Part("text", event(_chunk(call, stamp, {"tool_calls": [begun]})))
            for token in answer.text:
                piece = {"index": index, "function": {"arguments": token}}
                yield Part("text", event(_chunk(call, stamp, {"tool_calls": [piece]})))
        if answer.finish is Finish.REFUSED:
            yield Part("close", event(_chunk(call, stamp, {"refusal": REFUSAL})))
        last = _chunk(call, stamp, {}, finish=_finish(answer)) | queue
        if flavour.usage_always:
            last["usage"] = _usage(call, answer)
        yield Part("close", event(last))
        if call.show_usage and not flavour.usage_always:
            usage = _usage(call, answer)
            yield Part(
                "close", event({**_envelope(call, stamp, "chat.completion.chunk"), "choices": [], "usage": usage})
            )
        yield Part("close", event("[DONE]"))

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:  # noqa: ARG002 - Wire
        """Return an event with the error object, without a name."""
        return event(self.error(trouble, stamp)[1])


def _finish(answer: Answer) -> str:
    return "tool_calls" if answer.says_call else _FINISH[answer.finish]


def _tool_call(answer: Answer, call_id: str) -> Json:
    return {"id": call_id, "type": "function", "function": {"name": answer.tool, "arguments": answer.words}}


def _envelope(call: Call, stamp: Stamp, kind: str) -> Json:
    return {
        "id": stamp.request_id.replace("req_", "chatcmpl-"),
        "object": kind,
        "created": stamp.created_timestamp_seconds,
        "model": call.model,
        "service_tier": "default",
        "system_fingerprint": "fp_simulated",
    }


def _chunk(call: Call, stamp: Stamp, delta: Json, *, finish: str | None = None) -> Json:
    choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    if flavour_of(stamp.provider).filters:
        choice["content_filter_results"] = _SAFE if delta.get("content") else {}
    return {**_envelope(call, stamp, "chat.completion.chunk"), "choices": [choice], "usage": None}


def _usage(call: Call, answer: Answer) -> Json:
    return {
        "prompt_tokens": call.input_tokens,
        "completion_tokens": answer.output_tokens,
        "total_tokens": call.input_tokens + answer.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": len(answer.reasoning),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
