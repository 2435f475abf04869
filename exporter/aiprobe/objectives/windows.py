"""How many events of each SLO were good and bad in the last five minutes, hour, month: in bounded memory.

Rings of counts in four resolutions: a window is the sum of its slots. Pure; where the events come from (probes as they
end, or the journal's hour rows after a restart) is the caller's business.
"""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from math import ceil
from operator import sub
from typing import Final, NamedTuple

from aiprobe.core.clock import STEP_SECONDS
from aiprobe.core.evidence import BAD_OF, GOOD_OF, HOUR_SECONDS, MINUTES_PER_HOUR, HourRow
from aiprobe.core.outcomes import Verdict

DAY_SECONDS: Final = 86_400
WINDOWS: Final[Mapping[str, int]] = {
    "5m": 300,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "6h": 21_600,
    "1d": DAY_SECONDS,
    "3d": 3 * DAY_SECONDS,
    "30d": 30 * DAY_SECONDS,
}
"""Seconds by name. The names are those of Sloth's recording rules, `slo:sli_error:ratio_rate5m` and so on."""
PERIOD: Final = "period"
"""The name of the window over which the objective holds."""

_LEVELS: Final = ((10, 300), (60, 7200), (600, 3 * DAY_SECONDS), (HOUR_SECONDS, 30 * DAY_SECONDS))
"""(seconds of a slot, longest window served). A window may reach back by at most one slot more than its length."""
_MINUTES, _TENS, _HOURS = range(1, 4)
_WIDTHS: Final = "BHIQ"
"""Codes of arrays, one to eight bytes for each number."""


class Counts(NamedTuple):
    """Events of one SLO in one window."""

    valid: int = 0
    bad: int = 0


def burn_rate(counts: Counts, objective: float) -> float | None:
    """Return how many times faster than allowed the error budget burns; None without valid events.

    `objective` is a ratio in (0, 1). 1 spends exactly the budget of a period in a period (SRE workbook, chapter 5).
    """
    if counts.valid == 0 or not 0 < objective < 1:
        return None
    return counts.bad / counts.valid / (1 - objective)


def budget_remaining(counts: Counts, objective: float) -> float | None:
    """Return the share of the period's error budget that is left: negative when overdrawn, None without events."""
    burned = burn_rate(counts, objective)
    return None if burned is None else 1 - burned


def masks(slos: Sequence[str], verdicts: Mapping[str, Verdict]) -> tuple[int, int]:
    """Return (valid, bad) with bit i set for `slos[i]`, as `Windows.add` takes them."""
    valid = bad = 0
    for bit, name in enumerate(slos):
        verdict = verdicts.get(name)
        if verdict in {Verdict.GOOD, Verdict.BAD}:
            valid |= 1 << bit
            if verdict is Verdict.BAD:
                bad |= 1 << bit
    return valid, bad


class Windows:
    """Counts the events of one target's SLOs; about 9 KB for three SLOs and a period of 30 days.

    A ring has a byte for each number until a slot holds more than 255 events, then two, and so on: more than one probe
    in 14 seconds doubles the ring of hours, more than one in 2.3 seconds that of ten minutes too.

    Exactness: a window of w seconds holds everything since the last slot boundary at or before `now - w`: never less
    than w, at most one slot more (10 s for 5m; 60 s to 2h; 600 s to 3d; an hour beyond). After `rebuild` events are
    placed at the start of their minute in the hours that a short window can reach, of their ten minutes up to 3d.

    Clock: the rings run on an axis of their own that never goes back. A reading up to `STEP_SECONDS` behind the last
    counts as the last. One further behind is a clock that was set back: the axis runs on from where it was, ahead of
    the clock, so nothing is counted twice and nothing comes back into a window that it had left. A later leap ahead
    first pays off that lead. Any other leap ahead is time that passed: events age by it.
    """

    __slots__ = (
        "_axis",
        "_counts",
        "_last",
        "_lead",
        "_levels",
        "_marks",
        "_rings",
        "_seen",
        "_spans",
        "_width",
        "slos",
    )

    def __init__(self, slos: Sequence[str], *, period_seconds: float = 30 * DAY_SECONDS) -> None:
        self.slos = tuple(slos)
        self._levels, self._spans = _layout(period_seconds)
        self._width = 2 * len(self.slos)
        self._clear()

    def _clear(self) -> None:
        self._counts = [0] * self._width
        """Valid and bad of each SLO since the beginning."""
        self._marks = [tuple(self._counts)] * len(self._levels)
        """By level: what they were when its newest slot began."""
        self._rings = [array(_WIDTHS[0], [0]) * (self._width * slots) for _, slots in self._levels]
        """By level: what happened in each slot but the newest, counter by counter."""
        self._last = [-slots for _, slots in self._levels]
        self._seen: float | None = None
        self._lead = 0.0
        self._axis = 0

    def add(self, now: float, *, valid: int, bad: int) -> None:
        """Count one event: bit i of the masks stands for `slos[i]`; `bad` matters only where `valid` is set."""
        self._advance(self._axis_at(now))
        for index in range(len(self.slos)):
            if valid >> index & 1:
                self._count(2 * index, 1, bad >> index & 1)

    def read(self, now: float, names: Iterable[str] | None = None) -> Mapping[str, Sequence[Counts]]:
        """Return the counts of each window (all when `names` is None), in the order of `slos`."""
        axis = self._axis_at(now)
        self._advance(axis)
        return {name: self._window(axis, *self._spans[name]) for name in (names or self._spans)}

    def rebuild(self, rows: Iterable[HourRow], now: float) -> None:
        """Discard all counts and rebuild them from the hours of one target, in any order. Skip hours after `now`."""
        self._clear()
        for row in sorted(rows, key=lambda row: row.hour):
            if self.needs_minutes(row.hour, now):
                self.replay_minutes(row, now)
            else:
                self.replay_hour(row.hour, [row.sums.get(name, (0, 0, 0)) for name in self.slos])
        self.replayed(now)

    def needs_minutes(self, hour: int, now: float) -> bool:
        """Return whether an hour is inside the windows whose slots are shorter than an hour."""
        return (hour + 1) * HOUR_SECONDS > self._reach(_TENS, now)

    def replay_hour(self, hour: int, sums: Sequence[tuple[int, int, int]]) -> None:
        """Count an hour of the past by its (good, bad, excluded) in the order of `slos`. Hours come in order."""
        if hour > self._last[_HOURS]:
            self._close(_HOURS, hour)
        for index, (good, bad, _) in enumerate(sums):
            self._count(2 * index, good + bad, bad)

    def replay_minutes(self, row: HourRow, now: float) -> None:
        """Count an hour by its minutes. Hours come in order; one after `now` is left out."""
        start = row.hour * HOUR_SECONDS
        if start > now:
            return
        by_minute = start + HOUR_SECONDS > self._reach(_MINUTES, now)
        first, steps = (0, MINUTES_PER_HOUR) if by_minute else (_TENS, 6)
        columns = [column for name in self.slos for column in _spread(row, name, steps)]
        seconds = HOUR_SECONDS // steps
        for step, amounts in enumerate(zip(*columns, strict=True)):
            if any(amounts):
                self._advance(min(start + step * seconds, int(now)), first=first)
                for at in range(0, len(amounts), 2):
                    good, bad = amounts[at], amounts[at + 1]
                    self._count(at, good + bad, bad)

    def replayed(self, now: float) -> None:
        """End a replay: from here on the windows run with the clock."""
        self._seen, self._lead = now, 0.0
        self._axis = int(now)
        self._advance(self._axis)

    def _reach(self, level: int, now: float) -> int:
        """Return the oldest moment that a level still covers at `now`."""
        slot, slots = self._levels[level]
        return (int(now) // slot - slots + 1) * slot

    def _axis_at(self, now: float) -> int:
        """Return the moment on the rings' own axis, and remember the reading of the clock."""
        if self._seen is None:
            self._seen = now
        moved = now - self._seen
        if moved < -STEP_SECONDS:
            self._lead -= moved
        elif moved > STEP_SECONDS:
            self._lead = max(0.0, self._lead - moved)
        if moved > 0 or moved < -STEP_SECONDS:
            self._seen = now
        self._axis = max(self._axis, int(self._seen + self._lead))
        return self._axis

    def _advance(self, axis: int, *, first: int = 0) -> None:
        """Begin the slots that hold this moment, where they have not begun."""
        for level in range(first, len(self._levels)):
            newest = axis // self._levels[level][0]
            if newest > self._last[level]:
                self._close(level, newest)

    def _close(self, level: int, newest: int) -> None:
        """Keep what the newest slot of a level counted, and begin another."""
        slots, last, ring = self._levels[level][1], self._last[level], self._rings[level]
        passed = newest - last - 1
        if passed < slots:
            events = list(map(sub, self._counts, self._marks[level]))
            try:
                row = array(ring.typecode, events)
            except OverflowError:
                ring = self._rings[level] = array(_code_for(max(events)), ring)
                row = array(ring.typecode, events)
            ring[last % slots :: slots] = row
        if passed:
            count = min(passed, slots)
            self._empty(level, (newest - count) % slots, count)
        self._marks[level] = tuple(self._counts)
        self._last[level] = newest

    def _empty(self, level: int, place: int, count: int) -> None:
        slots, ring = self._levels[level][1], self._rings[level]
        upto = place + count
        for begin, end in ((place, upto),) if upto <= slots else ((place, slots), (0, upto - slots)):
            none = array(ring.typecode, [0]) * (end - begin)
            for counter in range(0, len(ring), slots):
                ring[counter + begin : counter + end] = none

    def _count(self, at: int, valid: int, bad: int) -> None:
        """Add events to the SLO whose counters are at `at`."""
        self._counts[at] += valid
        self._counts[at + 1] += bad

    def _window(self, axis: int, seconds: float, level: int) -> Sequence[Counts]:
        slot, slots = self._levels[level]
        begin, end = int((axis - seconds) // slot) % slots, self._last[level] % slots
        ring, sums = self._rings[level], list(map(sub, self._counts, self._marks[level]))
        for at in range(self._width):
            counter = at * slots
            if begin <= end:
                sums[at] += sum(ring[counter + begin : counter + end])
            else:
                sums[at] += sum(ring[counter + begin : counter + slots]) + sum(ring[counter : counter + end])
        return tuple(map(Counts._make, zip(sums[::2], sums[1::2], strict=True)))


def _code_for(most: int) -> str:
    return next(code for code in _WIDTHS if most < 256 ** array(code).itemsize)


@cache
def _layout(period_seconds: float) -> tuple[Sequence[tuple[int, int]], Mapping[str, tuple[float, int]]]:
    """Return (seconds of a slot, slots) of each level, and (seconds, level) of each window: one for all targets."""
    spans = {**WINDOWS, PERIOD: period_seconds}
    longest = max(period_seconds, _LEVELS[-1][1])
    levels = tuple((slot, ceil(reach / slot) + 1) for slot, reach in (*_LEVELS[:-1], (HOUR_SECONDS, longest)))
    return levels, {name: (seconds, _level_for(seconds)) for name, seconds in spans.items()}


def _level_for(seconds: float) -> int:
    return next((level for level, (_, reach) in enumerate(_LEVELS) if seconds <= reach), len(_LEVELS) - 1)


def _spread(row: HourRow, slo: str, steps: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return the good and the bad of one SLO in each part of the hour; together they are the hour's sums."""
    good, bad, _ = row.sums.get(slo, (0, 0, 0))
    codes = row.minutes if slo == "availability" else row.slo_minutes.get(slo, b"")
    return _parts(codes, good, bad, steps)


@lru_cache(maxsize=1024)
def _parts(codes: bytes, good: int, bad: int, steps: int) -> tuple[Sequence[int], Sequence[int]]:
    """Divide an hour; most hours are like many others, and a start meets a hundred thousand."""
    return _share(codes.translate(GOOD_OF), good, steps), _share(codes.translate(BAD_OF), bad, steps)


def _share(minutes: bytes, total: int, steps: int) -> Sequence[int]:
    """Divide `total` in proportion to `minutes`; a count above a nibble's maximum was scaled down when stored."""
    if total == 0:
        return [0] * steps
    counted = sum(minutes)
    if counted == 0:
        return [total] + [0] * (steps - 1)
    size = MINUTES_PER_HOUR // steps
    parts = [sum(minutes[at : at + size]) for at in range(0, MINUTES_PER_HOUR, size)]
    if counted == total:
        return parts
    shares, so_far, given = [], 0, 0
    for part in parts:
        so_far += part
        upto = total * so_far // counted
        shares.append(upto - given)
        given = upto
    return shares
