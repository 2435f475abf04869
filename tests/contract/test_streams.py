"""A command whose standard streams are closed, or cannot carry what is printed, works as any other."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.contract.running import DEADLINE_SECONDS, environment

pytestmark = pytest.mark.slow

CONFIG = """
providers: {p: {protocol: openai-chat, base_url: "http://127.0.0.1:9/v1", egress: false}}
targets: [{name: caf\u00e9-\u6a21\u578b, provider: p, model: m, probe: chat, interval: 60s}]
egress: []
journal: {directory: data}
"""


async def shell(line: str, directory: Path, **environ: str) -> tuple[int, str]:
    """Run a line of shell; returns its status, and what it printed."""
    process = await asyncio.create_subprocess_shell(
        line, cwd=directory, env=environment(environ | {"PYTHON": sys.executable}),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(DEADLINE_SECONDS):
        out, _ = await process.communicate()
    return process.returncode or 0, out.decode("latin-1")


def has_files(directory: Path) -> bool:
    return directory.exists() and any(directory.iterdir())


def stream_of(pid: int, number: int) -> str:
    return str(Path(f"/proc/{pid}/fd/{number}").readlink())


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"])
async def test_serve_ends_by_itself_whatever_streams_are_closed(closed: str, tmp_path: Path) -> None:
    (tmp_path / "aiprobe.yml").write_text(CONFIG, encoding="utf-8")
    line = f'exec "$PYTHON" -m aiprobe serve --config.file aiprobe.yml --web.listen-address 127.0.0.1:0 {closed}'
    process = await asyncio.create_subprocess_shell(line, cwd=tmp_path, env=environment({"PYTHON": sys.executable}))
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not has_files(tmp_path / "data"):
                await asyncio.sleep(0.02)
                assert process.returncode is None
            for number in (0, 1, 2):
                target = stream_of(process.pid, number)
                assert not target.startswith(("socket:", "anon_inode:")), target
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def serving(directory: Path, *arguments: str, stderr: int) -> AsyncIterator[asyncio.subprocess.Process]:
    (directory / "aiprobe.yml").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "aiprobe", "serve", "--web.listen-address", "127.0.0.1:0", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=directory, env=environment({}), stderr=stderr)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_serve_goes_on_and_stops_when_nobody_reads_its_log(tmp_path: Path) -> None:
    reader, full = os.pipe()
    os.set_blocking(full, False)
    with suppress(BlockingIOError):
        while True:
            os.write(full, b"x" * 4096)
    os.set_blocking(full, True)
    async with serving(tmp_path, "--log.level", "debug", stderr=full) as process:
        while not has_files(tmp_path / "data"):
            await asyncio.sleep(0.02)
            assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    os.close(reader)
    os.close(full)


def awaits_hang_up(pid: int) -> bool:
    """Return whether a process ignores or handles SIGHUP."""
    masks = re.findall(r"Sig(?:Ign|Cgt):\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text())
    return any(int(mask, 16) >> (signal.SIGHUP - 1) & 1 for mask in masks)


async def test_a_reload_that_is_requested_during_the_start_is_made_after_it(tmp_path: Path) -> None:
    async with serving(tmp_path, stderr=asyncio.subprocess.PIPE) as process:
        assert process.stderr is not None
        while not awaits_hang_up(process.pid):
            await asyncio.sleep(0.005)
        line, started = b"", asyncio.ensure_future(process.stderr.readline())
        while not started.done():
            process.send_signal(signal.SIGHUP)
            await asyncio.wait([started], timeout=0.05)
        line = await started
        while b"configuration reloaded" not in line:
            line = await process.stderr.readline()
            assert line, f"it ended with {await process.wait()}"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
@pytest.mark.parametrize("command", ["check", "probe caf\u00e9-\u6a21\u578b"])
async def test_output_survives_a_terminal_of_few_characters(command: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "aiprobe.yml").write_text(CONFIG, encoding="utf-8")
    line = f'"$PYTHON" -m aiprobe {command} --config.file aiprobe.yml'
    status, out = await shell(line, tmp_path, PYTHONIOENCODING=encoding, LC_ALL="C.UTF-8")
    assert status == (0 if command == "check" else 1), out
    assert "Traceback" not in out
    assert "caf" in out
