"""Scripted probes: what a scheduler like `aiprobe.schedule` would have seen of a service that fails on a script.

Pure arithmetic on a clock that starts at 0. What becomes of the results in Prometheus is the business of `series`.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiprobe.core.outcomes import Verdict
from aiprobe.core.state import State, TargetState
from aiprobe.schedule import CONFIRM_AFTER_SECONDS

INTERVAL_SECONDS: Final = 60.0
TIMEOUT_SECONDS: Final = 40.0
"""The total time-out of the default configuration; a hanging probe ends after it."""
REPLY_SECONDS: Final = 1.5
REFUSAL_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Fault:
    """From `start` until before `end` (seconds), `share` (0-1) of the probes that begin then go wrong."""

    start: float
    end: float
    share: float = 1.0
    hangs: bool = False
    """Whether a failed probe runs into its time-out; else it is refused at once."""
    slow: bool = False
    """Whether the probe is answered, but later than its objective allows: bad for the first-token SLO alone."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a scripted provider."""

    name: str
    surface: str
    faults: tuple[Fault, ...] = ()
    phase: float = 0.0
    """When in its interval it is probed, in seconds."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One attempt and what the exporter showed after it."""

    ended: float
    bad: bool
    slow: bool
    confirm: bool
    consecutive_failures: int
    state: State | None


def chance(seed: object) -> random.Random:
    """Return the dice of one scenario: the same throws in every run."""
    return random.Random(str(seed))  # noqa: S311 -- a script that repeats, not a secret


def ask(
    target: Target, until: float, *, dice: random.Random, restarts: tuple[tuple[float, float], ...] = ()
) -> list[Asked]:
    """Probe `target` from 0 until `until`, confirming a first failure where there is room for it.

    `restarts` are (down from, up again): nothing is probed while the exporter is down, and what it remembered of the
    target is gone afterwards.
    """
    asked: list[Asked] = []
    for life, (up, down) in enumerate(lives(until, restarts)):
        memory = TargetState()
        first_slot = 0 if life == 0 else int((up - target.phase) // INTERVAL_SECONDS) + 1
        due = target.phase + first_slot * INTERVAL_SECONDS
        while due < down:
            asked.extend(one for one in _slot(target, due, memory, dice) if one.ended < down)
            due += INTERVAL_SECONDS
    return asked


def lives(until: float, restarts: tuple[tuple[float, float], ...]) -> Iterator[tuple[float, float]]:
    """Yield (up, down) of each process of the exporter until `until`."""
    up = 0.0
    for down, again in restarts:
        yield up, down
        up = again
    yield up, until


def _slot(target: Target, due: float, memory: TargetState, dice: random.Random) -> Iterator[Asked]:
    healthy_before = memory.last_was_good
    first = _attempt(target, due, memory, dice, confirm=False)
    yield first
    room = first.ended + CONFIRM_AFTER_SECONDS + TIMEOUT_SECONDS <= due + INTERVAL_SECONDS
    if first.bad and healthy_before and room:
        yield _attempt(target, first.ended + CONFIRM_AFTER_SECONDS, memory, dice, confirm=True)


def _attempt(target: Target, begins: float, memory: TargetState, dice: random.Random, *, confirm: bool) -> Asked:
    hit = [fault for fault in target.faults if fault.start <= begins < fault.end and dice.random() < fault.share]
    failing = [fault for fault in hit if not fault.slow]
    bad, slow = bool(failing), bool(hit) and not failing
    took = (TIMEOUT_SECONDS if failing[0].hangs else REFUSAL_SECONDS) if failing else REPLY_SECONDS
    memory.record(Verdict.BAD if bad else Verdict.GOOD, poor=slow)
    return Asked(begins + took, bad, slow, confirm, memory.consecutive_failures, memory.state)
