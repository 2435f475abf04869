"""A real Prometheus reads the exporter: promtool is silent, exemplars arrive, nothing is lost on the way."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from aiprobe_simulator.server import Simulator
from tests.contract.running import a_config, running

pytestmark = pytest.mark.e2e

DEADLINE_SECONDS = 40.0


@asynccontextmanager
async def a_prometheus(binary: str, directory: Path, target: str) -> AsyncIterator[str]:
    """Run Prometheus with one scrape job; yields its URL."""
    directory.mkdir()  # noqa: ASYNC240 - a test may wait for its own disk
    (directory / "prometheus.yml").write_text(
        json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [
                {"job_name": "aiprobe", "honor_labels": True, "static_configs": [{"targets": [target]}]}
            ],
        })
    )  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        binary, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
        "--web.listen-address=127.0.0.1:0", "--enable-feature=exemplar-storage",
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    log: list[str] = []
    try:
        yield await _address(process, log)
    finally:
        process.terminate()
        await process.communicate()


async def _address(process: asyncio.subprocess.Process, log: list[str]) -> str:
    assert process.stderr is not None
    port = ""
    async with asyncio.timeout(DEADLINE_SECONDS):
        async for line in process.stderr:
            log.append(line.decode())
            found = re.search(r"Listening on.*127\.0\.0\.1:(\d+)", log[-1])
            port = found[1] if found else port
            if port and "Server is ready" in log[-1]:
                return f"http://127.0.0.1:{port}"
    raise AssertionError("".join(log))


async def ask(url: str, path: str, **parameters: str) -> list[object]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v1/{path}", params=parameters) as reply:
        data = (await reply.json())["data"]
        result = data["result"] if isinstance(data, dict) else data
        assert isinstance(result, list)
        return result


async def ask_until(url: str, query: str) -> list[object]:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not (result := await ask(url, "query", query=query)):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"nothing ever came for {query}") from None
    return result


async def test_promtool_finds_nothing_to_say_about_the_metrics(tmp_path: Path, tool: Callable[[str], str]) -> None:
    async with Simulator() as simulator, running(a_config(tmp_path, simulator.url)) as process:
        await process.until(r'outcome="ok",attempt="scheduled"\} [2-9]')
        simulator.set("openai", fault="overloaded_529")
        await process.until(r'outcome="overloaded",attempt="scheduled"\} [1-9]')
        page = await process.metrics()
    checked = await asyncio.to_thread(
        subprocess.run, [tool("promtool"), "check", "metrics"], input=page.encode(), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


async def test_prometheus_scrapes_everything_and_keeps_the_request_ids(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    async with (
        Simulator() as simulator,
        running(a_config(tmp_path, simulator.url)) as process,
        a_prometheus(tool("prometheus"), tmp_path / "prometheus", process.url.removeprefix("http://")) as url,
    ):
        await ask_until(url, 'aiprobe_results_total{outcome="ok"} > 3')
        simulator.set("openai", fault="overloaded_529")
        assert await ask_until(url, 'increase(aiprobe_results_total{outcome="overloaded"}[1m]) > 0')
        assert await ask(url, "query", query='{__name__=~"aiprobe_.+",exported_provider!=""}') == []
        exemplars = await ask(url, "query_exemplars", query="aiprobe_results_total", start="0", end="9999999999")
        assert "request_id" in json.dumps(exemplars)
        assert await ask(url, "query", query="up == 0") == []
