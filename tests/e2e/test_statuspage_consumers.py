"""Programs that others wrote for Atlassian Statuspages read `/status/api/v2` of a real exporter, unmodified."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_text

from aiprobe_simulator.server import Simulator
from tests.contract.running import Process, a_config, running
from tests.e2e.tools import consumer

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

DEADLINE_SECONDS = 60
UNHURRIED = {
    "interval": "5s",
    "timeouts": {"connect": 2, "first_token": 3, "stall": 3, "total": 3.5},
    "suspicion": {"persistence": "1s"},
}
"""No probe of a busy machine is late, and no state ends while a consumer starts."""
COMPONENT = "openai: OpenAI API"
SUMMARY = """
import json, sys
from statuscheck.services.bases._statuspageio import BaseStatusPageAPI

class Ours(BaseStatusPageAPI):
    name = "aiprobe"
    def _get_base_url(self):
        return sys.argv[1] + "/status/api/v2/"

found = Ours().get_summary()
print(json.dumps({
    "indicator": found.status.code,
    "is_ok": found.status.is_ok,
    "components": {one.name: one.status for one in found.components},
    "incidents": {one.id: [part.name for part in one.components] for one in found.incidents},
}))
"""
"""What its documentation says: a class for each page, with the address of the page."""


def exported(url: str, folder: Path) -> dict[str, dict[str, float]]:
    """Return what statuspage-prometheus-exporter makes of the page: values by metric and by component or incident."""
    services = {"ours": {"name": "ours", "url": f"{url}/status/api/v2/summary.json"}}
    (folder / "services.json").write_text(json.dumps(services), encoding="utf-8")
    run(
        [str(consumer("statuspage-prometheus-exporter") / "statuspage-prometheus-exporter")], folder,
        RUN_MODE="once", CLEAR_CACHE="true", METRICS_TEXTFILE_PATH=str(folder / "out.prom"),
        SERVICES_JSON_PATH=str(folder / "services.json"),
    )  # fmt: skip
    found: dict[str, dict[str, float]] = {}
    for family in parse_text((folder / "out.prom").read_text("utf-8")):
        for sample in family.samples:
            labels = sample.labels
            key = labels.get("component_name") or labels.get("incident_id") or labels.get("service_name", "")
            found.setdefault(sample.name, {})[key] = sample.value
    return found


def checked(url: str, folder: Path) -> dict[str, Any]:
    """Return what statuscheck reads from the page."""
    return dict(json.loads(run([str(consumer("statuscheck") / "python"), "-c", SUMMARY, url], folder)))


def run(command: list[str], folder: Path, **environ: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={"HOME": str(folder), **environ}, capture_output=True, text=True, check=False,
        timeout=DEADLINE_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


async def open_incident(process: Process) -> str:
    (incident,) = json.loads(await process.get("/api/v1/incidents"))["open"]
    return str(incident["id"])


async def test_two_programs_of_others_read_an_outage_and_its_end(tmp_path: Path) -> None:
    async with Simulator() as simulator, running(a_config(tmp_path, simulator.url, defaults=UNHURRIED)) as process:
        await process.until('"status": "operational"', "/status/api/v2/components.json")
        assert exported(process.url, tmp_path)["statuspage_component_status"] == {COMPONENT: 1}
        fine = checked(process.url, tmp_path)
        assert (fine["indicator"], fine["is_ok"], fine["incidents"]) == ("none", True, {})

        simulator.set("openai", fault="server_error_500")
        await process.until('"status": "major_outage"', "/status/api/v2/components.json")
        incident = await open_incident(process)
        metrics, summary = exported(process.url, tmp_path), checked(process.url, tmp_path)
        assert metrics["statuspage_component_status"] == {COMPONENT: 0}
        assert metrics["statuspage_service_status"] == {"ours": 0}
        assert metrics["statuspage_incident_info"][incident] == 1
        assert (summary["indicator"], summary["is_ok"]) == ("critical", False)
        assert summary["incidents"] == {incident: [COMPONENT]}

        simulator.clear()
        await process.until(r'"open": \[\]', "/api/v1/incidents")
        assert incident not in exported(process.url, tmp_path)["statuspage_incident_info"]
        assert checked(process.url, tmp_path)["incidents"] == {}


async def test_a_component_that_nothing_measured_is_not_operational_for_others_either(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        simulator.set("openai", fault="unauthorized_401")
        async with running(a_config(tmp_path, simulator.url)) as process:
            await process.until(r'outcome="auth",attempt="scheduled"\} [2-9]')
            assert exported(process.url, tmp_path)["statuspage_component_status"] == {COMPONENT: 0}
