"""A clock that a test moves by hand."""

import asyncio
import heapq
from dataclasses import dataclass, field
from itertools import count

from aiprobe.core.clock import Clock


@dataclass(slots=True)
class ManualClock:
    """A clock that moves by hand; `clock` is the view that production code is given."""

    now: float = 0.0
    epoch: float = 1_700_000_000.0
    _sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)

    @property
    def clock(self) -> Clock:
        """Return the readings of this clock."""
        return Clock(monotonic=lambda: self.now, wall=lambda: self.epoch + self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock was moved past `seconds` from now."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move both readings forward by `seconds`, waking every sleeper at its own time, in order."""
        end = self.now + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            wake_at, _, future = heapq.heappop(self._sleepers)
            self.now = max(self.now, wake_at)
            if not future.done():
                future.set_result(None)
                await self._settle()
        self.now = end
        await self._settle()

    async def _settle(self) -> None:
        """Let every task that can run do so."""
        for _ in range(20):
            await asyncio.sleep(0)
