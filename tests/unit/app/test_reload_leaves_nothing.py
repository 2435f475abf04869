"""What a reload takes away is freed by its reference counts: the garbage collector hardly looks at what is alive."""

import asyncio
import gc
import json
import os
from collections import Counter
from pathlib import Path

from aiprobe.app import App
from aiprobe.attempt import Runner
from aiprobe.core.model import Target
from aiprobe.core.tracked import Tracked
from aiprobe.metrics.series import Owner
from tests.unit.app.wire import an_exporter, probe_each

KINDS = (Runner, Tracked, Target, Owner)


def alive() -> Counter[str]:
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, KINDS))


def rename(file: Path, round_number: int, count: int) -> None:
    """Give the first targets names that were never used."""
    document = json.loads(file.read_text())
    for number, target in enumerate(document["targets"][:count]):
        target["name"] = f"renamed-{round_number}-{number}"
    file.write_text(json.dumps(document))


async def swap(app: App, rounds: range) -> None:
    for number in rounds:
        rename(app._options.config_file, number, 3)
        assert await app.reload() is None
        await probe_each(app)
        for _ in range(5):
            await asyncio.sleep(0)  # stopped tasks end


async def test_targets_that_a_reload_took_away_are_gone_without_a_collection(tmp_path: Path) -> None:
    async with an_exporter(tmp_path, 6) as app:
        await swap(app, range(3))
        gc.collect()
        gc.disable()
        try:
            before = alive()
            await swap(app, range(3, 11))
            after = alive()
        finally:
            gc.enable()
    assert after == before


def resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def test_a_reload_returns_the_memory_between_what_stays(tmp_path: Path) -> None:
    """2 KB is too large for Python's own arenas and too small for a mapping of its own."""
    async with an_exporter(tmp_path, 1) as app:
        blocks = [bytearray(2000) for _ in range(40_000)]
        kept = blocks[::100]
        del blocks
        before = resident_megabytes()
        assert await app.reload() is None
        assert before - resident_megabytes() > 40
        assert len(kept) == 400
