"""A whole exporter as its users run it: a process of its own, started with the command line, read over HTTP."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

DEADLINE_SECONDS: Final = 60.0
_SHIFT: Final = "SECONDS_ADDED_TO_THE_WALL_CLOCK"
_CODE: Final = f"""
import os, time
real, added = time.time, float(os.environ.get("{_SHIFT}", 0))
time.time = lambda: real() + added
from aiprobe.cli import main
main()
"""
_TO_NOON: Final = 43200.0 - time.time() % 86400
AT_NOON: Final = {_SHIFT: str(_TO_NOON)}
"""The environment of a command whose wall clock stands at noon: no day, month or year ends in a test that has it."""


def noon() -> float:
    """Return what the wall clock of a command with `AT_NOON` reads now."""
    return time.time() + _TO_NOON


@dataclass(slots=True)
class Process:
    """A running command of aiprobe."""

    process: asyncio.subprocess.Process
    session: aiohttp.ClientSession
    url: str = ""
    log: list[str] = field(default_factory=list)

    async def get(self, path: str, **headers: str) -> str:
        """Return the body of a page."""
        async with self.session.get(self.url + path, headers=headers) as reply:
            return await reply.text()

    async def metrics(self) -> str:
        """Return the metrics in the classic text form."""
        return await self.get("/metrics")

    async def until(self, pattern: str, path: str = "/metrics") -> str:
        """Read a page until `pattern` is on it; fails after the deadline with the last page."""
        page = ""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not re.search(pattern, page, re.MULTILINE):
                    page = await self.get(path)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{pattern!r} never came on {path}:\n{page}\n{''.join(self.log)}") from None
        return page

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: nothing of the tester's own keys, but the clock of `make test-dates`."""
    clock = {name: value for name, value in os.environ.items() if name == "LD_PRELOAD" or name.startswith("FAKETIME")}
    usual = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error", "HOME": os.environ.get("HOME", "/")}
    return usual | clock | dict(extra)


@asynccontextmanager
async def running(config: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """Run `aiprobe serve` until the block ends; its log is kept, and it must end by itself when told to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CODE, "serve", "--config.file", str(config), "--web.listen-address", "127.0.0.1:0",
        *arguments, env=environment(environ or {}), cwd=config.parent,
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with aiohttp.ClientSession() as session:
        running_process = Process(process, session)
        reader = asyncio.create_task(_keep_log(running_process))
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not running_process.url:
                    assert process.returncode is None, "".join(running_process.log)
                    await asyncio.sleep(0.01)
            yield running_process
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(DEADLINE_SECONDS):
                await process.wait()
            await reader


async def _keep_log(process: Process) -> None:
    assert process.process.stderr is not None
    async for line in process.process.stderr:
        text = line.decode()
        process.log.append(text)
        found = re.search(r'is on (http://[^\s"]+)', text)
        if found:
            process.url = found[1]


async def run(*arguments: str, cwd: Path, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run a command of aiprobe to its end; returns exit status, output and errors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CODE, *arguments, env=environment(environ or {}), cwd=cwd,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(DEADLINE_SECONDS):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


def yaml_of(config: Mapping[str, Any]) -> str:
    """Return a configuration as YAML (JSON is YAML)."""
    return json.dumps(config, indent=1)


def a_config(directory: Path, url: str, **changes: Any) -> Path:
    """Write a configuration of one chat target against a simulator at `url`, with top-level `changes`."""
    config: dict[str, Any] = {
        "vantage": "test",
        "defaults": {
            "interval": "1s",
            "timeouts": {"connect": 0.5, "first_token": 0.6, "stall": 0.5, "total": 0.7},
            "suspicion": {"persistence": "1s"},  # three failures in a row are an outage after three seconds
        },
        "egress": [f"{url}/egress/1"],
        "journal": {"directory": str(directory / "data")},
        "status_pages": {"enabled": False},  # a test asks nobody but this machine
        "providers": {"openai": {"base_url": f"{url}/openai/v1", "api_key": "${TEST_KEY:-a-test-key-123}"}},
        "targets": [
            {"name": "gpt", "provider": "openai", "model": "gpt-4.1-nano", "probe": "chat", "surface": "OpenAI API",
             "price": {"input_usd": 1, "output_usd": 2}}
        ],
    }  # fmt: skip
    path = directory / "aiprobe.yml"
    path.write_text(yaml_of(config | changes), encoding="utf-8")
    return path
