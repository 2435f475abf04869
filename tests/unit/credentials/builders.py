"""Sources that do as they are told, and a server on this machine that plays a cloud's identity service."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiprobe.core.secret import Secret
from aiprobe.credentials.base import Lease, SourceError
from aiprobe.credentials.keeper import Keeper
from tests.clock import ManualClock


@dataclass
class AScript:
    """A source that gives what it was told to, one thing a call: a lease, an exception to raise, an event to await."""

    steps: list[object] = field(default_factory=list)
    calls: int = 0

    def fetch(self) -> Lease[str]:
        step = self.steps[min(self.calls, len(self.steps) - 1)]
        self.calls += 1
        if isinstance(step, threading.Event):
            step.wait(30)
            raise SourceError("was let go")
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, Lease)
        return step


def a_lease(value: str = "token-1", seconds: float = 3600.0) -> Lease[str]:
    return Lease(value=value, lifetime_seconds=seconds, secrets=(Secret(value),))


@asynccontextmanager
async def a_keeper(*steps: object) -> AsyncIterator[tuple[Keeper[str], AScript, ManualClock]]:
    """Lend a running keeper, its source and its clock; closed at the end, and no thread of it is left waiting."""
    source, clock = AScript(list(steps)), ManualClock()
    keeper = Keeper(source, name="test", clock=clock.clock, on_lease=lambda _: None)
    keeper.start()
    try:
        yield keeper, source, clock
    finally:
        await keeper.close()
        for step in steps:
            if isinstance(step, threading.Event):
                step.set()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what a thread does and no event of the loop tells of."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


@dataclass
class ACloud:
    """What a fake identity service was asked, and what it answers by path."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@asynccontextmanager
async def a_cloud(**answers: Any) -> AsyncIterator[ACloud]:
    """Lend a server in a thread: cloud libraries block, and read it from a thread of their own."""
    cloud = ACloud(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            cloud.asked.append(path)
            answer = next((made for end, made in cloud.answers.items() if path.endswith(end)), None)
            body = json.dumps(answer() if callable(answer) else answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("metadata-flavor", "Google")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class' name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield cloud
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        thread.join()
