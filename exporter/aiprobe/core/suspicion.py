"""Is a target impaired, or was that a flake? A CUSUM over its attempts, against the failure rate of its past.

Source: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954). Each attempt adds the logarithm of its
likelihood under an impairment over its likelihood under the background; the sum never falls below 0, so the past of a
good target counts for nothing. Pure: no clock, no I/O.
"""

import math
from dataclasses import dataclass, field
from typing import Final

from aiprobe.core.outcomes import Verdict

BACKGROUND: Final = 0.005
IMPAIRMENT: Final = 0.2
CERTAIN_NATS: Final = 8.5
"""An impairment of 20 % is 5,000 times as likely as a background of 0.5 %."""
PERSISTENCE_SECONDS: Final = 40.0
OVER_AFTER: Final = 15
"""Good attempts in a row that end a doubt: chance 3.5 % in a brown-out of 20 %."""
LIFT: Final = 0.5
"""Share of the greatest suspicion of another target of the provider that counts here too, see `Suspicion.record`."""
_MOST_LIKELY: Final = 0.9
_LEAST_RATIO: Final = 4.0

DAY_SECONDS: Final = 86400.0
MEMORY_SECONDS: Final = 28 * DAY_SECONDS
_LONGEST_BLIP_SECONDS: Final = 900.0
"""Failures that went on for longer were an incident: the background does not learn from it."""
_MOST_PERSISTENCE_SECONDS: Final = 600.0
_MOST_IN_ROW_SECONDS: Final = 90.0
"""No blips of the past delay an outage in which every attempt fails for longer than this."""
_BLIP_FAILURES: Final = 3
"""As many are certain but for their persistence. Fewer teach nothing about it: they are flakes that came close."""
_LEAST_BLIPS: Final = 3
_LEAST_ATTEMPTS: Final = 200
_MOST_BLIPS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What a user may set. Ratios are 0-1, evidence is in nats."""

    background: float = BACKGROUND
    """p0: the share of attempts that fail while nothing is wrong, at least."""
    impairment: float = IMPAIRMENT
    """p1: the share of attempts that fail in the smallest impairment that is looked for."""
    certain_nats: float = CERTAIN_NATS
    persistence_seconds: float = PERSISTENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Habit:
    """The past 28 days of a target: how often it fails, and what one of its blips in 28 days outlasts."""

    bad_share: float = 0.0
    blip_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Weights:
    """What one attempt adds, in nats."""

    bad: float
    good: float


def weights(tuning: Tuning, habit: Habit) -> Weights:
    """Return what a bad attempt adds and a good one takes, for the background that holds for this target."""
    p0 = min(max(tuning.background, 2 * habit.bad_share), _MOST_LIKELY / 2)
    p1 = min(max(tuning.impairment, _LEAST_RATIO * p0), _MOST_LIKELY)
    return Weights(bad=math.log(p1 / p0), good=math.log((1 - p1) / (1 - p0)))


@dataclass(slots=True)
class Suspicion:
    """The doubt about one target, from its first failure until it is over."""

    tuning: Tuning = field(default_factory=Tuning)
    nats: float = 0.0
    failing_since: float | None = None
    """When the first failed attempt of this doubt began, on the monotonic clock; None without a doubt."""
    certain: bool = False
    """The target is impaired. Stays until `OVER_AFTER` good attempts in a row."""
    _weights: Weights = field(default_factory=lambda: weights(Tuning(), Habit()))
    _persistence_seconds: float = PERSISTENCE_SECONDS
    _good_in_row: int = 0

    def record(self, verdict: Verdict, started: float, *, habit: Habit | None = None, others: float = 0.0) -> None:
        """Count one attempt that began at `started`, on the monotonic clock; an excluded one changes nothing.

        `habit` is taken when a doubt begins. `others` is the greatest suspicion of another target of the same provider
        at this moment: two flakes of independent targets within one doubt are rare, an impairment of their provider is
        not. Half of it counts, because targets also share what is not the provider: a network, an account.
        """
        if verdict is Verdict.EXCLUDED:
            return
        if verdict is Verdict.BAD:
            self._count_failure(started, habit or Habit(), others)
        elif self.failing_since is not None:
            self._good_in_row += 1
            self.nats += self._weights.good
            if self._good_in_row >= OVER_AFTER or (self.nats <= 0 and not self.certain):
                self.clear()
        if self.certain:
            self.nats = max(self.nats, self.tuning.certain_nats)

    @property
    def in_row_seconds(self) -> float:
        """Return how long failures in a row have to persist until they are an outage."""
        return max(self.tuning.persistence_seconds, min(self._persistence_seconds, _MOST_IN_ROW_SECONDS))

    def clear(self) -> None:
        """End the doubt."""
        self.nats, self.failing_since, self.certain, self._good_in_row = 0.0, None, False, 0

    def _count_failure(self, started: float, habit: Habit, others: float) -> None:
        if self.failing_since is None:
            self.failing_since = started
            self._weights = weights(self.tuning, habit)
            learnt = min(habit.blip_seconds, _MOST_PERSISTENCE_SECONDS)
            self._persistence_seconds = max(self.tuning.persistence_seconds, learnt)
        self._good_in_row = 0
        enough = self.tuning.certain_nats
        self.nats = min(self.nats + self._weights.bad, enough + self._weights.bad)
        persists = started - self.failing_since >= self._persistence_seconds
        self.certain = self.certain or (persists and self.nats + LIFT * others >= enough)


@dataclass(slots=True)
class _Blip:
    """Failures of which no two neighbours are further apart than two and a half intervals."""

    first: float
    last: float
    failures: int = 0
    scheduled: int = 0

    @property
    def span(self) -> float:
        return self.last - self.first


@dataclass(slots=True)
class Past:
    """The failures of one target within 28 days, and what they teach."""

    since: float
    """From when on the target is known. All times are of the monotonic clock; those of former runs are before it."""
    _blips: list[_Blip] = field(default_factory=list)

    def note(self, started: float, *, scheduled: bool, interval_seconds: float) -> None:
        """Remember a failed attempt of a target that is probed at this interval."""
        near = 2.5 * min(interval_seconds, 60.0)
        if not self._blips or started - self._blips[-1].last > near:
            self._blips.append(_Blip(started, started))
            del self._blips[:-_MOST_BLIPS]
        blip = self._blips[-1]
        blip.last = started
        blip.failures += 1
        blip.scheduled += scheduled

    def habit(self, now: float, interval_seconds: float) -> Habit:
        """Return the target's habit as of `now`.

        Blips are taken to end at a constant rate: of n in 28 days that last m seconds on average, one outlasts
        m log n. A share is learnt from a day on, and a shorter time counts as a day for the number of blips: the
        trouble of a first hour is no habit.
        """
        start = max(self.since, now - MEMORY_SECONDS)
        while self._blips and self._blips[0].last < start:
            del self._blips[0]
        seconds = now - start
        attempts = seconds / interval_seconds
        blips = [blip for blip in self._blips if blip.span <= _LONGEST_BLIP_SECONDS]
        bad = sum(blip.scheduled for blip in blips)
        spans = [blip.span for blip in blips if blip.failures >= _BLIP_FAILURES]
        expected = len(spans) * MEMORY_SECONDS / max(seconds, DAY_SECONDS)
        return Habit(
            bad_share=bad / attempts if seconds >= DAY_SECONDS and attempts >= _LEAST_ATTEMPTS else 0.0,
            blip_seconds=sum(spans) / len(spans) * math.log(expected) if len(spans) >= _LEAST_BLIPS else 0.0,
        )
