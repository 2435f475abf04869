"""Run the soak: `python -m benchmarks.soak --minutes 12`. Exits 1 where memory, descriptors or threads grow.

The simulator fails at random, a scraper reads the metrics, and reloads replace targets by others with new names. The
first half of the run fills histories and caches; the slopes of the second half are printed and compared with bounds.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any, Final

from aiprobe_simulator.faults import FAULTS
from benchmarks.load.exporter import AIPROBE, OPENMETRICS, free_port
from benchmarks.load.processes import Process, get, running, wait_until_answered

TARGETS: Final = 20
SWAPPED: Final = 5
"""Targets that each reload replaces. Each target exists for a minute, so that histories are full after a minute."""
INTERVAL_SECONDS: Final = 1
SCRAPE_EVERY_SECONDS: Final = 2.0
RELOAD_EVERY_SECONDS: Final = 15.0
FAULT_EVERY_SECONDS: Final = 3.0
SAMPLE_EVERY_SECONDS: Final = 1.0
_KINDS: Final = frozenset({"chat", "models"})


WARM_MINUTES: Final = 10.0
"""A fresh process still takes memory from the system while its heap and the pages of SQLite settle. A run that is
shorter has bounds which a leak at every reload passes: there are four a minute."""
SAMPLES_A_FLOOR: Final = 10
UNITS: Final = {"memory": "MB", "descriptors": "", "threads": ""}


def bounds(minutes: float) -> dict[str, float]:
    """Return how much each number may grow per minute in the second half of a run of so many minutes."""
    if minutes < WARM_MINUTES:
        return {"memory": 2.0, "descriptors": 3.0, "threads": 0.5}
    return {"memory": 0.1, "descriptors": 1.0, "threads": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The exporter's resources at one moment."""

    seconds: float
    memory: float
    descriptors: float
    threads: float


def config(directory: Path, simulator: int, *, reloads: int) -> str:
    """Return the configuration after `reloads` reloads: each one replaced the oldest targets by new ones."""
    names = [f"soak-{number:06}" for number in range(reloads * SWAPPED, reloads * SWAPPED + TARGETS)]
    document: dict[str, Any] = {
        "vantage": "soak",
        "egress": [],
        "status_pages": {"enabled": False},
        "journal": {"directory": str(directory / "journal")},
        "defaults": {"interval": f"{INTERVAL_SECONDS}s", "timeouts": {"total": "700ms"}},
        "providers": {
            provider: {
                "protocol": "openai-chat",
                "base_url": f"http://127.0.0.1:{simulator}/{provider}/v1",
                "api_key": {"file": str(directory / "key")},
                "egress": False,
            }
            for provider in ("even", "odd")
        },
        "targets": [
            {
                "name": name,
                "provider": "odd" if int(name[-1]) % 2 else "even",
                "surface": f"Surface {int(name[-6:]) % 7}",
                "model": "soak-1",
                "probe": "chat",
                "price": {"input_usd": 1, "output_usd": 5},
            }
            for name in names
        ],
    }
    return json.dumps(document)


def post(port: int, path: str, document: object = None) -> None:
    """Send a POST to the loopback. Raises RuntimeError for a status of 300 or more."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(
            "POST", path, json.dumps(document) if document else None, {"content-type": "application/json"}
        )
        reply = connection.getresponse()
        body = reply.read()
        if reply.status >= 300:
            raise RuntimeError(f"{path}: status {reply.status}: {body[:500]!r}")
    finally:
        connection.close()


def sample(process: Process, begun: float) -> Sample:
    """Read the exporter's resources from the kernel."""
    proc = Path(f"/proc/{process.child.pid}")
    return Sample(
        seconds=time.monotonic() - begun,
        memory=process.resident_bytes() / 1e6,
        descriptors=len(list((proc / "fd").iterdir())),
        threads=len(list((proc / "task").iterdir())),
    )


@contextmanager
def exporter(directory: Path, simulator: int) -> Iterator[tuple[Process, int]]:
    """Run `aiprobe serve`; yields it and its port when it is ready."""
    (directory / "key").write_text("sk-of-nobody-0123456789\n")
    file, port = directory / "aiprobe.yml", free_port()
    file.write_text(config(directory, simulator, reloads=0))
    options: list[str | Path] = [
        "--config.file",
        file,
        "--web.listen-address",
        f"127.0.0.1:{port}",
        "--log.level",
        "error",
    ]
    with running([AIPROBE, "serve", *options], log=directory / "log") as process:
        wait_until_answered(process, port, "/-/ready")
        yield process, port


def soak(directory: Path, *, minutes: float, seed: int) -> Sequence[Sample]:
    """Run the exporter under faults, scrapes and reloads; return one sample per second."""
    chance = random.Random(seed)  # noqa: S311 - chooses the next fault
    faults = [name for name, fault in FAULTS.items() if _KINDS & set(fault.kinds)]
    simulator = free_port()
    samples: list[Sample] = []
    reloads = 0
    with (
        running([AIPROBE, "simulate", "--listen", f"127.0.0.1:{simulator}"], log=directory / "simulator") as service,
        exporter_after(service, directory, simulator) as (process, port),
    ):
        begun = time.monotonic()
        due = dict.fromkeys(("scrape", "reload", "fault", "sample"), 0.0)
        every = (SCRAPE_EVERY_SECONDS, RELOAD_EVERY_SECONDS, FAULT_EVERY_SECONDS, SAMPLE_EVERY_SECONDS)
        periods = dict(zip(due, every, strict=True))
        while (now := time.monotonic() - begun) < minutes * 60:
            for what in (what for what, at in due.items() if at <= now):
                due[what] = now + periods[what]
                if what == "scrape":
                    get(port, "/metrics", headers=dict(OPENMETRICS))
                elif what == "reload":
                    reloads += 1
                    (directory / "aiprobe.yml").write_text(config(directory, simulator, reloads=reloads))
                    post(port, "/-/reload")
                elif what == "fault":
                    fault = {"fault": chance.choice(faults), "share": chance.choice([0.1, 0.5, 1.0]), "seconds": 4}
                    post(simulator, "/control", {"provider": chance.choice(["even", "odd"]), **fault})
                else:
                    samples.append(sample(process, begun))
            time.sleep(0.05)
    print(f"{reloads} reloads, {TARGETS + reloads * SWAPPED} targets, seed {seed}")  # noqa: T201 - a command
    return samples


@contextmanager
def exporter_after(service: Process, directory: Path, simulator: int) -> Iterator[tuple[Process, int]]:
    """Run the exporter once the simulator answers."""
    wait_until_answered(service, simulator, "/control")
    with exporter(directory, simulator) as started:
        yield started


def slopes(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the growth of each number per minute over the second half of the samples.

    What probes under way hold comes and goes, so the least of every ten samples counts. The estimate is the median
    slope of all pairs (Theil 1950, Sen 1968). A single step, such as one large reply that the allocator keeps, does not
    change it; a leak is in every pair.
    """
    half = samples[len(samples) // 2 :]
    groups = [half[at : at + SAMPLES_A_FLOOR] for at in range(0, len(half), SAMPLES_A_FLOOR)]
    floors = [(group[0].seconds / 60, {name: min(getattr(one, name) for one in group) for name in UNITS})
              for group in groups]  # fmt: skip
    pairs = list(combinations(floors, 2))
    return {name: median((b[name] - a[name]) / (late - early) for (early, a), (late, b) in pairs) for name in UNITS}


def main() -> int:
    """Soak, print the slopes, return 1 if one is above its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="aiprobe-soak-") as directory:
        samples = soak(Path(directory), minutes=asked.minutes, seed=asked.seed)
    found = slopes(samples)
    middle, last = samples[len(samples) // 2], samples[-1]
    most = bounds(asked.minutes)
    for name, unit in UNITS.items():
        before, after = getattr(middle, name), getattr(last, name)
        verdict = "grows" if found[name] > most[name] else "ok"
        print(  # noqa: T201 - a command
            f"{name}: {before:.1f} -> {after:.1f} {unit}, {found[name]:+.3f} a minute (at most {most[name]}): {verdict}"
        )
    return int(any(found[name] > bound for name, bound in most.items()))


if __name__ == "__main__":
    sys.exit(main())
