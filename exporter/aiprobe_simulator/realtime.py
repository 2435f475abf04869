"""OpenAI's Realtime API as far as its first event: a WebSocket that sends `session.created` and then waits."""

from typing import Any

from aiohttp import WSCloseCode, web

from aiprobe_simulator.wire.base import Stamp


async def talk(request: web.Request, stamp: Stamp, *, headers: dict[str, str]) -> web.StreamResponse:
    """Shake hands, greet, and wait until the client leaves."""
    socket = web.WebSocketResponse(protocols=("realtime",), max_msg_size=1 << 20)
    socket.headers.update(headers)
    await socket.prepare(request)
    await socket.send_json(_created(request.query.get("model", ""), stamp))
    async for _ in socket:
        await socket.send_json({"type": "error", "event_id": stamp.request_id, "error": _ERROR})
    await socket.close(code=WSCloseCode.OK)
    return socket


_ERROR: dict[str, Any] = {
    "type": "invalid_request_error",
    "code": "not_simulated",
    "message": "The simulator only opens sessions.",
    "param": None,
}


def _created(model: str, stamp: Stamp) -> dict[str, Any]:
    session = {"type": "realtime", "object": "realtime.session", "id": stamp.request_id.replace("req_", "sess_")}
    audio = {"output_modalities": ["audio"], "instructions": "", "tools": [], "tool_choice": "auto"}
    return {"type": "session.created", "event_id": "event_1", "session": {**session, "model": model, **audio}}
