"""Windows of maintenance: of which targets, and when. Pure.

A weekly window begins at a time of the local clock and lasts a length of real time. Where that local time does not
exist (the clock goes forward), it begins as much later; where it exists twice, it begins at the first.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiprobe.core.kind import FALLBACK_SUFFIX
from aiprobe.core.model import Target

LONGEST_SECONDS: Final = 7 * 86_400.0
"""How long a window that repeats, or that a request begins, lasts at most."""
DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""Numbered as cron numbers them: Sunday is 0, and 7 as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """A rule such as cron's: at one time of the local clock on some days of the week."""

    minute: int
    hour: int
    days: frozenset[int]
    """0 Sunday to 6 Saturday."""
    timezone: str
    duration_seconds: float

    def overlaps(self, since: float, until: float) -> bool:
        """Return whether an occurrence and [since, until] have a moment in common; Unix time."""
        zone = ZoneInfo(self.timezone)
        day = datetime.fromtimestamp(since - self.duration_seconds, zone).date()
        last = datetime.fromtimestamp(until, zone).date()
        while day <= last:
            start = datetime.combine(day, time(self.hour, self.minute), zone).timestamp()
            if day.isoweekday() % 7 in self.days and start <= until and since < start + self.duration_seconds:
                return True
            day += timedelta(days=1)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One maintenance: for the targets and providers that it names, or for everything where it names none."""

    targets: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()
    """Values of the label `account`, or of the label `provider`."""
    start: float = 0.0
    """Unix time."""
    end: float = 0.0
    weekly: Weekly | None = None
    """In place of `start` and `end`."""
    declared: bool = False
    """In place of both: while the status page declares a maintenance of the target's surface."""
    id: str = ""
    """Of one that a request began; empty for those of the configuration."""

    def covers(self, target: Target) -> bool:
        """Return whether it is about this target, or about the target that this one is the fallback of."""
        if not self.targets and not self.providers:
            return True
        name = target.name.removesuffix(FALLBACK_SUFFIX)
        return name in self.targets or not self.providers.isdisjoint({target.provider.key, target.provider.name})

    def overlaps(self, since: float, until: float) -> bool:
        """Return whether it and [since, until] have a moment in common, by the clock alone."""
        return self.weekly.overlaps(since, until) if self.weekly else self.start <= until and since < self.end


def parse_weekly(text: str, *, timezone: str, duration_seconds: float) -> Weekly:
    """Read `MINUTE HOUR * * DAYS`, such as `30 2 * * sat,sun` or `0 22 * * mon-fri`. Raises: ValueError."""
    fields = text.lower().split()
    if len(fields) != 5 or fields[2:4] != ["*", "*"]:
        raise ValueError("is not a weekly rule; write MINUTE HOUR * * DAYS, such as 30 2 * * sun")
    if not all(one.isascii() and one.isdigit() for one in fields[:2]) or int(fields[0]) > 59 or int(fields[1]) > 23:
        raise ValueError("begins at no time of day; write MINUTE (0-59) and HOUR (0-23) as numbers")
    days = frozenset(day for part in fields[4].split(",") for day in _days(part))
    return Weekly(
        minute=int(fields[0]), hour=int(fields[1]), days=days, timezone=timezone, duration_seconds=duration_seconds
    )


def _days(part: str) -> range | list[int]:
    first, dash, last = part.partition("-")
    if part == "*":
        return range(7)
    numbers = [DAYS.index(one) if one in DAYS else int(one) if one in set("01234567") else -1 for one in (first, last)]
    if numbers[0] < 0 or (dash and numbers[1] < 0):
        raise ValueError("names no days of the week; write *, sun, mon-fri, or sat,sun")
    end = numbers[1] if dash else numbers[0]
    end += 7 if end < numbers[0] else 0
    return [day % 7 for day in range(numbers[0], end + 1)]
