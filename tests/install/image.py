"""The image built without an engine: the steps of the Dockerfile's first stage, run in a plain directory.

Only what this Dockerfile uses is read: `WORKDIR`, `COPY` of files beside it, and `RUN`. Absolute paths of the image lie
below the directory.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.install.locked import ROOT

_OWN: Final = ("/build", "/opt/aiprobe", "/var/lib/aiprobe", "/etc/aiprobe")
"""What the image creates."""


def build_in(directory: Path) -> Path:
    """Run the first stage below a directory; returns the folder that is /opt/aiprobe in the image.

    Raises:
        subprocess.CalledProcessError: a step failed.
    """
    below = re.compile(rf"(?<![\w.-])(?=(?:{'|'.join(_OWN)})(?![\w-]))")
    tools = directory / "path"
    tools.mkdir(parents=True)
    (tools / "python").symlink_to(sys.executable)
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PIP_QUIET": "1"}
    where = directory
    for word, rest in steps():
        match word:
            case "WORKDIR":
                where = directory / rest.lstrip("/")
                where.mkdir(parents=True, exist_ok=True)
            case "COPY":
                *sources, target = rest.split()
                _copy(sources, where / target)
            case "RUN":
                subprocess.run(below.sub(str(directory), rest), shell=True, cwd=where, env=environment, check=True)
            case _:
                assert word in {"FROM", "ENV"}, f"{word} is not a step that is known here"
    return directory / "opt/aiprobe"


def steps() -> list[tuple[str, str]]:
    """Return (instruction, rest) of the first stage."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    starts = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    return [(line.split()[0], line.partition(" ")[2]) for line in lines[starts[0] : starts[1]]]


def _copy(sources: list[str], target: Path) -> None:
    for source in map(ROOT.joinpath, sources):
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
