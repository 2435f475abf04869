"""`aiprobe init`."""

import os
from pathlib import Path

import click

from aiprobe.cli.options import DEFAULT_CONFIG, fail
from aiprobe.config.starter import starter
from aiprobe.known import KNOWN


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT_CONFIG, show_default=True,
    help="Where to write; `-` is standard output.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(output: Path, *, force: bool) -> None:
    text, usd_per_day = starter(os.environ, KNOWN)
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
