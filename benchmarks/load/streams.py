"""Timing errors with five hundred slow streams in flight, a thousand targets and a scrape every five seconds."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from benchmarks.load.bench import Bench
from benchmarks.load.exporter import OPENMETRICS, Exporter, Load, exporter, name_of
from benchmarks.load.processes import ROOT, get, running
from benchmarks.load.table import Row, first_token_errors, middle, quantile

TARGETS: Final = 1000
IN_FLIGHT: Final = 500
_LOAD: Final = Load(targets=TARGETS, interval_seconds=20, first_ms=1000, events=19, gap_ms=500)
"""A stream lasts ten seconds; each target has one every twenty seconds."""
_STREAM_SECONDS: Final = 10.0
_SCRAPE_EVERY_SECONDS: Final = 5.0
_LARGEST_LAG_SECONDS: Final = 0.010
_MEBIBYTE: Final = 1 << 20


@dataclass(slots=True)
class Seen:
    """The figures of one round, in seconds and bytes."""

    errors: list[float] = field(default_factory=list)
    control: list[float] = field(default_factory=list)
    lag: list[float] = field(default_factory=list)
    idle_lag: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    scrape_bytes: list[float] = field(default_factory=list)


def stream_rows(bench: Bench) -> Iterator[Row]:
    """Yield first-token errors, lateness of the loop and memory, plain and TLS."""
    seen = {"plain": Seen(), "TLS": Seen()}
    for _ in range(bench.rounds):
        for name, one in seen.items():
            _one_round(bench, one, tls=name == "TLS")
            bench.say(f"{name}: {len(one.errors)} first tokens, {len(one.control)} of the control")
    for name, one in seen.items():
        yield from _error_rows(name, one)
    yield _lag_row(seen["plain"])
    yield Row(
        what="resident memory, 1,000 targets, 500 TLS streams in flight",
        ours=middle(seen["TLS"].resident) / _MEBIBYTE, unit="MiB", bar=150e6 / _MEBIBYTE,
        beside={"with plain streams": middle(seen["plain"].resident) / _MEBIBYTE},
        runs=[size / _MEBIBYTE for size in seen["TLS"].resident],
    )  # fmt: skip


def _error_rows(name: str, seen: Seen) -> Iterator[Row]:
    for what, share, least in (("median", 0.5, 1e-3), ("p99", 0.99, 5e-3)):
        error, control = quantile(seen.errors, share), quantile(seen.control, share)
        yield Row(
            what=f"error of the first-token time, {name}, {what}", ours=error * 1e3, unit="ms",
            beside={"bare protocol": control * 1e3},
            bar=max(least, 3 * control) * 1e3 if name == "plain" else None,
        )  # fmt: skip


def _lag_row(seen: Seen) -> Row:
    lag, idle = quantile(seen.lag, 0.999), quantile(seen.idle_lag, 0.999)
    return Row(
        what="lateness of the event loop meanwhile, p99.9", ours=lag * 1e3, unit="ms",
        beside={"an idle process": idle * 1e3}, bar=(idle + _LARGEST_LAG_SECONDS) * 1e3,
    )  # fmt: skip


def _one_round(bench: Bench, seen: Seen, *, tls: bool) -> None:
    """Measure the exporter, then the control, at the same load."""
    folder, seconds = bench.folder(), bench.seconds(40.0)
    lag, idle = folder / "lag", folder / "idle-lag"
    watched = (sys.executable, "-m", "benchmarks.load.watched")
    load = replace(_LOAD, tls=tls)
    with (
        running([*watched, idle, "idle"]),
        exporter(load, bench.ports, directory=folder, ca_file=bench.ca_file, command=(*watched, lag)) as one,
    ):
        time.sleep(load.interval_seconds + 2)  # until each target was probed once
        get(bench.ports["plain"], "/record")
        began = time.time()
        seen.scrape_bytes += _scrape_for(one, seconds)
        seen.resident.append(one.process.resident_bytes())
        ended = time.time()
        seen.errors += _errors_of(bench, one, began, ended)
        one.process.child.send_signal(signal.SIGTERM)
        one.process.child.wait(20)
    seen.lag += _between(lag, began, ended)
    seen.idle_lag += _between(idle, began, ended)
    seen.control += _control_errors(bench, seconds, tls=tls)


def _scrape_for(one: Exporter, seconds: float) -> list[float]:
    """Scrape as Prometheus does for `seconds`; return the sizes of the bodies."""
    sizes = []
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        sizes.append(float(len(get(one.port, "/metrics", headers=OPENMETRICS))))
        time.sleep(min(left, _SCRAPE_EVERY_SECONDS))
    return sizes


def _errors_of(bench: Bench, one: Exporter, began: float, ended: float) -> list[float]:
    """Compare the exporter's first-token time of each stream in this window with the endpoint's record."""
    time.sleep(_STREAM_SECONDS + 1)
    record = _record(get(bench.ports["plain"], "/record").decode())
    with ThreadPoolExecutor(4) as pool:
        rows = [row for rows in pool.map(one.recent, map(name_of, range(TARGETS))) for row in rows]
    seen = {
        str(row["request_id"]): row["started_timestamp_seconds"] + row["time_to_first_token_seconds"]
        for row in rows
        if row["outcome"] == "ok" and began <= row["started_timestamp_seconds"] <= ended - 2
    }
    return first_token_errors(record, seen)


def _control_errors(bench: Bench, seconds: float, *, tls: bool) -> list[float]:
    get(bench.ports["plain"], "/record")
    command = [sys.executable, "-m", "benchmarks.load.control", str(bench.ports["tls" if tls else "plain"])]
    options = ["--path", _LOAD.path, "--parallel", str(IN_FLIGHT), "--stream-seconds", str(_STREAM_SECONDS)]
    trusted = ["--ca", str(bench.ca_file)] if tls else []
    told = ["--seconds", str(seconds)]
    done = subprocess.run([*command, *options, *trusted, *told], cwd=ROOT, capture_output=True, text=True, check=True)
    record = _record(get(bench.ports["plain"], "/record").decode())
    return first_token_errors(record, _record(done.stdout))


def _record(lines: str) -> dict[str, float]:
    pairs = (line.split() for line in lines.splitlines())
    return {request_id: float(at) for request_id, at in pairs}


def _between(file: Path, began: float, ended: float) -> list[float]:
    """Return the delays in a file that were recorded in this window."""
    noted = (map(float, line.split()) for line in file.read_text().splitlines())
    return [late for at, late in noted if began <= at <= ended]
