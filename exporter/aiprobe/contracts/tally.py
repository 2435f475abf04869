"""The arithmetic of contracts: minutes to slices, slices to a tally, tallies of neighbouring stretches to one.

Every number has two readings. The **low** one takes what is unknown as down and a disputed probe as an error, the
**high** one takes what is unknown as up and leaves disputed probes out; the true value is between them. What is unknown
is never called up. Runs of bad slices: in the low reading an unknown slice joins the runs beside it, so three bad,
two unknown slices are a run of five; in the high reading it ends a run. More bad slices can only make runs longer
or join them, so these two readings bound every way in which the unknown slices may have been.

Two terms only lower the high reading's loss. Errors in a slice with fewer than `min_slice_requests` valid requests are
disputed. With `repeat_window_seconds`, errors repeated within the window are neither attempts nor failures; all errors
are taken as one kind, and a window does not reach over the end of a month.

A tally is a monoid: `merge` is associative and `NOTHING` its neutral element, so finished hours are summed once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Final, Literal, NamedTuple

from aiprobe.contracts.contract import Contract, Method
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.repeats import Repeats, joined, repeats_of
from aiprobe.core.evidence import MINUTES_PER_HOUR

Reading = Literal["low", "high"]


class Runs(NamedTuple):
    """Bad slices of a stretch, as far as their runs are settled: those at its ends may go on beyond it."""

    length: int = 0
    prefix: int = 0
    """Length of the run at the start; equal to `length` when all is bad."""
    suffix: int = 0
    counted: int = 0
    """Bad slices in runs within the stretch that are long enough."""


_NO_RUNS: Final = Runs()


class Slice(NamedTuple):
    """One slice, judged. Losses are 0-1: a share of errors, or 0 and 1 where a slice is up or down."""

    good: int
    bad: int
    disputed: int
    excluded: int
    known: bool
    """Whether something in it decides the high reading."""
    loss_low: float
    loss_high: float


@dataclass(frozen=True, slots=True)
class Tally:
    """What a stretch of slices adds up to."""

    slices: int = 0
    known: int = 0
    blank: int = 0
    """Slices without even a disputed probe."""
    good: int = 0
    bad: int = 0
    disputed: int = 0
    excluded_only: int = 0
    """Slices in which every probe was excluded."""
    loss_low: float = 0.0
    loss_high: float = 0.0
    runs_low: Runs = _NO_RUNS
    runs_high: Runs = _NO_RUNS
    repeats: Repeats = ()
    """The errors that count by the contract's `repeat_window_seconds`."""


NOTHING: Final = Tally()


def judge_slices(contract: Contract, hour: HourMinutes, *, first: int = 0, last: int = MINUTES_PER_HOUR) -> list[Slice]:
    """Return the slices of the minutes `first` to `last` (not included) of an hour, oldest first."""
    step = contract.slice_seconds // 60
    return [
        _judge(contract, hour, max(start, first), min(start + step, last))
        for start in range(first - first % step, last, step)
    ]


def tally_hour(contract: Contract, hour: HourMinutes, *, first: int = 0, last: int = MINUTES_PER_HOUR) -> Tally:
    """Return the tally of the minutes `first` to `last` (not included) of an hour."""
    clean = all(hour.good[first:last]) and not any(hour.bad) and not any(hour.disputed)
    if clean and contract.method is not Method.LATENCY_SLICE:
        step = contract.slice_seconds // 60
        slices = -(-last // step) - first // step
        runs = Runs(length=slices)
        good = sum(hour.good[first:last])
        return Tally(slices=slices, known=slices, good=good, runs_low=runs, runs_high=runs)
    return tally_slices(contract, judge_slices(contract, hour, first=first, last=last))


def unknown_tally(slices: int) -> Tally:
    """Return the tally of slices in which nothing was probed."""
    low = Runs(length=slices, prefix=slices, suffix=slices)
    high = Runs(length=slices)
    return Tally(slices=slices, blank=slices, loss_low=float(slices), runs_low=low, runs_high=high)


def tally_slices(contract: Contract, slices: Iterable[Slice]) -> Tally:
    """Return the tally of neighbouring slices."""
    listed = list(slices)
    return Tally(
        slices=len(listed),
        known=sum(item.known for item in listed),
        blank=sum(not (item.good or item.bad or item.disputed) for item in listed),
        good=sum(item.good for item in listed),
        bad=sum(item.bad for item in listed),
        disputed=sum(item.disputed for item in listed),
        excluded_only=sum(item.excluded > 0 and not (item.good or item.bad or item.disputed) for item in listed),
        loss_low=sum(item.loss_low for item in listed),
        loss_high=sum(item.loss_high for item in listed),
        runs_low=_runs([item.loss_low >= 1.0 for item in listed], contract.min_run_slices),
        runs_high=_runs([item.loss_high >= 1.0 for item in listed], contract.min_run_slices),
        repeats=repeats_of([item.bad for item in listed], contract.repeat_window_seconds // contract.slice_seconds),
    )


def merge(contract: Contract, one: Tally, two: Tally) -> Tally:
    """Return the tally of two stretches of which `two` follows right after `one`."""
    least = contract.min_run_slices
    return Tally(
        slices=one.slices + two.slices,
        known=one.known + two.known,
        blank=one.blank + two.blank,
        good=one.good + two.good,
        bad=one.bad + two.bad,
        disputed=one.disputed + two.disputed,
        excluded_only=one.excluded_only + two.excluded_only,
        loss_low=one.loss_low + two.loss_low,
        loss_high=one.loss_high + two.loss_high,
        runs_low=_joined(one.runs_low, two.runs_low, least),
        runs_high=_joined(one.runs_high, two.runs_high, least),
        repeats=joined(one.repeats, two.repeats, lengths=(one.slices, two.slices)),
    )


def lost_slices(contract: Contract, tally: Tally, reading: Reading, *, before: int = 0, after: int = 0) -> float:
    """Return how many slices the contract counts as lost in one reading; a fraction where it takes means.

    `before` and `after` are the bad slices right before and after the stretch: a run over midnight of the first is
    one run, and each month counts its own part.
    """
    low = reading == "low"
    if contract.method in {Method.TIMESLICE_RUN, Method.LATENCY_SLICE}:
        runs = tally.runs_low if low else tally.runs_high
        return float(_counted(runs, contract.min_run_slices, before, after))
    if contract.method is Method.RATIO_TIMESLICE:
        return tally.loss_low if low else tally.loss_high
    counted = tally.repeats[0].errors if contract.repeat_window_seconds and tally.repeats else tally.bad
    bad = tally.bad + tally.disputed if low else counted
    valid = tally.good + bad
    share = bad / valid if valid else 0.0
    return share * (tally.slices - tally.blank) + tally.blank if low else share * tally.known


def uptime(contract: Contract, tally: Tally, reading: Reading, *, before: int = 0, after: int = 0) -> float | None:
    """Return the uptime of a stretch by the contract's rule, or None when it has no slices.

    For `occurrences` this is good / valid where every slice is known; an unknown slice weighs as much as a known one.
    """
    if tally.slices == 0:
        return None
    return 1.0 - lost_slices(contract, tally, reading, before=before, after=after) / tally.slices


def _judge(contract: Contract, hour: HourMinutes, first: int, last: int) -> Slice:
    good, bad = sum(hour.good[first:last]), sum(hour.bad[first:last])
    disputed, excluded = sum(hour.disputed[first:last]), sum(hour.excluded[first:last])
    if contract.method is Method.LATENCY_SLICE:
        speeds = list(chain.from_iterable(hour.speeds.get(minute, ()) for minute in range(first, last)))
        slow = float(bool(speeds) and median(speeds) < 1.0)
        enough = len(speeds) >= contract.min_slice_requests
        known = bool(speeds) and (enough or not slow)
        return Slice(good, bad, disputed, excluded, known, slow if speeds else 1.0, slow if enough else 0.0)
    if good + bad < contract.min_slice_requests:
        bad, disputed = 0, bad + disputed
    valid_low, valid_high = good + bad + disputed, good + bad
    loss_low = (bad + disputed) / valid_low if valid_low else 1.0
    loss_high = bad / valid_high if valid_high else 0.0
    if contract.method is Method.TIMESLICE_RUN:
        loss_low = float(loss_low > contract.error_threshold)
        loss_high = float(loss_high > contract.error_threshold)
    return Slice(good, bad, disputed, excluded, valid_high > 0, loss_low, loss_high)


def _runs(bad: list[bool], least: int) -> Runs:
    runs = Runs()
    for item in bad:
        runs = _joined(runs, Runs(1, int(item), int(item), 0), least)
    return runs


def _joined(one: Runs, two: Runs, least: int) -> Runs:
    if one.length == 0 or two.length == 0:
        return two if one.length == 0 else one
    length = one.length + two.length
    all_one, all_two = one.prefix == one.length, two.prefix == two.length
    counted = one.counted + two.counted
    middle = one.suffix + two.prefix
    if not all_one and not all_two and middle >= least:
        counted += middle
    prefix = one.length + two.prefix if all_one else one.prefix
    suffix = two.length + one.suffix if all_two else two.suffix
    return Runs(length, prefix, suffix, counted)


def _counted(runs: Runs, least: int, before: int, after: int) -> int:
    if runs.length and runs.prefix == runs.length:
        return runs.length if before + runs.length + after >= least else 0
    start = runs.prefix if before + runs.prefix >= least else 0
    end = runs.suffix if runs.suffix + after >= least else 0
    return runs.counted + start + end
