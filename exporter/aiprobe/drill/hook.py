"""The web hook of a drill: what Alertmanager delivers of it."""

from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from aiprobe.drill.samples import DRILL

_MOST_BYTES = 1 << 20
_MOST_MESSAGES = 1_000


@dataclass(frozen=True, slots=True)
class Message:
    """One notification. Alerts that no longer fire are not in `firing`."""

    group: str
    """Its page."""
    status: str
    firing: frozenset[str]


class Hook:
    """Receives notifications at an address until it is closed. Use it as an async context manager."""

    def __init__(self, host: str, port: int) -> None:
        self.messages: list[Message] = []
        self._address = (host, port)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Listen. Raises OSError where the port is taken."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, *self._address).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        try:
            body: dict[str, Any] = await request.json()
            alerts = [each for each in body["alerts"] if each["labels"].get("provider") == DRILL]
            firing = frozenset(each["labels"]["alertname"] for each in alerts if each["status"] == "firing")
            message = Message(str(body["groupKey"]), str(body["status"]), firing)
        except (ValueError, KeyError, TypeError, AttributeError):
            return web.Response(status=400)
        if alerts and len(self.messages) < _MOST_MESSAGES:
            self.messages.append(message)
        return web.Response()
