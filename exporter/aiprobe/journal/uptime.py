"""Counts the probes of each surface by UTC day, for the public status page."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiprobe.core.clock import Clock
from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.core.rows import DayRow
from aiprobe.journal.days import SECONDS_PER_DAY, DayFile, day_of
from aiprobe.journal.hours import SLO_NAMES, unpack_sums
from aiprobe.journal.read import folded_through, identity_of, log_error, opened, unfolded

DAYS: Final = 90
FRESH_SECONDS: Final = 60.0
"""How long the counts of today are kept."""
_PROVIDER, _SURFACE = IDENTITY_LABELS.index("provider"), IDENTITY_LABELS.index("surface")
_HOURS: Final = """
    SELECT value, sums, count(*), sum(DISTINCT 1 << (hour % 24)) FROM hour JOIN term ON term.id = target
    GROUP BY target, sums"""

Surface = tuple[str, str]
"""Provider and surface."""


class Uptime:
    """Keeps the counts of the last 90 days. A day that is over is read once, today's at most once a minute."""

    def __init__(self, directory: Path, *, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._days: dict[int, Mapping[Surface, DayRow]] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def days(self) -> Mapping[int, Mapping[Surface, DayRow]]:
        """Return the counts by day (since 1970, UTC), oldest first. Reads files in a thread."""
        async with self._reading:
            if self._clock.monotonic() - self._read_at >= FRESH_SECONDS:
                today = day_of(self._clock.wall())
                wanted = range(today - DAYS + 1, today + 1)
                known = {day: self._days[day] for day in wanted if day in self._days and day < today - 1}
                fresh = [day for day in wanted if day not in known]  # yesterday's last hour is written today
                known |= await asyncio.to_thread(lambda: {day: count_day(self._directory, day) for day in fresh})
                self._days = {day: known[day] for day in wanted}
                self._read_at = self._clock.monotonic()
        return self._days


def count_day(directory: Path, day: int) -> Mapping[Surface, DayRow]:
    """Count the scheduled probes of one day that were good or bad. Blocks."""
    counts: dict[Surface, list[int]] = {}

    def add(identity: tuple[str, ...], sums: tuple[int, int, int], rows: int, hours: int) -> None:
        good, bad, _ = sums
        if good + bad:
            found = counts.setdefault((identity[_PROVIDER], identity[_SURFACE]), [0, 0, 0])
            found[:] = found[0] + good * rows, found[1] + bad * rows, found[2] | hours

    folded: Mapping[int, int] = {}
    with opened(directory, DayFile(day, "evidence"), log_error) as connection:
        folded = folded_through(connection) if connection else {}
        for value, sums, rows, hours in connection.execute(_HOURS) if connection else ():
            add(identity_of(value), unpack_sums(sums).get(SLO_NAMES[0], (0, 0, 0)), rows, hours)
    for (hour, identity), running in unfolded(directory, day, folded).items():
        sums = running.row(hour, identity).sums.get(SLO_NAMES[0], (0, 0, 0))
        add(identity, sums, 1, 1 << hour % (SECONDS_PER_DAY // 3600))
    return {
        surface: DayRow(good=good, bad=bad, hours=hours.bit_count()) for surface, (good, bad, hours) in counts.items()
    }
