"""The pips that `make` has to work with: fetched from the package registry, by their hash."""

import subprocess
import sys
from pathlib import Path
from typing import Final

OLDEST: Final = {(3, 11): "22.3", (3, 12): "23.2.1", (3, 13): "24.2", (3, 14): "25.2"}
"""The pip that the first release of each Python brings (Lib/ensurepip of 3.11.0, 3.12.0, 3.13.0 and 3.14.0)."""
NEWEST: Final = "26.3"
"""The newest pip on 2026-11-29."""
_HASHES: Final = {
    "22.3": "1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab",
    "23.2.1": "7ccf472345f20d35bdc9d1841ff5f313260c2c33fe417f48c30ac46cccabf5be",
    "24.2": "2cd581cf58ab7fcfca4ce8efa6dcacd0de5bf8d0a3eb9ec927e07405f4d9e2a2",
    "25.2": "6d67a2b4e7f14d8b31b8b52648866fa717f45a1eb70e83002f4331d07e953717",
    "26.3": "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
}


def fetch(version: str, folder: Path) -> Path:
    """Return what Python runs as this pip: a wheel's folder of its modules."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / "pip.txt"
    wanted.write_text(f"pip=={version} --hash=sha256:{_HASHES[version]}\n", encoding="utf-8")
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*download, "--dest", str(folder), "--requirement", str(wanted)], check=True)
    return folder / f"pip-{version}-py3-none-any.whl" / "pip"
