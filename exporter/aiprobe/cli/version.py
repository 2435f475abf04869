"""`aiprobe version`."""

import click

from aiprobe.cli import VERSION


@click.command()
def version() -> None:
    click.echo(VERSION)
