"""When targets are probed: at a fixed rate each, spread over the interval, confirmed once, within budget, supervised.

Every target has a task of its own, so one that hangs or crashes delays nobody. What a probe is, how money is
remembered and who is told of a result come in through the interfaces below.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from aiprobe.core.clock import Clock
from aiprobe.core.model import Attempt, Finished, Objectives, Result, Target
from aiprobe.core.money import bound_usd
from aiprobe.core.outcomes import NEEDS_EGRESS_CHECK, Outcome, Verdict, availability_verdict
from aiprobe.core.state import TargetState
from aiprobe.core.verdicts import is_poor, proves_egress, slo_verdicts

log = logging.getLogger(__name__)

CONFIRM_AFTER_SECONDS: Final = 3.0
BACKOFF_CAP_SECONDS: Final = 300.0
"""`Retry-After` is honoured for the greater of this and the interval at the most."""
SUPERVISION_SLACK_SECONDS: Final = 10.0
"""How far past its total time-out a probe may run before it counts as a bug of ours."""
FALLBACK_PROBE: Final = "models"
FALLBACK_SUFFIX: Final = ":models"

RunOnce = Callable[[], Awaitable[Result]]


class Purse(Protocol):
    """Lends money for probes; remembers it."""

    async def reserve(self, usd: float) -> bool:
        """Set `usd` aside; False when the budget does not allow it."""

    def settle(self, reserved_usd: float, cost_usd: float) -> None:
        """Replace a reservation by what the probe did cost."""


class Listener(Protocol):
    """Is told what happened. Every call is quick and does not raise."""

    def finished(self, finished: Finished) -> None:
        """Take one finished probe."""

    def skipped(self, target: Target, reason: str) -> None:
        """Take a probe that did not start: budget or backoff."""

    def in_flight(self, count: int) -> None:
        """Take the number of probes under way."""

    def lag(self, seconds: float) -> None:
        """Take how late a scheduled probe started."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A probe that was asked for and did not start."""

    reason: str


@dataclass(slots=True)
class _Entry:
    """One target and what is remembered of it between two probes."""

    target: Target
    run: RunOnce
    fallback: "_Entry | None" = None
    """Made when the money is gone for the first time."""
    state: TargetState = field(default_factory=TargetState)
    last: Finished | None = None
    last_ended_at: float = float("-inf")
    backoff_until: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: asyncio.Task[None] | None = None


def stable_fraction(*parts: str) -> float:
    """Return a number in [0, 1) that depends on `parts` alone: the same on every machine and after every restart."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def in_shard(target: Target, index: int, count: int) -> bool:
    """Tell whether shard `index` (from 0) of `count` owns `target`; what is judged together is probed together."""
    return int(stable_fraction(target.provider.name, target.surface) * count) == index


class Scheduler:
    """Probes targets on time until it is closed."""

    def __init__(
        self,
        *,
        clock: Clock,
        prepare: Callable[[Target], RunOnce],
        purse: Purse,
        listener: Listener,
        egress_is_down: Callable[[Target], Awaitable[bool]],
        redact: Callable[[Result], Result],
    ) -> None:
        self._clock = clock
        self._prepare = prepare
        self._purse = purse
        self._listener = listener
        self._egress_is_down = egress_is_down
        self.redact = redact
        self._entries: dict[str, _Entry] = {}
        self.states: Mapping[str, TargetState] = {}
        """The state of each target by name."""
        self._in_flight = 0
        self._last_public_answer_at = float("-inf")
        """When a target that is reached over the Internet last answered in full: proof that packets pass."""

    async def set_targets(self, targets: Sequence[Target]) -> None:
        """Probe exactly these from now on. What is unchanged goes on undisturbed; what changed or went is stopped.

        Raises ValueError before anything is touched if a target cannot be prepared.
        """
        wanted = {target.name: target for target in targets}
        fresh = {name: self._entry(target) for name, target in wanted.items() if not self._is_running(target)}
        gone = [name for name in self._entries if name in fresh or name not in wanted]
        await self._stop([self._entries.pop(name) for name in gone])
        for name, entry in fresh.items():
            self._entries[name] = entry
            entry.task = asyncio.create_task(self._keep_probing(entry), name=f"target:{name}")
        self.states = {name: entry.state for name, entry in self._entries.items()}

    async def close(self, timeout_seconds: float = 5.0) -> None:
        """Stop every probe; what is under way ends as `cancelled` within `timeout_seconds`."""
        entries = list(self._entries.values())
        self._entries.clear()
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._stop(entries)
        except TimeoutError:
            log.warning("some probes did not stop in time")

    async def probe_now(self, name: str) -> Finished | Skipped:
        """Return the target's result of this interval, probing now if there is none yet. Raises KeyError.

        Two calls within an interval share one result, so asking twice never costs twice.
        """
        entry = self._entries[name]
        async with entry.lock:
            fresh = self._clock.monotonic() - entry.last_ended_at < entry.target.interval_seconds
            if entry.last is not None and fresh:
                return entry.last
            return await self._attempt(entry, Attempt.SCHEDULED)

    def _is_running(self, target: Target) -> bool:
        entry = self._entries.get(target.name)
        return entry is not None and entry.target == target

    def _entry(self, target: Target) -> _Entry:
        if target.probe == "chat":
            self._prepare(_stand_in(target))  # what cannot be prepared is said now
        return _Entry(target, self._prepare(target))

    def _fallback(self, entry: _Entry) -> _Entry | None:
        """Return what is probed when there is no money for this target, if anything can be."""
        if entry.fallback is None and entry.target.probe == "chat":
            stand_in = _stand_in(entry.target)
            entry.fallback = _Entry(stand_in, self._prepare(stand_in))
        return entry.fallback

    async def _stop(self, entries: Sequence[_Entry]) -> None:
        tasks = [entry.task for entry in entries if entry.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_probing(self, entry: _Entry) -> None:
        """Probe one target at its fixed rate; slots that a slow probe ran over are left out, never made up for.

        The first slot is set by the wall clock, so a restart moves none: a daily probe survives a daily restart, and
        a crash loop does not probe more often.
        """
        target = entry.target
        interval = target.interval_seconds
        phase = interval * stable_fraction(target.name, target.vantage)
        due = self._clock.monotonic() + (phase - self._clock.wall()) % interval
        while True:
            await self._clock.sleep(due - self._clock.monotonic())
            self._listener.lag(max(0.0, self._clock.monotonic() - due))
            try:
                await self._slot(entry, due + interval)
            except Exception:
                # Without this the target would never be probed again; the bug is loud and the next slot comes.
                log.exception("a bug in the scheduler", extra={"target": target.name})
            missed = max(0.0, self._clock.monotonic() - due) // interval
            due += interval * (missed + 1)

    async def _slot(self, entry: _Entry, next_due: float) -> None:
        """Use one slot of the schedule: a probe, and its confirmation where there is room for it."""
        async with entry.lock:
            healthy_before = entry.state.last_was_good
            finished = await self._attempt(entry, Attempt.SCHEDULED)
            if isinstance(finished, Skipped):
                return
            worth_it = entry.target.confirm and healthy_before and finished.verdict is Verdict.BAD
            latest_end = self._clock.monotonic() + CONFIRM_AFTER_SECONDS + entry.target.timeouts.total
            if not worth_it or latest_end > next_due:
                return
            await self._clock.sleep(CONFIRM_AFTER_SECONDS)
            await self._attempt(entry, Attempt.CONFIRM)

    async def _attempt(self, entry: _Entry, attempt: Attempt) -> Finished | Skipped:
        """Make one attempt, unless the provider asked for patience or the money is gone."""
        if self._clock.monotonic() < entry.backoff_until:
            return self._skip(entry, "backoff")
        bound = bound_usd(entry.target) or 0.0
        if not await self._purse.reserve(bound):
            fallback = self._fallback(entry)
            if fallback is not None:
                await self._probe(fallback, attempt)
            return self._skip(entry, "budget")
        spent = bound
        try:
            finished = await self._probe(entry, attempt)
            spent = _charge(finished.result, bound)
        finally:
            self._purse.settle(bound, spent)
        return finished

    def _skip(self, entry: _Entry, reason: str) -> Skipped:
        self._listener.skipped(entry.target, reason)
        return Skipped(reason)

    async def _probe(self, entry: _Entry, attempt: Attempt) -> Finished:
        self._change_in_flight(+1)
        started = self._clock.monotonic()
        try:
            result = await self._supervised(entry)
        except asyncio.CancelledError:
            result = Result(
                outcome=Outcome.CANCELLED,
                detail="stopped while under way",
                started_timestamp_seconds=self._clock.wall() - (self._clock.monotonic() - started),
                duration_seconds=self._clock.monotonic() - started,
            )
            self._conclude(entry, attempt, result, egress_down=False)
            raise
        finally:
            self._change_in_flight(-1)
        egress_down = await self._blame_egress(entry.target, result)
        return self._conclude(entry, attempt, result, egress_down=egress_down)

    async def _supervised(self, entry: _Entry) -> Result:
        """Run the probe; a bug in it becomes an outcome of its own, logged with its traceback."""
        started = self._clock.monotonic()
        try:
            async with asyncio.timeout(entry.target.timeouts.total + SUPERVISION_SLACK_SECONDS):
                return await entry.run()
        except Exception as bug:
            # A bug in one kind of probe must not stop the schedule of its target.
            log.exception("a bug in a probe", extra={"target": entry.target.name})
            return Result(
                outcome=Outcome.INTERNAL_ERROR,
                detail=f"a bug in aiprobe: {type(bug).__name__}; the log has its traceback",
                started_timestamp_seconds=self._clock.wall() - (self._clock.monotonic() - started),
                duration_seconds=self._clock.monotonic() - started,
            )

    async def _blame_egress(self, target: Target, result: Result) -> bool:
        """Tell whether a network failure is our own: every check fails, and nobody on the Internet answered since."""
        now = self._clock.monotonic()
        if proves_egress(target, result):
            self._last_public_answer_at = now
        if not target.provider.egress or result.outcome not in NEEDS_EGRESS_CHECK:
            return False
        return await self._egress_is_down(target) and self._last_public_answer_at <= now

    def _conclude(self, entry: _Entry, attempt: Attempt, result: Result, *, egress_down: bool) -> Finished:
        """Draw the verdicts, remember what the next probe needs, tell the listener."""
        target = entry.target
        verdict = availability_verdict(
            result.outcome, egress_down=egress_down, count_rate_limits=target.count_rate_limits
        )
        verdicts = slo_verdicts(target.objectives, result, verdict)
        now = self._clock.monotonic()
        if result.outcome is not Outcome.CANCELLED:
            entry.state.record(verdict, poor=verdict is Verdict.GOOD and is_poor(result.outcome, verdicts))
            entry.last_ended_at = now
        if result.http_status == 429 and result.retry_after_seconds is not None:
            patience = min(result.retry_after_seconds, max(target.interval_seconds, BACKOFF_CAP_SECONDS))
            entry.backoff_until = now + patience
        scheduled = attempt is Attempt.SCHEDULED
        finished = Finished(
            target=target,
            result=self.redact(result),
            attempt=attempt,
            verdict=verdict,
            slo_verdicts=verdicts if scheduled else {},
            egress_down=egress_down,
            consecutive_failures=entry.state.consecutive_failures,
            state=entry.state.state,
        )
        if result.outcome is not Outcome.CANCELLED:
            entry.last = finished
        self._listener.finished(finished)
        return finished

    def _change_in_flight(self, change: int) -> None:
        self._in_flight += change
        self._listener.in_flight(self._in_flight)


def _stand_in(target: Target) -> Target:
    """Return the free probe that takes the place of a dear one."""
    name, nothing = target.name + FALLBACK_SUFFIX, Objectives(availability=None)
    return replace(target, name=name, probe=FALLBACK_PROBE, objectives=nothing)


def _charge(result: Result, bound: float) -> float:
    """Return what to book for a probe: the bill where one came, nothing where nothing was served, else the bound."""
    told = result.input_tokens is not None and result.output_tokens is not None
    if told and result.cost_usd is not None:
        return result.cost_usd
    never_asked = result.http_status is None and "send" not in result.phases and "first_byte" not in result.phases
    refused = result.http_status is not None and result.http_status >= 300
    if result.outcome is Outcome.CANCELLED:
        return bound
    return 0.0 if never_asked or refused else bound
