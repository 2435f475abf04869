"""The cost and the size of a scrape, and the time from a start to the first one."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.load.bench import Bench
from benchmarks.load.exporter import AIPROBE, Load, config, free_port, name_of
from benchmarks.load.journals import write_journal
from benchmarks.load.processes import ROOT, get, running, wait_until_answered
from benchmarks.load.table import Row, middle

TARGETS: Final = 1000
SECONDS_A_DAY: Final = 86_400
SCRAPE_SECONDS: Final = 15
"""Prometheus' usual interval, for samples per day."""
_SIZES: Final = (100, 1000, 3000)
_DAYS: Final = 35


def measured(targets: int, scrapes: int, *, latest: int = 0) -> dict[str, Any]:
    """Return what `benchmarks.load.scrape` prints."""
    command = [sys.executable, "-m", "benchmarks.load.scrape", str(targets), str(scrapes), "--latest", str(latest)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def scrape_rows(bench: Bench) -> Iterator[Row]:
    """Yield the hold of the loop, the CPU of a whole scrape, and its growth with the number of targets."""
    found = measured(TARGETS, 5 if bench.quick else 15, latest=2 if bench.quick else 5)
    yield Row(
        what="a scrape of 1,000 targets: longest hold of the loop", ours=middle(found["hold"]) * 1e3, unit="ms",
        beside={"an idle loop": middle(found["idle_hold"]) * 1e3}, bar=2.0, runs=[held * 1e3 for held in found["hold"]],
    )  # fmt: skip
    ours, latest = middle(found["ours"]), middle(found["latest"])
    yield Row(
        what="a scrape of 1,000 targets: CPU, OpenMetrics, without gzip", ours=ours * 1e3, unit="ms",
        beside={"generate_latest": latest * 1e3, "ours as text": middle(found["text"]) * 1e3},
        bar=1 / 50, ratio=ours / latest, runs=[cost * 1e3 for cost in found["ours"]],
    )  # fmt: skip
    yield from _weight_rows(found)
    each = {}
    for size in _SIZES:
        one = measured(size, 5 if bench.quick else 15)
        each[size] = middle(one["ours"]) / one["samples"] * 1e9
    yield Row(
        what="CPU per series of a scrape of 3,000 targets", ours=each[3000], unit="ns",
        beside={f"of {size} targets": each[size] for size in _SIZES[:-1]}, bar=1.2, ratio=each[3000] / each[1000],
    )  # fmt: skip


def _weight_rows(found: dict[str, Any]) -> Iterator[Row]:
    series = found["samples"] / found["targets"]
    yield Row(what="series of a chat target with its two SLOs", ours=series, unit="", bar=120)
    yield Row(
        what="bytes of a scrape of 1,000 targets", ours=found["bytes"] / 1e6, unit="MB",
        beside={"with gzip": found["gzip_bytes"] / 1e6},
    )  # fmt: skip
    samples = found["samples"] * SECONDS_A_DAY / SCRAPE_SECONDS
    yield Row(what="samples a day, 1,000 targets, a scrape every 15 s", ours=samples / 1e6, unit="million")


def start_rows(bench: Bench) -> Iterator[Row]:
    """Yield the time from the start of a process to a scrape, and to readiness, with a journal of 35 days."""
    answered, ready = [], []
    folder = bench.folder()
    (folder / "key").write_text("sk-of-nobody-0123456789\n")
    file = folder / "aiprobe.yml"
    load = Load(targets=TARGETS, interval_seconds=60, first_ms=20)
    file.write_text(config(load, bench.ports, directory=folder, ca_file=None))
    identities = [(name_of(each), "bench", "Bench API", "bench-1", "", "chat", "bench") for each in range(TARGETS)]
    rows = write_journal(folder / "journal", identities, days=_DAYS, interval_seconds=60, until=time.time())
    bench.say(f"a journal of {rows} hours")
    for _ in range(bench.rounds):
        port = free_port()
        command: list[str | Path] = [AIPROBE, "serve", "--config.file", file, "--log.level", "warn"]
        begun = time.monotonic()
        with running([*command, "--web.listen-address", f"127.0.0.1:{port}"], log=folder / "log") as process:
            body = wait_until_answered(process, port, "/metrics")
            answered.append(time.monotonic() - begun)
            assert body.count(b"\naiprobe_interval_seconds{") == TARGETS
            wait_until_answered(process, port, "/-/ready")
            ready.append(time.monotonic() - begun)
            known = get(port, "/metrics").count(b'window="3d"')
            assert known >= TARGETS, "every window is known once it is ready"
    yield Row(
        what="start with 1,000 targets and a journal of 35 days to the first scrape", ours=middle(answered), unit="s",
        beside={"probing, every window known": middle(ready)}, bar=3.0, runs=answered,
    )  # fmt: skip
