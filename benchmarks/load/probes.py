"""CPU per finished probe, and probes per second: aiprobe's scheduler against blackbox_exporter's clients, in turns."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import uvloop

from benchmarks.load.bench import Bench
from benchmarks.load.blackbox import blackbox, drive, probe_path
from benchmarks.load.exporter import Exporter, Load, exporter
from benchmarks.load.processes import ROOT, get
from benchmarks.load.table import Row, middle

RATES: Final = {"plain": 600, "warm": 600, "tls": 300}
"""Probes per second, for all programs: about half a core, so that no program causes its own timeouts."""
IN_PARALLEL: Final = (20, 150)
_INTERVAL_SECONDS: Final = 2
_STREAM_MS: Final = 27
"""The duration of ten events 3 ms apart. Before them, the endpoint waits so that the given number is in flight."""
BARS: Final = {"plain": 0.5, "warm": 0.3, "tls": 0.9}
_WARM_UP_SECONDS: Final = 3.0
_HANDSHAKES: Final = 1000
_LADDER: Final = (600, 900, 1200, 1500, 1800, 2100, 2400)
_SUSTAINED: Final = 0.99
"""A rate is sustained if at least this share of the due probes ends `ok`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of some seconds of probing."""

    cpu_seconds: float
    """CPU of one successful probe, with the CPU of failed ones."""
    per_second: float
    ok_share: float
    """The share of `ok` among the finished ones."""


def of_aiprobe(bench: Bench, load: Load, seconds: float) -> Cost:
    """Run an exporter, let it settle, and measure."""
    with exporter(load, bench.ports, directory=bench.folder(), ca_file=bench.ca_file) as one:
        time.sleep(load.interval_seconds + _WARM_UP_SECONDS)
        return _measured(one, bench.ports["plain"], seconds)


def _measured(one: Exporter, endpoint: int, seconds: float) -> Cost:
    """Count the streams that the endpoint finished meanwhile, and the share of probes that ended `ok`.

    The share covers slightly more than the window, because the scrapes are outside of the window.
    """
    one.results()  # a new outcome is 0 in its first scrape
    before = one.results()
    get(endpoint, "/record")
    cpu, begun = one.process.cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    finished = get(endpoint, "/record").count(b"req-")
    cpu, took = one.process.cpu_seconds() - cpu, time.monotonic() - begun
    after = one.results()
    ok_share = (after.get("ok", 0) - before.get("ok", 0)) / max(1, sum(after.values()) - sum(before.values()))
    return Cost(cpu / max(1.0, finished * ok_share), finished / took, ok_share)


def of_blackbox(bench: Bench, name: str, load: Load, *, parallel: int, seconds: float) -> Cost:
    """Run a peer with `parallel` clients, let it settle, and measure."""
    path = probe_path(load, bench.ports)
    with blackbox(name, bench.peers[name], directory=bench.folder(), ca_file=bench.ca_file) as peer:
        uvloop.run(drive(peer.port, path, parallel=parallel, seconds=1.0))
        cpu = peer.process.cpu_seconds()
        tally = uvloop.run(drive(peer.port, path, parallel=parallel, seconds=seconds))
        cpu = peer.process.cpu_seconds() - cpu
    finished = tally.good + tally.bad
    return Cost(cpu / max(1, tally.good), finished / tally.seconds, tally.good / max(1, finished))


def cpu_rows(bench: Bench) -> Iterator[Row]:
    """Yield CPU per probe: fresh plain, warm, fresh TLS, each at 20 and at 150 in parallel."""
    for parallel in IN_PARALLEL:
        plain, tls = _load(parallel, "plain"), replace(_load(parallel, "tls"), tls=True)
        yield from _compared(bench, {"plain": plain, "warm": replace(plain, warm=True)}, "plain", parallel)
        yield from _compared(bench, {"tls": tls}, "tls", parallel)


def _load(parallel: int, kind: str) -> Load:
    """Return the load with `parallel` probes in flight at the rate of `kind`."""
    rate = RATES[kind]
    first_ms = max(0, parallel * 1000 // rate - _STREAM_MS)
    return Load(targets=rate * _INTERVAL_SECONDS, interval_seconds=_INTERVAL_SECONDS, first_ms=first_ms)


def _compared(bench: Bench, loads: dict[str, Load], beside: str, parallel: int) -> Iterator[Row]:
    ours: dict[str, list[float]] = {kind: [] for kind in loads}
    theirs: dict[str, list[float]] = {name: [] for name in bench.peers}
    shakes: list[float] = []
    seconds = bench.seconds(8.0)
    for _ in range(bench.rounds):
        for name in bench.peers:
            cost = of_blackbox(bench, name, loads[beside], parallel=parallel, seconds=seconds)
            theirs[name].append(cost.cpu_seconds * 1e3)
            bench.say(f"{name}, {beside}, {parallel} in parallel: {cost}")
        for kind, load in loads.items():
            cost = of_aiprobe(bench, load, seconds)
            ours[kind].append(cost.cpu_seconds * 1e3)
            bench.say(f"aiprobe, {kind}, {parallel} in parallel: {cost}")
        if beside == "tls":
            shakes.append(handshake_seconds(bench) * 1e3)
    peers = {name: middle(costs) for name, costs in theirs.items()}
    controls = {"a bare handshake": middle(shakes)} if shakes else {}
    for kind, costs in ours.items():
        what = {"plain": "fresh plain", "warm": "warm", "tls": "fresh TLS"}[kind]
        ratio = middle(costs) / min(peers.values()) if peers else None
        bar = BARS[kind] if peers else None
        yield Row(
            what=f"CPU per chat probe, {what}, {parallel} in parallel",
            ours=middle(costs), unit="ms", beside=peers | controls, bar=bar, ratio=ratio, runs=costs,
        )  # fmt: skip


def handshake_seconds(bench: Bench) -> float:
    """Return the CPU seconds of a TCP connection and a handshake, and nothing else, on the same event loop."""
    command = [sys.executable, "-m", "benchmarks.load.control", str(bench.ports["tls"])]
    options = ["--ca", str(bench.ca_file), "--handshakes", str(_HANDSHAKES)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def throughput_rows(bench: Bench) -> Iterator[Row]:
    """Yield the highest sustained rate of each program, plain and fresh, with the endpoint on the same machine."""
    ours: list[float] = []
    theirs: dict[str, list[float]] = {name: [] for name in bench.peers}
    seconds = bench.seconds(8.0)
    for _ in range(bench.rounds):
        for name in bench.peers:
            load = Load(targets=1, interval_seconds=1, first_ms=6)
            rates = [of_blackbox(bench, name, load, parallel=many, seconds=seconds / 2) for many in (50, 150)]
            theirs[name].append(max(cost.per_second * cost.ok_share for cost in rates))
        ours.append(_highest_sustained(bench, seconds))
        bench.say(f"sustained: aiprobe {ours[-1]:.0f}/s, {theirs}")
    peers = {name: middle(rates) for name, rates in theirs.items()}
    yield Row(
        what="probes per second from one process, sustained",
        ours=middle(ours), unit="/s", beside=peers, bar=1.5 if peers else None, at_least=True,
        ratio=middle(ours) / max(peers.values()) if peers else None, runs=ours,
    )  # fmt: skip


def _highest_sustained(bench: Bench, seconds: float) -> float:
    """Raise the rate until fewer than 99 % of the due probes end `ok`; return the last sustained rate."""
    reached = 0.0
    for rate in _LADDER:
        load = Load(targets=rate * _INTERVAL_SECONDS, interval_seconds=_INTERVAL_SECONDS, first_ms=6)
        cost = of_aiprobe(bench, load, seconds / 2)
        good = cost.per_second * cost.ok_share
        bench.say(f"aiprobe with {rate} probes due a second: {cost}")
        if good < _SUSTAINED * rate:
            return max(reached, good)
        reached = good
    return reached


def growth_rows(bench: Bench) -> Iterator[Row]:
    """Yield how CPU per probe changes from 100 to 3,000 targets at the same hundred probes a second."""
    sizes = {100: 1, 1000: 10, 3000: 30}
    found: dict[int, list[float]] = {targets: [] for targets in sizes}
    for _ in range(bench.rounds):
        for targets, interval in sizes.items():
            cost = of_aiprobe(bench, Load(targets=targets, interval_seconds=interval, first_ms=20), bench.seconds(20.0))
            found[targets].append(cost.cpu_seconds * 1e3)
            bench.say(f"aiprobe with {targets} targets: {cost}")
    each = {targets: middle(costs) for targets, costs in found.items()}
    beside = {f"with {targets} targets": cost for targets, cost in each.items() if targets != max(sizes)}
    yield Row(
        what="CPU per probe with 3,000 targets, 100 probes a second", ours=each[3000], unit="ms", beside=beside,
        bar=1.2, ratio=max(after / before for before, after in (*pairwise(each.values()), (each[100], each[3000]))),
        runs=found[3000],
    )  # fmt: skip
