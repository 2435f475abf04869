"""`aiprobe incidents`."""

from pathlib import Path
from urllib.parse import urlencode

import click

from aiprobe.cli.asking import FAILURES, ask, ca_file_option
from aiprobe.cli.options import fail


@click.command()
@click.option("--url", default="http://127.0.0.1:10529", show_default=True, help="Where the exporter is.")
@click.option("--format", "form", type=click.Choice(["md", "json", "ndjson"]), default="md", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Closed incidents at most.")
@click.option("--since", help="With ndjson: only what was not over at this time, such as 2026-03-02T12:00:00Z.")
@ca_file_option
def incidents(url: str, form: str, limit: int, since: str | None, ca_file: Path | None) -> None:
    query = urlencode({"format": form, "limit": limit} | ({"since": since} if since else {}))
    try:
        with ask(f"{url.rstrip('/')}/api/v1/incidents?{query}", ca_file=ca_file) as reply:
            click.echo(reply.read().decode(), nl=False)
    except FAILURES as error:
        fail(f"{url} returns no incidents: {error}")
