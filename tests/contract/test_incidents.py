"""Incidents of a real process keep their ids and revisions over a restart, in every form in which they are read."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from aiprobe_simulator.server import Simulator
from tests.contract.running import Process, a_config, running
from tests.contract.test_standing import committed_after

pytestmark = pytest.mark.slow


async def incidents_of(process: Process) -> dict[str, dict[str, Any]]:
    """Return each incident by its id: its revision and what was restated, by each form that shows them."""
    document = json.loads(await process.get("/api/v1/incidents"))
    page = json.loads(await process.get("/status/api/v2/incidents.json"))
    published = [json.loads(line) for line in (await process.get("/api/v1/incidents?format=ndjson")).splitlines()]
    updates = {
        one["id"]: [entry["body"] for entry in one["incident_updates"] if entry["body"].startswith("Restated: ")]
        for one in page["incidents"]
    }
    complete = {one["id"]: (one["revision"], one["restated"]) for one in (*document["open"], *document["recent"])}
    assert updates.keys() == complete.keys() == {record["id"] for record in published}
    return {
        record["id"]: {
            "published": (record["revision"], record.get("restated"), record.get("published"), record["start"]),
            "complete": complete[record["id"]],
            "page": updates[record["id"]],
        }
        for record in published
    }


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_an_incident_keeps_its_id_and_its_revisions_over_a_restart(tmp_path: Path, end: signal.Signals) -> None:
    async with Simulator() as simulator:
        page = {
            "url": f"{simulator.status_url('claude')}/api/v2/summary.json",
            "provider": "openai",
            "components": {"OpenAI API": {"name": "Claude Code"}},
        }
        pages = {"interval": "1s", "pages": {"openai": {"enabled": False}, "own": page}}
        config = a_config(tmp_path, simulator.url, status_pages=pages)
        async with running(config) as process:
            await process.until(r'^aiprobe_status_page_up\{.*page="own"\} 1')
            simulator.set("openai", fault="server_error_500")
            await process.until(r'^aiprobe_incidents_observed\{.*open="true"\} 1')
            simulator.clear()
            await process.until(r'^aiprobe_incidents_observed\{.*open="false"\} 1')
            simulator.declare("claude", component="Claude Code", state="partial_outage", incident="Errors")
            await process.until(r'"revision": 2', "/api/v1/incidents")
            await process.until(r"^aiprobe_outage_suspicion\{.*\} 0$")  # else the next failure is of the same incident
            simulator.set("openai", fault="server_error_500")
            await process.until(r'^aiprobe_incidents_observed\{.*open="true"\} 1')
            before = await incidents_of(process)
            await committed_after(process, time.time())
            process.send(end)
            await process.process.wait()
        async with running(config) as process:
            await process.until(r'^aiprobe_incidents_observed\{.*open="true"\} 1')
            assert await incidents_of(process) == before
            simulator.clear()
            await process.until(r'^aiprobe_incidents_observed\{.*open="false"\} 2')
            assert await incidents_of(process) == before
    assert sorted(one["complete"][0] for one in before.values()) == [1, 2]
