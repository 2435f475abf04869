"""The table of metrics holds to the conventions of its field, and the reference page to the table."""

import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from aiprobe.core.model import ModelChange, RateLimit
from aiprobe.core.outcomes import Outcome
from aiprobe.metrics.catalogue import (
    DISCOVERY_METRICS,
    EXPORTER_METRICS,
    GROUP_METRICS,
    METRICS,
    PROCESS_METRICS,
    SLA_METRICS,
    STATUS_METRICS,
    TARGET_METRICS,
)
from aiprobe.metrics.metric import Kind, Metric
from aiprobe.metrics.openmetrics import Format
from aiprobe.metrics.recorder import Recorder
from docs.src.metrics import render
from tests.unit.metrics.builders import a_finished, a_recorder, families, scrape_bytes

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"


def a_recorder_with_everything() -> Recorder:
    """Build a recorder that has a series of every family."""
    recorder = a_recorder(vantage="eu")
    recorder.record(
        a_finished(
            phases={"resolve": 0.1},
            time_to_first_output_token_seconds=0.5,
            time_per_output_token_seconds=0.01,
            output_tokens_per_second=10.0,
            reasoning_tokens=1,
            cached_input_tokens=1,
            rate_limits=(RateLimit(resource="tokens", limit=2, remaining=1),),
            tls_certificate_not_after_timestamp_seconds=1.0,
            response_model="m",
            wrong_model=True,
        )
    )
    change = ModelChange(what="model", before="m", after="n")
    recorder.record(
        replace(a_finished(Outcome.OVERLOADED, request_id="req_2"), failing_since=1.0, model_changes=(change,))
    )
    recorder.skipped("acme-chat", "budget")
    recorder.replace("surface_state", {("acme.ai", "Acme API", ""): 0})
    recorder.replace("maintenance", {("acme-chat", "acme.ai", "acme", "Acme API", "m", "", "chat"): 1})
    recorder.replace("egress_up", {("a.example",): 1})
    recorder.replace("egress_contradicted", {(): 0})
    recorder.replace("budget_usd", {(): 1.0})
    recorder.replace("budget_spent_usd", {(): 0.0})
    recorder.replace("journal_up", {(): 1})
    for name in ("errors_total", "dropped_total", "size_bytes", "seal", "last_commit_timestamp_seconds"):
        recorder.replace(f"journal_{name}", {(): 0})
    recorder.reloaded(successful=True)
    for metric in (*DISCOVERY_METRICS, *STATUS_METRICS, *SLA_METRICS, *GROUP_METRICS):
        recorder.replace(metric.short, {tuple(metric.labels): 1.0})
    recorder.replace_for("acme-chat", "slo_burn_rate", {("availability", "1h"): 2.0})
    recorder.replace_for("acme-chat", "slo_error_budget_remaining_ratio", {("availability",): 0.5})
    return recorder


def test_no_name_is_used_twice() -> None:
    counts = Counter(name for metric in METRICS for name in {metric.name, metric.family})
    assert {name: count for name, count in counts.items() if count > 1} == {}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.short)
def test_a_name_says_its_type_and_unit_and_a_help_text_is_one_plain_sentence_or_more(metric: Metric) -> None:
    assert re.fullmatch(r"aiprobe_[a-z][a-z0-9_]*[a-z]", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert metric.name.endswith("_info") == (metric.kind is Kind.INFO)
    assert not metric.unit or metric.family.endswith(f"_{metric.unit}")
    assert metric.family.endswith("_seconds") <= (metric.unit == "seconds")
    assert metric.help.endswith((".", "?"))
    assert not set('"\\\n|') & set(metric.help)
    assert metric.buckets == tuple(sorted(set(metric.buckets)))
    assert bool(metric.buckets) == (metric.kind is Kind.HISTOGRAM)
    assert not (metric.fades and metric.kind in {Kind.COUNTER, Kind.HISTOGRAM})


async def test_every_family_of_the_catalogue_is_exposed_and_no_other() -> None:
    exposed_families = families(await scrape_bytes(a_recorder_with_everything())).values()
    process = {name for name, _ in PROCESS_METRICS}
    exposed = {
        (family.name, family.type, family.unit) for family in exposed_families if family.samples[0].name not in process
    }
    assert exposed == {(metric.family, metric.kind.value, metric.unit) for metric in METRICS}
    assert {family.samples[0].name for family in exposed_families} >= process


async def test_labels_are_those_of_the_catalogue() -> None:
    by_family = families(await scrape_bytes(a_recorder_with_everything()))
    identity = {"target", "provider", "account", "surface", "model", "provider_region", "probe", "vantage"}
    for metrics, shared in ((TARGET_METRICS, identity), (EXPORTER_METRICS, {"vantage"})):
        for metric in metrics:
            seen = {frozenset(sample.labels) - {"le"} for sample in by_family[metric.family].samples}
            assert seen == {frozenset(shared | set(metric.labels))}, metric.name


IN_DAYS = b'aiprobe_status_catalogue_age_days use base unit "seconds" instead of "days"'
"""The one complaint of promtool: the age of a catalogue is counted in days, as its entries are dated."""


async def test_promtool_finds_nothing_else_to_complain_about() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; `make e2e` brings it")
    recorder = a_recorder_with_everything()
    await scrape_bytes(recorder)
    body = await scrape_bytes(recorder, Format.TEXT)
    checked = subprocess.run(  # noqa: ASYNC221 - a test has nothing else to do meanwhile
        [promtool, "check", "metrics"], input=body, capture_output=True, check=False
    )
    assert (checked.stdout + checked.stderr).splitlines() == [IN_DAYS]


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render()


def test_the_reference_page_names_every_metric_and_every_outcome() -> None:
    page = render()
    for name in (*(metric.name for metric in METRICS), *(name for name, _ in PROCESS_METRICS), *Outcome):
        assert f"`{name}`" in page
