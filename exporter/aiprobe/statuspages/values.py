"""Typed looks at what strangers publish: JSON, times, ids, text and links, each cut to a size and safe to show.

What a field means belongs to the reader that asks for it.
"""

import html
import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from aiprobe.statuspages.base import MAX_BODY_BYTES, HtmlError, PageError

LONGEST_WORD: Final = 40
LONGEST_NAME: Final = 120
LONGEST_TEXT: Final = 300
LONGEST_ID: Final = 100
MOST_VALUES: Final = 100_000
"""Of a page: a decoder holds the interpreter, also in a thread, 20 to 60 ms for so many."""
_LONGEST_URL: Final = 500
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_MILLISECONDS_FROM: Final = 1e11
"""An epoch above this (the year 5138 in seconds) was written in milliseconds."""
_TAG: Final = re.compile(r"<[^<>]*>")
_LINE_BREAK: Final = re.compile(r"(?i)<(?:br|/p|/div|/li|hr)\b[^<>]*>")


def check_body(body: bytes) -> None:
    """Refuse what no page can be: nothing, too much, or HTML where data was promised.

    Raises:
        PageError: for any of these.
    """
    if len(body) > MAX_BODY_BYTES:
        raise PageError(f"more than {MAX_BODY_BYTES} bytes")
    start = body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        raise PageError("empty")
    if start.startswith((b"<!doctype html", b"<html")):
        raise HtmlError("HTML where data was promised")


def check_values(body: bytes, most: int) -> None:
    """Refuse JSON of too many values, by its commas and brackets.

    Raises:
        PageError: for more than `most`.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > most:
        raise PageError(f"JSON of more than {most} values")


def document(body: bytes) -> object:
    """Decode one JSON document in UTF-8, UTF-16 or UTF-32, with or without a byte-order mark.

    Raises:
        PageError: for what is empty, too large, HTML, not text, not JSON, or nested too deeply.
    """
    check_body(body)
    check_values(body, MOST_VALUES)
    try:
        decoded: object = json.loads(body)  # finds the encoding itself: RFC 4627, section 3, and byte-order marks
    except RecursionError:
        raise PageError("JSON nested too deeply") from None
    except ValueError:
        raise PageError("not JSON") from None
    return decoded


def an_object(value: object, what: str) -> dict[str, Any]:
    """Return an object as it is.

    Raises:
        PageError: for anything else.
    """
    if isinstance(value, dict):
        return value
    raise PageError(f"{what}: {type(value).__name__} where an object belongs")


def a_list(value: object, what: str) -> list[Any]:
    """Return a list as it is, `[]` for null and for what is absent.

    Raises:
        PageError: for anything else.
    """
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise PageError(f"{what}: {type(value).__name__} where a list belongs")


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, and `[]` for what is no list: for what is nice to know only."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def fields(value: object) -> dict[str, Any]:
    """Return an object as it is and `{}` for anything else: for what is nice to know only."""
    return value if isinstance(value, dict) else {}


def a_line(value: object, limit: int = LONGEST_NAME) -> str:
    """Return one printable line of at most `limit` characters; `""` for what is no string."""
    if not isinstance(value, str):
        return ""
    printable = "".join(char if char.isprintable() else " " for char in value[: 8 * limit])
    line = " ".join(printable.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def a_word(value: object) -> str:
    """Return a status word as the page wrote it, printable and short; `""` for what is no string."""
    return a_line(value, LONGEST_WORD)


def plain_text(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return the text of an HTML fragment, or of plain text, as one printable line of at most `limit` characters."""
    if not isinstance(value, str):
        return ""
    return a_line(html.unescape(_TAG.sub("", _LINE_BREAK.sub(" ", value[: 40 * limit]))), limit)


def an_id(value: object) -> str:
    """Return an identifier cut to printable ASCII without spaces; `""` for what is neither a string nor an integer."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return str(value)
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value[: 4 * LONGEST_ID] if "!" <= char <= "~")[:LONGEST_ID]


def ids(values: Iterable[object]) -> tuple[str, ...]:
    """Return the identifiers among values, each once."""
    return tuple(dict.fromkeys(filter(None, map(an_id, values))))


def a_link(value: object) -> str:
    """Return an http or https URL that is safe to show as a link, else `""`."""
    if not isinstance(value, str) or len(value) > _LONGEST_URL or not value.isascii() or not value.isprintable():
        return ""
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    safe = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return value if safe and not set(value) & set(" \"'<>`\\") else ""


def a_time(value: object) -> float | None:
    """Return the Unix time of an ISO 8601 or RFC 5322 date, UTC where it names no zone; None for anything else."""
    if not isinstance(value, str) or not 8 <= len(value) <= 60:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    try:
        return _plausible((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def an_epoch(value: object) -> float | None:
    """Return the Unix time written as a number or as digits, in seconds or milliseconds; None for anything else."""
    if isinstance(value, str) and len(value) <= 20:
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
    except OverflowError:
        return None
    return _plausible(seconds / 1000 if seconds > _MILLISECONDS_FROM else seconds)


def first_time(*values: object) -> float | None:
    """Return the first of several dates that is one."""
    return next((moment for moment in map(a_time, values) if moment is not None), None)


def _plausible(seconds: float) -> float | None:
    """A time outside this century is a mistake, and would become a duration of decades."""
    return seconds if math.isfinite(seconds) and _EARLIEST <= seconds <= _LATEST else None
