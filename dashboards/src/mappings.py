"""Names of numbers: value mappings of states, results of comparisons and answers to "is it us?"."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboards.src import palette

Mapped = dict[str, Any]

NOT_PROBED: Final = "Not probed"


def value_map(names: Mapping[float, tuple[str, str | None]]) -> list[Mapped]:
    """Map exact values to (text, colour); the order is that of the legend."""
    options = {
        f"{value:g}": {"text": text, "index": index} | ({} if colour is None else {"color": colour})
        for index, (value, (text, colour)) in enumerate(names.items())
    }
    return [{"type": "value", "options": options}]


def between(low: float, high: float, text: str, colour: str) -> list[Mapped]:
    """Map the values from `low` to `high`, both included."""
    return [{"type": "range", "options": {"from": low, "to": high, "result": {"text": text, "color": colour}}}]


def no_value(text: str, colour: str = palette.UNKNOWN) -> list[Mapped]:
    """Map null and NaN to a text."""
    return [{"type": "special", "options": {"match": "null+nan", "result": {"text": text, "color": colour}}}]


def known_or(
    unknown: str, names: Mapping[float, tuple[str, str | None]], *, ranges: Sequence[Mapped] = ()
) -> list[Mapped]:
    """Map known values, and map -1, null and NaN to one grey word."""
    return [*value_map({**names, -1: (unknown, palette.UNKNOWN)}), *ranges, *no_value(unknown)]


STATE: Final = known_or(
    NOT_PROBED,
    {
        3: ("Major outage", palette.MAJOR),
        2: ("Partial outage", palette.PARTIAL),
        1: ("Degraded", palette.DEGRADED),
        0: ("Operational", palette.OPERATIONAL),
    },
)

PAGE: Final = known_or(
    "Unknown",
    {
        3: ("Page: major outage", palette.MAJOR),
        2: ("Page: partial outage", palette.PARTIAL),
        1: ("Page: degraded", palette.DEGRADED),
        0: ("Page: operational", palette.OPERATIONAL),
    },
)

TRUTH: Final = known_or(
    "Not compared",
    {
        2: ("Silent: only we see it", palette.MAJOR),
        3: ("Both see an outage", palette.PARTIAL),
        1: ("Only on the page", palette.DEGRADED),
        0: ("Both operational", palette.OPERATIONAL),
    },
)

US: Final = known_or(
    "Not checked",
    {
        3: ("Our budget", palette.DEGRADED),
        2: ("Key or quota", palette.DEGRADED),
        1: ("Not us", palette.OPERATIONAL),
        0: ("It is us", palette.MAJOR),
    },
    ranges=between(0.0001, 0.9999, "Partly us", palette.PARTIAL),
)

YES_NO: Final = known_or(
    "Unknown",
    {
        1: ("Works", palette.OPERATIONAL),
        0: ("Fails", palette.MAJOR),
    },
)

ALERTS: Final = known_or(
    "Unknown",
    {
        3: ("Critical", palette.MAJOR),
        2: ("Warning", palette.PARTIAL),
        1: ("Info", palette.DEGRADED),
        0: ("Silent", palette.OPERATIONAL),
    },
)

ABSENT: Final = known_or(NOT_PROBED, {})
"""Of a count, where -1 stands for nothing to count in."""
