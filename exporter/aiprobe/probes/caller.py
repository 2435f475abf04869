"""Asks one origin for one target: its route, the headers that stay, and the proof of who asks, fresh for each request.

The proof is made before the clock of the probe starts: what an identity provider takes is no latency of the service.
"""

from typing import Final

from aiprobe.core.credential import Asked, Credential, NoCredentialError
from aiprobe.core.model import Target, Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.call import USER_AGENT, credentials, route
from aiprobe.transport.request import authority
from aiprobe.transport.transport import Exchange, Sink

_REFUSED: Final = frozenset({401, 403})


class Caller:
    """Sends requests of one target to one origin."""

    def __init__(self, target: Target, tools: Tools, *, url: str, headers: tuple[tuple[str, str], ...]) -> None:
        """Raise ValueError for a route or a credential that cannot be used."""
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
        """Make one attempt. Without a credential to send it ends as `auth`, and nothing is sent.

        `timeouts` are the target's own, unless this is a later step of a probe that has used some of them.
        """
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
            timeouts=timeouts or self._timeouts,
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
        raise ValueError(f"nobody keeps the credential of {target.provider.key}")
    return tools.credentials.of(target.provider)
