"""Is it us? Checks hosts that no AI provider runs, to distinguish a provider's failure from one of our own network.

The check for a failed probe begins after that failure; simultaneous failures share one. It has its own client and
follows no redirect: any answer with a valid certificate proves that packets leave and return.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

import aiohttp

from aiprobe.core.clock import Clock
from aiprobe.core.gauges import Gauges
from aiprobe.core.model import Finished, Provider, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Secret
from aiprobe.core.trust import client_context, system_context
from aiprobe.core.verdicts import proves_egress
from aiprobe.paced import connector

log = logging.getLogger(__name__)

CHECK_SECONDS: Final = 2.5
"""The time limit of one round of checks."""
SPACING_SECONDS: Final = 0.5
"""The least time between the starts of two rounds. A failed probe waits for at most 3 s, even if many fail at once."""
_PROXY_STATUSES: Final = frozenset({401, 403, 407, 451, 502, 503, 504, 511})
"""Statuses that a proxy or a captive portal sends instead of a server. No checked page needs a login."""
ROUND_SECONDS: Final = 60.0
"""The interval of the checks without a failure, so that `aiprobe_egress_up` is recent."""

CONTRADICTED_SECONDS: Final = 900.0
"""How long an answer from the Internet contradicts egress checks that all fail."""


def check_names(urls: Sequence[str]) -> dict[str, str]:
    """Return each check's URL by its name: the host, with the path where two checks share a host."""
    hosts = [urlsplit(url).netloc.rpartition("@")[2] for url in urls]
    return {
        host if hosts.count(host) == 1 else f"{host}{urlsplit(url).path}": url
        for host, url in zip(hosts, urls, strict=True)
    }


def proves_the_internet(url: str, status: int, location: str) -> bool:
    """Return whether the answer to a check came from the checked host.

    A certificate proves that for `https`. Over `http`, a proxy or a captive portal can answer instead: with a
    rejection, a gateway error, or a redirect to another host.
    """
    if urlsplit(url).scheme == "https":
        return True
    if status in _PROXY_STATUSES:
        return False
    if urlsplit(url).path.endswith("/generate_204"):
        return status == 204
    return not (300 <= status < 400 and location) or _host(url, location) == _host(url)


def _host(url: str, location: str = "") -> str | None:
    try:
        return urlsplit(urljoin(url, location)).hostname
    except ValueError:
        return None


class Egress:
    """Runs the egress checks of one way out; without URLs, it never reports that egress is down."""

    def __init__(
        self,
        urls: Sequence[str],
        *,
        clock: Clock,
        on_result: Callable[[Mapping[str, bool]], None],
        timeout_seconds: float = CHECK_SECONDS,
        proxy: Secret | None = None,
        ca_files: Iterable[str] = (),
    ) -> None:
        """`proxy`, `ca_files`: those of the providers that the checks are for, beside the system's store."""
        self.results: dict[str, bool] = {}
        """The last result of each check, by name."""
        self._checks = check_names(urls)
        self._clock = clock
        self._on_result = on_result
        self._timeout_seconds = timeout_seconds
        self._proxy = proxy
        self._ca_files = sorted(ca_files)
        self._next: asyncio.Task[bool] | None = None
        """The round that has not begun yet."""
        self._rounds: set[asyncio.Task[bool]] = set()
        self._begun_at = -SPACING_SECONDS
        self._session: aiohttp.ClientSession | None = None

    async def is_down(self) -> bool:
        """Return whether every check fails, in a round that begins now or within `SPACING_SECONDS`.

        A running round began before the caller's failure and proves nothing about it. All callers before the start of
        the next round share that round.
        """
        if not self._checks:
            return False
        if self._next is None:
            self._next = asyncio.create_task(self._next_round(), name="egress-round")
            self._rounds.add(self._next)
            self._next.add_done_callback(self._rounds.discard)
        return await asyncio.shield(self._next)

    async def run(self) -> None:
        """Check periodically until cancelled."""
        while self._checks:
            await self.is_down()
            await self._clock.sleep(ROUND_SECONDS)

    async def close(self) -> None:
        """Stop the running rounds and close the client."""
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
                connector=connector(force_close=True, use_dns_cache=False, ssl=await self._trust()),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        session = self._session
        answers = await asyncio.gather(*(self._check(session, url) for url in self._checks.values()))
        self.results = dict(zip(self._checks, answers, strict=True))
        self._on_result(self.results)
        return not any(answers)

    async def _trust(self) -> ssl.SSLContext:
        if not self._ca_files:
            return system_context()
        try:
            return await asyncio.to_thread(client_context, *self._ca_files, and_system=True)
        except OSError as error:
            log.warning("egress checks trust the system's store only: a ca_file cannot be read (%s)", error)
            return system_context()

    async def _check(self, session: aiohttp.ClientSession, url: str) -> bool:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                proxy = None if self._proxy is None else self._proxy.reveal()
                async with session.get(url, allow_redirects=False, proxy=proxy) as response:
                    return proves_the_internet(url, response.status, response.headers.get("location", ""))
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.debug("egress check failed", extra={"url": url, "error": type(error).__name__})
            return False


def ways_out(providers: Iterable[Provider]) -> dict[Secret | None, frozenset[str]]:
    """Return every `ca_file` of the providers that share a way out, by its proxy; without providers, the direct way.

    A proxy that inspects TLS signs with an authority of its own, which a provider's `ca_file` names.
    """
    ways: dict[Secret | None, frozenset[str]] = {}
    for provider in providers:
        own = {provider.ca_file} if provider.ca_file else set()
        ways[provider.proxy] = ways.get(provider.proxy, frozenset()) | own
    return ways or {None: frozenset()}


class WaysOut:
    """The egress checks of every way out that the providers use: direct, and through each of their proxies."""

    def __init__(
        self,
        urls: Sequence[str],
        ways: Mapping[Secret | None, frozenset[str]],
        *,
        clock: Clock,
        on_result: Callable[[Mapping[str, bool]], None],
    ) -> None:
        """`ways` are those of `ways_out`.

        `on_result` gets the results of the direct way, or of the first proxy if no provider is reached directly.
        """
        self._ways: dict[Secret | None, Egress] = {}
        for proxy, ca_files in sorted(ways.items(), key=lambda way: way[0] is not None):
            listener = _ignore if self._ways else on_result
            self._ways[proxy] = Egress(urls, clock=clock, on_result=listener, proxy=proxy, ca_files=ca_files)

    async def is_down(self, proxy: Secret | None) -> bool:
        """Return whether every check fails on this way out."""
        way = self._ways.get(proxy)
        return way is not None and await way.is_down()

    async def run(self) -> None:
        """Check periodically until cancelled."""
        async with asyncio.TaskGroup() as group:
            for way in self._ways.values():
                group.create_task(way.run())

    async def close(self) -> None:
        """Stop the running rounds and close the clients."""
        for way in self._ways.values():
            await way.close()


class Listener(Protocol):
    """A room that receives every round of checks."""

    def egress(self, checks: Mapping[str, bool]) -> None:
        """Take the results of one round by the name of the check."""


class EgressKeeper:
    """Runs the checks of the running configuration, and compares them with the answers of targets on the Internet."""

    def __init__(self, gauges: Gauges, listener: Listener, *, clock: Clock) -> None:
        self.checks: Mapping[str, bool] = {}
        """The results of the last round; empty without checks."""
        self._gauges = gauges
        self._listener = listener
        self._clock = clock
        self._ways = WaysOut((), {}, clock=clock, on_result=self._checked)
        self._configured: tuple[Sequence[str], Mapping[Secret | None, frozenset[str]]] = ((), {})
        self._goes_directly = False
        """Whether a target on the Internet is reached without a proxy. If so, the checks in `checks` use no proxy."""
        self._contradicted_at = float("-inf")
        """When a target on the Internet last answered while no egress check did."""
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def prepare(self, urls: Sequence[str], targets: Iterable[Target]) -> Callable[[], None]:
        """Build the checks of a configuration, and return the function that applies them; equal ones keep running."""
        providers = [target.provider for target in targets if target.provider.egress]
        configured = (urls, ways_out(providers))
        ways = WaysOut(*configured, clock=self._clock, on_result=self._checked)

        def commit() -> None:
            self._goes_directly = any(provider.proxy is None for provider in providers)
            if self._task is None or configured != self._configured:
                self._end()
                self._ways, self._configured = ways, configured
                self._task = asyncio.create_task(ways.run(), name="egress")

        return commit

    async def is_down(self, target: Target) -> bool:
        """Return whether every check fails on the way out to `target`."""
        return await self._ways.is_down(target.provider.proxy)

    def finished(self, finished: Finished) -> None:
        """Record an answer from the Internet that arrived although every egress check fails."""
        if not self.checks or any(self.checks.values()) or finished.result.outcome is Outcome.CANCELLED:
            return
        if not proves_egress(finished.target, finished.result):
            return
        if self._goes_directly and finished.target.provider.proxy is not None:
            return
        if not self._is_contradicted():
            log.warning(
                "all egress checks fail although targets answer: the checks prove nothing; configure other hosts",
                extra={"target": finished.target.name},
            )
        self._contradicted_at = self._clock.monotonic()

    def tick(self) -> None:
        """Update the gauge that depends on time."""
        self._gauges.replace("egress_contradicted", {(): float(self._is_contradicted())})

    async def close(self) -> None:
        """Stop the checks."""
        self._end()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _end(self) -> None:
        async def end(ways: WaysOut, task: asyncio.Task[None] | None) -> None:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await ways.close()

        ending = asyncio.create_task(end(self._ways, self._task), name="egress-end")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        self._task = None

    def _checked(self, checks: Mapping[str, bool]) -> None:
        if checks != self.checks:
            level = logging.INFO if any(checks.values()) else logging.ERROR
            answers = " ".join(f"{name}:{'up' if up else 'down'}" for name, up in checks.items())
            log.log(level, "egress changed", extra={"checks": answers})
        self.checks = dict(checks)
        self._gauges.replace("egress_up", {(check,): float(up) for check, up in checks.items()})
        self._listener.egress(checks)

    def _is_contradicted(self) -> bool:
        return not any(self.checks.values()) and self._clock.monotonic() - self._contradicted_at <= CONTRADICTED_SECONDS


def _ignore(_: Mapping[str, bool]) -> None:
    """Ignore results that are not exported."""
