"""Three shards of one configuration expose what one process does: the same series, each once, and the same states."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from aiprobe_simulator.server import Simulator
from tests.contract.running import AT_NOON, DEADLINE_SECONDS, Process, noon, run, running, yaml_of

pytestmark = pytest.mark.slow

OF_EACH_PROCESS: Final = re.compile(
    r"(process_|python_|aiprobe_(build_info|budget_|config_|egress_|event_loop_|journal_|probes_in_flight|scheduler_lag"
    r"|phase_duration_seconds))"
)
"""Families that describe one process, as each shard has its own budget, journal and network, or one probe alone."""
SPLIT: Final[Mapping[str, Callable[[Iterable[float]], float]]] = {
    "aiprobe_surface_state": max,
    "aiprobe_incidents_observed": sum,
}
"""Of a gateway, whose models are on several shards: each shard judges its own models, and this joins them."""
OVER_SHARDS: Final = {("group", "anyone"), ("contract", "openai-scale-tier")}
"""What has targets on several shards: one process judges it, no shard does."""
SAME_VALUE: Final = frozenset(
    f"aiprobe_{name}"
    for name in (
        "state", "surface_state", "slo_objective_ratio", "slo_period_seconds", "interval_seconds", "target_info",
        "group_up", "group_member", "status_page_up", "status_component_state", "disagreement", "sla_burn_rate",
    )
)  # fmt: skip
JUDGED: Final = frozenset({"aiprobe_group_up", "aiprobe_sla_coverage_ratio", "aiprobe_status_component_state"})
"""Families that appear when groups, contracts and status pages were judged for the first time."""
Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]


def a_config(directory: Path, url: str, name: str) -> Path:
    """Write a configuration of three vendors, one of them with two surfaces, and of a gateway with two models."""
    key = {"api_key": "${TEST_KEY:-a-test-key-123}"}
    chat = {"probe": "chat", "price": {"input_usd": 1, "output_usd": 2}}
    config: dict[str, Any] = {
        "vantage": "test",
        "defaults": {
            "interval": "3s",
            "timeouts": {"connect": 2, "first_token": 2, "stall": 2, "total": 2.2},
            "suspicion": {"persistence": "1s"},
            "follow_ups": "never",
        },
        "egress": [f"{url}/egress/1"],
        "journal": {"directory": str(directory / name)},
        "status_pages": {
            "interval": "2s",
            "pages": {
                "claude": {"url": f"{url}/status/claude/api/v2/summary.json"},
                "openai": {"url": f"{url}/status/openai/api/v2/summary.json", "incidents_url": None},
                "deepseek": {"enabled": False},
            },
        },
        "providers": {
            "anthropic": {"base_url": f"{url}/anthropic", **key},
            "openai": {"base_url": f"{url}/openai/v1", **key},
            "deepseek": {"base_url": f"{url}/deepseek/v1", **key},
            "eu": {"preset": "litellm", "base_url": f"{url}/litellm/v1", **key},
        },
        "targets": [
            {"name": "claude", "provider": "anthropic", "model": "claude-haiku-4-5", **chat},
            {
                "name": "claude-web",
                "provider": "anthropic",
                "surface": "claude.ai",
                "probe": "http",
                "url": f"{url}/web/a",
            },
            {"name": "gpt", "provider": "openai", "model": "gpt-4.1-nano", **chat},
            {"name": "deepseek", "provider": "deepseek", "model": "deepseek-chat", **chat},
            {"name": "eu-a", "provider": "eu", "model": "m-a", **chat},
            {"name": "eu-d", "provider": "eu", "model": "m-d", **chat},
        ],
        "groups": {"claudes": {"any_of": ["claude", "claude-web"]}, "anyone": {"any_of": ["claude", "gpt"]}},
        "contracts": {
            "aws-bedrock": {"targets": ["gpt"]},
            "openai-scale-tier": {"targets": ["gpt", "claude"], "accept_unverified": True},
        },
    }
    path = directory / f"{name}.yml"
    path.write_text(yaml_of(config), encoding="utf-8")
    return path


async def samples_of(process: Process) -> Samples:
    """Return the samples that are no process's own: of a histogram the count alone, as buckets need no comparison."""
    found = {}
    for family in parse_text(await process.metrics()):
        for sample in family.samples:
            if OF_EACH_PROCESS.match(sample.name) or sample.name.endswith(("_bucket", "_sum", "_created")):
                continue
            found[sample.name, tuple(sorted(sample.labels.items()))] = float(sample.value)
    return found


def differences(whole: Samples, shards: Sequence[Samples]) -> list[str]:
    """Return what the shards together expose otherwise than the one process."""
    joined: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
    for shard in shards:
        for series, value in shard.items():
            joined.setdefault(series, []).append(value)
    for (name, labels), values in joined.items():
        if name in SPLIT and ("provider", "eu") in labels:
            values[:] = [SPLIT[name](values)]
    expected = {series: value for series, value in whole.items() if not OVER_SHARDS.intersection(series[1])}
    expected |= {series: value for series, value in whole.items() if series[0] == "aiprobe_group_member"}
    return [
        *(f"twice: {series}" for series, values in joined.items() if len(values) > 1),
        *(f"no shard has {series}" for series in expected.keys() - joined.keys()),
        *(f"one process lacks {series}" for series in joined.keys() - expected.keys()),
        *(
            f"{series}: {value} and {joined[series]}"
            for series, value in expected.items()
            if series[0] in SAME_VALUE and joined.get(series) not in (None, [value])
        ),
    ]


async def assert_they_become_the_same(whole: Process, shards: Sequence[Process]) -> Samples:
    """Scrape both until every part was judged and both expose the same; return what one process does."""
    left: list[str] = []
    for _ in range(int(2 * DEADLINE_SECONDS)):
        first = await samples_of(whole)
        left = [f"one process lacks every {name}" for name in JUDGED - {name for name, _ in first}]
        left += differences(first, [await samples_of(shard) for shard in shards])
        if not left:
            return first
        await asyncio.sleep(0.5)
    raise AssertionError("\n".join(sorted(left)))


async def test_three_shards_expose_what_one_process_does_each_series_once_while_well_and_in_an_outage(
    tmp_path: Path,
) -> None:
    async with Simulator() as simulator, AsyncExitStack() as stack:
        whole = await stack.enter_async_context(running(a_config(tmp_path, simulator.url, "whole"), environ=AT_NOON))
        shards = [
            await stack.enter_async_context(
                running(a_config(tmp_path, simulator.url, f"shard-{n}"), "--shard", f"{n}/3", environ=AT_NOON)
            )
            for n in range(3)
        ]
        well = await assert_they_become_the_same(whole, shards)
        assert {dict(labels)["target"] for name, labels in well if name == "aiprobe_state"} == {
            "claude", "claude-web", "gpt", "deepseek", "eu-a", "eu-d",
        }  # fmt: skip

        simulator.set("anthropic", fault="overloaded_529")
        await whole.until(r'^aiprobe_state\{target="claude",.*\} 3')
        await assert_they_become_the_same(whole, shards)

        covered = [
            {
                dict(labels)["contract"]
                for name, labels in await samples_of(process)
                if name == "aiprobe_sla_coverage_ratio"
            }
            for process in shards
        ]
        assert covered == [{"aws-bedrock"}, set(), set()], (
            "a shard that probes no target of a contract shows no 0 of it"
        )
        warned = ["no shard judges it" in "".join(process.log) for process in shards]
        assert warned.count(True) == 2, "the two shards that probe a target of the contract"

    await assert_reports_name_the_owners(tmp_path)


async def assert_reports_name_the_owners(directory: Path) -> None:
    month = time.strftime("%Y-%m", time.gmtime(noon()))
    base = ("report", "--month", month, "--format", "json", "--config.file")
    for shard in range(3):
        own = (*base, f"shard-{shard}.yml", "--contract")
        status, out, err = await run(*own, "aws-bedrock", cwd=directory, environ=AT_NOON)
        if shard == 0:
            assert (status, err) == (0, "")
            assert '"server_error"' not in out
        else:
            assert status == 1
            assert f"this is the journal of shard {shard} of 3, and shard 0 probes gpt; report there" in err
        status, _, err = await run(*own, "openai-scale-tier", cwd=directory, environ=AT_NOON)
        assert status == 1
        assert "shard 0 probes gpt, shard 2 probes claude" in err
    status, _, err = await run(*base, "whole.yml", "--contract", "openai-scale-tier", cwd=directory, environ=AT_NOON)
    assert (status, err) == (0, "")
