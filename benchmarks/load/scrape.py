"""The cost of a scrape: `python -m benchmarks.load.scrape TARGETS SCRAPES [--latest N]` prints one line of JSON.

A separate process has a recorder with TARGETS chat targets, each probed some times, and drains the exposition as the
web server does. For comparison, it renders the same samples in turns with `prometheus_client.generate_latest`; their
collection is not measured. The hold of the loop is the longest time between two turns of a task that is always ready.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final

import uvloop
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector as Registrable

from aiprobe.core.clock import Clock
from aiprobe.core.model import Attempt, Finished, LatencyObjective, Objectives, Provider, Result, Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.core.tracked import Tracked
from aiprobe.metrics.exposition import Exposition
from aiprobe.metrics.openmetrics import Format
from aiprobe.metrics.recorder import Recorder
from aiprobe.probes.chat import ChatProbe
from benchmarks.load.exporter import name_of

PROBES_EACH: Final = 5
SLOS: Final = ("availability", "time_to_first_token")
_PROVIDER: Final = Provider(
    key="bench", name="bench", display_name="Bench", protocol="openai-chat", base_url="http://127.0.0.1"
)
_OBJECTIVES: Final = Objectives(time_to_first_token=LatencyObjective(below_seconds=2.0, objective=0.95))


def targets(number: int) -> list[Target]:
    """Return chat targets with the two SLOs for which the documentation states the number of series."""
    facts: dict[str, Any] = {"provider": _PROVIDER, "kind": ChatProbe.kind, "surface": "Bench API", "model": "bench-1"}
    return [Target(name=name_of(each), vantage="bench", objectives=_OBJECTIVES, **facts) for each in range(number)]


def recorder_of(number: int) -> Recorder:
    """Return a recorder of `number` targets, each after `PROBES_EACH` good probes."""
    dice, clock, probed = random.Random(1), Clock(), targets(number)  # noqa: S311
    tracked = {target.name: Tracked(target) for target in probed}
    made = Recorder(clock=clock, version="bench", tracked=tracked, vantage="bench")
    made.sync_targets()
    for _ in range(PROBES_EACH):
        for target in probed:
            finished = _finished(target, dice)
            made.finished(finished)
            tracked[target.name].note(finished, clock.monotonic())
            made.replace_for(target.name, "slo_burn_rate", {(slo, w): 0.0 for slo in SLOS for w in ("1h", "6h", "3d")})
            made.replace_for(target.name, "slo_error_budget_remaining_ratio", {(slo,): 1.0 for slo in SLOS})
    return made


def _finished(target: Target, dice: random.Random) -> Finished:
    first = dice.uniform(0.1, 1.5)
    phases = dict.fromkeys(("resolve", "connect", "tls", "send", "first_byte", "first_token", "stream"), first / 7)
    result = Result(
        outcome=Outcome.OK,
        duration_seconds=first + dice.uniform(0.1, 2.0),
        time_to_first_token_seconds=first,
        stream_max_gap_seconds=dice.uniform(0.01, 0.3),
        phases=phases,
        request_id=f"req_{dice.getrandbits(96):024x}",
        input_tokens=24,
        output_tokens=8,
        cost_usd=dice.uniform(1e-6, 1e-3),
        response_model="bench-1-2026",
    )
    return Finished(
        target=target,
        result=result,
        attempt=Attempt.SCHEDULED,
        verdict=Verdict.GOOD,
        slo_verdicts=dict.fromkeys(SLOS, Verdict.GOOD),
        state=0,
    )


class Collected(Registrable):
    """Families that were collected before."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Family]:
        """Return them."""
        yield from self._families


async def _drain(exposition: Exposition, form: Format, *, gzip: bool = False) -> int:
    return sum([len(piece) async for piece in exposition.stream(form, gzip=gzip)])


async def longest_hold(exposition: Exposition | None) -> tuple[float, float]:
    """Return the longest (wall, CPU) seconds between two turns of the loop: in a scrape, or without one (None)."""
    over = asyncio.Event()
    worst = [0.0, 0.0]

    async def take_turns() -> None:
        wall, used = time.perf_counter(), time.thread_time()
        while not over.is_set():
            await asyncio.sleep(0)
            now, spent = time.perf_counter(), time.thread_time()
            worst[0], worst[1] = max(worst[0], now - wall), max(worst[1], spent - used)
            wall, used = now, spent

    taker = asyncio.create_task(take_turns())
    await asyncio.sleep(0)
    if exposition is None:
        begun = time.perf_counter()
        while time.perf_counter() - begun < 0.05:
            await asyncio.sleep(0)
    else:
        await _drain(exposition, Format.OPENMETRICS)
    over.set()
    await taker
    return worst[0], worst[1]


async def measure(number: int, scrapes: int, latest: int) -> dict[str, Any]:
    """Scrape `scrapes` times, in turns with the control and with the library."""
    recorder = recorder_of(number)
    exposition = Exposition(recorder)
    size = 0
    for _ in range(2):  # new series start at 0 in the first scrape and have their values in the second
        size = await _drain(exposition, Format.OPENMETRICS)
    body = b"".join([piece async for piece in exposition.stream(Format.OPENMETRICS)]).decode()
    parsed = text_string_to_metric_families(body)  # type: ignore[no-untyped-call]  # the library has no annotation here
    collected = Collected(family for family in parsed if not family.name.startswith("process_"))
    registry = CollectorRegistry()
    registry.register(collected)
    told: dict[str, Any] = {"ours": [], "latest": [], "hold": [], "hold_cpu": [], "idle_hold": [], "text": []}
    for turn in range(scrapes):
        for name, form in (("ours", Format.OPENMETRICS), ("text", Format.TEXT)):
            used = time.thread_time()
            await _drain(exposition, form)
            told[name].append(time.thread_time() - used)
        held, held_cpu = await longest_hold(exposition)
        told["hold"].append(held)
        told["hold_cpu"].append(held_cpu)
        told["idle_hold"].append((await longest_hold(None))[0])
        if turn < latest:
            used = time.thread_time()
            generate_latest(registry)
            told["latest"].append(time.thread_time() - used)
    samples = sum(len(family.samples) for family in collected.collect())
    packed = await _drain(exposition, Format.OPENMETRICS, gzip=True)
    return {**told, "bytes": size, "gzip_bytes": packed, "samples": samples, "targets": number}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", type=int)
    parser.add_argument("scrapes", type=int)
    parser.add_argument("--latest", type=int, default=0, help="how often to render with prometheus_client")
    asked = parser.parse_args()
    sys.stdout.write(json.dumps(uvloop.run(measure(asked.targets, asked.scrapes, asked.latest))))


if __name__ == "__main__":
    main()
