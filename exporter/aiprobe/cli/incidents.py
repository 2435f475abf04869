"""`aiprobe incidents`."""

import click

from aiprobe.cli.asking import FAILURES, ask
from aiprobe.cli.options import fail


@click.command()
@click.option("--url", default="http://127.0.0.1:10529", show_default=True, help="Where the exporter is.")
@click.option("--format", "form", type=click.Choice(["md", "json"]), default="md", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Closed incidents at most.")
def incidents(url: str, form: str, limit: int) -> None:
    try:
        with ask(f"{url.rstrip('/')}/api/v1/incidents?format={form}&limit={limit}") as reply:
            click.echo(reply.read().decode(), nl=False)
    except FAILURES as error:
        fail(f"{url} returns no incidents: {error}")
