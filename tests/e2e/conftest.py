"""The real tools that the end-to-end tests need: found, or installed as Debian packages; never quietly left out."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "chromium": "chromium",
    "ip": "iproute2",
}
"""Command -> Debian package."""
LOCK_SECONDS = 600
"""How long apt-get waits for another one."""
_NAMES = {"alertmanager": ("alertmanager", "prometheus-alertmanager")}
"""Debian renames some commands."""


def find(command: str) -> str | None:
    """Return the path of a command, or None."""
    return next(filter(None, map(shutil.which, _NAMES.get(command, (command,)))), None)


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Return what finds a command, installing its package where that is possible; fails plainly where it is not."""

    def get(command: str) -> str:
        path = find(command)
        if path is None and os.geteuid() == 0 and shutil.which("apt-get"):
            install(command)
            path = find(command)
        if path is None:
            pytest.fail(f"{command} is missing; on Debian: apt-get install {PACKAGES[command]}")
        return path

    return get


def install(command: str) -> None:
    """Install the Debian package of a command without starting its services; the workers of a run take turns."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    waiting = ["-q", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
    with (Path(tempfile.gettempdir()) / "aiprobe-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if find(command):
            return
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", PACKAGES[command]]):
            done = subprocess.run(
                ["apt-get", *waiting, *arguments], check=False, env=quiet, capture_output=True, text=True
            )
            if done.returncode:
                pytest.fail(f"apt-get {' '.join(arguments)}: {done.stderr}")
