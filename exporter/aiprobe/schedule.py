"""Schedules probes: at a fixed rate per target, spread over the interval, with follow-ups in doubt.

Every target has its own task, so one that hangs or crashes delays no other. `attempt.py` makes the attempts.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from aiprobe.attempt import HTTP_TOO_MANY_REQUESTS, NO_MONEY, Attempts, Meter, Runner, RunOnce, Skipped
from aiprobe.core.clock import Clock
from aiprobe.core.followups import follow_up_after
from aiprobe.core.kind import FALLBACK_SUFFIX
from aiprobe.core.model import Attempt, Finished, Objectives, Target
from aiprobe.core.money import bound_usd
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.spread import stable_fraction
from aiprobe.core.tracked import Tracked, carried

log = logging.getLogger(__name__)


class Scheduler:
    """Probes targets on schedule, from `start` until it is closed."""

    def __init__(
        self,
        *,
        clock: Clock,
        tracked: dict[str, Tracked],
        prepare_probe: Callable[[Target], RunOnce],
        attempts: Attempts,
        meter: Meter,
    ) -> None:
        """`tracked` has the record of each target by name; only the scheduler writes it."""
        self._clock = clock
        self._tracked = tracked
        self._prepare_probe = prepare_probe
        self._attempts = attempts
        self._meter = meter
        self._runners: dict[str, Runner] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._is_started = False

    def prepare(self, targets: Sequence[Target]) -> Callable[[], None]:
        """Build the runners of these targets, and return the function that applies them.

        Unchanged targets continue undisturbed; changed and removed ones are stopped.

        Raises:
            ValueError: a target cannot be probed as configured. Nothing was changed.
        """
        fresh = {target.name: self._runner(target) for target in targets if not self._is_running(target)}
        names = [target.name for target in targets]
        return lambda: self._commit(names, fresh)

    def resume(self, results: Sequence[Finished]) -> Sequence[Finished]:
        """Restore the records from the last results of the previous run, oldest first; return these with their states.

        Call it before `start`. Listeners do not get these results.
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
        """Start probing."""
        self._is_started = True
        for runner in self._runners.values():
            self._begin(runner)

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Stop every probe; running ones end as `cancelled` within `timeout_seconds`."""
        self._is_started = False
        self._stop(self._runners.values())
        try:
            async with asyncio.timeout(timeout_seconds):
                await asyncio.gather(*self._stopping, return_exceptions=True)
        except TimeoutError:
            log.warning("some probes did not stop in time")
        self._runners.clear()

    async def probe_now(self, name: str) -> Finished | Skipped:
        """Return the target's result of this interval; probe now if there is none yet. Raises KeyError.

        Two calls within an interval share one result and its cost.
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

    def _runner(self, target: Target) -> Runner:
        if fallback := _fallback_of(target):
            self._prepare_probe(fallback)  # raises now if it cannot be prepared
        return Runner(target, self._prepare_probe(target), Tracked(target), bound_usd(target) or 0.0)

    def _commit(self, names: Sequence[str], fresh: Mapping[str, Runner]) -> None:
        """Probe exactly the targets `names`, each with its runner in `fresh` or the one that already runs."""
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

    def _fallback(self, runner: Runner) -> Runner | None:
        """Return the runner of the free fallback for this target, if its kind has one."""
        if runner.fallback is None and (target := _fallback_of(runner.target)):
            record = carried(self._tracked, target) or Tracked(target, is_fallback=True)
            self._tracked[target.name] = record
            runner.fallback = Runner(target, self._prepare_probe(target), record, bound_usd=0.0)
        return runner.fallback

    def _begin(self, runner: Runner) -> None:
        runner.task = asyncio.create_task(self._keep_probing(runner), name=f"target:{runner.target.name}")

    def _stop(self, runners: Iterable[Runner]) -> None:
        for runner in runners:
            task, runner.task = runner.task, None  # breaks the cycle of runner, task and frame
            if task is not None:
                task.cancel()
                self._stopping.add(task)
                task.add_done_callback(self._stopping.discard)

    async def _keep_probing(self, runner: Runner) -> None:
        """Probe one target at its fixed rate.

        - A slot that a slow probe overlaps is skipped, and not made up later.
        - A slot that a follow-up overlaps begins after the follow-up. Skipping it would remove events from the SLO only
          while the target fails.
        - The first slot follows the wall clock, so a restart does not move the slots: a daily probe survives a daily
          restart, and a crash loop does not probe more often.
        """
        target = runner.target
        interval = target.interval_seconds
        phase = interval * stable_fraction(target.name, target.vantage)
        due = self._clock.monotonic() + (phase - self._clock.wall()) % interval
        pushed = False  # delayed by a follow-up of this target, not by our own event loop
        while True:
            if not pushed:
                await self._clock.sleep(due - self._clock.monotonic())
                self._meter.observe_scheduler_lag(max(0.0, self._clock.monotonic() - due))
            try:
                pushed |= await self._slot(runner, due + interval)
            except Exception:
                # Without this the target would never be probed again. The bug is logged; the next slot is used.
                log.exception("a bug in the scheduler", extra={"target": target.name})
            late = self._clock.monotonic() - (due + interval)
            pushed = pushed and 0 <= late < interval
            due += interval if pushed else interval * (max(0.0, late + interval) // interval + 1)

    async def _slot(self, runner: Runner, next_due: float) -> bool:
        """Use one slot of the schedule: an attempt and its follow-ups. Return whether the last one was a follow-up."""
        target, clock = runner.target, self._clock
        base, began, followed = clock.monotonic(), 0.0, False
        place = stable_fraction(target.vantage, target.name)
        finished = await self._alone(runner, Attempt.SCHEDULED)
        while isinstance(finished, Finished) and _needs_follow_up(runner.record, finished, followed=followed):
            ended, due = clock.monotonic() - base, next_due - base
            after = follow_up_after(target.interval_seconds, place, began=began, ended=ended, due=due)
            if after is None:
                break
            await clock.sleep(after - ended)
            began = after
            finished = await self._alone(runner, Attempt.CONFIRM)
            followed = isinstance(finished, Finished)
        return followed

    async def _alone(self, runner: Runner, attempt: Attempt) -> Finished | Skipped:
        async with runner.lock:
            return await self._attempt(runner, attempt)

    async def _attempt(self, runner: Runner, attempt: Attempt) -> Finished | Skipped:
        """Make one attempt; if the budget does not allow it, run the target's free fallback, if there is one."""
        finished = await self._attempts.make(runner, attempt)
        if isinstance(finished, Skipped) and finished.reason == NO_MONEY and (fallback := self._fallback(runner)):
            await self._attempts.probe(fallback, attempt)
        return finished


def _needs_follow_up(record: Tracked, finished: Finished, *, followed: bool) -> bool:
    """Return whether an attempt needs a follow-up: never after a 429 or an excluded verdict."""
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
    """Return the free probe that runs for `target` while the budget is exhausted, or None if its kind has none."""
    if target.kind.fallback is None:
        return None
    name, nothing = target.name + FALLBACK_SUFFIX, Objectives(availability=None)
    return replace(target, name=name, kind=target.kind.fallback, objectives=nothing)
