"""Status pages: what providers declare. One file per kind of page, one table; parsing apart from fetching and polling.

Comparing a declaration with what our probes saw belongs in `incidents/`.
"""

from collections.abc import Mapping
from typing import Final

from aiprobe.statuspages import platform
from aiprobe.statuspages.base import PageError, Read
from aiprobe.statuspages.specs import AUTO, FEEDS

__all__ = ["AUTO", "FEEDS", "READERS", "PageError", "Read"]

READERS: Final[Mapping[str, Read]] = {AUTO: platform.read, **platform.BY_PLATFORM}
"""The reader of every kind of status page, by the name that configurations use."""
