"""Amazon Bedrock's Converse and ConverseStream: one protocol for every model there, Claude among them.

A stream is Amazon's binary event stream; errors after the 200 are frames of their own. How a request is signed
belongs in `credentials/`; a Bedrock API key goes in a bearer header like any other.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlsplit

from aiprobe.core.model import Provider
from aiprobe.core.outcomes import Outcome
from aiprobe.protocols.anthropic import thinking_fields
from aiprobe.protocols.base import (
    Ask,
    Content,
    End,
    Event,
    Failure,
    Finish,
    Message,
    Meta,
    Reasoning,
    ReplyHead,
    Request,
    Stopped,
    Text,
    ToolCall,
    Usage,
)
from aiprobe.protocols.blocks import unknown_block
from aiprobe.protocols.eventstream import EventFrame, EventStreamParser
from aiprobe.protocols.jsonvalues import (
    UnreadableError,
    a_count,
    a_list,
    a_name,
    a_string,
    an_object,
    any_object,
    any_string,
    load,
    milliseconds,
)
from aiprobe.protocols.judging import errors, finishes
from aiprobe.protocols.protocol import Picture, Protocol
from aiprobe.protocols.reading import NOTHING, PROGRESS
from aiprobe.protocols.request import arguments_of, forms_of, get, post, without_system

_EVENT_STREAM: Final = frozenset({"application/vnd.amazon.eventstream"})
_NOT_ALLOWED: Final = frozenset(
    {
        "accessdeniedexception",
        "expiredtokenexception",
        "incompletesignatureexception",
        "invalidclienttokenid",
        "invalidsignatureexception",
        "missingauthenticationtokenexception",
        "signaturedoesnotmatch",
        "unrecognizedclientexception",
    }
)
"""Errors of the layer in front of the service for a refused credential, with status 400 or 403."""


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that asks `ask`. A model may be an id, an inference profile or an ARN."""
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": [{"text": ask.prompt}]}],
        "inferenceConfig": {"maxTokens": ask.max_output_tokens},
    }
    if ask.reasoning is not None:
        body["additionalModelRequestFields"] = _reasoning(ask.model, ask.reasoning)
    call, accept = ("converse-stream", min(_EVENT_STREAM)) if ask.stream else ("converse", "application/json")
    path = f"/model/{quote(ask.model, safe='')}/{call}"
    return post(provider, ask, path=path, body=body, own={"accept": accept}, forms=_FORMS)


def _tools(ask: Ask) -> dict[str, Any]:
    """Return the fields that offer a tool."""
    assert ask.tool is not None
    schema = {"json": ask.tool.parameters}
    tool = {"name": ask.tool.name, "description": ask.tool.description, "inputSchema": schema}
    return {"toolConfig": {"tools": [{"toolSpec": tool}]}}


def _structured(ask: Ask) -> dict[str, Any]:
    """Return the fields that ask for JSON of a schema, which is text here."""
    schema = {"jsonSchema": {"name": "answer", "schema": json.dumps(ask.schema)}}
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": schema}}}


def _messages(ask: Ask) -> dict[str, Any]:
    """Return the fields of a conversation."""
    system, others = without_system(ask)
    fields: dict[str, Any] = {"messages": [{"role": each.role, "content": [_said(each)]} for each in others]}
    return {"system": [{"text": system}], **fields} if system else fields


def _said(message: Message) -> dict[str, Any]:
    call = message.call
    if call is None:
        return {"text": message.text}
    if message.role == "user":
        return {"toolResult": {"toolUseId": call.call_id, "content": [{"text": message.text}]}}
    return {"toolUse": {"toolUseId": call.call_id, "name": call.name, "input": arguments_of(call)}}


def _vision(ask: Ask) -> dict[str, Any]:
    """Return the field with a picture before the prompt."""
    picture = {"image": {"format": "png", "source": {"bytes": ask.picture}}}
    return {"messages": [{"role": "user", "content": [picture, {"text": ask.prompt}]}]}


_FORMS: Final = forms_of(tools=_tools, structured=_structured, messages=_messages, vision=_vision)


_PICTURE: Final = Picture(1_601, 800)
"""Of Llama 3.2, a tile (not compared with a bill); of Nova, about, at 1:2 (docs.aws.amazon.com, Nova, "Image
understanding", read 2026-11-29)."""


def _models_request(provider: Provider) -> Request:
    """Build the request of the list of models, which the control plane has: another host beside the runtime's."""
    request = get(provider, path="/foundation-models")
    parts = urlsplit(provider.base_url)
    host = (parts.hostname or "").replace("bedrock-runtime", "bedrock", 1)
    if host == parts.hostname:
        return request
    return replace(request, base_url=parts._replace(netloc=parts.netloc.replace("-runtime", "", 1)).geturl())


def _failure(head: ReplyHead, body: bytes) -> Failure:
    """Classify a reply with a status outside 2xx: by the exception's name, which a header holds."""
    name = _exception(head, body)
    if not name:
        return errors.in_reply(head, body)
    message = _message(body)
    return _named(errors.in_reply(head, json.dumps({"code": name, "message": message}).encode()))


def _reasoning(model: str, reasoning: str) -> dict[str, Any]:
    """Return the model's own fields: Claude's are those of the Messages API, others take an effort."""
    if "anthropic." in model or "claude" in model:
        return thinking_fields(reasoning)
    return {"reasoning_effort": reasoning}


def _exception(head: ReplyHead, body: bytes) -> str:
    """Return the name of the exception: from the header, else from the body, without namespace and address."""
    named = head.headers.get("x-amzn-errortype", "")
    if not named:
        try:
            named = any_string(any_object(load(body)).get("__type"))
        except UnreadableError:
            return ""
    return a_name(named.rpartition("#")[2].partition(":")[0])


def _message(body: bytes) -> str:
    try:
        document = any_object(load(body))
    except UnreadableError:
        return body[:500].decode("utf-8", "replace")
    return any_string(document.get("message")) or any_string(document.get("Message"))


def _named(failure: Failure) -> Failure:
    """Correct what the general reading of an error makes of Amazon's own names."""
    name, words = failure.error_type.lower(), failure.message.lower()
    if name in _NOT_ALLOWED:
        return replace(failure, outcome=Outcome.AUTH)
    if name == "throttlingexception" and "per day" in words:
        return replace(failure, outcome=Outcome.QUOTA_EXHAUSTED)
    if name == "validationexception" and "model identifier is invalid" in words:
        return replace(failure, outcome=Outcome.NOT_FOUND)
    return failure


class _StreamReader:
    """Reads one ConverseStream reply; a `base.Reader`. `messageStop` proves the answer, `metadata` follows it."""

    __slots__ = ("_has_usage", "_over", "_parser", "_stopped")

    def __init__(self) -> None:
        self._parser = EventStreamParser()
        self._stopped = False
        self._has_usage = False
        self._over = False

    def feed(self, data: bytes) -> Sequence[Event]:
        """Take the next bytes, cut anywhere; return the events that they completed."""
        if self._over:
            return NOTHING
        events: list[Event] = []
        for frame in self._parser.feed(data):
            events.extend(self._read(frame))
            if events and type(events[-1]) in {End, Failure}:
                self._over = True
                return events
        if self._parser.broken:
            self._over = True
            events.append(errors.malformed(self._parser.broken))
        return events

    def close(self) -> Sequence[Event]:
        """Take the end of the body: it is the end of the reply once the model has stopped."""
        if self._over or not self._stopped:
            return NOTHING
        self._over = True
        return (End(),)

    def _read(self, frame: EventFrame) -> Sequence[Event]:
        """Return the events of one frame; an error of any sort is the last."""
        kind = frame.headers.get(":message-type", "")
        if kind == "exception":
            name = frame.headers.get(":exception-type", "")
            return (_named(errors.of_error({"code": name, "message": _message(frame.payload)})),)
        if kind == "error":
            failure = {name: frame.headers.get(f":error-{name}", "") for name in ("code", "message")}
            return (_named(errors.of_error(failure)),)
        if kind != "event":
            return (errors.malformed("a frame that is neither an event nor an error"),)
        try:
            return self._event(frame)
        except UnreadableError as problem:
            return (errors.malformed(str(problem)),)

    def _event(self, frame: EventFrame) -> Sequence[Event]:
        name = frame.headers.get(":event-type", "")
        read = _READERS.get(name)
        if read is None:
            return PROGRESS
        events = read(an_object(load(frame.payload)))
        self._stopped = self._stopped or name == "messageStop"
        self._has_usage = self._has_usage or name == "metadata"
        if self._stopped and self._has_usage:
            events.append(End())
        return events or PROGRESS


def _read_delta(document: dict[str, Any]) -> list[Event]:
    delta = an_object(document.get("delta"))
    if delta.get("toolUse"):
        return [_call(any_object(delta["toolUse"]), document.get("contentBlockIndex"))]
    if "text" in delta:
        text = a_string(delta["text"])
        return [Text(text)] if text else []
    thought = a_string(any_object(delta.get("reasoningContent")).get("text"))
    if thought:
        return [Reasoning(thought)]
    known: list[Event] = [Content(kind) for field, kind in _OTHER if delta.get(field)]
    return known or [each for each in unknown_block(delta) if not isinstance(each, Content)]


def _read_start(document: dict[str, Any]) -> list[Event]:
    start = an_object(document.get("start"))
    if start.get("toolUse"):
        return [_call(any_object(start["toolUse"]), document.get("contentBlockIndex"))]
    return [Content(kind) for field, kind in _OTHER if start.get(field)]


def _call(used: dict[str, Any], place: object) -> ToolCall:
    """Return a piece of a call with its text of JSON, or a whole call with an object."""
    given = used.get("input")
    return ToolCall(
        place=place,
        call_id=a_name(used.get("toolUseId")),
        name=a_name(used.get("name")),
        arguments=any_string(given) if given is None or isinstance(given, str) else json.dumps(given),
    )


def _read_stop(document: dict[str, Any]) -> list[Event]:
    return [finishes.stopped(document.get("stopReason")) or Stopped(Finish.OTHER, "")]


def _read_metadata(document: dict[str, Any]) -> list[Event]:
    """Read the last event: the latency and the tokens; those from a cache are counted separately."""
    counts = any_object(document.get("usage"))
    fresh, cached = a_count(counts.get("inputTokens")), a_count(counts.get("cacheReadInputTokens"))
    total = None if fresh is None else fresh + (cached or 0) + (a_count(counts.get("cacheWriteInputTokens")) or 0)
    usage = Usage(input_tokens=total, output_tokens=a_count(counts.get("outputTokens")), cached_input_tokens=cached)
    events: list[Event] = [] if usage == Usage() else [usage]
    seconds = milliseconds(any_object(document.get("metrics")).get("latencyMs"))
    return events if seconds is None else [*events, Meta(server_seconds=seconds)]


_OTHER: Final = (("toolResult", "tool_result"), ("image", "image"))
_READERS: Final[Mapping[str, Callable[[dict[str, Any]], list[Event]]]] = {
    "contentBlockStart": _read_start,
    "contentBlockDelta": _read_delta,
    "messageStop": _read_stop,
    "metadata": _read_metadata,
}
"""Other events, such as `messageStart` and `contentBlockStop`, are only progress."""


def _read_reply(document: object) -> Sequence[Event]:
    """Return the events of a whole, not streamed reply; an error object is what has a message and no output."""
    reply = an_object(document)
    if "output" not in reply:
        if "message" in reply or "__type" in reply:
            return (_named(errors.of_error(reply)),)
        raise UnreadableError("neither output nor an error")
    events: list[Event] = []
    for block in a_list(an_object(an_object(reply["output"]).get("message")).get("content")):
        events.extend(_block(an_object(block)))
    return [*events, *_read_stop(reply), *_read_metadata(reply), End()]


def _block(block: dict[str, Any]) -> list[Event]:
    thought = any_object(any_object(block.get("reasoningContent")).get("reasoningText"))
    if thought:
        text = a_string(thought.get("text"))
        return [Reasoning(text)] if text else []
    return _read_delta({"delta": block})


BEDROCK_CONVERSE: Final = Protocol(
    name="bedrock-converse",
    request=_request,
    models_request=_models_request,
    read=_read_reply,
    streamed=_StreamReader,
    stream_types=_EVENT_STREAM,
    forms=_FORMS,
    picture=_PICTURE,
    call_finishes=frozenset({"tooluse"}),
    request_ids=("x-amzn-requestid", "x-request-id"),
    failure=_failure,
)
