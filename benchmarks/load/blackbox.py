"""blackbox_exporter as the peer: two versions, the same endpoint, and one client per parallel probe."""

import asyncio
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, cast

from benchmarks.load.exporter import Load, free_port
from benchmarks.load.processes import Process, running, wait_until_answered

DEBIAN: Final = "prometheus-blackbox-exporter"
_BODY: Final = json.dumps(
    {
        "model": "bench-1",
        "messages": [{"role": "user", "content": "Repeat this line exactly and then stop:\nbadokufin END12345"}],
        "stream": True,
        "max_tokens": 64,
    }
)
_SUCCESS: Final = re.compile(rb"^probe_success 1$", re.MULTILINE)
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Blackbox:
    """A running peer."""

    name: str
    process: Process
    port: int


def binaries(built: Path | None) -> dict[str, Path]:
    """Return the versions on this machine, by name: Debian's, and the one that was built with Go."""
    debian = shutil.which(DEBIAN)
    found = {"blackbox 0.23 (Debian)": Path(debian)} if debian else {}
    return found | ({"blackbox current": built} if built else {})


def modules(ca_file: Path | None) -> str:
    """Return its configuration: a POST whose whole reply is read and searched, as a check of the answer would."""
    http: dict[str, object] = {
        "method": "POST",
        "headers": {"content-type": "application/json", "authorization": "Bearer sk-of-nobody-0123456789"},
        "body": _BODY,
        "fail_if_body_not_matches_regexp": [r"END\d+"],
        "preferred_ip_protocol": "ip4",
    }
    if ca_file is not None:
        http["tls_config"] = {"ca_file": str(ca_file)}
    return json.dumps({"modules": {"chat": {"prober": "http", "timeout": "5s", "http": http}}})


@contextmanager
def blackbox(name: str, binary: Path, *, directory: Path, ca_file: Path | None) -> Iterator[Blackbox]:
    """Run a peer; yields when it answers."""
    file, port = directory / "blackbox.yml", free_port()
    file.write_text(modules(ca_file))
    command: list[str | Path] = [
        binary,
        f"--config.file={file}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with running(command, log=directory / "blackbox.log") as process:
        wait_until_answered(process, port, "/-/healthy")
        yield Blackbox(name, process, port)


def probe_path(load: Load, ports: dict[str, int]) -> str:
    """Return the path of a scrape that probes the endpoint once."""
    scheme, port = ("https", ports["tls"]) if load.tls else ("http", ports["plain"])
    return f"/probe?module=chat&target={scheme}://127.0.0.1:{port}{load.path}/chat/completions"


@dataclass(slots=True)
class Tally:
    """The counts of the clients."""

    good: int = 0
    bad: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Client(asyncio.Protocol):
    """Requests one probe after the other on a kept-open connection, as a scraping Prometheus does."""

    request: bytes
    tally: Tally
    until: float
    done: "asyncio.Future[None]"
    transport: asyncio.Transport | None = None
    held: bytes = b""
    pieces: list[bytes] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.held += data
        head, found, body = self.held.partition(b"\r\n\r\n")
        told = _LENGTH.search(head)
        if not found or not (len(body) >= int(told[1]) if told else body.endswith(_LAST_CHUNK)):
            return
        self.held = b""
        if _SUCCESS.search(body):
            self.tally.good += 1
        else:
            self.tally.bad += 1
        assert self.transport is not None
        if time.monotonic() < self.until:
            self.transport.write(self.request)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def drive(port: int, path: str, *, parallel: int, seconds: float) -> Tally:
    """Keep `parallel` probes running for `seconds`; each finished one is followed by the next at once."""
    tally, loop = Tally(), asyncio.get_running_loop()
    begun = time.monotonic()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    waiting = []
    for _ in range(parallel):
        done: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(partial(_Client, request, tally, begun + seconds, done), "127.0.0.1", port)
        waiting.append(done)
    await asyncio.wait_for(asyncio.gather(*waiting), seconds + 30)
    tally.seconds = time.monotonic() - begun
    return tally
