"""When targets are probed: at a fixed rate each, spread over the interval, sooner in doubt, within budget, supervised.

Every target has a task of its own, so one that hangs or crashes delays nobody. What a probe is, where money is kept
and which rooms take a finished probe come in through the interfaces below.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.followups import follow_up_after
from aiprobe.core.kind import FALLBACK_SUFFIX
from aiprobe.core.lost import judged_by_history
from aiprobe.core.model import Attempt, Finished, Objectives, Result, Target
from aiprobe.core.money import bound_usd, charged_usd
from aiprobe.core.outcomes import NEEDS_EGRESS_CHECK, Outcome, Verdict
from aiprobe.core.redacted import redacted
from aiprobe.core.spread import stable_fraction
from aiprobe.core.tracked import Tracked, carried, concluded
from aiprobe.core.verdicts import proves_egress

log = logging.getLogger(__name__)

HTTP_TOO_MANY_REQUESTS: Final = 429
BACKOFF_CAP_SECONDS: Final = 300.0
"""`Retry-After` is honoured for the greater of this and the interval at most."""
SUPERVISION_SLACK_SECONDS: Final = 10.0
"""How far past its total time-out a probe may run before it counts as a bug of ours."""

RunOnce = Callable[[], Awaitable[Result]]


class Purse(Protocol):
    """Lends money for probes; remembers it."""

    async def reserve(self, usd: float, *, follow_up: bool = False) -> bool:
        """Set `usd` aside; False when the budget, or its share for follow-ups, does not allow it."""

    def settle(self, reserved_usd: float, cost_usd: float, *, follow_up: bool = False) -> None:
        """Replace a reservation by what the probe did cost."""


class Listener(Protocol):
    """A room that keeps something of every finished probe. The call is quick and does not raise."""

    def finished(self, finished: Finished) -> None:
        """Take one finished probe."""


class Meter(Protocol):
    """Counts what the scheduler itself does."""

    def skipped(self, target: str, reason: str) -> None:
        """Count a probe that did not start: one of `metrics.catalogue.SKIP_REASONS`."""

    def probes_in_flight(self, count: int) -> None:
        """Take the number of probes under way."""

    def observe_scheduler_lag(self, seconds: float) -> None:
        """Take how late a scheduled probe started."""


class Egress(Protocol):
    """Checks our own way out."""

    async def is_down(self, target: Target) -> bool:
        """Return whether the way out to `target` fails now, by a check that begins after this call."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A probe that was asked for and did not start."""

    reason: str


@dataclass(slots=True)
class _Runner:
    """What probes one target."""

    target: Target
    run: RunOnce
    record: Tracked
    bound_usd: float
    """The most that one probe may cost."""
    fallback: "_Runner | None" = None
    """Made when the money is gone for the first time."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None


class Scheduler:
    """Probes targets on time, from `start` until it is closed."""

    def __init__(
        self,
        *,
        clock: Clock,
        tracked: dict[str, Tracked],
        prepare_probe: Callable[[Target], RunOnce],
        purse: Purse,
        egress: Egress,
        redact: Callable[[str], str],
        listeners: Sequence[Listener],
        meter: Meter,
    ) -> None:
        """`tracked` has the record of each target by name; only the scheduler writes it.

        `redact` goes over the texts of a result before anything else gets it; then each of `listeners`, in their order.
        """
        self._clock = clock
        self._tracked = tracked
        self._prepare_probe = prepare_probe
        self._purse = purse
        self._egress = egress
        self._redact = redact
        self._listeners = tuple(listeners)
        self._meter = meter
        self._runners: dict[str, _Runner] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._is_started = False
        self._in_flight = 0
        self._last_public_answer_at = float("-inf")
        """When a target that is reached over the Internet last answered in full: proof that packets pass."""

    def prepare(self, targets: Sequence[Target]) -> Callable[[], None]:
        """Build what probes exactly these targets, and return what puts it to work.

        A target that is unchanged goes on undisturbed; one that changed or went is stopped.

        Raises:
            ValueError: a target cannot be probed as configured. Nothing was changed.
        """
        fresh = {target.name: self._runner(target) for target in targets if not self._is_running(target)}
        names = [target.name for target in targets]
        return lambda: self._commit(names, fresh)

    def resume(self, results: Sequence[Finished]) -> Sequence[Finished]:
        """Go on from the last results of the run before, oldest first; return them with the states that they led to.

        Call it before `start`. No listener takes them.
        """
        wall, now = self._clock.wall(), self._clock.monotonic()
        resumed = []
        for finished in results:
            record, result = self._tracked.get(finished.target.name), finished.result
            if record is None or result.outcome is Outcome.CANCELLED:
                continue
            started = now - max(0.0, wall - result.started_timestamp_seconds)
            judged = record.judged(finished, started=started, epoch=wall - now)
            ended = result.started_timestamp_seconds + result.duration_seconds
            record.note(judged, now - max(0.0, wall - ended))
            resumed.append(judged)
        return resumed

    def start(self) -> None:
        """Begin to probe."""
        self._is_started = True
        for runner in self._runners.values():
            self._begin(runner)

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Stop every probe; what is under way ends as `cancelled` within `timeout_seconds`."""
        self._is_started = False
        self._stop(self._runners.values())
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.gather(*self._stopping, return_exceptions=True)
        except TimeoutError:
            log.warning("some probes did not stop in time")
        self._runners.clear()

    async def probe_now(self, name: str) -> Finished | Skipped:
        """Return the target's result of this interval, probing now if there is none yet. Raises KeyError.

        Two calls within an interval share one result, so asking twice never costs twice.
        """
        runner = self._runners[name]
        async with runner.lock:
            record = runner.record
            fresh = self._clock.monotonic() - record.ended_at < runner.target.interval_seconds
            if record.last is not None and fresh:
                return record.last
            return await self._attempt(runner, Attempt.SCHEDULED)

    def _is_running(self, target: Target) -> bool:
        runner = self._runners.get(target.name)
        return runner is not None and runner.target == target

    def _runner(self, target: Target) -> _Runner:
        if fallback := _fallback_of(target):
            self._prepare_probe(fallback)  # what cannot be prepared is refused now
        return _Runner(target, self._prepare_probe(target), Tracked(target), bound_usd(target) or 0.0)

    def _commit(self, names: Sequence[str], fresh: Mapping[str, _Runner]) -> None:
        """Probe exactly the targets `names`: by a runner of `fresh`, or by the one that runs already."""
        before, running = dict(self._tracked), self._runners
        self._runners = {name: fresh.get(name) or running[name] for name in names}
        self._stop(runner for name, runner in running.items() if self._runners.get(name) is not runner)
        for runner in fresh.values():
            runner.record = carried(before, runner.target) or runner.record
            runner.record.has_answered &= runner.record.target.wiring == runner.target.wiring
            runner.record.follow(runner.target)
        self._tracked.clear()
        self._tracked |= {name: runner.record for name, runner in self._runners.items()}
        for fallback in (_fallback_of(runner.target) for runner in self._runners.values()):
            if fallback and (record := carried(before, fallback)):
                record.follow(fallback)
                self._tracked[fallback.name] = record
        if self._is_started:
            for runner in fresh.values():
                self._begin(runner)

    def _fallback(self, runner: _Runner) -> _Runner | None:
        """Return what is probed when there is no money for this target, if anything can be."""
        if runner.fallback is None and (target := _fallback_of(runner.target)):
            record = carried(self._tracked, target) or Tracked(target, is_fallback=True)
            self._tracked[target.name] = record
            runner.fallback = _Runner(target, self._prepare_probe(target), record, bound_usd=0.0)
        return runner.fallback

    def _begin(self, runner: _Runner) -> None:
        runner.task = asyncio.create_task(self._keep_probing(runner), name=f"target:{runner.target.name}")

    def _stop(self, runners: Iterable[_Runner]) -> None:
        for runner in runners:
            task, runner.task = runner.task, None  # a cancelled task holds its frame, and that its runner: a cycle
            if task is not None:
                task.cancel()
                self._stopping.add(task)
                task.add_done_callback(self._stopping.discard)

    async def _keep_probing(self, runner: _Runner) -> None:
        """Probe one target at its fixed rate; slots that a slow probe ran over are left out, never made up for.

        One that a follow-up ran into begins when that has ended: leaving it out would take events from the SLO only
        while the target fails. The first slot is set by the wall clock, so a restart moves none: a daily probe survives
        a daily restart, and a crash loop does not probe more often.
        """
        target = runner.target
        interval = target.interval_seconds
        phase = interval * stable_fraction(target.name, target.vantage)
        due = self._clock.monotonic() + (phase - self._clock.wall()) % interval
        pushed = False  # by a follow-up of this target, not by our own clockwork
        while True:
            if not pushed:
                await self._clock.sleep(due - self._clock.monotonic())
                self._meter.observe_scheduler_lag(max(0.0, self._clock.monotonic() - due))
            try:
                pushed |= await self._slot(runner, due + interval)
            except Exception:
                # Without this the target would never be probed again; the bug is loud and the next slot comes.
                log.exception("a bug in the scheduler", extra={"target": target.name})
            late = self._clock.monotonic() - (due + interval)
            pushed = pushed and 0 <= late < interval
            due += interval if pushed else interval * (max(0.0, late + interval) // interval + 1)

    async def _slot(self, runner: _Runner, next_due: float) -> bool:
        """Use one slot of the schedule: an attempt, and its follow-ups. Return whether a follow-up came last."""
        target, clock = runner.target, self._clock
        base, began, followed = clock.monotonic(), 0.0, False
        place = stable_fraction(target.vantage, target.name)
        finished = await self._alone(runner, Attempt.SCHEDULED)
        while isinstance(finished, Finished) and _wants_follow_up(runner.record, finished, followed=followed):
            ended, due = clock.monotonic() - base, next_due - base
            after = follow_up_after(target.interval_seconds, place, began=began, ended=ended, due=due)
            if after is None:
                break
            await clock.sleep(after - ended)
            began = after
            finished = await self._alone(runner, Attempt.CONFIRM)
            followed = isinstance(finished, Finished)
        return followed

    async def _alone(self, runner: _Runner, attempt: Attempt) -> Finished | Skipped:
        async with runner.lock:
            return await self._attempt(runner, attempt)

    async def _attempt(self, runner: _Runner, attempt: Attempt) -> Finished | Skipped:
        """Make one attempt, unless the provider asked for patience or the money is gone."""
        if self._clock.monotonic() < runner.record.backoff_until:
            return self._skip(runner, "backoff")
        bound, follow_up = runner.bound_usd, attempt is Attempt.CONFIRM
        if not await self._purse.reserve(bound, follow_up=follow_up):
            if follow_up:
                return self._skip(runner, "follow_ups")
            fallback = self._fallback(runner)
            if fallback is not None:
                await self._probe(fallback, attempt)
            return self._skip(runner, "budget")
        spent = bound
        try:
            finished = await self._probe(runner, attempt)
            spent = charged_usd(finished.result, bound)
        finally:
            self._purse.settle(bound, spent, follow_up=follow_up)
        return finished

    def _skip(self, runner: _Runner, reason: str) -> Skipped:
        self._meter.skipped(runner.target.name, reason)
        if runner.record.skipped != reason:
            log.warning("not probed", extra={"target": runner.target.name, "reason": reason})
        runner.record.skipped = reason
        return Skipped(reason)

    async def _probe(self, runner: _Runner, attempt: Attempt) -> Finished:
        self._change_in_flight(+1)
        started = self._clock.monotonic()
        try:
            result = await self._supervised(runner)
        except asyncio.CancelledError:
            result = self._broken_off(Outcome.CANCELLED, "stopped while under way", started)
            self._conclude(runner, attempt, result, started=started, egress_down=False)
            raise
        finally:
            self._change_in_flight(-1)
        egress_down = await self._blame_egress(runner.target, result)
        return self._conclude(runner, attempt, result, started=started, egress_down=egress_down)

    async def _supervised(self, runner: _Runner) -> Result:
        """Run the probe; a bug in it becomes an outcome of its own, logged with its traceback."""
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(runner.target.timeouts.total + SUPERVISION_SLACK_SECONDS):
                return await runner.run()
        except Exception as bug:
            # A bug in one kind of probe must not stop the schedule of its target.
            log.exception("a bug in a probe", extra={"target": runner.target.name})
            detail = f"a bug in aiprobe: {type(bug).__name__}; the log has its traceback"
            return self._broken_off(Outcome.INTERNAL_ERROR, detail, started)

    def _broken_off(self, outcome: Outcome, detail: str, started: float) -> Result:
        """Return the result of a probe that began at `started`, on the monotonic clock, and returned none itself."""
        seconds = self._clock.monotonic() - started
        began = self._clock.wall() - seconds
        return Result(outcome=outcome, detail=detail, started_timestamp_seconds=began, duration_seconds=seconds)

    async def _blame_egress(self, target: Target, result: Result) -> bool:
        """Return whether a network failure is our own: every check fails, and nobody on the Internet answered since."""
        now = self._clock.monotonic()
        if proves_egress(target, result):
            self._last_public_answer_at = now
        if not target.provider.egress or result.outcome not in NEEDS_EGRESS_CHECK:
            return False
        return await self._egress.is_down(target) and self._last_public_answer_at <= now

    def _conclude(
        self, runner: _Runner, attempt: Attempt, result: Result, *, started: float, egress_down: bool
    ) -> Finished:
        """Make a finished probe of a result, and hand it to the listeners."""
        target, record = runner.target, runner.record
        judged = judged_by_history(result, has_answered=record.has_answered)
        clean = redacted(judged, self._redact)
        now = self._clock.monotonic()
        alone = concluded(target, clean, attempt=attempt, egress_down=egress_down)
        finished = record.judged(
            alone,
            started=started,
            epoch=self._clock.wall() - now,
            others=self._others(record) if alone.verdict is Verdict.BAD else 0.0,  # it looks at every target
        )
        if result.http_status == HTTP_TOO_MANY_REQUESTS and result.retry_after_seconds is not None:
            patience = min(result.retry_after_seconds, max(target.interval_seconds, BACKOFF_CAP_SECONDS))
            record.backoff_until = now + patience
        if self._tracked.get(target.name) is record:  # else a reload took the target away while it was probed
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
                # A bug in one room must not keep the result from the others, nor end the schedule of its target.
                log.exception("a bug in a listener", extra={"target": finished.target.name})

    def _change_in_flight(self, change: int) -> None:
        self._in_flight += change
        self._meter.probes_in_flight(self._in_flight)


def _wants_follow_up(record: Tracked, finished: Finished, *, followed: bool) -> bool:
    """Return whether an attempt is followed up: not after a 429, nor after what says nothing about the service."""
    if finished.verdict is Verdict.EXCLUDED or finished.result.http_status == HTTP_TOO_MANY_REQUESTS:
        return False
    match record.target.follow_ups:
        case "adaptive":
            return record.state.in_doubt
        case "once":
            return not followed and record.state.consecutive_failures == 1
        case "never":
            return False


def _fallback_of(target: Target) -> Target | None:
    """Return the free probe that runs when the budget has nothing left for `target`, or None where there is none."""
    if target.kind.fallback is None:
        return None
    name, nothing = target.name + FALLBACK_SUFFIX, Objectives(availability=None)
    return replace(target, name=name, kind=target.kind.fallback, objectives=nothing)
