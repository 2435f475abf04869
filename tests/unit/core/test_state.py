"""A state changes when the evidence does, not with every probe."""

import pytest

from aiprobe.core.outcomes import Verdict
from aiprobe.core.state import State, TargetState, surface_state

LETTERS = {"g": Verdict.GOOD, "b": Verdict.BAD, "x": Verdict.EXCLUDED, "s": Verdict.GOOD}


def after(probes: str) -> TargetState:
    """Play g(ood), b(ad), s(low but good) and (e)x(cluded) probes."""
    state = TargetState()
    for letter in probes:
        state.record(LETTERS[letter], poor=letter == "s")
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
        ("gbbb" + "g" * 10, State.OPERATIONAL),
        ("gbgbgbgb", State.PARTIAL_OUTAGE),
        ("gbgbgbgbgg", State.DEGRADED),
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


def test_a_failure_is_a_first_failure_only_right_after_a_good_probe() -> None:
    assert [after(probes).last_was_good for probes in ("", "g", "gb", "gx", "x", "gbg")] == [
        False, True, False, False, False, True,
    ]  # fmt: skip


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
