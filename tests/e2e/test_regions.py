"""The configurations of docs/howto/prometheus-per-region.md, with two regions and a Prometheus over both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from aiprobe_simulator.server import Simulator
from tests.contract.running import a_config, running
from tests.e2e.test_prometheus import _address, ask, ask_until

pytestmark = pytest.mark.e2e

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "howto" / "prometheus-per-region.md"
DOWN: Final = 'ALERTS{alertname="AISurfaceDown",alertstate="firing"}'


def documented(first_line: str) -> dict[str, Any]:
    """Return the YAML block of the page that begins with this comment."""
    blocks = PAGE.read_text("utf-8").split("```")
    (found,) = [block for block in blocks if block.startswith(f"yaml\n# {first_line}\n")]
    config = yaml.safe_load(found.removeprefix("yaml\n"))
    assert isinstance(config, dict)
    return config


@asynccontextmanager
async def a_prometheus(binary: str, directory: Path, config: dict[str, Any], targets: list[str]) -> AsyncIterator[str]:
    """Run Prometheus with a documented configuration, every second, on these targets; yields its address."""
    directory.mkdir()  # noqa: ASYNC240 - a test may wait for its own disk
    (directory / "rules").symlink_to(ROOT / "alerts")
    config["global"] |= {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"] = [{"targets": targets}]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    process = await asyncio.create_subprocess_exec(
        binary, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
        "--web.listen-address=127.0.0.1:0", stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        address = await _address(process, [])
        reader = asyncio.create_task(process.stderr.read())
        yield address.removeprefix("http://")
    finally:
        process.terminate()
        await process.wait()
    await reader


async def test_a_page_needs_both_regions_over_both_and_one_region_alone_in_its_own(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    binary, region, over = tool("prometheus"), "prometheus.yml in eu-west-1", "prometheus.yml of the second level"
    alone = documented(region) | {"rule_files": ["rules/*.rules.yml"]}  # what the page advises against
    other = documented(region)
    other["global"]["external_labels"] = {"cluster": "us-east-1"}
    homes = [tmp_path / "one", tmp_path / "two"]
    for home in homes:
        home.mkdir()
    async with (
        Simulator() as eu,
        Simulator() as us,
        running(a_config(homes[0], eu.url, vantage="eu")) as first,
        running(a_config(homes[1], us.url, vantage="us")) as second,
        a_prometheus(binary, tmp_path / "eu", alone, [first.url.removeprefix("http://")]) as prometheus_eu,
        a_prometheus(binary, tmp_path / "us", other, [second.url.removeprefix("http://")]) as prometheus_us,
        a_prometheus(binary, tmp_path / "over", documented(over), [prometheus_eu, prometheus_us]) as both,
    ):
        whole = f"http://{both}"
        await ask_until(whole, 'count(count by (vantage, cluster) (aiprobe_surface_state{surface="OpenAI API"})) == 2')
        await ask_until(whole, 'count(up{job="aiprobe"} == 1) == 2')

        eu.set("openai", fault="overloaded_529")
        await ask_until(f"http://{prometheus_eu}", DOWN)
        await ask_until(whole, 'aiprobe_surface_state{surface="OpenAI API",vantage="eu"} == 3')
        await ask_until(whole, 'ALERTS{alertname="AIVantageDisagrees",vantage="eu"}')
        assert await ask(whole, "query", query=DOWN) == []

        us.set("openai", fault="overloaded_529")
        await ask_until(whole, DOWN)
        assert await ask(f"http://{prometheus_us}", "query", query="count(slo:objective:ratio)") == []
