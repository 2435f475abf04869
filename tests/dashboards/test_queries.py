"""Every query parses, and asks only for metrics and labels that the exporter or the rules have; and the reverse."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest

from aiprobe.metrics.catalogue import METRICS, PROCESS_METRICS
from aiprobe.metrics.metric import Kind
from dashboards.src.promql import IDENTITY, RECORDED, labels_of
from tests.dashboards.boards import ALL, DATA_PANELS, filled

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "alerts").glob("*.rules.yml"))
OF_PROMETHEUS = {"up", "scrape_duration_seconds"}
OF_SCRAPING = {"job", "instance"}
MADE = {"provider_display_name", "le", "__name__"}
"""Labels that come from a join, from buckets, or from Prometheus itself."""
QUERIES = [
    (f"{uid}: {panel['title']} {target['refId']}", filled(target["expr"]), panel)
    for uid, panel in DATA_PANELS
    for target in panel["targets"]
]
QUERIES += [
    (f"{uid}: annotation {one['name']}", filled(one["expr"]), {"type": "annotation"})
    for uid, board in ALL.items()
    for one in board["annotations"]["list"]
]
every_query = pytest.mark.parametrize(("expr", "panel"), [one[1:] for one in QUERIES], ids=[one[0] for one in QUERIES])
SHORT = {metric.name: metric for metric in METRICS}
NOT_ON_A_BOARD = {
    "aiprobe_discovery_up": "its alert names the source, and the runbook its last reading",
    "aiprobe_discovery_last_read_timestamp_seconds": "the runbook of the alert has the query",
    "aiprobe_discovery_targets": "the log names what is left out, and docs/howto/discovery.md has the query",
    "aiprobe_status_component_listed": "the state of a component that disappeared is absent, and the log names it",
    "aiprobe_failing_since_timestamp_seconds": "the line of the suspicion shows when it left 0",
    "aiprobe_last_failure_http_status": "the texts of the pages have it; the outcomes on the boards say more",
    "aiprobe_journal_seal": "a fingerprint for witnesses, which means nothing to the eye",
    "aiprobe_market_uptime_ratio": "a page of the configuration only; the verdict and its sentence show it",
    "aiprobe_wrong_model": "AIWrongModel fires on it; the boards have the name of the model that answers",
    "aiprobe_status_page_problem": "AIStatusPageStale fires on it, and the table of pages has the problem in words",
    "aiprobe_status_catalogue_age_days": "`aiprobe check` names old entries; it changes once a day",
    "aiprobe_status_page_up": "its readings' age says the same, and for how long",
    "aiprobe_status_page_updated_timestamp_seconds": "an old date is no sign of a stale page, so it would only mislead",
}
"""Metrics that no board shows, with the reason."""


def walk(expr: Any) -> list[Any]:
    """Return every node of an expression."""
    nodes: list[Any] = []
    promql.walk(expr, nodes.append)
    return nodes


@cache
def parsed(text: str) -> list[Any]:
    """Parse a query once; return every node of it."""
    return walk(promql.parse(text))


def selectors(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield name and matched labels of every vector selector of a query."""
    for node in parsed(text):
        if isinstance(node, promql.VectorSelector):
            matchers = [one.name for one in node.matchers.matchers]
            yield node.name or "", matchers


def known_labels(name: str) -> set[str]:
    """Return the labels that a series of this name can have. Raises KeyError for a name that nobody makes."""
    if name in OF_PROMETHEUS or name in dict(PROCESS_METRICS):
        return OF_SCRAPING
    return set(labels_of(name))


@every_query
def test_a_query_parses(expr: str, panel: Any) -> None:
    assert promql.parse(expr) is not None


@every_query
def test_a_query_asks_for_what_exists(expr: str, panel: Any) -> None:
    for name, matched in selectors(expr):
        if name:
            assert set(matched) <= known_labels(name), name


@every_query
def test_a_query_groups_by_labels_that_its_metrics_have(expr: str, panel: Any) -> None:
    there = {label for name, _ in selectors(expr) if name for label in known_labels(name)} | MADE | OF_SCRAPING
    grouped = {label for found in re.findall(r"(?:by|on|without|group_left)\s*\(([^()]*)\)", expr) for label in
               re.split(r",\s*", found) if label}  # fmt: skip
    assert grouped <= there


@every_query
def test_a_counter_is_only_read_as_a_rate(expr: str, panel: Any) -> None:
    counters = {metric.name for metric in METRICS if metric.kind is Kind.COUNTER} | {"process_cpu_seconds_total"}
    histograms = {metric.name for metric in METRICS if metric.kind is Kind.HISTOGRAM}
    inside = {
        node.name
        for call in parsed(expr)
        if isinstance(call, promql.Call) and call.func.name in ("rate", "increase")
        for node in walk(call)
        if isinstance(node, promql.VectorSelector)
    }
    for name, _ in selectors(expr):
        if name in counters or re.sub("_(bucket|sum|count)$", "", name) in histograms:
            assert name in inside


@every_query
def test_a_rate_has_the_window_that_grafana_chooses(expr: str, panel: Any) -> None:
    windows = {
        str(call.args[0].range)
        for call in parsed(expr)
        if isinstance(call, promql.Call) and call.func.name in ("rate", "irate")
    }
    assert windows <= {"0:04:00"}, "filled in for $__rate_interval"


@every_query
def test_a_quantile_of_buckets_keeps_le(expr: str, panel: Any) -> None:
    for call in parsed(expr):
        if isinstance(call, promql.Call) and call.func.name == "histogram_quantile":
            assert re.match(r"sum by \((\w+, )*le\)", call.args[1].prettify().strip().replace("\n", ""))


@every_query
def test_no_query_averages_the_ratios_of_targets(expr: str, panel: Any) -> None:
    """A target that is probed once an hour would weigh as much as one that is probed every second."""
    averaged = {
        node.name
        for mean in parsed(expr)
        if isinstance(mean, promql.AggregateExpr) and str(mean.op) == "avg"
        for node in walk(mean.expr)
        if isinstance(node, promql.VectorSelector)
    }
    assert not [name for name in averaged if name and re.search(r":ratio|_ratio$", name)]


@every_query
def test_no_query_looks_back_further_than_a_store_may_reach(expr: str, panel: Any) -> None:
    windows = [node for node in parsed(expr) if isinstance(node, promql.MatrixSelector)]
    recorded = "aiprobe:provider_down"  # one series a provider, which tells how much of its 90 days there is
    assert all(node.range.days <= 31 or node.vector_selector.name == recorded for node in windows)


@pytest.mark.parametrize(("uid", "panel"), DATA_PANELS, ids=[f"{uid}: {panel['title']}" for uid, panel in DATA_PANELS])
def test_the_legend_uses_labels_that_the_query_keeps(uid: str, panel: Any) -> None:
    for target in panel["targets"]:
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            kept = rf"(by|group_left) \([^()]*\b{label}\b|label_replace.*, \"{label}\", "
            assert re.search(kept, target["expr"]) or label in ("instance", "le")


def test_recorded_names_are_made_by_the_rules_with_these_labels() -> None:
    if not RULES:
        pytest.skip("no rule files yet")
    text = "\n".join(path.read_text(encoding="utf-8") for path in RULES)
    made = set(re.findall(r"record: (\S+)", text))
    assert set(RECORDED) - made == {"ALERTS"}
    assert f"by ({', '.join(label for label in IDENTITY if label != 'vantage')})" in text


def test_every_metric_of_the_exporter_is_shown_alarmed_on_or_left_out_for_a_reason() -> None:
    asked = {name for _, expr, _ in QUERIES for name, _ in selectors(expr)}
    asked |= {name for board in ALL.values() for one in board["templating"]["list"][1:]
              for name in re.findall(r"aiprobe_\w+", one.get("definition", ""))}  # fmt: skip
    shown = {re.sub("_(bucket|sum|count)$", "", name) if name not in SHORT else name for name in asked}
    missing = set(SHORT) - shown - set(NOT_ON_A_BOARD)
    assert missing == set()


def test_a_metric_that_is_left_out_is_really_left_out() -> None:
    asked = {name for _, expr, _ in QUERIES for name, _ in selectors(expr)}
    assert set(NOT_ON_A_BOARD) & asked == set()
    assert set(NOT_ON_A_BOARD) <= set(SHORT)


def test_a_name_that_nobody_makes_is_noticed() -> None:
    with pytest.raises(KeyError):
        known_labels("aiprobe_sucess")
