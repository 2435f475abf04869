"""Fetching status pages: one bounded, polite GET with a deadline. What the bytes mean belongs to the readers.

Only URLs from the configuration or the catalogue are fetched, and what those redirect to over https. A fetch fails in
one way, `FetchError`, which also has the time for which the server asked for no requests.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Literal
from urllib.parse import urljoin, urlsplit

import aiohttp

from aiprobe import __version__
from aiprobe.core.secret import Secret
from aiprobe.core.trust import client_context, system_context
from aiprobe.paced import connector
from aiprobe.statuspages.base import MAX_BODY_BYTES
from aiprobe.statuspages.platform import is_challenge, platform_of_html

USER_AGENT: Final = f"aiprobe/{__version__} (status page reader; +aiprobe)"
TIMEOUT_SECONDS: Final = 10.0
"""For the whole fetch, redirects included."""
MAX_REDIRECTS: Final = 3
LEAVE_ALONE: Final = frozenset({403, 405, 429})
"""Statuses by which a server, or the bot protection before it, asks for fewer requests."""
LONGEST_RETRY_AFTER_SECONDS: Final = 3600.0
ACCEPT: Final = {
    "json": "application/json, */*;q=0.1",
    "feed": "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1",
}
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({404, 410})
_BLOCKS: Final = frozenset({403, 405})
_LONGEST_START: Final = 65_536
"""How much of a page for people is searched for the marks of a platform or of a challenge."""
_CONDITIONS: Final = ("If-None-Match", "If-Modified-Since")
_LONGEST_VALIDATOR: Final = 300


class FetchError(Exception):
    """A page could not be fetched; the message is the reason, in one line without text of the server."""

    def __init__(
        self,
        detail: str,
        *,
        problem: str = "unreachable",
        url: str = "",
        leave_alone: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = problem
        """What is wrong with the page: one of `PROBLEMS` of `core/statuspage.py`."""
        self.url = url
        """The address that answered, after redirects; empty where none did."""
        self.leave_alone = leave_alone
        """The server asks for fewer requests."""
        self.retry_after_seconds = retry_after_seconds
        """For how long, at most `LONGEST_RETRY_AFTER_SECONDS`; None without a value of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What a server offered for asking again whether anything changed."""

    etag: str = ""
    last_modified: str = ""


NO_VALIDATORS: Final = Validators()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer: a body, or None when nothing changed since the validators that were sent."""

    body: bytes | None
    validators: Validators = NO_VALIDATORS
    url: str = ""
    """The address that answered, after redirects."""


class PageFetcher:
    """Fetches status pages over connections of its own. Close it when done."""

    def __init__(
        self,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        proxy: Secret | None = None,
        ca_file: str | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`ca_file`: PEM certificates that are trusted beside the system's."""
        self._timeout_seconds = timeout_seconds
        self._proxy = proxy
        self._ca_file = ca_file
        self._trust: ssl.SSLContext | None = None if ca_file else system_context()
        self._wall = wall
        self._session: aiohttp.ClientSession | None = None

    async def fetch(
        self, url: str, *, media: Literal["json", "feed"], validators: Validators = NO_VALIDATORS
    ) -> Fetched:
        """Get one page, following at most `MAX_REDIRECTS` redirects to https.

        Raises:
            FetchError: for everything that keeps the page from being read.
        """
        headers = {"Accept": ACCEPT[media], "User-Agent": USER_AGENT}
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        try:
            async with asyncio.timeout(self._timeout_seconds):
                if self._trust is None:
                    self._trust = await asyncio.to_thread(client_context, self._ca_file, and_system=True)
                return await self._follow(_allowed(url), headers)
        except TimeoutError as error:
            raise FetchError(f"no answer within {self._timeout_seconds:g} s") from error
        except aiohttp.ClientConnectorCertificateError as error:
            if self._ca_file:
                self._trust = None  # the file may have been renewed in its place
            raise FetchError("invalid certificate") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # aiohttp raises ValueError subclasses for what it cannot make a request of. The text may hold a proxy URL.
            raise FetchError(f"cannot be reached: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def _follow(self, url: str, headers: Mapping[str, str]) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            async with self._opened().get(
                url,
                headers=headers,
                allow_redirects=False,
                proxy=self._proxy.reveal() if self._proxy else None,
                ssl=self._trust or system_context(),
            ) as response:
                if response.status not in _REDIRECTS:
                    return await self._answer(response, url, conditional=not headers.keys().isdisjoint(_CONDITIONS))
                url = _next_url(url, response.headers.get("Location", ""))
        raise FetchError(f"more than {MAX_REDIRECTS} redirects", problem="moved")

    async def _answer(self, response: aiohttp.ClientResponse, url: str, *, conditional: bool) -> Fetched:
        if response.status == 304 and conditional:
            return Fetched(body=None, url=url)
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if response.status != 200 or media_type in _HTML:
            raise await self._refusal(response, url, media_type)
        return Fetched(
            body=await _bounded(response),
            validators=Validators(
                etag=_validator(response.headers.get("ETag", "")),
                last_modified=_validator(response.headers.get("Last-Modified", "")),
            ),
            url=url,
        )

    async def _refusal(self, response: aiohttp.ClientResponse, url: str, media_type: str) -> FetchError:
        """Return why there is no data, with what the beginning of the body shows about it."""
        try:
            start = await response.content.read(_LONGEST_START)
        except (aiohttp.ClientError, OSError):
            start = b""
        html = media_type in _HTML
        detail = f"HTTP {response.status}" if response.status != 200 else f"{media_type} where data was promised"
        blocked = response.status in _BLOCKS and html
        if blocked or is_challenge({name.lower(): value for name, value in response.headers.items()}, start):
            problem, detail = "challenge", f"{detail}: a bot challenge"
        elif response.status == 200:
            named = platform_of_html(start)
            problem, detail = "html", f"{detail}: a page of {named}" if named else detail
        else:
            problem = "moved" if response.status in _GONE else "unreachable"
        return FetchError(
            detail,
            problem=problem,
            url=url,
            leave_alone=response.status in LEAVE_ALONE,
            retry_after_seconds=retry_after_seconds(response.headers.get("Retry-After", ""), now=self._wall()),
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=connector(limit_per_host=2),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),  # `fetch` holds the deadline
            )
        return self._session


def retry_after_seconds(value: str, *, now: float) -> float | None:
    """Return the seconds of a `Retry-After` (RFC 9110, section 10.2.3), between 0 and `LONGEST_RETRY_AFTER_SECONDS`."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS) if seconds == seconds else None  # noqa: PLR0124 - not NaN


def _allowed(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FetchError("not an http or https URL")
    return url


def _next_url(url: str, location: str) -> str:
    """A redirect may leave http, never https, and takes no user name with it."""
    there = urljoin(url, location)
    parts = urlsplit(there)
    if not location or parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
        raise FetchError("redirected to something other than https", problem="moved")
    return there


def _validator(value: str) -> str:
    """A validator is sent back as it came, so one that is no header value is no validator."""
    return value if len(value) <= _LONGEST_VALIDATOR and value.isascii() and value.isprintable() else ""


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """Read the decompressed body, no further than a page can be long."""
    if (response.content_length or 0) > MAX_BODY_BYTES:
        raise FetchError(f"more than {MAX_BODY_BYTES} bytes")
    parts, size = [], 0
    async for part in response.content.iter_chunked(1 << 16):
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise FetchError(f"more than {MAX_BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)
