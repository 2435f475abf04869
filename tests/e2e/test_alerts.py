"""From a fault to a page, whole: simulator, exporter, Prometheus and Alertmanager with the shipped rules and routes.

Every duration of the shipped files is multiplied by one factor, and so are the intervals of probes, scrapes and
evaluations. A model breaks, then its provider, then the way out to the Internet; the messages that may arrive are
written down here, and no others may. Times from fault to page are printed as they would be unscaled.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from aiprobe.core.suspicion import PERSISTENCE_SECONDS
from aiprobe_simulator.server import Simulator
from tests.alerts.alertmanagers import Inbox, Message, an_alertmanager, an_inbox, free_port, scaled
from tests.alerts.conftest import Stack, stack
from tests.alerts.rulefiles import RULE_FILES
from tests.contract.running import a_config, running

__all__ = ["stack"]
pytestmark = pytest.mark.e2e

FACTOR: Final = 1 / 20
INTERVAL_SECONDS: Final = 60 * FACTOR
STEP_SECONDS: Final = 15 * FACTOR
"""Of scrapes and evaluations."""
DEADLINE_SECONDS: Final = 180.0
EGRESS_ROUND_SECONDS: Final = 60.0
"""The exporter looks this often for egress that is back; the only time in play that no configuration scales."""
OF_THE_MACHINE: Final = frozenset({"AIClockworkLagging"})
"""What the load of the machine that runs the test may set off."""


def a_chat(name: str, provider: str, model: str) -> dict[str, Any]:
    return {"name": name, "provider": provider, "surface": f"{provider} API", "model": model, "probe": "chat"}


def an_exporter_config(directory: Path, url: str) -> Path:
    """Write the configuration of three targets of one provider and one of another; every request is free."""
    timeouts = {"connect": 0.5, "first_token": 1, "stall": 1, "total": 2}
    key = {"api_key": "${TEST_KEY:-a-test-key-123}"}
    names = ("haiku", "sonnet", "opus")
    return a_config(
        directory,
        url,
        defaults={
            "interval": f"{INTERVAL_SECONDS}s",
            "timeouts": timeouts,
            # At 93.5 % neither brown-out nor budget is reached by outages of seconds: the scenario is about outages.
            "slo": {"availability": 93.5},
            "suspicion": {"persistence": f"{PERSISTENCE_SECONDS * FACTOR}s"},
        },
        providers={
            "anthropic": {"base_url": f"{url}/anthropic", **key},
            "openai": {"base_url": f"{url}/openai/v1", **key},
        },
        targets=[*(a_chat(n, "anthropic", f"claude-{n}-test") for n in names), a_chat("gpt", "openai", "gpt-4.1-nano")],
    )


def prometheus_config(
    exporter: str, alertmanager: str, step: str = f"{round(STEP_SECONDS * 1000)}ms"
) -> dict[str, Any]:
    job = {"job_name": "aiprobe", "honor_labels": True, "static_configs": [{"targets": [exporter]}]}
    return {
        "global": {"scrape_interval": step, "scrape_timeout": step, "evaluation_interval": step},
        "rule_files": ["*.rules.yml"],
        "scrape_configs": [job],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
    }


@asynccontextmanager
async def a_prometheus(
    binary: str, directory: Path, config: dict[str, Any], rules: Mapping[str, str], *options: str
) -> AsyncIterator[str]:
    """Run Prometheus with a configuration and files of rules; yields its URL."""
    await asyncio.to_thread(_write, directory, {**rules, "prometheus.yml": json.dumps(config)})
    url = f"http://127.0.0.1:{free_port()}"
    with (directory / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
            f"--web.listen-address={url.removeprefix('http://')}", *options, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield url
    finally:
        process.terminate()
        await process.wait()


def _write(directory: Path, files: Mapping[str, str]) -> None:
    directory.mkdir()
    for name, text in files.items():
        (directory / name).write_text(text)


async def until_measured(url: str, targets: int) -> None:
    """Wait until the rules know that every target is well, and has been so often enough to have a ratio."""
    well = 'aiprobe:consecutive_failures:vantage == 0 and on (target) aiprobe_results_total{outcome="ok"} >= 12'
    query = {"query": f"count({well}) == {targets}"}
    async with asyncio.timeout(DEADLINE_SECONDS), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/api/v1/query", params=query) as reply:
                    if (await reply.json())["data"]["result"]:
                        return
            except (aiohttp.ClientError, KeyError):
                pass
            await asyncio.sleep(0.2)


def page(firing: str, provider: str) -> Any:
    """Return what recognises the first page that names an alert."""
    return lambda m: m.receiver == "pager" and firing in m.firing and m.provider == provider


def over(inbox: Inbox, receiver: str, provider: str) -> Any:
    """Return what recognises the end of a page after now."""
    seen = len(inbox.messages)
    return lambda m: (
        m in inbox.messages[seen:] and (m.receiver, m.provider, m.status) == (receiver, provider, "resolved")
    )


def told(inbox: Inbox, receiver: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what a receiver was told, in order, without repetitions and without what the machine's load set off."""
    clean = [
        (each.provider, each.status, tuple(sorted(set(each.firing) - OF_THE_MACHINE)))
        for each in inbox.messages
        if each.receiver == receiver and not set(each.firing + each.resolved) <= OF_THE_MACHINE
    ]
    return [each for at, each in enumerate(clean) if at == 0 or each != clean[at - 1]]


def report(stack_name: str, what: str, message: Message, since: float) -> None:
    unscaled = (message.at - since) / FACTOR
    print(f"{stack_name}: {what}: page after {unscaled:.0f} s at intervals of 60 s")  # noqa: T201 - the measured result


async def test_every_page_arrives_once_and_ends(tmp_path: Path, stack: Stack) -> None:
    now = asyncio.get_running_loop().time
    async with (
        Simulator() as simulator,
        an_inbox() as inbox,
        running(an_exporter_config(tmp_path, simulator.url)) as exporter,
        an_alertmanager(stack.alertmanager, tmp_path / "alertmanager", inbox, factor=FACTOR) as alertmanager,
        a_prometheus(
            stack.prometheus,
            tmp_path / "prometheus",
            prometheus_config(exporter.url.removeprefix("http://"), alertmanager.removeprefix("http://")),
            {path.name: scaled(path.read_text(), FACTOR) for path in RULE_FILES},
            f"--query.lookback-delta={round(300 * FACTOR)}s",
            f"--rules.alert.resend-delay={round(60 * FACTOR)}s",
        ) as prometheus,
    ):
        await until_measured(prometheus, 4)

        began = now()
        simulator.set("anthropic", fault="overloaded_529", model="claude-haiku-test")
        down = await inbox.until(page("AIModelDown", "anthropic"), seconds=DEADLINE_SECONDS)
        report(stack.name, "a model that fails fast", down, began)

        began = now()
        simulator.set("anthropic", fault="unavailable_503")
        down = await inbox.until(page("AIProviderDown", "anthropic"), seconds=DEADLINE_SECONDS)
        report(stack.name, "its provider", down, began)
        ended = [over(inbox, receiver, "anthropic") for receiver in ("pager", "sms", "chat")]
        simulator.clear()
        for end in ended:
            await inbox.until(end, seconds=DEADLINE_SECONDS)

        began = now()
        for name in ("anthropic", "openai", "egress"):
            simulator.set(name, fault="close_before_reply")
        down = await inbox.until(page("AIProbeEgressFailure", ""), seconds=DEADLINE_SECONDS)
        report(stack.name, "no way out", down, began)
        ended = [over(inbox, receiver, "") for receiver in ("pager", "sms", "chat")]
        simulator.clear()
        for end in ended:
            await inbox.until(end, seconds=DEADLINE_SECONDS + EGRESS_ROUND_SECONDS)
        await inbox.until(lambda m: m.receiver == "deadman" and m.firing == ("AIWatchdog",))

    provider = [("anthropic", "firing", ("AIProviderDown",)), ("anthropic", "resolved", ())]
    egress = [("", "firing", ("AIProbeEgressFailure",)), ("", "resolved", ())]
    pages = [("anthropic", "firing", ("AIModelDown",)), *provider, *egress]
    assert told(inbox, "pager") == pages
    assert told(inbox, "chat") == pages
    assert told(inbox, "sms") == [*provider, *egress]
    assert told(inbox, "mail") == []
