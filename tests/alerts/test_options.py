"""The rules as `aiprobe export rules` writes them for one installation, under promtool: with labels and without."""

import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from aiprobe.cli.bundle import write_bundle
from aiprobe.cli.tailored import Installation
from tests.alerts.conftest import Stack
from tests.alerts.promql import seconds
from tests.alerts.rulefiles import ALERTS, TESTS, alerts
from tests.alerts.scenarios import with_labels_alone

_RULES: Final = ".rules.yml"
TEAMS: Final = TESTS / "options" / "teams_test.yml"
OPTIONS: Final = Installation(
    runbook_url="https://wiki.internal/aiprobe/", grafana_url="https://grafana.internal/g", job="monitoring/aiprobe",
    labels=("team", "tier"),
)  # fmt: skip


def scenarios(file: Path, folder: Path, installation: Installation, *, each_alert_once: bool = False) -> Path:
    """Write the rules of an installation and a copy of a file of scenarios that uses them, without annotations."""
    written = write_bundle("rules", "files", folder / "exported", installation)
    copy = with_labels_alone(
        file, folder, {each.name: each.read_text() for each in written if each.name.endswith(_RULES)}
    )
    whole: dict[str, Any] = yaml.safe_load(copy.read_text())
    if each_alert_once:
        whole["tests"] = firing_once(whole["tests"])
    whole["rule_files"] += [str(folder / name) for name in installation.more_files()]
    whole["group_eval_order"] = list(dict.fromkeys(("aiprobe-labels", *whole["group_eval_order"])))
    text = yaml.safe_dump(whole)
    if installation.job:
        text = text.replace('job="aiprobe"', f'job="{installation.job}"').replace(
            "job: aiprobe", f"job: {installation.job}"
        )
    copy.write_text(text)
    return copy


def firing_once(tests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the scenarios that end soonest in which, together, every alert fires that fires in any of `tests`."""
    fired = [{one["alertname"] for one in test.get("alert_rule_test", ()) if one.get("exp_alerts")} for test in tests]
    ends = [max((seconds(one["eval_time"]) for one in test.get("alert_rule_test", ())), default=0.0) for test in tests]
    missing, chosen = set[str]().union(*fired), list[int]()
    for number in sorted(range(len(tests)), key=ends.__getitem__):
        if fired[number] & missing:
            chosen.append(number)
            missing -= fired[number]
    return [tests[number] for number in sorted(chosen)]


def promtool(stack: Stack, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([stack.promtool, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.e2e
@pytest.mark.parametrize("stack", ["installed"], indirect=True)
@pytest.mark.parametrize("name", ["meta", "providers", "services", "slo", "speed"])
def test_every_alert_fires_the_same_with_every_option(stack: Stack, tmp_path: Path, name: str) -> None:
    """Its targets have no such labels: an alert whose labels cannot be joined fires without them."""
    file = scenarios(TESTS / f"{name}_test.yml", tmp_path, OPTIONS, each_alert_once=True)
    status, said = promtool(stack, "test", "rules", str(file))
    assert status == 0, said


@pytest.mark.e2e
def test_labels_of_teams_reach_every_alert_on_targets(stack: Stack, tmp_path: Path) -> None:
    status, said = promtool(
        stack, "test", "rules", str(scenarios(TEAMS, tmp_path, Installation(labels=("team", "tier"))))
    )
    assert status == 0, said


@pytest.mark.e2e
def test_without_the_option_the_teams_are_not_told_apart(stack: Stack, tmp_path: Path) -> None:
    status, said = promtool(stack, "test", "rules", str(scenarios(TEAMS, tmp_path, Installation())))
    assert (status, 'team="search"' in said) == (1, True)


@pytest.mark.e2e
def test_promtool_accepts_what_the_options_write(stack: Stack, tmp_path: Path) -> None:
    written = write_bundle("rules", "files", tmp_path, OPTIONS)
    files = [str(path) for path in written if path.name.endswith(".rules.yml")]
    status, said = promtool(stack, "check", "rules", "--lint=all", "--lint-fatal", *files)
    assert status == 0, said


def rendered(folder: Path, installation: Installation) -> list[dict[str, Any]]:
    """Return every alert of the written files."""
    written = [
        path for path in write_bundle("rules", "files", folder, installation) if path.name.endswith(".rules.yml")
    ]
    groups = [group for path in written for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def test_every_alert_on_targets_is_joined_with_the_labels_and_the_others_are_not(tmp_path: Path) -> None:
    joined = {rule["alert"] for rule in rendered(tmp_path, OPTIONS) if "aiprobe:target_labels:info" in rule["expr"]}
    without = {rule.name for rule in alerts()} - joined
    assert without == {
        "AIBudgetExhausted", "AIClockworkLagging", "AIDiscoverySourceUnreadable", "AIExporterAbsent",
        "AIExporterConfigReloadFailed", "AIExporterDown",
        "AIJournalDown", "AIProbeEgressFailure", "AIProbeLabelsClobbered", "AISLABreachLikely",
        "AISLAClaimWindowClosing", "AIStatusPageStale", "AIVantageEgressFailure", "AIVantageVanished", "AIWatchdog",
    }  # fmt: skip


def test_the_comment_above_an_alert_names_the_labels_of_its_text() -> None:
    """What an annotation reads from the labels of its expression has to be among those that the comment names."""
    for path in sorted(ALERTS.glob("*.rules.yml")):
        for labels, body in re.findall(r" {6}# Labels: ([\w, ]+)\n((?: {6}.+\n)+)", path.read_text()):
            rule = yaml.safe_load(body)[0]
            used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))) - set(rule["labels"])
            assert used <= set(labels.split(", ")), rule["alert"]


def test_no_placeholder_is_left(tmp_path: Path) -> None:
    text = "".join(path.read_text() for path in write_bundle("rules", "files", tmp_path, OPTIONS))
    assert [each for each in ("aiprobe.example/", "grafana.example", 'job="aiprobe"') if each in text] == []
    assert "https://wiki.internal/aiprobe/AIModelDown.md" in text
    assert "https://grafana.internal/g/d/aiprobe-provider?" in text
