"""How the objectives, the contracts and the groups stand: takes every finished probe, keeps it, and tells the gauges.

The arithmetic is pure and stands in `objectives/` and `contracts/`; the keeping in `journal/`. Here they are connected
to the clock and to the metrics, a few targets at a time, so that no single moment holds up somebody's first token.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Final, Protocol, TypeVar

from aiprobe.config.settings import Settings
from aiprobe.contracts.binding import binding_of
from aiprobe.contracts.book import Binding, ContractBook, earliest_needed
from aiprobe.contracts.ledger import Standing
from aiprobe.core.clock import Clock
from aiprobe.core.contract import ContractUse
from aiprobe.core.evidence import HourRow
from aiprobe.core.model import Attempt, Finished, Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.journal.journal import Journal
from aiprobe.objectives.groups import GroupWindows, Member, group_up
from aiprobe.objectives.windows import PERIOD, Windows, budget_remaining, burn_rate, masks

log = logging.getLogger(__name__)

BURN_WINDOWS: Final = ("1h", "6h", "3d")
GROUP_WINDOWS: Final = ("1h", "1d", "30d")
TARGETS_PER_TICK: Final = 20
"""Targets whose burn is worked out anew in one tick besides those that were probed: time alone changes it."""
CONTRACTS_EVERY_SECONDS: Final = 15.0
REBUILD_DAYS: Final = 31
_FLUSH_SECONDS: Final = 2.0
"""How long a reload waits for a disk before it reads what is there."""

Series = dict[tuple[str, ...], float]
Late = tuple[Finished, float]
"""A probe, and the Unix time at which it ended."""
Read = TypeVar("Read")


class Gauges(Protocol):
    """Where numbers go."""

    def tell(self, short: str, values: Mapping[tuple[str, ...], float]) -> None:
        """Have exactly these series of a gauge."""

    def tell_target(self, target: str, short: str, values: Mapping[tuple[str, ...], float]) -> None:
        """The same for a gauge of one target."""


class StandingKeeper:
    """Keeps the journal, the burn windows, the contracts and the groups of the configured targets."""

    def __init__(self, journal: Journal, gauges: Gauges, *, clock: Clock) -> None:
        self.journal = journal
        self._gauges = gauges
        self._clock = clock
        self._targets: dict[str, Target] = {}
        self._windows: dict[str, Windows] = {}
        self._groups: Mapping[str, Sequence[str]] = {}
        self._group_windows: dict[str, GroupWindows] = {}
        self._members: dict[str, Member] = {}
        self._book: ContractBook | None = None
        self._uses: Mapping[str, ContractUse] = {}
        self._late: list[Late] | None = None
        """What ends while the journal is read back."""
        self._turn: list[str] = []
        self._burn_told: set[str] = set()
        """Targets whose burn has series; what another good probe changes in them can wait for its turn."""
        self._contracts_told_at = float("-inf")

    async def apply(self, settings: Settings, targets: Sequence[Target]) -> None:
        """Keep the standing of these targets from now on; what is new is read back from the journal, in a thread."""
        wanted = {target.name: target for target in targets}
        fresh = [target for target in targets if self._needs_windows(target)]
        windows: Mapping[str, Windows] = {}
        late: Sequence[Late] = ()
        if fresh:
            windows, late = await self._read_back(lambda: self.journal.windows(fresh))
        kept = {name: held for name, held in self._windows.items() if name in wanted and name not in windows}
        self._windows = kept | {target.name: windows.get(target.name) or _new_windows(target) for target in fresh}
        self._targets = wanted
        for finished, now in late:
            if finished.target.name in windows:
                self._count_events(finished, now)
        self._members = {name: member for name, member in self._members.items() if name in wanted}
        await self._apply_groups(settings.groups)
        await self._apply_contracts(settings.contracts)
        self._turn = []
        for target in targets:
            self._tell_burn(target.name)
        self._burn_told.clear()  # series that begin with this configuration are told by the next probe

    def finished(self, finished: Finished, *, declared_state: str) -> None:
        """Take one finished probe."""
        name = finished.target.name
        if finished.result.outcome is Outcome.CANCELLED:
            return
        now = self._clock.wall()
        self.journal.record(finished, declared_state=declared_state)
        if self._late is not None:
            self._late.append((finished, now))
        if name not in self._targets:
            return
        self._members[name] = Member(
            state=finished.state, last_run_timestamp_seconds=now, interval_seconds=finished.target.interval_seconds
        )
        if finished.attempt is Attempt.SCHEDULED:
            self._count(finished, now)
            if Verdict.BAD in finished.slo_verdicts.values() or name not in self._burn_told:
                self._tell_burn(name)

    def tick(self) -> None:
        """Bring up to date what time alone changes: some targets' burn, the groups, now and then the contracts."""
        self._turn = self._turn or list(self._targets)
        for name in islice(self._turn, TARGETS_PER_TICK):
            self._tell_burn(name)
        del self._turn[:TARGETS_PER_TICK]
        self._tell_groups()
        if self._clock.monotonic() - self._contracts_told_at >= CONTRACTS_EVERY_SECONDS:
            self._contracts_told_at = self._clock.monotonic()
            self._tell_contracts()

    def _needs_windows(self, target: Target) -> bool:
        held = self._windows.get(target.name)
        known = self._targets.get(target.name)
        if held is None or known is None or known.identity != target.identity:
            return True
        same_period = known.objectives.period_seconds == target.objectives.period_seconds
        return held.slos != tuple(target.objectives.ratios) or not same_period

    async def _read_back(self, read: Callable[[], Read]) -> tuple[Read, Sequence[Late]]:
        """Read from the journal, in a thread; return what was read, and the scheduled probes that came too late for it.

        Probing goes on meanwhile. What is not on the disk when the reading ends was not read.
        """
        with suppress(TimeoutError):  # a disk that hangs holds up no reload
            await asyncio.wait_for(self.journal.flush(), _FLUSH_SECONDS)
        late = self._late = []
        try:
            told = await asyncio.to_thread(read)
        finally:
            self._late = None
        waiting = late[max(0, len(late) - self.journal.waiting) :]
        return told, [(finished, now) for finished, now in waiting if finished.attempt is Attempt.SCHEDULED]

    def _count(self, finished: Finished, now: float) -> None:
        self._count_events(finished, now)
        for group, members in self._groups.items():
            if finished.target.name in members:
                self._group_windows[group].add(now, finished.verdict)
        if self._book is not None:
            _count_in(self._book, finished)

    def _count_events(self, finished: Finished, now: float) -> None:
        name = finished.target.name
        if finished.target.identity != self._targets[name].identity:
            return  # asked before a reload gave this name to another model: the journal keeps them apart as well
        windows = self._windows[name]
        valid, bad = masks(windows.slos, finished.slo_verdicts)
        if valid:
            windows.add(now, valid=valid, bad=bad)

    def _tell_burn(self, name: str) -> None:
        target, windows = self._targets.get(name), self._windows.get(name)
        if target is None or windows is None or not windows.slos:
            return
        counts = windows.read(self._clock.wall(), (*BURN_WINDOWS, PERIOD))
        burn: Series = {}
        remaining: Series = {}
        for index, slo in enumerate(windows.slos):
            objective = target.objectives.ratios[slo]
            for window in BURN_WINDOWS:
                rate = burn_rate(counts[window][index], objective)
                if rate is not None:
                    burn[slo, window] = rate
            left = budget_remaining(counts[PERIOD][index], objective)
            if left is not None:
                remaining[slo,] = left
        if burn:
            self._burn_told.add(name)
        else:
            self._burn_told.discard(name)
        self._gauges.tell_target(name, "slo_burn_rate", burn)
        self._gauges.tell_target(name, "slo_error_budget_remaining_ratio", remaining)

    async def _apply_groups(self, groups: Mapping[str, Sequence[str]]) -> None:
        for group, members in groups.items():
            if group in self._group_windows and self._groups.get(group) == members:
                continue
            now = self._clock.wall()
            since, names = now - REBUILD_DAYS * 86_400, frozenset(members)
            rows, late = await self._read_back(partial(self._hours, since, now, names))
            windows = self._group_windows[group] = GroupWindows()
            windows.rebuild(rows, now)
            for finished, ended in late:
                if finished.target.name in names:
                    windows.add(ended, finished.verdict)
            self._groups = {**self._groups, group: members}
        self._groups = dict(groups)
        self._group_windows = {group: self._group_windows[group] for group in groups}

    def _hours(self, start: float, end: float, targets: frozenset[str]) -> list[HourRow]:
        return list(self.journal.hours(start, end, targets))

    async def _apply_contracts(self, uses: Mapping[str, ContractUse]) -> None:
        if self._book is not None and dict(uses) == dict(self._uses) and not self._book.late_results:
            return
        self._uses = dict(uses)
        bindings = [binding_of(use) for use in uses.values()]
        self._contracts_told_at = float("-inf")
        if not bindings:
            self._book = None
            return
        now = self._clock.wall()
        since = earliest_needed(bindings, now)
        book, late = await self._read_back(lambda: self._restored(bindings, since, now))
        for finished, _ in late:
            _count_in(book, finished)
        self._book = book

    def _restored(self, bindings: Iterable[Binding], since: float, now: float) -> ContractBook:
        bindings = list(bindings)
        targets = frozenset(target for binding in bindings for target in binding.targets)
        book = ContractBook(bindings, since_seconds=since)
        rows = sorted(self.journal.hours(since, now, targets), key=lambda row: row.hour)
        book.restore(rows, self.journal.failed(since, now, targets))
        return book

    def _tell_groups(self) -> None:
        now = self._clock.wall()
        up: Series = {}
        availability: Series = {}
        for group, members in self._groups.items():
            is_up = group_up((self._members[name] for name in members if name in self._members), now)
            if is_up is not None:
                up[group,] = float(is_up)
            read = self._group_windows[group].availability(now)
            availability |= {(group, window): read[window] for window in GROUP_WINDOWS if read[window] is not None}  # type: ignore[misc]  # None is left out
        self._gauges.tell("group_up", up)
        self._gauges.tell("group_availability_ratio", availability)

    def _tell_contracts(self) -> None:
        standings = self._book.standings(self._clock.wall()) if self._book is not None else {}
        for short, read in _SLA_GAUGES.items():
            values: Series = {}
            for name, standing in standings.items():
                values |= {(name, *own): value for own, value in read(standing).items() if value is not None}
            self._gauges.tell(short, values)


_SLA_GAUGES: Final[Mapping[str, Callable[[Standing], Mapping[tuple[str, ...], float | None]]]] = {
    "sla_uptime_ratio": lambda it: {("low",): it.uptime_low, ("high",): it.uptime_high},
    "sla_projected_uptime_ratio": lambda it: {(): it.projected_uptime},
    "sla_burn_rate": lambda it: {(): it.burn_rate},
    "sla_allowance_remaining_seconds": lambda it: {(): it.allowance_remaining_seconds},
    "sla_credit_ratio": lambda it: {("low",): it.credit_low, ("high",): it.credit_high},
    "sla_credit_usd": lambda it: {("low",): it.credit_usd_low, ("high",): it.credit_usd_high},
    "sla_coverage_ratio": lambda it: {(): it.coverage},
    "sla_claim_deadline_timestamp_seconds": lambda it: {(): it.claim_deadline_timestamp_seconds},
}


def _count_in(book: ContractBook, finished: Finished) -> None:
    result = finished.result
    book.record(
        finished.target.name,
        result.started_timestamp_seconds,
        verdict=finished.verdict,
        outcome=result.outcome.value,
        http_status=result.http_status,
        tokens_per_second=result.output_tokens_per_second,
        model=finished.target.model,
    )


def _new_windows(target: Target) -> Windows:
    return Windows(tuple(target.objectives.ratios), period_seconds=target.objectives.period_seconds)
