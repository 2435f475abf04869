"""What a PromQL expression talks about, read well enough for a lint: metrics, matchers, labels, ranges, divisors."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_WORDS: Final = frozenset({
    "and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool",
})  # fmt: skip
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_LIST: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
_SELECTOR: Final = re.compile(r"([a-zA-Z_:][\w:]*)?\s*\{([^{}]*)\}")
_RANGE: Final = re.compile(r"\[([^\[\]:]+)(?::[^\[\]]*)?\]")
_NAME: Final = re.compile(r"[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()")
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True, slots=True)
class Talk:
    """What an expression names."""

    metrics: frozenset[str]
    matchers: frozenset[tuple[str, str]]
    """(metric, label) of every matcher."""
    labels: frozenset[str]
    """Labels of by, without, on, ignoring and group_left."""
    ranges_seconds: tuple[float, ...]


def seconds(duration: str) -> float:
    """Return the seconds of a Prometheus duration such as 1h30m."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdw])", duration)
    assert "".join(n + unit for n, unit in parts) == duration, duration
    return sum(float(n) * _UNITS[unit] for n, unit in parts)


def talk(expression: str) -> Talk:
    """Read an expression; names in quotes (of label_replace) count as nothing."""
    bare = _STRING.sub('""', re.sub(r"#.*", "", expression))
    labels = {label.strip() for found in _LIST.findall(bare) for label in found.split(",")} - {""}
    matchers, metrics = set(), set()
    for metric, inside in _SELECTOR.findall(bare):
        for label in re.findall(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)", inside):
            matchers.add((metric, label))
    rest = _LIST.sub(" ", re.sub(r"\{[^{}]*\}", " ", _STRING.sub(" ", bare)))
    ranges = tuple(seconds(found) for found in _RANGE.findall(rest))
    rest = re.sub(r"\[[^\[\]]*\]", " ", re.sub(r"\boffset\s+\w+", " ", rest))
    metrics = {name for name in _NAME.findall(rest) if name not in _WORDS}
    return Talk(frozenset(metrics), frozenset(matchers), frozenset(labels), ranges)


def divisors(expression: str) -> Iterator[str]:
    """Yield what stands behind every division sign: a number, or the text between its parentheses."""
    bare = _STRING.sub('""', expression)
    for found in re.finditer(r"/\s*(?:(?:on|ignoring)\s*\([^()]*\)\s*)?(?:group_left\s*\(\s*\)\s*)?", bare):
        rest = bare[found.end() :]
        if not rest.startswith("("):
            yield re.split(r"[\s),]", rest, maxsplit=1)[0]
            continue
        depth = 0
        for at, character in enumerate(rest):
            depth += (character == "(") - (character == ")")
            if depth == 0:
                yield rest[1:at].strip()
                break
