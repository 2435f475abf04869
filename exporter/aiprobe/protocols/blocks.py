"""Content blocks of kinds that nobody has met yet: what holds text is text, for a user reads it."""

from aiprobe.protocols.base import Content, Event, Reasoning, Text
from aiprobe.protocols.jsonvalues import a_name, any_string
from aiprobe.protocols.judging.errorfacts import means_something

_DEPTH = 4
_THOUGHT = ("think", "thought", "reason")


def unknown_block(block: dict[str, object]) -> list[Event]:
    """Return what a block of an unknown kind holds: text, a thought by its name, or content of another sort."""
    kind = a_name(block.get("type")) or a_name(next(iter(block), ""))
    text = text_inside(block)
    if text:
        return [Reasoning(text) if any(word in kind.lower() for word in _THOUGHT) else Text(text)]
    kinds = {name: value for name, value in block.items() if name != "type"}
    return [Content(kind)] if kind and (means_something(kinds) or "type" in block) else []


def text_inside(value: object, *, depth: int = 0) -> str:
    """Return the text of a block: its own, that of its list of contents, or that of the one object it wraps."""
    if depth > _DEPTH:
        return ""
    if isinstance(value, list):
        return "".join(text_inside(each, depth=depth + 1) for each in value)
    if not isinstance(value, dict):
        return ""
    text = any_string(value.get("text"))
    if text:
        return text
    wrapped = value.get("content")
    if wrapped is None and not depth and len(value) == 1:
        wrapped = next(iter(value.values()))
    return text_inside(wrapped, depth=depth + 1)
