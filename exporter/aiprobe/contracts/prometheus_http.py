"""Posts a form to the Prometheus API that the operator named on the command line; the only HTTP of this package."""

from collections.abc import Mapping
from typing import IO, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from aiprobe.contracts.prometheus import Fetch, PrometheusError

MOST_BYTES: Final = 256 * 1024 * 1024
"""A week of minutes of one target takes 0.3 MB a series; this is room for hundreds."""


class _NoRedirects(HTTPRedirectHandler):
    """Lets a redirect come out as an error: credentials and queries go to the host that was named, or nowhere."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow nothing."""


def http_fetch(*, timeout_seconds: float, headers: Mapping[str, str] | None = None) -> Fetch:
    """Return a `Fetch` over urllib; it blocks, so a running event loop must call it in a thread.

    `headers` go with each query: `Authorization`, or `X-Scope-OrgID` for Mimir. `timeout_seconds` bounds each wait.
    """
    opener = build_opener(_NoRedirects)

    def fetch(url: str, form: bytes) -> bytes:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise PrometheusError(f"{url} is not an http or https URL")
        where = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
        request = Request(url, data=form, headers=dict(headers or {}), method="POST")  # noqa: S310 - checked above
        try:
            with opener.open(request, timeout=timeout_seconds) as reply:
                return _read(reply, where)
        except HTTPError as refused:
            with refused:
                body = refused.read(2000)
            # Prometheus explains a bad query in the body of a 400 or 422: the parser reports it.
            if body.lstrip().startswith(b'{"status"'):
                return body
            raise PrometheusError(f"{where} answered HTTP {refused.code}") from refused
        except (URLError, TimeoutError, OSError) as failed:
            reason = failed.reason if isinstance(failed, URLError) else failed
            raise PrometheusError(f"{where} could not be asked: {reason}") from failed

    return fetch


def _read(reply: IO[bytes], where: str) -> bytes:
    body = reply.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise PrometheusError(f"{where} answered with more than {MOST_BYTES // 1024**2} MiB")
    return body
