"""OpenAI Chat Completions, and the providers and gateways that are compatible with it.

Differences between providers are data (`Provider`) where they concern the request, and tolerated here where they
concern the reply: OpenAI, Azure, Mistral, Groq, OpenRouter, DeepSeek, xAI, vLLM and others.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from aiprobe.core.model import Provider
from aiprobe.protocols.base import (
    Ask,
    Content,
    End,
    Event,
    Failure,
    Finish,
    Meta,
    Reader,
    Reasoning,
    Request,
    Stopped,
    Text,
    ToolCall,
)
from aiprobe.protocols.blocks import unknown_block
from aiprobe.protocols.jsonvalues import (
    UnreadableError,
    a_list,
    a_name,
    a_string,
    an_id,
    an_object,
    any_object,
    any_string,
)
from aiprobe.protocols.judging import errors, finishes
from aiprobe.protocols.judging.errorfacts import means_something
from aiprobe.protocols.openai_usage import chat_usage
from aiprobe.protocols.protocol import Picture, Protocol
from aiprobe.protocols.reading import (
    NOTHING,
    PROGRESS,
    Plain,
    StreamReader,
    load_frame,
)
from aiprobe.protocols.request import (
    forms_of,
    function_tools,
    get,
    image_url,
    is_openai_itself,
    post,
    role_messages,
)
from aiprobe.protocols.sse import Frame

_REASONING_FIELDS: Final = ("reasoning_content", "reasoning", "reasoning_text")
"""Of DeepSeek, xAI, vLLM; OpenRouter, Groq; some gateways. A provider that sends two sends the same text twice."""
_OTHER_CONTENT: Final = (
    ("function_call", "tool_call"),
    ("audio", "audio"),
    ("images", "image"),
)


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that asks `ask`."""
    body: dict[str, Any] = {
        "model": ask.model,
        "messages": [{"role": "user", "content": ask.prompt}],
        provider.token_cap_field: ask.max_output_tokens,
    }
    if ask.stream:
        body["stream"] = True
        if provider.include_usage:
            body["stream_options"] = {"include_usage": True}
            if is_openai_itself(provider):
                body["stream_options"]["include_obfuscation"] = False
    if ask.reasoning is not None:
        body["reasoning_effort"] = ask.reasoning
    return post(provider, ask, path="/chat/completions", body=body, forms=_FORMS)


def _structured(ask: Ask) -> dict[str, Any]:
    """Return the fields that ask for JSON of a schema."""
    schema = {"name": "answer", "schema": ask.schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


_FORMS: Final = forms_of(tools=function_tools, structured=_structured, messages=role_messages, vision=image_url)
_PICTURE: Final = Picture(2_880, 85)
"""OpenAI in low detail: 85 of most models, 2,833 of gpt-4o-mini (as its page "Images and vision" stated in 2025); of
what others serve the largest number is LLaVA-NeXT's, five tiles of 576. Not compared with a bill."""


def _streamed() -> Reader:
    chunks = _Chunks()
    return StreamReader(chunks, plain=Plain(_is_plain, chunks.take_plain))


class _Chunks:
    """The dialect of a stream of `chat.completion.chunk` objects."""

    __slots__ = ("_finished", "_named", "_refused")

    def __init__(self) -> None:
        self._named = False
        self._refused = False
        self._finished = False

    def take(self, frame: Frame) -> Sequence[Event]:
        """Return the events of one chunk; `[DONE]` is the end."""
        if frame.data.startswith(b"[DONE]"):
            return (End(),)
        document, failed = load_frame(frame, own=b'"choices"')
        return self._fail(document, failed) if failed else self.take_document(document)

    def take_plain(self, documents: Sequence[Any]) -> Sequence[Event]:
        """Return the events of chunks that most likely add one piece of text each and have no other content."""
        events: list[Event] = []
        texts: list[str] = []
        for document in documents:
            try:
                delta = document["choices"][0]["delta"]
                content = delta["content"]
                plain = type(content) is str and content and len(delta) == 1
                if plain and self._named and not document.get("usage"):
                    texts.append(content)
                    continue
            except (IndexError, KeyError, TypeError):
                pass  # it is of another shape
            if texts:
                events.append(Text(a_string("".join(texts))))
                texts.clear()
            events += self.take_document(document)
        if texts:
            events.append(Text(a_string("".join(texts))))
        return events

    def take_document(self, document: object) -> Sequence[Event]:
        """Return the events of one chunk that holds no error object."""
        if not isinstance(document, dict):
            document = an_object(document)
        events: list[Event] = []
        if not self._named:
            self._named = _add_names(document, events)
        choices = document.get("choices")
        if choices and a_list(choices):
            self._read_choice(an_object(choices[0]), events)
            if events and type(events[-1]) is Failure:
                return events
        if "usage" in document or "x_groq" in document:
            _add_usage(document, events)
        return events or PROGRESS

    def _fail(self, document: dict[str, Any], failed: Sequence[Event]) -> Sequence[Event]:
        """Return an error with the usage beside it, and the stop beside it if the error only restates that."""
        failure = failed[-1]
        if document.get("choices") and isinstance(failure, Failure) and errors.restates(failure, Finish.LENGTH):
            return (*self.take_document(document), *failed)
        events: list[Event] = []
        _add_usage(document, events)
        return (*events, *failed)

    def close(self) -> Sequence[Event]:
        """Some providers send no `[DONE]`: a finish reason proves the end as well."""
        return (End(),) if self._finished else NOTHING

    def _read_choice(self, choice: dict[str, Any], events: list[Event]) -> None:
        delta = choice.get("delta")
        if delta:
            _add_content(an_object(delta), events)
            if delta.get("refusal"):
                self._refused = True
        if choice.get("finish_reason") is None and not choice.get("error"):
            return  # nearly every chunk there is
        stopped = _stopped(choice, refused=self._refused)
        if isinstance(stopped, Failure) or (stopped is not None and not self._finished):
            self._finished = True
            events.append(stopped)


def _is_plain(data: bytes) -> bool:
    """Return whether a chunk only goes on: inside a string of JSON these quotes would be escaped."""
    goes_on = b'"finish_reason":null' in data or b'"finish_reason": null' in data
    return goes_on and b"error" not in data


def _read_completion(document: object) -> Sequence[Event]:
    """Return the events of a whole, not streamed `chat.completion`."""
    completion = an_object(document)
    if "choices" not in completion:
        raise UnreadableError("neither choices nor an error")
    events: list[Event] = []
    _add_names(completion, events)
    _add_usage(completion, events)
    choices = a_list(completion["choices"])
    if not choices and (odd := errors.in_odd_document(completion)):
        return [*events, *odd]
    if choices:
        choice = an_object(choices[0])
        message = an_object(choice.get("message"))
        _add_content(message, events)
        stopped = _stopped(choice, refused=bool(message.get("refusal")))
        if stopped is not None:
            events.append(stopped)
        if isinstance(stopped, Failure):
            return events
    return [*events, End()]


def _add_names(document: dict[str, Any], events: list[Event]) -> bool:
    """Add model and id; Azure's first chunk has them empty. The id is used if no header has one."""
    model = a_name(document.get("model"))
    if model:
        fingerprint = a_name(document.get("system_fingerprint")) or None
        events.append(Meta(response_model=model, system_fingerprint=fingerprint, request_id=an_id(document.get("id"))))
    return bool(model)


def _add_usage(document: dict[str, Any], events: list[Event]) -> None:
    counts = document.get("usage")
    if not counts and "x_groq" in document:
        counts = any_object(document["x_groq"]).get("usage")
    usage = chat_usage(counts) if counts else None
    if usage is not None:
        events.append(usage)


def _add_content(delta: dict[str, Any], events: list[Event]) -> None:
    """Add what a delta or a message holds, reasoning first."""
    if len(delta) == 1 and delta.get("content"):  # nearly every delta there is
        _add_text(delta["content"], events)
        return
    for name in _REASONING_FIELDS:
        thought = delta.get(name)
        if isinstance(thought, str) and thought:
            events.append(Reasoning(a_string(thought)))
            break
    if delta.get("content"):
        _add_text(delta["content"], events)
    if delta.get("refusal"):
        events.append(Content("refusal"))
    calls = delta.get("tool_calls")
    listed = (a_list(calls) if isinstance(calls, list) else [calls]) if calls else ()
    if listed and not _is_blank(calls):
        events.extend(_call(any_object(call)) for call in listed)
    events.extend(Content(kind) for name, kind in _OTHER_CONTENT if delta.get(name) and not _is_blank(delta[name]))


def _call(call: dict[str, Any]) -> ToolCall:
    """Return a piece of a call, or a whole one, which has no index."""
    function = any_object(call.get("function"))
    place = call.get("index")
    return ToolCall(
        place=place if isinstance(place, int) else None,
        call_id=a_name(call.get("id")),
        name=a_name(function.get("name")),
        arguments=any_string(function.get("arguments")),
    )


def _is_blank(value: object) -> bool:
    """Return whether a value is only an empty form, such as `{"name": "", "arguments": ""}`, and not a tool call."""
    if isinstance(value, list):
        return all(map(_is_blank, value))
    fields = {name: each for name, each in any_object(value).items() if name not in {"type", "index", "format"}}
    return bool(fields) and not means_something(fields)


def _add_text(content: object, events: list[Event]) -> None:
    """Add non-empty content: a string nearly everywhere, a list of parts at Mistral's reasoning models."""
    if isinstance(content, list):
        for part in a_list(content):
            _add_part(an_object(part), events)
    else:
        events.append(Text(a_string(content)))


def _add_part(part: dict[str, Any], events: list[Event]) -> None:
    """Add one part of Mistral's list content: text, thinking, or something else."""
    kind = a_name(part.get("type"))
    if kind == "thinking" and "thinking" in part:
        thought = part.get("thinking")
        inner = a_list(thought) if isinstance(thought, list) else [{"text": thought}]
        text = "".join(a_string(an_object(piece).get("text")) for piece in inner)
        if text:
            events.append(Reasoning(text))
    elif kind in {"text", "output_text", ""}:
        text = a_string(part.get("text"))
        if text:
            events.append(Text(text))
    else:
        events.extend(unknown_block(part))


def _stopped(choice: dict[str, Any], *, refused: bool) -> Stopped | Failure | None:
    """Return why the model stopped, or the error that a gateway puts into the choice."""
    stop = finishes.stopped(choice.get("finish_reason"))
    if means_something(choice.get("error")):
        failure = errors.of_error({"error": choice["error"]})
        return stop if errors.restates(failure, stop.finish if stop else None) else failure
    if stop and refused:
        return Stopped(Finish.FILTERED, "refusal")
    return finishes.failed(stop) or stop


OPENAI_CHAT: Final = Protocol(
    name="openai-chat",
    request=_request,
    models_request=partial(get, path="/models"),
    read=_read_completion,
    streamed=_streamed,
    forms=_FORMS,
    picture=_PICTURE,
    call_finishes=frozenset({"toolcalls"}),
)
