"""Status pages: what providers declare. One file per kind of page, one table; parsing apart from fetching and polling.

Comparing a declaration with what our probes saw belongs to comparison, not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from aiprobe.statuspages import platform
from aiprobe.statuspages.base import PageError, Read
from aiprobe.statuspages.specs import AUTO

__all__ = ["AUTO", "READERS", "PageError", "PageReader", "Read"]


@dataclass(frozen=True, slots=True)
class PageReader:
    """One kind of status page: how its bytes are read, and what is asked of its server."""

    read: Read
    media: Literal["json", "feed"]


_FEEDS: Final = frozenset({"rss", "atom"})
READERS: Final[Mapping[str, PageReader]] = {
    AUTO: PageReader(platform.read, "json"),
    **{name: PageReader(read, "feed" if name in _FEEDS else "json") for name, read in platform.BY_PLATFORM.items()},
}
"""Every kind of status page by the name that configurations use."""
