"""What the pages show is right: configurations load, queries name series that exist, shown series exist."""

import re
from pathlib import Path

import promql_parser
import pytest
import yaml

from aiprobe.known import read_settings
from aiprobe.metrics.catalogue import METRICS
from aiprobe.web import webconfig
from aiprobe_simulator.scenario import parse_scenario
from tests.alerts.test_lint import complaints
from tests.unit.documentation.pages import AnyVariable, Fence, fences, write_with_certificates

YAML = [fence for fence in fences() if fence.language == "yaml"]
QUERIES = [fence for fence in fences() if fence.language == "promql"]
SERIES = [fence for fence in fences() if fence.language == "text" and fence.text.startswith("aiprobe_")]
PARTS = {
    "contracts": "a part of a configuration; tests/unit/contracts reads it",
    "inhibit_rules": "a part of Alertmanager's configuration; tests/e2e/test_kube_prometheus.py runs it",
}


@pytest.mark.parametrize("fence", YAML, ids=str)
def test_every_yaml_of_the_pages_is_accepted_by_what_reads_it(fence: Fence, tmp_path: Path) -> None:
    keys = yaml.safe_load(fence.text).keys()

    if "targets" in keys or "discover" in keys:
        settings = read_settings(write_with_certificates(fence.text, tmp_path, "aiprobe.yml"), AnyVariable())
        assert settings.targets or settings.discovery.sources
    elif "steps" in keys:
        assert parse_scenario(fence.text, name="outage.yml").steps
    elif "tls_server_config" in keys:
        assert webconfig.load(write_with_certificates(fence.text, tmp_path, "web.yml")).users
    elif "scrape_configs" in keys:
        assert_scrapes(yaml.safe_load(fence.text)["scrape_configs"])
    else:
        assert keys <= PARTS.keys()


def assert_scrapes(jobs: list[dict[str, object]]) -> None:
    """Check the settings that the rules and boards rely on; tests/e2e/test_regions.py runs the job that federates."""
    (job,) = jobs
    assert job["job_name"] == ("regions" if job.get("metrics_path") == "/federate" else "aiprobe")
    assert job["honor_labels"] is True
    federates = {"metrics_path", "params"} if job["job_name"] == "regions" else set()
    assert job.keys() <= {"job_name", "honor_labels", "scrape_interval", "static_configs"} | federates


@pytest.mark.parametrize("fence", QUERIES, ids=str)
def test_every_query_of_the_pages_parses_and_names_series_that_exist(fence: Fence) -> None:
    promql_parser.parse(fence.text)

    assert complaints(fence.text) == []


def test_a_query_that_names_no_series_is_found() -> None:
    assert complaints("sum(aiprobe_not_there)") == ["no such metric: aiprobe_not_there"]


@pytest.mark.parametrize("fence", SERIES, ids=str)
def test_every_series_that_a_page_shows_exists_with_these_labels(fence: Fence) -> None:
    names = {metric.name for metric in METRICS}

    for line in fence.text.splitlines():
        assert re.sub(r"_(sum|count|bucket)$", "", line.partition("{")[0]) in names
        assert complaints(line.rpartition(" ")[0]) == []


def test_the_pages_have_examples_of_each_kind() -> None:
    assert min(len(YAML), len(QUERIES), len(SERIES)) >= 1
    assert len(QUERIES) > len([fence for fence in QUERIES if fence.page.startswith("alerts/")])
