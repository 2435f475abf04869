"""A whole exporter whose connections lead to a script instead of a socket: the same work in every run."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiprobe.app import App, Options
from aiprobe.core.clock import Clock
from aiprobe.core.model import Attempt, Finished
from aiprobe.core.secret import Redactor
from aiprobe.known import read_settings
from aiprobe.transport.connection import Connection
from aiprobe.transport.dial import read_buffer

_WORDS = re.compile(rb"stop:\\n(\w+) (END\d+)")
_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req-7\r\ntransfer-encoding: chunked\r\n\r\n"
)
_CHUNK = '{"id":"c-1","model":"m-1","choices":[{"index":0,"delta":%s,"finish_reason":%s}]%s}'


def _reply(words: re.Match[bytes]) -> list[bytes]:
    """Return a head and ten events, each in bytes of its own."""
    texts = [words[1].decode(), *" " * 6, words[2].decode()]
    events = [_CHUNK % (json.dumps({"content": text}), "null", "") for text in texts]
    events += [_CHUNK % ("{}", '"stop"', ',"usage":{"prompt_tokens":24,"completion_tokens":8}'), "[DONE]"]
    framed = [f"data: {event}\n\n".encode() for event in events]
    return [_HEAD, *(b"%x\r\n%b\r\n" % (len(each), each) for each in framed[:-1]), _last(framed[-1])]


def _last(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(event), event)


class Wire(asyncio.Transport):
    """Answers a request from the script, a turn of the loop for each event."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._script: list[bytes] = []
        self._closed = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return self._closed

    def write(self, data: Any) -> None:
        words = _WORDS.search(bytes(data))
        assert words is not None
        self._script = _reply(words)
        self._loop.call_soon(self._give)

    def _give(self) -> None:
        if not self._closed:
            data = self._script.pop(0)
            self._connection.get_buffer(-1)[: len(data)] = data
            self._connection.buffer_updated(len(data))
        if self._script:
            self._loop.call_soon(self._give)

    def abort(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.call_soon(self._connection.connection_lost, None)


class Scripted:
    """A dialer whose connections are wires."""

    most = 1000

    def __init__(self, app: App) -> None:
        self._transport = app.transport

    async def open(self, *_: Any, exchange: Any, **__: Any) -> Connection:
        exchange.connections_tried += 1
        exchange.enter("connect", exchange.started)
        connection = Connection(self._transport._clock, self._transport._live, read_buffer())
        connection.connection_made(Wire(connection))
        return connection


def written_config(directory: Path, *, targets: int) -> Path:
    """Write a configuration of chat targets that are probed once a day, and return its file."""
    provider = {"protocol": "openai-chat", "base_url": "http://192.0.2.1/v1", "api_key": "none", "egress": False}
    price = {"input_usd": 1, "output_usd": 2}
    target = {"provider": "p", "surface": "API", "model": "m-1", "probe": "chat", "price": price}
    slo = {"availability": 99.5, "time_to_first_token": {"below": "2s", "objective": 95}}
    document = {
        "vantage": "here",
        "egress": [],
        "journal": {"directory": str(directory / "journal")},
        "defaults": {"interval": "1d", "slo": slo},
        "providers": {"p": provider},
        "targets": [{"name": f"target-{number:03}", **target} for number in range(targets)],
    }
    directory.mkdir(exist_ok=True)
    file = directory / "aiprobe.yml"
    file.write_text(json.dumps(document))
    return file


@asynccontextmanager
async def an_exporter(directory: Path, targets: int, clock: Clock | None = None) -> AsyncIterator[App]:
    """Run one that probes only when it is told to."""
    file = written_config(directory, targets=targets)
    options = Options(config_file=file, listen_addresses=("127.0.0.1:0",))
    async with App(read_settings(file, {}), options, redactor=Redactor(), clock=clock or Clock()) as app:
        app.transport._dialer = Scripted(app)  # type: ignore[assignment]
        app.heartbeat._tickers = ()  # they come with the time of day
        yield app


async def probe_each(app: App) -> list[Finished]:
    """Probe every target once, through the scheduler, one after the other."""
    runners = list(app.scheduler._runners.values())
    finished = [await app.scheduler._attempt(runner, Attempt.SCHEDULED) for runner in runners]
    assert all(isinstance(one, Finished) for one in finished)
    return finished  # type: ignore[return-value]
