"""The boards on a running exporter: what it really exposes is what the queries ask for."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dashboards.src.promql import labels_of
from tests.contract.running import environment
from tests.dashboards.asking import asks
from tests.dashboards.boards import ALL
from tests.dashboards.prometheus import Prometheus
from tests.e2e.test_prometheus import a_prometheus, ask, ask_until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

OF_SCRAPING = {"__name__", "job", "instance"}
SEEN_AT_ONCE = {
    "aiprobe-wall": {"Providers now, worst first", "What we measured", "What their status pages declared", "Is it us?"},
    "aiprobe-truth": {"Who reported what, when", "Surface by surface", "The pages' own words, now"},
    "aiprobe-self": {"Targets, the longest unprobed first", "Exporters", "Configuration", "Exporters scraped"},
    "aiprobe-provider": {"State now", "Why slow: phases of a probe"},
}
DEADLINE_SECONDS = 60


@asynccontextmanager
async def a_demo(directory: Path) -> AsyncIterator[str]:
    """Run `aiprobe demo` on a free port; yields HOST:PORT."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from aiprobe.cli import main; main()", "demo", "--web.listen-address", "127.0.0.1:0",
        env=environment({"TMPDIR": str(directory)}), cwd=directory, stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            async for line in process.stderr:
                if found := re.search(r"is on http://(127[^\s/\"]+)", line.decode()):
                    break
        drain = asyncio.create_task(process.stderr.read())
        yield found[1] if found else ""
    finally:
        process.terminate()
        await process.wait()
        await drain


@pytest.fixture
async def live(tmp_path: Path, tool: Callable[[str], str]) -> AsyncIterator[Prometheus]:
    async with (
        a_demo(tmp_path) as target,
        a_prometheus(tool("prometheus"), tmp_path / "prometheus", target) as url,
    ):
        # Older than a step of a panel, which ends at a whole number of steps.
        await ask_until(
            url, "max(count_over_time(aiprobe_disagreement[1m])) >= 12 and count(aiprobe_surface_state) >= 5"
        )
        yield Prometheus(url)


async def test_every_query_works_on_what_the_exporter_exposes(live: Prometheus) -> None:
    (now,) = await ask(live.url, "query", query="vector(time())")
    assert isinstance(now, dict)
    end = float(now["value"][0])
    for uid, board in ALL.items():
        asked = list(asks(board, end=end, range_seconds=3600, chosen={"provider": "openai"} if "Provider" in
                          board["title"] or "Incident" in board["title"] else None))  # fmt: skip
        full = {one.title for one in asked if (await asyncio.to_thread(live.ask, one)).series}
        assert SEEN_AT_ONCE.get(uid, set()) <= full


async def test_the_labels_are_those_that_the_boards_count_on(live: Prometheus) -> None:
    series = await ask(live.url, "query", query='{__name__=~"aiprobe_.+"}')
    strange: dict[str, set[str]] = {}
    for one in series:
        assert isinstance(one, dict)
        name = one["metric"]["__name__"]
        unknown = set(one["metric"]) - labels_of(name) - OF_SCRAPING
        strange |= {name: unknown} if unknown else {}
    assert strange == {}
