"""Months of flakes, reduced to the stretches in which an alert could page.

A month of one target is 43,200 probes. Nearly all are good, and no rule can fire there. A stretch is kept in these
cases, which are fewer failures than any paging rule of aiprobe needs:

- one target has three failed attempts within 31 minutes;
- its provider has three within 4 minutes (two, if it has two targets).

The six-hour burn is different: it needs 7 failures, and its clusters are counted. `probe_success == 0 for 1m` can need
one failure only; `whole_time` is for it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from random import Random
from typing import Final

from benchmarks.detection.probes import INTERVAL_SECONDS, Fault, Target, chance
from benchmarks.detection.series import World

MONTH_SECONDS: Final = 30 * 86400.0
LEAD_SECONDS: Final = 1920.0
LENGTH_SECONDS: Final = 3000.0
_MINE: Final = ((3, 1860.0), (7, 21600.0))
_OURS_SECONDS: Final = 240.0
_FLAKE_SECONDS: Final = 1.0
"""A flake covers the probe of one slot and not its confirmation."""

Flakes = Callable[[float, Random], Iterator[Fault]]
"""(phase, dice) -> the faults of one target in one month, in order."""


@dataclass(frozen=True, slots=True)
class Months:
    """The stretches of some months of flakes, and the number of target-months that they represent."""

    worlds: tuple[World, ...]
    target_months: float
    failures: int
    longer: int
    """Clusters that only a window of six hours covers; their stretches are no longer than the others."""


def independent(share: float, *, hangs: bool = False) -> Flakes:
    """Return independent flakes: each attempt, also a confirmation, fails with probability `share`.

    With `hangs`, each one ends by its timeout, which leaves no time for a confirmation.
    """

    def month(phase: float, dice: Random) -> Iterator[Fault]:
        slot = -1
        while True:
            slot += 1 + int(dice.expovariate(share))
            at = phase + slot * INTERVAL_SECONDS
            if at >= MONTH_SECONDS:
                return
            yield Fault(at - 0.5, at + (10.0 if dice.random() < share else _FLAKE_SECONDS), hangs=hangs)

    return month


def bursty(share: float, *, within: float = 0.5, seconds: float = 120.0) -> Flakes:
    """Return flakes that come in bursts: `share` of all slots on average, but `within` of those inside a burst."""

    def month(phase: float, dice: Random) -> Iterator[Fault]:
        at = phase
        while True:
            at += dice.expovariate(share / within / seconds)
            if at >= MONTH_SECONDS:
                return
            end = at + dice.expovariate(1 / seconds)
            yield Fault(at, end, within)
            at = end

    return month


def months(name: str, flakes: Flakes, *, providers: int, targets: int = 3) -> Months:
    """Return the stretches of one month of `providers` with `targets` each."""
    worlds: list[World] = []
    failures = longer = 0
    for index in range(providers):
        dice = chance((name, index))
        members = []
        for number in range(targets):
            phase = dice.uniform(0, INTERVAL_SECONDS)
            members.append(
                Target(
                    f"m{number}", "API" if number else "web", tuple(_settled(flakes(phase, dice), phase, dice)), phase
                )
            )
        failures += sum(len(member.faults) for member in members)
        trips, long_only = _trips(members)
        longer += long_only
        for number, trip in enumerate(_spaced(trips)):
            worlds.append(_cut(f"{name}-{index}-{number}", members, trip, dice))
    return Months(tuple(worlds), float(providers * targets), failures, longer)


def whole_time(name: str, flakes: Flakes, *, providers: int, targets: int = 10, days: int = 2) -> Months:
    """Return some complete days, for rules that are cheap enough to evaluate over all of them."""
    worlds = []
    for index in range(providers):
        dice = chance((name, index))
        members = []
        for number in range(targets):
            phase = dice.uniform(0, INTERVAL_SECONDS)
            within = takewhile(lambda fault: fault.start < days * 86400, flakes(phase, dice))
            members.append(Target(f"m{number}", "API", tuple(within), phase))
        worlds.append(World(f"{name}-{index}", tuple(members), days * 86400.0, scrape_age=dice.uniform(0, 15)))
    failures = sum(len(target.faults) for world in worlds for target in world.targets)
    return Months(tuple(worlds), providers * targets * days / 30, failures, 0)


def _settled(faults: Iterator[Fault], phase: float, dice: Random) -> Iterator[Fault]:
    """Decide each slot of a burst now, so that a stretch fails as it does in the whole month."""
    for fault in faults:
        if fault.share == 1.0:
            yield fault
            continue
        slot = int((fault.start - phase) // INTERVAL_SECONDS) + 1
        while (at := phase + slot * INTERVAL_SECONDS) < fault.end:
            if dice.random() < fault.share:
                yield Fault(at - 0.5, at + (10.0 if dice.random() < fault.share else _FLAKE_SECONDS))
            slot += 1


def _trips(members: list[Target]) -> tuple[list[float], int]:
    trips: set[float] = set()
    longer = 0
    for member in members:
        attempts = [at for fault in member.faults for at in _attempts(fault)]
        short = set(_clusters(attempts, *_MINE[0]))
        longer += len(set(_clusters([fault.start for fault in member.faults], *_MINE[1])) - short)
        trips |= short
    ours = sorted(at for member in members for fault in member.faults for at in _attempts(fault))
    return sorted(trips | set(_clusters(ours, 2 if len(members) == 2 else 3, _OURS_SECONDS))), longer


def _attempts(fault: Fault) -> list[float]:
    """Return the start of the fault, twice if the confirmation also failed."""
    return [fault.start] if fault.hangs or fault.end - fault.start < 5 else [fault.start] * 2


def _clusters(times: list[float], count: int, within: float) -> list[float]:
    return [last for first, last in zip(times, times[count - 1 :], strict=False) if last - first <= within]


def _spaced(trips: list[float]) -> Iterator[float]:
    """Skip a trip that an earlier stretch contains, with the time that an alert needs after it."""
    until = float("-inf")
    for trip in trips:
        if trip > until:
            yield trip
            until = trip + LENGTH_SECONDS - LEAD_SECONDS - 600


def _cut(name: str, members: list[Target], trip: float, dice: Random) -> World:
    start = trip - LEAD_SECONDS
    targets = []
    for member in members:
        faults = tuple(
            replace(fault, start=fault.start - start, end=fault.end - start)
            for fault in member.faults
            if -INTERVAL_SECONDS < fault.start - start < LENGTH_SECONDS
        )
        targets.append(Target(member.name, member.surface, faults, (member.phase - start) % INTERVAL_SECONDS))
    return World(name, tuple(targets), LENGTH_SECONDS, scrape_age=dice.uniform(0, 15))
