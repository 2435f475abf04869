"""A time line of faults, read from YAML: what goes wrong when, for whom, how fast, and whether it repeats.

The text is checked whole: every problem is told at once, with its path in the file.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from aiprobe.simulator.world import Behaviour, InForce, behaviour

MOST_BYTES: Final = 1 << 20
MOST_STEPS: Final = 1_000
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_KEYS: Final = ("speed", "start", "loop", "length", "steps")


class ScenarioError(ValueError):
    """A scenario that cannot be played; its text has a line for every problem, with file and path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One behaviour on the time line, in seconds of the time line."""

    at_seconds: float
    lasts_seconds: float | None
    """None: to the end."""
    behaviour: Behaviour


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A time line. `speed` 10 plays ten seconds of it in one; injected delays are never speeded up."""

    steps: tuple[Step, ...]
    speed: float = 1.0
    start_seconds: float = 0.0
    """Where on the time line to begin."""
    loop: bool = False
    length_seconds: float = 0.0
    """Of one round; matters for a loop."""


@dataclass(slots=True)
class Timeline:
    """A scenario that is being played since `began` (monotonic seconds)."""

    scenario: Scenario
    began: float
    _played: dict[int, tuple[int, InForce]] = field(default_factory=dict)
    """By step: the round, and what the step did in it."""

    def position(self, now: float) -> tuple[int, float]:
        """Return the round, and the seconds of the time line in it."""
        seconds = self.scenario.start_seconds + (now - self.began) * self.scenario.speed
        if not self.scenario.loop:
            return 0, seconds
        turn, within = divmod(seconds, self.scenario.length_seconds)
        return int(turn), within

    def in_force(self, now: float) -> list[InForce]:
        """Return the behaviours whose step has begun and not ended, in the order of the file."""
        turn, seconds = self.position(now)
        return [
            self._entry(index, step, turn)
            for index, step in enumerate(self.scenario.steps)
            if step.at_seconds <= seconds
            and (step.lasts_seconds is None or seconds < step.at_seconds + step.lasts_seconds)
        ]

    def _entry(self, index: int, step: Step, turn: int) -> InForce:
        """Return what the step did so far in this round: its `count` begins anew with each."""
        known = self._played.get(index)
        if known is None or known[0] != turn:
            known = (turn, InForce(id=-1 - index, behaviour=step.behaviour))
            self._played[index] = known
        return known[1]


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
    return parse_scenario((files("aiprobe.simulator") / "demo.yml").read_text(encoding="utf-8"), name="demo.yml")


def parse_scenario(text: str, *, name: str) -> Scenario:
    """Build a scenario from YAML; `name` is what messages call the file. Raises `ScenarioError` with every problem."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise ScenarioError(f"{name}{line}: not YAML: {getattr(error, 'problem', None) or error}") from error
    problems: list[str] = []
    found = _scenario(document, problems)
    if found is None or problems:
        raise ScenarioError("\n".join(f"{name}: {problem}" for problem in problems))
    return found


def duration_seconds(value: object) -> float | None:
    """Return the seconds of `1h30m`, `250ms` or a plain number; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if 0 <= value < 1e9 else None
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|[smhd])", value))


def _scenario(document: object, problems: list[str]) -> Scenario | None:
    if not isinstance(document, Mapping):
        problems.append("must be a mapping with `steps`")
        return None
    problems.extend(f"{key}: unknown key; the keys are {', '.join(_KEYS)}" for key in document if key not in _KEYS)
    speed = document.get("speed", 1)
    if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0 < speed <= 1e6:
        problems.append("speed: must be a number above 0")
    loop = document.get("loop", False)
    if not isinstance(loop, bool):
        problems.append("loop: must be true or false")
    start = _duration(document, "start", problems) or 0.0
    steps = tuple(_steps(document.get("steps"), problems))
    length = _duration(document, "length", problems)
    if length is None:
        length = max((step.at_seconds + (step.lasts_seconds or 0.0) for step in steps), default=0.0)
        if loop and any(step.lasts_seconds is None for step in steps):
            problems.append("length: required where a step of a loop has no `for`")
    if loop and length <= 0:
        problems.append("length: a loop needs one above 0")
    if problems:
        return None
    return Scenario(steps=steps, speed=float(speed), start_seconds=start, loop=loop, length_seconds=length)


def _steps(given: object, problems: list[str]) -> Iterator[Step]:
    if not isinstance(given, list) or not given:
        problems.append("steps: must be a list with at least one step")
        return
    if len(given) > MOST_STEPS:
        problems.append(f"steps: more than {MOST_STEPS}")
        return
    for index, fields in enumerate(given):
        here: list[str] = []
        step = _step(fields, here)
        problems.extend(f"steps[{index}]{'' if problem.startswith(' ') else '.'}{problem}" for problem in here)
        if step is not None:
            yield step


def _step(fields: object, problems: list[str]) -> Step | None:
    if not isinstance(fields, Mapping):
        problems.append(" must be a mapping")
        return None
    at = _duration(fields, "at", problems) or 0.0
    lasts = _duration(fields, "for", problems)
    rest: dict[str, Any] = {str(key): value for key, value in fields.items() if key not in {"at", "for"}}
    try:
        what = behaviour(rest)
    except ValueError as error:
        problems.extend(str(error).splitlines())
        return None
    return Step(at_seconds=at, lasts_seconds=lasts, behaviour=what)


def _duration(fields: Mapping[Any, Any], key: str, problems: list[str]) -> float | None:
    if key not in fields:
        return None
    seconds = duration_seconds(fields[key])
    if seconds is None:
        problems.append(f"{key}: must be a duration such as 90s or 1h30m")
    return seconds
