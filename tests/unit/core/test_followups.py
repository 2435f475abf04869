"""Follow-ups are spaced, scaled, spread, and end before the next scheduled attempt."""

import pytest

from aiprobe.core.followups import OFFSETS, follow_up_after, offsets


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (60, [3, 8, 15, 25, 33, 40.5]),
        (30, [1.5, 4, 7.5, 12.5, 16.5, 20.25]),
        (15, [0.75, 2, 3.75, 6.25, 8.25, 10.125]),
        (90, [3, 8, 15, 25, 33, 40.5, 60, 63, 68, 75, 85]),
        (120, [3, 8, 15, 25, 33, 40.5, 60, 63, 68, 75, 85, 93, 100.5]),
    ],
)
def test_follow_ups_fill_the_interval(interval: float, expected: list[float]) -> None:
    assert list(offsets(interval, 0.0)) == expected


def test_an_hourly_target_is_asked_every_minute_like_any_other_while_in_doubt() -> None:
    found = list(offsets(3600, 0.0))
    assert (len(found), max(found)) == (60 * (len(OFFSETS) + 1) - 1, 3580.5)


@pytest.mark.parametrize("place", [0.0, 0.5, 0.999])
def test_targets_are_spread_and_all_persist_for_forty_seconds(place: float) -> None:
    found = list(offsets(60, place))
    assert found[:-1] == [offset * (1 + 0.08 * place) for offset in OFFSETS[:-1]]
    assert 40 < found[-1] < 41


@pytest.mark.parametrize(
    ("began", "ended", "expected"),
    [
        (0, 0.3, 3),
        (3, 3.3, 8),
        (3, 9, 9),  # slower than the spacing
        (40.5, 40.8, None),
        (0, 40, 40),  # a hang is followed at once
        (40, 80, None),  # and then the next scheduled attempt is due
        (0, 61, None),
    ],
)
def test_an_attempt_is_followed_at_the_next_offset_or_at_once(
    began: float, ended: float, expected: float | None
) -> None:
    assert follow_up_after(60, 0.0, began=began, ended=ended, due=60) == expected
