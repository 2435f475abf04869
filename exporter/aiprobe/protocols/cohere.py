"""Cohere's chat API, version 2."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from aiprobe.core.model import Provider
from aiprobe.core.outcomes import Outcome
from aiprobe.protocols.base import (
    Ask,
    End,
    Event,
    Failure,
    Finish,
    Meta,
    Reasoning,
    ReplyHead,
    Request,
    Stopped,
    Text,
    ToolCall,
    Usage,
)
from aiprobe.protocols.blocks import text_inside
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
from aiprobe.protocols.request import forms_of, function_tools, get, image_url, post, role_messages
from aiprobe.protocols.sse import Frame


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that asks `ask`; a reasoning of digits is a budget."""
    body: dict[str, Any] = {
        "model": ask.model,
        "max_tokens": ask.max_output_tokens,
        "messages": [{"role": "user", "content": ask.prompt}],
        "stream": ask.stream,
    }
    if ask.reasoning is not None:
        body["thinking"] = _thinking(ask.reasoning)
    return post(provider, ask, path="/v2/chat", body=body, forms=_FORMS)


def _structured(ask: Ask) -> dict[str, Any]:
    """Return the fields that ask for JSON of a schema."""
    return {"response_format": {"type": "json_object", "schema": ask.schema}}


_FORMS: Final = forms_of(tools=function_tools, structured=_structured, messages=role_messages, vision=image_url)


def _failure(head: ReplyHead, body: bytes) -> Failure:
    """Classify a reply with a status outside 2xx; 498 is a refused token here, and no lack of capacity."""
    failure = errors.in_reply(head, body)
    if head.status == 498 and "token" in failure.message.lower():
        return Failure(outcome=Outcome.AUTH, error_type=failure.error_type, message=failure.message)
    return failure


def _thinking(reasoning: str) -> dict[str, Any]:
    if reasoning.isascii() and reasoning.isdigit():
        return {"type": "enabled", "token_budget": int(reasoning)}
    return {"type": "disabled" if reasoning in {"none", "off"} else reasoning}


class _Chunks:
    """The dialect of a stream: every event has its type in the data."""

    __slots__ = ()

    def take(self, frame: Frame) -> Sequence[Event]:
        """Return the events of one frame; `message-end` is the end, a `[DONE]` after it only a habit."""
        if frame.data.startswith(b"[DONE]"):
            return NOTHING
        document, failed = load_frame(frame, own=b'"type"')
        if failed:
            return failed
        read = _READERS.get(a_name(document.get("type")) or frame.event.decode("ascii", "replace"))
        if read is None:
            return errors.in_odd_document(document) or PROGRESS
        return read(document) or PROGRESS

    def close(self) -> Sequence[Event]:
        """Nothing but `message-end` ends a message."""
        return NOTHING


def _read_start(document: dict[str, Any]) -> list[Event]:
    name = an_id(document.get("id"))
    return [Meta(request_id=name)] if name else []


def _read_content(document: dict[str, Any]) -> list[Event]:
    """Read the start or a delta of a content: text, thinking, or something else."""
    content = an_object(an_object(an_object(document.get("delta")).get("message")).get("content"))
    return _content(content)


def _content(content: dict[str, Any]) -> list[Event]:
    thought = a_string(content.get("thinking"))
    if thought:
        return [Reasoning(thought)]
    text = a_string(content.get("text")) or text_inside(content)
    return [Text(text)] if text else []


def _read_plan(document: dict[str, Any]) -> list[Event]:
    plan = a_string(an_object(an_object(document.get("delta")).get("message")).get("tool_plan"))
    return [Reasoning(plan)] if plan else []


def _read_tool(document: dict[str, Any]) -> list[Event]:
    message = any_object(any_object(document.get("delta")).get("message"))
    return [_call(any_object(message.get("tool_calls")), document.get("index", 0))]


def _call(call: dict[str, Any], place: object = None) -> ToolCall:
    """Return a call, or a piece of the one at a place of a stream."""
    function = any_object(call.get("function"))
    return ToolCall(
        place=place,
        call_id=a_name(call.get("id")),
        name=a_name(function.get("name")),
        arguments=any_string(function.get("arguments")),
    )


def _read_end(document: dict[str, Any]) -> list[Event]:
    return _ended(an_object(document.get("delta")))


_READERS: Final[Mapping[str, Callable[[dict[str, Any]], list[Event]]]] = {
    "message-start": _read_start,
    "content-start": _read_content,
    "content-delta": _read_content,
    "tool-plan-delta": _read_plan,
    "tool-call-start": _read_tool,
    "tool-call-delta": _read_tool,
    "message-end": _read_end,
}


def _ended(ending: dict[str, Any]) -> list[Event]:
    """Return why it stopped and what it cost, and then the end or what went wrong."""
    stop = finishes.stopped(ending.get("finish_reason"))
    events = _usage(ending.get("usage"))
    error, kind = any_string(ending.get("error")), any_string(ending.get("error_type"))
    if error or (stop and stop.finish is Finish.ERROR):
        reason = stop.reason if stop else "error"
        failure = {"code": kind or reason.lower(), "message": error or f"finish reason {reason}"}
        return [*events, errors.of_error(failure)]
    return [*events, stop or Stopped(Finish.OTHER, ""), End()]


def _usage(usage: object) -> list[Event]:
    """Read the tokens: what is billed leaves out what Cohere adds to a prompt itself.

    What came from a cache is counted in tokens and not in billed units, so beside it all is read in tokens.
    """
    counts = any_object(usage)
    billed, counted = any_object(counts.get("billed_units")), any_object(counts.get("tokens"))
    cached = a_count(counts.get("cached_tokens"))
    counts = counted if cached and counted else billed or counted
    total = a_count(counts.get("input_tokens"))
    if cached and (total is None or total < cached):
        return []  # two units: no bill
    read = Usage(input_tokens=total, output_tokens=a_count(counts.get("output_tokens")), cached_input_tokens=cached)
    return [] if read == Usage() else [read]


def _read_reply(document: object) -> Sequence[Event]:
    """Return the events of a whole, not streamed reply; an error object is what has only a message of text."""
    reply = an_object(document)
    if isinstance(reply.get("message"), str):
        return (errors.of_error(reply),)
    if "message" not in reply:
        raise UnreadableError("neither a message nor an error")
    message = an_object(reply["message"])
    events = _read_start(reply)
    for block in a_list(message.get("content")):
        events.extend(_content(an_object(block)))
    if plan := a_string(message.get("tool_plan")):
        events.append(Reasoning(plan))
    events.extend(_call(any_object(call)) for call in a_list(message.get("tool_calls")))
    return [*events, *_ended(reply)]


_PICTURE: Final = Picture(1_610, 1_610)
"""Of Command A Vision, up to 512 x 512 pixels (docs.oracle.com, "Cohere Command A Vision", read 2026-11-29)."""

COHERE_CHAT: Final = Protocol(
    name="cohere-chat",
    request=_request,
    models_request=partial(get, path="/v1/models?page_size=1"),
    read=_read_reply,
    streamed=lambda: StreamReader(_Chunks()),
    forms=_FORMS,
    picture=_PICTURE,
    call_finishes=frozenset({"toolcall"}),
    request_ids=("x-debug-trace-id", "x-request-id"),
    failure=_failure,
)
