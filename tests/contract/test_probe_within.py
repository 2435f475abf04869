"""`/probe` answers within its scrape with what is known; the probe goes on, and its result is the interval's."""

import asyncio
from pathlib import Path

from tests.contract.running import a_config, running
from tests.unit.transport.peers import Call, a_peer, until_gone


async def _silent(call: Call) -> None:
    await call.request()
    await until_gone(call)


async def test_a_probe_that_outlives_its_scrape_is_still_under_way(tmp_path: Path) -> None:
    async with a_peer(_silent) as peer:
        config = a_config(tmp_path, f"http://127.0.0.1:{peer.port}")
        async with running(config) as exporter:
            name = (
                (await exporter.get("/probe?target=none")).rpartition("Configured are: ")[2].split(",")[0].strip(" .\n")
            )
            async with asyncio.timeout(10):
                text = await exporter.get(f"/probe?target={name}", **{"X-Prometheus-Scrape-Timeout-Seconds": "0.6"})
    assert "still under way" in text
