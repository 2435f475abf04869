"""What survives a kill: burn, budget, evidence. What does not: counters. And what a report makes of it."""

import json
import re
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from aiprobe_simulator.server import Simulator
from tests.contract.running import AT_NOON, Process, a_config, noon, run, running

pytestmark = pytest.mark.slow

CONTRACT: dict[str, Any] = {"contracts": {"aws-bedrock": {"targets": ["gpt"], "monthly_spend_usd": 10000}}}


def this_month() -> str:
    return datetime.fromtimestamp(noon(), UTC).strftime("%Y-%m")


def values(page: str, name: str) -> dict[tuple[str, ...], float]:
    """Return a gauge's samples by the values of the labels that are not the target's."""
    own = ("slo", "window", "contract", "bound", "group")
    return {
        tuple(sample.labels[label] for label in own if label in sample.labels): float(sample.value)
        for family in parse_text(page)
        for sample in family.samples
        if sample.name == name
    }


async def committed_after(process: Process, moment: float) -> None:
    """Wait until the journal has committed everything that ended before `moment`."""
    newest = 0.0
    while newest < moment:
        page = await process.until(r"^aiprobe_journal_last_commit_timestamp_seconds")
        newest = values(page, "aiprobe_journal_last_commit_timestamp_seconds")[()]


async def test_burn_and_budget_are_right_after_a_kill_and_counters_begin_again(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url, groups={"all": {"any_of": ["gpt"]}}, **CONTRACT)
        async with running(config, environ=AT_NOON) as process:
            await process.until(r'outcome="ok",attempt="scheduled"\} [2-9]')
            simulator.set("openai", fault="server_error_500")
            await process.until(r'outcome="server_error",attempt="scheduled"\} [3-9]')
            simulator.set("openai", fault="hang_before_headers")  # nothing new ends while we look and kill
            await process.until(r"^aiprobe_probes_in_flight\S* 1")
            page = await process.metrics()
            before = values(page, "aiprobe_slo_burn_rate"), values(page, "aiprobe_slo_error_budget_remaining_ratio")
            bad = values(page, "aiprobe_slo_burn_rate")["availability", "1h"]
            assert bad > 14.4
            await committed_after(process, noon())
            process.send(signal.SIGKILL)
            await process.process.wait()
        simulator.clear()
        simulator.set("openai", fault="hang_before_headers")
        async with running(config, environ=AT_NOON) as process:
            page = await process.until(r'^aiprobe_slo_burn_rate\{target="gpt"')
            after = values(page, "aiprobe_slo_burn_rate"), values(page, "aiprobe_slo_error_budget_remaining_ratio")
            assert not re.search(r'outcome="server_error",attempt="scheduled"\} [1-9]', page)
    assert set(after[0]) == set(before[0])
    for window, burn in before[0].items():
        assert after[0][window] == pytest.approx(burn, rel=0.25), window
    assert after[1]["availability",] == pytest.approx(before[1]["availability",], rel=0.25)


async def a_bad_minute(directory: Path) -> Path:
    """Run an exporter through an outage and stop it; returns its configuration."""
    async with Simulator() as simulator:
        config = a_config(directory, simulator.url, **CONTRACT)
        async with running(config, environ=AT_NOON) as process:
            await process.until(r'outcome="ok",attempt="scheduled"\} [1-9]')
            simulator.set("openai", fault="server_error_500")
            await process.until(r'outcome="server_error",attempt="scheduled"\} [3-9]')
            page = await process.until(r"^aiprobe_sla_coverage_ratio")
            assert values(page, "aiprobe_sla_uptime_ratio").keys() == {("aws-bedrock", "low"), ("aws-bedrock", "high")}
            simulator.clear()
            await process.until(r'^aiprobe_incidents_observed\{.*open="false"\} 1')
    return config


async def test_an_outage_under_way_is_kept_as_far_as_it_was_seen_when_the_exporter_stops(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url)
        async with running(config, environ=AT_NOON) as process:
            await process.until(r'outcome="ok",attempt="scheduled"\} [1-9]')
            simulator.set("openai", fault="server_error_500")
            await process.until(r'^aiprobe_incidents_observed\{.*open="true"\} 1')
            process.send(signal.SIGTERM)
            assert await process.process.wait() == 0
    (line,) = (tmp_path / "data" / "incidents.jsonl").read_text().splitlines()
    incident = json.loads(line)
    assert incident["end_observed"] is False
    assert incident["start_timestamp_seconds"] <= incident["end_timestamp_seconds"] <= noon()


async def test_a_report_holds_the_failures_their_request_ids_and_the_incident(tmp_path: Path) -> None:
    config = await a_bad_minute(tmp_path)
    base = ("report", "--config.file", str(config), "--contract", "aws-bedrock", "--month", this_month())
    status, out, err = await run(*base, "--format", "json", cwd=tmp_path, environ=AT_NOON)
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert "server_error" in out
    assert "req_" in out
    assert told["incidents"]
    status, out, _ = await run(*base, "--format", "html", "-o", "report.html", cwd=tmp_path, environ=AT_NOON)
    html = (tmp_path / "report.html").read_text()
    assert "do not replace it" in html
    assert "<script" not in html
    assert not re.search(r'(?:src|href)="http(?!s://aws)', html)


async def test_an_edited_row_is_found_and_an_unedited_journal_holds(tmp_path: Path) -> None:
    config = await a_bad_minute(tmp_path)
    verify = ("report", "--config.file", str(config), "--verify", "--month", this_month())
    status, out, _ = await run(*verify, cwd=tmp_path, environ=AT_NOON)
    assert status == 0
    assert "seals hold" in out
    (evidence,) = (tmp_path / "data").glob("evidence-*.sqlite")
    with closing(sqlite3.connect(evidence)) as database, database:
        database.execute("UPDATE failed SET outcome = 'ok' WHERE rowid = (SELECT min(rowid) FROM failed)")
    status, out, _ = await run(*verify, cwd=tmp_path, environ=AT_NOON)
    assert status == 1
    assert "seals broken; the first place that does not hold is evidence-" in out


async def test_a_report_says_what_it_cannot_do(tmp_path: Path) -> None:
    config = a_config(tmp_path, "http://127.0.0.1:9", **CONTRACT)
    for arguments, said in (
        (("--contract", "nope", "--month", "2026-10"), "there are: aws-bedrock"),
        (("--contract", "aws-bedrock", "--month", "October"), "2026-10"),
        (("--contract", "aws-bedrock", "--month", "2026-10", "--from-prometheus", "http://127.0.0.1:9"), "127.0.0.1:9"),
    ):
        status, _, err = await run("report", "--config.file", str(config), *arguments, cwd=tmp_path, environ=AT_NOON)
        assert status == 1
        assert said in err
        assert "Traceback" not in err


async def test_a_contract_that_does_not_exist_is_a_config_error_that_says_what_there_is(tmp_path: Path) -> None:
    config = a_config(tmp_path, "http://127.0.0.1:9", contracts={"anthropic-api": {"targets": ["gpt"]}})
    status, _, err = await run("check", "--config.file", str(config), cwd=tmp_path, environ=AT_NOON)
    assert status == 1
    assert "contracts.anthropic-api: " in err
