"""Requirements files read as what they are: lists of name, version, marker and hashes."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker

ROOT = Path(__file__).parents[2]
FILES = ("requirements.txt", "requirements-build.txt", "requirements-dev.txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """One line of a requirements file."""

    name: str
    version: str
    marker: str
    hashes: frozenset[str]

    @property
    def is_for_this_python(self) -> bool:
        """Return whether pip installs it here."""
        return not self.marker or Marker(self.marker).evaluate()

    def as_line(self) -> str:
        """Return the line, as pip reads it."""
        marker = f" ; {self.marker}" if self.marker else ""
        return " ".join([f"{self.name}=={self.version}{marker}", *(f"--hash={each}" for each in sorted(self.hashes))])


def read(file: str) -> list[Locked]:
    """Return the lines of a requirements file of the project."""
    text = (ROOT / file).read_text("utf-8").replace("\\\n", " ")
    found = []
    for line in text.splitlines():
        if not line or line.startswith((" ", "#")):
            continue
        pin, *hashes = line.split("--hash=")
        what, _, marker = pin.partition(";")
        name, _, version = what.strip().partition("==")
        found.append(
            Locked(name=name, version=version, marker=marker.strip(), hashes=frozenset(each.strip() for each in hashes))
        )
    return found


def sha256(path: Path) -> str:
    """Return the hash of a file as a requirements file spells it."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def installed_by(lines: list[Locked]) -> dict[str, str]:
    """Return name -> version of what pip installs of these lines here."""
    return {re.sub(r"[-_.]+", "-", each.name).lower(): each.version for each in lines if each.is_for_this_python}
