"""How the objectives and the groups of the configured targets stand: takes finished probes, emits their gauges.

The arithmetic is pure and in `windows.py` and `groups.py`. Here it is connected to the journal, the clock and the
metrics, a few targets at a time, so that no single moment delays a first token that is being timed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final, Protocol, TypeVar

from aiprobe.core.clock import Clock
from aiprobe.core.evidence import HourRow
from aiprobe.core.gauges import Gauges
from aiprobe.core.model import Attempt, Finished, Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.tracked import Tracked
from aiprobe.objectives.groups import GroupWindows, group_up
from aiprobe.objectives.windows import DAY_SECONDS, PERIOD, Windows, budget_remaining, burn_rate, masks

BURN_WINDOWS: Final = ("1h", "6h", "3d")
GROUP_WINDOWS: Final = ("1h", "1d", "30d")
TARGETS_PER_TICK: Final = 20
"""Targets whose burn is computed anew in one tick besides those that were probed: time alone changes it."""
REBUILD_DAYS: Final = 31

T = TypeVar("T")
_Ended = tuple[Finished, float]
"""A probe, and the Unix time at which it ended."""
_Series = dict[tuple[str, ...], float]


class Past(Protocol):
    """The results of former days, on disk."""

    async def read_back(self, read: Callable[[], T]) -> tuple[T, Callable[[], Sequence[_Ended]]]:
        """Return what `read` returned from a thread, and what returns the probes that it did not find yet."""

    def windows(self, targets: Sequence[Target]) -> dict[str, Windows]:
        """Return each target's windows by name. Blocks."""

    def hours(self, start: float, end: float, targets: frozenset[str]) -> Iterator[HourRow]:
        """Return the hours of targets that overlap [start, end) in Unix time. Blocks."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The members of a group, and what they were worth together."""

    members: Sequence[str]
    windows: GroupWindows


class ObjectiveKeeper:
    """Keeps the burn windows of the running configuration."""

    def __init__(self, gauges: Gauges, past: Past, *, tracked: Mapping[str, Tracked], clock: Clock) -> None:
        self._gauges = gauges
        self._past = past
        self._tracked = tracked
        self._clock = clock
        self._targets: dict[str, Target] = {}
        self._windows: dict[str, Windows] = {}
        self._groups: dict[str, _Group] = {}
        self._turn: list[str] = []
        self._burning: set[str] = set()
        """Targets whose burn has series; what another good probe changes in them can wait for its turn."""

    async def prepare(
        self, targets: Sequence[Target], groups: Mapping[str, Sequence[str]], *, anew: bool = False
    ) -> Callable[[], None]:
        """Read back from the journal what is new, in a thread; return what keeps exactly these from then on.

        A group is judged if `targets` has all its members. `anew` reads everything back, as after the wall clock was
        set.
        """
        owned = {
            name: members for name, members in groups.items() if {target.name for target in targets}.issuperset(members)
        }
        fresh = [target for target in targets if anew or self._needs_windows(target)]
        windows: Mapping[str, Windows] = {}
        missed: Callable[[], Sequence[_Ended]] = tuple
        if fresh:
            windows, missed = await self._past.read_back(lambda: self._past.windows(fresh))
        found = {target.name: windows.get(target.name) or _new_windows(target) for target in fresh}
        new_groups = {
            name: await self._read_group(members)
            for name, members in owned.items()
            if anew or name not in self._groups or self._groups[name].members != members
        }

        def commit() -> None:
            self._targets = {target.name: target for target in targets}
            self._windows = {name: found.get(name) or self._windows[name] for name in self._targets}
            for finished, ended in missed():
                if finished.attempt is Attempt.SCHEDULED and finished.target.name in found:
                    self._count_events(finished, ended)
            kept = {name: group for name, group in self._groups.items() if name in owned}
            self._groups = {**kept, **{name: complete() for name, complete in new_groups.items()}}
            self._turn = []
            for target in targets:
                self._emit_burn(target.name)
            members: _Series = {(name, one): 1.0 for name in groups for one in groups[name] if one in self._targets}
            self._gauges.replace("group_member", members)
            self._burning.clear()  # series that begin with this configuration are set again by the next probe

        return commit

    def finished(self, finished: Finished) -> None:
        """Take one finished probe; only scheduled ones count."""
        name = finished.target.name
        if (
            finished.attempt is not Attempt.SCHEDULED
            or finished.result.outcome is Outcome.CANCELLED
            or name not in self._targets
        ):
            return
        now = self._clock.wall()
        self._count_events(finished, now)
        for group in self._groups.values():
            if name in group.members:
                group.windows.add(now, _in_group(finished))
        if Verdict.BAD in finished.slo_verdicts.values() or name not in self._burning:
            self._emit_burn(name)

    def tick(self) -> None:
        """Bring up to date what time alone changes: the burn of some targets, and the groups."""
        self._turn = self._turn or list(self._targets)
        for name in islice(self._turn, TARGETS_PER_TICK):
            self._emit_burn(name)
        del self._turn[:TARGETS_PER_TICK]
        self._emit_groups()

    def _needs_windows(self, target: Target) -> bool:
        held = self._windows.get(target.name)
        known = self._targets.get(target.name)
        if held is None or known is None or known.identity != target.identity:
            return True
        same_period = known.objectives.period_seconds == target.objectives.period_seconds
        return held.slos != tuple(target.objectives.ratios) or not same_period

    async def _read_group(self, members: Sequence[str]) -> Callable[[], _Group]:
        """Read a group's hours back; return what adds the probes that were missed."""
        now, names = self._clock.wall(), frozenset(members)
        rows, missed = await self._past.read_back(partial(self._hours, now - REBUILD_DAYS * DAY_SECONDS, now, names))
        windows = GroupWindows()
        windows.rebuild(rows, now)

        def complete() -> _Group:
            for finished, ended in missed():
                if finished.attempt is Attempt.SCHEDULED and finished.target.name in names:
                    windows.add(ended, _in_group(finished))
            return _Group(members, windows)

        return complete

    def _hours(self, start: float, end: float, targets: frozenset[str]) -> list[HourRow]:
        return list(self._past.hours(start, end, targets))

    def _count_events(self, finished: Finished, now: float) -> None:
        name = finished.target.name
        if finished.target.identity != self._targets[name].identity:
            return  # asked before a reload gave this name to another model: the journal keeps them apart as well
        windows = self._windows[name]
        valid, bad = masks(windows.slos, finished.slo_verdicts)
        if valid:
            windows.add(now, valid=valid, bad=bad)

    def _emit_burn(self, name: str) -> None:
        target, windows = self._targets.get(name), self._windows.get(name)
        if target is None or windows is None or not windows.slos:
            return
        counts = windows.read(self._clock.wall(), (*BURN_WINDOWS, PERIOD))
        burn: _Series = {}
        remaining: _Series = {}
        for index, slo in enumerate(windows.slos):
            objective = target.objectives.ratios[slo]
            for window in BURN_WINDOWS:
                rate = burn_rate(counts[window][index], objective)
                if rate is not None:
                    burn[slo, window] = rate
            left = budget_remaining(counts[PERIOD][index], objective)
            if left is not None:
                remaining[slo,] = left
        if burn:
            self._burning.add(name)
        else:
            self._burning.discard(name)
        self._gauges.replace_for(name, "slo_burn_rate", burn)
        self._gauges.replace_for(name, "slo_error_budget_remaining_ratio", remaining)

    def _emit_groups(self) -> None:
        now, wall = self._clock.monotonic(), self._clock.wall()
        up: _Series = {}
        availability: _Series = {}
        for name, group in self._groups.items():
            is_up = group_up((self._tracked[member] for member in group.members if member in self._tracked), now)
            if is_up is not None:
                up[name,] = float(is_up)
            read = group.windows.availability(wall)
            for window in GROUP_WINDOWS:
                if (ratio := read[window]) is not None:
                    availability[name, window] = ratio
        self._gauges.replace("group_up", up)
        self._gauges.replace("group_availability_ratio", availability)


def _in_group(finished: Finished) -> Verdict:
    return Verdict.EXCLUDED if finished.maintenance else finished.verdict


def _new_windows(target: Target) -> Windows:
    return Windows(tuple(target.objectives.ratios), period_seconds=target.objectives.period_seconds)
