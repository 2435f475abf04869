"""Builders of this room's tests: a simulator without delays, requests of every protocol, a client that sees bytes."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiprobe_simulator import Pace, Scenario, Simulator

AT_ONCE = Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)
LINE = "badafan END12345"
PROMPT = f"Repeat this line exactly and then stop:\n{LINE}"
CHATS = ("anthropic-messages", "openai-chat", "openai-responses", "gemini")
PATHS = {
    "anthropic-messages": "/anthropic/v1/messages",
    "openai-chat": "/openai/v1/chat/completions",
    "openai-responses": "/openai/v1/responses",
    "openai-embeddings": "/openai/v1/embeddings",
}


def a_simulator(*, pace: Pace = AT_ONCE, scenario: Scenario | None = None, seed: int = 1, **more: Any) -> Simulator:
    return Simulator(pace=pace, scenario=scenario, seed=seed, **more)


def a_request(
    path: str,
    body: Any = None,
    *,
    method: str | None = None,
    key: str = "test-key",
    headers: dict[str, str] | None = None,
) -> bytes:
    """A request that asks for the connection to be closed after it; `body` is sent as JSON unless it is bytes."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = {"host": "127.0.0.1", "connection": "close", "content-length": str(len(data)), **(headers or {})}
    if key:
        lines.setdefault("authorization", f"Bearer {key}")
    verb = method or ("GET" if body is None else "POST")
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{verb} {path} HTTP/1.1\r\n{head}\r\n".encode() + data


def a_call(  # noqa: C901 - a case for each protocol
    asked: str,
    *,
    stream: bool = True,
    prompt: str = PROMPT,
    cap: int | None = 64,
    model: str = "some-model",
    provider: str | None = None,
    key: str = "test-key",
) -> bytes:
    """A request of protocol `asked`, or of the kinds models, web and egress."""
    user = [{"role": "user", "content": prompt}]
    headers = {"anthropic-version": "2026-10-21"} if asked == "anthropic-messages" else {}
    match asked:
        case "anthropic-messages":
            body: dict[str, Any] = {"model": model, "max_tokens": cap, "stream": stream, "messages": user}
        case "openai-chat":
            body = {"model": model, "stream": stream, "messages": user, "stream_options": {"include_usage": True}}
            body |= {"max_completion_tokens": cap} if cap else {}
        case "openai-responses":
            body = {"model": model, "stream": stream, "input": prompt} | ({"max_output_tokens": cap} if cap else {})
        case "openai-embeddings":
            body = {"model": model, "input": "a", "dimensions": 8}
        case "gemini":
            method = "streamGenerateContent?alt=sse" if stream else "generateContent"
            config = {"maxOutputTokens": cap} if cap else {}
            body = {"contents": [{"role": "user", "parts": [{"text": prompt}]}], "generationConfig": config}
            return a_request(f"/{provider or 'gemini'}/v1beta/models/{model}:{method}", body, key=key)
        case "bedrock-converse":
            content = [{"role": "user", "content": [{"text": prompt}]}]
            body = {"messages": content, "inferenceConfig": {"maxTokens": cap} if cap else {}}
            end = "converse-stream" if stream else "converse"
            return a_request(f"/{provider or 'bedrock'}/model/{model}/{end}", body, key=key)
        case "cohere-rerank":
            body = {"model": model, "query": "where is b?", "documents": ["a", "b"]}
            return a_request(f"/{provider or 'cohere'}/v2/rerank", body, key=key)
        case "cohere-chat":
            body = {"model": model, "stream": stream, "messages": user} | ({"max_tokens": cap} if cap else {})
            return a_request(f"/{provider or 'cohere'}/v2/chat", body, key=key)
        case "ollama-chat":
            options = {"num_predict": cap} if cap else {}
            body = {"model": model, "stream": stream, "messages": user, "options": options}
            return a_request(f"/{provider or 'ollama'}/api/chat", body, key=key)
        case "mcp":
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
            return a_request(f"/{provider or 'tools'}/mcp", body, key=key)
        case "models":
            return a_request(f"/{provider or 'openai'}/v1/models", key=key)
        case _:
            return a_request({"web": "/web/claude.ai", "egress": "/egress/2"}[asked], key="")
    path = PATHS[asked]
    if provider:
        path = f"/{provider}/" + path.split("/", 2)[2]
    return a_request(path, body, key=key, headers=headers)


@dataclass(slots=True)
class Reply:
    """What came back, and how it ended."""

    raw: bytes = b""
    reset: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    complete: bool = False
    """The body came to the end that its framing promised."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str | None, str]]:
        """The (name, data) of every server-sent event, comments left out."""
        found = []
        for block in self.body.decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
            if "data" in fields:
                found.append((fields.get("event"), fields["data"]))
        return found


async def ask(url: str, request: bytes, *, most_bytes: int = 1 << 22, ssl: Any = None) -> Reply:
    """Send one request and read until the peer is done, or `most_bytes` came."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=ssl)
    reply = Reply()
    raw = bytearray()
    try:
        writer.write(request)
        while len(raw) < most_bytes and (data := await reader.read(65_536)):
            raw += data
    except ConnectionResetError:
        reply.reset = True
    finally:
        writer.close()
    reply.raw = bytes(raw)
    _read(reply)
    return reply


async def ask_until(url: str, request: bytes, mark: bytes, *, then: Callable[[], Any]) -> tuple[bytes, bytes]:
    """Read up to `mark`, await `then()`, and return what came before and after it."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request)
        before = await reader.readuntil(mark) if mark else b""
        await then()
        try:
            after = await reader.read()
        except ConnectionResetError:
            after = b""
    finally:
        writer.close()
    return before, after


def _read(reply: Reply) -> None:
    head, found, rest = reply.raw.partition(b"\r\n\r\n")
    if not found or not head.startswith(b"HTTP/1.1 "):
        return
    lines = head.decode("latin-1").split("\r\n")
    reply.status = int(lines[0].split()[1])
    reply.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if reply.headers.get("transfer-encoding") != "chunked":
        reply.body = rest
        reply.complete = len(rest) >= int(reply.headers.get("content-length", "0"))
        return
    while found:
        size, found, rest = rest.partition(b"\r\n")
        length = int(size or b"0", 16) if found else 0
        if found and length == 0:
            reply.complete = True
            return
        reply.body += rest[:length]
        rest = rest[length + 2 :]
