"""Could we have failed over? What a group of targets (`any_of`) was worth together, now, lately and in the past.

A group's minute is good if any member had a good probe in it, bad if members were validly probed and none was good.
Pure; `keeper.py` connects it to the journal and the metrics.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiprobe.core.clock import STEP_SECONDS
from aiprobe.core.evidence import (
    EXCLUDED_MINUTE,
    MINUTES_PER_HOUR,
    UNKNOWN_MINUTE,
    HourRow,
    Minute,
    encode_minute,
)
from aiprobe.core.outcomes import Verdict
from aiprobe.core.state import State
from aiprobe.core.tracked import Tracked
from aiprobe.objectives.windows import Windows

GOOD_MINUTE: Final = encode_minute(Minute(good=1))
BAD_MINUTE: Final = encode_minute(Minute(bad=1))
_AVAILABILITY: Final = "availability"
_ALL_UNKNOWN: Final = bytes(MINUTES_PER_HOUR)


def group_up(members: Iterable[Tracked], now: float) -> bool | None:
    """Return whether any member serves, if only in a degraded way; None while nothing recent is known of any.

    `now` is monotonic.
    """
    states = [member.state.state for member in members if not member.is_silent(now)]
    known = [state for state in states if state is not None]
    return any(state <= State.DEGRADED for state in known) if known else None


def combine_minute(codes: Iterable[int]) -> int:
    """Return the group's code for one minute from the members' codes (`core.evidence.encode_minute`)."""
    seen = set(codes)
    seen.discard(UNKNOWN_MINUTE)
    if not seen:
        return UNKNOWN_MINUTE
    seen.discard(EXCLUDED_MINUTE)
    if not seen:
        return EXCLUDED_MINUTE
    return GOOD_MINUTE if any(code >> 4 for code in seen) else BAD_MINUTE


def combine_hours(rows: Iterable[HourRow]) -> Sequence[HourRow]:
    """Return the group's hours from its members' rows, oldest first, each minute worth one event."""
    by_hour: dict[int, list[bytes]] = {}
    for row in rows:
        by_hour.setdefault(row.hour, []).append(row.minutes)
    combined = []
    for hour, members in sorted(by_hour.items()):
        combined.append(_hour(hour, bytes(map(combine_minute, zip(*members, strict=True)))))
    return combined


def _hour(hour: int, minutes: bytes) -> HourRow:
    sums = (minutes.count(GOOD_MINUTE), minutes.count(BAD_MINUTE), minutes.count(EXCLUDED_MINUTE))
    return HourRow(target="", hour=hour, identity=(), minutes=minutes, sums={_AVAILABILITY: sums})


class GroupWindows:
    """Counts a group's good and bad minutes over `WINDOWS` of `windows.py`; a minute counts once it is over.

    Its clock rule and its exactness are those of `Windows`. An availability is 1 - bad / valid of a window's counts.
    """

    __slots__ = ("_any_good", "_any_valid", "_minute", "windows")

    def __init__(self) -> None:
        self.windows = Windows((_AVAILABILITY,))
        self._minute: int | None = None
        self._any_good = self._any_valid = False

    def add(self, now: float, verdict: Verdict) -> None:
        """Count one scheduled probe of any member, by its availability verdict."""
        self._turn(now)
        self._any_good |= verdict is Verdict.GOOD
        self._any_valid |= verdict is not Verdict.EXCLUDED

    def availability(self, now: float) -> Mapping[str, float | None]:
        """Return the share of good minutes by window name; None where no minute was validly probed."""
        self._turn(now)
        read = self.windows.read(now)
        return {name: 1 - counts.bad / counts.valid if counts.valid else None for name, (counts,) in read.items()}

    def rebuild(self, rows: Iterable[HourRow], now: float) -> None:
        """Start again from the members' hours; the minute that runs now is taken up where it was."""
        hours = combine_hours(rows)
        self._minute = int(now) // 60
        hour, minute = divmod(self._minute, MINUTES_PER_HOUR)
        running = next((row.minutes[minute] for row in hours if row.hour == hour), UNKNOWN_MINUTE)
        self._any_good = running == GOOD_MINUTE
        self._any_valid = running in {GOOD_MINUTE, BAD_MINUTE}
        self.windows.rebuild((_without(row, minute) if row.hour == hour else row for row in hours), now)

    def _turn(self, now: float) -> None:
        """Count the minute that ran, unless it still does or the clock was only put back a little."""
        minute, running = int(now) // 60, self._minute
        if running is not None:
            if minute == running or 0 < running * 60 - now <= STEP_SECONDS:
                return
            if self._any_valid:
                self.windows.add(running * 60 + 59, valid=1, bad=int(not self._any_good))
        self._minute = minute
        self._any_good = self._any_valid = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failover:
    """What the rest of the group would have done for one member, in minutes."""

    probed: int
    """Minutes in which the member was validly probed."""
    down: int
    """Minutes in which every valid probe of the member was bad."""
    saved: int
    """Of those, minutes in which another member had a good probe."""
    lost: int
    """Of those, minutes in which others were validly probed and none was good."""

    @property
    def unknown(self) -> int:
        """Return the minutes down in which nobody else was validly probed."""
        return self.down - self.saved - self.lost


def failover(rows: Iterable[HourRow], members: Sequence[str]) -> Mapping[str, Failover]:
    """Return by member what a second vendor would have saved in the hours given."""
    by_hour: dict[int, dict[str, bytes]] = {}
    for row in rows:
        if row.target in members:
            hour = by_hour.setdefault(row.hour, {})
            former = hour.get(row.target, _ALL_UNKNOWN)
            hour[row.target] = bytes(map(combine_minute, zip(former, row.minutes, strict=True)))
    return {member: _failover(member, by_hour.values()) for member in members}


def _failover(member: str, hours: Iterable[Mapping[str, bytes]]) -> Failover:
    probed = down = saved = lost = 0
    for hour in hours:
        mine = hour.get(member, _ALL_UNKNOWN)
        others = [minutes for name, minutes in hour.items() if name != member]
        rest = bytes(map(combine_minute, zip(*others, strict=True))) if others else _ALL_UNKNOWN
        for code, other in zip(mine, rest, strict=True):
            own = combine_minute([code])
            probed += own in {GOOD_MINUTE, BAD_MINUTE}
            if own == BAD_MINUTE:
                down += 1
                saved += other == GOOD_MINUTE
                lost += other == BAD_MINUTE
    return Failover(probed=probed, down=down, saved=saved, lost=lost)


def _without(row: HourRow, minute: int) -> HourRow:
    """Return a combined hour with one minute not known yet."""
    return _hour(row.hour, row.minutes[:minute] + bytes([UNKNOWN_MINUTE]) + row.minutes[minute + 1 :])
