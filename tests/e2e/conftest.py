"""The real tools that the end-to-end tests need: found, or installed as Debian packages; never quietly left out."""

import os
import shutil
import subprocess
from collections.abc import Callable

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
            install(PACKAGES[command])
            path = find(command)
        if path is None:
            pytest.fail(f"{command} is missing; on Debian: apt-get install {PACKAGES[command]}")
        return path

    return get


def install(package: str) -> None:
    """Install a Debian package without starting its services."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for arguments in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", package]):
        subprocess.run(["apt-get", *arguments], check=True, env=quiet, capture_output=True)
