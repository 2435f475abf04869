"""Terms that only lower what counts for certain: repeated errors, slices with few requests, credits by the day."""

from functools import reduce
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.contracts.contract import Contract
from aiprobe.contracts.ledger import MonthLedger, credit_ratio
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.month import parse_month
from aiprobe.contracts.tally import NOTHING, lost_slices, merge, tally_hour, uptime
from tests.unit.contracts.builders import a_contract, hour_minutes

pytestmark = pytest.mark.slow

counts = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1))


def an_hour(parts: list[tuple[int, int, int]]) -> HourMinutes:
    hour = HourMinutes()
    for index, (good, bad, disputed) in enumerate(parts):
        hour.good[index], hour.bad[index], hour.disputed[index] = good, bad, disputed
    return hour


def naive_repeats(bad: list[int], window: int) -> int:
    """Count errors one by one: each opens a window of `window` minutes in which others are left out."""
    errors, open_until = 0, 0
    for minute, count in enumerate(bad):
        for _ in range(count):
            if minute >= open_until:
                errors, open_until = errors + 1, minute + window
    return errors


def azure(window_minutes: int) -> Contract:
    return a_contract(method="occurrences", repeat_window_seconds=60 * window_minutes)


@given(parts=st.lists(counts, min_size=1, max_size=60), window=st.integers(1, 60))
def test_repeated_errors_are_neither_attempts_nor_failures_in_the_high_reading(
    parts: list[tuple[int, int, int]], window: int
) -> None:
    tally = tally_hour(azure(window), an_hour(parts), last=len(parts))
    good, errors = sum(part[0] for part in parts), naive_repeats([part[1] for part in parts], window)
    share = errors / (good + errors) if good + errors else 0.0
    assert lost_slices(azure(window), tally, "high") == pytest.approx(share * tally.known)


@given(parts=st.lists(counts, min_size=1, max_size=60), window=st.integers(1, 60))
def test_the_low_reading_counts_each_error_whatever_the_window(parts: list[tuple[int, int, int]], window: int) -> None:
    plain = a_contract(method="occurrences")
    hour = an_hour(parts)
    with_window, without = (tally_hour(one, hour, last=len(parts)) for one in (azure(window), plain))
    assert lost_slices(azure(window), with_window, "low") == pytest.approx(lost_slices(plain, without, "low"))
    assert lost_slices(azure(window), with_window, "high") <= lost_slices(plain, without, "high") + 1e-9


@given(parts=st.lists(counts, min_size=1, max_size=60), window=st.integers(1, 60), data=st.data())
def test_a_window_reaches_over_every_cut_of_a_stretch(
    parts: list[tuple[int, int, int]], window: int, data: st.DataObject
) -> None:
    contract, hour = azure(window), an_hour(parts)
    cuts = data.draw(st.lists(st.integers(0, len(parts)), max_size=5))
    ends = sorted({0, *cuts, len(parts)})
    pieces = [tally_hour(contract, hour, first=one, last=two) for one, two in pairwise(ends)]
    found = reduce(lambda one, two: merge(contract, one, two), pieces, NOTHING)
    whole = tally_hour(contract, hour, last=len(parts))
    assert lost_slices(contract, found, "high") == pytest.approx(lost_slices(contract, whole, "high"))


def test_a_window_goes_on_over_the_end_of_an_hour_and_through_an_hour_without_probes() -> None:
    contract = azure(60)
    hours = [hour_minutes("+" * 30 + "x" * 30), hour_minutes("x" * 29 + "+" * 31)]
    tallies = [tally_hour(contract, hour) for hour in hours]
    assert merge(contract, *tallies).repeats[0].errors == 1
    between = tally_hour(contract, HourMinutes())
    assert merge(contract, merge(contract, tallies[0], between), tallies[1]).repeats[0].errors == 2


@given(parts=st.lists(counts, min_size=1, max_size=60), least=st.integers(0, 8))
def test_a_slice_with_few_requests_loses_nothing_in_the_high_reading_and_as_much_in_the_low_one(
    parts: list[tuple[int, int, int]], least: int
) -> None:
    fields = {"method": "ratio_timeslice", "slice_seconds": 300}
    plain, contract = a_contract(**fields), a_contract(**fields, min_slice_requests=least)
    hour = an_hour(parts)
    expected = 0.0
    for start in range(0, len(parts), 5):
        good, bad, _ = (sum(column) for column in zip(*parts[start : start + 5], strict=True))
        expected += bad / (good + bad) if good + bad and good + bad >= least else 0.0
    tally = tally_hour(contract, hour, last=len(parts))
    assert lost_slices(contract, tally, "high") == pytest.approx(expected)
    low = lost_slices(plain, tally_hour(plain, hour, last=len(parts)), "low")
    assert lost_slices(contract, tally, "low") == pytest.approx(low)


@pytest.mark.parametrize(("least", "lost"), [(0, 1.0), (1, 1.0), (2, 0.0)])
def test_a_slow_slice_with_few_answers_is_slow_in_the_low_reading_only(least: int, lost: float) -> None:
    contract = a_contract(method="latency_slice", tokens_per_second=10, min_slice_requests=least)
    hour = hour_minutes("+")
    hour.speeds[0] = [0.5]
    tally = tally_hour(contract, hour, last=1)
    assert (lost_slices(contract, tally, "low"), lost_slices(contract, tally, "high")) == (1.0, lost)
    assert uptime(contract, tally, "low") == 0.0


@pytest.mark.parametrize(
    ("uptime_ratio", "days", "expected"),
    [(0.9995, 30, 0.0), (0.9985, 30, 3 / 30), (0.9985, 28, 3 / 28), (0.98, 31, 7 / 31), (0.9, 28, 1.0)],
)
def test_a_credit_in_days_is_a_share_of_the_bill_by_the_days_of_the_month(
    uptime_ratio: float, days: int, expected: float
) -> None:
    tiers = [{"below": 0.999, "credit": 3}, {"below": 0.99, "credit": 7}, {"below": 0.95, "credit": 31}]
    contract = a_contract(tiers=tiers, credit_unit="day")
    assert credit_ratio(contract, uptime_ratio, days=days) == pytest.approx(expected)


def test_the_credit_of_february_takes_its_28_days() -> None:
    contract = a_contract(credit_unit="day", tiers=[{"below": 0.999, "credit": 14}])
    ledger = MonthLedger(contract, parse_month("2026-02", timezone="UTC"))
    for hour in range(28 * 24):
        ledger.close(hour_minutes("x" * 60 if hour == 0 else "+" * 60))
    assert ledger.standing(spend_usd=2800.0).credit_usd_low == pytest.approx(1400.0)
