"""`aiprobe export`."""

from pathlib import Path

import click

from aiprobe.cli.bundle import FORMS, KINDS, ExportError, Form, Kind, write_bundle
from aiprobe.cli.options import fail


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--format", "form", type=click.Choice(FORMS), default="files", show_default=True)
def export(kind: Kind, directory: Path, form: Form) -> None:
    try:
        written = write_bundle(kind, form, directory)
    except ExportError as error:
        fail(error)
    for path in written:
        click.echo(path)
