"""Stores today's spending, so that a restart, or a crash loop, cannot spend a day's budget twice.

The file contains a ceiling: an amount that spending has not exceeded. *Before* a probe starts that could exceed it, a
higher ceiling is written to the disk. After a crash, the ceiling is at most one step above the real spending, and never
below it.
"""

import asyncio
import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiprobe.core.clock import Clock
from aiprobe.core.money import FOLLOW_UPS_SHARE, SECONDS_PER_DAY, Budget
from aiprobe.journal.restartfile import read_json, replace_file

log = logging.getLogger(__name__)

FILE_NAME: Final = "spend.json"
_STEP_SHARE: Final = 0.001
"""The most by which the ceiling is raised above the spending, as a share of the daily budget."""
_STEP_WITHOUT_BUDGET_USD: Final = 0.01
RETRY_SECONDS: Final = 5.0
"""The time between a failed write and the next one."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The content of the file: one UTC day and its ceiling."""

    day: int
    ceiling_usd: float


class SpendKeeper:
    """Reserves amounts of the budget for the scheduler and stores the spending; `ok` is False while writing fails."""

    def __init__(self, budget: Budget, directory: Path, *, clock: Clock) -> None:
        self.budget = budget
        self.ok = True
        self.errors = 0
        self._path = directory / FILE_NAME
        self._clock = clock
        self._ceiling = Remembered(day=0, ceiling_usd=0.0)
        self._billed_usd = 0.0
        """Cost of all probes since the start."""
        self._lock = asyncio.Lock()
        self._retry: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Read today's spending. If the file cannot be read, assume that spending was even over the day so far."""
        now = self._clock.wall()
        self.budget.turn(now)
        try:
            remembered = await asyncio.to_thread(_read, self._path)
        except (FileNotFoundError, NotADirectoryError):
            remembered = Remembered(day=self.budget.day, ceiling_usd=0.0)
        except (OSError, ValueError) as error:
            self._failed("cannot read the spend file: assuming that spending was even over the day so far", error)
            if isinstance(error, ValueError):
                await asyncio.to_thread(_set_aside, self._path)
            elapsed = (now % SECONDS_PER_DAY) / SECONDS_PER_DAY
            assumed = (self.budget.usd_per_day or 0.0) * elapsed
            remembered = Remembered(day=self.budget.day, ceiling_usd=assumed)
        today = self.budget.day
        if remembered.day >= today:
            # Tomorrow's date means that the clock went back over midnight; a later date, that it was wrong.
            self.budget.day = remembered.day if remembered.day == today + 1 else today
            self.budget.spent_usd = remembered.ceiling_usd
        async with self._lock:
            await self._write(self.budget.spent_usd)

    def prepare(self, usd_per_day: float | None, follow_ups_share: float = FOLLOW_UPS_SHARE) -> Callable[[], None]:
        """Return the function that sets the daily budget."""

        def commit() -> None:
            self.budget.usd_per_day = usd_per_day
            self.budget.follow_ups_share = follow_ups_share

        return commit

    async def reserve(self, usd: float, *, follow_up: bool = False) -> bool:
        """Reserve `usd`, and raise the stored ceiling first if necessary; False if the budget does not allow it."""
        if not self.budget.reserve(usd, self._clock.wall(), follow_up=follow_up):
            return False
        try:
            async with self._lock:
                if self._needs_raise():
                    await self._write(self._committed() + self._step())
        except BaseException:
            self.budget.settle(usd, 0.0, follow_up=follow_up)  # the probe was cancelled: return its reservation
            raise
        return True

    def settle(self, reserved_usd: float, cost_usd: float, *, follow_up: bool = False) -> None:
        """Replace a reservation by the cost of the probe."""
        self.budget.settle(reserved_usd, cost_usd, follow_up=follow_up)
        self._billed_usd += cost_usd

    async def close(self) -> None:
        """Write the exact amount instead of the higher ceiling."""
        if self._retry is not None:
            self._retry.cancel()
            await asyncio.gather(self._retry, return_exceptions=True)
        async with self._lock:
            await self._write(self._committed())

    def _committed(self) -> float:
        return self.budget.spent_usd + self.budget.reserved_usd

    def _step(self) -> float:
        """Return by how much the ceiling is raised above the spending: at most the cost of this run so far.

        After a crash, at most the cost of the run counts twice, and a crash loop without probes spends nothing.
        """
        limit = self.budget.usd_per_day
        step = _STEP_WITHOUT_BUDGET_USD if limit is None else limit * _STEP_SHARE
        return min(step, self._billed_usd)

    def _needs_raise(self) -> bool:
        return self._ceiling.day != self.budget.day or self._committed() > self._ceiling.ceiling_usd

    async def _write(self, usd: float) -> None:
        ceiling = Remembered(day=self.budget.day, ceiling_usd=usd)
        try:
            await asyncio.to_thread(_write, self._path, ceiling)
        except OSError as error:
            self._failed("cannot write the spend file: a restart may spend today's budget again", error)
            if self._retry is None or self._retry.done():
                self._retry = asyncio.create_task(self._write_again(), name="spend")
        else:
            if not self.ok:
                log.info("spend file is written again", extra={"path": str(self._path)})
            self.ok = True
        self._ceiling = ceiling

    async def _write_again(self) -> None:
        """Write every few seconds until it succeeds."""
        while not self.ok:
            await self._clock.sleep(RETRY_SECONDS)
            async with self._lock:
                await self._write(max(self._committed(), self._ceiling.ceiling_usd))

    def _failed(self, what: str, error: Exception) -> None:
        self.errors += 1
        if self.ok:
            log.error(
                "%s; probing continues (%s)",
                what,
                error.strerror if isinstance(error, OSError) else type(error).__name__,
                extra={"path": str(self._path)},
            )
        self.ok = False


def spent_today(directory: Path, *, day: int) -> float:
    """Return the most that the exporter with its file in `directory` has spent on the UTC day `day`, in USD."""
    try:
        remembered = _read(directory / FILE_NAME)
    except (OSError, ValueError):
        return 0.0
    return remembered.ceiling_usd if remembered.day >= day else 0.0


def _read(path: Path) -> Remembered:
    try:
        document = read_json(path.read_bytes()[:4096])
        day, usd = document["day"], document["ceiling_usd"]
    except (KeyError, TypeError) as error:
        raise ValueError("not a spend file") from error
    if type(day) is not int or not isinstance(usd, int | float) or not 0 <= usd < math.inf:
        raise ValueError("not a spend file")
    return Remembered(day=day, ceiling_usd=float(usd))


def _write(path: Path, remembered: Remembered) -> None:
    replace_file(path, json.dumps({"day": remembered.day, "ceiling_usd": remembered.ceiling_usd}))


def _set_aside(path: Path) -> None:
    """Rename an unreadable file; never delete it."""
    try:
        path.replace(path.with_suffix(".unreadable"))
    except OSError as error:
        log.warning("cannot set the spend file aside: %s", error.strerror)
