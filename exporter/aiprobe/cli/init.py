"""`aiprobe init`."""

import os
from pathlib import Path

import click

from aiprobe.cli.alerting import RECEIVERS, TEST_ALERT, write_alerting
from aiprobe.cli.bundle import ExportError
from aiprobe.cli.options import DEFAULT_CONFIG, fail
from aiprobe.config.starter import questions, starter
from aiprobe.known import KNOWN


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT_CONFIG, show_default=True,
    help="Where to write; `-` is standard output.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option(
    "--alertmanager",
    "receiver",
    type=click.Choice(sorted(RECEIVERS)),
    help="Write Prometheus, Alertmanager and the rules for this receiver of pages instead.",
)
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), default="alerting", show_default=True,
              help="Where to write what --alertmanager asks for.")  # fmt: skip
@click.option("--ask", default="", metavar="NAMES", help="More questions of chat probes, such as tools,structured.")
def init(output: Path, *, force: bool, receiver: str | None, directory: Path, ask: str) -> None:
    if receiver is not None:
        _alerting(receiver, directory, force=force)
        return
    asks = tuple(filter(None, ask.split(",")))
    if not set(asks) <= set(questions(KNOWN)):
        fail(f"--ask takes {', '.join(questions(KNOWN))}, divided by commas")
    text, usd_per_day = starter(os.environ, KNOWN, asks=asks)
    if str(output) == "-":
        click.echo(text)
        return
    try:
        with output.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        fail(f"{output} is there already; --force replaces it")
    except OSError as error:
        fail(f"cannot write {output}: {error.strerror}")
    if "\ntargets:" not in text:
        click.echo(
            f"Wrote {output}, all of it as comments: no key that it can use is in the environment. Edit it first."
        )
        return
    click.echo(
        f"Wrote {output}. A day of it costs about ${usd_per_day:.2f}. Next: aiprobe serve --config.file {output}"
    )


def _alerting(receiver: str, directory: Path, *, force: bool) -> None:
    taken = [name for name in ("alertmanager.yml", "prometheus.yml") if (directory / name).exists()]
    if taken and not force:
        fail(f"{directory / taken[0]} is there already; --force replaces it")
    try:
        secret = write_alerting(receiver, directory)
    except ExportError as error:
        fail(error)
    click.echo(
        f"Wrote {directory}: prometheus.yml, alertmanager.yml, the rules, templates and runbooks. Next:\n"
        f"1. Write {RECEIVERS[receiver].content} to {secret}\n"
        f"2. alertmanager --config.file={directory}/alertmanager.yml\n"
        f"3. prometheus --config.file={directory}/prometheus.yml\n"
        f"4. A test alert: {TEST_ALERT}"
    )
