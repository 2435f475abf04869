"""OpenAI Responses: `POST {prefix}/responses`. Named, numbered events; the last one carries it all."""

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Final

from aiprobe_simulator.answer import tokens_of
from aiprobe_simulator.wire.base import (
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
    event,
    last_user_text,
    offered,
    required_model,
    token_cap,
)
from aiprobe_simulator.wire.openai import OpenAIBase, refuse_as_reasoning_models_do
from aiprobe_simulator.wire.openai_chat import REFUSAL

LEAST_CAP: Final = 16
"""The least `max_output_tokens` that the API takes (OpenAI's published specification)."""
_REASON: Final[Mapping[Finish, str]] = {Finish.LENGTH: "max_output_tokens", Finish.FILTERED: "content_filter"}
_TEXT_DELTAS: Final[Mapping[str, str]] = {
    "reasoning": "response.reasoning_summary_text.delta",
    "text": "response.output_text.delta",
}


class OpenAIResponses(OpenAIBase):
    """The Responses API."""

    name = "openai-responses"
    kind: Kind = "chat"
    posted = re.compile(r"/responses\Z")

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a request; `input` is a text or a list of messages."""
        model = required_model(body)
        refuse_as_reasoning_models_do(body, model)
        given = body.get("input")
        if isinstance(given, str) and given:
            prompt, tokens = given, tokens_of(given)
        elif isinstance(given, list):
            prompt, tokens = last_user_text([item for item in given if isinstance(item, dict)], name="input")
        else:
            raise BadCall(Trouble.BAD_REQUEST, "input: a text or a list of messages is required")
        cap = token_cap(body, "max_output_tokens", least=LEAST_CAP)
        return Call(
            model=model,
            prompt=prompt,
            input_tokens=tokens,
            cap=cap,
            stream=body.get("stream") is True,
            tool=offered(body.get("tools"), "name"),
        )

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:
        """Return a `response` with its output items."""
        reason = _REASON.get(answer.finish)
        return {
            **_response(call, stamp, "incomplete" if reason else "completed"),
            "incomplete_details": {"reason": reason} if reason else None,
            "output": _output(answer, stamp),
            "usage": _usage(call, answer),
        }

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Cut the stream: created, in progress, the items with their deltas, completed or incomplete."""
        numbers = count()

        def named(kind: str, **fields: object) -> bytes:
            return event({"type": kind, "sequence_number": next(numbers), **fields}, kind)

        started = _response(call, stamp, "in_progress")
        yield Part("open", named("response.created", response=started))
        yield Part("open", named("response.in_progress", response=started))
        whole = self.whole(call, answer, stamp)
        index = -1
        message = _id(stamp, "msg_")
        place: Json = {}
        opened = ""
        for kind, delta, token in answer_parts(answer, reasoning=_TEXT_DELTAS["reasoning"], text=_TEXT_DELTAS["text"]):
            if answer.tool and kind == "text":
                continue
            if kind != opened:
                opened, index = kind, index + 1
                item = whole["output"][index]
                place = {"output_index": index, "item_id": item["id"]}
                empty = {**item, "content": []} if kind == "text" else item
                yield Part("open", named("response.output_item.added", output_index=index, item=empty))
                place |= {"content_index": 0} if kind == "text" else {"summary_index": 0}
                if kind == "text":
                    yield Part("open", named("response.content_part.added", **place, part=_text_part("")))
            yield Part(kind, named(delta, **place, delta=token, **({"logprobs": []} if kind == "text" else {})))
        if opened == "text":
            yield Part("open", named("response.output_text.done", **place, text=answer.words, logprobs=[]))
            yield Part("open", named("response.content_part.done", **place, part=_text_part(answer.words)))
        for index, item in enumerate(whole["output"]):
            if item["type"] == "function_call":
                begun = {**item, "arguments": "", "status": "in_progress"}
                yield Part("text", named("response.output_item.added", output_index=index, item=begun))
                at = {"output_index": index, "item_id": item["id"]}
                for token in answer.text:
                    yield Part("text", named("response.function_call_arguments.delta", **at, delta=token))
                told = {"name": answer.tool, "arguments": answer.words}
                yield Part("open", named("response.function_call_arguments.done", **at, **told))
        if answer.finish is Finish.REFUSED:
            refused = {"output_index": 0, "content_index": 0, "item_id": message}
            yield Part("close", named("response.refusal.delta", **refused, delta=REFUSAL))
            yield Part("close", named("response.refusal.done", **refused, refusal=REFUSAL))
        for index, item in enumerate(whole["output"]):
            yield Part("open", named("response.output_item.done", output_index=index, item=item))
        yield Part("close", named(f"response.{whole['status']}", response=whole))

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:
        """Return an `error` event and `response.failed`, as a real stream was seen to end."""
        error = OpenAIBase.error(self, trouble, stamp)[1].get("error")
        details: Json = error if isinstance(error, dict) else {"code": trouble.value, "message": trouble.value}
        code = details.get("code") or details.get("type") or "server_error"
        failed = _response(Call(model="simulated"), stamp, "failed")
        failed["error"] = {"code": str(code), "message": details["message"]}
        first = {"type": "error", "sequence_number": sent, "error": details}
        second = {"type": "response.failed", "sequence_number": sent + 1, "response": failed}
        return event(first, "error") + event(second, "response.failed")


def _id(stamp: Stamp, prefix: str) -> str:
    return stamp.request_id.replace("req_", prefix)


def _text_part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _response(call: Call, stamp: Stamp, status: str) -> Json:
    return {
        "id": _id(stamp, "resp_"),
        "object": "response",
        "created_at": stamp.created_timestamp_seconds,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "max_output_tokens": call.cap,
        "model": call.model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "service_tier": "default",
        "usage": None,
    }


def _output(answer: Answer, stamp: Stamp) -> list[Json]:
    """Return the output items: reasoning, if there was any, and the message."""
    items: list[Json] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.thoughts}] if answer.thoughts else []
        items.append({"type": "reasoning", "id": _id(stamp, "rs_"), "summary": summary})
    content: list[Json] = []
    if answer.finish is Finish.REFUSED:
        content = [{"type": "refusal", "refusal": REFUSAL}]
    elif answer.text and not answer.tool:
        content = [_text_part(answer.words)]
    for call_id in call_ids(answer, stamp, "call_"):
        called = {"call_id": call_id, "name": answer.tool, "arguments": answer.words}
        items.append({"type": "function_call", "id": call_id.replace("call_", "fc_"), **called, "status": "completed"})
    if content:
        message = {"type": "message", "id": _id(stamp, "msg_"), "role": "assistant", "content": content}
        items.append({**message, "status": "incomplete" if answer.finish in _REASON else "completed"})
    return items


def _usage(call: Call, answer: Answer) -> Json:
    return {
        "input_tokens": call.input_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"reasoning_tokens": len(answer.reasoning)},
        "total_tokens": call.input_tokens + answer.output_tokens,
    }
