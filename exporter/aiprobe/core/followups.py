"""The times of follow-ups: further attempts on a target in doubt, between two scheduled ones."""

from collections.abc import Iterator
from itertools import count
from typing import Final, Literal

FollowUps = Literal["adaptive", "once", "never"]
"""While a target is in doubt; one attempt after a first failure; none."""

MINUTE: Final = 60.0
OFFSETS: Final = (3.0, 8.0, 15.0, 25.0, 33.0, 40.5)
"""Seconds after a scheduled attempt of a target with an interval of a minute. The last one is as short as
`PERSISTENCE_SECONDS` allows, because each of its seconds delays every page."""
SPREAD: Final = 0.08
"""The largest delay of the offsets, except the last, as a share of them: it spreads the targets of a provider."""


def offsets(interval_seconds: float, place: float) -> Iterator[float]:
    """Yield the seconds from a scheduled attempt to each follow-up that may begin before the next scheduled one.

    `place` (0-1) is the target's own place in the spread. Short intervals scale the spacing down; an interval of more
    than a minute repeats it every minute.
    """
    scale = min(1.0, interval_seconds / MINUTE)
    for minute in count():
        for offset in (0.0, *OFFSETS) if minute else OFFSETS:
            after = (minute * MINUTE + min(offset * (1 + SPREAD * place), OFFSETS[-1])) * scale
            if after >= interval_seconds:
                return
            yield after


def follow_up_after(interval_seconds: float, place: float, *, began: float, ended: float, due: float) -> float | None:
    """Return when to follow up an attempt, or None: the next scheduled attempt comes first.

    All times are seconds since the scheduled attempt began; `due` is when the next one has to. An attempt that ran past
    the next offset, a hang, is followed at once. That follow-up may run past the next scheduled attempt, which begins
    when it has ended.
    """
    offset = next((offset for offset in offsets(interval_seconds, place) if offset > began), None)
    if offset is None or max(offset, ended) >= due:
        return None
    return max(offset, ended)
