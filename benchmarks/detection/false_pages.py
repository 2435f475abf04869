"""False pages of months of flakes, and what the settings of `suspicion` change: simulated, see `simulate`."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from aiprobe.core.suspicion import Tuning
from benchmarks.detection.evaluate import Firing
from benchmarks.detection.flakes import MONTH_SECONDS, Flakes, bursty, independent, members
from benchmarks.detection.judge import OURS, RULE_SETS, pages
from benchmarks.detection.probes import INTERVAL_SECONDS, chance
from benchmarks.detection.scenarios import brown, outage
from benchmarks.detection.series import World
from benchmarks.detection.simulate import attempts, fired, fired_today, found

TARGETS: Final = 3
"""Of a provider: a doubt about one raises the suspicion of the others."""
MONTHS: Final = 2
"""The first begins with an empty past; in the second the past is known."""


@dataclass(frozen=True, slots=True)
class Months:
    """Months of flakes of some kind, and their bars."""

    name: str
    flakes: Flakes
    most: float = math.inf
    """False pages per target and month, over all months."""
    most_probes: float = math.inf
    """Follow-ups as a share (0-1) of the scheduled probes."""


KINDS: Final[Sequence[Months]] = (
    Months("independent, 0.2 %", independent(0.002), 0.1, 0.035),
    Months("independent, 0.5 %", independent(0.005), 0.1),
    Months("independent, 1 %", independent(0.01), 0.5),
    Months("independent, 0.2 %, hanging", independent(0.002, hangs=True), 0.1),
    Months("bursts of 2 minutes, 0.2 %", bursty(0.002), 3.0),
)


@dataclass(frozen=True, slots=True)
class Rates:
    """False pages per target and month, for each month."""

    months: Mapping[str, Sequence[float]]
    more_probes: float
    """As `Months.most_probes`."""

    def missed_by(self, kind: Months) -> list[str]:
        """Return a text for each bar of `kind` that aiprobe misses."""
        limits = (
            ("false pages per target and month", statistics.mean(self.months[OURS]), kind.most),
            ("of more probes", self.more_probes, kind.most_probes),
        )
        return [f"{kind.name}: {value:.3g} {what} > {most:g}" for what, value, most in limits if not value <= most]


def rates(kind: Months, *, providers: int, tuning: Tuning | None = None) -> Rates:
    """Return the rates of each rule set over `providers` with three targets each."""
    pages_of = {name: [0] * MONTHS for name in RULE_SETS}
    asked = 0
    for index in range(providers):
        world = _months(kind, index, tuning or Tuning())
        played = attempts(world, sparse=True)
        firing: Firing = fired(world, played) | fired_today(world, played)
        asked += sum(one.confirm for each in played.values() for one in each)
        for name, prefix in RULE_SETS.items():
            for at in pages(firing, world.provider, prefix):
                pages_of[name][min(MONTHS - 1, int(at // MONTH_SECONDS))] += 1
    targets = providers * TARGETS
    return Rates(
        {name: [count / targets for count in counts] for name, counts in pages_of.items()},
        asked / (targets * MONTHS * MONTH_SECONDS / INTERVAL_SECONDS),
    )


def _months(kind: Months, index: int, tuning: Tuning) -> World:
    name, seconds = f"{kind.name}-{index}", MONTHS * MONTH_SECONDS
    targets = members(name, kind.flakes, targets=TARGETS, seconds=seconds)
    tuned = tuple(replace(one, name=f"{name}-{one.name}", tuning=tuning) for one in targets)
    return World(name, tuned, seconds, scrape_age=chance(name).uniform(0, 15))


def lines(missed: list[str], *, providers: int) -> Iterator[str]:
    """Yield the table of false pages; add what misses its bar to `missed`. Uses every core."""
    yield f"{providers * TARGETS * MONTHS} target-months in each row, {providers} providers of {TARGETS} targets."
    yield ""
    yield "| flakes | rules | first month | second month | more probes |"
    yield "|---|---|---|---|---|"
    with ProcessPoolExecutor() as cores:
        every = cores.map(partial(_rates_of, providers=providers), range(len(KINDS)))
        for kind, found in zip(KINDS, every, strict=True):
            missed += found.missed_by(kind)
            for name, months in found.months.items():
                more = f"{found.more_probes:.1%}" if name == OURS else ""
                yield f"| {kind.name} | {name} | {' | '.join(f'{one:.3f}' for one in months)} | {more} |"


def _rates_of(kind: int, *, providers: int) -> Rates:
    return rates(KINDS[kind], providers=providers)


SETTINGS: Final[Mapping[str, Tuning]] = {
    "as shipped": Tuning(),
    "`background: 1`": Tuning(background=0.01),
    "`background: 2`": Tuning(background=0.02),
    "`impairment: 10`": Tuning(impairment=0.1),
    "`impairment: 50`": Tuning(impairment=0.5),
    "`certainty: 7`": Tuning(certain_nats=7.0),
    "`certainty: 10`": Tuning(certain_nats=10.0),
    "`persistence: 20s`": Tuning(persistence_seconds=20.0),
    "`persistence: 60s`": Tuning(persistence_seconds=60.0),
    "`persistence: 90s`": Tuning(persistence_seconds=90.0),
}
"""What a user may set, and how."""


def settings_lines(*, count: int, providers: int) -> Iterator[str]:
    """Yield the table of what each setting costs and brings: `count` incidents, flakes of `providers`."""
    months = providers * TARGETS * MONTHS
    yield f"{count} incidents and {months} target-months in each cell, in two months of an empty past."
    yield ""
    yield (
        "| `suspicion` | false pages at 0.5 % flakes | blips of 50 s that page | down: median "
        "| 20 %: median / nine of ten | 10 %: median |"
    )
    yield "|---|---|---|---|---|---|"
    with ProcessPoolExecutor() as cores:
        yield from cores.map(partial(_settings_line, count=count, providers=providers), SETTINGS)


def _settings_line(name: str, *, count: int, providers: int) -> str:
    tuning = SETTINGS[name]
    false = sum(rates(KINDS[1], providers=providers, tuning=tuning).months[OURS]) / MONTHS
    blips, down, fifth, tenth = (
        found(_tuned(outage(what, brown(share), count=count, minutes=minutes, targets=1), tuning))
        for what, share, minutes in (("blip", 1.0, 50 / 60), ("down", 1.0, 10), ("fifth", 0.2, 60), ("tenth", 0.1, 180))
    )
    return (
        f"| {name} | {false:.2f} | {blips.found / count:.0%} | {down.median:.0f} s "
        f"| {fifth.median:.0f} / {fifth.quantile(0.9):.0f} s | {tenth.median:.0f} s |"
    )


def _tuned(worlds: Sequence[World], tuning: Tuning) -> Sequence[World]:
    return [replace(world, targets=tuple(replace(one, tuning=tuning) for one in world.targets)) for world in worlds]
