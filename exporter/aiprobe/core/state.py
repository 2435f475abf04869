"""Derives the state of a target from its last probes, with hysteresis. Boards, rules and incidents all use it.

Pure: it takes verdicts and returns a state with the names of status pages.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from aiprobe.core.outcomes import Verdict
from aiprobe.core.suspicion import Past, Suspicion

WINDOW: Final = 10
"""How many valid probes back the flaky and slow rules look."""
MAJOR_AFTER: Final = 3
"""Bad probes in a row that make a major outage, once they persist."""
LEFT_AFTER: Final = 2
"""Good probes in a row that end a major outage; a partial one ends with the suspicion."""
UNKNOWN_AFTER: Final = 2
"""Excluded probes in a row after which the target counts as not validly probed."""
SILENT_AFTER_INTERVALS: Final = 3
"""The state of a target is valid until its last run is this many intervals old: silence is never green."""
DEGRADED_FROM, DEGRADED_UNTIL = 2, 1
"""Bad or slow probes of the window at which a degradation begins, and at which it has ended."""
_FINE, _POOR, _BAD = range(3)


class State(IntEnum):
    """The state of a target or surface, with the names of status pages."""

    OPERATIONAL = 0
    DEGRADED = 1
    PARTIAL_OUTAGE = 2
    MAJOR_OUTAGE = 3


@dataclass(slots=True)
class TargetState:
    """The state of one target between two probes."""

    interval_seconds: float = 60.0
    suspicion: Suspicion = field(default_factory=Suspicion)
    past: Past = field(default_factory=lambda: Past(float("inf")))
    """By default nothing is known: nothing is learnt before the first probe."""
    consecutive_failures: int = 0
    _failing_in_row_since: float = 0.0
    _good_in_row: int = 0
    _recovered: bool = False
    """A major outage ended with good attempts, and none failed since: only another failure makes it a partial one."""
    _excluded_in_row: int = 0
    _state: State | None = None
    _window: list[int] = field(default_factory=list)
    """What the last valid probes were: `_FINE`, `_POOR` (slow or wrong) or `_BAD`."""

    @property
    def state(self) -> State | None:
        """Return the state, or None without a valid probe."""
        return None if self._excluded_in_row >= UNKNOWN_AFTER else self._state

    @property
    def in_doubt(self) -> bool:
        """Return whether the next attempt should come soon: nothing is certain yet, or an outage can be ending."""
        known_bad = self.consecutive_failures > 0 and (self.suspicion.certain or self._state is State.MAJOR_OUTAGE)
        return self.suspicion.failing_since is not None and not known_bad

    def record(
        self, verdict: Verdict, *, started: float, poor: bool = False, scheduled: bool = True, others: float = 0.0
    ) -> None:
        """Count one probe that began at `started`, on the monotonic clock.

        `poor`: a good one was slower than its objective, or wrong. `others`: see `Suspicion.record`.
        """
        if verdict is Verdict.EXCLUDED:
            self._excluded_in_row += 1
            return
        bad = verdict is Verdict.BAD
        self.past.since = min(self.past.since, started)
        begins = bad and self.suspicion.failing_since is None
        habit = self.past.habit(started, self.interval_seconds) if begins else None
        self.suspicion.record(verdict, started, habit=habit, others=others)
        if bad:
            self.past.note(started, scheduled=scheduled, interval_seconds=self.interval_seconds)
            self._failing_in_row_since = self._failing_in_row_since if self.consecutive_failures else started
        self._excluded_in_row = 0
        self.consecutive_failures = self.consecutive_failures + 1 if bad else 0
        self._good_in_row = 0 if bad else self._good_in_row + 1
        self._window.append(_BAD if bad else _POOR if poor else _FINE)
        del self._window[:-WINDOW]
        self._state = self._next(started)

    def _next(self, started: float) -> State:
        now = self._state or State.OPERATIONAL
        persists = started - self._failing_in_row_since >= self.suspicion.in_row_seconds
        if self.consecutive_failures >= MAJOR_AFTER and persists:
            return State.MAJOR_OUTAGE
        if now is State.MAJOR_OUTAGE and self._good_in_row < LEFT_AFTER:
            return State.MAJOR_OUTAGE
        self._recovered = not self.consecutive_failures and (self._recovered or now is State.MAJOR_OUTAGE)
        if self.suspicion.certain and not self._recovered:
            return State.PARTIAL_OUTAGE
        poor = len(self._window) - self._window.count(_FINE)
        was_worse = now >= State.DEGRADED
        if poor >= DEGRADED_FROM or (was_worse and poor > DEGRADED_UNTIL):
            return State.DEGRADED
        return State.OPERATIONAL


def is_silent(quiet_seconds: float, interval_seconds: float) -> bool:
    """Return whether a target whose last run ended `quiet_seconds` ago counts as silent: never green then."""
    return quiet_seconds > SILENT_AFTER_INTERVALS * interval_seconds


def surface_state(states: list[State | None]) -> State | None:
    """Return the state of a surface over its targets: the worst if all agree, else at most a partial outage.

    Returns None if no target of the surface has a state.
    """
    known = [state for state in states if state is not None]
    if not known:
        return None
    worst, best = max(known), min(known)
    if worst is State.MAJOR_OUTAGE and best < State.PARTIAL_OUTAGE:
        return State.PARTIAL_OUTAGE
    return worst
