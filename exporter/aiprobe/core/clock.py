"""What time it is, as two functions that tests replace: monotonic for intervals, wall for what people read."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings of time in seconds.

    `monotonic` never jumps and is what every duration and deadline is counted in; `wall` is Unix time
    and may jump when the machine's clock is set.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


@dataclass(slots=True)
class ManualClock:
    """A clock that a test moves by hand; `clock` is the view that production code is given."""

    now: float = 0.0
    epoch: float = 1_700_000_000.0

    @property
    def clock(self) -> Clock:
        """Return the readings of this clock."""
        return Clock(monotonic=lambda: self.now, wall=lambda: self.epoch + self.now)

    def advance(self, seconds: float) -> None:
        """Move both readings forward by `seconds`."""
        self.now += seconds
