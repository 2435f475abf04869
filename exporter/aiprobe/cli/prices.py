"""`aiprobe prices update`."""

from datetime import datetime
from pathlib import Path

import click

from aiprobe.cli.options import fail
from aiprobe.config.pricediff import compared, rendered, rewritten
from aiprobe.config.resolve.prices import builtin_prices


@click.group()
def prices() -> None:
    pass


@prices.command(help="Compare the built-in prices with LiteLLM's price map or OpenRouter's list of models.")
@click.option(
    "--from", "list_file", required=True, type=click.Path(path_type=Path, dir_okay=False),
    help="The downloaded list, as JSON.",
)  # fmt: skip
@click.option(
    "--write", "prices_file", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Write what changed into this prices.yml; needs --read-on.",
)  # fmt: skip
@click.option("--read-on", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the list was downloaded.")
def update(list_file: Path, prices_file: Path | None, read_on: datetime | None) -> None:
    if prices_file is not None and read_on is None:
        raise click.UsageError("--write needs --read-on, the day on which the list was downloaded")
    try:
        found = compared(builtin_prices(), list_file)
    except (OSError, ValueError) as error:
        fail(f"{list_file} {f'cannot be read: {error.strerror}' if isinstance(error, OSError) else error}")
    for line in rendered(found):
        click.echo(line)
    if prices_file is not None and read_on is not None:
        text = prices_file.read_text(encoding="utf-8")
        prices_file.write_text(rewritten(text, found, read_on=read_on.date().isoformat()), encoding="utf-8")
        click.echo(f"{len(found.changes)} written to {prices_file}; the others keep their day")
