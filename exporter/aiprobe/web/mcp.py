"""What agents ask through the Model Context Protocol: streamable HTTP without sessions, three tools that read.

Both revisions of the protocol are answered: the handshake of 2025-11-25, and requests that stand alone of 2026-07-28
(modelcontextprotocol.io/specification). One message comes in, one JSON document goes out; nothing is streamed.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from aiprobe import __version__
from aiprobe.web.api import state_word, values, verdict_of
from aiprobe.web.connections import Connection
from aiprobe.web.ports import Ports
from aiprobe.web.routes import PORTS
from aiprobe.web.security import MCP, cross_site, plain

MOST_BYTES: Final = 64 << 10
BODY_SECONDS: Final = 5.0
STATELESS: Final = "2026-07-28"
HANDSHAKES: Final = ("2025-11-25", "2025-06-18", "2025-03-26")
_SERVER: Final = {"name": "aiprobe", "version": __version__}
_PARSE, _REQUEST, _METHOD, _PARAMS = -32700, -32600, -32601, -32602
_STATUS: Final = {_PARSE: 400, _REQUEST: 400, _METHOD: 404, _PARAMS: 400}
_PROVIDER: Final = {"provider": {"type": "string", "description": "A value of the label provider or account."}}
TOOLS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "status": ("How each probed AI target serves now, as aiprobe measures it; of one provider when named.", _PROVIDER),
    "incidents": ("The incidents that aiprobe observed: open ones, then the latest, in a sentence each.", {}),
    "verdict": ("Whether an AI provider fails or we do: them, us, everybody, nobody or unknown, and why.", _PROVIDER),
}


class _RpcError(Exception):
    """A JSON-RPC error: its code, and a sentence."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def add_routes(app: web.Application) -> None:
    """Register the endpoint. It is not there unless somebody asks for it."""
    app.router.add_post(MCP, answer)


async def answer(request: web.Request) -> web.StreamResponse:
    """Answer one JSON-RPC message, and close: no state of a connection outlives a message."""
    response = await _answer(request)
    response.force_close()
    return response


async def _answer(request: web.Request) -> web.Response:
    problem = cross_site(request)
    if problem is not None:
        return plain(problem, status=403)
    number = None
    try:
        message = _message(await _body(request))
        number = message.get("id")
        if "id" not in message:
            return web.Response(status=202)
        result = _result(request.app[PORTS], message["method"], message.get("params", {}))
    except _RpcError as error:
        document = {"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": str(error)}}
        return web.json_response(document, status=_STATUS[error.code])
    if request.headers.get("Mcp-Protocol-Version") == STATELESS:
        result |= {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
        result["_meta"] = {"io.modelcontextprotocol/serverInfo": _SERVER}
    return web.json_response({"jsonrpc": "2.0", "id": number, "result": result})


async def _body(request: web.Request) -> bytes:
    body = b""
    assert isinstance(request.protocol, Connection)
    request.protocol.take_body()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while len(body) <= MOST_BYTES and (piece := await request.content.read(MOST_BYTES)):
                body += piece
    except TimeoutError as late:
        raise _RpcError(_PARSE, "the message did not come in time") from late
    if len(body) > MOST_BYTES:
        raise _RpcError(_REQUEST, "the message is too long")
    return body


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _RpcError(_PARSE, "the message is not JSON") from error
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0" or not isinstance(message.get("method"), str):
        raise _RpcError(_REQUEST, "this is no JSON-RPC 2.0 request")
    if not isinstance(message.get("id", 0), str | int) or isinstance(message.get("id"), bool):
        raise _RpcError(_REQUEST, "an id is a text or a whole number")
    if not isinstance(message.get("params", {}), dict):
        raise _RpcError(_PARAMS, "params should be an object")
    return message


def _result(ports: Ports, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
    match method:
        case "initialize":
            asked = params.get("protocolVersion")
            version = asked if asked in HANDSHAKES else HANDSHAKES[0]
            return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": _SERVER}
        case "server/discover":
            return {"supportedVersions": [STATELESS], "capabilities": {"tools": {}}}
        case "ping":
            return {}
        case "tools/list":
            return {"tools": [_described(name) for name in TOOLS]}
        case "tools/call":
            return _called(ports, params)
    raise _RpcError(_METHOD, "there is no such method")


def _described(name: str) -> dict[str, Any]:
    about, properties = TOOLS[name]
    required = ["provider"] if name == "verdict" else []
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"name": name, "description": about, "inputSchema": schema, "annotations": {"readOnlyHint": True}}


def _called(ports: Ports, params: Mapping[str, Any]) -> dict[str, Any]:
    name, given = str(params.get("name")), params.get("arguments") or {}
    if name not in TOOLS or not isinstance(given, dict):
        raise _RpcError(_PARAMS, f"the tools are {', '.join(TOOLS)}, each with an object of arguments")
    provider = given.get("provider")
    if set(given) - set(TOOLS[name][1]) or not isinstance(provider, str | None) or (name == "verdict" and not provider):
        raise _RpcError(_PARAMS, f"these are not the arguments of {name}")
    document = _document(ports, name, provider)
    text = "no provider of this name is probed here" if document is None else json.dumps(document)
    result: dict[str, Any] = {"content": [{"type": "text", "text": text}], "isError": document is None}
    return result if document is None else {**result, "structuredContent": document}


def _document(ports: Ports, name: str, provider: str | None) -> Mapping[str, Any] | None:
    if name == "verdict":
        return verdict_of(ports, provider or "")
    if name == "incidents":
        return {"incidents": [values(row) for row in ports.incidents.rows()]}
    rows = [row for row in ports.targets.rows() if provider in {None, row.provider, row.account}]
    targets = [
        {
            "target": row.name,
            "provider": row.provider,
            "account": row.account,
            "surface": row.surface,
            "model": row.model,
            "state": state_word(row),
            "outcome": row.last and row.last.outcome,
            "failures_in_a_row": row.consecutive_failures,
        }
        for row in rows
    ]
    return {"targets": targets} if rows else None
