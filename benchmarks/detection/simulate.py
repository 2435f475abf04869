"""When pages would go out, without Prometheus: from the attempts of `probes`, for thousands of incidents and months.

The exporter's part is its own code: `core/suspicion`, `core/state`, `core/followups`. The rules are written down here
once more: AIModelDown and AIModelBrownOut, which follow the state, and the two of `today.rules.yml`. A test compares
them with Prometheus. Rules over several targets, and budgets, are played through Prometheus only.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from aiprobe.core.state import State
from benchmarks.detection.evaluate import Firing
from benchmarks.detection.judge import OURS, RULE_SETS, Judgement, judge
from benchmarks.detection.probes import Asked, ask, chance
from benchmarks.detection.series import SCRAPE_SECONDS, World

KEEPS_SECONDS: Final = 900.0
"""`keep_firing_for` of AIModelDown and AIModelBrownOut."""
_FOR_A_MINUTE: Final = 5
_FOR_TWO_MINUTES: Final = 9
"""Evaluations in a row, the first and the last included."""
_FIVE_MINUTES: Final = 21
"""Samples in a range of five minutes."""


Attempts = Mapping[str, Sequence[Asked]]
"""The attempts on each target, by its name."""


def attempts(world: World, *, sparse: bool = False, follow_ups: bool = True) -> Attempts:
    """Return the attempts of a world. `sparse`: see `ask`."""
    return ask(
        world.targets,
        world.seconds,
        dice=lambda name: chance((world.provider, name)),
        follow_ups=follow_ups,
        sparse=sparse,
    )


def fired(world: World, asked: Attempts) -> Firing:
    """Return the evaluations at which AIModelDown or AIModelBrownOut fires."""
    numbers = {number for each in asked.values() for number in _states(each, world)}
    return {("AIState", world.provider): _evaluations(numbers)}


def fired_today(world: World, asked: Attempts) -> Firing:
    """Return the evaluations at which the rules of `today.rules.yml` fire; they see scheduled attempts only."""
    failing: set[int] = set()
    mostly: set[int] = set()
    for each in asked.values():
        failed = _failed([one for one in each if not one.confirm], world)
        failing.update(_lasting(failed, _FOR_A_MINUTE))
        mostly.update(_lasting(_mostly(failed), _FOR_TWO_MINUTES))
    return {
        ("TodayProbeFailed", world.provider): _evaluations(failing),
        ("TodayFailureRatio", world.provider): _evaluations(mostly),
    }


def judged(worlds: Sequence[World], *, target_months: float | None = None) -> Mapping[str, Judgement]:
    """Return how each rule set does; the rules of today see the probes of a prober without follow-ups."""
    firing: Firing = {}
    for world in worlds:
        firing |= fired(world, attempts(world)) | fired_today(world, attempts(world, follow_ups=False))
    return {name: judge(worlds, firing, prefix, target_months=target_months) for name, prefix in RULE_SETS.items()}


def found(worlds: Sequence[World]) -> Judgement:
    """Return how aiprobe alone does."""
    firing = {key: times for world in worlds for key, times in fired(world, attempts(world)).items()}
    return judge(worlds, firing, RULE_SETS[OURS])


def _number(world: World, at: float) -> int:
    """Return the number of the first evaluation that sees what the exporter showed at `at`."""
    return math.ceil((min(at, world.seconds) + world.scrape_age) / SCRAPE_SECONDS)


def _states(asked: Iterable[Asked], world: World) -> Iterator[int]:
    """Yield the evaluations from a state of an outage on; doubt keeps a page open, and so does a quarter of an hour."""
    opened: float | None = None
    until, goes_on = 0.0, False
    for one in asked:
        if opened is not None and not goes_on and one.ended >= until:
            yield from range(_number(world, opened), _number(world, until))
            opened = None
        if opened is None and one.state is not None and one.state >= State.PARTIAL_OUTAGE:
            opened = one.ended
        if goes_on or one.suspicion > 0:
            until = one.ended + KEEPS_SECONDS
        goes_on = one.suspicion > 0
    if opened is not None:
        yield from range(_number(world, opened), _number(world, world.seconds if goes_on else until))


def _failed(scheduled: Sequence[Asked], world: World) -> Sequence[int]:
    """Return the evaluations at which the last scheduled probe had failed."""
    ends = [one.ended for one in scheduled[1:]] + [world.seconds]
    return [
        number
        for one, following in zip(scheduled, ends, strict=False)
        if one.bad
        for number in range(_number(world, one.ended), _number(world, following))
    ]


def _mostly(failed: Iterable[int]) -> Iterable[int]:
    """Return the evaluations at which more than half of the samples of the last five minutes had failed."""
    counts = Counter(number + later for number in failed for later in range(_FIVE_MINUTES))
    return sorted(number for number, count in counts.items() if count > _FIVE_MINUTES / 2)


def _lasting(numbers: Iterable[int], least: int) -> Iterator[int]:
    """Yield the numbers that have been true for so many evaluations in a row."""
    run, before = 0, -2
    for number in numbers:
        run = run + 1 if number == before + 1 else 1
        before = number
        if run >= least:
            yield number


def _evaluations(numbers: Iterable[int]) -> list[float]:
    return [number * SCRAPE_SECONDS for number in sorted(numbers)]
