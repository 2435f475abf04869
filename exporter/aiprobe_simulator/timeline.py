"""A scenario as data, and the playing of it: what is in force, and what the status pages declared, at any moment.

Pure: time is passed in. Reading a scenario from YAML is the business of `scenario.py`.
"""

from dataclasses import dataclass, field, replace

from aiprobe_simulator.statuspages.declaration import Declaration
from aiprobe_simulator.statuspages.faults import PageBehaviour
from aiprobe_simulator.statuspages.pages import PageFaultInForce
from aiprobe_simulator.statuspages.story import Told
from aiprobe_simulator.world import Behaviour, InForce

KEPT_ROUNDS = 2
"""Rounds of a loop, before this one, whose incidents the status pages still list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One behaviour on the time line, of a service or of a status page, in seconds of the time line."""

    at_seconds: float
    lasts_seconds: float | None
    """None: to the end."""
    behaviour: Behaviour | PageBehaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStep:
    """What a status page begins to declare at a time of the time line."""

    at_seconds: float
    declaration: Declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A time line. `speed` 10 plays ten seconds of it in one; injected delays are never speeded up."""

    steps: tuple[Step, ...]
    declared: tuple[PageStep, ...] = ()
    speed: float = 1.0
    start_seconds: float = 0.0
    """Where on the time line to begin."""
    loop: bool = False
    length_seconds: float = 0.0
    """Of one round; matters for a loop."""
    epoch_timestamp_seconds: float | None = None
    """The Unix time of second 0, if the file describes a real day; playback happens now."""


@dataclass(slots=True)
class Timeline:
    """A scenario that is being played since `began` (monotonic seconds)."""

    scenario: Scenario
    began: float
    _played: dict[int, tuple[int, InForce | PageFaultInForce]] = field(default_factory=dict)
    """By step: the round, and what the step did in it."""

    def position(self, now: float) -> tuple[int, float]:
        """Return the round, and the seconds of the time line in it."""
        seconds = self.scenario.start_seconds + (now - self.began) * self.scenario.speed
        if not self.scenario.loop:
            return 0, seconds
        turn, within = divmod(seconds, self.scenario.length_seconds)
        return int(turn), within

    def in_force(self, now: float) -> list[InForce]:
        """Return the behaviours of services whose step has begun and not ended, in the order of the file."""
        return [entry for entry in self._running(now) if isinstance(entry, InForce)]

    def page_faults(self, now: float) -> list[PageFaultInForce]:
        """Return the same of status pages."""
        return [entry for entry in self._running(now) if isinstance(entry, PageFaultInForce)]

    def told(self, now: float) -> list[Told]:
        """Return what the pages declared in this round and the last ones, in the order of declaration.

        In a loop a story ends with its round at the latest, and an id of its own is used in the first round only.
        """
        turn, _ = self.position(now)
        return [
            story
            for past in range(max(0, turn - KEPT_ROUNDS), turn + 1)
            for index, step in enumerate(self.scenario.declared)
            if (story := self._story(index, step, past)) is not None
        ]

    def _running(self, now: float) -> list[InForce | PageFaultInForce]:
        turn, seconds = self.position(now)
        return [
            self._entry(index, step, turn)
            for index, step in enumerate(self.scenario.steps)
            if step.at_seconds <= seconds
            and (step.lasts_seconds is None or seconds < step.at_seconds + step.lasts_seconds)
        ]

    def _entry(self, index: int, step: Step, turn: int) -> InForce | PageFaultInForce:
        """Return what the step did so far in this round: its `count` begins anew with each."""
        known = self._played.get(index)
        if known is None or known[0] != turn:
            entry: InForce | PageFaultInForce
            if isinstance(step.behaviour, Behaviour):
                entry = InForce(id=-1 - index, behaviour=step.behaviour)
            else:
                since = self._moment(step.at_seconds, turn)
                entry = PageFaultInForce(id=-1 - index, behaviour=step.behaviour, since=since)
            known = (turn, entry)
            self._played[index] = known
        return known[1]

    def _story(self, index: int, step: PageStep, turn: int) -> Told | None:
        what, length = step.declaration, self.scenario.length_seconds
        ends = None if what.lasts_seconds is None else step.at_seconds + what.lasts_seconds
        if self.scenario.loop:
            if step.at_seconds >= length:
                return None
            ends = length if ends is None else min(ends, length)
        return Told(
            declaration=what if turn == 0 else replace(what, id=None),
            key=("step", index, turn),
            began=self._moment(step.at_seconds, turn),
            ends=None if ends is None else self._moment(ends, turn),
            scale=1 / self.scenario.speed,
        )

    def _moment(self, seconds: float, turn: int) -> float:
        """Return the monotonic time at which a second of the time line is played."""
        along = turn * self.scenario.length_seconds + seconds - self.scenario.start_seconds
        return self.began + along / self.scenario.speed
