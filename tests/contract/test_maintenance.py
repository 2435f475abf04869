"""A maintenance that a request begins, as its user meets it: in the metrics, the results, and after `kill -9`."""

import json
import re
import signal
from pathlib import Path

import pytest

from aiprobe_simulator.server import Simulator
from tests.contract.running import a_config, running

pytestmark = pytest.mark.slow

PATH = "/api/v1/maintenance"


async def test_a_maintenance_is_in_force_when_it_is_confirmed_and_outlives_a_kill(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url)
        async with running(config) as process:
            await process.until(r'^aiprobe_results_total\{.*outcome="ok".* [1-9]')
            async with process.session.post(f"{process.url}{PATH}?target=gpt&minutes=60") as reply:
                begun = json.loads(await reply.text())
            process.send(signal.SIGKILL)
            await process.process.wait()
        assert begun["kept"] is True
        simulator.set("openai", fault="overloaded_529")
        async with running(config) as process:
            page = await process.until(r'^aiprobe_slo_events_total\{.*slo="availability",verdict="excluded"\} [3-9]')
            assert re.search(r'^aiprobe_maintenance\{.*target="gpt".*\} 1$', page, re.MULTILINE)
            assert 'slo="availability",verdict="bad"} 0' in page
            (kept,) = json.loads(await process.get(PATH))["maintenance"]
            assert kept["id"] == begun["id"]
            await process.until(r'"state": "major_outage"', "/health/target/gpt")
            assert json.loads(await process.get("/api/v1/results?limit=1"))["results"][0]["maintenance"] is True
            async with process.session.post(f"{process.url}{PATH}?end={kept['id']}") as reply:
                assert reply.status == 200
            await process.until(r'^aiprobe_slo_events_total\{.*slo="availability",verdict="bad"\} [1-9]')
            assert "aiprobe_maintenance{" not in await process.metrics()
