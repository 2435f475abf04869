"""The exporter as a process: what a scrape shows, what a reload keeps, what a kill leaves."""

import asyncio
import gzip
import json
import re
import signal
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from aiprobe_simulator.server import Simulator
from tests.contract.running import AT_NOON, a_config, run, running

pytestmark = pytest.mark.slow

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def value(page: str, name: str, **labels: str) -> float | None:
    """Return one sample's value from a page in the classic text form."""
    for family in parse_text(page):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return None


async def test_a_scrape_shows_a_right_answer_and_parses_strictly_in_both_forms(tmp_path: Path) -> None:
    async with Simulator() as simulator, running(a_config(tmp_path, simulator.url)) as process:
        page = await process.until(r'^aiprobe_results_total\{.*outcome="ok".* [1-9]')
        assert value(page, "aiprobe_success", target="gpt") == 1
        assert value(page, "aiprobe_state", target="gpt") == 0
        assert value(page, "aiprobe_surface_state", surface="OpenAI API") in (None, 0)
        await process.until(r'^aiprobe_cost_usd_total\{.*verdict="good"\} \S*[1-9]')
        assert (value(page, "aiprobe_time_to_first_token_seconds_count", target="gpt") or 0) >= 1
        openmetrics = await process.get("/metrics", Accept=OPENMETRICS)
        families = {family.name for family in parse_openmetrics(openmetrics)}  # type: ignore[no-untyped-call]  # the library has no types here
        assert {"aiprobe_results", "aiprobe_duration_seconds", "aiprobe_build"} <= families
        assert re.search(r'# \{request_id="req_', openmetrics)
        assert "# {" not in page


async def test_a_compressed_scrape_is_the_same_scrape(tmp_path: Path) -> None:
    async with Simulator() as simulator, running(a_config(tmp_path, simulator.url)) as process:
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(f"{process.url}/metrics", headers={"Accept-Encoding": "gzip"}) as reply,
        ):
            assert reply.headers["Content-Encoding"] == "gzip"
            plain = gzip.decompress(await reply.read()).decode()
        assert {family.name for family in parse_text(plain)} >= {"aiprobe_results", "aiprobe_interval_seconds"}


async def test_failures_have_their_names_and_no_latency(tmp_path: Path) -> None:
    async with Simulator() as simulator, running(a_config(tmp_path, simulator.url)) as process:
        simulator.set("openai", fault="overloaded_529")
        await process.until(r'^aiprobe_results_total\{.*outcome="overloaded",attempt="scheduled"\} [3-9]')
        page = await process.metrics()
        ok = value(page, "aiprobe_results_total", outcome="ok", attempt="scheduled") or 0
        for name in ("duration", "time_to_first_token"):
            assert (value(page, f"aiprobe_{name}_seconds_count", target="gpt") or 0) <= ok
        assert value(page, "aiprobe_state", target="gpt") == 3
        assert (value(page, "aiprobe_consecutive_failures", target="gpt") or 0) >= 3


async def test_a_new_outcome_shows_a_zero_before_its_count(tmp_path: Path) -> None:
    async with Simulator() as simulator, running(a_config(tmp_path, simulator.url)) as process:
        simulator.set("openai", fault="server_error_500")
        first = await process.until(r'outcome="server_error",attempt="scheduled"\}')
        assert value(first, "aiprobe_results_total", outcome="server_error", attempt="scheduled") == 0
        second = await process.metrics()
        assert (value(second, "aiprobe_results_total", outcome="server_error", attempt="scheduled") or 0) >= 1


async def test_a_reload_keeps_counters_of_unchanged_targets_and_drops_removed_ones(tmp_path: Path) -> None:
    target = {
        "provider": "openai",
        "model": "gpt-4.1-nano",
        "probe": "chat",
        "price": {"input_usd": 1, "output_usd": 2},
    }
    both = [{"name": "kept", **target}, {"name": "gone", **target}]
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url, targets=both)
        async with running(config) as process:
            await process.until(r'^aiprobe_results_total\{target="gone".*outcome="ok".* [1-9]')
            before = value(
                await process.until(r'_total\{target="kept".*outcome="ok".* [1-9]'),
                "aiprobe_results_total",
                target="kept",
            )
            a_config(tmp_path, simulator.url, targets=[*both[:1], {"name": "fresh", **target}])
            process.send(signal.SIGHUP)
            page = await process.until('target="fresh"')
            assert 'target="gone"' not in page
            assert (value(page, "aiprobe_results_total", target="kept", outcome="ok") or 0) >= (before or 1)
            assert value(page, "aiprobe_config_last_reload_successful") == 1


async def test_a_broken_file_keeps_the_running_configuration_and_says_so(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url)
        async with running(config) as process:
            config.write_text("targets: [{name: x, provder: openai}]\n")
            async with process.session.post(f"{process.url}/-/reload") as reply:
                assert reply.status == 500
                assert "did you mean" in await reply.text()
            page = await process.metrics()
            assert value(page, "aiprobe_config_last_reload_successful") == 0
            assert value(page, "aiprobe_interval_seconds", target="gpt") == 1
            a_config(tmp_path, simulator.url)
            async with process.session.post(f"{process.url}/-/reload") as reply:
                assert reply.status == 200
            assert value(await process.metrics(), "aiprobe_config_last_reload_successful") == 1


async def test_a_stopped_exporter_ends_at_once_even_with_a_probe_under_way(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        simulator.set("openai", fault="hang_before_headers")
        slow = {"interval": "60s", "timeouts": {"total": "40s", "first_token": "39s"}}
        async with running(a_config(tmp_path, simulator.url, defaults=slow)) as process:
            probe = asyncio.create_task(process.get("/probe?target=gpt"))
            await process.until(r"^aiprobe_probes_in_flight\S* 1")
            process.send(signal.SIGTERM)
            async with asyncio.timeout(8):
                assert await process.process.wait() == 0
            await asyncio.gather(probe, return_exceptions=True)


async def test_probing_by_request_shares_one_result_and_takes_no_url(tmp_path: Path) -> None:
    slow = {"interval": "60s", "timeouts": {"total": "5s", "first_token": "4s", "stall": "3s", "connect": "1s"}}
    async with Simulator() as simulator, running(a_config(tmp_path, simulator.url, defaults=slow)) as process:
        pages = await asyncio.gather(*(process.get("/probe?target=gpt") for _ in range(8)))
        assert all('aiprobe_success{target="gpt"' in page for page in pages)
        assert simulator.requests.count(provider="openai") == 1
        async with process.session.get(f"{process.url}/probe?target={simulator.url}/openai/v1") as reply:
            assert reply.status == 400


async def test_a_crash_loop_does_not_spend_the_budget_twice(tmp_path: Path) -> None:
    config_changes = {"budget": {"usd_per_day": 0.5}, "defaults": {"interval": "1s", "timeouts": {"total": "0.7s",
                      "first_token": "0.6s", "stall": "0.5s", "connect": "0.5s"}}}  # fmt: skip
    target = {"name": "dear", "provider": "openai", "model": "gpt-4.1-nano", "probe": "chat", "interval": "1s"}
    async with Simulator() as simulator:
        dear = [target | {"price": {"input_usd": 0.05, "output_usd": 0.05}}]
        config = a_config(tmp_path, simulator.url, targets=dear, **config_changes)
        spent = []
        for _ in range(3):
            async with running(config, environ=AT_NOON) as process:
                page = await process.until(r"^aiprobe_cost_usd_total\{.*\} [0-9.e-]*[1-9]")
                spent.append(value(page, "aiprobe_budget_spent_usd") or 0.0)
                process.process.kill()
        assert spent[0] < spent[1] < spent[2]


async def test_a_model_that_was_swapped_while_the_exporter_was_stopped_is_a_change(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url)
        async with running(config) as process:
            await process.until(r'^aiprobe_results_total\{.*outcome="ok".* [1-9]')
        simulator.set("*", fault="swapped_model")
        async with running(config) as process:
            page = await process.until(r'^aiprobe_model_changes_total\{.*what="model".* 1')
            assert "fp_simulated" not in page
    (line,) = (tmp_path / "data" / "model-changes.jsonl").read_text().splitlines()
    change = json.loads(line)
    assert (change["target"], change["what"]) == ("gpt", "model")
    assert (change["before"], change["after"]) == ("gpt-4.1-nano", "swapped-model")


@pytest.mark.parametrize(("fault", "code"), [(None, 0), ("truncated", 1)])
async def test_probe_prints_one_object_and_exits_by_its_outcome(tmp_path: Path, fault: str | None, code: int) -> None:
    async with Simulator() as simulator:
        if fault:
            simulator.set("openai", fault=fault)
        config = a_config(tmp_path, simulator.url)
        status, out, err = await run("probe", "gpt", "--config.file", str(config), "--json", cwd=tmp_path)
        assert (status, err) == (code, "")
        told = json.loads(out)
        assert set(told) == {
            "target", "outcome", "verdict", "detail", "http_status", "request_id", "phases",
            "time_to_first_token_seconds", "duration_seconds", "stream_max_gap_seconds", "input_tokens",
            "output_tokens", "reasoning_tokens", "cost_usd", "response_model",
        }  # fmt: skip
        assert told["outcome"] == ("truncated" if fault else "ok")
        assert sum(told["phases"].values()) == pytest.approx(told["duration_seconds"], abs=0.01)


async def test_probe_exits_2_for_what_cannot_be_asked(tmp_path: Path) -> None:
    config = a_config(tmp_path, "http://127.0.0.1:9")
    status, _, err = await run("probe", "nobody", "--config.file", str(config), cwd=tmp_path)
    assert status == 2
    assert "there are: gpt" in err
    status, _, err = await run("probe", "gpt", "--config.file", "missing.yml", cwd=tmp_path)
    assert status == 2
    assert "missing.yml" in err


async def test_check_prints_what_a_day_costs_or_every_problem(tmp_path: Path) -> None:
    config = a_config(tmp_path, "http://127.0.0.1:9")
    status, out, _ = await run("check", "--config.file", str(config), cwd=tmp_path)
    assert status == 0
    assert re.search(r"gpt .* 1s +\d+\.\d{4}", out)
    config.write_text("targets:\n  - {name: a, provider: nope, probe: chatt}\nbudgit: 1\n")
    status, out, err = await run("check", "--config.file", str(config), cwd=tmp_path)
    assert status == 1
    assert out == ""
    assert len(err.splitlines()) >= 3
    assert all(re.match(r".*aiprobe\.yml:\d+: ", line) for line in err.splitlines())


async def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    async with Simulator() as simulator:
        port = simulator.url.rpartition(":")[2]
        config = a_config(tmp_path, simulator.url)
        status, _, err = await run(
            "serve", "--config.file", str(config), "--web.listen-address", f"127.0.0.1:{port}", cwd=tmp_path
        )
        assert status == 1
        assert err.splitlines()[-1].startswith("aiprobe: ")
        assert "Traceback" not in err


async def test_init_writes_a_file_that_check_accepts(tmp_path: Path) -> None:
    keys = {"ANTHROPIC_API_KEY": "sk-ant-planted-000111", "OPENAI_API_KEY": "sk-planted-222333"}
    status, out, err = await run("init", cwd=tmp_path, environ=keys)
    assert (status, err) == (0, "")
    assert "$" in out
    text = (tmp_path / "aiprobe.yml").read_text()
    assert "planted" not in text
    status, out, err = await run("check", cwd=tmp_path, environ=keys)
    assert status == 0, err
    status, _, err = await run("init", cwd=tmp_path, environ=keys)
    assert status == 1
    assert "--force" in err
