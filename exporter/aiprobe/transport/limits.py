"""The time limits of one exchange from the start of its request, with one timer.

The limit of opening a connection belongs in `dial.py`.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from aiprobe.core.clock import Clock
from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import Exchange
from aiprobe.transport.framing import Reply

_GRACE_SECONDS: Final = 0.001
"""Before a limit counts as exceeded, the socket is read once more: bytes can have arrived in time while our own event
loop was busy."""

Overdue = Callable[[float, Outcome, str], None]
"""Called once, with the time, the outcome and a line for people."""


class Watch:
    """Calls `overdue` when the first-token, stall or total limit is exceeded. Its creator stops it.

    A limit can only move closer at two moments: when the request is sent, and when the first content arrives. Between
    them, received bytes move limits further away, so the timer is not touched. When it fires, it calculates the next
    due time.
    """

    __slots__ = (
        "_armed_for",
        "_clock",
        "_exchange",
        "_first_token",
        "_late",
        "_loop",
        "_overdue",
        "_reply",
        "_timeouts",
        "_timer",
    )

    def __init__(
        self, exchange: Exchange, reply: Reply, *, timeouts: Timeouts, first_token: bool, clock: Clock, overdue: Overdue
    ) -> None:
        self._exchange = exchange
        self._reply = reply
        self._timeouts = timeouts
        self._first_token = first_token
        self._clock = clock
        self._overdue = overdue
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = 0.0
        self._late = False

    def arm(self) -> None:
        """Set the timer to the next limit. Call this when a limit may have moved closer."""
        due, _, _ = self._due()
        if self._timer is not None:
            if self._armed_for <= due:
                return
            self._timer.cancel()
        self._armed_for = due
        self._timer = self._loop.call_later(max(0.0, due - self._clock.monotonic()), self._wake)

    def stop(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        due, outcome, detail = self._due()
        if now < due:
            self._late = False
            self.arm()
        elif self._late:
            self._overdue(now, outcome, detail)
        else:
            self._late = True
            self._armed_for = now
            self._timer = self._loop.call_later(_GRACE_SECONDS, self._wake)

    def _due(self) -> tuple[float, Outcome, str]:
        """Return when the next limit is due, its outcome and its text."""
        limits, exchange, reply = self._timeouts, self._exchange, self._reply
        total = exchange.started + limits.total
        if reply.content_at is not None:
            stall = reply.progress_at + limits.stall
            if stall < total:
                return stall, Outcome.STALLED, f"no event for {limits.stall:g} s"
        elif self._first_token and exchange.sent is not None:
            first = exchange.sent + limits.first_token
            if first < total:
                return first, Outcome.TIMEOUT_FIRST_TOKEN, f"no content within {limits.first_token:g} s of the request"
        return total, Outcome.TIMEOUT_TOTAL, f"not finished within {limits.total:g} s"
