"""Keeps one lease fresh: renews it in the background after two thirds of its lifetime, and at once after a refusal.

A failed renewal is retried while the old lease is still valid, so only a long failure of a source affects probes.
Callers get the current lease at once; only the very first lease is waited for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from aiprobe.core.clock import Clock
from aiprobe.core.credential import NoCredentialError
from aiprobe.credentials.base import Lease, Source, SourceError
from aiprobe.credentials.threads import in_thread

log = logging.getLogger(__name__)

T = TypeVar("T")

RENEW_AFTER_SHARE: Final = 2 / 3
"""The share of the lifetime before a renewal. The rest is for retries: 20 minutes of the usual hour."""
LONGEST_WAIT_SECONDS: Final = 3600.0
"""The longest time between renewals, so that a replaced file or role is used within this time."""
SHORTEST_WAIT_SECONDS: Final = 0.5
FIRST_WAIT_SECONDS: Final = 5.0
"""How long a probe waits for the first credential, outside of its measured time. Below the supervisor's limit."""
FETCH_SECONDS: Final = 30.0
"""A source without an answer for this long is logged as failed. Its call goes on, and no second call starts."""
_RETRY_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
_AGAIN_AFTER_REFUSAL_SECONDS: Final = 10.0


class Keeper(Generic[T]):
    """Keeps the lease of one source fresh until it is closed."""

    def __init__(self, source: Source[T], *, name: str, clock: Clock, on_lease: Callable[[Lease[T]], None]) -> None:
        """`name` is for the log; `on_lease` is called with every new lease before a caller gets it."""
        self._source = source
        self._name = name
        self._clock = clock
        self._on_lease = on_lease
        self._lease: Lease[T] | None = None
        self._fetched_at = self._ends_at = float("-inf")
        self._problem = "the first fetch has not ended"
        self._settled = asyncio.Event()
        """Not set during a fetch."""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start renewing. Call it once."""
        self._task = asyncio.create_task(self._keep(), name=f"credential:{self._name}")

    async def close(self) -> None:
        """Stop renewing. A running fetch ends in its own thread."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def get(self) -> T:
        """Return the content of the lease. Raises `NoCredentialError` when there is none or it has expired."""
        if (lease := self._current()) is not None:
            return lease.value
        await self._within(FIRST_WAIT_SECONDS, self._settled.wait())
        if (lease := self._current()) is not None:
            return lease.value
        raise NoCredentialError(self._problem)

    def refused(self) -> None:
        """Fetch again, because the service refused the last lease. Limited to one fetch every few seconds."""
        if self._clock.monotonic() - self._fetched_at >= _AGAIN_AFTER_REFUSAL_SECONDS:
            self._wake.set()

    def _current(self) -> Lease[T] | None:
        return self._lease if self._clock.monotonic() < self._ends_at else None

    async def _keep(self) -> None:
        failures = 0
        while True:
            self._wake.clear()
            self._settled.clear()
            try:
                lease = await self._fetch()
            except SourceError as error:
                self._failed(str(error), failures)
            except Exception as error:
                # A bug in a cloud library must not end the renewals; the next one may work.
                log.exception("a source of credentials failed", extra={"credential": self._name})
                self._failed(type(error).__name__, failures)
            else:
                self._take(lease, after_failures=failures)
                failures = 0
                wait = min(lease.lifetime_seconds * RENEW_AFTER_SHARE, LONGEST_WAIT_SECONDS)
                await self._within(max(wait, SHORTEST_WAIT_SECONDS), self._wake.wait())
                continue
            wait = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
            failures += 1
            await self._clock.sleep(wait)

    async def _fetch(self) -> Lease[T]:
        future = in_thread(self._source.fetch)
        try:
            if not await self._within(FETCH_SECONDS, asyncio.shield(future)):
                self._failed(f"no answer within {FETCH_SECONDS:g} s", 0)
            lease = await asyncio.shield(future)
        except asyncio.CancelledError:
            future.cancel()
            raise
        if lease.lifetime_seconds <= 0:
            raise SourceError("the new credential has expired already")
        return lease

    def _take(self, lease: Lease[T], *, after_failures: int) -> None:
        self._on_lease(lease)
        self._lease = lease
        self._fetched_at = self._clock.monotonic()
        self._ends_at = self._fetched_at + lease.lifetime_seconds
        self._problem = "it has expired, and the source returned no new one"
        self._settled.set()
        if after_failures:
            log.info("a credential was renewed again", extra={"credential": self._name})

    def _failed(self, problem: str, failures_before: int) -> None:
        self._problem = problem
        self._settled.set()
        if not failures_before:
            left = max(0.0, self._ends_at - self._clock.monotonic())
            fields = {"credential": self._name, "problem": problem, "old_one_lasts_seconds": round(left)}
            log.warning("a credential was not renewed", extra=fields)

    async def _within(self, seconds: float, awaitable: Awaitable[object]) -> bool:
        """Wait for an event, at most `seconds` of the injected clock; return whether it was set."""
        waited = asyncio.ensure_future(awaitable)
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({waited, timer}, return_when=asyncio.FIRST_COMPLETED)
            return waited.done()
        finally:
            timer.cancel()
            waited.cancel()
            await asyncio.gather(timer, waited, return_exceptions=True)
