"""A lint of our own: rules and runbooks talk only of what the exporter exports, and nothing ships untested."""

import re
from typing import Any, Final

import pytest
import yaml

from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.metrics import catalogue
from aiprobe.metrics.metric import Kind
from tests.alerts.promql import divisors, seconds, talk
from tests.alerts.rulefiles import ALERTS, RULE_FILES, RUNBOOKS, Rule, alert_checks, alerts, rules, runbook_queries
from tests.dashboards.boards import DATA_PANELS

OF_PROMETHEUS: Final = {
    "up": ("job", "instance"),
    "ALERTS": ("alertname", "alertstate", "severity", "scope", "long", "outcome"),
    "process_start_time_seconds": ("job", "instance"),
    "process_cpu_seconds_total": ("job", "instance"),
}
ADDED: Final = frozenset({"job", "instance", "vantage", "le"})
"""Labels that Prometheus, the configuration and histograms add to any series."""
SLOTH: Final = frozenset({"sloth_id", "sloth_service", "sloth_slo", "sloth_window"})
SLOTH_SERIES: Final = {
    *(f"slo:sli_error:ratio_rate{window}" for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")),
    "slo:objective:ratio", "slo:error_budget:ratio", "slo:time_period:days", "slo:current_burn_rate:ratio",
    "slo:period_burn_rate:ratio", "slo:period_error_budget_remaining:ratio", "sloth_slo_info",
}  # fmt: skip
ALERT_RULES: Final = alerts()
RECORDED: Final = {rule.name for rule in rules() if not rule.is_alert}
NAMES: Final = sorted({rule.name for rule in ALERT_RULES})


def exported() -> dict[str, frozenset[str]]:
    """Return the labels of every series that the exporter has."""
    known: dict[str, frozenset[str]] = {}
    for metric in catalogue.METRICS:
        of_target = metric in catalogue.TARGET_METRICS
        labels = frozenset((*IDENTITY_LABELS, *metric.labels) if of_target else metric.labels)
        suffixes = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        known |= {metric.name + suffix: labels for suffix in suffixes}
    return known | {name: frozenset(labels) for name, labels in OF_PROMETHEUS.items()}


def complaints(expression: str) -> list[str]:
    """Return what an expression names that nobody exports or records."""
    known, said = exported(), talk(expression)
    found = [f"no such metric: {name}" for name in said.metrics if name not in known and name not in RECORDED]
    for metric, label in said.matchers:
        plain = label.removeprefix("exported_")
        if metric in known and plain not in known[metric] | ADDED:
            found.append(f"{metric} has no label {label}")
    every = frozenset().union(*known.values()) | ADDED | SLOTH
    return found + [f"no such label: {each}" for each in said.labels if each.removeprefix("exported_") not in every]


def rule_id(rule: Rule) -> str:
    return f"{rule.name}-{rule.labels.get('severity', '')}{rule.labels.get('long', '')}"


def test_the_lint_sees_a_wrong_metric_a_wrong_matcher_and_a_wrong_label() -> None:
    wrong = 'sum by (modle) (rate(aiprobe_results_total{outcom="ok"}[5m])) > on (target) aiprobe_sucess offset 1h'
    assert sorted(complaints(wrong)) == [
        "aiprobe_results_total has no label outcom",
        "no such label: modle",
        "no such metric: aiprobe_sucess",
    ]


@pytest.mark.parametrize("rule", rules(), ids=rule_id)
def test_rules_name_only_what_is_exported_or_recorded(rule: Rule) -> None:
    assert complaints(rule.expr) == []


def test_runbooks_ask_only_for_what_is_exported_or_recorded() -> None:
    assert {name: found for name, query in runbook_queries() if (found := complaints(query))} == {}


def test_no_rule_uses_the_gauge_for_eyes() -> None:
    assert [rule.name for rule in rules() if "aiprobe_success" in talk(rule.expr).metrics] == []


def test_valid_events_are_good_or_bad_always() -> None:
    selectors = [found for rule in rules() for found in re.findall(r"aiprobe_slo_events_total(\{[^}]*\})?", rule.expr)]
    assert len(selectors) > 10
    assert [found for found in selectors if "verdict=" not in found] == []


def test_no_query_looks_further_back_than_31_days_or_over_less_than_four_scrapes() -> None:
    ranges = [(rule.name, length) for rule in rules() for length in talk(rule.expr).ranges_seconds]
    assert len(ranges) > 20
    assert [found for found in ranges if not 60 <= found[1] <= 31 * 86400] == []


@pytest.mark.parametrize("rule", rules(), ids=rule_id)
def test_every_divisor_is_a_number_or_greater_than_nought(rule: Rule) -> None:
    assert [each for each in divisors(rule.expr) if not re.search(r"(^[1-9][\d.]*$)|(> 0$)", each)] == []


def test_an_unguarded_divisor_is_seen() -> None:
    assert list(divisors("a / on (x) group_left () (b > 0) + c / (d) / 60")) == ["b > 0", "d", "60"]


def test_sloths_dashboards_find_every_series_that_they_ask_for() -> None:
    assert SLOTH_SERIES <= RECORDED


def test_every_recorded_series_is_sloths_or_used() -> None:
    used = frozenset().union(*(talk(rule.expr).metrics for rule in rules()))
    boards = " ".join(target["expr"] for _, panel in DATA_PANELS for target in panel["targets"])
    assert {name for name in RECORDED - used - SLOTH_SERIES if name not in boards} == set()


@pytest.mark.parametrize("rule", ALERT_RULES, ids=rule_id)
def test_an_alert_says_who_wakes_for_what(rule: Rule) -> None:
    assert re.fullmatch(r"AI[A-Z]\w+", rule.name)
    assert rule.labels["severity"] in ({"none"} if rule.name == "AIWatchdog" else {"critical", "warning", "info"})
    assert rule.labels["scope"] in {"global", "provider", "surface", "model", "meta"}
    assert rule.waits is not None
    assert rule.keeps is not None or rule.name == "AIWatchdog"
    assert not any("{{" in value for value in rule.labels.values())
    assert "{{" not in rule.annotations["summary"]
    assert "First" in rule.annotations["description"] or rule.name == "AIWatchdog"
    assert rule.annotations["runbook_url"] == f"https://aiprobe.example/runbooks/{rule.name}.md"
    assert rule.annotations["dashboard_url"].startswith("https://grafana.example/d/aiprobe-")


@pytest.mark.parametrize(
    "rule", [r for r in ALERT_RULES if r.labels["scope"] in {"provider", "surface", "model"}], ids=rule_id
)
def test_what_no_egress_inhibits_is_frozen_until_egress_is_back(rule: Rule) -> None:
    inhibited = rule.labels["severity"] in {"critical", "warning"} and not rule.name.startswith("AISLA")
    assert (
        f'aiprobe:alerts:frozen{{alertname="{rule.name}",severity="{rule.labels["severity"]}"' in rule.expr
    ) is inhibited


def test_who_inhibits_fires_longer_than_whom_it_inhibits() -> None:
    longest: dict[str, float] = {}
    for rule in ALERT_RULES:
        if rule.labels["severity"] == "critical" and rule.name in {"AIModelDown", "AIProviderDown", "AISurfaceDown"}:
            longest[rule.labels["scope"]] = seconds(rule.keeps or "0s")
    assert longest["provider"] > longest["surface"] > longest["model"]
    burns = [r for r in ALERT_RULES if r.name == "AIServiceErrorBudgetBurn" and r.labels["severity"] == "critical"]
    assert len(burns) == 2
    assert all(seconds(rule.keeps or "0s") < longest["model"] for rule in burns)


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_has_a_test_in_which_it_is_silent_and_one_in_which_it_fires(name: str) -> None:
    expected = [bool(wanted) for alert, wanted in alert_checks() if alert == name]
    assert True in expected
    assert False in expected or name == "AIWatchdog"


def test_every_tier_and_severity_of_an_alert_has_fired_in_a_test() -> None:
    fired: list[dict[str, Any]] = [labels["exp_labels"] for _, wanted in alert_checks() for labels in wanted]
    missing = [
        rule_id(rule) for rule in ALERT_RULES if not any(rule.labels.items() <= labels.items() for labels in fired)
    ]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_every_alert_has_a_runbook_with_its_four_parts(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnosis", "Mitigation"]
    assert "```promql" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_queries_of_a_runbook_ask_for_what_the_alert_is_about(name: str) -> None:
    """Where every alert of a name has a provider or a target, the first query of its runbook has it too."""
    own = [
        set(re.findall(r"# Labels: (.+)\n(?: +#.*\n)* +- alert: " + name + r"\n", path.read_text()))
        for path in RULE_FILES
    ]
    labels = [set(each.split(", ")) for found in own for each in found]
    alerts_of_name = [rule for rule in ALERT_RULES if rule.name == name]
    (query, *_) = [query for file, query in runbook_queries() if file == f"{name}.md"]
    for label in ("provider", "target"):
        everywhere = len(alerts_of_name) <= len(labels) and all(label in each for each in labels)
        assert not labels or not everywhere or f'{label}="{label.upper()}"' in query


def test_no_runbook_is_left_of_an_alert_that_is_gone() -> None:
    assert sorted(path.stem for path in RUNBOOKS.glob("*.md")) == NAMES


def test_no_secret_stands_in_the_alertmanager_configuration() -> None:
    text = (ALERTS / "alertmanager.yml").read_text()
    assert not re.search(
        r"\b(api_url|routing_key|service_key|auth_password|password|credentials|secret_key|token):", text
    )
    assert {type(each) for each in yaml.safe_load(text)["receivers"]} == {dict}
    kinds = {kind for each in yaml.safe_load(text)["receivers"] for kind in each if kind.endswith("_configs")}
    assert kinds == {"pagerduty_configs", "sns_configs", "slack_configs", "email_configs", "webhook_configs"}
