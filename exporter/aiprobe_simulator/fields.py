"""Small checks of what a person wrote, in a scenario or in a command: numbers, durations, near misses.

What the fields mean belongs to the modules that they are for.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

from aiprobe_simulator.faults import Value

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")


def is_number(value: object) -> bool:
    """Return whether a value is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def hint(word: object, names: Iterable[str]) -> str:
    """Return `; did you mean X?` where a name is near, else nothing."""
    near = get_close_matches(str(word), list(names), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def unknown_keys(fields: Mapping[Any, Any], names: Iterable[str]) -> Iterator[str]:
    """Yield a problem for every key that is none of `names`."""
    known = tuple(names)
    for name in fields:
        if name not in known:
            yield f"{name}: unknown key{hint(name, known)}"


def share_and_count_problems(fields: Mapping[str, object]) -> Iterator[str]:
    """Yield the problems of `share` (0-1) and `count` (a whole number above 0); both may be missing or null."""
    share = fields.get("share")
    if share is not None and not (isinstance(share, int | float) and is_number(share) and 0 <= share <= 1):
        yield "share: must be a number from 0 to 1"
    how_many = fields.get("count")
    if how_many is not None and not (isinstance(how_many, int) and not isinstance(how_many, bool) and how_many > 0):
        yield "count: must be an integer above 0"


def param_problems(name: str, defaults: Mapping[str, Value], params: object) -> Iterator[str]:
    """Yield the problems of the parameters `params` of the fault `name`; numbers are 0 to 1e9."""
    if params is None:
        return
    if not isinstance(params, Mapping):
        yield "params: must be a mapping"
        return
    for key, value in params.items():
        default = defaults.get(key)
        if default is None:
            taken = f"it takes {', '.join(defaults)}" if defaults else "it takes none"
            yield f"params.{key}: {name} has no such parameter; {taken}"
        elif isinstance(default, str) and not isinstance(value, str):
            yield f"params.{key}: must be a text"
        elif not isinstance(default, str) and not (is_number(value) and 0 <= value <= 1e9):
            yield f"params.{key}: must be a number from 0 to 1e9"


def duration_seconds(value: object) -> float | None:
    """Return the seconds of `1h30m`, `250ms` or a plain number; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value < 1e9 else None
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|[smhd])", value))


def utc_timestamp_seconds(value: object) -> float | None:
    """Return the Unix time of an ISO 8601 moment with its offset, or of what YAML made of one; None for anything else.

    YAML reads a moment with seconds as a `datetime`, and drops an offset of zero.
    """
    if isinstance(value, str) and "T" in value:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return moment.timestamp() if moment.tzinfo else None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return None


@dataclass(frozen=True, slots=True)
class Moments:
    """Reads the moments of a time line: seconds since its beginning, or, with an epoch, times of a day."""

    epoch_timestamp_seconds: float | None = None
    """The Unix time of second 0."""

    def seconds(self, value: object) -> float | None:
        """Return the seconds of the time line; None for what is no moment of it."""
        after = duration_seconds(value)
        if after is not None or self.epoch_timestamp_seconds is None:
            return after
        moment = utc_timestamp_seconds(value)
        return (
            None if moment is None or moment < self.epoch_timestamp_seconds else moment - self.epoch_timestamp_seconds
        )
