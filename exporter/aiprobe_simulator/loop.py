"""Reads the result of a tool in the last message of a request, which a model that loops goes on from.

A result belongs to the call before it, as real providers require.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from aiprobe_simulator.answer import tokens_of
from aiprobe_simulator.wire.base import BadCall, Json, Trouble, compact

Path = tuple[str | int, ...]


class _Places(NamedTuple):
    """Where the last message has a result and its id, and the one before the id of the call and what goes with it."""

    result: Path
    its_id: Path
    call_id: Path
    also: Path = ()


_OPENAI: Final = _Places(("content",), ("tool_call_id",), ("tool_calls", 0, "id"))
_PLACES: Final[Mapping[str, _Places]] = {
    "openai-chat": _OPENAI,
    "cohere-chat": _OPENAI,
    "ollama-chat": _Places(("content",), ("tool_name",), ("tool_calls", 0, "function", "name")),
    "openai-responses": _Places(("output",), ("call_id",), ("call_id",)),
    "anthropic-messages": _Places(("content", 0, "content"), ("content", 0, "tool_use_id"), ("content", 0, "id")),
    "bedrock-converse": _Places(
        ("content", 0, "toolResult", "content", 0, "text"),
        ("content", 0, "toolResult", "toolUseId"),
        ("content", 0, "toolUse", "toolUseId"),
    ),
    "gemini": _Places(
        ("parts", 0, "functionResponse", "response", "result"),
        ("parts", 0, "functionResponse", "name"),
        ("parts", 0, "functionCall", "name"),
        also=("parts", 0, "thoughtSignature"),  # Gemini 3 refuses a call that comes back without it
    ),
}


def result_in(wire: str, body: Json) -> tuple[str, int]:
    """Return the result of a tool that a request ends with, and the tokens of all calls and results; else nothing.

    Raises `BadCall` for a result of no call.
    """
    places = _PLACES.get(wire)
    said = body.get("messages") or body.get("contents") or body.get("input")
    if places is None or not isinstance(said, list) or len(said) < 2:
        return "", 0
    result, its_id = _at(said[-1], places.result), _at(said[-1], places.its_id)
    if not isinstance(result, str) or not its_id:
        return "", 0
    if its_id != _at(said[-2], places.call_id) or not (_at(said[-2], places.also) if places.also else True):
        raise BadCall(Trouble.BAD_REQUEST, "a tool result must follow the call that it belongs to")
    return result, tokens_of(compact(said[1:]))


def _at(found: object, path: Path) -> object:
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and len(found) > step else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found
