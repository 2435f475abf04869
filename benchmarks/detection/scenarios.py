"""The scripts: the faults, the number of repetitions, and the bars of the rules."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from benchmarks.detection.judge import OURS, RULE_SETS, TODAY_FAILED, TODAY_RATIO, Bar
from benchmarks.detection.probes import INTERVAL_SECONDS, TIMEOUT_SECONDS, Fault, Target, chance
from benchmarks.detection.series import World
from benchmarks.detection.stretches import Flakes, bursty, independent, months, whole_time

LEAD_SECONDS: Final = 1950.0
"""Good probes before an incident, so that the windows of the fastest alerts are full."""
TAIL_SECONDS: Final = 1200.0
"""Good probes after it, in which a second page for the same incident would occur."""
NOTHING_ASKED: Final = Bar()


@dataclass(frozen=True, slots=True)
class Scenario:
    """The worlds of one script, evaluated together."""

    name: str
    worlds: tuple[World, ...]
    bar: Bar = NOTHING_ASKED
    target_months: float | None = None
    ticket: str | None = None
    """The warning that is evaluated instead of the pages."""
    sets: tuple[str, ...] = tuple(RULE_SETS)
    """The evaluated rule sets."""


def outage(
    name: str, fault: Callable[[float, float], Fault], *, count: int, minutes: float, hit: int = 1, targets: int = 3
) -> tuple[World, ...]:
    """Return `count` providers with `targets` each; the first `hit` of these have the fault at the same time."""
    return tuple(_one_outage(f"{name}-{index}", fault, minutes, hit, targets) for index in range(count))


def _one_outage(name: str, fault: Callable[[float, float], Fault], minutes: float, hit: int, targets: int) -> World:
    dice = chance(name)
    start = LEAD_SECONDS + dice.uniform(0, INTERVAL_SECONDS)
    end = start + minutes * 60
    members = tuple(
        Target(
            f"m{number}",
            "web" if number == targets - 1 else "API",
            (fault(start, end),) if number < hit else (),
            dice.uniform(0, INTERVAL_SECONDS),
        )
        for number in range(targets)
    )
    seconds = math.ceil((end + TAIL_SECONDS) / 15) * 15.0
    return World(name, members, seconds, (start, end), scrape_age=dice.uniform(0, 15))


def _refused(start: float, end: float) -> Fault:
    return Fault(start, end)


def _hanging(start: float, end: float) -> Fault:
    return Fault(start, end, hangs=True)


def _slow(start: float, end: float) -> Fault:
    return Fault(start, end, 0.5, slow=True)


def _brown(share: float) -> Callable[[float, float], Fault]:
    return lambda start, end: Fault(start, end, share)


def _quiet(name: str, count: int, seconds: float, restarts: tuple[tuple[float, float], ...] = ()) -> tuple[World, ...]:
    dice = chance(name)
    return tuple(
        World(
            f"{name}-{index}",
            tuple(Target(f"m{number}", "API", (), dice.uniform(0, INTERVAL_SECONDS)) for number in range(3)),
            seconds,
            restarts=restarts,
            scrape_age=dice.uniform(0, 15),
        )
        for index in range(count)
    )


def _blips(count: int, seconds: float) -> tuple[World, ...]:
    """Return providers with one target each that fails too shortly for a page."""
    worlds = outage(f"blip{seconds:g}", _refused, count=count, minutes=seconds / 60, targets=1)
    return tuple(replace(one, incident=None) for one in worlds)


def _flaky(name: str, flakes: Flakes, *, providers: int, targets: int = 3, bar: Bar = NOTHING_ASKED) -> Scenario:
    drawn = months(name, flakes, providers=providers, targets=targets)
    title = f"{name}: {drawn.target_months:g} target-months, {drawn.failures} flakes"
    if drawn.longer:
        title += f", {drawn.longer} clusters that only 6 h see"
    return Scenario(title, drawn.worlds, bar, drawn.target_months, sets=(OURS, TODAY_RATIO))


def _flaky_today(name: str, flakes: Flakes, *, providers: int) -> Scenario:
    drawn = whole_time(name, flakes, providers=providers)
    title = f"{name}: {drawn.target_months:g} target-months whole, {drawn.failures} flakes"
    return Scenario(title, drawn.worlds, target_months=drawn.target_months, sets=(TODAY_FAILED, TODAY_RATIO))


def scenarios(*, scale: int = 1) -> Iterator[Scenario]:
    """Yield every script with its bar; `scale` multiplies the repetitions.

    The bars are for intervals of 60 s and a timeout of 40 s.
    """
    some, more = 10 * scale, 24 * scale
    model = 2 * INTERVAL_SECONDS + 60
    provider = INTERVAL_SECONDS + 45
    yield Scenario("nothing wrong", _quiet("quiet", 3 * scale, 5400), Bar(false_rate=0))
    yield Scenario(
        "fast-failing model",
        outage("fast", _refused, count=some, minutes=10, targets=2),
        Bar(worst=model, one_page=True),
    )
    yield Scenario(
        "hanging model",
        outage("hang", _hanging, count=some, minutes=10, targets=2),
        Bar(worst=model + 3 * TIMEOUT_SECONDS, one_page=True),
    )
    yield Scenario(
        "provider of 3, refusing",
        outage("all3", _refused, count=some, minutes=10, hit=3),
        Bar(worst=provider, one_page=True),
    )
    for targets in (3, 2):
        yield Scenario(
            f"provider of {targets}, hanging",
            outage(f"allhang{targets}", _hanging, count=some, minutes=10, hit=targets, targets=targets),
            Bar(worst=provider + TIMEOUT_SECONDS, one_page=True),
        )
    yield Scenario(
        "brown-out of 20 %",
        outage("brown20", _brown(0.2), count=more, minutes=45, targets=1),
        Bar(median=900, nine_of_ten=1800, one_page=True),
    )
    yield Scenario("brown-out of 50 %", outage("brown50", _brown(0.5), count=some, minutes=30, targets=1))
    yield Scenario("brown-out of 5 %", outage("brown5", _brown(0.05), count=some, minutes=90, targets=1))
    yield Scenario("blips of 50 s", _blips(some, 50), Bar(false_rate=0))
    yield Scenario("outages of 110 s", outage("short", _refused, count=some, minutes=110 / 60, targets=1))
    yield Scenario(
        "exporter restarts, 30 s each",
        _quiet("restart", 3 * scale, 5400, ((2000.0, 2030.0), (3000.0, 3030.0), (4200.0, 4230.0))),
        Bar(false_rate=0),
    )
    yield Scenario(
        "latency creep (ticket)",
        outage("creep", _slow, count=4 * scale, minutes=120, targets=1),
        ticket="AIServiceLatencyBudgetBurn",
    )
    few = Bar(false_rate=0.05)
    hanging = independent(0.002, hangs=True)
    yield _flaky("flakes of 0.2 %", independent(0.002), providers=200 * scale, bar=few)
    yield _flaky("hanging flakes of 0.2 %", hanging, providers=100 * scale, bar=few)
    yield _flaky("hanging flakes of 0.2 %, two targets", hanging, providers=150 * scale, targets=2, bar=few)
    yield _flaky("flakes of 0.05 %", independent(0.0005), providers=30 * scale, bar=few)
    yield _flaky("flakes of 0.5 %", independent(0.005), providers=2 * scale)
    yield _flaky("bursty flakes of 0.2 %", bursty(0.002), providers=1 * scale)
    yield _flaky_today("flakes of 0.2 %", independent(0.002), providers=6 * scale)
