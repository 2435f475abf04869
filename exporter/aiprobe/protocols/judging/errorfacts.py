"""Extracts the facts of an error from every shape that providers, gateways and CDNs send.

It only collects names, numbers and words in one dataclass. `errors` decides what they mean for a probe.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from aiprobe.protocols.jsonvalues import (
    UnreadableError,
    a_name,
    any_object,
    any_string,
    load,
    load_first,
    without_lone_surrogates,
)
from aiprobe.protocols.judging import vendorcodes

MESSAGE_LIMIT: Final = 1500
"""Characters kept of a provider's own words."""
_TEXT_LIMIT: Final = 16_384
"""Bytes of a body that are searched when it is no whole JSON document."""
_WORDS_LIMIT: Final = 3_000
"""Characters in which phrases are looked for: each of them reads all of it."""
_PAGE_LIMIT: Final = 2_048
_DEPTH: Final = 6
_QUOTATIONS: Final = 4
"""Documents quoted inside messages that are read: each reads its message again."""
_NAME_KEYS: Final = [
    "code",
    "type",
    "status",
    "error_type",
    "error_code",
    "reason",
    "__type",
    "errorCode",
    "Code",
    "errorType",
    "errorcode",
    "err_code",
]
_MESSAGE_KEYS: Final = [
    "message",
    "msg",
    "detail",
    "error_description",
    "errorMessage",
    "error_message",
    "error_msg",
    "status_msg",
    "faultstring",
    "Message",
    "errmsg",
    "err_msg",
    "description",
    "details",
    "title",
]
_STATUS_KEYS: Final = ("code", "status", "statusCode", "status_code", "http_status")
_NUMBER_KEYS: Final = ("code", "error_code", "err_code", "errorCode", "Code")
_INNER_KEYS: Final = [
    "innererror",
    "inner_error",
    "metadata",
    "errors",
    "detail",
    "details",
    "base_resp",
    "fault",
    "cause",
    "Error",
    "Response",
    "response",
    "header",
    "body",
    "upstream_error",
    "provider_error",
]
_NO_PARAMETER: Final = (None, "", "None", "null", "model")
"""LiteLLM writes its nulls as words. An error about the parameter `model` is an error about the model."""

_NOT_ALNUM: Final = re.compile(r"[^a-z0-9]+")
_TITLE: Final = re.compile(r"<title[^>]{0,200}>(.{1,300}?)</title", re.IGNORECASE | re.DOTALL)
_TAGS: Final = re.compile(r"<(?:script|style).{0,9000}?</(?:script|style)>|<[^>]{0,2000}>", re.IGNORECASE | re.DOTALL)
_CUT_NAME: Final = re.compile(
    r"""["'](?:code|type|status|error_type|error_code|reason)["']\s{0,9}:\s{0,9}["']([^"'\\]{1,100})["']"""
)
_CUT_MESSAGE: Final = re.compile(r'"(?:message|detail|error)"\s{0,9}:\s{0,9}"((?:[^"\\]|\\.){1,2000})')
_QUOTED: Final = re.compile(r"\"[^\"]*\"|`[^`]*`|(?<!\w)'[^']*'(?!\w)|https?://\S+")
"""Quotations in a message (a prompt, a parameter, a page to read); they do not describe the error."""
_NAMED_IN_WORDS: Final = re.compile(
    r"\b(?:[A-Z][A-Za-z]{2,40}(?:Error|Exception|Exceeded|Exhausted|Fault)|[a-z]{2,20}(?:_[a-z]{2,20}){0,3}"
    r"_(?:error|exceeded|exhausted|reached|quota|limit|limited|balance|credits?|funds|key|overloaded|unavailable|expired|failed))\b"
)
"""Names of errors inside a message: `litellm.RateLimitError: ...`, `insufficient_quota: ...`."""
_NAMES_KEPT: Final = 12
_MINIMAX_NUMBER: Final = re.compile(r"\((\d{4})\)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorFacts:
    """One error, whatever its shape was."""

    name: str = ""
    """The provider's own name for the error, the most specific one in the reply."""
    message: str = ""
    """The provider's own words: untrusted, one line, at most `MESSAGE_LIMIT` characters."""
    words: str = ""
    """The message in lower case, without quotations and links; empty for an HTML page, whose words are decoration."""
    page: str = ""
    """The start of an HTML page in lower case, without its tags."""
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


@dataclass(slots=True)
class _Found:
    names: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    quotations: int = _QUOTATIONS
    more: dict[str, Any] = field(default_factory=dict)


def facts_of_body(body: bytes) -> ErrorFacts:
    """Collect the facts of a body that may be JSON, JSON cut short, HTML, plain text or nothing."""
    try:
        return facts_of(load(body))
    except UnreadableError:
        pass
    text = body[:_TEXT_LIMIT].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        title = _TITLE.search(text)
        page = one_line(_TAGS.sub(" ", text[:_PAGE_LIMIT]))
        return ErrorFacts(message=one_line(title[1]) if title else page, page=page.lower(), is_html=True, is_json=False)
    if text.startswith(("{", "[")):
        message = _CUT_MESSAGE.search(text)
        return _facts(_Found(_CUT_NAME.findall(text), [message[1] if message else ""]))
    return _facts(_Found([], [text], more={"is_json": False}))


def facts_of(document: object) -> ErrorFacts:
    """Collect the facts of a decoded error: an object nested or flat, a list of them, or a string."""
    found = _Found()
    _gather(document, found)
    return _facts(found)


def squashed(name: str) -> str:
    """Return a code as `ErrorFacts.codes` holds it: lower-case letters and digits alone."""
    return _NOT_ALNUM.sub("", name.lower())


def one_line(text: str) -> str:
    """Return untrusted text as one printable line of at most `MESSAGE_LIMIT` characters."""
    text = without_lone_surrogates(text[: 2 * MESSAGE_LIMIT])
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:MESSAGE_LIMIT]


def means_something(value: object) -> bool:
    """Return whether a value holds anything but blanks: `{"code": 0, "message": ""}` does not."""
    if isinstance(value, dict):
        return any(means_something(each) for name, each in value.items() if name not in {"index", "param"})
    if isinstance(value, list):
        return any(map(means_something, value))
    if isinstance(value, str):
        return value.strip().lower() not in {"", "null", "none", "0", "200", "ok", "success"}
    return bool(value) and value != 200


def _gather(document: object, found: _Found) -> None:
    for part in _parts(document, depth=0):
        if isinstance(part, str):
            _read_message(part, found)
        else:
            _collect(part, found)


def _parts(value: object, *, depth: int) -> Iterator[dict[str, Any] | str]:
    """Walk from the outside in through the places where error objects hide."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < _DEPTH:
        for item in value[:8]:
            yield from _parts(item, depth=depth + 1)
    elif isinstance(value, dict) and "loc" in value:  # FastAPI, a field of the request
        yield any_string(value.get("msg"))
    elif isinstance(value, dict) and depth < _DEPTH:
        inner = value.get("error")
        if isinstance(inner, dict | list):
            yield from _parts(inner, depth=depth + 1)
        yield value
        for key in _INNER_KEYS:
            yield from _parts(any_object_or_list(value.get(key)), depth=depth + 1)
        yield from _parts(any_string(value.get("raw"))[:_TEXT_LIMIT] or None, depth=depth + 1)


def any_object_or_list(value: object) -> object:
    """Return an object or a list as it is and None for anything else."""
    return value if isinstance(value, dict | list) else None


def _collect(part: dict[str, Any], found: _Found) -> None:
    found.names.extend(part[key] for key in _NAME_KEYS if isinstance(part.get(key), str))
    for key in ("error", *_MESSAGE_KEYS):
        if isinstance(part.get(key), str):
            _read_message(part[key], found)
    for key in _STATUS_KEYS:
        status = _status(part.get(key))
        if status is not None:
            found.more.setdefault("status", status)
    table = vendorcodes.MINIMAX if "status_msg" in part else vendorcodes.OTHERS
    for key in _NUMBER_KEYS if table is vendorcodes.OTHERS else ("status_code",):
        number = _number(part.get(key))
        if number in table:
            found.names.append(table[number])
    if not isinstance(part.get("param"), dict | list) and part.get("param") not in _NO_PARAMETER:
        found.more["about_parameter"] = True
    if "flagged_input" in part:
        found.names.append("content_moderation")
    violations = part.get("violations")
    quota_ids = [any_object(each).get("quotaId") for each in (violations[:20] if isinstance(violations, list) else ())]
    for quota_id in filter(None, map(any_string, (*quota_ids, part.get("quota_limit")))):
        found.more["quota_ids"] = (*found.more.get("quota_ids", ()), quota_id.lower())


def _read_message(text: str, found: _Found) -> None:
    """Keep a message, and gather from the document that it quotes: gateways pass on their provider's error."""
    found.messages.append(text)
    start = text.find("{", 0, _TEXT_LIMIT)
    if start < 0 or not found.quotations:
        return
    found.quotations -= 1
    try:
        quoted = load_first(text[start : start + _TEXT_LIMIT])
    except UnreadableError:
        found.names.extend(_CUT_NAME.findall(text, start, start + _TEXT_LIMIT))  # Python's own spelling of a dict
        return
    if isinstance(quoted, dict) and (
        "error" in quoted or "type" in quoted or "code" in quoted or not text[:start].strip()
    ):
        _gather(quoted, found)


def _number(value: object) -> int:
    if isinstance(value, str) and len(value) <= 6 and value.isascii() and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _status(value: object) -> int | None:
    number = _number(value)
    return number if 400 <= number <= 599 else None


def _facts(found: _Found) -> ErrorFacts:
    telling = [name for name in map(a_name, found.names) if name and not name.isdigit() and name != "error"]
    texts = [text for text in found.messages if text.strip()]
    readable = [one_line(text) for text in texts[:6] if not text.lstrip().startswith(("<", "{"))]
    unquoted = [_QUOTED.sub(" ", text) for text in readable]
    named = [name for text in unquoted for name in _NAMED_IN_WORDS.findall(text)[:_NAMES_KEPT]]
    numbers = [_MINIMAX_NUMBER.search(text) for text in readable]
    named += [vendorcodes.MINIMAX.get(int(number[1]), "") for number in numbers if number]
    return ErrorFacts(
        name=telling[0] if telling else next(map(a_name, filter(None, found.names)), ""),
        message=one_line(texts[0]) if texts else "",
        words=" ".join(" ".join(unquoted).split())[:_WORDS_LIMIT].lower(),
        codes=frozenset(squashed(name) for name in map(a_name, [*found.names, *named]) if name),
        **found.more,
    )
