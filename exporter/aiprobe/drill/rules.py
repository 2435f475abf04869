"""The rules that Prometheus should have, and the comparison with those that it has."""

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from aiprobe.drill.asking import Api, NotAnsweredError
from aiprobe.drill.step import duration, numbered

_PART: Final = re.compile(r"(\d+)(ms|[smhdwy])")
_UNITS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_RANGE: Final = re.compile(r"\[([0-9a-z]+)\]")
_METRIC: Final = re.compile(r"\baiprobe_\w+")
_JOB: Final = re.compile(r'\bup\{job="([^"]+)"\}')
_SHORTEST_WINDOW_SECONDS: Final = 240.0
"""Of a folder with a part of the rules that has no window."""
_SAMPLES_IN_A_WINDOW: Final = 4
"""So that a lost scrape leaves enough for a rate."""


def seconds(text: Any) -> float:
    """Return a duration of Prometheus or Alertmanager, such as `1h30m` or 90, in seconds."""
    if isinstance(text, int | float):
        return float(text)
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(str(text or "")))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Times are seconds."""

    name: str
    expr: str
    waits: float
    keeps: float
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """One group of rules; an interval of 0 is that of the server."""

    name: str
    interval: float
    rules: Sequence[Rule]


@dataclass(frozen=True, slots=True)
class Expected:
    """The rules of a folder, and what they require."""

    groups: Sequence[Group]

    @property
    def every(self) -> Iterator[Rule]:
        """Yield all rules."""
        return (rule for group in self.groups for rule in group.rules)

    @property
    def job(self) -> str:
        """Return the job name of the exporters."""
        return next((found[1] for rule in self.every if (found := _JOB.search(rule.expr))), "aiprobe")

    @property
    def metrics(self) -> frozenset[str]:
        """Return the names of the exporter's metrics that the rules read."""
        return frozenset(name for rule in self.every for name in _METRIC.findall(rule.expr))

    @property
    def most_step_seconds(self) -> float:
        """Return the longest interval of scrapes and evaluations with which the shortest window has enough samples."""
        windows = (seconds(window) for rule in self.every for window in _RANGE.findall(rule.expr))
        return min(windows, default=_SHORTEST_WINDOW_SECONDS) / _SAMPLES_IN_A_WINDOW

    def keeps(self, name: str) -> float:
        """Return how long an alert fires after its condition has ended."""
        return max((rule.keeps for rule in self.every if rule.name == name), default=0.0)


def read_rules(folder: Path) -> Expected:
    """Read `*.rules.yml` of a folder, as `aiprobe export rules` writes them. Raises ValueError for anything else."""
    groups: list[Group] = []
    for path in sorted(folder.glob("*.rules.yml")):
        try:
            groups += groups_of(yaml.safe_load(path.read_text(encoding="utf-8"))["groups"])
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is not a file of rules: {error!r}") from error
    if not groups:
        raise ValueError(f"{folder} has no *.rules.yml; aiprobe export rules writes them")
    return Expected(groups)


def groups_of(found: Iterable[Mapping[str, Any]]) -> Sequence[Group]:
    """Return groups as a file has them, or as /api/v1/rules reports them."""
    return [
        Group(group["name"], seconds(group.get("interval")), [_rule(rule) for rule in group["rules"]])
        for group in found
    ]


def _rule(found: Mapping[str, Any]) -> Rule:
    return Rule(
        name=found.get("alert") or found.get("record") or found["name"],
        expr=found.get("expr") or found["query"],
        waits=seconds(found.get("for") or found.get("duration")),
        keeps=seconds(found.get("keep_firing_for") or found.get("keepFiringFor")),
        labels=found.get("labels") or {},
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the loaded rules differ from the expected ones."""

    missing: Sequence[str]
    changed: Sequence[str]
    """Sentences."""
    twice: Sequence[str]
    """Groups that are loaded from more than one file."""


async def compared(expected: Expected, loaded: Sequence[Group], prometheus: Api) -> Comparison:
    """Compare by group and name. Prometheus formats expressions of which only the form may differ."""
    names = [group.name for group in loaded]
    own = {group.name for group in expected.groups}
    has = {key: rule for group in loaded if group.name in own for key, rule in _keyed(group)}
    missing: list[str] = []
    changed: list[str] = []
    for group in expected.groups:
        for key, rule in _keyed(group):
            if key not in has:
                missing.append(rule.name)
            else:
                changed += [each async for each in _differences(rule, has[key], prometheus)]
    return Comparison(missing, changed, [name for name in own if names.count(name) > 1])


def _keyed(group: Group) -> Iterator[tuple[tuple[str, str, int], Rule]]:
    names = numbered(rule.name for rule in group.rules)
    for (name, number), rule in zip(names, group.rules, strict=True):
        yield (group.name, name, number), rule


async def _differences(wanted: Rule, found: Rule, prometheus: Api) -> AsyncIterator[str]:
    if wanted.waits != found.waits:
        yield f"{wanted.name} has `for: {duration(found.waits)}`, not {duration(wanted.waits)}"
    if wanted.keeps != found.keeps:
        yield f"{wanted.name} has `keep_firing_for: {duration(found.keeps)}`, not {duration(wanted.keeps)}"
    if dict(wanted.labels) != dict(found.labels):
        yield f"{wanted.name} has other labels"
    if _bare(wanted.expr) != _bare(found.expr):
        first, second = [await _formatted(each, prometheus) for each in (wanted.expr, found.expr)]
        if first != second:
            yield f"{wanted.name} has another expression"


async def _formatted(expr: str, prometheus: Api) -> str:
    try:
        return _bare(str(await prometheus.json("/api/v1/format_query", query=expr)))
    except NotAnsweredError:
        return _bare(expr)


def _bare(expr: str) -> str:
    return re.sub(r"\s", "", expr)
