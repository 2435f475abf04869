"""Sends one HTTP request to a running exporter, for the commands `healthcheck` and `incidents`."""

import ssl
from contextlib import AbstractContextManager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import click

from aiprobe.cli.options import fail

FAILURES: Final = (OSError, HTTPException)
"""What `ask` raises; urllib's `URLError` and `HTTPError` are kinds of OSError."""
_TIMEOUT_SECONDS: Final = 10


ca_file_option = click.option(
    "--ca-file", type=click.Path(path_type=Path, dir_okay=False),
    help="The certificates to trust, as PEM, in place of the machine's own.",
)  # fmt: skip


def ask(url: str, *, ca_file: Path | None) -> AbstractContextManager[HTTPResponse]:
    """Send a GET request. `ca_file` holds the authority of a private certificate. Raises one of `FAILURES`."""
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("not an http(s) URL", param_hint="--url")
    try:
        trust = None if ca_file is None else ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        fail(f"{ca_file} is not a file of PEM certificates: {error.strerror or error}")
    reply: HTTPResponse = urlopen(url, timeout=_TIMEOUT_SECONDS, context=trust)  # noqa: S310 - the scheme was checked
    return reply
