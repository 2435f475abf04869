"""The rules of a folder are read, also a part of them, and anything else is refused with its file."""

from pathlib import Path

import pytest

from aiprobe.drill.rules import read_rules, seconds
from tests.alerts.rulefiles import ALERTS


@pytest.mark.parametrize(
    ("text", "expected"), [("1h30m", 5400.0), ("500ms", 0.5), ("0s", 0.0), (15, 15.0), (None, 0.0), ("2d", 172800.0)]
)
def test_a_duration_is_seconds(text: object, expected: float) -> None:
    assert seconds(text) == expected


def test_the_shipped_rules_state_their_job_and_the_longest_interval() -> None:
    rules = read_rules(ALERTS)

    assert (rules.job, rules.most_step_seconds, rules.keeps("AIProviderDown")) == ("aiprobe", 60.0, 1200.0)
    assert {"aiprobe_state", "aiprobe_interval_seconds", "aiprobe_results_total"} <= rules.metrics


def test_a_part_of_the_rules_is_enough(tmp_path: Path) -> None:
    (tmp_path / "own.rules.yml").write_text("groups: [{name: own, rules: [{record: a, expr: aiprobe_state}]}]")
    rules = read_rules(tmp_path)

    assert (rules.job, rules.most_step_seconds, rules.metrics) == ("aiprobe", 60.0, frozenset({"aiprobe_state"}))


@pytest.mark.parametrize("text", ["groups: [", "other: 1", "[]", "groups: [{name: x, rules: [{record: a}]}]", ""])
def test_what_is_no_file_of_rules_is_refused_with_its_path(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.rules.yml").write_text(text)

    with pytest.raises(ValueError, match=r"own\.rules\.yml is not a file of rules"):
        read_rules(tmp_path)
