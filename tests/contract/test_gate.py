"""`aiprobe gate` as scripts call it: beside a running exporter, and without one."""

import json
from pathlib import Path

import pytest

from aiprobe_simulator.server import Simulator
from tests.contract.running import AT_NOON, a_config, noon, run, running

pytestmark = pytest.mark.slow

GROUPS = {"chat": {"any_of": ["gpt"]}}


async def test_a_running_exporter_decides_and_the_exit_status_is_its_answer(tmp_path: Path) -> None:
    async with (
        Simulator() as simulator,
        running(a_config(tmp_path, simulator.url, groups={"chat": {"any_of": ["gpt"]}})) as aiprobe,
    ):
        await aiprobe.until(r'"status": "pass"', "/health/group/chat")
        gate = ("gate", "--group", "chat", "--url", aiprobe.url)
        assert await run(*gate, cwd=tmp_path) == (0, "gpt\n", "")
        simulator.set("openai", fault="overloaded_529")
        await aiprobe.until(r'"state": "major_outage"', "/health/target/gpt")
        code, out, err = await run(*gate, cwd=tmp_path)
        assert (code, out, err) == (1, "", "aiprobe: no member of chat can be used now\n")
        simulator.clear()
        assert await run(*gate, "--wait", "1m", cwd=tmp_path) == (0, "gpt\n", "")
        code, _, err = await run("gate", "--group", "nobody", "--url", aiprobe.url, cwd=tmp_path)
        assert (code, "404" in err) == (2, True)
        code, _, err = await run("gate", "--group", "chat", "--url", f"{aiprobe.url}/metrics?x=", cwd=tmp_path)
        assert (code, "no aiprobe" in err) == (2, True)


async def test_without_an_exporter_every_member_is_probed_once(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url, groups=GROUPS)
        gate = ("gate", "--url", "http://127.0.0.1:9", "--config.file", str(config), "--group")
        code, out, err = await run(*gate, "chat", cwd=tmp_path)
        assert (code, out, "every member is probed once" in err) == (0, "gpt\n", True)
        simulator.set("openai", fault="overloaded_529")
        assert (await run(*gate, "chat", "--wait", "1h", cwd=tmp_path))[:2] == (1, "")
        code, _, err = await run(*gate, "nobody", cwd=tmp_path)
        assert (code, "there are: chat" in err) == (2, True)
        config.write_text("targets: [")
        assert (await run(*gate, "chat", cwd=tmp_path))[0] == 2


async def test_no_member_is_probed_past_the_budget(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url, groups=GROUPS, budget={"usd_per_day": 100.0})
        gate = ("gate", "--url", "http://127.0.0.1:9", "--config.file", str(config), "--group", "chat")
        assert (await run(*gate, cwd=tmp_path, environ=AT_NOON))[0] == 0
        (tmp_path / "data").mkdir()
        spent = {"day": int(noon()) // 86400, "ceiling_usd": 100.0}
        (tmp_path / "data" / "spend.json").write_text(json.dumps(spent))
        code, _, err = await run(*gate, cwd=tmp_path, environ=AT_NOON)
        assert (code, "gpt is not probed: today's budget" in err) == (1, True)


@pytest.mark.parametrize("option", [["--wait", "soon"], ["--at-least", "major_outage"], ["--url", "ftp://x"], []])
async def test_a_wrong_option_is_refused(tmp_path: Path, option: list[str]) -> None:
    named = ["--group", "chat"] if option else []
    code, out, err = await run("gate", *named, *option, cwd=tmp_path)
    assert (code, out, bool(err)) == (2, "", True)
