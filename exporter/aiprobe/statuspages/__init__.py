"""Status pages: what providers declare. One file per kind of page, one table; parsing apart from fetching and polling.

Comparing a declaration with what our probes saw belongs to comparison, not here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from aiprobe.statuspages import atlassian, aws, betterstack, feed, google, incidentio
from aiprobe.statuspages.base import PageError, Read

__all__ = ["READERS", "PageError", "PageReader", "Read"]


@dataclass(frozen=True, slots=True)
class PageReader:
    """One kind of status page: how its bytes are read, and what is asked of its server."""

    read: Read
    media: Literal["json", "feed"]


READERS: Final[Mapping[str, PageReader]] = {
    "atlassian": PageReader(atlassian.read, "json"),
    "incidentio": PageReader(incidentio.read, "json"),
    "google": PageReader(google.read, "json"),
    "betterstack": PageReader(betterstack.read, "json"),
    "aws": PageReader(aws.read, "json"),
    "rss": PageReader(feed.read, "feed"),
    "atom": PageReader(feed.read, "feed"),
}
"""Every kind of status page by the name that configurations use."""
