"""Wakes a few times a second: measures the lag of the event loop, updates gauges, and sees that the clock was set."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiprobe.core.clock import Clock, Steps
from aiprobe.core.pauses import BEAT_SECONDS


class Ticker(Protocol):
    """A room with gauges that depend on time as well as on results."""

    def tick(self) -> None:
        """Update them; called a few times a second."""


class Meter(Protocol):
    """Counts how late the event loop is."""

    def observe_event_loop_lag(self, seconds: float) -> None:
        """Count how much later than requested a sleep ended."""


class Heartbeat:
    """Calls every ticker from `start` until it is closed."""

    def __init__(
        self, tickers: Sequence[Ticker], meter: Meter, *, clock: Clock, stepped: Callable[[], Awaitable[None]]
    ) -> None:
        """`stepped` runs after the wall clock was set, one call at a time."""
        self._tickers = tickers
        self._meter = meter
        self._clock = clock
        self._stepped = stepped
        self._steps = Steps(clock)
        self._tasks: dict[str, asyncio.Future[None]] = {}

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._tasks["beat"] = asyncio.ensure_future(self._beat())

    def close(self) -> None:
        """Stop, and cancel what a step began."""
        for task in self._tasks.values():
            task.cancel()

    def tick(self) -> None:
        """Update every gauge that depends on time."""
        for ticker in self._tickers:
            ticker.tick()

    async def _beat(self) -> None:
        """Measure the lag of the event loop, which bounds the error of all durations, and update the gauges."""
        while True:
            due = self._clock.monotonic() + BEAT_SECONDS
            await self._clock.sleep(BEAT_SECONDS)
            self._meter.observe_event_loop_lag(max(0.0, self._clock.monotonic() - due))
            self.tick()
            under_way = self._tasks.get("step")
            if self._steps.happened() and (under_way is None or under_way.done()):
                self._tasks["step"] = asyncio.ensure_future(self._stepped())
