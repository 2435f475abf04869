"""Months of flakes: attempts that fail although nothing is wrong."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from benchmarks.detection.probes import INTERVAL_SECONDS, Fault, Target, chance

MONTH_SECONDS: Final = 30 * 86400.0
_FLAKE_SECONDS: Final = 1.0
"""A flake covers the probe of one slot and not its follow-up."""

Flakes = Callable[[str, float, float, Random], Target]
"""(name, phase, seconds, dice) -> a target with the flakes of that time."""


def independent(share: float, *, hangs: bool = False) -> Flakes:
    """Return flakes that do not depend on each other: each attempt, follow-ups too, fails with chance `share`.

    One that `hangs` runs into its time-out.
    """

    def drawn(name: str, phase: float, seconds: float, dice: Random) -> Target:
        slots = _slots(share, seconds, dice)
        starts = (phase + slot * INTERVAL_SECONDS - 0.5 for slot in slots)
        faults = tuple(Fault(at, at + _FLAKE_SECONDS, hangs=hangs) for at in starts)
        return Target(name, "API", faults, phase, flakes=Fault(0, seconds, share, hangs=hangs))

    return drawn


def _slots(share: float, seconds: float, dice: Random) -> Iterator[int]:
    """Yield the slots that fail; the gaps between them are geometric."""
    slot = -1
    while True:
        slot += 1
        while dice.random() >= share:
            slot += 1
        if (slot + 1) * INTERVAL_SECONDS > seconds:
            return
        yield slot


def bursty(share: float, *, within: float = 0.5, mean_seconds: float = 120.0) -> Flakes:
    """Return flakes that come in bursts: `share` of all slots on average, but `within` of the attempts in a burst."""

    def drawn(name: str, phase: float, seconds: float, dice: Random) -> Target:
        return Target(name, "API", tuple(_bursts(share / within / mean_seconds, seconds, dice)), phase)

    def _bursts(rate: float, seconds: float, dice: Random) -> Iterator[Fault]:
        at = dice.expovariate(rate)
        while at < seconds:
            end = at + dice.expovariate(1 / mean_seconds)
            yield Fault(at, end, within)
            at = end + dice.expovariate(rate)

    return drawn


def members(name: str, flakes: Flakes, *, targets: int, seconds: float) -> tuple[Target, ...]:
    """Return the targets of one provider."""
    dice = chance(name)
    return tuple(flakes(f"m{number}", dice.uniform(0, INTERVAL_SECONDS), seconds, dice) for number in range(targets))
