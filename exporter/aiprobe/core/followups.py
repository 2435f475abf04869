"""When a target in doubt is asked again, between two of its scheduled attempts."""

from collections.abc import Iterator
from itertools import count
from typing import Final

MINUTE: Final = 60.0
OFFSETS: Final = (3.0, 8.0, 15.0, 25.0, 33.0, 41.0)
"""Seconds after a scheduled attempt of a target that is asked every minute. The last is what `PERSISTENCE_SECONDS`
needs, and no more: every second of it is a second of every page."""
SPREAD: Final = 0.08
"""How far the targets of a provider are spread, so that they are not asked in step: up to 8 % later."""


def offsets(interval_seconds: float, place: float) -> Iterator[float]:
    """Yield the seconds from a scheduled attempt to each follow-up that its interval has room for.

    `place` (0-1) is the target's own place in the spread. Short intervals scale the spacing down; an interval of more
    than a minute repeats it every minute.
    """
    scale = min(1.0, interval_seconds / MINUTE)
    for minute in count():
        for offset in (0.0, *OFFSETS) if minute else OFFSETS:
            after = (minute * MINUTE + offset * (1 + SPREAD * place)) * scale
            if after >= interval_seconds:
                return
            yield after
