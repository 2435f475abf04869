"""The record of one target between two probes: the only place that stores a target's last run.

The scheduler writes these records; metrics, pages, objectives and the log read them. While listeners take a finished
probe, its record still has the previous run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from aiprobe.core.identity import Identity
from aiprobe.core.model import Attempt, Finished, Result, Target
from aiprobe.core.outcomes import GOOD, Outcome, Verdict, availability_verdict
from aiprobe.core.state import State, TargetState, is_silent, surface_state
from aiprobe.core.verdicts import is_poor, slo_verdicts


@dataclass(slots=True)
class Tracked:
    """The record of one probed target. A reload that does not change its identity keeps the record."""

    target: Target
    is_fallback: bool = False
    """True for the free probe that runs while the budget is exhausted; it belongs to no surface."""
    state: TargetState = field(default_factory=TargetState)
    last: Finished | None = None
    """The last run that was not cancelled."""
    ended_at: float = float("-inf")
    """When `last` ended, on the monotonic clock."""
    backoff_until: float = float("-inf")
    """The end of the back-off that the provider requested, on the monotonic clock."""
    identity: Identity = field(default_factory=Identity)
    has_answered: bool = False
    """Whether a probe was `ok` since `Target.wiring` last changed."""
    skipped: str = ""
    """Why the last probe did not start; empty when it did."""
    state_since: float | None = None
    """Unix time of the probe with which the state last changed; None before the first."""

    def __post_init__(self) -> None:
        """Apply the target's suspicion settings."""
        self.follow(self.target)

    def follow(self, target: Target) -> None:
        """Take a new configuration of the same target; a current doubt continues."""
        self.target = target
        self.state.interval_seconds = target.interval_seconds
        self.state.suspicion.tuning = target.tuning

    def is_silent(self, now: float) -> bool:
        """Return whether the last run is too long ago to be shown as the present; `now` is monotonic."""
        return is_silent(now - self.ended_at, self.target.interval_seconds)

    def judged(self, finished: Finished, *, started: float, epoch: float, others: float = 0.0) -> Finished:
        """Move the state by a result, and return it with what it led to; a cancelled one moves nothing.

        `started` is when it began on the monotonic clock, `epoch` the Unix time of that clock's 0, `others` the
        greatest suspicion of another target of the provider.
        """
        state, outcome, verdict = self.state, finished.result.outcome, finished.verdict
        if outcome is not Outcome.CANCELLED:
            poor = verdict is Verdict.GOOD and is_poor(outcome, finished.slo_verdicts)
            scheduled = finished.attempt is Attempt.SCHEDULED
            before = state.state
            state.record(verdict, started=started, poor=poor, scheduled=scheduled, others=others)
            if state.state is not before:
                self.state_since = round(epoch + started, 1)
            self.has_answered |= outcome is Outcome.OK
        since = state.suspicion.failing_since
        return replace(
            finished,
            consecutive_failures=state.consecutive_failures,
            state=state.state,
            suspicion=state.suspicion.nats,
            failing_since=None if since is None else round(epoch + since, 1),
            model_changes=self.identity.take(finished.result) if outcome in GOOD else (),
        )

    def note(self, finished: Finished, now: float) -> None:
        """Store a run that ended at `now`, once every listener has taken it."""
        self.last = finished
        self.ended_at = now
        self.skipped = ""


def concluded(
    target: Target, result: Result, *, attempt: Attempt, egress_down: bool, maintenance: bool = False
) -> Finished:
    """Return a result with its verdicts; what it leads to is `Tracked.judged`."""
    verdict = availability_verdict(result.outcome, egress_down=egress_down, count_rate_limits=target.count_rate_limits)
    verdicts = slo_verdicts(target.objectives, result, verdict)
    if maintenance:
        verdicts = dict.fromkeys(verdicts, Verdict.EXCLUDED)
    return Finished(
        target=target,
        result=result,
        attempt=attempt,
        verdict=verdict,
        slo_verdicts=verdicts if attempt is Attempt.SCHEDULED else {},
        egress_down=egress_down,
        maintenance=maintenance,
    )


def carried(records: Mapping[str, Tracked], target: Target) -> Tracked | None:
    """Return the record of a target that is still the same one to its readers, whatever else of it changed."""
    record = records.get(target.name)
    return record if record is not None and record.target.identity == target.identity else None


def surface_states(records: Iterable[Tracked], now: float) -> Mapping[tuple[str, str, str], State]:
    """Return the state of each (provider, surface, region) over its targets; silent targets do not count."""
    members: dict[tuple[str, str, str], list[State | None]] = {}
    for record in records:
        if not record.is_fallback:
            target = record.target
            key = (target.provider.name, target.surface, target.provider_region)
            members.setdefault(key, []).append(None if record.is_silent(now) else record.state.state)
    summed = {key: surface_state(states) for key, states in members.items()}
    return {key: state for key, state in summed.items() if state is not None}
