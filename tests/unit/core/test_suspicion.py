"""A doubt rises with failures, persists before it is certain, and ends with good attempts."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.core.outcomes import Verdict
from aiprobe.core.suspicion import (
    CERTAIN_NATS,
    OVER_AFTER,
    PERSISTENCE_SECONDS,
    Habit,
    Past,
    Suspicion,
    Tuning,
    weights,
)

BAD, GOOD = math.log(0.2 / 0.005), math.log(0.8 / 0.995)
DAY = 86400.0
VERDICTS = {"b": Verdict.BAD, "g": Verdict.GOOD, "x": Verdict.EXCLUDED}
attempts = st.lists(st.tuples(st.sampled_from("bgx"), st.floats(0.5, 90)), max_size=120)


def after(letters: str, *, every: float = 10.0, suspicion: Suspicion | None = None, others: float = 0.0) -> Suspicion:
    """Play b(ad), g(ood) and (e)x(cluded) attempts, `every` so many seconds."""
    return played([(letter, every) for letter in letters], suspicion=suspicion, others=others)


def played(
    series: Sequence[tuple[str, float]], *, suspicion: Suspicion | None = None, others: float = 0.0
) -> Suspicion:
    suspicion, now = suspicion or Suspicion(), 0.0
    for letter, pause in series:
        suspicion.record(VERDICTS[letter], now, others=others)
        now += pause
    return suspicion


@pytest.mark.parametrize(
    ("letters", "nats"),
    [
        ("", 0.0),
        ("gggg", 0.0),
        ("b", BAD),
        ("bx", BAD),
        ("bg", BAD + GOOD),
        ("bb", 2 * BAD),
        ("bbb", 3 * BAD),
        ("bbbbbb", CERTAIN_NATS + BAD),
        ("b" + "g" * 14, BAD + 14 * GOOD),
        ("b" + "g" * 15, 0.0),
        ("gggb", BAD),
    ],
)
def test_each_attempt_adds_its_likelihood(letters: str, nats: float) -> None:
    assert after(letters).nats == pytest.approx(nats)


@pytest.mark.parametrize(
    ("letters", "every", "certain"),
    [
        ("bbbb", 10, False),  # 30 s from the first to the last failure
        ("bbbbb", 10, True),
        ("bbbbb", 4, False),
        ("bbb" + "g" * 10, 10, False),  # a blip of twenty seconds, however long ago
        ("bbbggb", 10, True),
        ("bb", 60, False),
        ("bbb", 60, True),
        ("bggbgggb", 60, True),
        ("b" + "g" * 12 + "b" + "g" * 12 + "b", 60, False),
    ],
)
def test_certainty_needs_evidence_and_persistence(letters: str, every: float, *, certain: bool) -> None:
    assert after(letters, every=every).certain is certain


@pytest.mark.parametrize(
    ("letters", "certain"),
    [("g" * 14, True), ("g" * 15, False), ("g" * 14 + "b" + "g" * 14, True), ("g" * 14 + "x" * 9, True)],
)
def test_certainty_ends_after_fifteen_good_attempts_in_a_row(letters: str, *, certain: bool) -> None:
    found = after("bbbbb" + letters)
    assert (found.certain, found.nats >= CERTAIN_NATS) == (certain, certain)
    assert (found.failing_since is None) is not certain


def test_an_outage_of_hours_is_over_as_soon_as_one_of_a_minute() -> None:
    assert after("b" * 500 + "g" * OVER_AFTER).nats == 0.0


def test_half_of_the_suspicion_of_another_target_of_the_provider_counts() -> None:
    assert [after("bgggb", others=nats).certain for nats in (0.0, 3.0, 3.7, 8.5)] == [False, False, True, True]


def test_the_suspicion_of_others_makes_no_doubt_of_its_own() -> None:
    assert after("ggg", others=99.0) == Suspicion()


@pytest.mark.parametrize(
    ("tuning", "habit", "p0", "p1"),
    [
        (Tuning(), Habit(), 0.005, 0.2),
        (Tuning(), Habit(bad_share=0.002), 0.005, 0.2),
        (Tuning(), Habit(bad_share=0.01), 0.02, 0.2),
        (Tuning(), Habit(bad_share=0.05), 0.1, 0.4),
        (Tuning(), Habit(bad_share=0.5), 0.45, 0.9),
        (Tuning(background=0.05), Habit(bad_share=0.01), 0.05, 0.2),
        (Tuning(impairment=0.5), Habit(), 0.005, 0.5),
    ],
)
def test_the_background_is_the_greatest_of_what_is_known(tuning: Tuning, habit: Habit, p0: float, p1: float) -> None:
    found = weights(tuning, habit)
    assert (found.bad, found.good) == pytest.approx((math.log(p1 / p0), math.log((1 - p1) / (1 - p0))))


@pytest.mark.parametrize(("blips", "last"), [(0, 40), (39, 40), (120, 120), (100_000, 600)])
def test_a_target_of_long_blips_has_to_fail_for_longer(blips: float, last: float) -> None:
    for started, certain in ((last - 1, False), (last, True)):
        suspicion = Suspicion()
        for at in (0.0, 1.0, 2.0, started):
            suspicion.record(Verdict.BAD, at, habit=Habit(blip_seconds=blips))
        assert suspicion.certain is certain


@given(attempts)
def test_suspicion_stays_between_nought_and_its_cap(series: list[tuple[str, float]]) -> None:
    suspicion, now = Suspicion(), 0.0
    for letter, pause in series:
        suspicion.record(VERDICTS[letter], now)
        now += pause
        assert 0 <= suspicion.nats <= CERTAIN_NATS + BAD
        assert (suspicion.nats > 0) is (suspicion.failing_since is not None)
        assert not suspicion.certain or suspicion.nats >= CERTAIN_NATS


@given(attempts)
def test_nothing_is_certain_in_less_than_its_persistence(series: list[tuple[str, float]]) -> None:
    short = [(letter, pause / 90 * PERSISTENCE_SECONDS / (len(series) + 1)) for letter, pause in series]
    assert not played(short).certain


@given(attempts)
def test_excluded_attempts_change_nothing(series: list[tuple[str, float]]) -> None:
    suspicion, now = Suspicion(), 0.0
    for letter, pause in series:
        if letter != "x":
            suspicion.record(VERDICTS[letter], now)
        now += pause
    assert suspicion == played(series)


@given(attempts)
def test_fifteen_good_attempts_end_any_doubt(series: list[tuple[str, float]]) -> None:
    suspicion = played(series)
    after("g" * OVER_AFTER, suspicion=suspicion)
    assert (suspicion.nats, suspicion.failing_since, suspicion.certain) == (0.0, None, False)


def flakes(count: int, *, apart: float = 6 * 3600.0, seconds: float = 0.0) -> Past:
    """Return the past of a target with so many blips, each of a first and a last failure."""
    past = Past(0.0)
    for index in range(count):
        past.note(index * apart, scheduled=True, interval_seconds=60)
        if seconds:
            for at in range(60, int(seconds) + 1, 60):
                past.note(index * apart + at, scheduled=True, interval_seconds=60)
    return past


def test_the_background_is_learnt_from_the_last_28_days() -> None:
    assert flakes(112).habit(28 * DAY, 60).bad_share == pytest.approx(112 / 40320)
    assert flakes(112).habit(42 * DAY, 60).bad_share == pytest.approx(56 / 40320, rel=0.05)


@pytest.mark.parametrize(
    ("seconds", "interval", "learnt"),
    [(DAY - 60, 60, 0), (DAY, 60, 3 / 1440), (DAY, 3600, 0), (8 * DAY, 3600, 0), (9 * DAY, 3600, 3 / 216)],
)
def test_a_share_is_learnt_from_a_day_and_two_hundred_attempts_on(
    seconds: float, interval: float, learnt: float
) -> None:
    assert flakes(3, apart=600).habit(seconds, interval).bad_share == pytest.approx(learnt)


def test_an_incident_does_not_count_as_background() -> None:
    assert flakes(5, seconds=1200).habit(28 * DAY, 60) == Habit()


@pytest.mark.parametrize(
    ("count", "seconds", "learnt"),
    [
        (2, 240, 0),  # too few to be a habit
        (3, 240, 240 * math.log(3)),
        (80, 120, 120 * math.log(80)),
        (80, 60, 0),  # two failures are flakes that came close
        (5, 0, 0),
    ],
)
def test_failures_have_to_outlast_all_blips_of_28_days_but_one(count: int, seconds: float, learnt: float) -> None:
    assert flakes(count, seconds=seconds).habit(28 * DAY, 60).blip_seconds == pytest.approx(learnt)


def test_the_blips_of_a_week_are_a_quarter_of_those_that_28_days_will_have() -> None:
    assert flakes(28, seconds=120).habit(7 * DAY, 60).blip_seconds == pytest.approx(120 * math.log(4 * 28))


def test_the_blips_of_a_first_hour_count_as_those_of_a_day() -> None:
    past = flakes(3, apart=1200, seconds=120)
    assert past.habit(3600, 60).blip_seconds == past.habit(DAY, 60).blip_seconds == pytest.approx(120 * math.log(84))


def test_an_outage_of_a_day_does_not_push_the_blips_before_it_out_of_the_memory() -> None:
    past = flakes(28, seconds=120)
    before = past.habit(8 * DAY, 60).blip_seconds
    for at in range(8640):
        past.note(7.5 * DAY + at * 10, scheduled=True, interval_seconds=60)
    assert past.habit(8.6 * DAY, 60).blip_seconds == pytest.approx(before, rel=0.1)
