"""Two simulated providers, HAProxy before them, aiprobe beside them on a way of its own that can be cut."""

import asyncio
import json
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from aiprobe_simulator.server import Simulator

PACES: Final = {
    "aiprobe, a probe every 10 s": (
        "calm",
        {"interval": "10s", "timeouts": {"connect": 2, "first_token": 4, "stall": 3, "total": 6}},
    ),
    "aiprobe, a probe every 2 s": (
        "quick",
        {
            "interval": "2s",
            "timeouts": {"connect": 0.5, "first_token": 1, "stall": 0.5, "total": 1.4},
            "suspicion": {"persistence": "5s"},
        },
    ),
}
"""How a router's aiprobe probes, by the name of the row: an account and the settings of its targets."""
ROWS: Final = ("TCP checks", "passive ejection (`observe layer7`)", *PACES)
_PASSIVE: Final = "observe layer7 error-limit 10 on-error mark-down"
"""With the default of ten errors in a row (manual of HAProxy 2.6, section 5.2)."""
_HAPROXY: Final = """\
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 5s
  default-server inter 1s fall 3 rise 2
"""
_PROXY: Final = """\
listen {name}
  bind 127.0.0.1:{port}
  server first 127.0.0.1:{first} check {options_first}
  server second 127.0.0.1:{second} check backup {options_second}
"""


class Link:
    """Passes TCP connections on to a port, until it is cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = free_port()

    async def open(self) -> None:
        """Begin to accept connections."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Refuse new connections and break off those that are open."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, there_writer}

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except OSError:
                pass
            finally:
                sink.close()

        await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))
        self._writers -= {writer, there_writer}


@dataclass
class Setup:
    """Everything that runs."""

    first: Simulator
    second: Simulator
    links: tuple[Link, Link]
    ports: Mapping[str, int]
    """Where users ask, by row."""
    config: Path
    web_port: int
    session: aiohttp.ClientSession
    _aiprobe: asyncio.subprocess.Process | None = field(default=None)

    async def start_aiprobe(self) -> None:
        """Start the exporter and wait until it has an answer about every target."""
        self._aiprobe = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "aiprobe", "serve", "--config.file", str(self.config),
            "--web.listen-address", f"127.0.0.1:{self.web_port}", "--log.level", "error", cwd=self.config.parent,
        )  # fmt: skip
        await self.settled()

    async def kill_aiprobe(self) -> None:
        """End the exporter at once."""
        if self._aiprobe is not None and self._aiprobe.returncode is None:
            self._aiprobe.kill()
            await self._aiprobe.wait()

    async def forget(self) -> None:
        """Start the exporter anew, without a memory: a doubt that remains would shorten the next one."""
        await self.kill_aiprobe()
        shutil.rmtree(self.config.parent / "data", ignore_errors=True)
        await self.start_aiprobe()

    async def settled(self) -> None:
        """Wait until aiprobe finds both providers operational at both paces."""
        wanted = {f"{name}-{pace}" for name in ("first", "second") for pace, _ in PACES.values()}
        async with asyncio.timeout(240):
            while wanted:
                name = next(iter(wanted))
                try:
                    path = f"http://127.0.0.1:{self.web_port}/health/target/{name}?at_least=operational"
                    async with self.session.get(path) as reply:
                        if reply.status == 200:
                            wanted.discard(name)
                            continue
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.2)


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def haproxy_config(ports: Mapping[str, int], first: int, second: int, web_port: int) -> str:
    """Return the configuration of HAProxy: one frontend for each row."""
    parts = [_HAPROXY]
    for number, (row, port) in enumerate(ports.items()):
        options = {"first": "", "second": ""}
        if row in PACES:
            options = {name: agent(f"{name}-{PACES[row][0]}", web_port) for name in options}
        elif row.startswith("passive"):
            options = dict.fromkeys(options, _PASSIVE)
        parts.append(
            _PROXY.format(
                name=f"row{number}",
                port=port,
                first=first,
                second=second,
                options_first=options["first"],
                options_second=options["second"],
            )
        )
    return "\n".join(parts)


def agent(target: str, web_port: int) -> str:
    """Return the options of a server that follows aiprobe's verdict on a target."""
    request = f"GET /health/target/{target}?unknown=pass HTTP/1.0\\r\\n\\r\\n"
    return f'agent-check agent-addr 127.0.0.1 agent-port {web_port} agent-inter 1s agent-send "{request}"'


def aiprobe_config(folder: Path, first: int, second: int) -> Mapping[str, object]:
    """Return the configuration of aiprobe: a target for each provider and pace, and an egress check on the same way."""
    places = {"first": first, "second": second}
    providers, targets = {}, []
    for pace, settings in PACES.values():
        for name, port in places.items():
            account = f"{name}-{pace}"
            providers[account] = {
                "protocol": "openai-chat",
                "base_url": f"http://127.0.0.1:{port}/openai/v1",
                "api_key": "a-test-key-123",
            }
            targets.append({"name": account, "provider": account, "model": "gpt-4.1-nano", "probe": "chat", **settings})
    return {
        "egress": [f"http://127.0.0.1:{port}/egress/1" for port in places.values()],
        "journal": {"directory": str(folder / "data")},
        "status_pages": {"enabled": False},
        "providers": providers,
        "targets": targets,
    }


@asynccontextmanager
async def a_setup(folder: Path) -> AsyncIterator[Setup]:
    """Run everything until the block ends. Raises RuntimeError where there is no HAProxy."""
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin") or shutil.which("haproxy")
    if haproxy is None:
        raise RuntimeError("haproxy is not installed; on Debian: apt-get install haproxy")
    async with AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(Simulator()) for _ in range(2)]
        here = [int(one.url.rpartition(":")[2]) for one in (first, second)]
        links = (Link(here[0]), Link(here[1]))
        for link in links:
            await link.open()
            stack.push_async_callback(link.cut)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        ports, web_port = {row: free_port() for row in ROWS}, free_port()
        config = folder / "aiprobe.yml"
        config.write_text(json.dumps(aiprobe_config(folder, links[0].port, links[1].port)))
        setup = Setup(first, second, links, ports, config, web_port, session)
        stack.push_async_callback(setup.kill_aiprobe)
        await setup.start_aiprobe()
        (folder / "haproxy.cfg").write_text(haproxy_config(ports, here[0], here[1], web_port))
        router = await asyncio.create_subprocess_exec(
            haproxy, "-q", "-f", str(folder / "haproxy.cfg"), stderr=asyncio.subprocess.DEVNULL
        )
        stack.push_async_callback(router.wait)
        stack.callback(router.kill)
        await asyncio.sleep(3)
        yield setup
