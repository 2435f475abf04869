"""Reads the time and waits, through functions that tests replace."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings of time in seconds, and a wait.

    `monotonic` never jumps; every duration and deadline uses it. `wall` is Unix time and can jump when the machine's
    clock is set. `sleep` waits for a number of seconds.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


STEP_SECONDS: Final = 60.0
"""A wall clock that moves by more than this against the monotonic one was set."""


class Steps:
    """Detects that the wall clock was set, by comparing it with the monotonic one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = self._read()

    def happened(self) -> bool:
        """Return whether the wall clock was set since the last call."""
        offset = self._read()
        stepped = abs(offset - self._offset) > STEP_SECONDS
        self._offset = offset
        return stepped

    def _read(self) -> float:
        return self._clock.wall() - self._clock.monotonic()
