"""Reads what a request asks for: its call in the words of its protocol, its credential, its page size."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from aiohttp import web

from aiprobe_simulator.answer import tokens_of
from aiprobe_simulator.loop import result_in
from aiprobe_simulator.paths import Place
from aiprobe_simulator.sight import seen
from aiprobe_simulator.wire import WIRES
from aiprobe_simulator.wire.base import BadCall, Call, Json, Trouble, compact

_SCHEMAS: Final = (
    ("response_format", "json_schema", "schema"),  # OpenAI's chat
    ("response_format", "schema"),  # Cohere
    ("text", "format", "schema"),  # OpenAI's responses
    ("output_config", "format", "schema"),  # Anthropic
    ("generationConfig", "responseJsonSchema"),  # Gemini
    ("outputConfig", "textFormat", "structure", "jsonSchema"),  # Bedrock
    ("format",),  # Ollama
)
TOOLS_PROMPT: Final = 530
"""The most tokens that a provider is known to add to a request with tools (Claude 3 Opus)."""


async def read_call(request: web.Request, place: Place, headers: Mapping[str, str]) -> Call | BadCall:
    """Read a request's body as its protocol does; problems are returned, since the key is looked at first."""
    if place.wire is None or place.kind in {"models", "realtime"}:
        return Call(model="")
    try:
        body = json.loads(await request.read())
        if isinstance(body, dict):
            call = WIRES[place.wire].call(body, provider=place.provider, path=request.path, headers=headers)
            more = _tokens_of_tools(body) if call.tool else 0
            digits, of_picture = seen(place.wire, body)
            result, of_loop = result_in(place.wire, body)
            counted = call.input_tokens + more + of_picture + of_loop
            return replace(call, input_tokens=counted, structured=_wants_schema(body), digits=digits, result=result)
    except BadCall as problem:
        return problem
    except web.HTTPRequestEntityTooLarge:
        return BadCall(Trouble.TOO_LARGE, "the body is larger than the simulator takes")
    except (ValueError, RecursionError):
        return BadCall(Trouble.BAD_REQUEST, "the body is not JSON")
    return BadCall(Trouble.BAD_REQUEST, "the body is not a JSON object")


def _wants_schema(body: Json) -> bool:
    """Return whether a request asks for JSON of a schema, in any protocol's way."""
    for path in _SCHEMAS:
        found: object = body
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if isinstance(found, dict) and found:
            return True
    return False


def _tokens_of_tools(body: Json) -> int:
    """Return the tokens of the tools and of what a provider adds to them."""
    return tokens_of(compact(body.get("tools") or body.get("toolConfig"))) + TOOLS_PROMPT


def key_of(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """Return the credential of a request, from any place in which a provider accepts it."""
    for name in ("x-api-key", "api-key", "x-goog-api-key"):
        if headers.get(name):
            return headers[name].strip()
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.upper() == "AWS4-HMAC-SHA256":  # a signature: `Credential=ACCESS_KEY/date/region/service/...`
        return value.partition("Credential=")[2].partition("/")[0]
    return value.strip() if scheme.lower() == "bearer" and value.strip() else query.get("key", "")


def page_size(request: web.Request) -> int | None:
    """Return how many entries of a list were asked for."""
    asked = request.query.get("limit", request.query.get("pageSize", ""))
    return max(1, int(asked[:6])) if asked.isdecimal() else None
