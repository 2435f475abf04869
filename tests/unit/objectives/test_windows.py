"""Windows count what a naive list of events would, through gaps, restarts and clocks that are set."""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiprobe.core.clock import STEP_SECONDS
from aiprobe.core.evidence import HourRow, Minute, encode_minute
from aiprobe.core.outcomes import Verdict
from aiprobe.objectives.windows import (
    PERIOD,
    WINDOWS,
    Counts,
    Windows,
    budget_remaining,
    burn_rate,
    masks,
)

NOON = 1_795_348_800.0
"""2026-11-22 12:00:00 UTC."""
DAY = 86_400.0
SLOS = ("availability", "time_to_first_token", "correctness")
SLOT_SECONDS = {"5m": 10, "30m": 60, "1h": 60, "2h": 60, "6h": 600, "1d": 600, "3d": 600, "30d": 3600, PERIOD: 3600}

Event = tuple[float, int, int]
"""(time, valid, bad) as `Windows.add` takes them."""


def naive(events: Sequence[Event], since: float) -> Sequence[Counts]:
    """Count the events at or after a moment, by SLO."""
    return tuple(
        Counts(
            sum(valid >> bit & 1 for at, valid, _ in events if at >= since),
            sum(valid >> bit & bad >> bit & 1 for at, valid, bad in events if at >= since),
        )
        for bit in range(len(SLOS))
    )


def assert_between(window: Sequence[Counts], least: Sequence[Counts], most: Sequence[Counts]) -> None:
    for found, low, high in zip(window, least, most, strict=True):
        assert low.valid <= found.valid <= high.valid
        assert low.bad <= found.bad <= high.bad
        assert 0 <= found.bad <= found.valid


def assert_right(windows: Windows, events: Sequence[Event], now: float, *, slack: float = 0.0) -> None:
    """Hold every window to the naive one: nothing of the window missing, at most a slot more."""
    spans: Mapping[str, float] = {**WINDOWS, PERIOD: 30 * DAY}
    for name, window in windows.read(now).items():
        start = int(now) - spans[name]
        assert_between(window, naive(events, start + slack), naive(events, start - SLOT_SECONDS[name] - slack))


steps = st.lists(
    st.tuples(
        st.one_of(
            st.floats(0, 60),
            st.floats(60, 7200),
            st.floats(0, 40 * DAY),
            st.sampled_from([10, 30, 60, 300, 600, 3600, 3 * DAY, 30 * DAY]),
        ),
        st.integers(0, 7),
        st.integers(0, 7),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=200)
@given(steps=steps, phase=st.floats(0, 3600))
def test_every_window_holds_its_events_and_at_most_one_slot_more(steps: Sequence[Event], phase: float) -> None:
    windows, events, now = Windows(SLOS), [], NOON + phase
    for gap, valid, bad in steps:
        now += gap
        windows.add(now, valid=valid, bad=bad)
        events.append((now, valid, bad))
        assert_right(windows, events, now)
    assert_right(windows, events, now + 1000)


def test_a_month_of_probes_is_counted_to_the_slot() -> None:
    windows, events = Windows(SLOS), []
    for number in range(31 * 24 * 30):
        at = NOON + number * 120
        bad = 7 if number % 97 == 0 else 0
        windows.add(at, valid=7, bad=bad)
        events.append((at, 7, bad))
    assert_right(windows, events, at)
    assert windows.read(at, ["30d"])["30d"][0].valid in range(21_600, 21_632)


@settings(max_examples=200)
@given(moves=st.lists(st.one_of(st.floats(-90 * DAY, 90 * DAY), st.floats(-120, 120), st.just(30.0)), max_size=60))
def test_a_clock_that_is_set_never_makes_a_count_negative_or_counts_an_event_twice(moves: Sequence[float]) -> None:
    windows, now = Windows(SLOS), NOON + 100 * DAY
    for number, move in enumerate(moves, start=1):
        now += move
        windows.add(now, valid=7, bad=number % 2)
        read = windows.read(now)
        previous = None
        for name in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"):
            first = read[name][0]
            assert 1 <= first.valid <= number, "the event just added counts, and no event twice"
            assert 0 <= first.bad <= first.valid
            if previous is not None and name not in {"30m", "6h", "30d"}:  # a finer slot may end the longer one sooner
                assert first.valid >= previous
            previous = first.valid


def test_after_a_clock_was_set_back_time_goes_on_from_where_it_was() -> None:
    windows = Windows(SLOS)
    for minute in range(60):
        windows.add(NOON + minute * 60, valid=1, bad=1)
    back = NOON + 59 * 60 - 2 * 3600
    assert windows.read(back, ["1h"])["1h"][0] == (60, 60)
    for scrape in range(61):
        left = windows.read(back + scrape * 30, ["1h"])["1h"][0]
    assert left.valid in range(30, 32)


def test_a_clock_that_is_set_right_again_costs_no_window_its_events() -> None:
    windows = Windows(SLOS)
    for minute in range(60):
        windows.add(NOON + minute * 60, valid=1, bad=1)
    end = NOON + 59 * 60
    windows.read(end - 5 * DAY)
    assert windows.read(end + 30, ["1h"])["1h"][0].valid in range(59, 62)


def test_a_reading_a_little_late_counts_as_now_and_does_not_shift_the_axis() -> None:
    windows = Windows(SLOS)
    windows.add(NOON, valid=1, bad=0)
    for _ in range(1000):
        windows.add(NOON - STEP_SECONDS / 2, valid=1, bad=0)
    windows.add(NOON + 300, valid=1, bad=0)
    assert windows.read(NOON + 300, ["5m"])["5m"][0].valid == 1002
    assert windows.read(NOON + 311, ["5m"])["5m"][0].valid == 1


def test_a_gap_empties_the_windows_that_it_is_longer_than() -> None:
    windows = Windows(SLOS)
    windows.add(NOON, valid=1, bad=1)
    read = windows.read(NOON + 4 * 3600)
    assert [name for name, counts in read.items() if counts[0].valid] == ["6h", "1d", "3d", "30d", PERIOD]


def ring_bytes(windows: Windows) -> int:
    return sum(sys.getsizeof(ring) for ring in windows._rings)


def test_three_slos_take_about_8_kilobytes_of_rings() -> None:
    windows = Windows(SLOS)
    windows.add(NOON, valid=7, bad=0)
    assert 7_500 < ring_bytes(windows) < 8_500


@pytest.mark.parametrize(("interval", "days", "largest"), [(60, 75, 8_500), (15, 40, 8_500), (10, 40, 13_000)])
def test_a_ring_grows_only_where_a_slot_holds_more_than_a_byte_can(interval: int, days: int, largest: int) -> None:
    windows = Windows(SLOS)
    month = int(30 * DAY) // interval
    for number in range(days * int(DAY) // interval):
        windows.add(NOON + number * interval, valid=7, bad=7 if number % 5 == 0 else 0)
        if number % 9973 == 0:
            held = windows.read(NOON + number * interval, ["30d"])["30d"]
            least = min(number + 1, month)
            for counts in held:
                assert least <= counts.valid <= min(number + 1, month + 3600 // interval + 1)
                assert counts.bad == pytest.approx(counts.valid / 5, abs=1)
    assert largest - 1_000 < ring_bytes(windows) < largest


@given(hours=st.lists(st.tuples(st.integers(1, 200), st.integers(0, 40_000), st.integers(0, 40_000)), max_size=40))
def test_hours_of_any_size_are_counted_to_the_event(hours: Sequence[tuple[int, int, int]]) -> None:
    at, rows = int(NOON) // 3600, []
    for gap, good, bad in hours:
        at += gap
        sums = {"availability": (good, bad, 0), "correctness": (bad, good // 2, 0)}
        rows.append(HourRow(target="t", hour=at, identity=("t",), minutes=bytes(60), sums=sums))
    now = (at + 1) * 3600 - 1.0
    windows = Windows(SLOS)
    windows.rebuild(rows, now)
    held = [row.sums for row in rows if row.hour >= int(now - 30 * DAY) // 3600]
    for counts, name in zip(windows.read(now, ["30d"])["30d"], SLOS, strict=True):
        told = [row.get(name, (0, 0, 0)) for row in held]
        assert counts == (sum(good + bad for good, bad, _ in told), sum(bad for _, bad, _ in told))


@pytest.mark.parametrize(("days", "slots"), [(7, 721), (28, 721), (90, 2161)])
def test_the_period_has_a_window_of_its_own_length(days: int, slots: int) -> None:
    windows = Windows(SLOS, period_seconds=days * DAY)
    windows.add(NOON, valid=1, bad=1)
    assert windows.read(NOON + days * DAY - 3600)[PERIOD][0] == (1, 1)
    assert windows.read(NOON + days * DAY + 3601)[PERIOD][0] == (0, 0)
    assert len(windows._rings[-1]) == slots * 2 * len(SLOS)


def test_burn_rate_is_the_error_ratio_over_the_budget() -> None:
    assert burn_rate(Counts(1000, 10), 0.995) == pytest.approx(2.0)
    assert budget_remaining(Counts(1000, 10), 0.995) == pytest.approx(-1.0)
    assert budget_remaining(Counts(1000, 0), 0.995) == 1.0


def test_without_valid_events_there_is_neither_a_burn_rate_nor_a_rest() -> None:
    assert burn_rate(Counts(), 0.995) is None
    assert budget_remaining(Counts(), 0.995) is None


def test_an_excluded_or_missing_verdict_sets_no_bit() -> None:
    verdicts = {"availability": Verdict.GOOD, "time_to_first_token": Verdict.EXCLUDED, "correctness": Verdict.BAD}
    assert masks(SLOS, verdicts) == (0b101, 0b100)
    assert masks(SLOS, {}) == (0, 0)


# After a restart


def hour_rows(events: Sequence[Event]) -> Sequence[HourRow]:
    """Sum events up as the journal does."""
    minutes: dict[tuple[int, int], list[list[int]]] = defaultdict(lambda: [[0, 0] for _ in range(60)])
    for at, valid, bad in events:
        for bit in range(len(SLOS)):
            if valid >> bit & 1:
                minutes[int(at) // 3600, bit][int(at) % 3600 // 60][bad >> bit & 1] += 1
    rows = []
    for hour in sorted({hour for hour, _ in minutes}):
        codes, sums = {}, {}
        for bit, name in enumerate(SLOS):
            counts = minutes[hour, bit]
            codes[name] = bytes(encode_minute(Minute(good=good, bad=bad)) for good, bad in counts)
            sums[name] = (sum(good for good, _ in counts), sum(bad for _, bad in counts), 0)
        first = codes.pop(SLOS[0])
        rows.append(HourRow(target="t", hour=hour, identity=("t",), minutes=first, sums=sums, slo_minutes=codes))
    return rows


@settings(max_examples=150)
@given(steps=steps, phase=st.floats(0, 3600), later=st.floats(0, 5 * DAY))
def test_windows_rebuilt_from_hours_are_right_to_the_slot_and_the_minute(
    steps: Sequence[Event], phase: float, later: float
) -> None:
    events, now = [], NOON + phase
    for gap, valid, bad in steps:
        now += gap
        events.append((now, valid, bad))
    now += later
    rebuilt = Windows(SLOS)
    rebuilt.rebuild(reversed(hour_rows(events)), now)
    spans: Mapping[str, float] = {**WINDOWS, PERIOD: 30 * DAY}
    for name, window in rebuilt.read(now).items():
        slot, start = SLOT_SECONDS[name], int(now) - spans[name]
        placed = max(slot, 60)  # an event stands at the start of its minute, ten minutes or hour
        assert_between(window, naive(events, start + placed), naive(events, start - slot))


def test_a_restart_leaves_steady_windows_as_they_were() -> None:
    before, events = Windows(SLOS), []
    for number in range(32 * 24 * 60):
        at = NOON + number * 60
        bad = 1 if number % 211 == 0 else 0
        before.add(at, valid=7, bad=bad)
        events.append((at, 7, bad))
    after = Windows(SLOS)
    after.rebuild(hour_rows(events), at)
    assert after.read(at) == before.read(at)
    for windows in (before, after):
        windows.add(at + 60, valid=7, bad=7)
    assert after.read(at + 90) == before.read(at + 90)


def test_hours_that_lie_ahead_of_the_clock_are_left_out() -> None:
    now = NOON + 1800
    rebuilt = Windows(SLOS)
    rebuilt.rebuild(hour_rows([(now - 60, 1, 0), (now + 9000, 1, 1)]), now)
    assert set(rebuilt.read(now).values()) == {((1, 0), (0, 0), (0, 0))}


def test_a_minute_with_more_probes_than_a_nibble_tells_keeps_the_hour_s_sum() -> None:
    events = [(NOON + number, 7, 7 if number % 10 == 0 else 0) for number in range(3600)]
    rebuilt = Windows(SLOS)
    rebuilt.rebuild(hour_rows(events), NOON + 3600)
    assert rebuilt.read(NOON + 3600)["1h"][0] == (3600, 360)
    assert rebuilt.read(NOON + 3600)["30m"][0].valid == pytest.approx(1800, abs=60)


def test_an_slo_without_minutes_is_counted_at_the_hour_s_start() -> None:
    row = HourRow(target="t", hour=int(NOON) // 3600, identity=(), minutes=bytes(60), sums={"correctness": (5, 1, 0)})
    rebuilt = Windows(SLOS)
    rebuilt.rebuild([row], NOON + 3600)
    assert rebuilt.read(NOON + 3600)["1h"][2] == (6, 1)
    assert rebuilt.read(NOON + 3600)["30m"][2] == (0, 0)
