"""The arithmetic of every method against naive ones: brute force over what the unknown slices may have been."""

from functools import reduce
from itertools import pairwise, product
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiprobe.contracts.contract import Contract
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.tally import (
    NOTHING,
    Tally,
    judge_slices,
    lost_slices,
    merge,
    tally_hour,
    tally_slices,
    unknown_tally,
    uptime,
)
from aiprobe.core.evidence import Minute
from tests.unit.contracts.builders import a_contract, a_row, google, hour_minutes, worked_month, worked_rows

pytestmark = pytest.mark.slow

METHODS: list[dict[str, Any]] = [
    {"method": "occurrences"},
    {"method": "timeslice_run", "error_threshold": 0.05, "min_run_slices": 5},
    {"method": "timeslice_run", "error_threshold": 0.05, "slice_seconds": 300},
    {"method": "ratio_timeslice", "slice_seconds": 300},
]
Counts = tuple[int, int, int]
"""good, bad, disputed of one minute."""
counts = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1))
minutes_of_an_hour = st.lists(counts, min_size=1, max_size=60)


def an_hour(parts: list[Counts]) -> HourMinutes:
    hour = HourMinutes()
    for index, (good, bad, disputed) in enumerate(parts):
        hour.good[index], hour.bad[index], hour.disputed[index] = good, bad, disputed
    return hour


def naive_loss(contract: Contract, slices: list[tuple[int, int]]) -> float:
    """Return the lost slices of a stretch in which every slice has valid probes: (good, bad)."""
    shares = [bad / (good + bad) for good, bad in slices]
    if contract.method == "occurrences":
        return len(slices) * sum(bad for _, bad in slices) / sum(good + bad for good, bad in slices)
    if contract.method == "ratio_timeslice":
        return sum(shares)
    down = "".join("x" if share > contract.error_threshold else " " for share in shares)
    return float(sum(len(run) for run in down.split() if len(run) >= contract.min_run_slices))


def grouped(contract: Contract, parts: list[Counts]) -> list[Counts]:
    step = contract.slice_seconds // 60
    groups = [parts[start : start + step] for start in range(0, len(parts), step)]
    return [tuple(sum(column) for column in zip(*group, strict=True)) for group in groups]


@pytest.mark.parametrize("fields", METHODS)
@given(parts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(any), min_size=1, max_size=60))
def test_without_gaps_both_readings_are_the_naive_one(fields: dict[str, Any], parts: list[tuple[int, int]]) -> None:
    contract = a_contract(**fields)
    tally = tally_hour(contract, an_hour([(good, bad, 0) for good, bad in parts]), last=len(parts))
    expected = naive_loss(contract, [(good, bad) for good, bad, _ in grouped(contract, [(*part, 0) for part in parts])])
    assert lost_slices(contract, tally, "low") == pytest.approx(expected)
    assert lost_slices(contract, tally, "high") == pytest.approx(expected)


@pytest.mark.parametrize("least", [1, 2, 5])
@settings(max_examples=60)
@given(letters=st.text("+x.", min_size=1, max_size=24).filter(lambda text: text.count(".") <= 6))
def test_the_bounds_of_runs_are_the_best_and_worst_of_all_that_may_have_been(least: int, letters: str) -> None:
    contract = a_contract(min_run_slices=least)
    gaps = letters.count(".")
    losses = []
    for filling in product("+x", repeat=gaps):
        fill = iter(filling)
        known = "".join(next(fill) if letter == "." else letter for letter in letters)
        losses.append(naive_loss(contract, [(letter == "+", letter == "x") for letter in known]))
    tally = tally_hour(contract, hour_minutes(letters), last=len(letters))
    assert (lost_slices(contract, tally, "low"), lost_slices(contract, tally, "high")) == (max(losses), min(losses))


@given(letters=st.text("+x.", min_size=1, max_size=60))
def test_the_bounds_of_a_mean_take_each_unknown_slice_as_wholly_down_or_up(letters: str) -> None:
    contract = a_contract(method="ratio_timeslice")
    tally = tally_hour(contract, hour_minutes(letters), last=len(letters))
    down, gaps = letters.count("x"), letters.count(".")
    assert (lost_slices(contract, tally, "low"), lost_slices(contract, tally, "high")) == (down + gaps, down)


@given(letters=st.text("+x.", min_size=1, max_size=60))
def test_the_bounds_of_occurrences_weigh_an_unknown_slice_like_a_known_one(letters: str) -> None:
    contract = a_contract(method="occurrences")
    tally = tally_hour(contract, hour_minutes(letters), last=len(letters))
    good, bad, gaps = (letters.count(letter) for letter in "+x.")
    low = uptime(contract, tally, "low")
    high = uptime(contract, tally, "high")
    assert low == pytest.approx(good / (good + bad + gaps))
    assert high == pytest.approx((good + gaps) / (good + bad + gaps))


@pytest.mark.parametrize("fields", METHODS)
@given(parts=minutes_of_an_hour)
def test_low_is_never_above_high_and_both_are_ratios(fields: dict[str, Any], parts: list[Counts]) -> None:
    contract = a_contract(**fields)
    tally = tally_hour(contract, an_hour(parts), last=len(parts))
    low, high = uptime(contract, tally, "low"), uptime(contract, tally, "high")
    assert low is not None
    assert high is not None
    assert -1e-9 <= low <= high + 1e-9 <= 1 + 2e-9
    assert tally.known <= tally.slices


@pytest.mark.parametrize("fields", METHODS)
@given(parts=minutes_of_an_hour)
def test_a_disputed_probe_is_an_error_in_the_low_reading_and_left_out_in_the_high_one(
    fields: dict[str, Any], parts: list[Counts]
) -> None:
    contract = a_contract(**fields)
    as_errors = an_hour([(good, bad + disputed, 0) for good, bad, disputed in parts])
    left_out = an_hour([(good, bad, 0) for good, bad, _ in parts])
    tally = tally_hour(contract, an_hour(parts), last=len(parts))
    low = tally_hour(contract, as_errors, last=len(parts))
    high = tally_hour(contract, left_out, last=len(parts))
    assert lost_slices(contract, tally, "low") == pytest.approx(lost_slices(contract, low, "low"))
    assert lost_slices(contract, tally, "high") == pytest.approx(lost_slices(contract, high, "high"))


@pytest.mark.parametrize("fields", METHODS)
@given(parts=minutes_of_an_hour, data=st.data())
def test_a_stretch_cut_anywhere_adds_up_to_the_same(
    fields: dict[str, Any], parts: list[Counts], data: st.DataObject
) -> None:
    contract = a_contract(**fields)
    step = contract.slice_seconds // 60
    cuts = data.draw(st.lists(st.integers(0, len(parts) // step), max_size=4))
    ends = sorted({0, *(cut * step for cut in cuts), len(parts)})
    pieces = [tally_hour(contract, an_hour(parts), first=one, last=two) for one, two in pairwise(ends)]
    whole = tally_hour(contract, an_hour(parts), last=len(parts))
    assert_same(reduce(lambda one, two: merge(contract, one, two), pieces, NOTHING), whole)
    assert_same(merge(contract, whole, NOTHING), whole)


def assert_same(one: Tally, two: Tally) -> None:
    assert one.loss_low == pytest.approx(two.loss_low)
    assert one.loss_high == pytest.approx(two.loss_high)
    assert [getattr(one, name) for name in EXACT] == [getattr(two, name) for name in EXACT]


EXACT = ("slices", "known", "blank", "good", "bad", "disputed", "excluded_only", "runs_low", "runs_high")


@given(letters=st.text("+x", min_size=1, max_size=30), before=st.integers(0, 6), after=st.integers(0, 6))
def test_a_run_over_the_ends_of_a_month_counts_as_one_run_and_each_month_bears_its_part(
    letters: str, before: int, after: int
) -> None:
    contract = a_contract(min_run_slices=5)
    extended = "x" * before + letters + "x" * after
    position, expected = 0, 0
    for run in extended.replace("+", " + ").split():
        if run != "+" and len(run) >= 5:
            inside = range(max(position, before), min(position + len(run), before + len(letters)))
            expected += len(inside)
        position += len(run)
    tally = tally_hour(contract, hour_minutes(letters), last=len(letters))
    assert lost_slices(contract, tally, "high", before=before, after=after) == expected


@pytest.mark.parametrize("fields", METHODS)
@given(slices=st.integers(1, 12))
def test_a_stretch_without_probes_is_wholly_unknown(fields: dict[str, Any], slices: int) -> None:
    contract = a_contract(**fields)
    step = contract.slice_seconds // 60
    tally = unknown_tally(slices)
    assert_same(tally, tally_hour(contract, HourMinutes(), last=slices * step))
    assert tally.known == 0
    assert uptime(contract, tally, "high") == 1.0
    assert uptime(contract, tally, "low") == (0.0 if slices >= contract.min_run_slices else 1.0)


@pytest.mark.parametrize("fields", METHODS)
@given(good=st.lists(st.integers(1, 15), min_size=60, max_size=60), first=st.sampled_from([0, 30]))
def test_the_short_cut_for_a_clean_hour_gives_what_the_long_way_gives(
    fields: dict[str, Any], good: list[int], first: int
) -> None:
    contract = a_contract(**fields)
    hour = an_hour([(count, 0, 0) for count in good])
    assert_same(
        tally_hour(contract, hour, first=first), tally_slices(contract, judge_slices(contract, hour, first=first))
    )


def test_a_minute_of_excluded_probes_only_is_unknown_and_told_apart() -> None:
    tally = tally_hour(google(), hour_minutes("+e."), last=3)
    assert (tally.known, tally.excluded_only, tally.blank) == (1, 1, 2)


def test_a_minute_at_the_threshold_is_not_down() -> None:
    contract = a_contract(error_threshold=0.5)
    tally = tally_hour(contract, hour_minutes([Minute(good=1, bad=1), Minute(good=1, bad=2)]), last=2)
    assert lost_slices(contract, tally, "high") == 1


def test_the_worked_month_of_the_reference_comes_out() -> None:
    month, bad = worked_month()
    rows = worked_rows(bad, month)
    ways = [METHODS[0], METHODS[1], METHODS[3], METHODS[2]]
    found = []
    for fields in ways:
        contract = a_contract(**fields)
        tally = NOTHING
        for row in rows:
            hour = HourMinutes()
            hour.add_row(row)
            tally = merge(contract, tally, tally_hour(contract, hour))
        assert tally.slices == tally.known == 43_200 * 60 // contract.slice_seconds
        both = {round(100 * (uptime(contract, tally, reading) or 0), 3) for reading in ("low", "high")}
        found.append(both)
    assert found == [{99.819}, {99.88}, {99.819}, {99.63}]


@given(
    speeds=st.lists(st.none() | st.integers(1, 120).map(float), min_size=60, max_size=60),
    target=st.sampled_from([25.0, 60.0]),
)
def test_latency_counts_the_slices_whose_median_reaches_the_target(speeds: list[float | None], target: float) -> None:
    contract = a_contract(method="latency_slice", slice_seconds=300, tokens_per_second=target)
    hour = HourMinutes()
    hour.add_row(a_row(0, "+" * 60, tokens_per_second=speeds), target_speed=contract.target_speed)
    tally = tally_hour(contract, hour)
    slices = [[speed for speed in speeds[at : at + 5] if speed is not None] for at in range(0, 60, 5)]
    slow = sum(bool(part) and median(part) < target for part in slices)
    empty = sum(not part for part in slices)
    assert (lost_slices(contract, tally, "high"), lost_slices(contract, tally, "low")) == (slow, slow + empty)
    assert tally.known == 12 - empty


def test_models_with_different_targets_are_judged_by_their_own() -> None:
    by_model = {"slow": 10, "fast": 100}
    contract = a_contract(method="latency_slice", tokens_per_second_by_model=by_model)
    for model, speed, lost in (("slow", 50.0, 0), ("fast", 50.0, 1), ("other", 50.0, 0)):
        hour = HourMinutes()
        hour.add_row(a_row(0, "+", tokens_per_second=[speed], model=model), target_speed=contract.target_speed)
        assert lost_slices(contract, tally_hour(contract, hour, last=1), "high") == lost


def test_the_probes_of_several_targets_are_summed_minute_by_minute() -> None:
    contract = a_contract(error_threshold=0.4)
    hour = HourMinutes()
    hour.add_row(a_row(0, "x+x"))
    hour.add_row(a_row(0, "++x.", target="other"))
    assert (hour.good[:4], hour.bad[:4]) == ([1, 2, 0, 0], [1, 0, 2, 0])
    assert lost_slices(contract, tally_hour(contract, hour, last=4), "high") == 2


def test_a_disputed_probe_is_taken_out_of_the_bad_ones_of_its_minute() -> None:
    hour = HourMinutes()
    hour.add_row(a_row(0, "xx+"), disputed_minutes=[0, 2, 2])
    assert (hour.bad[:3], hour.disputed[:3]) == ([0, 1, 0], [1, 0, 0])
