"""Run the soak: `python -m benchmarks.soak --minutes 12`. Exits 1 where memory, descriptors or threads grow.

The simulator fails at random, a scraper reads the metrics, and reloads replace targets by others with new names. The
first half of the run fills histories and caches, the second half is judged: it has the same faults in the same order,
so that no burst of large replies is the first of its kind. After each half the exporter rests with one
target: descriptors and threads are counted there, because probes under way come and go. Memory is judged by its slope.
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
from math import nan
from pathlib import Path
from statistics import median
from typing import Any, Final

from aiprobe_simulator.faults import FAULTS
from benchmarks.load.exporter import AIPROBE, OPENMETRICS, free_port
from benchmarks.load.processes import Process, get, running, wait_until_answered

TARGETS: Final = 20
SWAPPED: Final = 5
"""Targets that each reload replaces. Each target exists for a minute."""
FULL_AFTER_SECONDS: Final = 90.0
"""After a rest: the histories of the targets are full again, and memory is measured from then on."""
INTERVAL_SECONDS: Final = 1
SCRAPE_EVERY_SECONDS: Final = 2.0
RELOAD_EVERY_SECONDS: Final = 15.0
FAULT_EVERY_SECONDS: Final = 3.0
SAMPLE_EVERY_SECONDS: Final = 1.0
_KINDS: Final = frozenset({"chat", "models"})


WARM_MINUTES: Final = 10.0
"""A shorter run judges no memory: a fresh process takes more from the system while its heap settles, and keeps what a
burst of large replies needed, in steps of megabytes."""
MOST_MEMORY: Final = 0.1
"""MB per minute of the second half."""
SAMPLES_A_FLOOR: Final = 30
"""Two reloads: each one returns memory to the system, so the least of two is what stays."""
REST_SECONDS: Final = 10.0
LEAKED_PER_RELOAD: Final = 0.5
"""Descriptors and threads: a leak leaves one behind at each reload, a pool or the file of a new day one in a run."""
COUNTED: Final = ("descriptors", "threads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The exporter's resources at one moment."""

    seconds: float
    memory: float
    descriptors: float
    threads: float


def config(directory: Path, simulator: int, *, reloads: int, rest: bool = False) -> str:
    """Return the configuration after `reloads` reloads: each one replaced the oldest targets by new ones.

    A configuration for the rest has one target, which is asked once an hour.
    """
    first = reloads * SWAPPED
    names = [f"soak-{number:06}" for number in range(first, first + (1 if rest else TARGETS))]
    document: dict[str, Any] = {
        "vantage": "soak",
        "egress": [],
        "status_pages": {"enabled": False},
        "journal": {"directory": str(directory / "journal")},
        "defaults": {"interval": "1h" if rest else f"{INTERVAL_SECONDS}s", "timeouts": {"total": "700ms"}},
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


@dataclass(slots=True)
class Soak:
    """A running exporter whose targets are replaced, beside a simulator that fails at random."""

    directory: Path
    process: Process
    port: int
    simulator: int
    seed: int
    begun: float
    reloads: int = 0

    def stir(self, minutes: float) -> Sequence[Sample]:
        """Scrape, reload and fail for so many minutes; return one sample per second."""
        faults = [name for name, fault in FAULTS.items() if _KINDS & set(fault.kinds)]
        chance = random.Random(self.seed)  # noqa: S311 - chooses the next fault
        samples: list[Sample] = []
        due = dict.fromkeys(("scrape", "reload", "fault", "sample"), time.monotonic())
        every = (SCRAPE_EVERY_SECONDS, RELOAD_EVERY_SECONDS, FAULT_EVERY_SECONDS, SAMPLE_EVERY_SECONDS)
        periods = dict(zip(due, every, strict=True))
        end = time.monotonic() + minutes * 60
        while (now := time.monotonic()) < end:
            for what in (what for what, at in due.items() if at <= now):
                due[what] = now + periods[what]
                if what == "scrape":
                    get(self.port, "/metrics", headers=dict(OPENMETRICS))
                elif what == "reload":
                    self.reload()
                elif what == "fault":
                    fault = {
                        "fault": chance.choice(faults),
                        "share": chance.choice([0.1, 0.5, 1.0]),
                        "seconds": 4,
                    }
                    post(self.simulator, "/control", {"provider": chance.choice(["even", "odd"]), **fault})
                else:
                    samples.append(sample(self.process, self.begun))
            time.sleep(0.05)
        return samples

    def reload(self, *, rest: bool = False) -> None:
        """Replace the oldest targets by new ones, or all by one that is asked once an hour."""
        self.reloads += 1
        (self.directory / "aiprobe.yml").write_text(
            config(self.directory, self.simulator, reloads=self.reloads, rest=rest)
        )
        post(self.port, "/-/reload")

    def rest(self) -> Sample:
        """Return the least of each number while one target is left."""
        self.reload(rest=True)
        samples = []
        end = time.monotonic() + REST_SECONDS
        while time.monotonic() < end:
            samples.append(sample(self.process, self.begun))
            time.sleep(0.5)
        return floor(samples)


def soak(directory: Path, *, minutes: float, seed: int) -> tuple[Sample, Sequence[Sample], Sample, int]:
    """Run both halves; return the first rest, the judged samples of the second half, the second rest, the reloads."""
    simulator = free_port()
    with (
        running([AIPROBE, "simulate", "--listen", f"127.0.0.1:{simulator}"], log=directory / "simulator") as service,
        exporter_after(service, directory, simulator) as (process, port),
    ):
        run = Soak(directory, process, port, simulator, seed, time.monotonic())
        half = minutes / 2 - REST_SECONDS / 60
        run.stir(half)
        before, reloads = run.rest(), run.reloads
        samples = run.stir(half)
        full = samples[0].seconds + FULL_AFTER_SECONDS
        after, between = run.rest(), run.reloads - reloads
    print(f"{run.reloads} reloads, {TARGETS + run.reloads * SWAPPED} targets, seed {seed}")  # noqa: T201 - a command
    return before, [one for one in samples if one.seconds >= full] or samples, after, between


@contextmanager
def exporter_after(service: Process, directory: Path, simulator: int) -> Iterator[tuple[Process, int]]:
    """Run the exporter once the simulator answers."""
    wait_until_answered(service, simulator, "/control")
    with exporter(directory, simulator) as started:
        yield started


def floor(samples: Sequence[Sample]) -> Sample:
    """Return the least of each number. `seconds` is that of the first sample."""
    return Sample(**{name: min(getattr(one, name) for one in samples) for name in Sample.__slots__})


def memory_slope(samples: Sequence[Sample]) -> float:
    """Return the growth of memory in MB per minute, NaN if there are too few samples.

    What probes under way hold comes and goes, so the least of every thirty samples counts. The estimate is the median
    slope of all pairs (Theil 1950, Sen 1968). A single step, such as one large reply that the allocator keeps, does not
    change it; a leak is in every pair.
    """
    whole = len(samples) - len(samples) % SAMPLES_A_FLOOR
    floors = [floor(samples[at : at + SAMPLES_A_FLOOR]) for at in range(0, whole, SAMPLES_A_FLOOR)]
    slopes = [(b.memory - a.memory) / (b.seconds - a.seconds) * 60 for a, b in combinations(floors, 2)]
    return median(slopes) if slopes else nan


def main() -> int:
    """Soak, print what was measured, return 1 if a number is above its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="aiprobe-soak-") as directory:
        before, samples, after, reloads = soak(Path(directory), minutes=asked.minutes, seed=asked.seed)
    slope, judged = memory_slope(samples), asked.minutes >= WARM_MINUTES
    verdicts = [slope <= MOST_MEMORY or not judged]
    bound = f"at most {MOST_MEMORY}" if judged else f"not judged in less than {WARM_MINUTES:.0f} minutes"
    lines = [f"memory: {samples[0].memory:.1f} -> {samples[-1].memory:.1f} MB, {slope:+.3f} a minute ({bound})"]
    for name in COUNTED:
        first, last = getattr(before, name), getattr(after, name)
        verdicts.append(last - first <= LEAKED_PER_RELOAD * reloads)
        lines.append(f"{name} at rest: {first:.0f} -> {last:.0f} after {reloads} reloads")
    for line, fits in zip(lines, verdicts, strict=True):
        print(f"{line}: {'ok' if fits else 'grows'}")  # noqa: T201 - a command
    return int(not all(verdicts))


if __name__ == "__main__":
    sys.exit(main())
