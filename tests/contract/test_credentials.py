"""Credentials that change, through the whole program: renewed while it runs, shown nowhere, and no SDK in the core."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aiprobe_simulator import Pace, Simulator
from tests.contract.running import a_config, run, running

FAST = Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)
WITHOUT_SDKS = """
import importlib.abc, sys
import pytest

pytestmark = pytest.mark.slow

class NotInstalled(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"botocore", "google", "azure", "requests", "boto3", "cohere", "ollama", "mcp"}:
            raise ModuleNotFoundError(name=name)

sys.meta_path.insert(0, NotInstalled())
from aiprobe.cli import main
main()
"""


def a_rotating_config(directory: Path, url: str, **changes: Any) -> Path:
    """Ask a simulated provider with tokens that a command makes up anew, each good for a second and a half."""
    token = "{'access_token': 'planted-token-' + os.urandom(8).hex(), 'expires_in': 1.5}"
    code = f"import json, os; print(json.dumps({token}))"
    credential = {"source": "command", "command": [sys.executable, "-c", code]}
    providers = {"openai": {"base_url": f"{url}/openai/v1", "credential": credential}}
    return a_config(directory, url, providers=providers, **changes)


@pytest.mark.slow
async def test_tokens_that_end_again_and_again_cost_no_probe_and_are_shown_nowhere(tmp_path: Path) -> None:
    async with Simulator(pace=FAST) as simulator, running(a_rotating_config(tmp_path, simulator.url)) as exporter:
        await exporter.until(r'^aiprobe_results_total\{target="gpt",.*outcome="ok",attempt="scheduled"\} [4-9]')
        simulator.set("openai", fault="bad_key", count=1)  # OpenAI's answer repeats the key in part
        page = await exporter.until(r'^aiprobe_results_total\{target="gpt",.*outcome="auth",attempt="scheduled"\} 1')
        paths = ("/", "/targets/gpt", "/api/v1/targets", "/api/v1/results", "/config")
        pages = [page, *[await exporter.get(path) for path in paths]]
        log = "".join(exporter.log)
    assert "planted-token" not in "".join((*pages, log))


@pytest.mark.slow
async def test_a_probe_by_hand_has_its_credential_too(tmp_path: Path) -> None:
    async with Simulator(pace=FAST) as simulator:
        config = a_rotating_config(tmp_path, simulator.url)
        code, out, err = await run("probe", "gpt", "--config.file", str(config), "--json", cwd=tmp_path)
    assert (code, json.loads(out)["outcome"]) == (0, "ok"), err
    assert "planted-token" not in out + err


def without_sdks(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of aiprobe where no cloud library is installed."""
    command = [sys.executable, "-c", WITHOUT_SDKS, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
def test_the_core_runs_without_any_cloud_library_and_says_which_extra_is_missing(tmp_path: Path) -> None:
    config: dict[str, Any] = json.loads(a_rotating_config(tmp_path, "http://127.0.0.1:9").read_text())
    assert without_sdks("check", "--config.file", str(tmp_path / "aiprobe.yml")).returncode == 0

    config["providers"] = {
        name: {"preset": "vertex-gemini", "base_url": "http://127.0.0.1:9/v1", "credential": {"source": name} | more}
        for name, more in {"google": {}, "azure": {}, "aws": {"region": "us-east-1"}}.items()
    }
    config["targets"] = [
        {"name": f"{name}-models", "provider": name, "probe": "models"} for name in config["providers"]
    ]
    (tmp_path / "aiprobe.yml").write_text(json.dumps(config, indent=1))
    checked = without_sdks("check", "--config.file", str(tmp_path / "aiprobe.yml"))
    assert checked.returncode == 1
    for extra in ("gcp", "azure", "aws"):
        assert f"pip install 'aiprobe[{extra}]'" in checked.stdout + checked.stderr
