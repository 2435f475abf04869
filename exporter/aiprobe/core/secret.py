"""The one type that holds a secret, and the one place that takes secrets out of text.

Reading secrets from files and variables belongs in `config/`.
"""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
_SHORTEST_SECRET = 4
"""A value shorter than this is not searched for in text: masking `a` would mask every word."""
_LONG_SECRET = 16
"""From this length on a half of a secret is a secret too, and so is what a server shows of it beside stars."""
_PART: Final = r"[-\w/+=~]"
"""What stands beside the stars of a secret that is shown in part."""

_LOOKS_LIKE_A_KEY: Final = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|hf|fw|csk|key|tgp|r8|tvly|ghp)[-_](?=[-\w.*]*(?:[\d*]|[A-Za-z]{16}))[-\w.*]{16,}"
    r"|\bAIza[-\w*]{10,}|\bya29\.[-\w.*]{8,}|\b(?:AKIA|ASIA|ABSK)[A-Z0-9+/=*]{12,}"
    r"|\b(?i:bearer|basic)\s+[-\w.~+/*]{8,}=*"
    r"|\beyJ[-\w]{8,}\.[-\w]+(?:\.[-\w]+)?"
)
"""Shapes of provider keys, also when a server echoes one in part (`sk-ab***yz`)."""
_URL_USERINFO: Final = re.compile(r"(?<=://)[^/\s@]+@")
_URL_KEY: Final = re.compile(r"(?i)([?&](?:key|api[-_]?key|token|access_token|sig|signature|password)=)[^&\s\"'<>]+")


class Secret:
    """A value that prints as `***` everywhere and is read only by `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


class Redactor:
    """Takes known secrets, and whatever looks like a key, out of text that leaves the process."""

    __slots__ = ("_known", "_traces")

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values = {secret.reveal() for secret in secrets}
        forms = {form for value in values for form in _forms(value)}
        self._traces = _traces(values, forms)
        longest_first = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        starred = [pattern for value in values for pattern in _starred(value)]
        patterns = [*starred, *longest_first]
        self._known = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def __call__(self, text: str) -> str:
        """Return `text` with every secret replaced by `***`."""
        if not text:
            return text
        if self._known is not None and self._may_hold_one(text):
            text = self._known.sub(MASK, text)
        if "@" in text:
            text = _URL_USERINFO.sub(f"{MASK}@", text)
        if "=" in text:
            text = _URL_KEY.sub(rf"\g<1>{MASK}", text)
        return _LOOKS_LIKE_A_KEY.sub(MASK, text)

    def _may_hold_one(self, text: str) -> bool:
        """Tell cheaply what nearly every text is free of: the search itself tries each form at each place."""
        if self._traces is None or not text.isascii():
            return True
        lowered = text.lower()
        return any(trace in lowered for trace in self._traces)


def _traces(values: set[str], forms: set[str]) -> frozenset[str] | None:
    """Return what an ASCII text in lower case has one of, if it holds a secret in any form or a part of one.

    None where a secret is not ASCII: letters of other alphabets can be others in lower case.
    """
    if not all(map(str.isascii, forms)):
        return None
    ends = {end for value in values for end in _ends(value)}
    return frozenset(text[:_SHORTEST_SECRET].lower() for text in forms | ends)


def _forms(value: str) -> set[str]:
    """The spellings in which a server, a URL or a JSON document may show a value."""
    stripped = value.strip()
    raw = stripped.encode()
    encoded = {form(raw).decode().rstrip("=") for form in (b64encode, urlsafe_b64encode)}
    spellings = {value, stripped, quote(stripped, safe=""), quote(stripped), json.dumps(stripped)[1:-1], *encoded}
    if len(stripped) >= _LONG_SECRET:
        half = len(stripped) // 2
        spellings |= {stripped[:half], stripped[-half:]}
    return {spelling for spelling in spellings if len(spelling) >= _SHORTEST_SECRET}


def _ends(value: str) -> tuple[str, ...]:
    """Return what a server may show of a key that it shows in part: its beginning and its end."""
    stripped = value.strip()
    return (stripped[:_SHORTEST_SECRET], stripped[-_SHORTEST_SECRET:]) if len(stripped) >= _LONG_SECRET else ()


def _starred(value: str) -> list[str]:
    """Patterns for a key that a server shows in part: its beginning, or its end, beside stars or dots."""
    if not (ends := _ends(value)):
        return []
    begins, closes = map(re.escape, ends)
    return [rf"{begins}{_PART}*(?:\*{{2,}}|\.{{3}}|…){_PART}*", rf"(?:\*{{2,}}|\.{{3}}|…){_PART}*{closes}"]
