"""The scripts: the faults, the number of repetitions, and the bars of the rules."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from aiprobe.core.suspicion import MEMORY_SECONDS, Past
from benchmarks.detection.judge import RULE_SETS, Bar
from benchmarks.detection.probes import INTERVAL_SECONDS, TIMEOUT_SECONDS, Fault, Target, chance
from benchmarks.detection.series import World

LEAD_SECONDS: Final = 1950.0
"""Good probes before an incident, so that the windows of the fastest alerts are full."""
TAIL_SECONDS: Final = 1200.0
"""Good probes after it, in which a second page for the same incident would occur."""
NOTHING_ASKED: Final = Bar()
RAMP_SECONDS: Final = 1200.0
FLAP_SECONDS: Final = 120.0
FAST: Final = Bar(median=85, worst=120, one_page=True)
HANGING: Final = Bar(worst=200, one_page=True)
LATEST_FAST: Final = Bar(median=INTERVAL_SECONDS / 2 + 41 + 15, worst=INTERVAL_SECONDS + 41 + 30, one_page=True)
"""What the schedule allows: the wait for a probe, the last follow-up, a scrape and an evaluation. It is later
than `FAST`: a page by 120 s in every case needs a persistence of 30 s, with which a third of the blips of 50 s page."""
LATEST_HANGING: Final = Bar(worst=INTERVAL_SECONDS + 3 * TIMEOUT_SECONDS + 30, one_page=True)
PROVIDER_SECONDS: Final = INTERVAL_SECONDS + TIMEOUT_SECONDS + 45


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


Making = Callable[[float, float], tuple[Fault, ...]]
"""(start, end) -> the faults of one incident."""


def outage(
    name: str,
    making: Making,
    *,
    count: int,
    minutes: float,
    hit: int = 1,
    targets: int = 3,
    interval: float = INTERVAL_SECONDS,
) -> tuple[World, ...]:
    """Return `count` providers with `targets` each; the first `hit` of these have the faults at the same time."""
    return tuple(
        an_outage(f"{name}-{index}", making, seconds=minutes * 60, hit=hit, targets=targets, interval=interval)
        for index in range(count)
    )


def an_outage(
    name: str, making: Making, *, seconds: float, hit: int = 1, targets: int = 1, interval: float = INTERVAL_SECONDS
) -> World:
    """Return one provider, of which the first `hit` targets have the faults for `seconds`."""
    dice = chance(name)
    start = max(LEAD_SECONDS, interval) + dice.uniform(0, interval)
    end = start + seconds
    members = tuple(
        Target(
            f"m{number}",
            "web" if number == targets - 1 else "API",
            making(start, end) if number < hit else (),
            dice.uniform(0, interval),
            interval,
        )
        for number in range(targets)
    )
    until = math.ceil((end + TAIL_SECONDS) / 15) * 15.0
    return World(name, members, until, (start, end), scrape_age=dice.uniform(0, 15))


def _refused(start: float, end: float) -> tuple[Fault, ...]:
    return (Fault(start, end),)


def _hanging(start: float, end: float) -> tuple[Fault, ...]:
    return (Fault(start, end, hangs=True),)


def _slow(start: float, end: float) -> tuple[Fault, ...]:
    return (Fault(start, end, 0.5, slow=True),)


def brown(share: float) -> Making:
    """Return a brown-out: `share` (0-1) of the attempts fail."""
    return lambda start, end: (Fault(start, end, share),)


def _ramp(start: float, end: float) -> tuple[Fault, ...]:
    return (Fault(start, start + RAMP_SECONDS, 0.5, ramp=True), Fault(start + RAMP_SECONDS, end, 0.5))


def _flapping(start: float, end: float) -> tuple[Fault, ...]:
    times = range(int((end - start) // (2 * FLAP_SECONDS)))
    return tuple(Fault(start + 2 * time * FLAP_SECONDS, start + (2 * time + 1) * FLAP_SECONDS) for time in times)


def _flaky_after(start: float, end: float) -> tuple[Fault, ...]:
    return (Fault(start, start + 1200), Fault(start + 1200, end, 0.005))


def _learnt(worlds: tuple[World, ...], share: float) -> tuple[World, ...]:
    """Return the worlds with targets that have learnt that `share` (0-1) of their attempts is the background."""
    return tuple(
        replace(world, targets=tuple(replace(one, past=_past(share / 2, one.interval)) for one in world.targets))
        for world in worlds
    )


def _past(bad_share: float, interval: float) -> Past:
    """Return a past of 28 days of single failures, evenly spread."""
    past, apart = Past(-MEMORY_SECONDS), interval / bad_share
    for number in range(1, int(MEMORY_SECONDS / apart)):
        past.note(number * apart - MEMORY_SECONDS, scheduled=True, interval_seconds=interval)
    return past


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


def played() -> Iterator[Scenario]:
    """Yield the scripts that Prometheus evaluates. The interval is 60 s, the time-out 40 s."""
    some, more = 10, 24
    yield Scenario("nothing wrong", _quiet("quiet", 3, 5400), Bar(false_rate=0))
    yield Scenario(
        "fast-failing model",
        outage("fast", _refused, count=some, minutes=10, targets=2),
        FAST,
    )
    yield Scenario(
        "hanging model",
        outage("hang", _hanging, count=some, minutes=10, targets=2),
        HANGING,
    )
    yield Scenario(
        "provider of 3, refusing",
        outage("all3", _refused, count=some, minutes=10, hit=3),
        Bar(median=41, worst=71, one_page=True),
    )
    for targets in (3, 2):
        yield Scenario(
            f"provider of {targets}, hanging",
            outage(f"allhang{targets}", _hanging, count=some, minutes=10, hit=targets, targets=targets),
            Bar(worst=PROVIDER_SECONDS, one_page=True),
        )
    yield Scenario(
        "two providers at once, one refusing, one failing 50 %",
        (
            *outage("two-a", _refused, count=some, minutes=10, hit=3),
            *outage("two-b", brown(0.5), count=some, minutes=10, hit=3),
        ),
        Bar(one_page=True),
    )
    yield Scenario(
        "brown-out of 20 %",
        outage("brown20", brown(0.2), count=more, minutes=45, targets=1),
        Bar(median=340, nine_of_ten=850, one_page=True),
    )
    for name, brief, making, minutes in (
        ("brown-out of 50 %", "brown50", brown(0.5), 30),
        ("0 to 50 % in 20 minutes", "ramp", _ramp, 40),
        ("2 minutes down, 2 minutes up", "flap", _flapping, 40),
        ("20 minutes down, then 5 hours of 0.5 % flakes", "flaky", _flaky_after, 320),
    ):
        yield Scenario(name, outage(brief, making, count=some, minutes=minutes, targets=1), Bar(one_page=True))
    yield Scenario("blips of 30 s", _blips(some, 30), Bar(false_rate=0))
    yield Scenario("outages of 110 s", outage("short", _refused, count=some, minutes=110 / 60, targets=1))
    yield Scenario(
        "exporter restarts, 30 s each",
        _quiet("restart", 3, 5400, ((2000.0, 2030.0), (3000.0, 3030.0), (4200.0, 4230.0))),
        Bar(false_rate=0),
    )
    yield Scenario(
        "latency creep (ticket)",
        outage("creep", _slow, count=4, minutes=120, targets=1),
        ticket="AIServiceLatencyBudgetBurn",
    )


def simulated(*, count: int) -> Iterator[Scenario]:
    """Yield the scripts that are simulated, each `count` times."""

    def one(name: str, making: Making, minutes: float, bar: Bar, *, interval: float = INTERVAL_SECONDS) -> Scenario:
        return Scenario(name, outage(name, making, count=count, minutes=minutes, targets=1, interval=interval), bar)

    yield one("fast-failing model", _refused, 10, LATEST_FAST)
    yield one("hanging model", _hanging, 10, LATEST_HANGING)
    yield one("brown-out of 50 %", brown(0.5), 30, Bar(one_page=True))
    yield one("brown-out of 20 %", brown(0.2), 60, Bar(median=340, nine_of_ten=850))
    fifth = outage("brown-out of 20 %", brown(0.2), count=count, minutes=60, targets=1)
    yield Scenario("brown-out of 20 %, learnt p0 of 2 %", _learnt(fifth, 0.02))
    yield one("brown-out of 10 %", brown(0.1), 180, Bar(median=1000))
    yield one("brown-out of 5 %, six hours", brown(0.05), 360, Bar(found=0.8))
    yield one("0 to 50 % in 20 minutes", _ramp, 40, Bar(found=1, one_page=True))
    yield one("2 minutes down, 2 minutes up", _flapping, 40, Bar(one_page=True))
    yield one("asked hourly: down for 3 hours", _refused, 180, NOTHING_ASKED, interval=3600)
    yield one("asked hourly: 50 % for 12 hours", brown(0.5), 720, NOTHING_ASKED, interval=3600)
    for seconds, most in ((20, 0), (30, 0), (50, 0.2)):
        yield Scenario(f"blips of {seconds} s", _blips(count, seconds), Bar(false_rate=most), target_months=count)
