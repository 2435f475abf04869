"""Untrusted JSON: decoding that fails in one way, and typed access to the decoded values.

The rule here: an absent or null field is empty, a field of the wrong type is `UnreadableError`. Types are
compared as they are, because the decoder makes no subclasses. What a field means belongs to the protocol that asks.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

_DECODER: Final = json.JSONDecoder()
_BLANKS: Final = " \t\r\n"
LONGEST_NAME: Final = 400
"""Characters kept of model names, request ids and error names. More than is ever shown: secrets are taken out before
the last cut, or a cut secret would not be recognised."""
MOST_LISTED: Final = 100_000
"""Values of a list of models or the like, a thousand entries of a hundred: 20 ms of the event loop, at most 40."""
_DEEPEST: Final = 100
"""Levels of a document, as in protobuf's parser, so that what walks through one stays within Python's stack."""
_SHORT_BYTES: Final = 4 * _DEEPEST
"""In as few bytes as nearly every event has there is no room for a depth or a number of values that matters."""
_MOST_TOKENS: Final = 20_000_000
"""Twice the largest context window that we know: a count above this is a mistake or an attack, not a bill."""

_LONGEST_SECONDS: Final = 86_400.0


class UnreadableError(ValueError):
    """Bytes or a value that the protocol does not allow; the text states what was wrong without quoting it."""


def load(data: bytes, *, most_values: int = 10_000) -> object:
    """Decode one JSON document.

    `most_values` bounds its commas and brackets together, and so the work of decoding and reading it: 10,000 take the
    event loop a few milliseconds. No event of a real service has nearly as many; a list of models has.

    Raises:
        UnreadableError: for invalid UTF-8, broken JSON, too many values, nesting too deep and numbers too long to
            convert.
    """
    size = len(data)
    brackets = data.count(b"[") + data.count(b"{") if size > _SHORT_BYTES else 0
    if size > most_values and brackets + data.count(b",") > most_values:
        raise UnreadableError(f"JSON of more than {most_values} values")
    try:
        text = data.decode().removeprefix("\ufeff").strip(_BLANKS)
        document: object
        document, end = _DECODER.raw_decode(text)
    except UnicodeDecodeError:
        raise UnreadableError("not UTF-8") from None
    except RecursionError:
        raise UnreadableError("JSON nested too deeply") from None
    except ValueError:
        raise UnreadableError("not JSON") from None
    if end != len(text):
        raise UnreadableError("something after the JSON")
    if brackets > _DEEPEST and _is_deep(document):
        raise UnreadableError("JSON nested too deeply")
    return document


def _is_deep(document: object) -> bool:
    """Return whether more than `_DEEPEST` lists and objects stand in one another."""
    level = [document]
    for _ in range(_DEEPEST + 1):
        level = [inner for each in level for inner in _inside(each) if type(inner) is dict or type(inner) is list]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterable[object]:
    return value.values() if type(value) is dict else value if type(value) is list else ()


def load_first(text: str) -> object:
    """Decode the JSON document at the start of a text, whatever follows it.

    Raises:
        UnreadableError: when there is none.
    """
    try:
        return _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON") from None


def an_object(value: object) -> dict[str, Any]:
    """Return an object as it is, `{}` for null; raises `UnreadableError` for anything else."""
    if type(value) is dict:
        return value
    if value is None:
        return {}
    raise UnreadableError(f"{type(value).__name__} where an object belongs")


def a_list(value: object, *, most: int = 256) -> list[Any]:
    """Return a list as it is, `[]` for null; raises `UnreadableError` for anything else.

    `most` items are far more than the choices, blocks or calls of a reply: reading each takes microseconds.
    """
    if type(value) is list:
        if len(value) > most:
            raise UnreadableError(f"a list of more than {most} items")
        return value
    if value is None:
        return []
    raise UnreadableError(f"{type(value).__name__} where a list belongs")


def a_string(value: object) -> str:
    """Return a string fit for UTF-8, `""` for null; raises `UnreadableError` for anything else."""
    if type(value) is str:
        return value if value.isascii() else without_lone_surrogates(value)
    if value is None:
        return ""
    raise UnreadableError(f"{type(value).__name__} where a string belongs")


def any_object(value: object) -> dict[str, Any]:
    """Return an object as it is and `{}` for anything else: for what is nice to know only, such as usage."""
    return value if type(value) is dict else {}


def any_string(value: object) -> str:
    """Return a string fit for UTF-8 and `""` for anything else."""
    return a_string(value) if type(value) is str else ""


def without_lone_surrogates(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON escapes may hold and UTF-8 may not, by `?`."""
    return text.encode("utf-8", "replace").decode()


def a_name(value: object) -> str:
    """Return a short printable name, `""` when there is none: what may become a label or a header of a page."""
    text = any_string(value)[:LONGEST_NAME]
    return (text if text.isprintable() else "".join(filter(str.isprintable, text))).strip()


def an_id(value: object) -> str | None:
    """Return an identifier cut to printable ASCII and `LONGEST_NAME` characters, or None when nothing is left."""
    text = any_string(value)[:LONGEST_NAME]
    if not (text.isascii() and text.isprintable() and " " not in text):
        text = "".join(c for c in text if "!" <= c <= "~")
    return text or None


def milliseconds(value: object, *, per_second: float = 1e3) -> float | None:
    """Return seconds of a number of milliseconds (or of the unit in `per_second`), or None for what cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= _LONGEST_SECONDS * per_second:
        return None
    return value / per_second


def a_count(value: object) -> int | None:
    """Return a number of tokens, or None for what is absent, negative, absurd or no number."""
    if type(value) is int or type(value) is float:  # a bool is an int as well, and no count
        return int(value) if 0 <= value <= _MOST_TOKENS else None
    return None
