"""`aiprobe healthcheck`."""

import sys
from pathlib import Path
from urllib.error import HTTPError

import click

from aiprobe.cli.asking import FAILURES, ask, ca_file_option
from aiprobe.cli.options import NOT_OK, OK, fail


@click.command()
@click.option("--url", default="http://127.0.0.1:10529/-/healthy", show_default=True)
@ca_file_option
def healthcheck(url: str, ca_file: Path | None) -> None:
    try:
        with ask(url, ca_file=ca_file) as reply:
            alive = reply.status == 200
    except HTTPError as error:
        alive = error.code == 401  # it requires a password, so it is up
    except FAILURES as error:
        fail(error)
    sys.exit(OK if alive else NOT_OK)
