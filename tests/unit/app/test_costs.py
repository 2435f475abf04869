"""What one probe and one scrape cost in calls, and a target in bytes: numbers that a busy machine does not change.

A ceiling is a fiftieth above what was counted, a twentieth for bytes. Whoever meets one has made something more
expensive, or has a reason to raise it; `make bench` says what it is in seconds. Python 3.12 and later count fewer:
comprehensions are no calls.
"""

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import Awaitable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.metrics.exposition import Exposition
from aiprobe.metrics.openmetrics import Format
from tests.unit.app.wire import an_exporter, probe_each

pytestmark = pytest.mark.slow

TARGETS = 20
CALLS_OF_A_PROBE = 1120
"""Of Python and of C, from the scheduler's slot to the told gauges; ten events, each in bytes of its own."""
CALLS_OF_A_SCRAPE = 8.1
"""For each target that was probed since the last one: what a probe changes is rendered when it ends."""

BYTES_OF_A_TARGET = 40_800
"""Allocated by Python for each target with its two SLOs and three good results."""


async def counted(work: Awaitable[object]) -> int:
    """Return how often, until `work` is done, a function of ours is called or one of ours calls into C."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        ours = frame.f_globals.get("__name__", "").startswith("aiprobe.")
        calls += ours and event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        await work
    finally:
        sys.setprofile(None)
    return calls


async def drain(exposition: Exposition) -> None:
    async for _ in exposition.stream(Format.OPENMETRICS):
        pass


async def test_a_finished_probe_stays_below_its_ceiling_of_calls(tmp_path: Path) -> None:
    async with an_exporter(tmp_path, TARGETS) as app:
        for _ in range(2):  # the first time series are born; the second time they are announced
            finished = await probe_each(app)
            await drain(Exposition(app.recorder))
        calls = await counted(probe_each(app))
    assert {one.result.outcome for one in finished} == {Outcome.OK}
    assert calls / TARGETS <= CALLS_OF_A_PROBE


async def calls_of_a_scrape(directory: Path, targets: int) -> int:
    """Return the calls of a scrape after every target was probed and its series were announced."""
    async with an_exporter(directory, targets) as app:
        exposition = Exposition(app.recorder)
        for _ in range(3):
            await probe_each(app)
            await drain(exposition)
        await probe_each(app)
        return await counted(drain(exposition))


async def test_a_scrape_stays_below_its_ceiling_of_calls_for_each_target(tmp_path: Path) -> None:
    few, many = await calls_of_a_scrape(tmp_path / "few", 20), await calls_of_a_scrape(tmp_path / "many", 120)
    assert (many - few) / 100 <= CALLS_OF_A_SCRAPE


async def bytes_of(directory: Path, targets: int) -> int:
    """Return what Python has allocated once every target was probed three times."""
    async with an_exporter(directory, targets) as app:
        for _ in range(3):
            await probe_each(app)
            await drain(Exposition(app.recorder))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]


async def bytes_of_a_target(directory: Path) -> float:
    """Return what one target more allocates, in an interpreter that has seen none of their names."""
    tracemalloc.start()
    await bytes_of(directory / "first", 1)  # whatever is made once
    few, many = await bytes_of(directory / "few", 20), await bytes_of(directory / "many", 120)
    return (many - few) / 100


def measured(directory: Path) -> float:
    return asyncio.run(bytes_of_a_target(directory))


def test_a_target_stays_below_its_ceiling_of_bytes(tmp_path: Path) -> None:
    # Tests that ran before have left labels of the same targets in caches, which would not be counted here.
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        assert fresh.submit(measured, tmp_path).result() <= BYTES_OF_A_TARGET
