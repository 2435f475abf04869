"""What a wheel has to hold: every file of the packages, and all that `aiprobe export` writes, by its path."""

import zipfile
from pathlib import Path
from typing import Final

from tests.install.locked import ROOT

SOURCE: Final = ROOT / "exporter"
_NOT_SHIPPED: Final = {"__pycache__", "src"}


def in_the_wheel(wheel: Path) -> dict[str, bytes]:
    """Return path -> content of everything in a wheel, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def in_the_checkout() -> dict[str, bytes]:
    """Return path -> content of everything that a wheel of this checkout has to hold."""
    folders = ("alerts", "dashboards", "deploy", "docs", "examples", "spec")
    bundled = [path for folder in folders for path in _files(ROOT / folder) if not path.name.startswith(".")]
    found = {path.relative_to(SOURCE).as_posix(): path.read_bytes() for path in _files(SOURCE)}
    return found | {f"aiprobe/bundle/{path.relative_to(ROOT).as_posix()}": path.read_bytes() for path in bundled}


def _files(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.is_file() and not _NOT_SHIPPED & {*path.parts[len(ROOT.parts) :]}
    ]
