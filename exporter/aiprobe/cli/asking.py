"""Sends one HTTP request to an exporter that runs, for the commands `healthcheck` and `incidents`."""

from contextlib import AbstractContextManager
from http.client import HTTPException, HTTPResponse
from typing import Final
from urllib.request import urlopen

import click

FAILURES: Final = (OSError, HTTPException)
"""What `ask` raises; urllib's `URLError` and `HTTPError` are kinds of OSError."""
_TIMEOUT_SECONDS: Final = 10


def ask(url: str) -> AbstractContextManager[HTTPResponse]:
    """Send a GET request. Raises one of `FAILURES`."""
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("not an http(s) URL", param_hint="--url")
    reply: HTTPResponse = urlopen(url, timeout=_TIMEOUT_SECONDS)  # noqa: S310 - the scheme was checked
    return reply
