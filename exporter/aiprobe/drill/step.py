"""One step of a drill: its name, and what is wrong with it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiprobe.core.discovered import the_first

Labels = dict[str, str]
Config = dict[str, Any]
"""A part of a configuration, as its API returns it."""


class Fault(NamedTuple):
    """What is wrong, and how to mend it. The texts are for the user."""

    problem: str
    mend: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step and its faults; without any it passed."""

    name: str
    faults: tuple[Fault, ...] = ()

    @classmethod
    def of(cls, name: str, faults: Iterable[Fault]) -> "Step":
        """Return the step of a check."""
        return cls(name, tuple(faults))


def fits(pattern: str, text: str) -> re.Match[str] | None:
    """Return the match of a whole text. Raises ValueError for a pattern of RE2 that Python does not read."""
    try:
        return re.fullmatch(pattern, text, re.DOTALL)
    except re.error as error:
        raise ValueError(
            f"a configuration has the regular expression {pattern!r}, which is not readable: {error}"
        ) from error


def some(names: Iterable[str], most: int = 5) -> str:
    """Return the first names, and the number of the others."""
    return the_first(sorted(set(names)), most=most)


def duration(seconds: float) -> str:
    """Return seconds as people write them: `90s`, `20m`."""
    return f"{seconds / 60:g}m" if seconds >= 120 and seconds % 60 == 0 else f"{seconds:g}s"


def numbered(names: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield each name with the number of its equals before it."""
    seen: dict[str, int] = {}
    for name in names:
        yield name, seen.setdefault(name, 0)
        seen[name] += 1
