"""Converts scripted probes to the exporter's series, as Prometheus would scrape them, in promtool's notation.

It writes only the series that the paging rules read, with the names and labels of `docs/metrics.md`. It also writes
blackbox_exporter's `probe_success` for the same probes, for the alternative rules.
"""

import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from aiprobe.core.state import State, surface_state
from benchmarks.detection.probes import Asked, Target, ask, chance, lives

SCRAPE_SECONDS: Final = 15.0
OBJECTIVES: Final = {"availability": 0.995, "time_to_first_token": 0.95}
Value = float | None
Series = tuple[str, str]
"""A series with its labels, and its values in promtool's notation."""


@dataclass(frozen=True, slots=True)
class World:
    """One provider with its targets and its incident."""

    provider: str
    targets: tuple[Target, ...]
    seconds: float
    incident: tuple[float, float] | None = None
    """Start and end of the incident; None if no page is expected."""
    restarts: tuple[tuple[float, float], ...] = ()
    scrape_age: float = 0.0
    """The age of a scraped value in seconds at its evaluation: scrapes and evaluations do not coincide."""


def notation(values: Iterable[Value]) -> str:
    """Write values in promtool's notation, repetitions folded; None is a scrape without the series."""
    words = []
    for value, run in groupby(values):
        count = len(list(run))
        words.append(f"_x{count}" if value is None else f"{value:g}+0x{count - 1}")
    return " ".join(words)


def of_world(world: World) -> list[Series]:
    """Return every series of one provider."""
    found: list[Series] = []
    histories: dict[str, list[_History]] = {}
    asked, plain = _asked(world), _asked(world, follow_ups=False)
    for target in world.targets:
        history = _History(world, asked[target.name], 3 * target.interval)
        histories.setdefault(target.surface, []).append(history)
        found += _of_target(world, target, history)
        found.append(_success(world, target, plain[target.name]))
    for surface, members in histories.items():
        labels = f'{{provider="{world.provider}",surface="{surface}",provider_region="",vantage="here"}}'
        found.append((f"aiprobe_surface_state{labels}", notation(_surface(world, members))))
    return found


def of_blackbox(world: World) -> list[Series]:
    """Return only `probe_success`, for the alternative rules."""
    plain = _asked(world, follow_ups=False)
    return [_success(world, target, plain[target.name]) for target in world.targets]


def _asked(world: World, *, follow_ups: bool = True) -> dict[str, list[Asked]]:
    return ask(
        world.targets,
        world.seconds,
        dice=lambda name: chance((world.provider, name)),
        restarts=world.restarts,
        follow_ups=follow_ups,
    )


def of_exporter(seconds: float, restarts: tuple[tuple[float, float], ...] = ()) -> list[Series]:
    """Return the exporter's series about itself."""
    clock = list(_scrapes(seconds))
    up = [1.0 if any(start <= at < down for start, down in lives(float("inf"), restarts)) else 0.0 for at in clock]
    egress = [1.0 if alive else None for alive in up]
    return [
        ('up{job="aiprobe",instance="aiprobe:10529"}', notation(up)),
        ('aiprobe_egress_up{check="a",vantage="here"}', notation(egress)),
        ('aiprobe_egress_up{check="b",vantage="here"}', notation(egress)),
    ]


class _History:
    """The exporter's state of one target at any time, with a fast lookup by the sorted ends of attempts."""

    def __init__(self, world: World, asked: Sequence[Asked], fades_after_seconds: float) -> None:
        self._fades_after_seconds = fades_after_seconds
        self._lives = list(lives(float("inf"), world.restarts))
        self._asked = asked
        self._ends = [one.ended for one in asked]

    def life_at(self, at: float) -> float | None:
        """Return the start of the process that runs at `at`, or None if none runs."""
        return next((up for up, down in self._lives if up <= at < down), None)

    def last(self, at: float) -> Asked | None:
        """Return the last attempt of this process that ended before `at`, unless it is too old."""
        born = self.life_at(at)
        index = bisect.bisect_right(self._ends, at) - 1
        if born is None or index < 0 or not max(born, at - self._fades_after_seconds) <= self._ends[index]:
            return None
        return self._asked[index]

    def counter(self, clock: Sequence[float], counts: Callable[[Asked], bool]) -> list[Value]:
        """Return a counter of this process at each time of `clock`: 0 with each process, absent without one."""
        ends = [one.ended for one in self._asked if counts(one)]
        values: list[Value] = []
        for at in clock:
            born = self.life_at(at)
            values.append(
                None if born is None else float(bisect.bisect_right(ends, at) - bisect.bisect_left(ends, born))
            )
        return values


def _scrapes(seconds: float) -> Iterable[float]:
    return (index * SCRAPE_SECONDS for index in range(int(seconds / SCRAPE_SECONDS) + 1))


def _clock(world: World) -> list[float]:
    """Return the time of each scraped value."""
    return [max(0.0, at - world.scrape_age) for at in _scrapes(world.seconds)]


def _surface(world: World, members: Sequence[_History]) -> list[Value]:
    values: list[Value] = []
    for at in _clock(world):
        states: list[State | None] = [None if (last := member.last(at)) is None else last.state for member in members]
        state = surface_state(states)
        values.append(None if state is None else float(state))
    return values


def _of_target(world: World, target: Target, history: _History) -> list[Series]:
    clock = _clock(world)
    identity = (
        f'target="{world.provider}-{target.name}",provider="{world.provider}",surface="{target.surface}",'
        f'model="{target.name}",provider_region="",probe="chat",vantage="here"'
    )
    last = [history.last(at) for at in clock]
    alive = [history.life_at(at) is not None for at in clock]

    def always(value: float) -> str:
        return notation(value if there else None for there in alive)

    def events(slo: str, verdict: str, counts: Callable[[Asked], bool]) -> Series:
        labels = f'{{{identity},slo="{slo}",verdict="{verdict}"}}'
        return f"aiprobe_slo_events_total{labels}", notation(
            history.counter(clock, lambda one: not one.confirm and counts(one))
        )

    def latest(value: Callable[[Asked], float | None]) -> str:
        return notation(None if one is None else value(one) for one in last)

    found = [
        (f"aiprobe_consecutive_failures{{{identity}}}", latest(lambda one: float(one.consecutive_failures))),
        (f"aiprobe_state{{{identity}}}", latest(lambda one: None if one.state is None else float(one.state))),
        (f"aiprobe_outage_suspicion{{{identity}}}", latest(lambda one: round(one.suspicion, 3))),
        (f"aiprobe_last_run_timestamp_seconds{{{identity}}}", latest(lambda one: one.ended + world.scrape_age)),
        (f"aiprobe_interval_seconds{{{identity}}}", always(target.interval)),
        events("availability", "good", lambda one: not one.bad),
        events("availability", "bad", lambda one: one.bad),
        events("availability", "excluded", lambda one: one.state is None),
        events("time_to_first_token", "good", lambda one: not one.bad and not one.slow),
        events("time_to_first_token", "bad", lambda one: one.slow),
    ]
    for slo, objective in OBJECTIVES.items():
        found.append((f'aiprobe_slo_objective_ratio{{{identity},slo="{slo}"}}', always(objective)))
        found.append((f'aiprobe_slo_period_seconds{{{identity},slo="{slo}"}}', always(30 * 86400)))
    return found


def _success(world: World, target: Target, asked: Sequence[Asked]) -> Series:
    """Return `probe_success` of scheduled probes only: blackbox_exporter has no follow-ups."""
    ends = [one.ended for one in asked]
    values: list[Value] = []
    for at in _clock(world):
        index = bisect.bisect_right(ends, at) - 1
        values.append(None if index < 0 else float(not asked[index].bad))
    return f'probe_success{{target="{world.provider}-{target.name}",provider="{world.provider}"}}', notation(values)
