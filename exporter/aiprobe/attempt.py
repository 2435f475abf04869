"""Makes one attempt of one target: reserves its cost, supervises it, checks egress, passes the result to the listeners.

`schedule.py` decides when an attempt begins. The probes, the budget and the listeners are passed in through the
interfaces below.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.model import Attempt, Finished, Result, Target
from aiprobe.core.money import charged_usd
from aiprobe.core.outcomes import NEEDS_EGRESS_CHECK, Outcome, Verdict
from aiprobe.core.redacted import redacted
from aiprobe.core.tracked import Tracked, concluded
from aiprobe.core.verdicts import judged_by_history, proves_egress

log = logging.getLogger(__name__)

HTTP_TOO_MANY_REQUESTS: Final = 429
BACKOFF_CAP_SECONDS: Final = 300.0
"""`Retry-After` is respected for at most this long, or for the interval if that is longer."""
SUPERVISION_SLACK_SECONDS: Final = 10.0
"""A probe that runs this much longer than its total timeout counts as a bug of aiprobe."""

NO_MONEY: Final = "budget"
"""The reason of a scheduled attempt that the budget does not allow: the free probe runs instead."""

RunOnce = Callable[[], Awaitable[Result]]

_STOOD_STILL_SECONDS: Final = 1.0
_STOOD_STILL_SHARE: Final = 0.25
"""A result is void if this process stood still for a second and for a quarter of the probe, or longer."""
_TIMED: Final = NEEDS_EGRESS_CHECK | {Outcome.OK}
"""Outcomes that depend on our own clockwork; what a server wrote stays what it wrote."""


class Purse(Protocol):
    """Reserves the cost of probes, and stores the spending."""

    async def reserve(self, usd: float, *, follow_up: bool = False) -> bool:
        """Reserve `usd`; False if the budget, or its share for follow-ups, does not allow it."""

    def settle(self, reserved_usd: float, cost_usd: float, *, follow_up: bool = False) -> None:
        """Replace a reservation by the cost of the probe."""


class Listener(Protocol):
    """A room that receives every finished probe. The call is quick and does not raise."""

    def finished(self, finished: Finished) -> None:
        """Take one finished probe."""


class Meter(Protocol):
    """Counts events of the scheduler itself."""

    def skipped(self, target: str, reason: str) -> None:
        """Count a probe that did not start: one of `metrics.catalogue.SKIP_REASONS`."""

    def probes_in_flight(self, count: int) -> None:
        """Take the number of running probes."""

    def observe_scheduler_lag(self, seconds: float) -> None:
        """Take the delay with which a scheduled probe started."""


class Egress(Protocol):
    """Checks our own Internet connection."""

    async def is_down(self, target: Target) -> bool:
        """Return whether the way out to `target` fails, from a check that begins after this call."""


class Maintenance(Protocol):
    """Which targets are in maintenance."""

    def covers(self, target: Target, since: float) -> bool:
        """Return whether a target was in maintenance at a moment from `since`, in Unix time, to now."""


class Pauses(Protocol):
    """Measures for how long this process stood still."""

    def within(self, started: float, seconds: float) -> float:
        """Return for how many of the `seconds` from `started` on the monotonic clock it stood still."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A probe that was requested and did not start."""

    reason: str


@dataclass(slots=True)
class Runner:
    """Runs the probes of one target."""

    target: Target
    run: RunOnce
    record: Tracked
    bound_usd: float
    """The most that one probe may cost."""
    fallback: "Runner | None" = None
    """Created when the budget is exhausted for the first time."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None


class Attempts:
    """Makes attempts, and passes each result once to every listener."""

    def __init__(  # noqa: PLR0913 - each is one room that an attempt meets
        self,
        *,
        clock: Clock,
        tracked: Mapping[str, Tracked],
        purse: Purse,
        egress: Egress,
        maintenance: Maintenance,
        pauses: Pauses,
        redact: Callable[[str], str],
        listeners: Sequence[Listener],
        meter: Meter,
    ) -> None:
        """`redact` removes secrets from the texts of a result before `listeners` get it, in their order."""
        self._clock = clock
        self._tracked = tracked
        self._purse = purse
        self._egress = egress
        self._maintenance = maintenance
        self._pauses = pauses
        self._redact = redact
        self._listeners = tuple(listeners)
        self._meter = meter
        self._in_flight = 0
        self._last_public_answer_at = float("-inf")
        """When a target on the Internet last answered completely, which proves that packets pass."""

    async def make(self, runner: Runner, attempt: Attempt) -> Finished | Skipped:
        """Make one attempt, unless the provider requested a back-off or the budget is exhausted."""
        if self._clock.monotonic() < runner.record.backoff_until:
            return self._skip(runner, "backoff")
        bound, follow_up = runner.bound_usd, attempt is Attempt.CONFIRM
        if not await self._purse.reserve(bound, follow_up=follow_up):
            return self._skip(runner, "follow_ups" if follow_up else NO_MONEY)
        spent = bound
        try:
            finished = await self.probe(runner, attempt)
            spent = charged_usd(finished.result, bound)
        finally:
            self._purse.settle(bound, spent, follow_up=follow_up)
        return finished

    def _skip(self, runner: Runner, reason: str) -> Skipped:
        self._meter.skipped(runner.target.name, reason)
        if runner.record.skipped != reason:
            log.warning("not probed", extra={"target": runner.target.name, "reason": reason})
        runner.record.skipped = reason
        return Skipped(reason)

    async def probe(self, runner: Runner, attempt: Attempt) -> Finished:
        """Make one attempt without a reservation."""
        self._change_in_flight(+1)
        started = self._clock.monotonic()
        try:
            result = await self._supervised(runner)
        except asyncio.CancelledError:
            result = self._broken_off(Outcome.CANCELLED, "stopped while it ran", started)
            self._conclude(runner, attempt, result, started=started, egress_down=False)
            raise
        finally:
            self._change_in_flight(-1)
        egress_down = await self._blame_egress(runner.target, result)
        return self._conclude(runner, attempt, result, started=started, egress_down=egress_down)

    async def _supervised(self, runner: Runner) -> Result:
        """Run the probe; a bug in it gives the outcome `internal_error` and is logged with its traceback."""
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(runner.target.timeouts.total + SUPERVISION_SLACK_SECONDS):
                return self._void_if_still(await runner.run(), started)
        except Exception as bug:
            # A bug in one kind of probe must not stop the schedule of its target.
            still = self._pauses.within(started, self._clock.monotonic() - started)
            if isinstance(bug, TimeoutError) and still >= SUPERVISION_SLACK_SECONDS:
                return self._broken_off(Outcome.INTERNAL_ERROR, _stood_still(still), started)
            log.exception("a bug in a probe", extra={"target": runner.target.name})
            detail = f"a bug in aiprobe: {type(bug).__name__}; the log has its traceback"
            return self._broken_off(Outcome.INTERNAL_ERROR, detail, started)

    def _void_if_still(self, result: Result, started: float) -> Result:
        """Return a result, as `internal_error` if this process stood still for too much of its probe."""
        still = self._pauses.within(started, result.duration_seconds)
        if still < _STOOD_STILL_SECONDS or still < _STOOD_STILL_SHARE * result.duration_seconds:
            return result
        if result.outcome not in _TIMED:
            return result
        return replace(result, outcome=Outcome.INTERNAL_ERROR, detail=_stood_still(still))

    def _broken_off(self, outcome: Outcome, detail: str, started: float) -> Result:
        """Return the result of a probe that returned none; it began at `started` on the monotonic clock."""
        seconds = self._clock.monotonic() - started
        began = self._clock.wall() - seconds
        return Result(outcome=outcome, detail=detail, started_timestamp_seconds=began, duration_seconds=seconds)

    async def _blame_egress(self, target: Target, result: Result) -> bool:
        """Return whether a network failure is our own: every check fails, and no public target answered meanwhile."""
        now = self._clock.monotonic()
        if proves_egress(target, result):
            self._last_public_answer_at = now
        if not target.provider.egress or result.outcome not in NEEDS_EGRESS_CHECK:
            return False
        return await self._egress.is_down(target) and self._last_public_answer_at <= now

    def _conclude(
        self, runner: Runner, attempt: Attempt, result: Result, *, started: float, egress_down: bool
    ) -> Finished:
        """Make a finished probe from a result, and pass it to the listeners."""
        target, record = runner.target, runner.record
        judged = judged_by_history(result, has_answered=record.has_answered)
        clean = redacted(judged, self._redact)
        now = self._clock.monotonic()
        maintenance = self._maintenance.covers(target, result.started_timestamp_seconds)
        alone = concluded(target, clean, attempt=attempt, egress_down=egress_down, maintenance=maintenance)
        finished = record.judged(
            alone,
            started=started,
            epoch=self._clock.wall() - now,
            others=self._others(record) if alone.verdict is Verdict.BAD else 0.0,  # reads every target
        )
        if result.http_status == HTTP_TOO_MANY_REQUESTS and result.retry_after_seconds is not None:
            patience = min(result.retry_after_seconds, max(target.interval_seconds, BACKOFF_CAP_SECONDS))
            record.backoff_until = now + patience
        if self._tracked.get(target.name) is record:  # else a reload removed the target during its probe
            self._publish(finished)
        if result.outcome is not Outcome.CANCELLED:
            record.note(finished, now)
        return finished

    def _others(self, record: Tracked) -> float:
        """Return the greatest suspicion of another target of the same provider."""
        provider = record.target.provider.key
        others = (one for one in self._tracked.values() if one is not record and one.target.provider.key == provider)
        return max((one.state.suspicion.nats for one in others), default=0.0)

    def _publish(self, finished: Finished) -> None:
        for listener in self._listeners:
            try:
                listener.finished(finished)
            except Exception:
                # A bug in one room must not hide the result from the others, nor end the schedule of its target.
                log.exception("a bug in a listener", extra={"target": finished.target.name})

    def _change_in_flight(self, change: int) -> None:
        self._in_flight += change
        self._meter.probes_in_flight(self._in_flight)


def _stood_still(seconds: float) -> str:
    return f"aiprobe itself stood still for {seconds:.1f} s: the process was stopped, or had no processor"
