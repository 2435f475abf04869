"""`aiprobe incidents`."""

from pathlib import Path

import click

from aiprobe.cli.asking import FAILURES, ask, ca_file_option
from aiprobe.cli.options import fail


@click.command()
@click.option("--url", default="http://127.0.0.1:10529", show_default=True, help="Where the exporter is.")
@click.option("--format", "form", type=click.Choice(["md", "json"]), default="md", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Closed incidents at most.")
@ca_file_option
def incidents(url: str, form: str, limit: int, ca_file: Path | None) -> None:
    try:
        with ask(f"{url.rstrip('/')}/api/v1/incidents?format={form}&limit={limit}", ca_file=ca_file) as reply:
            click.echo(reply.read().decode(), nl=False)
    except FAILURES as error:
        fail(f"{url} returns no incidents: {error}")
