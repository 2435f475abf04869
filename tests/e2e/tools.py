"""The real tools of the end-to-end tests. `make e2e` has them ready before the first test starts: no test installs any.

Debian has an old generation of them as packages. Go builds a current one into a cache folder; `make e2e-built` runs the
tests of that one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.alerts.gotools import NotToBeHadError, built

PACKAGES: Final = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "ip": "iproute2",
    "haproxy": "haproxy",
    "chromium": "chromium",
}
"""Command -> Debian package."""
BUILT: Final = ("prometheus", "alertmanager", "pint", "helm", "helm4")
"""Recipes of the current generation, which no package of a distribution has."""
CONSUMERS: Final = {
    "statuspage-prometheus-exporter": (
        "statuspage-prometheus-exporter==2.6.0", "prometheus-client==0.26.0", "APScheduler==3.11.3", "tzlocal==5.4.5",
        "requests==2.34.2", "certifi==2026.10.19.post1", "charset-normalizer==3.5.3", "idna==3.20", "urllib3==2.8.0",
    ),
    "statuscheck": (
        "statuscheck==3.11.0", "attrs==20.3.0", "click==7.1.2", "httpx==0.16.1", "httpcore==0.12.3", "h11==0.16.0",
        "rfc3986==1.5.0", "sniffio==1.3.1", "certifi==2026.10.19.post1", "idna==3.20",
    ),
}  # fmt: skip
"""Programs of others that read an Atlassian Statuspage: everything that each needs, for an environment of its own."""
LOCK_SECONDS: Final = 600
"""How long apt-get waits for another one."""
_NAMES: Final = {"alertmanager": ("alertmanager", "prometheus-alertmanager")}
"""Debian renames some commands."""


def find(command: str) -> str | None:
    """Return the path of a command, or None."""
    return next(filter(None, map(shutil.which, _NAMES.get(command, (command,)))), None)


def missing(packages: dict[str, str]) -> list[str]:
    """Return the packages of which a command is not here."""
    return sorted({package for command, package in packages.items() if find(command) is None})


def how_to_get(packages: Iterable[str]) -> str:
    """Return the command line that installs packages on Debian and Ubuntu."""
    return f"apt-get install --no-install-recommends {' '.join(packages)}"


def install(packages: list[str]) -> None:
    """Install Debian packages without starting their services. Raises SystemExit with apt-get's words if it fails."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    waiting = ["-q", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *waiting, *arguments], check=False, env=quiet, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"e2e: apt-get {' '.join(arguments)}: {done.stderr}")


def consumer(name: str) -> Path:
    """Return the `bin` of the environment of a program in `CONSUMERS`, whether it is there or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aiprobe-tools"
    return cache / CONSUMERS[name][0] / "bin"


def install_consumer(name: str) -> None:
    """Install a program of `CONSUMERS` once. Raises SystemExit with pip's words if it fails."""
    binaries = consumer(name)
    done = binaries.parent / "installed"
    if done.exists():
        return
    _say(f"install {CONSUMERS[name][0]} from PyPI, once, into {binaries.parent}")
    pip = [str(binaries / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(binaries.parent)], [*pip, *CONSUMERS[name]]):
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        if ended.returncode:
            sys.exit(f"e2e: no {name}: {ended.stderr}")
    done.touch()


def main(arguments: list[str]) -> None:
    """Install the packages and the consumers that are missing; with `--built`, build with Go what no package has.

    Raises:
        SystemExit: a tool is missing and cannot be had here; the message names the reason or the command that gets it.
    """
    wanted = missing(PACKAGES)
    if wanted and (os.geteuid() != 0 or shutil.which("apt-get") is None):
        sys.exit(f"e2e: missing: {' '.join(wanted)}; on Debian and Ubuntu, as root: {how_to_get(wanted)}")
    if wanted:
        _say(how_to_get(wanted))
        install(wanted)
    for name in CONSUMERS:
        install_consumer(name)
    for name in BUILT if "--built" in arguments else ():
        try:
            built(name, announce=_say)
        except NotToBeHadError as reason:
            sys.exit(f"e2e: no current {name}: {reason}")


def _say(text: str) -> None:
    sys.stderr.write(f"e2e: {text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
