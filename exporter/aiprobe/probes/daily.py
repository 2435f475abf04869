"""Decides when a probe asks with fixed words instead of fresh ones, so that its input tokens can be compared.

That is one probe of each UTC day, and after an unseen number the next two as well, because only three replies are a
change. It takes the place of a probe with fresh words, so it costs nothing more and the bounds are the same. The first
probe of a process always has fresh words.
"""

from dataclasses import dataclass

from aiprobe.core.identity import REPLIES
from aiprobe.core.money import SECONDS_PER_DAY


@dataclass(slots=True)
class Daily:
    """What the fixed prompt of one target had last."""

    day: float | None = None
    """The UTC day of the last probe that was followed by one with fixed words."""
    tokens: int | None = None
    again: int = 0
    """How many of the next probes ask it again."""
    is_first: bool = True
    """The last one was the first of its day, so a fleet that flaps between two numbers is asked three times a day."""

    def take(self, wall_seconds: float) -> bool:
        """Take when a probe began; return whether the next one has fixed words."""
        if self.again:
            self.again -= 1
            self.is_first = False
            return True
        today = wall_seconds // SECONDS_PER_DAY
        self.is_first, self.day = self.day != today, today
        return self.is_first

    def took(self, tokens: int) -> None:
        """Take the input tokens of a right answer to fixed words."""
        if self.tokens is not None and tokens != self.tokens and self.is_first:
            self.again = REPLIES - 1
        self.tokens = tokens
