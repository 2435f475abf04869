"""A command whose standard streams are closed, or cannot carry what is printed, works as any other."""

import asyncio
import signal
import sys
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


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
@pytest.mark.parametrize("command", ["check", "probe caf\u00e9-\u6a21\u578b"])
async def test_output_survives_a_terminal_of_few_characters(command: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "aiprobe.yml").write_text(CONFIG, encoding="utf-8")
    line = f'"$PYTHON" -m aiprobe {command} --config.file aiprobe.yml'
    status, out = await shell(line, tmp_path, PYTHONIOENCODING=encoding, LC_ALL="C.UTF-8")
    assert status == (0 if command == "check" else 1), out
    assert "Traceback" not in out
    assert "caf" in out
