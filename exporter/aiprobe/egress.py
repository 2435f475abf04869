"""Is it us? Checks of places that no AI provider runs, to tell a provider's failure from our own network's.

A check for a failure begins after that failure; failures that come together share one. It uses its own client and
follows no redirect: any HTTP answer at all proves that packets leave and return.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from aiprobe.core.clock import Clock
from aiprobe.core.secret import Secret
from aiprobe.core.trust import system_context

log = logging.getLogger(__name__)

CHECK_SECONDS: Final = 2.5
"""How long one round of checks takes at the most."""
SPACING_SECONDS: Final = 0.5
"""Rounds begin at least this far apart, so a failed probe waits for 3 s at the most, however many fail at once."""
ROUND_SECONDS: Final = 60.0
"""How often the checks run without a failure, so that `aiprobe_egress_up` is fresh."""


def check_names(urls: Sequence[str]) -> dict[str, str]:
    """Return each check's URL by its name: the host, with the path where two checks share a host."""
    hosts = [urlsplit(url).netloc.rpartition("@")[2] for url in urls]
    return {
        host if hosts.count(host) == 1 else f"{host}{urlsplit(url).path}": url
        for host, url in zip(hosts, urls, strict=True)
    }


class Egress:
    """Runs the egress checks; without any URL nothing is ever excused."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        clock: Clock,
        on_result: Callable[[Mapping[str, bool]], None],
        timeout_seconds: float = CHECK_SECONDS,
        proxy: Secret | None = None,
    ) -> None:
        """`proxy`: the way out that the checks take, as that of the providers that they speak for."""
        self.results: dict[str, bool] = {}
        """The last answer of each check, by name."""
        self._checks = check_names(urls)
        self._clock = clock
        self._on_result = on_result
        self._timeout_seconds = timeout_seconds
        self._proxy = proxy
        self._next: asyncio.Task[bool] | None = None
        """The round that has not begun yet."""
        self._rounds: set[asyncio.Task[bool]] = set()
        self._begun_at = -SPACING_SECONDS
        self._session: aiohttp.ClientSession | None = None

    async def is_down(self) -> bool:
        """Tell whether every check fails, by a round that begins now or a moment later.

        A round under way began before the caller's failure and proves nothing about it; callers that come before the
        next round begins share that one.
        """
        if not self._checks:
            return False
        if self._next is None:
            self._next = asyncio.create_task(self._next_round(), name="egress-round")
            self._rounds.add(self._next)
            self._next.add_done_callback(self._rounds.discard)
        return await asyncio.shield(self._next)

    async def run(self) -> None:
        """Check again and again, until cancelled."""
        while self._checks:
            await self.is_down()
            await self._clock.sleep(ROUND_SECONDS)

    async def close(self) -> None:
        """Stop the rounds under way and close the client."""
        rounds = list(self._rounds)
        for task in rounds:
            task.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _next_round(self) -> bool:
        await self._clock.sleep(self._begun_at + SPACING_SECONDS - self._clock.monotonic())
        self._begun_at = self._clock.monotonic()
        self._next = None
        return await self._round()

    async def _round(self) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # The thread-pool resolver would let one hung name hold up every other lookup of the process.
                connector=aiohttp.TCPConnector(
                    resolver=aiohttp.AsyncResolver(), force_close=True, use_dns_cache=False, ssl=system_context()
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        session = self._session
        answers = await asyncio.gather(*(self._check(session, url) for url in self._checks.values()))
        self.results = dict(zip(self._checks, answers, strict=True))
        self._on_result(self.results)
        return not any(answers)

    async def _check(self, session: aiohttp.ClientSession, url: str) -> bool:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                proxy = None if self._proxy is None else self._proxy.reveal()
                async with session.get(url, allow_redirects=False, proxy=proxy) as response:
                    return response.status > 0
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.debug("egress check failed", extra={"url": url, "error": type(error).__name__})
            return False


class WaysOut:
    """The egress checks of every way out that the providers take: directly, and through each of their proxies."""

    def __init__(
        self,
        urls: Sequence[str],
        proxies: Iterable[Secret | None],
        *,
        clock: Clock,
        on_result: Callable[[Mapping[str, bool]], None],
    ) -> None:
        """`on_result` is told of the direct way, or of the first proxy where nothing goes out directly."""
        ways = sorted(set(proxies) or {None}, key=lambda way: way is not None)
        self._ways = {
            way: Egress(urls, clock=clock, on_result=on_result if place == 0 else _ignore, proxy=way)
            for place, way in enumerate(ways)
        }

    async def is_down(self, proxy: Secret | None) -> bool:
        """Tell whether every check fails on this way out."""
        way = self._ways.get(proxy)
        return way is not None and await way.is_down()

    async def run(self) -> None:
        """Check again and again, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for way in self._ways.values():
                group.create_task(way.run())

    async def close(self) -> None:
        """Stop the rounds under way and close the clients."""
        for way in self._ways.values():
            await way.close()


def _ignore(_: Mapping[str, bool]) -> None:
    """Take what nobody shows."""
