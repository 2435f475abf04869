"""The shipped rules, their tests and their runbooks, as data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
ALERTS: Final = ROOT / "alerts"
TESTS: Final = Path(__file__).parent
RULE_FILES: Final = sorted(ALERTS.glob("*.rules.yml"))
TEST_FILES: Final = sorted(TESTS.glob("*_test.yml"))
RUNBOOKS: Final = ALERTS / "runbooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a file."""

    file: str
    name: str
    """Of the alert or of the recorded series."""
    is_alert: bool
    expr: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    waits: str | None
    keeps: str | None


def rules() -> list[Rule]:
    """Return every rule of every shipped file, in order."""
    return [
        Rule(
            file=path.name,
            name=rule.get("alert") or rule["record"],
            is_alert="alert" in rule,
            expr=rule["expr"],
            labels=rule.get("labels", {}),
            annotations=rule.get("annotations", {}),
            waits=rule.get("for"),
            keeps=rule.get("keep_firing_for"),
        )
        for path in RULE_FILES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


def alerts() -> list[Rule]:
    """Return the alerting rules."""
    return [rule for rule in rules() if rule.is_alert]


@cache
def alert_checks() -> tuple[tuple[str, Any], ...]:
    """Return the name of the alert and what is expected, of every check of every promtool test."""
    return tuple(
        (check["alertname"], check["exp_alerts"])
        for path in TEST_FILES
        for test in yaml.safe_load(path.read_text())["tests"]
        for check in test.get("alert_rule_test", ())
    )


def runbook_queries() -> Iterator[tuple[str, str]]:
    """Yield runbook and query of every block of PromQL in the runbooks."""
    for path in sorted(RUNBOOKS.glob("*.md")):
        for block in path.read_text().split("```promql\n")[1:]:
            yield path.name, block.split("```")[0].strip()
