"""An hour comes back from its bytes as it was, in one part or in several; a tick as well."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.core.evidence import Minute, decode_minute
from aiprobe.core.outcomes import Verdict
from aiprobe.journal import hours
from aiprobe.journal.hours import (
    SLO_NAMES,
    HourCounts,
    Tick,
    merge,
    pack_facts,
    pack_speeds,
    pack_ticks,
    pack_verdicts,
    to_row,
    unpack_facts,
    unpack_speeds,
    unpack_sums,
    unpack_ticks,
)

IDENTITY = ("t", "p")
probes = st.lists(
    st.tuples(
        st.integers(0, 3599),
        st.dictionaries(st.sampled_from(SLO_NAMES), st.sampled_from(list(Verdict)), min_size=1),
        st.none() | st.floats(0, 1e6),
    ),
    max_size=80,
)
Probes = Sequence[tuple[int, dict[str, Verdict], float | None]]


def counted(probes: Probes) -> HourCounts:
    counts = HourCounts()
    for second, verdicts, speed in probes:
        counts.add(second, pack_verdicts(verdicts))
        if speed is not None:
            counts.add_speed(second, speed)
    return counts


def expected(probes: Probes, slo: str) -> list[Minute]:
    minutes = [[0, 0, 0] for _ in range(60)]
    order = [Verdict.GOOD, Verdict.BAD, Verdict.EXCLUDED]
    for second, verdicts, _ in probes:
        if slo in verdicts:
            minutes[second // 60][order.index(verdicts[slo])] += 1
    return [Minute(*minute) for minute in minutes]


@given(probes=probes)
def test_an_hour_survives_its_bytes(probes: Probes) -> None:
    counts = counted(probes)
    row = to_row(7, IDENTITY, *counts.blobs())
    assert counts.row(7, IDENTITY) == row
    assert (row.target, row.hour, row.identity) == ("t", 7, IDENTITY)
    named = {name for _, verdicts, _ in probes for name in verdicts}
    assert set(row.sums) == named
    for name in named:
        minutes = expected(probes, name)
        assert row.sums[name] == tuple(map(sum, zip(*minutes, strict=True)))
        codes = row.minutes if name == "availability" else row.slo_minutes[name]
        for code, minute in zip(codes, minutes, strict=True):
            if max(minute.good, minute.bad) <= 14:
                told = minute if minute.valid == 0 else minute._replace(excluded=0)
                assert decode_minute(code) == told._replace(excluded=min(told.excluded, 1))


@given(first=probes, second=probes)
def test_parts_of_an_hour_add_up_to_the_whole(first: Probes, second: Probes) -> None:
    whole = counted([*first, *second]).row(7, IDENTITY)
    parts = merge([counted(first).row(7, IDENTITY), counted(second).row(7, IDENTITY)])
    assert parts.sums == whole.sums
    assert set(parts.slo_minutes) == set(whole.slo_minutes)
    for mine, theirs in zip(parts.minutes, whole.minutes, strict=True):
        assert decode_minute(mine)[:2] == decode_minute(theirs)[:2]


def test_a_minute_s_speed_is_the_median_of_its_probes() -> None:
    row = counted([(61, {}, 10.0), (62, {}, 30.0), (63, {}, 80.0), (200, {}, 1.25)]).row(7, IDENTITY)
    assert row.tokens_per_second is not None
    assert list(row.tokens_per_second[:4]) == [None, 30.0, None, 1.25]
    assert counted([(1, {"duration": Verdict.GOOD}, None)]).row(7, IDENTITY).tokens_per_second is None


def test_speeds_of_two_parts_are_joined() -> None:
    parts = [counted([(0, {}, 10.0), (60, {}, 5.0)]), counted([(0, {}, 20.0)])]
    merged = merge([part.row(7, IDENTITY) for part in parts]).tokens_per_second
    assert merged is not None
    assert list(merged[:3]) == [15.0, 5.0, None]


def test_a_usual_hour_takes_few_bytes() -> None:
    good = dict.fromkeys(("availability", "correctness", "time_to_first_token"), Verdict.GOOD)
    sums, minutes, speeds = counted([(second, good, None) for second in range(0, 3600, 30)]).blobs()
    assert len(sums) == 1 + 3 * 6
    assert len(minutes) < 20
    assert speeds is None


def test_the_running_hour_is_read_at_every_reload_and_never_remembered() -> None:
    before = hours._decoded.cache_info()
    counted([(61, {"availability": Verdict.GOOD}, None)]).row(7, IDENTITY)
    assert hours._decoded.cache_info() == before


def test_counts_stop_at_what_the_bytes_tell() -> None:
    counts = HourCounts()
    for _ in range(70_000):
        counts.add(0, 1)
    assert counts.row(7, IDENTITY).sums["availability"] == (65_535, 0, 0)


@pytest.mark.parametrize("sums", [b"", b"\x01", b"\x00\x00", b"\x03" + bytes(6), b"\xff" + bytes(48)])
def test_sums_that_are_none_are_refused(sums: bytes) -> None:
    with pytest.raises(ValueError, match="not the sums"):
        unpack_sums(sums)


@pytest.mark.parametrize("minutes", [b"", b"\x03\x00", counted([]).blobs()[1]])
def test_minutes_that_are_none_are_refused(minutes: bytes) -> None:
    sums = counted([(0, {"availability": Verdict.GOOD}, None)]).blobs()[0]
    with pytest.raises(ValueError, match="not the minutes"):
        to_row(7, IDENTITY, sums, minutes, None)


@given(
    ticks=st.lists(
        st.builds(Tick, st.integers(1, 65_535), st.integers(0, 3599), st.integers(0, 65_535), st.integers(0, 65_535))
    )
)
def test_ticks_survive_their_bytes(ticks: list[Tick]) -> None:
    assert list(unpack_ticks(pack_ticks(ticks))) == ticks
    assert len(pack_ticks(ticks)) == 8 * len(ticks)


def test_speeds_survive_their_bytes() -> None:
    speeds = [(1, 2, 0.5), (65_535, 3599, 1e9)]
    assert list(unpack_speeds(pack_speeds(speeds))) == speeds
    assert pack_speeds([]) is None
    assert list(unpack_speeds(None)) == []


@given(state=st.none() | st.integers(0, 3), ok=st.booleans(), failures=st.integers(-1, 10_000))
def test_facts_survive_their_bits(state: int | None, failures: int, *, ok: bool) -> None:
    packed = pack_facts(state=state, ok=ok, consecutive_failures=failures)
    assert 0 <= packed <= 65_535
    assert unpack_facts(packed) == (state, ok, min(max(failures, 0), 4095))


def test_an_slo_that_the_files_do_not_know_is_left_out() -> None:
    assert pack_verdicts({"availability": Verdict.BAD, "politeness": Verdict.BAD}) == 2
    assert len(SLO_NAMES) <= 8
