"""Credentials that change at run time: fetched and renewed in the background, never during a probe's measured time.

Each source is one file and one line in the table. Cloud libraries are extras: a source imports its library when it is
built, so the core install needs none of them.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Final

_NEEDED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "aws": ("aws", ("botocore",)),
    "google": ("gcp", ("google.auth", "requests")),
    "azure": ("azure", ("azure.identity",)),
}
"""Source -> the extra of aiprobe that it needs, and what that extra installs."""


def missing_extras() -> dict[str, str]:
    """Return, by kind of source, the extra that has to be installed before it can be used."""
    return {kind: extra for kind, (extra, modules) in _NEEDED.items() if not all(map(_is_there, modules))}


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it
        return False
