"""Measures for how long this process stood still: it was stopped, or got no processor, while clocks went on."""

from collections import deque
from typing import Final

from aiprobe.core.clock import Clock

BEAT_SECONDS: Final = 0.25
"""The interval at which `tick` is called."""
SHORTEST_SECONDS: Final = 0.25
_KEPT: Final = 1000
"""Pauses that are remembered: more than the longest probe can have."""


class Pauses:
    """Remembers every beat that came late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: float | None = None
        self._late: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        """When each pause ended on the monotonic clock, and its seconds."""

    def tick(self) -> None:
        """Take one beat."""
        now = self._clock.monotonic()
        if self._last is not None and (late := now - self._last - BEAT_SECONDS) >= SHORTEST_SECONDS:
            self._late.append((now, late))
        self._last = now

    def within(self, started: float, seconds: float) -> float:
        """Return for how many of the `seconds` from `started` on the monotonic clock the process stood still."""
        now, ended = self._clock.monotonic(), started + seconds
        still = 0.0
        if self._last is not None and now - self._last - BEAT_SECONDS >= SHORTEST_SECONDS:
            still = max(0.0, min(now, ended) - max(self._last + BEAT_SECONDS, started))
        for end, late in reversed(self._late):
            if end <= started:
                break
            still += max(0.0, min(end, ended) - max(end - late, started))
        return still
