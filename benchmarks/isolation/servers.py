"""The two servers of the benchmark, in a separate process: a good one that reports when it sent, and a hostile one."""

import asyncio
import json
import random
import re
import time
from multiprocessing.connection import Connection
from typing import Any, Final

from benchmarks.isolation.hostile import WAYS

_ROUTE: Final = re.compile(rb"POST /(\d+)/")
FIRST_SECONDS: Final = (0.02, 0.08)
"""The first token is sent within this range."""


async def _request(reader: asyncio.StreamReader) -> tuple[bytes, dict[str, Any]]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    return head, json.loads(await reader.readexactly(length))


def _event(sent: float, text: str, finish: str | None = None) -> bytes:
    """Return an event whose `model` contains the time of sending, on the clock that all processes share."""
    delta = {"content": text} if text else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"model": f"sent-{sent:.7f}", "choices": [choice]}).encode() + b"\n\n"


async def _good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        _, body = await _request(reader)
        answer = body["messages"][-1]["content"].rpartition("\n")[2]
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        await asyncio.sleep(random.uniform(*FIRST_SECONDS))  # noqa: S311 - not for secrets
        sent = time.monotonic()
        writer.write(_event(sent, answer[:3]))
        for _ in range(5):
            await asyncio.sleep(0.01)
        writer.write(_event(sent, answer[3:]) + _event(sent, "", "stop") + b"data: [DONE]\n\n")
        await writer.drain()
    finally:
        writer.close()


async def _hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        head, _ = await _request(reader)
        found = _ROUTE.match(head)
        way = list(WAYS.values())[int(found[1]) if found else 0]
        writer.write(way.first)
        while way.then:
            writer.write(way.then)
            await writer.drain()
        await reader.read()
    except ConnectionError:
        pass
    finally:
        writer.close()


def serve(ports: Connection) -> None:
    """Serve until killed; sends the two ports."""

    async def run() -> None:
        good = await asyncio.start_server(_good, "127.0.0.1", 0, backlog=1000)
        hostile = await asyncio.start_server(_hostile, "127.0.0.1", 0)
        ports.send([server.sockets[0].getsockname()[1] for server in (good, hostile)])
        await asyncio.Event().wait()

    asyncio.run(run())
