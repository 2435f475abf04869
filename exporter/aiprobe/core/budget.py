"""The daily budget: how much may be spent now, how much was. Pure arithmetic; remembering it belongs in `journal/`.

A probe reserves the most that it may cost before it starts and settles what it did cost after it ended, so what is
spent can never pass the budget. Money is paced over the UTC day, so a dear morning does not leave a blind evening.
"""

from dataclasses import dataclass
from typing import Final

SECONDS_PER_DAY: Final = 86_400.0
PACE_AHEAD: Final = 0.1
"""Share of the day's budget that may be spent ahead of an even pace (2.4 hours' worth)."""
_ROUNDING_USD: Final = 1e-9


def utc_day(wall_seconds: float) -> int:
    """Return the number of the UTC day since 1970."""
    return int(wall_seconds // SECONDS_PER_DAY)


@dataclass(slots=True)
class Budget:
    """What one exporter may spend a day; `usd_per_day` None means without a limit. All amounts in USD."""

    usd_per_day: float | None
    day: int = 0
    spent_usd: float = 0.0
    reserved_usd: float = 0.0

    def allowance(self, wall_seconds: float) -> float:
        """Return what may be spent of this day up to now, what was spent included; infinite without a limit."""
        if self.usd_per_day is None:
            return float("inf")
        elapsed = (wall_seconds - self.day * SECONDS_PER_DAY) / SECONDS_PER_DAY
        return self.usd_per_day * min(1.0, max(0.0, elapsed) + PACE_AHEAD)

    def reserve(self, usd: float, wall_seconds: float) -> bool:
        """Set `usd` aside for a probe that is about to start; False when that could pass the budget or its pace.

        What costs nothing passes none, even one that is overdrawn.
        """
        self.turn(wall_seconds)
        if usd > 0 and self.spent_usd + self.reserved_usd + usd > self.allowance(wall_seconds) + _ROUNDING_USD:
            return False
        self.reserved_usd += usd
        return True

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
        """Replace a reservation by what the probe did cost."""
        self.reserved_usd = max(0.0, self.reserved_usd - reserved_usd)
        self.spent_usd += cost_usd

    def turn(self, wall_seconds: float) -> None:
        """Begin a new day when it has come. A clock that jumps back begins none: the money is spent all the same."""
        today = utc_day(wall_seconds)
        if today > self.day:
            self.day, self.spent_usd = today, 0.0
