"""Building requests: paths below a base URL, compact ASCII bodies, the headers that every protocol sends.

Which fields a body has belongs to each protocol.
"""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from aiprobe.core.model import Provider
from aiprobe.protocols.base import Ask, Message, Request, ToolCall
from aiprobe.protocols.jsonvalues import any_object

Form = Callable[[Ask], Mapping[str, Any]]
"""Returns the fields of a body that ask for something."""
Forms = Mapping[str, Form]
"""By the name of what is asked for."""
_NO_FORMS: Final[Forms] = MappingProxyType({})
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
_OPENAI_HOST: Final = "api.openai.com"


def post(
    provider: Provider,
    ask: Ask,
    *,
    path: str,
    body: dict[str, Any],
    own: Mapping[str, str] = _NO_HEADERS,
    forms: Forms = _NO_FORMS,
) -> Request:
    """Return the request that posts `body`, with the fields of the ask's form and the extra fields merged over it.

    `own` are the protocol's headers; see `own_headers`.
    """
    form = forms[ask.form](ask) if ask.form else {}
    for extra in (form, provider.extra_body, ask.extra_body):
        body = _merged(body, extra)
    return Request(
        method="POST",
        path=path_below(provider.base_url, path),
        headers=own_headers(
            {
                "content-type": "application/json",
                "accept": "text/event-stream" if ask.stream else "application/json",
                **own,
            },
            provider,
        ),
        body=json.dumps(body, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii"),
    )


def role_messages(ask: Ask) -> dict[str, Any]:
    """Return the field `messages` of protocols in which the system has a role as any other."""
    return {"messages": [_role_message(message) for message in ask.messages]}


def _role_message(message: Message) -> dict[str, Any]:
    call = message.call
    if call is None:
        return {"role": message.role, "content": message.text}
    if message.role == "user":
        return {"role": "tool", "tool_call_id": call.call_id, "content": message.text}
    function = {"name": call.name, "arguments": call.arguments}
    return {"role": "assistant", "tool_calls": [{"id": call.call_id, "type": "function", "function": function}]}


def arguments_of(call: ToolCall) -> dict[str, Any]:
    """Return the arguments of a call that was judged right, for protocols that take an object."""
    return any_object(json.loads(call.arguments or "{}"))


def forms_of(*, tools: Form, structured: Form, messages: Form, vision: Form) -> Forms:
    """Return the forms of a chat protocol; `turns` is a conversation with a tool."""
    return {
        "tools": tools,
        "structured": structured,
        "messages": messages,
        "vision": vision,
        "turns": lambda ask: {**tools(ask), **messages(ask)},
    }


def function_of(ask: Ask) -> dict[str, Any]:
    """Return the tool of an ask as most protocols describe a function."""
    assert ask.tool is not None
    return {"name": ask.tool.name, "description": ask.tool.description, "parameters": ask.tool.parameters}


def function_tools(ask: Ask) -> dict[str, Any]:
    """Return the field `tools` of protocols that offer a tool as OpenAI's chat does."""
    return {"tools": [{"type": "function", "function": function_of(ask)}]}


def image_url(ask: Ask) -> dict[str, Any]:
    """Return the field `messages` with a picture before the prompt; low detail has a fixed number of tokens."""
    image = {"url": f"data:image/png;base64,{ask.picture}", "detail": "low"}
    content = [{"type": "image_url", "image_url": image}, {"type": "text", "text": ask.prompt}]
    return {"messages": [{"role": "user", "content": content}]}


def without_system(ask: Ask) -> tuple[str, list[Message]]:
    """Return the text of the system, and the other messages, for protocols that send the two apart."""
    system = "\n\n".join(message.text for message in ask.messages if message.role == "system")
    return system, [message for message in ask.messages if message.role != "system"]


def get(provider: Provider, *, path: str, own: Mapping[str, str] = _NO_HEADERS) -> Request:
    """Return the request of the list endpoint at `path`, or at the provider's own."""
    return Request(
        method="GET",
        path=path_below(provider.base_url, provider.models_path or path),
        headers=own_headers({"accept": "application/json", **own}, provider),
    )


def path_below(base_url: str, path: str) -> str:
    """Return what follows the host: the path of `base_url`, `path`, and the queries of both."""
    base = urlsplit(base_url)
    own_path, _, own_query = path.partition("?")
    query = "&".join(filter(None, (own_query, base.query)))
    whole = base.path.rstrip("/") + "/" + own_path.lstrip("/")
    return f"{whole}?{query}" if query else whole


def is_openai_itself(provider: Provider) -> bool:
    """Return whether requests go to OpenAI, which alone is known to take its newest fields."""
    return urlsplit(provider.base_url).hostname == _OPENAI_HOST


def own_headers(own: Mapping[str, str], provider: Provider) -> tuple[tuple[str, str], ...]:
    """Return the headers of a protocol that the provider's configuration does not name: the probe adds those."""
    configured = {name.lower() for name in provider.headers}
    return tuple((name, value) for name, value in own.items() if name not in configured)


def _merged(body: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Merge objects field by field: a user who sets one field of `generationConfig` keeps the token cap."""
    merged = dict(body)
    for key, value in extra.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged
