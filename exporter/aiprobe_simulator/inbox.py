"""A small inbox for pages: Alertmanager posts to it as to Slack, and a browser shows what arrived.

`POST /inbox` takes what Alertmanager sends to a Slack web hook. `GET /inbox` is a page with the latest messages.
Nothing is stored or sent on; whoever reaches the port can read and write, so it is for demos.
"""

import json
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from aiohttp import web

MOST_MESSAGES: Final = 50
MOST_BYTES: Final = 65_536
_COLOURS: Final = {"good": "#2a7d2a", "warning": "#b07a00", "danger": "#b02020"}
_PAGE: Final = """\
<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<meta name="viewport" content="width=device-width"><title>Inbox</title>
<style>body{{font:15px sans-serif;margin:2em auto;max-width:50em;padding:0 1em}}
pre{{white-space:pre-wrap;overflow-wrap:anywhere}}
article{{border-left:4px solid #888;padding:0 1em;margin:1em 0}}time,span{{color:#666}}</style>
<h1>Inbox</h1><p>{count} message(s), the latest first. This is where Alertmanager sends the pages of the demo.</p>
{messages}</html>
"""
_MESSAGE: Final = """\
<article style="border-color:{colour}"><h2>{title}</h2>
<time>{time} UTC</time> <span>{channel}</span><pre>{text}</pre></article>
"""
_HEADERS: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class Inbox:
    """The handlers of `/inbox`, and the latest messages."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._messages: deque[str] = deque(maxlen=MOST_MESSAGES)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, to be added ahead of the simulator's own."""
        return [web.post("/inbox", self.take), web.get("/inbox", self.show, allow_head=False)]

    async def take(self, request: web.Request) -> web.Response:
        """Keep a message; 400 for what is not one of Slack's."""
        body = await request.content.read(MOST_BYTES + 1)
        try:
            shown = self._shown(json.loads(body)) if len(body) <= MOST_BYTES else ""
        except (ValueError, RecursionError, KeyError, TypeError, IndexError):
            shown = ""
        if not shown:
            return web.Response(status=400, text="not a message as Alertmanager sends it to Slack\n")
        self._messages.appendleft(shown)
        return web.Response(text="ok")

    async def show(self, _: web.Request) -> web.Response:
        """Return the page."""
        page = _PAGE.format(count=len(self._messages), messages="".join(self._messages))
        return web.Response(text=page, content_type="text/html", headers=_HEADERS)

    def _shown(self, message: dict[str, Any]) -> str:
        attachment = message["attachments"][0]
        return _MESSAGE.format(
            colour=_COLOURS.get(str(attachment.get("color")), "#888"),
            title=escape(str(attachment["title"])),
            time=datetime.fromtimestamp(self._wall(), UTC).strftime("%H:%M:%S"),
            channel=escape(str(message.get("channel", ""))),
            text=escape(str(attachment["text"])),
        )
