"""The Model Context Protocol over streamable HTTP, in both of its revisions: JSON-RPC messages out, one reply in.

Up to 2025-11-25 a client introduces itself first (`initialize`); from 2026-07-28 on every request stands alone and
`server/discover` asks what there is. `probes/mcp.py` decides which of them is used, and in which order.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from aiprobe.core.model import Provider
from aiprobe.protocols.base import Failure, Request
from aiprobe.protocols.jsonvalues import UnreadableError, a_name, any_object, load
from aiprobe.protocols.judging import errors
from aiprobe.protocols.protocol import Protocol
from aiprobe.protocols.request import own_headers
from aiprobe.protocols.sse import FrameParser

CLIENT: Final = {"name": "aiprobe", "version": "1"}
_MOST_HELD_BYTES: Final = 2 << 20
_MOST_VALUES: Final = 50_000
"""Of a message: a thousand tools with their schemas."""
_MOST_MESSAGES: Final = 1000
"""Of notifications and progress before the answer to a question that needs neither."""


class Era(StrEnum):
    """The newest version of each way to begin."""

    STATELESS = "2026-07-28"
    HANDSHAKE = "2025-11-25"


def call(
    provider: Provider,
    method: str,
    *,
    number: int | None,
    era: Era,
    params: Mapping[str, Any] | None = None,
    version: str = "",
    session: str = "",
) -> Request:
    """Return the request that calls `method`; without a `number` it is a notification, which has no reply.

    `version` is what a handshake agreed upon, `session` what the server calls it.
    """
    message: dict[str, Any] = {"jsonrpc": "2.0"}
    if number is not None:
        message["id"] = number
    message["method"] = method
    own = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    given = dict(params or {})
    if era is Era.STATELESS:
        own |= {"mcp-protocol-version": era.value, "mcp-method": method}
        prefix = "io.modelcontextprotocol"
        given["_meta"] = {
            f"{prefix}/protocolVersion": era.value,
            f"{prefix}/clientCapabilities": {},
            f"{prefix}/clientInfo": CLIENT,
        }
    else:
        own |= {"mcp-protocol-version": version} if version else {}
        own |= {"mcp-session-id": session} if session else {}
    if given:
        message["params"] = given
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return Request(method="POST", path=_path(provider), headers=own_headers(own, provider), body=body)


def initialize(provider: Provider, *, number: int) -> Request:
    """Return the request that begins a handshake."""
    params = {"protocolVersion": Era.HANDSHAKE.value, "capabilities": {}, "clientInfo": CLIENT}
    return call(provider, "initialize", number=number, era=Era.HANDSHAKE, params=params)


def farewell(provider: Provider, *, version: str, session: str) -> Request:
    """Return the request that ends a session."""
    own = {"mcp-protocol-version": version, "mcp-session-id": session}
    return Request(method="DELETE", path=_path(provider), headers=own_headers(own, provider))


class ReplyReader:
    """Looks for the one reply to request `number` in a body of JSON, or among the messages of an event stream."""

    def __init__(self, *, number: int, stream: bool) -> None:
        self._number = number
        self._parser = FrameParser() if stream else None
        self._held = bytearray()
        self._messages = 0
        self.message: dict[str, Any] | None = None
        """The reply, once it came."""
        self.failure: Failure | None = None
        """Why there will be none, if the bytes are not allowed."""

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; return whether they contain the answer or end the wait for it."""
        if self._parser is None:
            self._held += data
            return len(self._held) > _MOST_HELD_BYTES
        frames = self._parser.feed(data)
        self._messages += len(frames)
        for frame in frames:
            self._take(frame.data)
        if self._messages > _MOST_MESSAGES and self.message is None:
            self.failure = errors.malformed(f"more than {_MOST_MESSAGES} messages before an answer")
        if self._parser.oversized:
            self.failure = errors.malformed("a message that is too large")
        return self.message is not None or self.failure is not None

    def close(self) -> None:
        """Take the end of the body."""
        if self.message is not None or self.failure is not None:
            return
        if self._parser is None:
            self._take(bytes(self._held))
        else:
            for frame in self._parser.close():
                self._take(frame.data)

    def _take(self, data: bytes) -> None:
        try:
            document = load(data, most_values=_MOST_VALUES)
        except UnreadableError as problem:
            self.failure = self.failure or errors.malformed(str(problem))
            return
        for each in document if isinstance(document, list) else [document]:
            message = any_object(each)
            if self.message is None and _answers(message, self._number):
                self.message = message


def _answers(message: dict[str, Any], number: int) -> bool:
    """Return whether it is the reply: a refusal of a request that could not be read has no id, some echo it as text."""
    if "error" in message and message.get("id") is None:
        return True
    return str(message.get("id")) == str(number) and ("result" in message or "error" in message)


def failure_in(message: dict[str, Any]) -> Failure | None:
    """Return the error that a reply carries, or None."""
    if "error" not in message:
        return None
    error = any_object(message["error"])
    failure = errors.of_error(error or message["error"])
    code = error.get("code")
    return Failure(
        outcome=failure.outcome,
        error_type=failure.error_type or (f"json-rpc {code}" if isinstance(code, int) else ""),
        message=failure.message,
    )


def server_name(result: dict[str, Any]) -> str:
    """Return name and version of the server, as it reports them."""
    stamp = any_object(result.get("_meta")).get("io.modelcontextprotocol/serverInfo")
    info = any_object(result.get("serverInfo") or stamp)
    return " ".join(filter(None, (a_name(info.get("name")), a_name(info.get("version")))))


def _path(provider: Provider) -> str:
    """Return the one endpoint: `base_url` as it is, with its slash at the end and its query, which may be a key."""
    parts = urlsplit(provider.base_url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _no_models(*_: object) -> NoReturn:
    raise ValueError("mcp has no models; use `probe: mcp`")


MCP: Final = Protocol(
    name="mcp",
    request=_no_models,
    models_request=_no_models,
    read=_no_models,
    request_ids=("x-request-id", "cf-ray"),
)
"""It has tools and no models: only the probe `mcp` uses it, which reads replies with `ReplyReader`."""
