"""A time line of faults and declarations, read from YAML: which fault is active when, and what the pages declare.

The text is checked whole: all problems are reported at once, with their paths in the file. `timeline.py`
plays it.
"""

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from aiprobe_simulator.fields import Moments, utc_timestamp_seconds
from aiprobe_simulator.statuspages.faults import page_behaviour
from aiprobe_simulator.statuspages.reading import declaration
from aiprobe_simulator.timeline import PageStep, Scenario, Step
from aiprobe_simulator.world import behaviour

MOST_BYTES: Final = 1 << 20
MOST_STEPS: Final = 1_000
_KEYS: Final = ("epoch", "speed", "start", "loop", "length", "steps")
_TIMES: Final = frozenset({"at", "for", "until"})


class ScenarioError(ValueError):
    """A scenario that cannot be played; its text has a line for every problem, with file and path."""


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file. Raises `ScenarioError` with every problem."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror or error}") from error
    if len(raw) > MOST_BYTES:
        raise ScenarioError(f"{path}: larger than {MOST_BYTES} bytes")
    return parse_scenario(raw.decode(errors="replace"), name=str(path))


def demo_scenario() -> Scenario:
    """Return the scenario of `aiprobe demo`."""
    return _packaged("demo.yml")


def march_scenario() -> Scenario:
    """Return 2 and 3 March 2026 at Anthropic, an hour a minute."""
    return _packaged("march-2026.yml")


def _packaged(name: str) -> Scenario:
    return parse_scenario((files("aiprobe_simulator") / name).read_text(encoding="utf-8"), name=name)


def parse_scenario(text: str, *, name: str) -> Scenario:
    """Build a scenario from YAML; `name` is what messages call the file. Raises `ScenarioError` with every problem."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise ScenarioError(f"{name}{line}: not YAML: {getattr(error, 'problem', None) or error}") from error
    except (ValueError, RecursionError) as error:  # a date that no calendar has; lists without end
        raise ScenarioError(f"{name}: not YAML: {error}") from error
    problems: list[str] = []
    found = _scenario(document, problems)
    if found is None or problems:
        raise ScenarioError("\n".join(f"{name}: {problem}" for problem in problems))
    return found


def _scenario(document: object, problems: list[str]) -> Scenario | None:
    if not isinstance(document, Mapping):
        problems.append("must be a mapping with `steps`")
        return None
    problems.extend(f"{key}: unknown key; the keys are {', '.join(_KEYS)}" for key in document if key not in _KEYS)
    epoch = utc_timestamp_seconds(document.get("epoch"))
    if epoch is None and "epoch" in document:
        problems.append("epoch: must be a moment such as 2026-03-02T11:30Z")
    speed = document.get("speed", 1)
    if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0 < speed <= 1e6:
        problems.append("speed: must be a number above 0")
    loop = document.get("loop", False)
    if not isinstance(loop, bool):
        problems.append("loop: must be true or false")
    moments = Moments(epoch)
    start = _moment(document, "start", moments, problems) or 0.0
    every = tuple(_steps(document.get("steps"), moments, problems))
    steps = tuple(step for step in every if isinstance(step, Step))
    length = _moment(document, "length", moments, problems)
    if length is None:
        length = max((step.at_seconds + (_lasts(step) or 0.0) for step in every), default=0.0)
        if loop and any(_lasts(step) is None for step in every):
            problems.append("length: required where a step of a loop has no `for`")
    if loop and length <= 0:
        problems.append("length: a loop needs one above 0")
    if problems:
        return None
    return Scenario(
        steps=steps,
        declared=tuple(step for step in every if isinstance(step, PageStep)),
        speed=float(speed),
        start_seconds=start,
        loop=loop,
        length_seconds=length,
        epoch_timestamp_seconds=epoch,
    )


def _lasts(step: Step | PageStep) -> float | None:
    return step.lasts_seconds if isinstance(step, Step) else step.declaration.lasts_seconds


def _steps(given: object, moments: Moments, problems: list[str]) -> Iterator[Step | PageStep]:
    if not isinstance(given, list) or not given:
        problems.append("steps: must be a list with at least one step")
        return
    if len(given) > MOST_STEPS:
        problems.append(f"steps: more than {MOST_STEPS}")
        return
    for index, fields in enumerate(given):
        here: list[str] = []
        step = _step(fields, moments, here)
        problems.extend(f"steps[{index}]{'' if problem.startswith(' ') else '.'}{problem}" for problem in here)
        if step is not None:
            yield step


def _step(fields: object, moments: Moments, problems: list[str]) -> Step | PageStep | None:
    """Read one step: of a service, of a page that misbehaves, or of what a page declares."""
    if not isinstance(fields, Mapping):
        problems.append(" must be a mapping")
        return None
    at = _moment(fields, "at", moments, problems) or 0.0
    lasts = _lasting(fields, at, moments, problems)
    rest: dict[str, Any] = {str(key): value for key, value in fields.items() if key not in _TIMES}
    try:
        if "page" not in rest:
            return Step(at_seconds=at, lasts_seconds=lasts, behaviour=behaviour(rest))
        if "fault" in rest:
            return Step(at_seconds=at, lasts_seconds=lasts, behaviour=page_behaviour(rest))
        rest["updates"] = _after(rest.get("updates"), at, moments, problems)
        return PageStep(at_seconds=at, declaration=declaration(rest, lasts_seconds=lasts))
    except ValueError as error:
        problems.extend(str(error).splitlines())
        return None


def _lasting(fields: Mapping[Any, Any], at: float, moments: Moments, problems: list[str]) -> float | None:
    """Return how long a step lasts, from `for` or from `until`."""
    if "until" not in fields:
        return _moment(fields, "for", Moments(), problems)
    if "for" in fields:
        problems.append("until: use for or until, not both")
    until = _moment(fields, "until", moments, problems)
    if until is not None and until < at:
        problems.append("until: comes before the beginning of the step")
    return None if until is None else max(0.0, until - at)


def _after(updates: object, begins: float, moments: Moments, problems: list[str]) -> object:
    """Return the updates of a page's step with every `at` turned into what it is after the step's beginning."""
    if not isinstance(updates, list):
        return updates
    turned = []
    for index, one in enumerate(updates):
        if not isinstance(one, Mapping) or "at" not in one:
            turned.append(one)
            continue
        here: list[str] = []
        at = _moment(one, "at", moments, here)
        if "after" in one:
            here.append("at: use at or after, not both")
        if at is not None and at < begins:
            here.append("at: comes before the beginning of the step")
        problems.extend(f"updates[{index}].{problem}" for problem in here)
        after = max(0.0, (begins if at is None else at) - begins)
        turned.append({**{key: value for key, value in one.items() if key != "at"}, "after": after})
    return turned


def _moment(fields: Mapping[Any, Any], key: str, moments: Moments, problems: list[str]) -> float | None:
    if key not in fields:
        return None
    seconds = moments.seconds(fields[key])
    if seconds is None:
        later = " or a moment after the epoch" if moments.epoch_timestamp_seconds is not None else ""
        problems.append(f"{key}: must be a duration such as 90s or 1h30m{later}")
    return seconds
