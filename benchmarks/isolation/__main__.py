"""The delay of the first tokens of ninety-nine good targets while the hundredth one is hostile, for each hostile way.

    python -m benchmarks.isolation [--seconds 6] [--only "blank lines"]

Prints a table. Exits 1 if a 99th percentile exceeds twice that of the quiet runs before and after the others.
"""

import argparse
import asyncio
import sys
import time
from multiprocessing import Pipe, Process
from typing import Final

import uvloop

from aiprobe.core.clock import Clock
from aiprobe.core.model import Provider, Result, Target, Timeouts
from aiprobe.probes import PROBES
from aiprobe.probes.base import PreparedProbe, Tools
from aiprobe.transport.transport import Transport
from benchmarks.isolation.hostile import WAYS
from benchmarks.isolation.servers import serve

GOOD: Final = 99
EVERY_SECONDS: Final = 0.5
BAR: Final = 2.0
_LIMITS: Final = Timeouts(connect=2.0, first_token=2.0, stall=1.0, total=2.5)


def _target(name: str, port: int, path: str) -> Target:
    provider = Provider(
        key=name, name=name, display_name=name, protocol="openai-chat", base_url=f"http://127.0.0.1:{port}{path}"
    )
    return Target(name=name, provider=provider, kind=PROBES["chat"].kind, model="m", timeouts=_LIMITS)


def _late(result: Result) -> float | None:
    """Return the seconds between the sending and the reception of the first token."""
    sent, first = result.response_model, result.time_to_first_token_seconds
    if sent is None or first is None:
        return None
    began = result.started_timestamp_seconds - (time.time() - time.monotonic())
    return began + first - float(sent.removeprefix("sent-"))


async def _probe_often(probe: PreparedProbe, after: float, until: float, late: list[float], failed: list[str]) -> None:
    await asyncio.sleep(after)
    while time.monotonic() < until:
        due = time.monotonic() + EVERY_SECONDS
        result = await probe.run()
        error = _late(result) if result.outcome.value == "ok" else None
        if error is None:
            failed.append(f"{result.outcome.value}: {result.detail}")
        else:
            late.append(error)
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def _measure(ports: tuple[int, int], way: int | None, seconds: float) -> tuple[list[float], list[str], list[str]]:
    """Return the delays of the good targets, their failures, and the outcomes of the hostile one."""
    clock = Clock()
    tools = Tools(transport=Transport(clock=clock, max_body_bytes=8 << 20), clock=clock)
    late: list[float] = []
    failed: list[str] = []
    hostile: list[str] = []
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(GOOD):
            probe = PROBES["chat"](_target(f"good-{number}", ports[0], "/v1"), tools)
            group.create_task(_probe_often(probe, number / GOOD * EVERY_SECONDS, until, late, failed))
        if way is not None:
            probe = PROBES["chat"](_target("hostile", ports[1], f"/{way}"), tools)
            group.create_task(_probe_often(probe, 0.0, until, [], hostile))
    await tools.transport.close()
    return late, failed, hostile


def _at(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] * 1000


def main() -> int:
    """Run, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks.isolation")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--only", action="append", choices=list(WAYS), default=[])
    options = parser.parse_args()
    mine, theirs = Pipe()
    servers = Process(target=serve, args=(theirs,), daemon=True)
    servers.start()
    ports = tuple(mine.recv())
    names = list(WAYS)
    runs: list[tuple[str, list[float], list[str], list[str]]] = []
    try:
        for name in ["quiet", *(options.only or names), "quiet"]:
            way = None if name == "quiet" else names.index(name)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runs.append((name, *runner.run(_measure(ports, way, options.seconds))))
    finally:
        servers.kill()
        servers.join()
    return _report(runs)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _report(runs: list[tuple[str, list[float], list[str], list[str]]]) -> int:
    quiet = max(_at(late, 0.99) for name, late, _, _ in runs if name == "quiet")
    missed = 0
    _say("| hostile | median ms | 99th ms | ratio | probes | failed | how it ended |\n|---|---|---|---|---|---|---|")
    for name, late, failed, hostile in runs:
        ratio = _at(late, 0.99) / quiet
        missed += ratio > BAR or bool(failed)
        ended = max(set(hostile), key=hostile.count) if hostile else ""
        figures = f"{_at(late, 0.5):.2f} | {_at(late, 0.99):.2f} | {ratio:.2f}"
        _say(f"| {name} | {figures} | {len(late)} | {len(failed)} | {ended[:70]} |")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
