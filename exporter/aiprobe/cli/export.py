"""`aiprobe export`."""

from pathlib import Path

import click

from aiprobe.cli.bundle import FORMS, KINDS, ExportError, Form, Kind, write_bundle
from aiprobe.cli.options import fail
from aiprobe.cli.tailored import Installation, OptionError


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--format", "form", type=click.Choice(FORMS), default="files", show_default=True)
@click.option("--runbook-url", metavar="URL", help="Rules: where the runbooks are; `/AIModelDown.md` is added.")
@click.option("--grafana-url", metavar="URL", help="Rules: your Grafana, for the links to boards.")
@click.option("--job", metavar="NAME", help="Rules: the job name of the exporters in Prometheus, if it is not aiprobe.")
@click.option(
    "--label",
    "labels",
    metavar="NAME",
    multiple=True,
    help="Rules: put this label of `aiprobe_target_info` on every alert on targets. May be repeated.",
)
@click.option("--namespace", metavar="NAME", help="Kubernetes objects: their namespace.")
@click.option(
    "--object-label",
    "object_labels",
    metavar="NAME=VALUE",
    multiple=True,
    help="Kubernetes objects: a label by which your operator selects them. May be repeated.",
)
def export(kind: Kind, directory: Path, form: Form, *, labels: tuple[str, ...], object_labels: tuple[str, ...],
           **addresses: str | None) -> None:  # fmt: skip
    try:
        given = {name: value for name, value in addresses.items() if value is not None}
        installation = Installation(labels=labels, object_labels=object_labels, **given)
        written = write_bundle(kind, form, directory, installation)
    except (ExportError, OptionError) as error:
        fail(error)
    for path in written:
        click.echo(path)
