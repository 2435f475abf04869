"""OpenAI's Responses API, also as DeepSeek, Azure and gateways serve it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from aiprobe.core.model import Provider
from aiprobe.protocols.base import (
    Ask,
    Content,
    End,
    Event,
    Finish,
    Message,
    Meta,
    Reasoning,
    Request,
    Stopped,
    Text,
    ToolCall,
    Usage,
)
from aiprobe.protocols.jsonvalues import (
    UnreadableError,
    a_count,
    a_list,
    a_name,
    a_string,
    an_id,
    an_object,
    any_object,
    any_string,
)
from aiprobe.protocols.judging import errors, finishes
from aiprobe.protocols.protocol import Picture, Protocol
from aiprobe.protocols.reading import NOTHING, PROGRESS, StreamReader, load_frame
from aiprobe.protocols.request import forms_of, function_of, get, is_openai_itself, post
from aiprobe.protocols.sse import Frame

MIN_OUTPUT_TOKENS: Final = 16
"""The least that `max_output_tokens` may be (OpenAI's OpenAPI description)."""
_TERMINAL: Final = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_REPEATS: Final = (
    b"response.in_progress",
    b"response.queued",
    b"response.output_text.done",
    b"response.content_part.added",
    b"response.content_part.done",
    b"response.output_item.done",
)
"""Events that only repeat earlier ones, up to the whole answer: they are not decoded."""


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that asks `ask`; nothing is stored at the provider."""
    body: dict[str, Any] = {
        "model": ask.model,
        "input": ask.prompt,
        "max_output_tokens": max(MIN_OUTPUT_TOKENS, ask.max_output_tokens),
        "store": False,
    }
    if ask.stream:
        body["stream"] = True
        if is_openai_itself(provider):
            body["stream_options"] = {"include_obfuscation": False}
    if ask.reasoning is not None:
        body["reasoning"] = {"effort": ask.reasoning}
    return post(provider, ask, path="/responses", body=body, forms=_FORMS)


def _tools(ask: Ask) -> dict[str, Any]:
    """Return the fields that offer a tool. The API makes a schema strict unless that is switched off."""
    return {"tools": [{"type": "function", **function_of(ask), "strict": False}]}


def _structured(ask: Ask) -> dict[str, Any]:
    """Return the fields that ask for JSON of a schema."""
    return {"text": {"format": {"type": "json_schema", "name": "answer", "schema": ask.schema, "strict": True}}}


def _messages(ask: Ask) -> dict[str, Any]:
    """Return the fields of a conversation."""
    return {"input": [_said(message) for message in ask.messages]}


def _said(message: Message) -> dict[str, Any]:
    call = message.call
    if call is None:
        return {"role": message.role, "content": message.text}
    if message.role == "user":
        return {"type": "function_call_output", "call_id": call.call_id, "output": message.text}
    return {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}


def _vision(ask: Ask) -> dict[str, Any]:
    """Return the field with a picture before the prompt."""
    image = {"type": "input_image", "image_url": f"data:image/png;base64,{ask.picture}", "detail": "low"}
    return {"input": [{"role": "user", "content": [image, {"type": "input_text", "text": ask.prompt}]}]}


_FORMS: Final = forms_of(tools=_tools, structured=_structured, messages=_messages, vision=_vision)


class _ResponseStream:
    """The dialect of a response stream: it ends with completed, incomplete or failed."""

    __slots__ = ("_argued", "_refused", "_spoke")

    def __init__(self) -> None:
        self._refused = False
        self._spoke = False
        self._argued = False

    def take(self, frame: Frame) -> Sequence[Event]:
        """Return the events of one frame."""
        data = frame.data
        if data.startswith(b"[DONE]"):  # a gateway's habit from another protocol
            return NOTHING
        if frame.event in _REPEATS and data.startswith(b"{") and data.rstrip().endswith(b"}"):
            return PROGRESS
        document, failed = load_frame(frame, own=b'"type"')
        if failed:
            return failed
        kind = a_name(document.get("type")) or frame.event.decode("ascii", "replace")
        if kind in _TERMINAL:
            return self._finish(an_object(document.get("response")), kind.removeprefix("response."))
        if kind == "response.created":
            return _names(an_object(document.get("response"))) or PROGRESS
        if kind.endswith(".delta"):
            return self._read_delta(kind, document)
        if kind == "response.output_item.added":
            return _begun(document) or PROGRESS
        if kind.startswith("response."):
            return PROGRESS
        return errors.in_odd_document(document) or PROGRESS

    def close(self) -> Sequence[Event]:
        """Nothing but a terminal event ends a response."""
        return NOTHING

    def _read_delta(self, kind: str, document: dict[str, Any]) -> Sequence[Event]:
        delta = document.get("delta")
        if not delta:
            return PROGRESS
        if kind == "response.output_text.delta":
            self._spoke = True
            return (Text(a_string(delta)),)
        if kind.startswith("response.reasoning"):
            return (Reasoning(a_string(delta)),)
        if kind == "response.refusal.delta":
            self._refused = True
            return (Content("refusal"),)
        if kind == "response.function_call_arguments.delta":
            self._argued = True
            return (ToolCall(place=document.get("output_index"), arguments=a_string(delta)),)
        return (Content("tool_call" if "argument" in kind or "tool_call" in kind else kind.split(".")[1]),)

    def _finish(self, response: dict[str, Any], status: str) -> Sequence[Event]:
        """Read the final response. Its text and its calls count only where a gateway streamed none."""
        return _finished(
            response, status=status, refused=self._refused, with_output=not self._spoke, with_calls=not self._argued
        )


def _begun(document: dict[str, Any]) -> list[Event]:
    """Return the call that begins with an output item, if it is one."""
    item = an_object(document.get("item"))
    if item.get("type") != "function_call":
        return []
    return [replace(_call(item, document.get("output_index")), arguments="")]


def _call(item: dict[str, Any], place: object) -> ToolCall:
    """Return a call by its output item, which is whole or just begins."""
    return ToolCall(
        place=place,
        call_id=a_name(item.get("call_id")),
        name=a_name(item.get("name")),
        arguments=any_string(item.get("arguments")),
    )


def _read_response(document: object) -> Sequence[Event]:
    """Return the events of a whole, not streamed response. One that is still at work has no end."""
    response = an_object(document)
    if "output" not in response:
        raise UnreadableError("neither output nor an error")
    status = a_string(response.get("status")).lower() or "completed"
    if f"response.{status}" not in _TERMINAL:
        return _names(response)
    return _finished(response, status=status, refused=False, with_output=True, with_calls=True)


def _finished(
    response: dict[str, Any], *, status: str, refused: bool, with_output: bool, with_calls: bool
) -> list[Event]:
    events = [*_names(response), *_usage(response.get("usage"))]
    if response.get("error") or status in {"failed", "cancelled"}:
        return [*events, errors.of_error({"error": response.get("error") or {"code": f"response_{status}"}})]
    for place, item in enumerate(map(an_object, a_list(response.get("output")))):
        if item.get("type") == "function_call":
            events.extend([_call(item, place)] if with_calls else ())
            continue
        said, item_refused = _item(item)
        refused = refused or item_refused
        if with_output:
            events.extend(said)
    return [*events, _stopped(response, status=status, refused=refused), End()]


def _item(item: dict[str, Any]) -> tuple[list[Event], bool]:
    """Return what one output item holds, and whether the model refused in it."""
    kind = a_name(item.get("type"))
    if kind == "reasoning":
        parts = [*a_list(item.get("summary")), *a_list(item.get("content"))]
        thoughts = [a_string(an_object(part).get("text")) for part in parts]
        return [Reasoning(thought) for thought in thoughts if thought], False
    if kind != "message":
        return [Content("tool_call" if kind.endswith("call") else kind or "unknown")], False
    events: list[Event] = []
    refused = False
    for part in map(an_object, a_list(item.get("content"))):
        if part.get("type") == "refusal":
            refused = True
            events.append(Content("refusal"))
        elif part.get("text"):
            events.append(Text(a_string(part["text"])))
    return events, refused


def _stopped(response: dict[str, Any], *, status: str, refused: bool) -> Stopped:
    if refused:
        return Stopped(Finish.FILTERED, "refusal")
    if status == "completed":
        return Stopped(Finish.STOP, "completed")
    stop = finishes.stopped(any_object(response.get("incomplete_details")).get("reason"))
    return stop or Stopped(Finish.OTHER, status)


def _names(response: dict[str, Any]) -> list[Event]:
    """Return model and id; the id is used if no header has one."""
    model = a_name(response.get("model"))
    return [Meta(response_model=model, request_id=an_id(response.get("id")))] if model else []


def _usage(usage: object) -> list[Event]:
    counts = any_object(usage)
    read = Usage(
        input_tokens=a_count(counts.get("input_tokens")),
        output_tokens=a_count(counts.get("output_tokens")),
        reasoning_tokens=a_count(any_object(counts.get("output_tokens_details")).get("reasoning_tokens")),
        cached_input_tokens=a_count(any_object(counts.get("input_tokens_details")).get("cached_tokens")),
    )
    return [] if read == Usage() else [read]


OPENAI_RESPONSES: Final = Protocol(
    name="openai-responses",
    request=_request,
    models_request=partial(get, path="/models"),
    read=_read_response,
    streamed=lambda: StreamReader(_ResponseStream()),
    forms=_FORMS,
    picture=Picture(2_833, 85),  # as in openai_chat.py
    call_finishes=frozenset({"completed"}),
)
