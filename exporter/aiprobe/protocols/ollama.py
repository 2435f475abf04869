"""Ollama's own chat API: one JSON document per line; the time to load the model is reported separately."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from aiprobe.core.model import Provider
from aiprobe.protocols.base import (
    Ask,
    End,
    Event,
    Failure,
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
    an_object,
    any_object,
    load,
    milliseconds,
)
from aiprobe.protocols.judging import errors, finishes
from aiprobe.protocols.protocol import Picture, Protocol
from aiprobe.protocols.reading import NOTHING, PROGRESS, error_events
from aiprobe.protocols.request import arguments_of, forms_of, function_tools, get, post
from aiprobe.protocols.sse import MAX_EVENT_BYTES

LINES: Final = frozenset({"application/x-ndjson"})
NANOSECONDS: Final = 1e9


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that asks `ask`. It omits `keep_alive`: a probe keeps no model in memory."""
    body: dict[str, Any] = {
        "model": ask.model,
        "messages": [{"role": "user", "content": ask.prompt}],
        "stream": ask.stream,
        "options": {"num_predict": ask.max_output_tokens},
    }
    if ask.reasoning is not None:
        body["think"] = False if ask.reasoning in {"none", "off", "disabled", "false"} else _level(ask.reasoning)
    accept = min(LINES) if ask.stream else "application/json"
    return post(provider, ask, path="/api/chat", body=body, own={"accept": accept}, forms=_FORMS)


def _structured(ask: Ask) -> dict[str, Any]:
    """Return the field that asks for JSON of a schema."""
    return {"format": ask.schema}


def _messages(ask: Ask) -> dict[str, Any]:
    """Return the field of a conversation."""
    return {"messages": [_said(message) for message in ask.messages]}


def _said(message: Message) -> dict[str, Any]:
    call = message.call
    if call is None:
        return {"role": message.role, "content": message.text}
    if message.role == "user":
        return {"role": "tool", "tool_name": call.name, "content": message.text}
    function = {"name": call.name, "arguments": arguments_of(call)}
    return {"role": "assistant", "content": "", "tool_calls": [{"function": function}]}


def _vision(ask: Ask) -> dict[str, Any]:
    """Return the field with a picture beside the prompt."""
    return {"messages": [{"role": "user", "content": ask.prompt, "images": [ask.picture]}]}


_FORMS: Final = forms_of(tools=function_tools, structured=_structured, messages=_messages, vision=_vision)


def _level(reasoning: str) -> bool | str:
    return True if reasoning in {"true", "on", "enabled"} else reasoning


class _LineReader:
    """Reads one streamed reply line by line; a `base.Reader`."""

    __slots__ = ("_held", "_named", "_over")

    def __init__(self) -> None:
        self._held = b""
        self._named = False
        self._over = False

    def feed(self, data: bytes) -> Sequence[Event]:
        """Take the next bytes, cut anywhere; return the events of the lines that they completed."""
        if self._over:
            return NOTHING
        *lines, self._held = (self._held + data).split(b"\n")
        events: list[Event] = []
        for line in lines:
            if line.strip() and self._add(line, events):
                return events
        if len(self._held) > MAX_EVENT_BYTES:
            self._over = True
            events.append(errors.malformed(f"a line of more than {MAX_EVENT_BYTES} bytes"))
        return events

    def close(self) -> Sequence[Event]:
        """Take the end of the body; a last line that cannot be read was cut off."""
        line, self._held = self._held, b""
        events: list[Event] = []
        if not self._over and line.strip():
            self._add(line, events)
        if events and isinstance(events[-1], Failure) and not _failed(_or_none(line)):
            return NOTHING
        self._over = True
        return events

    def _add(self, line: bytes, events: list[Event]) -> bool:
        try:
            document = load(line)
            events.extend(_failed(document) or self._read(an_object(document)) or PROGRESS)
        except UnreadableError as problem:
            events.append(errors.malformed(str(problem)))
        self._over = type(events[-1]) in {End, Failure}
        return self._over

    def _read(self, chunk: dict[str, Any]) -> list[Event]:
        events: list[Event] = []
        if not self._named:
            events = _names(chunk)
            self._named = bool(events)
        return [*events, *_message(chunk), *(_ended(chunk) if chunk.get("done") is True else ())]


def _failed(document: object) -> Sequence[Event]:
    """Return the failure of a line that carries an error, also one in an envelope of its own."""
    failed: Sequence[Event] = error_events(document)
    fields = any_object(document).keys()
    if failed or "done" in fields or ("message" in fields and not {"code", "status"} & fields):
        return failed
    return errors.in_odd_document(document)


def _or_none(line: bytes) -> object:
    try:
        return load(line)
    except UnreadableError:
        return None


def _read_reply(document: object) -> Sequence[Event]:
    """Return the events of a whole, not streamed reply."""
    reply = an_object(document)
    if "message" not in reply:
        raise UnreadableError("neither a message nor an error")
    return [*_names(reply), *_message(reply), *_ended(reply)]


def _names(chunk: dict[str, Any]) -> list[Event]:
    model = a_name(chunk.get("model"))
    return [Meta(response_model=model)] if model else []


def _message(chunk: dict[str, Any]) -> list[Event]:
    message = an_object(chunk.get("message"))
    events: list[Event] = []
    if thought := a_string(message.get("thinking")):
        events.append(Reasoning(thought))
    if text := a_string(message.get("content")):
        events.append(Text(text))
    for call in a_list(message.get("tool_calls")):
        function = any_object(any_object(call).get("function"))
        arguments = json.dumps(any_object(function.get("arguments")))
        call_id = a_name(any_object(call).get("id"))
        events.append(ToolCall(call_id=call_id, name=a_name(function.get("name")), arguments=arguments))
    return events


def _ended(chunk: dict[str, Any]) -> list[Event]:
    """Read the last line: why it stopped, tokens, and times in nanoseconds of which loading is no answering."""
    usage = Usage(input_tokens=a_count(chunk.get("prompt_eval_count")), output_tokens=a_count(chunk.get("eval_count")))
    seconds = {
        name: milliseconds(chunk.get(f"{name}_duration"), per_second=NANOSECONDS)
        for name in ("load", "prompt_eval", "eval")
    }
    worked = [value for value in (seconds["prompt_eval"], seconds["eval"]) if value is not None]
    meta = Meta(load_seconds=seconds["load"], server_seconds=sum(worked) if worked else None)
    extras: list[Event] = [each for each in (usage, meta) if each not in {Usage(), Meta()}]
    return [*extras, finishes.stopped(chunk.get("done_reason")) or Stopped(Finish.STOP, "stop"), End()]


OLLAMA_CHAT: Final = Protocol(
    name="ollama-chat",
    request=_request,
    models_request=partial(get, path="/api/tags"),
    read=_read_reply,
    streamed=_LineReader,
    forms=_FORMS,
    picture=Picture(2_880, 256),  # of LLaVA-NeXT, five tiles of 576; of Gemma 3 (their papers)
    call_finishes=frozenset({"stop"}),
    stream_types=LINES,
    loads_first=True,
)
