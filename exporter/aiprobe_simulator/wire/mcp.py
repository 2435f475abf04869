"""An MCP server over streamable HTTP, in both revisions; one with `handshake` in its name supports the older only."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from aiprobe_simulator.wire.base import (
    STATUS,
    Answer,
    BadCall,
    Call,
    Json,
    Kind,
    Part,
    Stamp,
    Trouble,
    compact,
)
from aiprobe_simulator.wire.openai import message_of

STATELESS: Final = "2026-07-28"
HANDSHAKE: Final = "2025-11-25"
_SERVER: Final = {"name": "simulator", "version": "1.0"}
_STAMP: Final = {"_meta": {"io.modelcontextprotocol/serverInfo": _SERVER}}
_TOOLS: Final = [
    {"name": "ask", "description": "Answers a question.", "inputSchema": {"type": "object", "properties": {}}},
    {"name": "search", "description": "Finds a page.", "inputSchema": {"type": "object", "properties": {}}},
]
_CACHE: Final = {"ttlMs": 0, "cacheScope": "private"}


class Mcp:
    """A server with two tools."""

    name = "mcp"
    kind: Kind = "mcp"
    posted = re.compile(r"/mcp\Z")
    base = "/mcp"

    def call(self, body: Json, *, provider: str, path: str, headers: Mapping[str, str]) -> Call:  # noqa: ARG002 - Wire
        """Read a message: the method becomes the prompt; the id, as JSON, the one input. A notification has none."""
        method = body.get("method")
        if body.get("jsonrpc") != "2.0" or not isinstance(method, str):
            raise BadCall(Trouble.BAD_REQUEST, "Invalid Request")
        stateless = headers.get("mcp-protocol-version") == STATELESS
        if stateless and "handshake" in provider:
            raise BadCall(Trouble.BAD_REQUEST, f"Bad Request: Unsupported protocol version {STATELESS}")
        if stateless and headers.get("mcp-method") != method:
            raise BadCall(Trouble.BAD_REQUEST, "HeaderMismatch: mcp-method")
        known = {"server/discover", "tools/list"} if stateless else {"initialize", "tools/list", "ping"}
        if method not in known and not method.startswith("notifications/"):
            raise BadCall(Trouble.NOT_FOUND, f"Method not found: {method}")
        numbered = (json.dumps(body["id"]),) if "id" in body else ()
        return Call(model="", prompt=method, inputs=numbered, show_usage=stateless)

    def whole(self, call: Call, answer: Answer, stamp: Stamp) -> Json:  # noqa: ARG002 - Wire
        """Return the reply; nothing for a notification."""
        if not call.inputs:
            return {}
        return {"jsonrpc": "2.0", "id": json.loads(call.inputs[0]), "result": _result(call)}

    def parts(self, call: Call, answer: Answer, stamp: Stamp) -> Iterator[Part]:
        """Return the whole reply in one part."""
        yield Part("text", compact(self.whole(call, answer, stamp)).encode())

    def error(self, trouble: Trouble, stamp: Stamp, *, message: str | None = None) -> tuple[int, Json]:  # noqa: ARG002 - Wire
        """Return a JSON-RPC error without an id, as for a request that was not read."""
        error = {"code": -32601 if trouble is Trouble.NOT_FOUND else -32000, "message": message or message_of(trouble)}
        return STATUS[trouble], {"jsonrpc": "2.0", "id": None, "error": error}

    def stream_error(self, trouble: Trouble, stamp: Stamp, *, sent: int) -> bytes:  # noqa: ARG002 - Wire
        """Return the error as a body."""
        return compact(self.error(trouble, stamp)[1]).encode()

    def headers(self, stamp: Stamp, *, exhausted: bool = False) -> dict[str, str]:  # noqa: ARG002 - has no limits
        """Return the request id."""
        return {"x-request-id": stamp.request_id}

    def models(self, names: tuple[str, ...], stamp: Stamp, *, limit: int | None) -> Json:  # noqa: ARG002 - has none
        """Return nothing: there are no models."""
        return {}


def _result(call: Call) -> Json:
    more = {**_CACHE, "resultType": "complete", **_STAMP} if call.show_usage else {}
    match call.prompt:
        case "server/discover":
            return {"supportedVersions": [STATELESS], "capabilities": {"tools": {}}, **more}
        case "initialize":
            return {"protocolVersion": HANDSHAKE, "capabilities": {"tools": {}}, "serverInfo": _SERVER}
        case "tools/list":
            return {"tools": _TOOLS, **more}
    return more
