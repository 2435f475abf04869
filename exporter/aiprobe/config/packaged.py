"""Reads the YAML files that are data of this room: `providers.yml` and `prices.yml`."""

from importlib.resources import files
from typing import Any, Final

import yaml

LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser where PyYAML was built with it: the pure one takes ten times as long, a minute for the largest file."""


def packaged(name: str) -> Any:
    """Return the content of one of the files."""
    return yaml.load(files("aiprobe.config").joinpath(name).read_bytes(), Loader=LOADER)  # noqa: S506 - a SafeLoader
