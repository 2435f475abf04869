"""The kinds of value that a configuration holds: durations, URLs, names, percentages.

Each turns what YAML read into what the program uses, or raises `ValueError("problem; hint")`. No message quotes
a value: it may have come from a variable.
"""

import json
import math
import re
import unicodedata
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from aiprobe.core.hosts import host_name

FAST_PAGE_FACTOR: Final = 14.4
"""The burn rate of the fast page over 1 h and 5 min (Google SRE workbook, chapter 5)."""
LOWEST_OBJECTIVE_PERCENT: Final = 100 * (1 - 1 / FAST_PAGE_FACTOR)
"""93.06: at this objective and below, a complete outage burns less than `FAST_PAGE_FACTOR`."""

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_WHOLE: Final = re.compile(rf"(?:{_PART.pattern})+\Z")
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LONGEST_NAME: Final = 200
_DURATION_HINT: Final = "write it as 500ms, 30s, 5m or 1h30m; a plain number is seconds"


def parse_duration(value: Any) -> float:
    """Return seconds: of a number, or of a text such as `500ms`, `30s`, `5m`, `1h30m`, `1d`.

    Raises:
        ValueError: it is neither, or not a finite number above 0.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"is not a duration; {_DURATION_HINT}")  # noqa: TRY004 - pydantic's contract
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.match(text):
            seconds = sum(float(amount) * _UNITS[unit] for amount, unit in _PART.findall(text))
        else:
            try:
                seconds = float(text)
            except ValueError:
                raise ValueError(f"is not a duration; {_DURATION_HINT}") from None
    else:
        try:
            seconds = float(value)
        except OverflowError:
            seconds = math.inf
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError("must be longer than nothing; " + _DURATION_HINT)
    return seconds


def format_duration(seconds: float) -> str:
    """Write seconds as people do: `90s`, `5m`, `1h30m`; the shortest exact form."""
    if seconds < 1:
        return f"{seconds * 1000:g}ms"
    if seconds != int(seconds) or seconds < 60:
        return f"{seconds:g}s"
    rest = int(seconds)
    text = ""
    for unit in ("d", "h", "m", "s"):
        amount, rest = divmod(rest, int(_UNITS[unit]))
        text += f"{amount}{unit}" if amount else ""
    return text


def check_url(text: str) -> str:
    """Return an absolute http(s) URL without credentials, or raise `ValueError`."""
    if any(character <= " " or character == "\x7f" for character in text):
        raise ValueError("holds a blank or a control character; write %20 for a blank")
    try:
        parts = urlsplit(text)
        port_is_right = parts.port is None or parts.port > 0
        host = parts.hostname
    except ValueError:
        raise ValueError("is not a URL; write it as https://host/path") from None
    if parts.scheme not in {"http", "https"} or not host or not port_is_right:
        raise ValueError("is not an http or https URL; write it as https://host/path")
    try:
        host_name(host)
    except ValueError:
        raise ValueError("names no host; write it as https://host/path") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("holds a user or a password; use api_key or headers, which are kept secret")
    return text


def check_base_url(text: str) -> str:
    """Return a base URL as it is, or raise `ValueError`. Whether it may have a query depends on its protocol."""
    parts = urlsplit(check_url(text))
    if parts.fragment or "#" in text:
        raise ValueError("has a fragment (#...); leave it out")
    return text


def check_proxy(text: str) -> str:
    """Return a proxy URL, which may hold a user and a password, or raise `ValueError`."""
    form = "write it as http://user:password@host:port"
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or any(character <= " " for character in text):
        raise ValueError(f"is not an http or https proxy URL; {form}")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(f"a proxy URL ends with its port; {form}")
    return text


def check_name(text: str) -> str:
    """Return a text that can be a label value and be read on a wall, or raise `ValueError`."""
    if not text:
        raise ValueError("is empty; give it a name")
    if text != text.strip():
        raise ValueError("has a blank at an end; remove it")
    if len(text) > _LONGEST_NAME:
        raise ValueError(f"is longer than {_LONGEST_NAME} characters; shorten it")
    if any(unicodedata.category(character) in _HIDDEN_CATEGORIES for character in text):
        raise ValueError("holds a control or an invisible character; remove it")
    return text


def check_path(text: str) -> str:
    """Return a path that a file system can hold, or raise `ValueError`."""
    if "\0" in text:
        raise ValueError("holds a NUL character; remove it")
    return text


def check_body(fields: dict[str, Any]) -> dict[str, Any]:
    """Return fields that JSON can hold, or raise `ValueError`."""
    try:
        json.dumps(fields, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(
            "holds what JSON cannot: write texts, finite numbers, true, false, null, lists and mappings"
        ) from None
    return fields


def check_optional_name(text: str) -> str:
    """Return a text as `check_name` does; it may be empty."""
    return check_name(text) if text else text


def check_objective(percent: float) -> float:
    """Return an objective in percent that the burn alerts can page for, or raise `ValueError`."""
    if not 0 < percent < 100:
        raise ValueError("is not between 0 and 100 percent; write 99.5 for 99.5 %")
    if percent <= 1:
        raise ValueError("looks like a ratio; write it in percent: 99.5 for 99.5 %")
    if percent <= LOWEST_OBJECTIVE_PERCENT:
        needed = f"{FAST_PAGE_FACTOR} x (1 - {percent / 100:g}) = {FAST_PAGE_FACTOR * (1 - percent / 100):.2f}"
        raise ValueError(
            f"is too low for its alerts; the fast page waits for an error ratio of {needed},"
            f" and no ratio passes 1: choose more than {LOWEST_OBJECTIVE_PERCENT:.2f}"
        )
    return percent


def check_keep_below_a_day(seconds: float) -> float:
    """Return an interval between a second and a day, or raise `ValueError`."""
    if not 1 <= seconds <= 86_400:
        raise ValueError("is not between 1s and 1d; an interval of 60s is a good start")
    return seconds


def refuse_truth_values(value: Any) -> Any:
    """Return `value`, or raise `ValueError` where YAML read a `yes` or `no` and a number belongs."""
    if isinstance(value, bool):
        raise ValueError("is true or false where a number belongs; write the number")  # noqa: TRY004 - pydantic's contract
    return value


def one_or_more(kind: type) -> BeforeValidator:
    """Return the validator of a list that lets one value of `kind` stand alone; true and false are no numbers."""
    return BeforeValidator(lambda value: [value] if isinstance(value, kind) and not isinstance(value, bool) else value)


def one_or_more_schema(kind: str) -> WithJsonSchema:
    """Return what an editor accepts there."""
    return WithJsonSchema({"anyOf": [{"type": kind}, {"type": "array", "items": {"type": kind}}]})


_DURATION_SCHEMA: Final = {
    "$comment": "duration",
    "anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}],
}

Duration = Annotated[float, BeforeValidator(parse_duration), WithJsonSchema(_DURATION_SCHEMA)]
"""Seconds."""
Interval = Annotated[
    float,
    BeforeValidator(parse_duration),
    AfterValidator(check_keep_below_a_day),
    WithJsonSchema(_DURATION_SCHEMA),
]
Name = Annotated[str, AfterValidator(check_name)]
Texts = Annotated[list[str], one_or_more(str), one_or_more_schema("string")]
"""A list of texts; one text may stand alone."""
PathText = Annotated[str, AfterValidator(check_path)]
Body = Annotated[dict[str, Any], AfterValidator(check_body)]
OptionalName = Annotated[str, AfterValidator(check_optional_name)]
Url = Annotated[str, AfterValidator(check_url)]
BaseUrl = Annotated[str, AfterValidator(check_base_url)]
Proxy = Annotated[str, AfterValidator(check_proxy)]
Number = Annotated[float, BeforeValidator(refuse_truth_values)]
Count = Annotated[int, BeforeValidator(refuse_truth_values)]
Objective = Annotated[float, BeforeValidator(refuse_truth_values), AfterValidator(check_objective)]
"""Percent."""
