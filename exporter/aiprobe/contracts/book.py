"""The contracts that a user enabled, as they stand now: what the `sla_*` gauges show.

Hours are summed when they end, so a standing costs one open hour and not a month of minutes. The book holds two open
hours, for results that end late; it is rebuilt from the journal after a restart, so nothing that counts is lost.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from aiprobe.contracts.contract import Contract, counts_by_the_letter, is_disputed, is_excused
from aiprobe.contracts.ledger import MonthLedger, Standing
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.month import month_of
from aiprobe.contracts.tally import NOTHING, Tally, merge
from aiprobe.core.evidence import HOUR_SECONDS, FailedProbe, HourRow
from aiprobe.core.outcomes import Verdict
from aiprobe.core.verdicts import is_lost

GRACE_HOURS: Final = 1
"""How many hours before the running one stay open for results that end late."""
_MONTHS_KEPT: Final = 3
"""Ended months whose claim may still be open: the longest term is the end of the second month after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A contract that the user has, and the targets that show how it is kept."""

    name: str
    """The value of the label `contract`; unique."""
    contract: Contract
    targets: tuple[str, ...]
    monthly_spend_usd: float | None = None
    exclude_maintenance: bool = False


class _Account:
    """One binding's months and open hours."""

    def __init__(self, binding: Binding, since_seconds: float) -> None:
        self.binding = binding
        month = month_of(since_seconds, timezone=binding.contract.timezone)
        self.ledger = MonthLedger(binding.contract, month)
        self.ended: deque[MonthLedger] = deque(maxlen=_MONTHS_KEPT)
        self.open: dict[int, HourMinutes] = {}
        self.ended_deadlines: list[float | None] | None = None
        """Of the claims for `ended`; None when an hour was closed since they were worked out."""

    def hour(self, number: int) -> HourMinutes | None:
        """Return an hour to add to, or None when it was closed already."""
        if number < self.ledger.next_hour:
            return None
        if number not in self.open:
            self.open[number] = HourMinutes()
        return self.open[number]

    def close_before(self, hour: int) -> None:
        """Close every hour before `hour`, and the months that end with them."""
        while self.ledger.next_hour < hour:
            number = self.ledger.next_hour
            self.ended_deadlines = None
            minutes = self.open.pop(number, None)
            self.ledger.close(minutes)
            if not self.ledger.ended:
                continue
            ended = self.ledger
            self.ended.append(ended)
            self.ledger = MonthLedger(ended.contract, ended.month.shifted(1), before=ended.total.runs_high.suffix)
            if self.ledger.next_hour == number:
                # The month changes within an hour (zones off by 30 minutes): its second half is the new month's.
                self.ledger.close(minutes)

    def open_tally(self, now_seconds: float) -> Tally:
        """Return the tally of the slices that ended since the last closed hour."""
        tally = NOTHING
        step = self.binding.contract.slice_seconds
        end = int(now_seconds) // step * step
        for hour in range(self.ledger.next_hour, -(-end // HOUR_SECONDS)):
            last = min(60, (end - hour * HOUR_SECONDS) // 60)
            tally = merge(self.binding.contract, tally, self.ledger.tally(hour, self.open.get(hour), last=last))
        return tally

    def standing(self, now_seconds: float) -> Standing:
        spend = self.binding.monthly_spend_usd
        standing = self.ledger.standing(open_tally=self.open_tally(now_seconds), spend_usd=spend)
        if self.ended_deadlines is None:
            self.ended_deadlines = [
                ledger.standing(after=follower.total.runs_high.prefix).claim_deadline_timestamp_seconds
                for ledger, follower in pairwise([*self.ended, self.ledger])
            ]
        deadlines = [standing.claim_deadline_timestamp_seconds, *self.ended_deadlines]
        open_deadlines = [deadline for deadline in deadlines if deadline is not None and deadline > now_seconds]
        return replace(standing, claim_deadline_timestamp_seconds=min(open_deadlines, default=None))


class ContractBook:
    """Keeps the standing of every contract. Not thread-safe; times are Unix seconds and may jump."""

    def __init__(self, bindings: Iterable[Binding], *, since_seconds: float) -> None:
        """Open the book at the month of `since_seconds`: now, or `earliest_needed` before a `restore`."""
        self._accounts = {binding.name: _Account(binding, since_seconds) for binding in bindings}
        self._by_target: dict[str, list[_Account]] = defaultdict(list)
        for account in self._accounts.values():
            for target in account.binding.targets:
                self._by_target[target].append(account)
        self.late_results = 0
        """Results for hours that were closed: after the clock was set back. Rebuild the book from the journal then."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the bindings."""
        return tuple(self._accounts)

    def restore(self, rows: Iterable[HourRow], failed: Iterable[FailedProbe] = ()) -> None:
        """Take hours from the journal, **oldest hour first**, and the failed probes of the same time.

        Only rows of bound targets are used. To be called once, before the first `record`.
        """
        disputed: dict[tuple[str, tuple[str, ...], int], list[int]] = defaultdict(list)
        excused: dict[tuple[str, tuple[str, ...], int], list[int]] = defaultdict(list)
        for probe in failed:
            hour, minute = divmod(int(probe.started_timestamp_seconds) // 60, 60)
            for account in self._by_target.get(probe.target, ()):
                key = account.binding.name, probe.identity, hour
                if is_excused(probe):
                    excused[key].append(minute)
                elif is_disputed(account.binding.contract, probe):
                    disputed[key].append(minute)
        for row in rows:
            for account in self._by_target.get(row.target, ()):
                account.close_before(row.hour - GRACE_HOURS)
                minutes = account.hour(row.hour)
                if minutes is None:
                    self.late_results += 1
                    continue
                minutes.add_row(
                    row,
                    disputed_minutes=disputed.get((account.binding.name, row.identity, row.hour), ()),
                    excused_minutes=excused.get((account.binding.name, row.identity, row.hour), ()),
                    exclude_maintenance=account.binding.exclude_maintenance,
                    target_speed=account.binding.contract.target_speed,
                )

    def record(
        self,
        target: str,
        started_seconds: float,
        *,
        verdict: Verdict,
        outcome: str,
        http_status: int | None = None,
        tokens_per_second: float | None = None,
        model: str = "",
        maintenance: bool = False,
    ) -> None:
        """Take one *scheduled* probe of a target; a confirmation would bias the ratio."""
        hour, minute = divmod(int(started_seconds) // 60, 60)
        for account in self._by_target.get(target, ()):
            minutes = account.hour(hour)
            if minutes is None:
                self.late_results += 1
                continue
            contract = account.binding.contract
            if maintenance and account.binding.exclude_maintenance:
                minutes.excluded[minute] += 1
            elif verdict is Verdict.GOOD:
                minutes.good[minute] += 1
            elif verdict is Verdict.EXCLUDED or is_lost(outcome, http_status):
                minutes.excluded[minute] += 1
            elif counts_by_the_letter(contract, outcome=outcome, http_status=http_status):
                minutes.bad[minute] += 1
            else:
                minutes.disputed[minute] += 1
            speed = contract.target_speed(model)
            if speed is not None and tokens_per_second is not None:
                minutes.speeds.setdefault(minute, []).append(tokens_per_second / speed)

    def standing(self, name: str, now_seconds: float) -> Standing:
        """Return how the contract of a binding stands; cheap enough for every minute.

        In the first hour of a month, while late results may still come in, it is the month before that stands.
        """
        account = self._accounts[name]
        account.close_before(int(now_seconds) // HOUR_SECONDS - GRACE_HOURS)
        return account.standing(now_seconds)

    def standings(self, now_seconds: float) -> Mapping[str, Standing]:
        """Return the standing of every binding by name."""
        return {name: self.standing(name, now_seconds) for name in self._accounts}


def earliest_needed(bindings: Iterable[Binding], now_seconds: float) -> float:
    """Return from when on `ContractBook.restore` needs the journal: the oldest month that may still be claimed."""
    starts = (
        month_of(now_seconds, timezone=binding.contract.timezone).shifted(-_MONTHS_KEPT).start_seconds
        for binding in bindings
    )
    return float(min(starts, default=now_seconds))
