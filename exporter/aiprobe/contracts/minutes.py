"""The minutes of one hour, summed over the targets of a contract. What they mean to it belongs in `tally`."""

from collections.abc import Callable, Iterable
from operator import add
from typing import Final

from aiprobe.core.evidence import (
    BAD_OF,
    EXCLUDED_MINUTE,
    EXCLUDED_OF,
    GOOD_OF,
    MINUTES_PER_HOUR,
    HourRow,
    with_maintenance,
)
from aiprobe.core.model import IDENTITY_LABELS

_MODEL: Final = IDENTITY_LABELS.index("model")


class HourMinutes:
    """Counts of scheduled probes in each minute of an hour, over all targets and vantages that were added.

    `disputed` are probes that were bad for availability but are no error by the contract's letter. `speeds` holds
    tokens per second divided by the contract's target for the model, so that models can be judged together.
    """

    __slots__ = ("bad", "disputed", "excluded", "good", "speeds")

    def __init__(self) -> None:
        """Begin with an hour in which nothing was probed."""
        self.good = [0] * MINUTES_PER_HOUR
        self.bad = [0] * MINUTES_PER_HOUR
        self.disputed = [0] * MINUTES_PER_HOUR
        self.excluded = [0] * MINUTES_PER_HOUR
        self.speeds: dict[int, list[float]] = {}

    def add_row(
        self,
        row: HourRow,
        *,
        disputed_minutes: Iterable[int] = (),
        excused_minutes: Iterable[int] = (),
        exclude_maintenance: bool = False,
        target_speed: Callable[[str], float | None] | None = None,
    ) -> None:
        """Add one target's hour.

        Each of `disputed_minutes` (0-59, one entry a probe) turns a bad probe of that minute into a disputed one, and
        each of `excused_minutes` into an excluded one.
        A maintenance counts as any other time, but with `exclude_maintenance`.
        `target_speed` gives the contract's tokens per second for a model, where it promises a speed.
        """
        minutes = row.minutes if exclude_maintenance else with_maintenance(row)
        self.good = list(map(add, self.good, minutes.translate(GOOD_OF)))
        bad = minutes.translate(BAD_OF)
        if bad.strip(b"\0"):
            self.bad = list(map(add, self.bad, bad))
        if EXCLUDED_MINUTE in minutes:
            self.excluded = list(map(add, self.excluded, minutes.translate(EXCLUDED_OF)))
        for minute in disputed_minutes:
            if self.bad[minute] > 0:
                self.bad[minute] -= 1
                self.disputed[minute] += 1
        for minute in excused_minutes:
            if self.bad[minute] > 0:
                self.bad[minute] -= 1
                self.excluded[minute] += 1
        target = None if target_speed is None else target_speed(row.identity[_MODEL])
        if target is not None and row.tokens_per_second is not None:
            for minute, speed in enumerate(row.tokens_per_second):
                if speed is not None:
                    self.speeds.setdefault(minute, []).append(speed / target)
