"""The evidence for one contract and month, gathered into one frozen value that the renderers only spell out.

Everything in it comes from the caller's journal or Prometheus; nothing is asked or looked up here.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from aiprobe.contracts.book import Binding
from aiprobe.contracts.contract import Contract, is_disputed, is_excused
from aiprobe.contracts.ledger import MonthLedger, Standing
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.month import Month
from aiprobe.contracts.periods import Kind, Period, TimedSlice, month_slices, periods
from aiprobe.contracts.tally import NOTHING
from aiprobe.core.evidence import HOUR_SECONDS, MAINTENANCE, MINUTES_PER_HOUR, FailedProbe, HourRow
from aiprobe.core.outcomes import Verdict

_NEIGHBOUR_HOURS: Final = 1


class Finding(StrEnum):
    """Whether the commitment was met, as far as the probes measured it."""

    MISSED = "missed"
    """Even with every unknown slice taken as up."""
    KEPT = "kept"
    """Even with every unknown slice taken as down."""
    OPEN = "open"
    """The bounds are on both sides of the commitment."""


class Seals(StrEnum):
    """What checking the journal's seals came to."""

    HOLD = "hold"
    BROKEN = "broken"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of checking the journal's seals, with a sentence of details if there are any."""

    seals: Seals = Seals.NOT_CHECKED
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the evidence comes from, for people."""

    source: str = "the exporter's journal"
    exporter_version: str = ""
    verification: Verification = Verification()
    notes: tuple[str, ...] = ()
    """Sentences about the source of the data, such as what a query could not return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedProbe:
    """A failed probe, and what the contract makes of it."""

    probe: FailedProbe
    disputed: bool
    """Bad for the user, but no error by the contract's letter."""
    period: int | None
    """The place in `Report.periods` of the period that contains it."""
    in_downtime: bool
    """Whether that period counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The content of the report of one contract and month. Times are Unix seconds, ratios 0-1."""

    name: str
    contract: Contract
    month: Month
    targets: tuple[str, ...]
    generated_timestamp_seconds: float
    end_seconds: int
    """Until when the month was judged: its end, or the last finished slice of a month that goes on."""
    standing: Standing
    periods: tuple[Period, ...]
    """Without the unknown ones."""
    gaps: tuple[Period, ...]
    """Stretches that are unknown."""
    slices: tuple[TimedSlice, ...]
    probes: tuple[JudgedProbe, ...]
    incidents: tuple[Mapping[str, Any], ...]
    monthly_spend_usd: float | None
    saved_minutes: Mapping[str, float]
    """By group of targets: minutes in which another vendor of the group answered while these did not."""
    origin: Origin

    @property
    def in_progress(self) -> bool:
        """Return whether the month has not ended yet."""
        return self.end_seconds < self.month.end_seconds

    @property
    def finding(self) -> Finding:
        """Compare the bounds with the promise."""
        low, high = self.standing.uptime_low, self.standing.uptime_high
        if low is None or high is None:
            return Finding.OPEN
        rounding = 1e-9
        if high < self.contract.commitment - rounding:
            return Finding.MISSED
        return Finding.KEPT if low >= self.contract.commitment - rounding else Finding.OPEN

    @property
    def listed_periods(self) -> tuple[Period, ...]:
        """Return the periods that the report lists; those that are too short to count are summed instead."""
        return tuple(period for period in self.periods if period.kind is not Kind.TOO_SHORT)

    def seen_in(self, period: Period) -> tuple[Counter[str], tuple[str, ...]]:
        """Return how often each outcome was seen in one of `periods`, and what the status page declared meanwhile."""
        number = self.periods.index(period)
        probes = [judged.probe for judged in self.probes if judged.period == number]
        words = dict.fromkeys(probe.declared_state for probe in probes if probe.declared_state)
        return Counter(probe.outcome for probe in probes), tuple(words)

    @property
    def lost_seconds(self) -> float:
        """Return what the contract counts as lost for certain."""
        allowance = (1.0 - self.contract.commitment) * self.standing.month_slices * self.contract.slice_seconds
        return max(0.0, allowance - self.standing.allowance_remaining_seconds)


def build_report(
    binding: Binding,
    month: Month,
    hours: Iterable[HourRow],
    failed: Iterable[FailedProbe] = (),
    *,
    now_seconds: float,
    incidents: Iterable[Mapping[str, Any]] = (),
    saved_minutes: Mapping[str, float] | None = None,
    origin: Origin | None = None,
) -> Report:
    """Judge a month by a contract.

    `hours` and `failed` may hold more than is asked for, in any order: other targets and times are left out, save
    the hours next to the month, which settle the runs over its ends.
    """
    contract, hours, origin = binding.contract, list(hours), origin or Origin()
    probes = sorted(_chosen(binding, month, failed), key=lambda probe: probe.started_timestamp_seconds)
    by_hour = _minutes(binding, month, hours, probes)
    slices, before, after = month_slices(contract, by_hour, month, until_seconds=int(now_seconds))
    ledger = MonthLedger(contract, month, before=before)
    until = max(month.start_seconds, min(month.end_seconds, int(now_seconds)))
    until = until if until == month.end_seconds else until // contract.slice_seconds * contract.slice_seconds
    open_hour = until // HOUR_SECONDS
    while not ledger.ended and (ledger.next_hour < open_hour or until == month.end_seconds):
        ledger.close(by_hour.get(ledger.next_hour))
    last = (until - open_hour * HOUR_SECONDS) // 60
    open_tally = NOTHING if ledger.ended else ledger.tally(open_hour, by_hour.get(open_hour), last=last)
    found = periods(slices, end_seconds=until)
    bad = tuple(period for period in found if period.kind is not Kind.UNKNOWN)
    return Report(
        name=binding.name,
        contract=contract,
        month=month,
        targets=binding.targets,
        generated_timestamp_seconds=now_seconds,
        end_seconds=until,
        standing=ledger.standing(open_tally=open_tally, after=after, spend_usd=binding.monthly_spend_usd),
        periods=bad,
        gaps=tuple(period for period in found if period.kind is Kind.UNKNOWN),
        slices=tuple(slices),
        probes=tuple(_judged(contract, probe, bad) for probe in probes if _inside(month, probe)),
        incidents=tuple(sorted(incidents, key=_start)),
        monthly_spend_usd=binding.monthly_spend_usd,
        saved_minutes=dict(saved_minutes or {}),
        origin=replace(origin, notes=(*origin.notes, *_of_maintenance(binding, month, hours))),
    )


def _of_maintenance(binding: Binding, month: Month, hours: Sequence[HourRow]) -> Iterable[str]:
    """Yield the sentence about maintenance, where there was any in the month."""
    rows = (row for row in hours if row.target in binding.targets and row.hour in month.hours)
    minutes = sum(
        MINUTES_PER_HOUR - row.slo_minutes[MAINTENANCE].count(0) for row in rows if MAINTENANCE in row.slo_minutes
    )
    if minutes:
        counted = (
            "are excluded, as `exclude_maintenance` demands" if binding.exclude_maintenance else "count as any other"
        )
        yield f"Of all minutes of targets {minutes} were probed in maintenance; they {counted}."


def _chosen(binding: Binding, month: Month, failed: Iterable[FailedProbe]) -> Iterable[FailedProbe]:
    start = month.start_seconds - _NEIGHBOUR_HOURS * HOUR_SECONDS
    end = month.end_seconds + _NEIGHBOUR_HOURS * HOUR_SECONDS
    targets = frozenset(binding.targets)
    return (probe for probe in failed if probe.target in targets and start <= probe.started_timestamp_seconds < end)


def _minutes(
    binding: Binding, month: Month, hours: Iterable[HourRow], probes: Sequence[FailedProbe]
) -> dict[int, HourMinutes]:
    disputed: dict[tuple[tuple[str, ...], int], list[int]] = {}
    excused: dict[tuple[tuple[str, ...], int], list[int]] = {}
    for probe in probes:
        exempt = excused if is_excused(probe) else disputed if is_disputed(binding.contract, probe) else None
        if exempt is not None:
            hour, minute = divmod(int(probe.started_timestamp_seconds) // 60, 60)
            exempt.setdefault((probe.identity, hour), []).append(minute)
    wanted = range(month.hours.start - _NEIGHBOUR_HOURS, month.hours.stop + _NEIGHBOUR_HOURS)
    targets = frozenset(binding.targets)
    by_hour: dict[int, HourMinutes] = {}
    for row in hours:
        if row.target in targets and row.hour in wanted:
            by_hour.setdefault(row.hour, HourMinutes()).add_row(
                row,
                disputed_minutes=disputed.get((row.identity, row.hour), ()),
                excused_minutes=excused.get((row.identity, row.hour), ()),
                exclude_maintenance=binding.exclude_maintenance,
                target_speed=binding.contract.target_speed,
            )
    return by_hour


def _inside(month: Month, probe: FailedProbe) -> bool:
    return month.start_seconds <= probe.started_timestamp_seconds < month.end_seconds


def _judged(contract: Contract, probe: FailedProbe, bad: Sequence[Period]) -> JudgedProbe:
    at = probe.started_timestamp_seconds
    index = bisect_right(bad, at, key=lambda period: period.start_seconds) - 1
    within = index >= 0 and at < bad[index].end_seconds
    return JudgedProbe(
        probe=replace(probe, verdict=Verdict.EXCLUDED) if is_excused(probe) else probe,
        disputed=is_disputed(contract, probe) and not is_excused(probe),
        period=index if within else None,
        in_downtime=within and bad[index].kind is Kind.COUNTED,
    )


def _start(incident: Mapping[str, Any]) -> float:
    start = incident.get("start_timestamp_seconds")
    return float(start) if isinstance(start, int | float) else 0.0
