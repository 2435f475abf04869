"""The health of targets, and whether it is good enough for a request: pure, from the records of the targets.

The states are those of the metrics, so routers, boards and pages never disagree; HTTP is in `web/health.py`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiprobe.core.spread import stable_fraction
from aiprobe.core.state import State, surface_state
from aiprobe.core.tracked import Tracked

LEVELS: Final = {state.name.lower(): state for state in State if state < State.MAJOR_OUTAGE}
"""The states that `at_least` may name: at a major outage nothing would ever be refused."""


class Status(StrEnum):
    """What a health document states, in the words of draft-inadarei-api-health-check-06."""

    PASS = "pass"  # noqa: S105 - a status, not a password
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The criteria of a request: the worst state that is good enough, and the result for an unknown state."""

    at_least: State = State.DEGRADED
    unknown: Status = Status.FAIL

    def status(self, state: State | None) -> Status:
        """Return what a state is worth."""
        if state is None:
            return self.unknown
        if state > self.at_least:
            return Status.FAIL
        return Status.PASS if state is State.OPERATIONAL else Status.WARN


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The current health of one target, or of several together."""

    name: str
    state: State | None
    """None without a valid probe, or if the last run is too old."""
    since_timestamp_seconds: float | None
    """Unix time of the current failure's start, or of the change to this state; of several targets, the latest."""
    outcome: str
    """Of the last probe; of several, of the target that decides the state. Empty before the first."""
    declared: str
    """The status page's own word for the surface; empty if it is unknown."""
    next_check_timestamp_seconds: float
    """Unix time of the next scheduled probe; a follow-up can come sooner."""
    members: "Sequence[Health]" = ()

    def usable(self, asked: Asked) -> Sequence[str]:
        """Return the members that are good enough now, the best state first, else in the order of the configuration."""
        good = [one for one in self.members if asked.status(one.state) is not Status.FAIL]
        return [one.name for one in sorted(good, key=lambda one: len(State) if one.state is None else one.state)]


def target_health(record: Tracked, *, declared: str, now: float, wall: float) -> Health:
    """Return the health of one target; `now` is monotonic, `wall` Unix time."""
    target, last = record.target, record.last
    state = None if record.is_silent(now) else record.state.state
    since = last.failing_since if last is not None and state else None
    slot = target.interval_seconds * stable_fraction(target.name, target.vantage)
    return Health(
        name=target.name,
        state=state,
        since_timestamp_seconds=None if state is None else since or record.state_since,
        outcome="" if last is None else last.result.outcome.value,
        declared=declared,
        next_check_timestamp_seconds=round(wall + (slot - wall) % target.interval_seconds, 1),
    )


def surface_health(name: str, members: Sequence[Health]) -> Health:
    """Return the health of all targets of a surface or provider: the worst when all agree, else a partial outage."""
    return _joint(name, members, surface_state([one.state for one in members]), decides=max)


def group_health(name: str, members: Sequence[Health]) -> Health:
    """Return the health of a group: its best member's, because any of them will do."""
    return _joint(name, members, min(_known(members), default=None), decides=min)


def _joint(
    name: str, members: Sequence[Health], state: State | None, *, decides: Callable[[Iterable[State]], State]
) -> Health:
    chosen = decides(_known(members)) if state is not None else None
    decisive = next((one for one in members if one.state is chosen), None)
    changes = [one.since_timestamp_seconds for one in members if one.since_timestamp_seconds is not None]
    words = {one.declared for one in members}
    return Health(
        name=name,
        state=state,
        since_timestamp_seconds=max(changes, default=None),
        outcome="" if decisive is None else decisive.outcome,
        declared=words.pop() if len(words) == 1 else "",
        next_check_timestamp_seconds=min(one.next_check_timestamp_seconds for one in members),
        members=members,
    )


def _known(members: Sequence[Health]) -> Sequence[State]:
    return [one.state for one in members if one.state is not None]
