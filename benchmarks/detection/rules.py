"""The shipped rules, reduced to the critical alerts and the recording rules that they need.

Expressions, `for` and `keep_firing_for` stay as shipped. Annotations are omitted, because some query Prometheus.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import yaml

DAYS: Final = "aiprobe-slo-days"
"""The group with windows of days. It causes no page, and scripts of hours cannot fill its windows."""
_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


def paging_rules(files: Iterable[Path], *, tickets: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return one rule file with the groups of `files` in their order, reduced to the rules that pages depend on.

    `tickets` are warnings to keep in addition.
    """
    groups = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    groups = [group for group in groups if group["name"] != DAYS]
    rules = [rule for group in groups for rule in group["rules"]]
    needed = _needed(rules, tickets)
    kept = []
    for group in groups:
        members = [
            {key: value for key, value in rule.items() if key != "annotations"}
            for rule in group["rules"]
            if _pages(rule, tickets) or rule.get("record") in needed
        ]
        if members:
            kept.append({**group, "rules": members})
    return {"groups": kept}


def _pages(rule: dict[str, Any], tickets: frozenset[str]) -> bool:
    return "alert" in rule and (rule["labels"]["severity"] == "critical" or rule["alert"] in tickets)


def _needed(rules: list[dict[str, Any]], tickets: frozenset[str]) -> set[str]:
    recorded = {rule["record"] for rule in rules if "record" in rule}
    names = {name for rule in rules if _pages(rule, tickets) for name in _NAME.findall(rule["expr"])} & recorded
    while True:
        more = {name for rule in rules if rule.get("record") in names for name in _NAME.findall(rule["expr"])}
        if more & recorded <= names:
            return names
        names |= more & recorded
