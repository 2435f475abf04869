"""Anthropic's Messages API, also as Azure Foundry, Bedrock Mantle and gateways serve it."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from aiprobe.core.model import Provider
from aiprobe.protocols import headers
from aiprobe.protocols.base import (
    Ask,
    Content,
    End,
    Event,
    Message,
    Meta,
    Reasoning,
    Request,
    Text,
    ToolCall,
    Usage,
)
from aiprobe.protocols.blocks import unknown_block
from aiprobe.protocols.jsonvalues import UnreadableError, a_count, a_list, a_name, a_string, an_object, any_object
from aiprobe.protocols.judging import errors, finishes
from aiprobe.protocols.protocol import Picture, Protocol
from aiprobe.protocols.reading import NOTHING, PROGRESS, StreamReader, load_frame
from aiprobe.protocols.request import arguments_of, forms_of, get, post, without_system
from aiprobe.protocols.sse import Frame

VERSION: Final = "2023-06-01"
"""The version that every compatible server supports. Its streams, usage and errors are the same as in 2026-10-21."""
_OWN_HEADERS: Final = {"anthropic-version": VERSION}
_NOT_CONTENT: Final = frozenset({"fallback"})
"""A block that only marks that another model continues."""


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that asks `ask`. Never with a temperature: newer versions refuse it even at its default."""
    return post(provider, ask, path="/v1/messages", body=message_body(ask), own=_OWN_HEADERS, forms=FORMS)


def _tools(ask: Ask) -> dict[str, Any]:
    """Return the fields that offer a tool."""
    assert ask.tool is not None
    tool = {"name": ask.tool.name, "description": ask.tool.description, "input_schema": ask.tool.parameters}
    return {"tools": [tool]}


def _structured(ask: Ask) -> dict[str, Any]:
    """Return the fields that ask for JSON of a schema."""
    return {"output_config": {"format": {"type": "json_schema", "schema": ask.schema}}}


def _messages(ask: Ask) -> dict[str, Any]:
    """Return the fields of a conversation."""
    system, others = without_system(ask)
    fields: dict[str, Any] = {"messages": [{"role": each.role, "content": _said(each)} for each in others]}
    return {"system": system, **fields} if system else fields


def _said(message: Message) -> str | list[dict[str, Any]]:
    call = message.call
    if call is None:
        return message.text
    if message.role == "user":
        return [{"type": "tool_result", "tool_use_id": call.call_id, "content": message.text}]
    return [{"type": "tool_use", "id": call.call_id, "name": call.name, "input": arguments_of(call)}]


def _vision(ask: Ask) -> dict[str, Any]:
    """Return the field with a picture before the prompt."""
    source = {"type": "base64", "media_type": "image/png", "data": ask.picture}
    content = [{"type": "image", "source": source}, {"type": "text", "text": ask.prompt}]
    return {"messages": [{"role": "user", "content": content}]}


FORMS: Final = forms_of(tools=_tools, structured=_structured, messages=_messages, vision=_vision)


def message_body(ask: Ask) -> dict[str, Any]:
    """Return the body of a request, before anybody's extra fields."""
    body: dict[str, Any] = {
        "model": ask.model,
        "max_tokens": ask.max_output_tokens,
        "messages": [{"role": "user", "content": ask.prompt}],
    }
    if ask.stream:
        body["stream"] = True
    if ask.reasoning is not None:
        body |= thinking_fields(ask.reasoning)
    return body


def thinking_fields(reasoning: str) -> dict[str, Any]:
    """Return the fields for `disabled`, a budget in digits, `adaptive`, `adaptive:low` or an effort word."""
    if reasoning in {"disabled", "none", "off"}:
        return {"thinking": {"type": "disabled"}}
    if reasoning.isascii() and reasoning.isdigit():
        return {"thinking": {"type": "enabled", "budget_tokens": int(reasoning)}}
    kind, _, effort = reasoning.partition(":")
    if kind != "adaptive":
        return {"output_config": {"effort": reasoning}}
    thinking = {"thinking": {"type": "adaptive"}}
    return {**thinking, "output_config": {"effort": effort}} if effort else thinking


class _MessageStream:
    """The dialect of a message stream. The type is read from the data: some gateways drop the `event:` line."""

    __slots__ = ()

    def take(self, frame: Frame) -> Sequence[Event]:
        """Return the events of one frame; pings make none, unknown types only progress."""
        if frame.event == b"ping" and b'"error"' not in frame.data:
            return NOTHING
        if frame.data.startswith(b"[DONE]"):  # a gateway's habit from another protocol
            return NOTHING
        document, failed = load_frame(frame, own=b'"type"')
        if failed:
            return failed
        kind = document.get("type") or frame.event.decode("ascii", "replace")
        if kind == "ping":
            return NOTHING
        if kind == "message_stop":
            return (End(),)
        read = _READERS.get(kind) if isinstance(kind, str) else None
        if read is None:
            return errors.in_odd_document(document) or PROGRESS
        return read(document) or PROGRESS

    def close(self) -> Sequence[Event]:
        """Nothing but `message_stop` ends a message."""
        return NOTHING


def _read_start(document: dict[str, Any]) -> list[Event]:
    message = an_object(document.get("message"))
    return [*_names(message), *_usage(message.get("usage"))]


def _read_block_start(document: dict[str, Any]) -> list[Event]:
    return _block(an_object(document.get("content_block")), place=document.get("index"))


def _read_delta(document: dict[str, Any]) -> list[Event]:
    delta = an_object(document.get("delta"))
    kind = delta.get("type")
    if kind == "text_delta":
        text = a_string(delta.get("text"))
        return [Text(text)] if text else []
    if kind == "thinking_delta":
        thought = a_string(delta.get("thinking"))
        return [Reasoning(thought)] if thought else []
    if kind == "input_json_delta" and delta.get("partial_json"):
        return [ToolCall(place=document.get("index"), arguments=a_string(delta["partial_json"]))]
    return unknown_block(delta) if isinstance(delta.get("text"), str) else []


def _read_message_delta(document: dict[str, Any]) -> list[Event]:
    return [*_usage(document.get("usage"), late=True), *_stopped(an_object(document.get("delta")))]


_READERS: Final = {
    "message_start": _read_start,
    "content_block_start": _read_block_start,
    "content_block_delta": _read_delta,
    "message_delta": _read_message_delta,
}


def _read_message(document: object) -> Sequence[Event]:
    """Return the events of a whole, not streamed message."""
    message = an_object(document)
    if "content" not in message:
        raise UnreadableError("neither content nor an error")
    events: list[Event] = [*_names(message), *_usage(message.get("usage"))]
    for block in a_list(message["content"]):
        events.extend(_block(an_object(block)))
    return [*events, *_stopped(message), End()]


def _block(block: dict[str, Any], *, place: object = None) -> list[Event]:
    """Return what a content block holds when it starts at a place of a stream, or when it is whole."""
    kind = a_name(block.get("type"))
    if kind == "text":
        text = a_string(block.get("text"))
        return [Text(text)] if text else []
    if kind == "thinking":
        thought = a_string(block.get("thinking"))
        return [Reasoning(thought)] if thought else []
    if kind == "tool_use":
        given = json.dumps(block["input"]) if block.get("input") else ""  # a stream begins with an empty object
        return [ToolCall(place=place, call_id=a_name(block.get("id")), name=a_name(block.get("name")), arguments=given)]
    if kind in {"server_tool_use", "mcp_tool_use"}:
        return [Content("tool_call")]
    return [] if kind in _NOT_CONTENT else unknown_block(block)


def _names(message: dict[str, Any]) -> list[Event]:
    model = a_name(message.get("model"))
    return [Meta(response_model=model)] if model else []


def _stopped(message: dict[str, Any]) -> list[Event]:
    stop = finishes.stopped(message.get("stop_reason"))
    return [stop] if stop else []


def _usage(usage: object, *, late: bool = False) -> list[Event]:
    """Read a usage object: the input is the sum of what was fresh, written to a cache and read from one.

    `late` marks `message_delta`, where gateways report an input of 0 that they did not count.
    """
    counts = any_object(usage)
    fresh, cached = a_count(counts.get("input_tokens")), a_count(counts.get("cache_read_input_tokens"))
    written = a_count(counts.get("cache_creation_input_tokens"))
    total = None if fresh is None else fresh + (cached or 0) + (written or 0)
    if late and not total:
        total = cached = None
    read = Usage(
        input_tokens=total,
        output_tokens=a_count(counts.get("output_tokens")),
        reasoning_tokens=a_count(any_object(counts.get("output_tokens_details")).get("thinking_tokens")),
        cached_input_tokens=cached,
    )
    return [] if read == Usage() else [read]


_PICTURE: Final = Picture(15, 15)
"""Patches of 28 x 28 pixels, inferred from published totals. Anthropic's page "Vision" estimates width x height / 750,
which is 11. Neither was compared with a bill."""

ANTHROPIC_MESSAGES: Final = Protocol(
    name="anthropic-messages",
    request=_request,
    models_request=partial(get, path="/v1/models?limit=1", own=_OWN_HEADERS),
    read=_read_message,
    streamed=lambda: StreamReader(_MessageStream()),
    forms=FORMS,
    picture=_PICTURE,
    call_finishes=frozenset({"tooluse"}),
    request_ids=headers.ANTHROPIC_REQUEST_IDS,
)
