"""The only type for secrets, and the only place that masks secrets in texts.

Reading secrets from files and variables belongs in `config/`.
"""

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias
from urllib.parse import quote, quote_plus, unquote

Span: TypeAlias = tuple[int, int]
"""Where something begins in a text, and where it ends."""

MASK: Final = "***"
CONFIGURED: Final = "configuration"
"""The owner of the secrets of a configuration, as passed to `Redactor.keep`."""
_SHORTEST_SECRET: Final = 4
"""A value shorter than this is not searched for in text: masking `a` would mask every word."""
_PIECE: Final = 8
"""This many characters of a secret, wherever they stand in it, are as secret as the whole."""
_LONG_SECRET: Final = 16
"""From this length on, four characters of an end beside stars are a secret too."""
_MARKS: Final = ("**", "...", "…")
"""What a server writes in place of the rest of a key."""

# Every pattern below is one character class, or a literal before one: no text makes them go back and try again.
_PLAIN: Final = re.compile(r"[-\w.~]*", re.ASCII)
"""What is spelled alike in URLs and documents."""
_URL_SAFE: Final = str.maketrans("+/", "-_")
_STARRED_WORD: Final = re.compile(r"[^\s\"'<>(),;{}\[\]]+")
_WORD: Final = re.compile(r"[-\w.*]+")
_KEY_BEGINS: Final = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|fw|csk|key|tgp|r8|tvly|ghp)[-_]")
_KEY_HAS: Final = re.compile(r"[\d*]|[A-Za-z]{16}")
"""What a key has and a name such as `hf-router-chat` lacks."""
_TOKEN_BEGINS: Final = re.compile(r"\beyJ[-\w]{8}")
_OTHER_KEYS: Final = re.compile(
    r"\bAIza[-\w*]{10,}|\bya29\.[-\w.*]{8,}|\b(?:AKIA|ASIA|ABSK)[A-Z0-9+/=*]{12,}"
    r"|\b(?i:bearer|basic)\s{1,8}[-\w.~+/*]{8,}=*"
)
_URL: Final = re.compile(r"(?is)\s*(?:https?|wss?|socks\w*)://(?:(?P<user>[^/?#]*)@)?[^/?#@]*[/?#]?(?P<rest>.*)")
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
    """Masks known secrets, and everything that looks like a key, in texts that leave the process.

    A process has one redactor, which all outputs share. Code that reads secrets passes them to `keep`. The time of a
    call grows with its text and not with the number of secrets.
    """

    __slots__ = ("_begins", "_closes", "_kept", "_pieces")

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._kept: dict[object, frozenset[str]] = {}
        self._pieces: dict[int, frozenset[str]] = {}
        self._begins: frozenset[str] = frozenset()
        self._closes: frozenset[str] = frozenset()
        self.keep("", secrets)

    def keep(self, owner: object, secrets: Iterable[Secret]) -> None:
        """Mask these secrets in every later text; they replace those that `owner` passed before."""
        values = frozenset(secret.reveal() for secret in secrets)
        if self._kept.get(owner, frozenset()) == values:
            return
        self._kept[owner] = values
        if not values:
            del self._kept[owner]
        everything = {value for each in self._kept.values() for value in each}
        parts = {part for value in everything for part in _parts(value)}
        self._pieces = _pieces(form for part in parts for form in _spellings(part))
        long = [_folded(part.strip()) for part in parts if len(part.strip()) >= _LONG_SECRET]
        self._begins = frozenset(value[:_SHORTEST_SECRET] for value in long)
        self._closes = frozenset(value[-_SHORTEST_SECRET:] for value in long)

    def __call__(self, text: str) -> str:
        """Return `text` with every secret, and whatever looks like one, replaced by `***`."""
        text = self.without_known(text)
        if "@" in text:
            text = _URL_USERINFO.sub(f"{MASK}@", text)
        if "=" in text:
            text = _URL_KEY.sub(rf"\g<1>{MASK}", text)
        if spans := list(_shapes(text)):
            text = _masked(text, spans)
        return text

    def without_known(self, text: str) -> str:
        """Return `text` with every secret that was handed over replaced by `***`: for our own words."""
        folded = _folded(text) if self._pieces else ""
        spans = [*self._known(folded), *self._starred(folded)] if folded else []
        return _masked(text, spans) if spans else text

    def _known(self, folded: str) -> Iterator[Span]:
        """Find every piece of a secret."""
        for size, pieces in self._pieces.items():
            places = range(len(folded) - size + 1)
            if pieces.isdisjoint([folded[at : at + size] for at in places]):
                continue  # nearly every text
            yield from ((at, at + size) for at in places if folded[at : at + size] in pieces)

    def _starred(self, folded: str) -> Iterator[Span]:
        """Find long secrets that are shown in part: the beginning before stars or dots, or the end after them."""
        if not self._begins or not any(mark in folded for mark in _MARKS):
            return
        for word in _STARRED_WORD.finditer(folded):
            shown = word[0]
            places = [at for mark in _MARKS for at in (shown.find(mark), shown.rfind(mark)) if at >= 0]
            if not places:
                continue
            before, after = shown[: max(places)], shown[min(places) :]
            if _holds(before, self._begins) or _holds(after, self._closes):
                yield word.span()


def _parts(value: str) -> set[str]:
    """Return what is secret of a value: all of it; of a URL its user, password, path and query, but not its host."""
    url = _URL.fullmatch(value)
    if url is None:
        return {value}
    user = url["user"] or ""
    password = user.partition(":")[2]
    return {user, unquote(user), password, unquote(password), url["rest"]}


def _spellings(value: str) -> set[str]:
    """Return the forms in which a server, a URL, a page or a document may show a secret, long enough to look for."""
    stripped = value.strip()
    forms = {value, stripped, b64encode(stripped.encode()).decode()}
    if not _PLAIN.fullmatch(stripped):
        in_json = json.dumps(stripped)[1:-1]
        forms |= {quote(stripped, safe=""), quote(stripped), quote_plus(stripped), in_json, repr(stripped)[1:-1]}
        forms |= {json.dumps(stripped, ensure_ascii=False)[1:-1], html.escape(stripped)}
        # Go's encoding/json writes these three as numbers.
        forms.add(in_json.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e"))
    for offset in range(3):  # where the secret may begin within a group of three bytes
        encoded = b64encode(b"\0" * offset + stripped.encode()).decode().rstrip("=")
        inner = encoded[-(-offset * 4 // 3) : len(encoded) if len(encoded) % 4 == 0 else -1]
        forms |= {inner, inner.translate(_URL_SAFE)}
    return {form for form in forms if len(form) >= _SHORTEST_SECRET}


def _pieces(forms: Iterable[str]) -> dict[int, frozenset[str]]:
    """Return what a text is searched for, by length: all pieces of long forms, and short forms whole."""
    pieces: dict[int, set[str]] = {}
    for form in map(_folded, forms):
        size = min(len(form), _PIECE)
        pieces.setdefault(size, set()).update(form[at : at + size] for at in range(len(form) - size + 1))
    return {size: frozenset(found) for size, found in pieces.items()}


def _folded(text: str) -> str:
    """Return `text` without regard to case, each character in its place."""
    if text.isascii():
        return text.lower()
    return "".join(other if len(other := char.casefold()) == 1 else char for char in text)


def _holds(text: str, pieces: frozenset[str]) -> bool:
    return any(text[at : at + _SHORTEST_SECRET] in pieces for at in range(len(text) - _SHORTEST_SECRET + 1))


def _masked(text: str, spans: list[Span]) -> str:
    """Return `text` with each span, and spans that touch as one, replaced by `***`."""
    shown: list[str] = []
    done = start = end = 0
    for begin, close in sorted(spans):
        if begin > end or not end:
            if end:
                shown += (text[done:start], MASK)
                done = end
            start = begin
        end = max(end, close)
    return "".join((*shown, text[done:start], MASK, text[end:]))


def _shapes(text: str) -> Iterator[Span]:
    """Find what looks like a provider's key, also one shown in part (`sk-ab***yz`), or like a token.

    Each word is looked at once, so that no text takes longer than its length asks for.
    """
    begins = _KEY_BEGINS.search(text) or _TOKEN_BEGINS.search(text)  # in no word of nearly every text
    for word in _WORD.finditer(text) if begins else ():
        found = _KEY_BEGINS.search(word[0])
        if found and len(word[0]) - found.end() >= _LONG_SECRET and _KEY_HAS.search(word[0], found.end()):
            yield word.start() + found.start(), word.end()
        token = _TOKEN_BEGINS.search(word[0])
        if token and "." in word[0][token.end() :]:
            yield word.start() + token.start(), word.end()
    yield from (found.span() for found in _OTHER_KEYS.finditer(text))
