"""A state changes when the evidence does, not with every probe."""

import pytest

from aiprobe.core.outcomes import Verdict
from aiprobe.core.state import State, TargetState, surface_state
from aiprobe.core.suspicion import Past

LETTERS = {"g": Verdict.GOOD, "b": Verdict.BAD, "x": Verdict.EXCLUDED, "s": Verdict.GOOD}


def after(probes: str, *, every: float = 60.0) -> TargetState:
    """Play g(ood), b(ad), s(low but good) and (e)x(cluded) probes, `every` so many seconds."""
    state = TargetState()
    for index, letter in enumerate(probes):
        state.record(LETTERS[letter], started=index * every, poor=letter == "s")
    return state


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ("", None),
        ("x", None),
        ("xxxxx", None),
        ("g", State.OPERATIONAL),
        ("b", State.OPERATIONAL),
        ("bb", State.DEGRADED),
        ("gggb", State.OPERATIONAL),
        ("gbb", State.DEGRADED),
        ("bbb", State.MAJOR_OUTAGE),
        ("gggbbb", State.MAJOR_OUTAGE),
        ("gbbbg", State.MAJOR_OUTAGE),
        ("gbbbgb", State.MAJOR_OUTAGE),
        ("gbbbgg", State.DEGRADED),
        ("gbbbggb", State.PARTIAL_OUTAGE),
        ("gbbb" + "g" * 10, State.OPERATIONAL),
        ("gbgbgbgb" + "g" * 14, State.PARTIAL_OUTAGE),
        ("gbgbgbgb" + "g" * 15, State.OPERATIONAL),
        ("gbgbgbgb", State.PARTIAL_OUTAGE),
        ("gbgbgbgbgg", State.PARTIAL_OUTAGE),
        ("gbgbgbgbgggggb", State.PARTIAL_OUTAGE),
        ("gggggs", State.OPERATIONAL),
        ("ggggss", State.DEGRADED),
        ("ssssssssss", State.DEGRADED),
        ("ss" + "g" * 9, State.OPERATIONAL),
        ("bxbxb", State.MAJOR_OUTAGE),
        ("ggx", State.OPERATIONAL),
        ("ggxx", None),
        ("ggxxx", None),
        ("ggxxg", State.OPERATIONAL),
        ("bbbxx", None),
        ("bbbxxb", State.MAJOR_OUTAGE),
    ],
)
def test_the_state_after_a_series_of_probes(probes: str, expected: State | None) -> None:
    assert after(probes).state is expected


def test_consecutive_failures_are_reset_by_a_good_probe_and_untouched_by_an_excluded_one() -> None:
    assert [after(probes).consecutive_failures for probes in ("b", "bb", "bxxb", "bbg", "bbgxb")] == [1, 2, 2, 0, 1]


@pytest.mark.parametrize(
    ("probes", "every", "expected"),
    [
        ("bbb", 5, State.DEGRADED),  # a blip of ten seconds is no outage
        ("bbbgg", 5, State.DEGRADED),
        ("bbbbb", 8, State.DEGRADED),
        ("bbbbb", 10, State.MAJOR_OUTAGE),
        ("bbbb" + "g" * 9, 10, State.OPERATIONAL),
        ("bggbggbg", 10, State.PARTIAL_OUTAGE),
    ],
)
def test_an_outage_persists_for_forty_seconds(probes: str, every: float, expected: State) -> None:
    assert after(probes, every=every).state is expected


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ("b" * 9, State.DEGRADED),  # 80 s from the first to the last
        ("b" * 10, State.MAJOR_OUTAGE),  # 90 s
        ("bbbbgbbbbb", State.DEGRADED),
        ("bg" * 29 + "b", State.DEGRADED),  # 580 s
        ("bg" * 30 + "b", State.PARTIAL_OUTAGE),
    ],
)
def test_a_target_of_long_blips_fails_for_longer_until_it_is_an_outage(probes: str, expected: State) -> None:
    state = TargetState(past=Past(-28 * 86400.0))
    for blip in range(-30, 0):
        for minute in range(4):
            state.past.note(blip * 30_000.0 + minute * 60, scheduled=True, interval_seconds=60)
    for index, letter in enumerate(probes):
        state.record(LETTERS[letter], started=index * 10.0)
    assert state.state is expected


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ("", False),
        ("ggg", False),
        ("b", True),
        ("bg", True),
        ("bx", True),
        ("b" + "g" * 15, False),
        ("bb", True),
        ("bbb", False),  # an outage is certain: its schedule goes on
        ("bbbg", True),  # and may be ending
        ("bbbgb", False),
        ("bbb" + "g" * 15, False),
    ],
)
def test_a_target_is_in_doubt_until_an_outage_is_certain_and_while_one_may_be_ending(
    probes: str, *, expected: bool
) -> None:
    assert after(probes).in_doubt is expected


def test_a_target_that_flakes_often_needs_more_evidence() -> None:
    steady, flaky = TargetState(), TargetState()
    for hour in range(300):
        steady.record(Verdict.GOOD, started=hour * 3600.0)
        flaky.record(Verdict.BAD if hour % 2 else Verdict.GOOD, started=hour * 3600.0)
        for follow_up in range(1, 18):
            flaky.record(Verdict.GOOD, started=hour * 3600.0 + follow_up, scheduled=False)
    for state in (steady, flaky):
        for minute in range(3):
            state.record(Verdict.BAD, started=1_100_000 + minute * 60.0)
    assert steady.suspicion.certain
    assert flaky.suspicion.nats == pytest.approx(3 * 2.503, abs=0.01)  # 150 of 18,333 minutes: p0 is 1.6 %


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], None),
        ([None, None], None),
        ([None, 0], 0),
        ([0, 1], 1),
        ([0, 3], 2),
        ([1, 3], 2),
        ([2, 3], 3),
        ([3, 3], 3),
        ([3, None], 3),
    ],
)
def test_a_surface_is_in_major_outage_only_when_its_targets_agree(
    states: list[int | None], expected: int | None
) -> None:
    given = [None if state is None else State(state) for state in states]
    assert surface_state(given) == expected
