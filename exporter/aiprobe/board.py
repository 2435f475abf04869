"""What is known right now: takes every finished probe to the metrics, the history and the log, and answers the pages.

It decides nothing: verdicts and states come in with each finished probe.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from typing import Any, Final

from aiprobe import __version__
from aiprobe.core.clock import Clock
from aiprobe.core.model import Finished, Target
from aiprobe.core.money import utc_day
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.state import SILENT_AFTER_INTERVALS, State, TargetState, surface_state
from aiprobe.core.verdicts import proves_egress
from aiprobe.declared import Declared
from aiprobe.journal.incidents import append_incidents
from aiprobe.journal.journal import CLOSE_SECONDS, Journal
from aiprobe.journal.spend import SpendKeeper
from aiprobe.metrics.exposition import Exposition
from aiprobe.metrics.openmetrics import Format
from aiprobe.metrics.recorder import Recorder
from aiprobe.schedule import FALLBACK_SUFFIX
from aiprobe.standing import StandingKeeper
from aiprobe.web.history import History
from aiprobe.web.ports import IncidentRow, PageRow, ResultRow, Summary, TargetRow, result_row

log = logging.getLogger(__name__)

CONTRADICTED_SECONDS: Final = 900.0
"""How long an answer out of the Internet stands against egress checks that all fail."""
STATES_EVERY_SECONDS: Final = 1.0
"""How often the states of surfaces are summed up over all targets."""


@dataclass(slots=True)
class _Seen:
    """What the board remembers of one target."""

    ended_at: float
    """Monotonic seconds of the last run's end."""
    skipped: str = ""
    spent_day: int = 0
    spent_usd: float = 0.0
    cost_known: bool = True


class Blackboard:
    """Listens to the scheduler and is read by the web pages."""

    def __init__(
        self, *, recorder: Recorder, spend: SpendKeeper, journal: Journal, clock: Clock, warnings: Sequence[str] = ()
    ) -> None:
        self.warnings = warnings
        self.reload_ok = True
        self.states: Callable[[], Mapping[str, TargetState]] = dict
        self._recorder = recorder
        self._spend = spend
        self._clock = clock
        self._history = History()
        self._targets: dict[str, Target] = {}
        self._stand_ins: dict[str, Target] = {}
        self._seen: dict[str, _Seen] = {}
        self._states_told_at = float("-inf")
        self._egress: Mapping[str, bool] = {}
        self._contradicted_at = float("-inf")
        """When a target on the Internet last answered while no egress check did."""
        self._goes_directly = False
        """Whether a target on the Internet is reached without a proxy: the checks told of go the same way then."""
        self._started = clock.wall()
        self.declared = Declared(recorder, clock=clock, write_down=self._write_incidents)
        self._writing: set[asyncio.Future[bool]] = set()
        self.standing = StandingKeeper(journal, recorder, clock=clock)

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Show these from now on and forget the others."""
        known = {target.identity for target in self._targets.values()}
        same = {target.name for target in targets if target.identity in known}
        self._targets = {target.name: target for target in targets}
        self._stand_ins = {name: one for name, one in self._stand_ins.items() if _base(name) in same}
        shown = {**self._targets, **self._stand_ins}
        self._recorder.set_targets(list(shown.values()))
        self._goes_directly = any(one.provider.egress and one.provider.proxy is None for one in targets)
        self.declared.keep(targets)
        self._history.keep_only(shown)
        self._seen = {name: seen for name, seen in self._seen.items() if name in shown}
        self.tick()

    async def close(self) -> None:
        """Write down what is under way, and wait until it stands on the disk."""
        await self.declared.close()
        if not self._writing:
            return
        _, hanging = await asyncio.wait(self._writing, timeout=CLOSE_SECONDS)
        if hanging:
            log.error("the journal's disk hangs: observed incidents are lost")

    def tick(self) -> None:
        """Sum up what moves with time as well as with results; called a few times a second."""
        now = self._clock.monotonic()
        if now - self._states_told_at >= STATES_EVERY_SECONDS:
            self._states_told_at = now
            self._tell_states()
        self._tell_money()
        self._recorder.egress_contradicted(contradicted=self._is_contradicted())
        self.declared.tick()
        self.standing.tick()

    def finished(self, finished: Finished) -> None:
        """Take one finished probe."""
        name = finished.target.name
        if name not in self._targets and not self._admit_stand_in(finished.target):
            return
        self._log(finished)
        self._recorder.record(finished)
        if finished.result.outcome is not Outcome.CANCELLED:
            self._note(finished)
            self._mind_egress(finished)
        self.declared.finished(finished)
        target = finished.target
        word = self.declared.declared_word(target.provider.name, target.surface)
        self.standing.finished(finished, declared_state=word)

    def skipped(self, target: Target, reason: str) -> None:
        """Take a probe that did not start."""
        self._recorder.skipped(target.name, reason)
        seen = self._seen.setdefault(target.name, _Seen(ended_at=float("-inf")))
        if seen.skipped != reason:
            log.warning("not probed", extra={"target": target.name, "reason": reason})
        seen.skipped = reason

    def in_flight(self, count: int) -> None:
        """Take the number of probes under way."""
        self._recorder.probes_in_flight(count)

    def lag(self, seconds: float) -> None:
        """Take how late a scheduled probe started."""
        self._recorder.observe_scheduler_lag(seconds)

    def egress(self, checks: Mapping[str, bool]) -> None:
        """Take the answers of one round of egress checks."""
        if checks != self._egress:
            level = logging.INFO if any(checks.values()) else logging.ERROR
            told = " ".join(f"{name}:{'up' if up else 'down'}" for name, up in checks.items())
            log.log(level, "egress changed", extra={"checks": told})
        self._egress = dict(checks)
        self._recorder.egress(checks)
        self.declared.egress(checks)

    def targets(self) -> Sequence[TargetRow]:
        """Return every target of this shard and how it stands."""
        return [self._row(target) for target in self._targets.values()]

    def results(self, target: str | None, limit: int) -> Sequence[ResultRow]:
        """Return at most `limit` results, newest first."""
        return [result_row(kept, redact=str) for kept in self._history.newest(target, limit)]

    def last(self, name: str) -> Finished | None:
        """Return the newest result of a target."""
        return self._history.last(name)

    def summary(self) -> Summary:
        """Return how the exporter itself stands."""
        self._spend.budget.turn(self._clock.wall())
        first = next(iter(self._targets.values()), None)
        return Summary(
            version=__version__,
            vantage=first.vantage if first else "",
            started_timestamp_seconds=self._started,
            budget_usd=self._spend.budget.usd_per_day,
            spent_usd=self._spend.budget.spent_usd,
            egress=self._egress,
            config_reload_ok=self.reload_ok,
            warnings=self.warnings,
        )

    def pages(self) -> Sequence[PageRow]:
        """Return the status pages of the configured providers."""
        return self.declared.rows()

    def incident_rows(self) -> Sequence[IncidentRow]:
        """Return the open incidents and the latest closed ones."""
        return self.declared.incident_rows()

    def incidents_json(self, limit: int) -> Mapping[str, Any]:
        """Return the document of `/api/v1/incidents`."""
        return self.declared.incidents_json(limit)

    def incidents_markdown(self, limit: int) -> str:
        """Return the same as Markdown."""
        return self.declared.incidents_markdown(limit)

    def _admit_stand_in(self, target: Target) -> bool:
        """Give the zero-cost stand-in of a target its series the first time that it is used."""
        known = self._stand_ins.get(target.name)
        if known is not None and known.identity == target.identity:
            return True
        if _base(target.name) not in self._targets:
            return False
        self._stand_ins[target.name] = target
        self._recorder.set_targets([*self._targets.values(), *self._stand_ins.values()])
        return True

    def _note(self, finished: Finished) -> None:
        self._history.add(finished)
        seen = self._seen.setdefault(finished.target.name, _Seen(ended_at=0.0))
        seen.ended_at = self._clock.monotonic()
        seen.skipped = ""
        today = utc_day(self._clock.wall())
        if seen.spent_day != today:
            seen.spent_day, seen.spent_usd, seen.cost_known = today, 0.0, True
        cost = finished.result.cost_usd
        billed = finished.result.output_tokens is not None
        seen.cost_known = seen.cost_known and (cost is not None or not billed)
        seen.spent_usd += cost or 0.0

    def _mind_egress(self, finished: Finished) -> None:
        """Remember an answer out of the Internet that came although no egress check does."""
        if not self._egress or any(self._egress.values()) or not proves_egress(finished.target, finished.result):
            return
        if self._goes_directly and finished.target.provider.proxy is not None:
            return
        if not self._is_contradicted():
            log.warning(
                "no egress check answers, and targets do: the checks prove nothing; configure other hosts",
                extra={"target": finished.target.name},
            )
        self._contradicted_at = self._clock.monotonic()

    def _is_contradicted(self) -> bool:
        if any(self._egress.values()):
            return False
        return self._clock.monotonic() - self._contradicted_at <= CONTRADICTED_SECONDS

    def _row(self, target: Target) -> TargetRow:
        last = self._history.last(target.name)
        seen = self._seen.get(target.name)
        state = self.states().get(target.name)
        quiet = self._clock.monotonic() - (seen.ended_at if seen else float("-inf"))
        today = seen is not None and seen.spent_day == utc_day(self._clock.wall())
        return TargetRow(
            name=target.name,
            display_name=target.display_name,
            provider=target.provider.name,
            provider_display_name=target.provider.display_name,
            surface=target.surface,
            model=target.model,
            provider_region=target.provider_region,
            probe=target.probe,
            vantage=target.vantage,
            interval_seconds=target.interval_seconds,
            state=state.state if state else None,
            silent=quiet > SILENT_AFTER_INTERVALS * target.interval_seconds,
            last=None if last is None else result_row(last, redact=str),
            consecutive_failures=state.consecutive_failures if state else 0,
            spent_today_usd=(seen.spent_usd if today else 0.0) if seen and seen.cost_known else None,
            skipped=seen.skipped if seen else "",
        )

    def _tell_states(self) -> None:
        """Sum up the targets of each surface; a silent target has no say."""
        states = self.states()
        surfaces: dict[tuple[str, str, str], list[State | None]] = {}
        now = self._clock.monotonic()
        for name, target in self._targets.items():
            seen, state = self._seen.get(name), states.get(name)
            if seen is None or state is None:
                continue
            quiet = now - seen.ended_at > SILENT_AFTER_INTERVALS * target.interval_seconds
            key = (target.provider.name, target.surface, target.provider_region)
            surfaces.setdefault(key, []).append(None if quiet else state.state)
        summed = {key: surface_state(members) for key, members in surfaces.items()}
        self._recorder.surface_states({key: int(state) for key, state in summed.items() if state is not None})

    def _tell_money(self) -> None:
        budget = self._spend.budget
        self._recorder.budget(usd_per_day=budget.usd_per_day, spent_usd=budget.spent_usd)
        self._tell_journal()

    def _write_incidents(self, incidents: Sequence[Mapping[str, Any]]) -> None:
        """Keep ended incidents beside the journal, in a thread of their own: a disk that hangs holds up no stop."""
        written: Future[bool] = Future()

        def write() -> None:
            try:
                written.set_result(append_incidents(self.standing.journal.directory, incidents))
            except Exception as bug:  # noqa: BLE001 - it belongs to whoever waits
                written.set_exception(bug)

        Thread(target=write, name="incidents", daemon=True).start()
        writing = asyncio.wrap_future(written)
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)

    def _tell_journal(self) -> None:
        journal = self.standing.journal
        if not journal.is_open:
            return
        self._recorder.journal("up", float(self._spend.ok and journal.up))
        self._recorder.journal("errors_total", float(self._spend.errors + journal.errors))
        self._recorder.journal("dropped_total", float(journal.dropped))
        self._recorder.journal("size_bytes", float(journal.bytes_on_disk))
        self._recorder.journal("seal", float(journal.seal_bits))
        if journal.last_commit_timestamp_seconds is not None:
            self._recorder.journal("last_commit_timestamp_seconds", journal.last_commit_timestamp_seconds)

    def _log(self, finished: Finished) -> None:
        """Log an outcome when it changed; the rest is in the metrics."""
        before = self._history.last(finished.target.name)
        result = finished.result
        changed = before is None or before.result.outcome is not result.outcome
        level = logging.DEBUG
        if changed and result.outcome is not Outcome.CANCELLED:
            level = logging.INFO if finished.verdict is Verdict.GOOD else logging.WARNING
        if not log.isEnabledFor(level):
            return
        log.log(
            level,
            "probe",
            extra={
                "target": finished.target.name,
                "attempt": finished.attempt.value,
                "outcome": result.outcome.value,
                "verdict": finished.verdict.value,
                "status": result.http_status,
                "duration": f"{result.duration_seconds:.3f}",
                "request_id": result.request_id,
                "detail": result.detail,
            },
        )


def _base(stand_in: str) -> str:
    """Return the name of the target that a zero-cost stand-in stands in for."""
    return stand_in.removesuffix(FALLBACK_SUFFIX)


class Metering:
    """The exposition as the web room asks for it: by content type."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def negotiate(self, accept: str | None) -> str:
        """Return the content type to answer with."""
        return self._exposition.negotiate(accept).value

    def stream(self, content_type: str, *, gzip: bool) -> AsyncIterator[bytes]:
        """Yield the body in slices."""
        return self._exposition.stream(Format(content_type), gzip=gzip)

    def target(self, name: str, content_type: str) -> bytes | None:
        """Return the series of one target."""
        return self._exposition.target(name, Format(content_type))
