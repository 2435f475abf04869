"""Google's Gemini API (`generateContent`), also under Vertex's express mode and behind gateways."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from aiprobe.core.model import Provider
from aiprobe.protocols import headers
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
from aiprobe.protocols.judging import finishes
from aiprobe.protocols.protocol import Picture, Protocol
from aiprobe.protocols.reading import NOTHING, PROGRESS, StreamReader, load_frame
from aiprobe.protocols.request import arguments_of, forms_of, function_of, get, post, without_system
from aiprobe.protocols.sse import Frame

_VERSION_IN_PATH: Final = re.compile(r"/v\d+(?:(?:alpha|beta)\d*)?(?=/|$)")
_BUDGET: Final = re.compile(r"-?\d{1,9}", re.ASCII)


def _request(provider: Provider, ask: Ask) -> Request:
    """Build the request that asks `ask`; a reasoning of digits is a budget, a word is a level."""
    config: dict[str, Any] = {"maxOutputTokens": ask.max_output_tokens}
    if ask.reasoning is not None:
        config["thinkingConfig"] = _thinking(ask.reasoning)
    body = {"contents": [{"role": "user", "parts": [{"text": ask.prompt}]}], "generationConfig": config}
    call = "streamGenerateContent?alt=sse" if ask.stream else "generateContent"
    return post(provider, ask, path=f"{_version(provider)}/{_model_path(ask.model)}:{call}", body=body, forms=_FORMS)


def _tools(ask: Ask) -> dict[str, Any]:
    """Return the fields that offer a tool. Google's form of a schema is a part of JSON Schema."""
    return {"tools": [{"functionDeclarations": [function_of(ask)]}]}


def _structured(ask: Ask) -> dict[str, Any]:
    """Return the fields that ask for JSON of a schema."""
    return {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": ask.schema}}


def _messages(ask: Ask) -> dict[str, Any]:
    """Return the fields of a conversation; the assistant is the `model` here."""
    system, others = without_system(ask)
    roles = {"user": "user", "assistant": "model"}
    fields: dict[str, Any] = {"contents": [{"role": roles[each.role], "parts": [_said(each)]} for each in others]}
    return {"systemInstruction": {"parts": [{"text": system}]}, **fields} if system else fields


def _said(message: Message) -> dict[str, Any]:
    """Return a part. A call comes back with its id, if it has one, and with its signature, which Gemini 3 requires."""
    call = message.call
    if call is None:
        return {"text": message.text}
    its_id = {"id": call.call_id} if call.call_id else {}
    if message.role == "user":
        return {"functionResponse": {"name": call.name, "response": {"result": message.text}, **its_id}}
    signed = {"thoughtSignature": call.signature} if call.signature else {}
    return {"functionCall": {"name": call.name, "args": arguments_of(call), **its_id}, **signed}


def _vision(ask: Ask) -> dict[str, Any]:
    """Return the field with a picture before the prompt."""
    picture = {"inlineData": {"mimeType": "image/png", "data": ask.picture}}
    return {"contents": [{"role": "user", "parts": [picture, {"text": ask.prompt}]}]}


_FORMS: Final = forms_of(tools=_tools, structured=_structured, messages=_messages, vision=_vision)


def _models_request(provider: Provider) -> Request:
    """Build the request of the zero-cost list endpoint."""
    return get(provider, path=f"{_version(provider)}/models?pageSize=1")


def _version(provider: Provider) -> str:
    """Return `/v1beta`, or nothing where the base URL names a version itself."""
    return "" if _VERSION_IN_PATH.search(urlsplit(provider.base_url).path) else "/v1beta"


def _model_path(model: str) -> str:
    """Return `models/NAME`; a name may bring its own collection, as the list endpoint writes it."""
    collection, slash, name = model.partition("/")
    if slash and collection in {"models", "tunedModels"}:
        return f"{collection}/{quote(name, safe='')}"
    return f"models/{quote(model, safe='')}"


def _thinking(reasoning: str) -> dict[str, Any]:
    if _BUDGET.fullmatch(reasoning):
        return {"thinkingBudget": int(reasoning)}
    if reasoning in {"disabled", "none", "off"}:
        return {"thinkingBudget": 0}
    return {"thinkingLevel": reasoning.upper()}


class _Chunks:
    """The dialect of a stream of responses. There is no sentinel: a finish reason and then the end of the body."""

    __slots__ = ("_finished", "_named")

    def __init__(self) -> None:
        self._named = False
        self._finished = False

    def take(self, frame: Frame) -> Sequence[Event]:
        """Return the events of one chunk."""
        if frame.data.startswith(b"[DONE]"):  # a gateway's habit from another protocol
            return NOTHING
        document, failed = load_frame(frame, own=b'"candidates"')
        if failed:
            return failed
        events = _read_chunk(document, named=self._named)
        self._named = self._named or bool(document.get("modelVersion"))
        self._finished = self._finished or any(type(event) is Stopped for event in events)
        return events or PROGRESS

    def close(self) -> Sequence[Event]:
        """The end of the body is the end of the reply after a finish or block reason; usage may follow it."""
        return (End(),) if self._finished else NOTHING


def _read_response(document: object) -> Sequence[Event]:
    """Return the events of a whole, not streamed response."""
    response = an_object(document)
    if "candidates" not in response and "promptFeedback" not in response:
        raise UnreadableError("neither candidates nor an error")
    return [*_read_chunk(response, named=False), End()]


def _read_chunk(chunk: dict[str, Any], *, named: bool) -> list[Event]:
    events: list[Event] = []
    model = "" if named else a_name(chunk.get("modelVersion"))
    if model:
        events.append(Meta(response_model=model, request_id=an_id(chunk.get("responseId"))))
    events.extend(_usage(chunk.get("usageMetadata")))
    blocked = a_name(any_object(chunk.get("promptFeedback")).get("blockReason"))
    if blocked and not blocked.endswith("UNSPECIFIED"):
        events.append(Stopped(Finish.FILTERED, blocked))
    candidates = a_list(chunk.get("candidates"))
    if candidates:
        candidate = an_object(candidates[0])
        for part in a_list(an_object(candidate.get("content")).get("parts")):
            events.extend(_part(an_object(part)))
        stop = finishes.stopped(candidate.get("finishReason"))
        if stop:
            events.append(stop)
    return events


def _part(part: dict[str, Any]) -> list[Event]:
    text = a_string(part.get("text"))
    if text:
        return [Reasoning(text) if part.get("thought") is True else Text(text)]
    if "functionCall" in part:
        call = any_object(part["functionCall"])
        arguments = json.dumps(any_object(call.get("args")))
        signature = any_string(part.get("thoughtSignature"))
        call_id, name = a_name(call.get("id")), a_name(call.get("name"))
        return [ToolCall(call_id=call_id, name=name, arguments=arguments, signature=signature)]
    return [
        Content(name) for name in ("inlineData", "fileData", "executableCode", "codeExecutionResult") if name in part
    ]


def _usage(usage: object) -> list[Event]:
    """Read the usage so far: the input includes tool results, the output the thoughts."""
    counts = any_object(usage)
    prompt, tools = a_count(counts.get("promptTokenCount")), a_count(counts.get("toolUsePromptTokenCount"))
    visible, thoughts = a_count(counts.get("candidatesTokenCount")), a_count(counts.get("thoughtsTokenCount"))
    read = Usage(
        input_tokens=None if prompt is None else prompt + (tools or 0),
        output_tokens=None if visible is None and thoughts is None else (visible or 0) + (thoughts or 0),
        reasoning_tokens=thoughts,
        cached_input_tokens=a_count(counts.get("cachedContentTokenCount")),
    )
    return [] if read == Usage() else [read]


GEMINI: Final = Protocol(
    name="gemini",
    request=_request,
    models_request=_models_request,
    read=_read_response,
    streamed=lambda: StreamReader(_Chunks()),
    forms=_FORMS,
    picture=Picture(1_120, 258),  # from Gemini 3 on, before it (as ai.google.dev, "Media resolution"; not billed here)
    call_finishes=frozenset({"stop"}),
    request_ids=headers.GEMINI_REQUEST_IDS,
)
