"""Scripted probes: the attempts that a scheduler like `aiprobe.schedule` makes on a service that fails by a script.

Pure arithmetic on a clock that starts at 0. `series` converts the results to Prometheus' series.
"""

import bisect
import heapq
import math
import random
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiprobe.core.followups import follow_up_after
from aiprobe.core.outcomes import Verdict
from aiprobe.core.state import State, TargetState
from aiprobe.core.suspicion import Past, Suspicion, Tuning

INTERVAL_SECONDS: Final = 60.0
TIMEOUT_SECONDS: Final = 40.0
"""The total timeout of the default configuration, after which a hanging probe ends."""
REPLY_SECONDS: Final = 1.5
REFUSAL_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Fault:
    """From `start` until before `end` (seconds), `share` (0-1) of the probes that begin then fail."""

    start: float
    end: float
    share: float = 1.0
    hangs: bool = False
    """Whether a failed probe ends by its timeout; else it is rejected at once."""
    slow: bool = False
    """Whether the answer is only later than its objective allows: bad for the first-token SLO alone."""
    ramp: bool = False
    """Whether the share grows from 0 at `start` to `share` at `end`."""

    def share_at(self, at: float) -> float:
        """Return the share of the probes beginning at `at` that fail."""
        return self.share * (at - self.start) / (self.end - self.start) if self.ramp else self.share


@dataclass(frozen=True, slots=True)
class Target:
    """One target of a scripted provider."""

    name: str
    surface: str
    faults: tuple[Fault, ...] = ()
    phase: float = 0.0
    """The offset of its probe within its interval, in seconds."""
    interval: float = INTERVAL_SECONDS
    past: Past | None = None
    """Its state before the script begins."""
    flakes: Fault | None = None
    """What hits its follow-ups besides, and no scheduled probe."""
    tuning: Tuning = field(default_factory=Tuning)


@dataclass(frozen=True, slots=True)
class Asked:
    """One attempt, and the values that the exporter exposes after it."""

    ended: float
    bad: bool
    slow: bool
    confirm: bool
    consecutive_failures: int
    state: State | None
    suspicion: float
    began: float


def chance(seed: object) -> random.Random:
    """Return the random numbers of one scenario: the same in every run."""
    return random.Random(str(seed))  # noqa: S311 -- a repeatable script, not a secret


def ask(
    targets: Sequence[Target],
    until: float,
    *,
    dice: Callable[[str], random.Random],
    restarts: tuple[tuple[float, float], ...] = (),
    follow_ups: bool = True,
    sparse: bool = False,
) -> dict[str, list[Asked]]:
    """Probe the targets of one provider from 0 until `until`; return the attempts of each by its name.

    `sparse` leaves out the slots before the next fault while a target is in no doubt: they are good and change nothing.
    `restarts` are (down from, up again): while the exporter is down, it probes nothing. It then starts with the
    targets' states from before the script.
    """
    asked: dict[str, list[Asked]] = {target.name: [] for target in targets}
    throws = {target.name: dice(target.name) for target in targets}
    for up, down in lives(until, restarts):
        memories = [
            TargetState(target.interval, Suspicion(target.tuning), past=target.past or Past(0.0)) for target in targets
        ]
        runs = [
            _probing(target, up, memory, throws[target.name], follow_ups=follow_ups, sparse=sparse)
            for target, memory in zip(targets, memories, strict=True)
        ]
        waiting = [(_start(run), place) for place, run in enumerate(runs)]
        heapq.heapify(waiting)
        while waiting[0][0] < down:
            _, place = waiting[0]
            others = max((one.suspicion.nats for one in memories if one is not memories[place]), default=0.0)
            one, following = _next(runs[place], others)
            if one.ended < down:
                asked[targets[place].name].append(one)
            heapq.heapreplace(waiting, (following, place))
    return asked


Probing = Generator[float | Asked, float | None, None]
"""Yields the start of the next attempt, receives the suspicion of the other targets, and yields the attempt."""


def _start(run: Probing) -> float:
    begins = next(run)
    assert isinstance(begins, float)
    return begins


def _next(run: Probing, others: float) -> tuple[Asked, float]:
    one = run.send(others)
    assert isinstance(one, Asked)
    return one, _start(run)


def _probing(
    target: Target, up: float, memory: TargetState, dice: random.Random, *, follow_ups: bool, sparse: bool
) -> Probing:
    """Make one attempt after the other, as the scheduler does."""
    place = random.Random(target.name).random()  # noqa: S311 -- a repeatable script, not a secret
    starts = [fault.start for fault in target.faults]
    due = float(target.phase)
    if up > due:
        due += ((up - due) // target.interval + 1) * target.interval
    now = due
    while True:
        if sparse and memory.suspicion.failing_since is None:
            due = max(due, _slot_of_next_fault(target, starts, due))
        now = base = max(due, now)
        confirm, began = False, 0.0
        while True:
            others = yield now
            one = _attempt(target, starts, now, memory, dice, confirm=confirm, others=others or 0.0)
            yield one
            now = one.ended
            room = due + target.interval - base
            after = follow_up_after(target.interval, place, began=began, ended=now - base, due=room)
            if not (follow_ups and memory.in_doubt) or after is None:
                break
            now, confirm, began = base + after, True, after
        due += target.interval
        if now >= due + target.interval:
            due += (now - due) // target.interval * target.interval


def _slot_of_next_fault(target: Target, starts: list[float], due: float) -> float:
    """Return the first slot from `due` on that a fault may hit; infinite where none comes."""
    if any(fault.end > due for fault in _near(target, starts, due)):
        return due
    following = bisect.bisect_right(starts, due)
    if following == len(starts):
        return math.inf
    return due + math.ceil((starts[following] - due) / target.interval) * target.interval


def lives(until: float, restarts: tuple[tuple[float, float], ...]) -> Iterator[tuple[float, float]]:
    """Yield (up, down) of each process of the exporter until `until`."""
    up = 0.0
    for down, again in restarts:
        yield up, down
        up = again
    yield up, until


def _attempt(
    target: Target,
    starts: list[float],
    begins: float,
    memory: TargetState,
    dice: random.Random,
    *,
    confirm: bool,
    others: float,
) -> Asked:
    near = target.faults[: bisect.bisect_right(starts, begins)] if len(starts) < 8 else _near(target, starts, begins)
    if confirm and target.flakes:
        near = (*near, target.flakes)
    hit = [one for one in near if one.start <= begins < one.end and dice.random() < one.share_at(begins)]
    failing = [fault for fault in hit if not fault.slow]
    bad, slow = bool(failing), bool(hit) and not failing
    took = (TIMEOUT_SECONDS if failing[0].hangs else REFUSAL_SECONDS) if failing else REPLY_SECONDS
    verdict = Verdict.BAD if bad else Verdict.GOOD
    memory.record(verdict, started=begins, poor=slow, scheduled=not confirm, others=others)
    return Asked(
        begins + took,
        bad,
        slow,
        confirm,
        memory.consecutive_failures,
        memory.state,
        memory.suspicion.nats,
        begins,
    )


def _near(target: Target, starts: list[float], begins: float) -> tuple[Fault, ...]:
    """Return the last faults that began: in months of short faults, only these can still last."""
    last = bisect.bisect_right(starts, begins)
    return target.faults[max(0, last - 4) : last]
