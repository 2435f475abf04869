"""A group is as good as its best member, minute by minute."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.core.evidence import HourRow, Minute, encode_minute
from aiprobe.core.outcomes import Verdict
from aiprobe.core.state import State, TargetState
from aiprobe.core.tracked import Tracked
from aiprobe.objectives.groups import Failover, GroupWindows, combine_hours, combine_minute, failover, group_up
from tests.builders import a_target

NOON = 1_795_348_800.0
HOUR = int(NOON) // 3600
GOOD, BAD, MIXED = encode_minute(Minute(good=1)), encode_minute(Minute(bad=2)), encode_minute(Minute(good=1, bad=1))
EXCLUDED, UNKNOWN = 0xFF, 0x00


def a_row(target: str, codes: Sequence[int], hour: int = HOUR) -> HourRow:
    """Return an hour that begins with `codes` and is unknown after them."""
    minutes = bytes(codes) + bytes(60 - len(codes))
    return HourRow(target=target, hour=hour, identity=(target,), minutes=minutes)


class Fixed(TargetState):
    """A state that was reached somehow."""

    def __init__(self, state: int | None) -> None:
        super().__init__()
        self._state = None if state is None else State(state)


def a_member(state: int | None, *, age: float = 30.0) -> Tracked:
    return Tracked(a_target(interval_seconds=60), state=Fixed(state), ended_at=NOON - age)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([a_member(0), a_member(3)], True),
        ([a_member(1), a_member(3)], True),
        ([a_member(2), a_member(3)], False),
        ([a_member(3), a_member(None)], False),
        ([a_member(3), a_member(0, age=181)], False),
        ([a_member(0, age=180)], True),
        ([a_member(None), a_member(0, age=181)], None),
        ([a_member(0, age=float("inf"))], None),
        ([], None),
    ],
)
def test_a_group_is_up_when_a_recent_state_of_any_member_serves(
    members: Sequence[Tracked], expected: bool | None
) -> None:
    assert group_up(members, NOON) is expected


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([GOOD, BAD], GOOD),
        ([MIXED, BAD], GOOD),
        ([BAD, BAD], encode_minute(Minute(bad=1))),
        ([BAD, UNKNOWN, EXCLUDED], encode_minute(Minute(bad=1))),
        ([EXCLUDED, UNKNOWN], EXCLUDED),
        ([UNKNOWN, UNKNOWN], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_a_minute_is_good_if_any_member_was_and_bad_if_all_valid_ones_were(codes: Sequence[int], expected: int) -> None:
    assert combine_minute(codes) == expected


def test_hours_of_the_members_make_the_group_s_hours() -> None:
    rows = [a_row("b", [GOOD], HOUR + 1), a_row("a", [GOOD, BAD, EXCLUDED]), a_row("b", [BAD, BAD, EXCLUDED])]
    first, second = combine_hours(rows)
    assert (first.hour, first.sums) == (HOUR, {"availability": (1, 1, 1)})
    assert (second.hour, second.minutes[:2]) == (HOUR + 1, bytes([GOOD, UNKNOWN]))


def test_failover_counts_the_minutes_that_a_second_vendor_would_have_saved() -> None:
    rows = [a_row("a", [GOOD, BAD, BAD, BAD, EXCLUDED, MIXED]), a_row("b", [GOOD, GOOD, BAD, UNKNOWN, GOOD, BAD])]
    saved = failover(rows, ["a", "b"])
    assert saved["a"] == Failover(probed=5, down=3, saved=1, lost=1)
    assert saved["a"].unknown == 1
    assert saved["b"] == Failover(probed=5, down=2, saved=1, lost=1)


def test_failover_knows_a_member_that_was_never_probed_and_leaves_strangers_out() -> None:
    saved = failover([a_row("a", [BAD]), a_row("stranger", [GOOD])], ["a", "silent"])
    assert saved == {
        "a": Failover(probed=1, down=1, saved=0, lost=0),
        "silent": Failover(probed=0, down=0, saved=0, lost=0),
    }


def test_two_rows_of_one_member_and_hour_are_one_hour() -> None:
    saved = failover([a_row("a", [BAD, BAD]), a_row("a", [GOOD, UNKNOWN]), a_row("b", [BAD, GOOD])], ["a", "b"])
    assert saved["a"] == Failover(probed=2, down=1, saved=1, lost=0)


def test_availability_counts_whole_minutes() -> None:
    group = GroupWindows()
    group.add(NOON, Verdict.BAD)
    group.add(NOON + 30, Verdict.GOOD)
    group.add(NOON + 60, Verdict.BAD)
    group.add(NOON + 90, Verdict.EXCLUDED)
    group.add(NOON + 120, Verdict.EXCLUDED)
    assert group.availability(NOON + 121)["1h"] == 0.5
    assert group.availability(NOON + 181)["1h"] == 0.5


def test_without_a_valid_minute_there_is_no_availability() -> None:
    group = GroupWindows()
    group.add(NOON, Verdict.EXCLUDED)
    assert set(group.availability(NOON + 90).values()) == {None}


def test_a_clock_put_back_a_little_counts_no_minute_twice() -> None:
    group = GroupWindows()
    for at in (NOON, NOON + 60, NOON + 58, NOON + 61, NOON + 59, NOON + 62):
        group.add(at, Verdict.GOOD)
    group.availability(NOON + 120)
    assert group.windows.read(NOON + 120)["1h"][0] == (2, 0)


def test_after_a_restart_the_group_goes_on_in_the_minute_that_ran() -> None:
    group = GroupWindows()
    group.rebuild([a_row("a", [GOOD, BAD, BAD]), a_row("b", [GOOD, BAD, GOOD])], NOON + 150)
    assert group.windows.read(NOON + 150)["1h"][0] == (2, 1)
    group.add(NOON + 160, Verdict.BAD)
    group.availability(NOON + 180)
    assert group.windows.read(NOON + 180)["1h"][0] == (3, 1)


codes = st.lists(st.sampled_from([GOOD, BAD, MIXED, EXCLUDED, UNKNOWN]), min_size=60, max_size=60)


@given(first=codes, second=codes)
def test_a_rebuilt_group_agrees_with_one_that_saw_every_probe(first: Sequence[int], second: Sequence[int]) -> None:
    seen, rebuilt = GroupWindows(), GroupWindows()
    verdicts = {
        GOOD: [Verdict.GOOD],
        BAD: [Verdict.BAD],
        MIXED: [Verdict.BAD, Verdict.GOOD],
        EXCLUDED: [Verdict.EXCLUDED],
        UNKNOWN: [],
    }
    for minute, pair in enumerate(zip(first, second, strict=True)):
        for code in pair:
            for verdict in verdicts[code]:
                seen.add(NOON + minute * 60 + 20, verdict)
    rebuilt.rebuild([a_row("a", first), a_row("b", second)], NOON + 3600)
    assert rebuilt.availability(NOON + 3600) == seen.availability(NOON + 3600)
