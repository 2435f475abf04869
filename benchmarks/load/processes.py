"""The processes of a run: starts and queries them, measures them by the kernel's clocks, and ends them with the run."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.01


@dataclass(frozen=True, slots=True)
class Process:
    """A running child. Its numbers come from /proc and the kernel's clock of its CPU time: Linux only."""

    child: "subprocess.Popen[bytes]"

    def cpu_seconds(self) -> float:
        """Return the CPU time of all its threads so far, user and system (clock_getcpuclockid(3): `~pid << 3 | 2`)."""
        return time.clock_gettime(~self.child.pid << 3 | 2)

    def resident_bytes(self, *, most: bool = False) -> int:
        """Return its resident memory now, or its maximum with `most`."""
        name = "VmHWM:" if most else "VmRSS:"
        status = Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path | None = None,
    piped: bool = False,
    environ: dict[str, str] | None = None,
) -> Iterator[Process]:
    """Run a command until the block ends. Its output goes to `log`, or with `piped` to `first_line`."""
    with (log or Path("/dev/null")).open("ab") as errors:
        out = subprocess.PIPE if piped else errors
        child = subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=out, stderr=errors, env=environ)
        try:
            yield Process(child)
        finally:
            child.terminate()
            try:
                child.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            if child.stdout:
                child.stdout.close()


@contextmanager
def endpoint(certificate: Path | None = None) -> Iterator[dict[str, int]]:
    """Run the AI service; yields its ports, `plain` and `tls`."""
    command: list[str | Path] = [sys.executable, "-m", "benchmarks.load.endpoint"]
    if certificate is not None:
        command += ["--certificate", certificate]
    with running(command, piped=True) as process:
        yield json.loads(first_line(process))


def first_line(process: Process) -> str:
    """Return the first line of a child's standard output."""
    assert process.child.stdout is not None
    return process.child.stdout.readline().decode()


def get(port: int, path: str, *, headers: dict[str, str] | None = None) -> bytes:
    """Return the unchanged body of a GET on the loopback (compressed, if `headers` ask for that)."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers or {})
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise HTTPException(f"{path}: status {reply.status}: {body[:200]!r}")
        return body
    finally:
        connection.close()


def wait_until_answered(process: Process, port: int, path: str) -> bytes:
    """Return the first 200 to a GET. Raises RuntimeError if the process ends, or does not answer for a minute."""
    begun = time.monotonic()
    while time.monotonic() - begun < START_SECONDS and process.child.poll() is None:
        with suppress(OSError, HTTPException):
            return get(port, path)
        time.sleep(_POLL_SECONDS)
    raise RuntimeError(f"nothing answers on {port}{path}: {process.child.args!r}")
