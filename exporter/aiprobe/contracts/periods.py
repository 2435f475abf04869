"""The slices of a month in time, and the stretches in which something was lost, disputed or not known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise
from typing import Final

from aiprobe.contracts.contract import Contract, Method
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.month import Month
from aiprobe.contracts.tally import Slice, judge_slices
from aiprobe.core.evidence import HOUR_SECONDS

_NOTHING_PROBED: Final = HourMinutes()
_RUN_METHODS: Final = frozenset({Method.TIMESLICE_RUN, Method.LATENCY_SLICE})


class Kind(StrEnum):
    """What a contract makes of a stretch."""

    COUNTED = "counted"
    """Lost for certain."""
    TOO_SHORT = "too_short"
    """Bad, in a run that the contract does not count."""
    DISPUTED = "disputed"
    """Bad for the user, but no error by the contract's letter."""
    UNKNOWN = "unknown"
    UP = "up"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedSlice:
    """A slice with its start, and what became of it."""

    start_seconds: int
    slice: Slice
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Neighbouring slices of one kind, [start, end) in Unix seconds."""

    kind: Kind
    start_seconds: int
    end_seconds: int
    slices: int
    lost_slices: float
    """In the high reading; a fraction where the contract takes means."""
    good: int
    bad: int
    disputed: int

    @property
    def duration_seconds(self) -> int:
        """Return how long it lasted."""
        return self.end_seconds - self.start_seconds


def month_slices(
    contract: Contract, hours: Mapping[int, HourMinutes], month: Month, *, until_seconds: int
) -> tuple[list[TimedSlice], int, int]:
    """Return the slices of a month before `until_seconds`, and the bad runs right before and right after it.

    `hours` are by Unix hour, those next to the month included where they are known; a missing one is unknown.
    """
    end = min(month.end_seconds, until_seconds // contract.slice_seconds * contract.slice_seconds)
    inside = list(_between(contract, hours, month.start_seconds, end))
    earlier = _between(contract, hours, month.start_seconds - HOUR_SECONDS, month.start_seconds)
    later = _between(contract, hours, month.end_seconds, month.end_seconds + HOUR_SECONDS)
    before = _leading([item.loss_high >= 1.0 for _, item in reversed(list(earlier))])
    after = _leading([item.loss_high >= 1.0 for _, item in later]) if end == month.end_seconds else 0
    kinds = _kinds(contract, [item for _, item in inside], before, after)
    timed = [
        TimedSlice(start_seconds=start, slice=item, kind=kind)
        for (start, item), kind in zip(inside, kinds, strict=True)
    ]
    return timed, before, after


def periods(slices: Sequence[TimedSlice], *, end_seconds: int) -> list[Period]:
    """Return the stretches of one kind, oldest first, without those in which all was well.

    `end_seconds` is where the last slice ends.
    """
    if not slices:
        return []
    ends = [later.start_seconds for _, later in pairwise(slices)] + [end_seconds]
    found = []
    for kind, group in groupby(zip(slices, ends, strict=True), key=lambda item: item[0].kind):
        items = list(group)
        if kind is Kind.UP:
            continue
        parts = [item.slice for item, _ in items]
        found.append(
            Period(
                kind=kind,
                start_seconds=items[0][0].start_seconds,
                end_seconds=items[-1][1],
                slices=len(items),
                lost_slices=sum(part.loss_high for part in parts) if kind is Kind.COUNTED else 0.0,
                good=sum(part.good for part in parts),
                bad=sum(part.bad for part in parts),
                disputed=sum(part.disputed for part in parts),
            )
        )
    return found


def _between(contract: Contract, hours: Mapping[int, HourMinutes], start: int, end: int) -> Iterator[tuple[int, Slice]]:
    """Yield the slices of [start, end) with their starts; both ends are whole slices or ends of a month."""
    for hour in range(start // HOUR_SECONDS, -(-end // HOUR_SECONDS)):
        base = hour * HOUR_SECONDS
        first, last = max(0, (start - base) // 60), min(60, (end - base) // 60)
        step = contract.slice_seconds // 60
        starts = range(first - first % step, last, step)
        judged = judge_slices(contract, hours.get(hour, _NOTHING_PROBED), first=first, last=last)
        for minute, item in zip(starts, judged, strict=True):
            yield base + max(minute, first) * 60, item


def _kinds(contract: Contract, slices: Sequence[Slice], before: int, after: int) -> list[Kind]:
    plain = [_kind(contract, item) for item in slices]
    kinds: list[Kind] = []
    for kind, group in groupby(plain):
        length = len(list(group))
        run = length
        if kind is Kind.COUNTED:
            run += before if not kinds else 0
            run += after if len(kinds) + length == len(plain) else 0
        short = kind is Kind.COUNTED and run < contract.min_run_slices
        kinds += [Kind.TOO_SHORT if short else kind] * length
    return kinds


def _kind(contract: Contract, item: Slice) -> Kind:
    """Return the kind of a slice by itself, as if every run were long enough."""
    bad_from = 1.0 if contract.method in _RUN_METHODS else 1e-12
    if item.loss_high >= bad_from:
        return Kind.COUNTED
    if item.disputed and item.loss_low >= bad_from:
        return Kind.DISPUTED
    return Kind.UP if item.known else Kind.UNKNOWN


def _leading(bad: Sequence[bool]) -> int:
    for count, item in enumerate(bad):
        if not item:
            return count
    return len(bad)
