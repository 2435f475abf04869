"""A real Prometheus on loopback that holds the backfilled worlds, and answers like the one behind a Grafana."""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.dashboards.asking import Ask
from tests.dashboards.world import World, render

EPOCH: Final = 1767240000
"""2026-01-01 04:00; worlds are two days apart, so that no window of a day reaches from one into the next."""
APART: Final = 2 * 86400
BLOCK: Final = "18h"
"""promtool reads its input once a block: a world that ends 4, 10 or 16 hours after the begin of a block is in one."""
DEADLINE_SECONDS: Final = 60


def backfill(promtool: str, world: World, end: float, data: Path, scratch: Path, *, block: str = BLOCK) -> None:
    """Write a world into the blocks of a Prometheus."""
    if world.beside is not None:
        backfill(promtool, world.beside, end, data, scratch, block=block)
    load(promtool, render(world, end), data, scratch, block=block)


def load(promtool: str, lines: Iterable[str], data: Path, scratch: Path, *, block: str = BLOCK) -> None:
    """Write lines of OpenMetrics into blocks of this length."""
    text = scratch / "world.om"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", f"--max-block-duration={block}"]
    subprocess.run([*command, str(text), str(data)], check=True, capture_output=True)
    text.unlink()


@contextmanager
def serving(prometheus: str, directory: Path, data: Path, *, listen: str = "127.0.0.1") -> Iterator["Prometheus"]:
    """Run Prometheus on the blocks in `data`, without a scrape job."""
    config = directory / "prometheus.yml"
    config.write_text("{}", encoding="utf-8")
    process = subprocess.Popen(
        [prometheus, f"--config.file={config}", f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=100y",
         f"--web.listen-address={listen}:0", "--log.level=info"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        yield Prometheus(_address(process))
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE_SECONDS)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    log: list[str] = []
    port = ""
    for line in process.stderr:
        log.append(line)
        found = re.search(r"Listening on.*:(\d+)", line)
        port = found[1] if found else port
        if port and "Server is ready" in line:
            return f"http://127.0.0.1:{port}"
    raise AssertionError("".join(log))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a query returned."""

    series: list[dict[str, Any]]
    samples: int
    """How many samples Prometheus had to look at."""

    @property
    def values(self) -> list[float]:
        """Return the values of an instant query."""
        return [float(one["value"][1]) for one in self.series]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Asks one Prometheus."""

    url: str

    def ask(self, ask: Ask) -> Reply:
        """Ask a query of a panel. Raises AssertionError with Prometheus's words if it refuses."""
        when = {"time": str(ask.end)} if ask.instant else {"start": ask.start, "end": ask.end, "step": ask.step}
        path = "query" if ask.instant else "query_range"
        return self.get(path, {"query": ask.expr, "stats": "all", **when}, ask.name)

    def get(self, path: str, parameters: Mapping[str, object], name: str = "") -> Reply:
        """Ask the API."""
        body = urllib.parse.urlencode(dict(parameters)).encode()
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}", data=body, timeout=DEADLINE_SECONDS) as reply:
                data = json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{name}: {error.read().decode()}\n{parameters}") from None
        return Reply(data["result"], data["stats"]["samples"]["totalQueryableSamples"])
