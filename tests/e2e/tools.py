"""The real tools of the end-to-end tests. `make e2e` has them ready before the first test starts: no test installs any.

Debian has an old generation of them as packages. Go builds a current one into a cache folder; `make e2e-built` runs the
tests of that one.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from typing import Final

from tests.alerts.gotools import NotToBeHadError, built

PACKAGES: Final = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "ip": "iproute2",
    "haproxy": "haproxy",
}
"""Command -> Debian package."""
OF_GRAFANA: Final = {"chromium": "chromium"}
"""The same, for the tests that run where GRAFANA_URL names a Grafana."""
BUILT: Final = ("prometheus", "alertmanager", "pint", "helm", "helm4")
"""Recipes of the current generation, which no package of a distribution has."""
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


def main(arguments: list[str]) -> None:
    """Install the packages that are missing; with `--built`, build with Go what no package has.

    Raises:
        SystemExit: a tool is missing and cannot be had here; the message names the reason or the command that gets it.
    """
    wanted = missing(PACKAGES | (OF_GRAFANA if os.environ.get("GRAFANA_URL") else {}))
    if wanted and (os.geteuid() != 0 or shutil.which("apt-get") is None):
        sys.exit(f"e2e: missing: {' '.join(wanted)}; on Debian and Ubuntu, as root: {how_to_get(wanted)}")
    if wanted:
        _say(how_to_get(wanted))
        install(wanted)
    for name in BUILT if "--built" in arguments else ():
        try:
            built(name, announce=_say)
        except NotToBeHadError as reason:
            sys.exit(f"e2e: no current {name}: {reason}")


def _say(text: str) -> None:
    sys.stderr.write(f"e2e: {text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
