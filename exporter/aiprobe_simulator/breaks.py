"""Faults that leave no reply at all, or one that HTTP does not allow."""
# ruff: noqa: ARG001 - all of them are called alike

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from typing import Protocol as Interface

from aiohttp import web

from aiprobe_simulator.faults import Value
from aiprobe_simulator.playback import end, send_rubbish
from aiprobe_simulator.takes import Ending
from aiprobe_simulator.wire.framing import SSE, Framing


class Break(Interface):
    """Breaks one request; what it returns is of no use when the connection is gone. `framing`: of a stream."""

    def __call__(
        self, request: web.Request, params: Mapping[str, Value], *, streamed: bool, framing: Framing = SSE
    ) -> Awaitable[web.StreamResponse]: ...


def _ending(ending: Ending) -> Callable[..., Any]:
    async def stop(
        request: web.Request, params: Mapping[str, Value], *, streamed: bool, framing: Framing = SSE
    ) -> web.StreamResponse:
        await end(request, ending)
        return web.Response()

    return stop


async def _not_http(
    request: web.Request, params: Mapping[str, Value], *, streamed: bool, framing: Framing = SSE
) -> web.StreamResponse:
    await send_rubbish(request)
    return web.Response()


async def _oversize_head(
    request: web.Request, params: Mapping[str, Value], *, streamed: bool, framing: Framing = SSE
) -> web.StreamResponse:
    return web.Response(text="{}", headers={"x-padding": "a" * int(params["bytes"])})


async def _short_body(
    request: web.Request, params: Mapping[str, Value], *, streamed: bool, framing: Framing = SSE
) -> web.StreamResponse:
    kind = framing.content_type if streamed else "application/json"
    body = framing.keepalive if streamed else b'{"id":'
    response = web.StreamResponse(headers={"content-type": kind, "content-length": str(len(body) + 1_000)})
    await response.prepare(request)
    await response.write(body)
    await end(request, Ending.CLOSE)
    return response


BREAKS: Final[Mapping[str, Break]] = {
    "hang_before_headers": _ending(Ending.HANG),
    "close_before_reply": _ending(Ending.CLOSE),
    "reset_before_reply": _ending(Ending.RESET),
    "not_http": _not_http,
    "oversize_head": _oversize_head,
    "short_body": _short_body,
}
"""Every fault of the stage `break`."""
