"""The scenarios of promtool: run with labels alone, or rendered to see every text that an alert sends in them."""

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isnan, nan
from pathlib import Path
from typing import Any, Final

import yaml

from tests.alerts.promql import seconds
from tests.alerts.rulefiles import RULE_FILES

MINUTE: Final = 60.0
LOOKBACK_SECONDS: Final = 300.0
"""How old a sample may be that an instant query returns; of Prometheus 2, in which this much is not too old."""
STALE: Final = nan
_STEP: Final = re.compile(r"(?P<first>-?[\d.]+)(?:(?P<sign>[+-])(?P<by>[\d.]+))?(?:x(?P<times>\d+))?\Z")


def with_labels_alone(file: Path, folder: Path, rules: Mapping[str, str] | None = None) -> Path:
    """Write rules and a copy of a file of scenarios that uses them into `folder`; neither has annotations.

    What a scenario expects is labels; the texts have tests of their own. `rules` are other texts than the shipped ones.
    """
    texts = {path.name: path.read_text() for path in RULE_FILES} if rules is None else rules
    for name, text in texts.items():
        whole = yaml.safe_load(text)
        for rule in (rule for group in whole["groups"] for rule in group["rules"]):
            rule.pop("annotations", None)
        (folder / name).write_text(yaml.safe_dump(whole))
    scenarios = yaml.safe_load(file.read_text())
    for check in (check for each in scenarios["tests"] for check in each.get("alert_rule_test", ())):
        check["exp_alerts"] = [{"exp_labels": alert["exp_labels"]} for alert in check["exp_alerts"]]
    scenarios["rule_files"] = [str(folder / Path(name).name) for name in scenarios["rule_files"]]
    copy = folder / file.name
    copy.write_text(yaml.safe_dump(scenarios))
    return copy


@dataclass(frozen=True, slots=True)
class Text:
    """One alert that fires in a scenario, as Alertmanager would get it."""

    scenario: str
    at: float
    """Seconds since the start of the scenario, which is 1970-01-01 00:00 UTC."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def texts(promtool: str, file: Path, folder: Path) -> Iterator[Text]:
    """Yield every text of the alerts that fire in a file of scenarios, at each time at which it expects one or none.

    The alerts that a scenario expects are asked for until `keep_firing_for` is over. promtool prints what it did not
    expect, so nothing is expected. Raises AssertionError where a query has another result than the file says, or none.
    """
    whole = yaml.safe_load(file.read_text())
    whole["rule_files"] = [str(file.parent / name) for name in whole["rule_files"]]
    for scenario in whole["tests"]:
        asked = {
            (check["alertname"], seconds(check["eval_time"]) + after * MINUTE)
            for check in scenario.pop("alert_rule_test", ())
            for after in ((0, 1, 5, 12, 19) if check["exp_alerts"] else (0,))
        }
        scenario["alert_rule_test"] = [
            {"alertname": name, "eval_time": f"{at:.0f}s", "exp_alerts": []} for name, at in sorted(asked, key=str)
        ]
    (folder / "asked_test.yml").write_text(yaml.safe_dump(whole))
    done = subprocess.run(
        [promtool, "test", "rules", str(folder / "asked_test.yml")], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert not re.search(r"^ +(expr|rule): |\berr(or)?: ", said, re.MULTILINE), said
    yield from _read(said)


def missed(file: Path, said: Iterable[Text]) -> list[str]:
    """Return a line for each check of a file of scenarios that expects other alerts than those that fired."""
    fired: dict[tuple[str, str, float], list[str]] = {}
    for text in said:
        fired.setdefault((text.scenario, text.labels["alertname"], text.at), []).append(_labels(text.labels))
    return [
        f"{scenario['name']}, {alert} at {check['eval_time']}: expected {expected}, got {got}"
        for scenario in yaml.safe_load(file.read_text())["tests"]
        for check in scenario.get("alert_rule_test", ())
        if (alert := check["alertname"])
        and (expected := sorted(_labels({**one["exp_labels"], "alertname": alert}) for one in check["exp_alerts"]))
        != (got := sorted(fired.get((scenario["name"], alert, seconds(check["eval_time"])), ())))
    ]


def _labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _read(said: str) -> Iterator[Text]:
    name, at = "", 0.0
    for line in said.splitlines():
        if found := re.match(r" +name: (.*),$", line):
            name = found[1]
        elif found := re.match(r" +alertname: \w+, time: (\w+),", line):
            at = seconds(found[1])
        elif found := re.match(r" +Labels:(\{.*\})$", line):
            labels = _pairs(found[1])
        elif found := re.match(r" +Annotations:(\{.*\}),?$", line):
            yield Text(name, at, labels, _pairs(found[1]))


def _pairs(text: str) -> dict[str, str]:
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', text)
    return {name: str(yaml.safe_load(value)) for name, value in pairs}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The input series of one scenario: the truth that its texts are compared with."""

    interval: float
    series: tuple[tuple[str, Mapping[str, str], tuple[float | None, ...]], ...]
    """Name, labels, samples."""

    def at(self, name: str, when: float, **labels: str) -> list[tuple[Mapping[str, str], float]]:
        """Return labels and value of the series that an instant query would return."""
        found = []
        for each, own, samples in self.series:
            if each == name and all(own.get(label, "") == value for label, value in labels.items()):
                value = self._latest(samples, when)
                if value is not None:
                    found.append((own, value))
        return found

    def grew(self, name: str, when: float, window: float, **labels: str) -> dict[str, float]:
        """Return outcome -> increase of a counter in a window, where it grew."""
        grown: dict[str, float] = {}
        for each, own, samples in self.series:
            if each != name or any(own.get(label, "") != value for label, value in labels.items()):
                continue
            last = int(when // self.interval)
            first = max(0, int((when - window) // self.interval))
            seen = [value for value in samples[first : last + 1] if value is not None and not isnan(value)]
            growth = sum(max(0.0, now - before) for before, now in pairwise(seen))
            if growth:
                grown[own.get("outcome", "")] = grown.get(own.get("outcome", ""), 0.0) + growth
        return grown

    def _latest(self, samples: tuple[float | None, ...], when: float) -> float | None:
        last = int(when // self.interval)
        for at in range(last, -1, -1):
            if when - at * self.interval > LOOKBACK_SECONDS:
                break
            if at < len(samples) and (value := samples[at]) is not None:
                return None if isnan(value) else value
        return None


def inputs(scenario: Mapping[str, Any]) -> Inputs:
    """Read the input series of a scenario."""
    series = []
    for each in scenario["input_series"]:
        name, _, rest = each["series"].partition("{")
        labels = {label: value.strip('"') for label, value in _pairs("{" + rest).items()}
        samples = tuple(value for part in str(each["values"]).split() for value in _samples(part))
        series.append((name, labels, samples))
    return Inputs(seconds(scenario.get("interval", "1m")), tuple(series))


def _samples(part: str) -> Iterator[float | None]:
    if part.startswith("_"):
        yield from [None] * int(part[2:] or 1)
    elif part == "stale":
        yield STALE
    else:
        found = _STEP.match(part)
        assert found, part
        by = float(found["by"] or 0) * (-1 if found["sign"] == "-" else 1)
        for at in range(int(found["times"] or 0) + 1):
            yield float(found["first"]) + at * by
