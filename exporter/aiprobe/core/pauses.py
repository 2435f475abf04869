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
        if (late := self._overdue(now)) >= SHORTEST_SECONDS:
            self._late.append((now, late))
        self._last = now

    def since(self, started: float) -> float:
        """Return for how many seconds the process stood still from `started` on the monotonic clock until now."""
        now = self._clock.monotonic()
        pauses = [*((end, late) for end, late in self._late if end > started), (now, self._overdue(now))]
        return sum(min(late, end - started) for end, late in pauses if late >= SHORTEST_SECONDS)

    def _overdue(self, now: float) -> float:
        return 0.0 if self._last is None else now - self._last - BEAT_SECONDS
