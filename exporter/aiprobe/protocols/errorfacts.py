"""What an error says, dug out of every shape in which providers, gateways and CDNs say it.

Pure collection: names, numbers and words go in one dataclass. What they mean for a probe is decided in `errors`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiprobe.protocols.jsonvalues import (
    UnreadableError,
    a_name,
    any_object,
    any_string,
    load,
    without_lone_surrogates,
)

MESSAGE_LIMIT: Final = 1500
"""Characters kept of a provider's own words."""
_TEXT_LIMIT: Final = 16_384
"""Bytes of a body that are searched when it is no whole JSON document."""
_PAGE_LIMIT: Final = 2_048
_NAME_KEYS: Final = ("code", "type", "status", "error_type", "error_code", "reason", "__type", "errorCode")
_MESSAGE_KEYS: Final = ("message", "msg", "detail", "error_description", "errorMessage", "error_message", "title")
_NO_PARAMETER: Final = (None, "", "None", "null")
"""LiteLLM writes its nulls as words."""

_NOT_ALNUM: Final = re.compile(r"[^a-z0-9]+")
_TITLE: Final = re.compile(r"<title[^>]*>(.{1,300}?)</title", re.IGNORECASE | re.DOTALL)
_TAGS: Final = re.compile(r"<(?:script|style).{0,9000}?</(?:script|style)>|<[^>]{0,2000}>", re.IGNORECASE | re.DOTALL)
_CUT_NAME: Final = re.compile(r'"(?:code|type|status|error_type|error_code|reason)"\s*:\s*"([^"\\]{1,100})"')
_CUT_MESSAGE: Final = re.compile(r'"(?:message|detail|error)"\s*:\s*"((?:[^"\\]|\\.){1,2000})')
_QUOTED: Final = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'(?!\w)|https?://\S+")
"""What a message quotes (a prompt, a parameter, a page to read) is not what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFacts:
    """One error, whatever its shape was."""

    name: str = ""
    """The provider's own name for it, the most specific one that was told."""
    message: str = ""
    """The provider's own words: untrusted, one line, at most `MESSAGE_LIMIT` characters."""
    words: str = ""
    """The message in lower case, without quotations and links; empty for an HTML page, whose words are decoration."""
    codes: frozenset[str] = frozenset()
    """Every type, code, status and reason, squashed: `Rate_Limit-Exceeded` is `ratelimitexceeded`."""
    status: int | None = None
    """An HTTP status that the error object names itself."""
    quota_ids: tuple[str, ...] = ()
    """Google's names of the limits that were hit, lower case: `...requestsperminuteperproject...`."""
    about_parameter: bool = False
    """The error points at a field of the request."""
    is_html: bool = False
    is_json: bool = True


def facts_of_body(body: bytes) -> ErrorFacts:
    """Collect the facts of a body that may be JSON, JSON cut short, HTML, plain text or nothing."""
    try:
        return facts_of(load(body))
    except UnreadableError:
        pass
    text = body[:_TEXT_LIMIT].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        title = _TITLE.search(text)
        return ErrorFacts(
            message=one_line(title[1] if title else _TAGS.sub(" ", text[:_PAGE_LIMIT])), is_html=True, is_json=False
        )
    if text.startswith(("{", "[")):
        names = _CUT_NAME.findall(text)
        message = _CUT_MESSAGE.search(text)
        return _facts(names, [message[1] if message else ""], {})
    return _facts([], [text], {"is_json": False})


def facts_of(document: object) -> ErrorFacts:
    """Collect the facts of a decoded error: an object nested or flat, a list of them, or a string."""
    names: list[str] = []
    messages: list[str] = []
    more: dict[str, Any] = {}
    for part in _parts(document, depth=0):
        if isinstance(part, str):
            messages.append(part)
        else:
            _collect(part, names, messages, more)
    return _facts(names, messages, more)


def squashed(name: str) -> str:
    """Return a code as `ErrorFacts.codes` holds it: lower-case letters and digits alone."""
    return _NOT_ALNUM.sub("", name.lower())


def one_line(text: str) -> str:
    """Return untrusted text as one printable line of at most `MESSAGE_LIMIT` characters."""
    text = without_lone_surrogates(text[: 8 * MESSAGE_LIMIT])
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MESSAGE_LIMIT]


def _parts(value: object, *, depth: int) -> Iterator[dict[str, Any] | str]:
    """Walk from the outside in through the places where error objects hide."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < 6:
        for item in value[:8]:
            yield from _parts(item, depth=depth + 1)
    elif isinstance(value, dict) and depth < 6:
        inner = value.get("error")
        if isinstance(inner, dict | list):
            yield from _parts(inner, depth=depth + 1)
        yield value
        for key in ("innererror", "inner_error", "metadata", "errors"):
            yield from _parts(any_object_or_list(value.get(key)), depth=depth + 1)
        details = value.get("details")
        yield from _parts(details if isinstance(details, list) else any_object(details), depth=depth + 1)
        yield from _parts(_raw(value.get("raw")), depth=depth + 1)


def any_object_or_list(value: object) -> object:
    """Return an object or a list as it is and None for anything else."""
    return value if isinstance(value, dict | list) else None


def _raw(value: object) -> object:
    """Decode what a gateway quotes of its upstream's reply, if it is JSON."""
    text = any_string(value)[:_TEXT_LIMIT]
    if not text.lstrip().startswith(("{", "[")):
        return text or None
    try:
        return load(text.encode())
    except UnreadableError:
        return None


def _collect(part: dict[str, Any], names: list[str], messages: list[str], more: dict[str, Any]) -> None:
    names.extend(part[key] for key in _NAME_KEYS if isinstance(part.get(key), str))
    if isinstance(part.get("error"), str):
        messages.append(part["error"])
    for key in _MESSAGE_KEYS:
        value = part.get(key)
        if isinstance(value, str):
            messages.append(value)
        elif isinstance(value, list):
            messages.extend(item["msg"] for item in value[:4] if isinstance(item, dict) and _is_string(item.get("msg")))
    for key in ("code", "status", "statusCode", "status_code"):
        status = _status(part.get(key))
        if status is not None:
            more.setdefault("status", status)
    if part.get("param") not in _NO_PARAMETER:
        more["about_parameter"] = True
    if "flagged_input" in part:
        names.append("content_moderation")
    violations = part.get("violations")
    quota_ids = [any_object(each).get("quotaId") for each in (violations[:20] if isinstance(violations, list) else ())]
    for quota_id in filter(None, map(any_string, (*quota_ids, part.get("quota_limit")))):
        more["quota_ids"] = (*more.get("quota_ids", ()), quota_id.lower())


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _status(value: object) -> int | None:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
        return value
    return None


def _facts(names: list[str], messages: list[str], more: dict[str, Any]) -> ErrorFacts:
    telling = [name for name in map(a_name, names) if name and not name.isdigit() and name != "error"]
    said = [text for text in messages if text.strip()]
    spoken = [one_line(text) for text in said[:4] if not text.lstrip().startswith("<")]
    words = " ".join(_QUOTED.sub(" ", text) for text in spoken).lower()
    return ErrorFacts(
        name=telling[0] if telling else next(map(a_name, filter(None, names)), ""),
        message=one_line(said[0]) if said else "",
        words=words,
        codes=frozenset(squashed(name) for name in map(a_name, names) if name),
        **more,
    )
