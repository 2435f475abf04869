"""What each precaution in the rules is for: without it, the scenario that was written for it must fail."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.alerts.conftest import Stack
from tests.alerts.rulefiles import ALERTS, RULE_FILES, TESTS
from tests.alerts.scenarios import with_labels_alone

pytestmark = pytest.mark.e2e

WITHOUT: Final = {
    "the floor of bad events": (
        "slo",
        r"aiprobe:slo_bad:increase1h > 6\.5",
        "aiprobe:slo_bad:increase1h > 0",
        "one failure at an objective of 99.9 burns past every factor, and the floor of bad events keeps it quiet",
    ),
    "verdicts that are bad alone": (
        "slo",
        r'verdict="bad"|verdict=~"good\|bad"',
        'verdict=~"bad|excluded"',
        "a bad key burns nothing",
    ),
    "windows without a guard on samples": (
        "slo",
        r"(slo_valid:increase)(5m|15m|30m) > 0",
        r"\1\2 > 9",
        "a hang of half an hour, one result in two minutes, is no lack of samples",
    ),
    "no division by nought": (
        "slo",
        r"\((sum by \([\w, ]+\) \(aiprobe:slo_valid:increase5m\)) > 0\)",
        r"\1",
        "a bad key burns nothing",
    ),
    "the quorum of burn alerts": (
        "slo",
        r"> 0\.5 \*",
        "> 0 *",
        "of three vantages one that fails alone pages nobody",
    ),
    "the quorum of a model": (
        "services",
        r"> 0\.5 \* count by \(target",
        "> 0 * count by (target",
        "one broken vantage of three wakes nobody and is told as such",
    ),
    "the quorum of a provider": (
        "services",
        r"> 0\.5 \* count by \(provider\)",
        "> 0 * count by (provider)",
        "one vantage of three does not make an outage of a provider",
    ),
    "the egress of the vantage": (
        "services",
        r"(aiprobe:maintenance:vantage\n +)unless on \(vantage\) aiprobe:egress_down:vantage",
        r"\1",
        "a vantage without egress has no vote, and its stale counts wake nobody",
    ),
    "what was left before all was excluded": (
        "services",
        r"(aiprobe_state\)\n +)unless on \([\w, ]+\) aiprobe:excluded_only:vantage\n",
        r"\1",
        "a bad key after an outage leaves the gauge at three and is no outage",
    ),
    "freshness by when it began to fail": (
        "services",
        r">= 600\)\n",
        ">= 600000)\n",
        "one target that broke long ago and one flake of another are no outage of the provider",
    ),
    "an outage, which is no brown-out": (
        "services",
        r"unless on \([\w, ]+\) aiprobe:model_down:quorum\n",
        "\n",
        "a brown-out waits until the outage has ended and continues its page",
    ),
    "a doubt after an outage": (
        "services",
        r'ALERTS\{alertname=~"AIModelDown\|AIModelBrownOut"',
        'ALERTS{alertname="AIModelBrownOut"',
        "a doubt that begins while the page of an outage is open continues it",
    ),
    "a brown-out's holding on": (
        "services",
        r'ALERTS\{alertname=~"AIModelDown\|AIModelBrownOut"',
        'ALERTS{alertname="AIModelDown"',
        "a brown-out holds its page while there is doubt",
    ),
    "a page before a doubt": (
        "services",
        r'and on \([\w, ]+\) ALERTS\{alertname=~"AIModelDown\|AIModelBrownOut",alertstate="firing"\}',
        "",
        "a doubt without a page is none",
    ),
    "failures that had a page": (
        "slo",
        r"ALERTS\{alertname=~\"AIModelDown\|AIModelBrownOut\"",
        'ALERTS{alertname="AI"',
        "failures that had the page of an outage do not page again by their budget",
    ),
    "a burn whose page is open": (
        "slo",
        r'unless on \([\w, ]+\) ALERTS\{alertname="AIServiceErrorBudgetBurn",alertstate="firing",long="6h"\}',
        "",
        "a slow burn that had no page pages, and its page stays open after that of an outage",
    ),
    "the quorum of a brown-out": (
        "services",
        r"(state:vantage >= 2\)\n +)> 0\.5 \*",
        r"\1> 0 *",
        "a brown-out seen from one vantage of three pages nobody, from two it pages",
    ),
    "three failures, not two": (
        "services",
        r", 2\)\) >= 3",
        ", 2)) >= 2",
        "one flake of two targets each at once is no outage",
    ),
    "twelve seconds without a good answer": (
        "services",
        r"aiprobe_last_run_timestamp_seconds >= 12",
        "aiprobe_last_run_timestamp_seconds >= 0",
        "one flake of two targets each at once is no outage",
    ),
    "all of a provider's targets": (
        "services",
        r"== count by \(provider, vantage\)",
        ">= 0.5 * count by (provider, vantage)",
        "two targets of three that hang once each are not yet the provider",
    ),
    "having been ok": (
        "services",
        r"and on \([\w, ]+\) \(\n +max by \([\w, ]+\) \(aiprobe_last_success[^)]*\)\n +or\n.*\n +\)\n",
        "\n",
        "two new targets with a wrong key wake nobody",
    ),
    "a state that one refusal leaves": (
        "services",
        r" unless on \([\w, ]+\) aiprobe_state\n",
        "\n",
        "hourly targets that are refused once and then answered are measured, and wake nobody",
    ),
    "two refusals in the hour": (
        "services",
        r"\[1h\]\)\) > 1\.5",
        "[1h])) > 0.5",
        "hourly targets that are refused once and then answered are measured, and wake nobody",
    ),
    "two refusals since the start": (
        "services",
        r'(verdict="excluded"\}\)) >= 2',
        r"\1 >= 1",
        "after a restart one refusal of an hourly target is not two",
    ),
    "the age of what is not green": (
        "services",
        r">= 3 \* max by",
        ">= 300 * max by",
        "an hourly target that is no longer asked is missing and not refused",
    ),
    "keys refused to the seldom asked": (
        "services",
        r'aiprobe:seldom_results:increase\{outcome=~?"auth',
        'aiprobe:seldom_results:increase{outcome="no_auth',
        "an hourly target with a key that is refused warns at the second time",
    ),
    "models gone for the seldom asked": (
        "services",
        r'aiprobe:seldom_results:increase\{outcome=~?"not_found',
        'aiprobe:seldom_results:increase{outcome="no_not_found',
        "an hourly target whose model is gone warns at the second time",
    ),
    "throttling of the seldom asked": (
        "services",
        r'aiprobe:seldom_results:increase\{outcome=~?"rate_limited',
        'aiprobe:seldom_results:increase{outcome="no_rate_limited',
        "an hourly target that is throttled warns at the second time",
    ),
    "wrong answers to the seldom asked": (
        "services",
        r'aiprobe:seldom_results:increase\{outcome=~?"wrong_answer',
        'aiprobe:seldom_results:increase{outcome="no_wrong_answer',
        "an hourly target that answers wrongly warns at the third time",
    ),
    "windows that grow with the interval": (
        "slo",
        r"\[(2h|6h|1d)\](\)\)\n +and on \([\w, ]+\) max by \([\w, ]+\) \(aiprobe_interval_seconds\))",
        r"[4d]\2",
        "two refusals warn however seldom a target is asked, and for twelve of its intervals at the most",
    ),
    "a window for the daily": (
        "slo",
        r"\[4d\]",
        "[1d]",
        "two refusals warn however seldom a target is asked, and for twelve of its intervals at the most",
    ),
    "the freeze": (
        "services",
        r'aiprobe:alerts:frozen\{alertname="AIModelDown"',
        'aiprobe:alerts:frozen{alertname="AI"',
        "a page that is out when egress fails is frozen until it can be measured again",
    ),
    "firing on over a missed scrape": (
        "services",
        r"keep_firing_for: 18m",
        "keep_firing_for: 0s",
        "one missed scrape in an outage does not end the page",
    ),
    "an hour's memory": (
        "meta",
        r"offset 1h",
        "offset 1m",
        "a deleted pod leaves alerts: its target, its vantage, and a page when it was most of them",
    ),
    "the drill that ends": (
        "meta",
        r'\{provider!="aiprobe-drill"\}',
        "",
        "a drill that ends is silent",
    ),
    "identity by what stays": (
        "meta",
        r"unless on \(sloth_id\)",
        "unless",
        "a target whose model is edited is probed on and has not vanished",
    ),
    "patience that was asked for": (
        "meta",
        r'reason=~"budget\|backoff"',
        'reason="shard"',
        "patience that the provider asked for, and an empty budget, are not missing",
    ),
    "a quarter of the allowance": (
        "providers",
        r"0\.75 \* 86400",
        "86400",
        "one failed probe in the first hours of a month burns fast and breaks no contract",
    ),
    "targets that answer against checks that fail": (
        "services",
        r"unless on \(vantage\) aiprobe_egress_contradicted == 1",
        "",
        "targets that answer though no egress check does: what fails pages, and egress is not down",
    ),
    "stand-ins that wait": (
        "meta",
        r'\{target!~"\.\+:models"\}',
        "",
        "a stand-in is not missing when its target is asked again",
    ),
    "a second round of egress checks": (
        "meta",
        r"for: 90s",
        "for: 0s",
        "one round of egress checks that failed wakes nobody",
    ),
}
"""Precaution -> rule file, what is taken out, what is put there, and the scenario of FILE*_test.yml."""


def named(path: Path) -> set[str]:
    """Return the names of the scenarios of a file."""
    return {test["name"] for test in yaml.safe_load(path.read_text())["tests"]}


def fails(promtool: str, folder: Path, rules: str, change: tuple[str, str], scenario: str) -> bool:
    """Run one scenario against the rules with a change; return whether an expectation of it failed."""
    pattern, replacement = change
    texts = {path.name: path.read_text() for path in RULE_FILES}
    changed = re.sub(pattern, replacement, texts[f"{rules}.rules.yml"])
    assert changed != texts[f"{rules}.rules.yml"]
    texts[f"{rules}.rules.yml"] = changed
    (file,) = [path for path in TESTS.glob(f"{rules}*_test.yml") if scenario in named(path)]
    copy = with_labels_alone(file, folder, texts)
    whole = yaml.safe_load(copy.read_text())
    whole["tests"] = [test for test in whole["tests"] if test["name"] == scenario]
    assert len(whole["tests"]) == 1
    copy.write_text(yaml.safe_dump(whole))
    checked = subprocess.run([promtool, "check", "rules", *whole["rule_files"]], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr
    done = subprocess.run([promtool, "test", "rules", str(copy)], capture_output=True, text=True, check=False)
    return "FAILED" in done.stdout + done.stderr


@pytest.mark.parametrize("stack", ["installed"], indirect=True)
@pytest.mark.parametrize("precaution", WITHOUT)
def test_without_a_precaution_its_scenario_fails(stack: Stack, tmp_path: Path, precaution: str) -> None:
    """The rules as they are shipped pass every scenario: tests/alerts/test_truth.py."""
    rules, pattern, replacement, scenario = WITHOUT[precaution]
    assert fails(stack.promtool, tmp_path, rules, (pattern, replacement), scenario)


def test_every_file_is_among_the_shipped_ones() -> None:
    assert {f"{rules}.rules.yml" for rules, *_ in WITHOUT.values()} <= {
        path.name for path in ALERTS.glob("*.rules.yml")
    }
