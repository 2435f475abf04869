"""Tracks one target into an outage and out of it: finds the first bad and the first good probe.

The states are those of `core.state` in each finished probe, so boards and incidents never disagree.
"""

from dataclasses import dataclass, field
from typing import Final

from aiprobe.core.model import Attempt, Finished, Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.state import LEFT_AFTER, State, is_silent

_REMEMBERED: Final = 64
"""Probes that are kept per target, to count those between the first bad one and the start of the outage state."""
_MAX_REQUEST_ID: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One probe, reduced to what an incident needs."""

    timestamp_seconds: float
    """When the probe started."""
    ended_timestamp_seconds: float
    target: str
    outcome: Outcome
    verdict: Verdict
    scheduled: bool
    http_status: int | None
    request_id: str | None
    egress_down: bool


def sighting(finished: Finished, *, at: float) -> Sighting:
    """Reduce a finished probe. Its time is its start, or `at` if the start is missing or after `at`."""
    result = finished.result
    started = result.started_timestamp_seconds
    return Sighting(
        timestamp_seconds=started if 0 < started <= at else at,
        ended_timestamp_seconds=at,
        target=finished.target.name,
        outcome=result.outcome,
        verdict=finished.verdict,
        scheduled=finished.attempt is Attempt.SCHEDULED,
        http_status=result.http_status,
        request_id=_printable(result.request_id),
        egress_down=finished.egress_down,
    )


@dataclass(slots=True)
class TargetRun:
    """The state of one target between two probes. Times are Unix seconds."""

    target: Target
    state: State | None = None
    failing: bool = False
    """True from a partial or major outage until good probes end it. Excluded probes end nothing."""
    start: float = 0.0
    """The first bad probe of the current or last failure."""
    start_observed: bool = False
    """Whether a good probe came right before `start`."""
    end: float = 0.0
    """The first good probe of the run that ended the last failure."""
    last_bad: float = 0.0
    _doubt: float | None = None
    """The state in the last finished probe."""
    _doubt_since: float = 0.0
    """The first bad probe of the current or last doubt."""
    recent: list[Sighting] = field(default_factory=list)
    """The last `_REMEMBERED`, oldest first."""
    _good_since: float = 0.0
    _good_in_row: int = 0

    @property
    def is_bad_now(self) -> bool:
        """Return whether the last valid probe was a bad one."""
        return self.last_bad > 0 and not self._good_in_row

    def is_silent(self, at: float) -> bool:
        """Return whether the last run of this target is too old."""
        return is_silent(at - self.recent[-1].ended_timestamp_seconds, self.target.interval_seconds)

    def record(self, finished: Finished, *, at: float) -> Sighting:
        """Count one probe that ended at `at`."""
        seen = sighting(finished, at=at)
        self.target = finished.target
        self.state = None if finished.state is None else State(finished.state)
        self.recent.append(seen)
        del self.recent[:-_REMEMBERED]
        if seen.verdict is Verdict.BAD:
            self.last_bad = seen.timestamp_seconds
            if finished.failing_since is None or finished.failing_since != self._doubt:
                self._doubt_since = self.last_bad
            self._doubt = finished.failing_since
            self._good_in_row = 0
        elif seen.verdict is Verdict.GOOD:
            if not self._good_in_row:
                self._good_since = seen.timestamp_seconds
            self._good_in_row += 1
        if self.state is None:
            return seen
        if not self.failing and self.state >= State.PARTIAL_OUTAGE:
            self.failing = True
            self.start = self.first_bad()
            self.start_observed = self.good_before(self.start)
        elif self.failing and self.state < State.PARTIAL_OUTAGE and self._good_in_row >= LEFT_AFTER:
            self.failing = False
            self.end = max(self._good_since, self.start)
        return seen

    def first_bad(self) -> float:
        """Return the first bad probe of the current failure.

        A major outage begins with its run of bad probes, which can contain single good ones. Any other failure begins
        with the first failure of the doubt.
        """
        if self.state is not State.MAJOR_OUTAGE:
            return self._doubt_since
        first, good_in_row = self.last_bad, 0
        for seen in reversed([seen for seen in self.recent if seen.verdict is not Verdict.EXCLUDED]):
            good_in_row = 0 if seen.verdict is Verdict.BAD else good_in_row + 1
            if good_in_row >= LEFT_AFTER:
                break
            first = seen.timestamp_seconds if seen.verdict is Verdict.BAD else first
        return first

    def good_before(self, start: float) -> bool:
        """Return whether a good probe came so shortly before `start` that no probe can be missing between them."""
        interval = self.target.interval_seconds
        good = (seen.timestamp_seconds for seen in self.recent if seen.verdict is Verdict.GOOD)
        return any(at < start and not is_silent(start - at, interval) for at in good)


def _printable(text: str | None) -> str | None:
    if text is None:
        return None
    text = text[:_MAX_REQUEST_ID]
    return (text if text.isprintable() else "".join(filter(str.isprintable, text))) or None
