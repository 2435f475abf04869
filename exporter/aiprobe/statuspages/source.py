"""One address of a status page: fetched, and parsed when its bytes are new. Where else a page that moved may be."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal
from typing import Protocol as Interface
from urllib.parse import urljoin, urlsplit

from aiprobe.core.statuspage import Reading
from aiprobe.statuspages import AUTO, FEEDS, READERS, PageError
from aiprobe.statuspages.fetch import NO_VALIDATORS, Fetched, FetchError, Validators
from aiprobe.statuspages.specs import ComponentSpec, PageSpec, reader_options

PLACES: Final = (
    "/api/v2/summary.json",  # Atlassian, incident.io
    "/api/v3/summary",  # Cloudflare
    "/config.json",  # Datadog
    "/index.json",  # Better Stack
)
"""Where the platforms that have a reader keep a page's data, the same on every page of theirs."""


class Fetcher(Interface):
    """What a source needs of `PageFetcher`."""

    async def fetch(self, url: str, *, media: Literal["json", "feed"], validators: Validators = ...) -> Fetched:
        """Get one page, or raise `FetchError`."""


class Source:
    """One address of a page and its last content."""

    def __init__(
        self, page: PageSpec, url: str, *, fetcher: Fetcher, watch: Sequence[ComponentSpec], reader: str = ""
    ) -> None:
        self.url = url
        self.reading: Reading | None = None
        """The last one."""
        self._reader = reader or page.reader
        self._fetcher = fetcher
        self._options = reader_options(replace(page, reader=self._reader), watch)
        self._anything = reader_options(replace(page, reader=AUTO), watch)
        self._validators = NO_VALIDATORS
        self._digest = b""
        self._foreign = bool(reader)
        self._answered = url

    @property
    def moved(self) -> bool:
        """Return whether another host answers than the configured one, or another platform."""
        return self._foreign or urlsplit(self._answered).hostname != urlsplit(self.url).hostname

    async def look(self) -> Reading:
        """Read the document, parsing it only when its bytes are new.

        Raises:
            FetchError: the document cannot be fetched.
            PageError: it is no status page that any reader reads.
        """
        media: Final = "feed" if self._reader in FEEDS else "json"
        fetched = await self._fetcher.fetch(self.url, media=media, validators=self._validators)
        if fetched.body is not None:
            digest = hashlib.blake2b(fetched.body, digest_size=16).digest()
            if self.reading is None or digest != self._digest:
                # In a thread: forty entries of a feed take forty milliseconds, and a probe's first token does not wait.
                self.reading = await asyncio.to_thread(self._understood, fetched.body)
                self._digest = digest
            self._validators = fetched.validators
        if self.reading is None:
            raise FetchError("not modified, but never read")
        self._answered = fetched.url or self.url
        return self.reading

    def _understood(self, body: bytes) -> Reading:
        """Read a body as it should be read, else as whatever it shows to be."""
        try:
            reading = READERS[self._reader](body, options=self._options)
        except PageError as refusal:
            try:
                reading = READERS[AUTO](body, options=self._anything)
            except PageError as unknown:
                raise (unknown if self._reader == AUTO else refusal) from None
            self._foreign = True
        return reading


def addresses(page: PageSpec, answered: str) -> Iterator[str]:
    """Yield where the data of a page that moved may be: the usual places of its host, and of the one that answered."""
    tried = {page.url, page.incidents_url}
    for origin in (answered, page.url):
        for place in PLACES if origin else ():
            url = urljoin(origin, place)
            if url not in tried:
                tried.add(url)
                yield url
    if urlsplit(page.feed_url).hostname == urlsplit(page.url).hostname:
        yield page.feed_url
