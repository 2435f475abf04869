"""The options that several commands share, their exit statuses, and how a command ends with an error."""

import sys
from pathlib import Path
from typing import Final, NoReturn

import click

from aiprobe import logs

OK, NOT_OK, NOT_ASKED = 0, 1, 2
DEFAULT_CONFIG: Final = "aiprobe.yml"

config_option = click.option(
    "--config.file", "config_file", type=click.Path(path_type=Path), default=DEFAULT_CONFIG, show_default=True,
    help="The configuration file.",
)  # fmt: skip
web_config_option = click.option(
    "--web.config.file", "web_config_file", type=click.Path(path_type=Path),
    help="TLS and users, in the Prometheus exporter-toolkit format.",
)  # fmt: skip
level_option = click.option(
    "--log.level", "log_level", type=click.Choice(logs.LEVELS), default="info", show_default=True,
    help="Log lines of this level and above.",
)  # fmt: skip
format_option = click.option(
    "--log.format", "log_format", type=click.Choice(["logfmt", "json"]), default="logfmt", show_default=True,
    help="How a log line is written.",
)  # fmt: skip


def fail(error: object, *, code: int = NOT_OK) -> NoReturn:
    """Print one line about `error` to stderr and exit."""
    click.echo(f"aiprobe: {error}", err=True)
    sys.exit(code)


def read_file(file: str, most_bytes: int) -> bytes:
    """Return the bytes of a file, or of the standard input for `-`; exit with `NOT_ASKED` if it cannot be read."""
    try:
        with click.open_file(file, "rb") as opened:
            body: bytes = opened.read(most_bytes + 1)
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}", code=NOT_ASKED)
    if len(body) > most_bytes:
        fail(f"{file} is longer than {most_bytes >> 20} MiB", code=NOT_ASKED)
    return body
