"""The rules that the benchmark keeps are the shipped ones, as shipped."""

from pathlib import Path
from typing import Any

import yaml

from benchmarks.detection.rules import paging_rules

FILE = """
groups:
  - name: first
    interval: 1m
    rules:
      - {record: "a:base:sum", expr: "sum(x)"}
      - {record: "a:needed:sum", expr: "a:base:sum > 1"}
      - {record: "a:unused:sum", expr: "a:base:sum > 2"}
  - name: second
    rules:
      - {alert: Pages, expr: "a:needed:sum > 3", for: 2m, labels: {severity: critical}, annotations: {summary: s}}
      - {alert: Warns, expr: "a:unused:sum > 3", labels: {severity: warning}}
  - name: aiprobe-slo-days
    rules:
      - {alert: Days, expr: "x > 3", labels: {severity: critical}}
"""


def kept(folder: Path, *, tickets: frozenset[str] = frozenset()) -> dict[str, list[dict[str, Any]]]:
    """Reduce FILE and return its groups by name."""
    file = folder / "a.rules.yml"
    file.write_text(FILE, encoding="utf-8")
    return {group["name"]: group["rules"] for group in paging_rules([file], tickets=tickets)["groups"]}


def test_what_a_page_needs_is_kept_through_every_recording(tmp_path: Path) -> None:
    assert [rule["record"] for rule in kept(tmp_path)["first"]] == ["a:base:sum", "a:needed:sum"]


def test_a_critical_alert_keeps_its_expression_and_its_for_and_loses_its_annotations(tmp_path: Path) -> None:
    assert kept(tmp_path)["second"] == [
        {"alert": "Pages", "expr": "a:needed:sum > 3", "for": "2m", "labels": {"severity": "critical"}}
    ]


def test_a_ticket_is_kept_where_it_is_asked_for(tmp_path: Path) -> None:
    groups = kept(tmp_path, tickets=frozenset({"Warns"}))

    assert [rule["alert"] for rule in groups["second"]] == ["Pages", "Warns"]
    assert "a:unused:sum" in [rule.get("record") for rule in groups["first"]]


def test_windows_of_days_are_left_out(tmp_path: Path) -> None:
    assert "aiprobe-slo-days" not in kept(tmp_path)


def test_the_shipped_rules_keep_every_alert_that_pages() -> None:
    files = sorted((Path(__file__).parents[3] / "alerts").glob("*.rules.yml"))
    shipped = [
        rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
    ]
    critical = sorted(rule["alert"] for rule in shipped if rule.get("labels", {}).get("severity") == "critical")

    reduced = [rule for group in paging_rules(files)["groups"] for rule in group["rules"]]

    assert critical
    assert sorted(rule["alert"] for rule in reduced if "alert" in rule) == critical
