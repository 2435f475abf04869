"""Sends the requests of one target to one origin, with a fixed route and headers and a fresh credential each time.

The credential is fetched before the probe's clock starts: the identity provider's time is no latency of the service.
"""

from dataclasses import replace
from functools import partial
from typing import Final

from aiprobe.core.credential import Asked, Credential, NoCredentialError
from aiprobe.core.model import Target, Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.call import USER_AGENT, credentials, route
from aiprobe.probes.redirect import FirstSink
from aiprobe.transport.hops import followed
from aiprobe.transport.request import authority
from aiprobe.transport.transport import Exchange, Sink

_REFUSED: Final = frozenset({401, 403})


class Caller:
    """Sends requests of one target to one origin."""

    def __init__(self, target: Target, tools: Tools, *, url: str, headers: tuple[tuple[str, str], ...]) -> None:
        """Raises ValueError for a route or a credential that cannot be used."""
        self._tools = tools
        self._timeouts = target.timeouts
        self._route = route(target, url)
        tools.transport.prepare(self._route)
        self._headers = (*headers, ("user-agent", USER_AGENT), *credentials(target.provider))
        self._credential = _credential(target, tools)
        self._origin = f"{self._route.scheme}://{authority(self._route)}"
        self._content_type = dict(self._headers).get("content-type", "")

    async def exchange(
        self,
        *,
        method: str,
        path: str,
        body: bytes,
        sink: Sink,
        first_token_limit: bool,
        headers: tuple[tuple[str, str], ...] = (),
        upgrade: str | None = None,
        timeouts: Timeouts | None = None,
    ) -> Exchange:
        """Make one attempt. Without a credential the outcome is `auth`, and nothing is sent.

        One redirect of the same question within the origin is followed; the phases include both steps.
        `timeouts` are the target's own, unless this is a later step of a probe that has used some of them.
        """
        limits = timeouts or self._timeouts
        first = FirstSink(sink, self._origin + path)
        once = partial(
            self._once,
            method=method,
            body=body,
            headers=headers,
            first_token_limit=first_token_limit,
            upgrade=upgrade,
        )
        exchange = await once(path, sink=first, timeouts=limits)
        if first.target is None:
            return exchange
        left = limits.total - (exchange.ended - exchange.started)
        if left <= 0:
            return replace(exchange, outcome=Outcome.TIMEOUT_TOTAL, detail="a redirect used up the time")
        then = await once(first.target, sink=sink, timeouts=replace(limits, total=left))
        return followed(exchange, then)

    async def _once(
        self,
        path: str,
        *,
        method: str,
        body: bytes,
        sink: Sink,
        first_token_limit: bool,
        headers: tuple[tuple[str, str], ...],
        upgrade: str | None,
        timeouts: Timeouts,
    ) -> Exchange:
        proof: tuple[tuple[str, str], ...] = ()
        if self._credential is not None:
            url = self._origin + path
            content_type = dict(headers).get("content-type", self._content_type)
            asked = Asked(method=method, url=url, content_type=content_type, body=body)
            try:
                proof = await self._credential.headers(asked)
            except NoCredentialError as error:
                now = self._tools.clock.monotonic()
                return Exchange(started=now, ended=now, outcome=Outcome.AUTH, detail=f"no credential: {error}")
        exchange = await self._tools.transport.exchange(
            self._route,
            method=method,
            path=path,
            headers=(*self._headers, *headers, *proof),
            body=body,
            timeouts=timeouts,
            sink=sink,
            first_token_limit=first_token_limit,
            upgrade=upgrade,
        )
        if self._credential is not None and exchange.status in _REFUSED:
            self._credential.refused()
        return exchange


def _credential(target: Target, tools: Tools) -> Credential | None:
    if target.provider.credential is None:
        return None
    if tools.credentials is None:
        raise ValueError(f"no credential keeper for {target.provider.key}")
    return tools.credentials.of(target.provider)
