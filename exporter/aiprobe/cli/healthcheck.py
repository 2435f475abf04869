"""`aiprobe healthcheck`."""

import sys
from urllib.error import HTTPError

import click

from aiprobe.cli.asking import FAILURES, ask
from aiprobe.cli.options import NOT_OK, OK, fail


@click.command()
@click.option("--url", default="http://127.0.0.1:10529/-/healthy", show_default=True)
def healthcheck(url: str) -> None:
    try:
        with ask(url) as reply:
            alive = reply.status == 200
    except HTTPError as error:
        alive = error.code == 401  # it requires a password, so it is up
    except FAILURES as error:
        fail(error)
    sys.exit(OK if alive else NOT_OK)
