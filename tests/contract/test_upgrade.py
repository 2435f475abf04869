"""This version starts on the journal, the spend file and the configuration that an earlier one wrote.

`aiprobe serve` of commit ff574a8 wrote both folders in half a minute each on 2026-11-29. The tests read a folder
a minute after its end, by an injected wall clock.

- `tests/data/upgrade-ff574a8`: two of three targets failed twelve times in a row.
- `tests/data/upgrade-ff574a8-gateways`: two gateways, to which that version gave one `provider`, and two accounts
  of one vendor; 18 of 24 probes of the target `eu` failed.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from aiprobe.app import App, Options
from aiprobe.core.clock import Clock
from aiprobe.core.secret import Redactor
from aiprobe.known import read_settings
from tests.contract.running import run

WRITTEN: Final = Path(__file__).parents[1] / "data" / "upgrade-ff574a8"
GATEWAYS: Final = WRITTEN.with_name("upgrade-ff574a8-gateways")
A_MINUTE_LATER: Final = {WRITTEN.name: 1795915671.0, GATEWAYS.name: 1795934421.0}
"""Unix time, by the name of the folder: 2026-11-29 01:27:51 and 06:40:21 UTC."""
NOWHERE: Final = {"SIMULATOR": "http://127.0.0.1:9"}
SPENT_USD: Final = 0.00218


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a copy of what the earlier version wrote; its configuration is in it."""
    return Path(shutil.copytree(WRITTEN, tmp_path / WRITTEN.name))


@pytest.fixture
def gateways(tmp_path: Path) -> Path:
    """Return a copy of what the earlier version wrote with two gateways and two accounts of one vendor."""
    return Path(shutil.copytree(GATEWAYS, tmp_path / GATEWAYS.name))


@asynccontextmanager
async def started(old: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Start this version in the folder of the earlier one, without a probe; yields its address."""
    monkeypatch.chdir(old)
    began = time.time()
    clock = Clock(wall=lambda: A_MINUTE_LATER[old.name] + time.time() - began)
    options = Options(config_file=old / "aiprobe.yml", listen_addresses=("127.0.0.1:0",))
    app = App(read_settings(old / "aiprobe.yml", NOWHERE), options, redactor=Redactor(), clock=clock)
    async with app:
        assert app.running is not None
        yield f"http://127.0.0.1:{app.running.addresses[0].port}"


async def page_of(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        assert reply.status == 200
        return await reply.text()


def gauge(page: str, name: str, **labels: str) -> float:
    (value,) = (
        float(sample.value)
        for family in parse_text(page)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
    return value


async def test_the_configuration_of_an_earlier_version_is_accepted(old: Path) -> None:
    status, out, err = await run("check", "--config.file", "aiprobe.yml", cwd=old, environ=NOWHERE)

    assert status == 0
    assert not [line for line in err.splitlines() if "was read on" not in line]  # prices grow old by themselves
    assert "gpt-4.1-nano" in out


async def test_the_spend_the_budget_and_the_burn_go_on_where_the_earlier_version_stopped(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(old, monkeypatch) as url:
        page = await page_of(f"{url}/metrics")

    assert gauge(page, "aiprobe_budget_spent_usd") >= SPENT_USD
    remaining = "aiprobe_slo_error_budget_remaining_ratio"
    # 12 bad ones of 32 are 75 times what an objective of 99.5 % allows.
    assert gauge(page, remaining, target="gpt", slo="availability") == pytest.approx(1 - 12 / 32 / 0.005, rel=0.05)
    assert gauge(page, remaining, target="claude", slo="availability") == 1
    assert gauge(page, "aiprobe_journal_up") == 1


async def test_the_incidents_of_an_earlier_version_stay_in_their_file(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(old, monkeypatch) as url:
        await page_of(f"{url}/api/v1/incidents")

    assert (old / "data/incidents.jsonl").read_bytes() == (WRITTEN / "data/incidents.jsonl").read_bytes()


async def test_the_seals_of_an_earlier_version_hold_and_its_report_can_be_written(old: Path) -> None:
    base = ("report", "--config.file", "aiprobe.yml", "--month", "2026-11")

    status, out, err = await run(*base, "--verify", cwd=old, environ=NOWHERE)
    assert (status, err) == (0, "")
    assert "seals hold" in out

    status, out, err = await run(*base, "--contract", "aws-bedrock", "--format", "json", cwd=old, environ=NOWHERE)
    assert (status, err) == (0, "")
    (incident,) = json.loads(out)["incidents"]
    assert incident["outcomes"] == {"server_error": 12}


def rows_of(journal: Path) -> set[tuple[str, str]]:
    """Return every row of the journal's files, each with its file and table."""
    found = set()
    for file in journal.glob("*.sqlite"):
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f"SELECT * FROM {table}"):
                found.add((f"{file.name} {table}", repr(row)))
        connection.close()
    return found


async def test_gateways_that_were_one_provider_go_on_under_their_own_names_from_the_same_journal(
    gateways: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(gateways, monkeypatch) as url:
        page = await page_of(f"{url}/metrics")

    remaining = "aiprobe_slo_error_budget_remaining_ratio"
    eu = {"target": "eu", "provider": "eu-gateway", "account": "eu-gateway"}
    assert gauge(page, remaining, **eu) == pytest.approx(1 - 18 / 24 / 0.005, rel=0.05)
    assert gauge(page, remaining, target="us", provider="us-gateway", account="us-gateway") == 1
    assert gauge(page, "aiprobe_sla_coverage_ratio", contract="aws-bedrock") > 0
    assert gauge(page, "aiprobe_group_availability_ratio", group="gateways", window="1h") == 1
    assert gauge(page, "aiprobe_budget_spent_usd") >= 0.00195
    former = {line.partition("{")[0] for line in page.splitlines() if 'provider="litellm"' in line}
    assert former == {"aiprobe_incidents_observed"}, "an incident of before keeps the name that it was recorded with"


async def test_two_accounts_of_one_vendor_share_their_provider_and_keep_their_windows(
    gateways: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(gateways, monkeypatch) as url:
        page = await page_of(f"{url}/metrics")

    for target, account in (("gpt", "openai"), ("batch", "batch-team")):
        labels = {"target": target, "provider": "openai", "account": account}
        assert gauge(page, "aiprobe_slo_error_budget_remaining_ratio", **labels) == 1


async def test_a_rename_changes_no_sealed_row_and_the_report_finds_the_failures_of_before(
    gateways: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows_of(gateways / "data")
    async with started(gateways, monkeypatch) as url:
        await page_of(f"{url}/metrics")
    assert len(before) > 100
    assert before <= rows_of(gateways / "data")

    base = ("report", "--config.file", "aiprobe.yml", "--month", "2026-11")
    status, out, err = await run(*base, "--verify", cwd=gateways, environ=NOWHERE)
    assert (status, err) == (0, "")
    assert "seals hold" in out

    status, out, err = await run(*base, "--contract", "aws-bedrock", "--format", "json", cwd=gateways, environ=NOWHERE)
    assert (status, err) == (0, "")
    (incident,) = json.loads(out)["incidents"]
    assert incident["outcomes"]["server_error"] == 18
