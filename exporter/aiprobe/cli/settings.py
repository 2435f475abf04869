"""Reads the configuration for a command, or prints every problem and exits."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from aiprobe.cli.options import NOT_OK
from aiprobe.config.problems import ConfigError
from aiprobe.config.settings import Settings


def settings_or_exit(
    config_file: Path, *, read: Callable[[Path, Mapping[str, str]], Settings], code: int = NOT_OK
) -> Settings:
    """Read a configuration with `read`; one that is wrong is every problem on a line of stderr, and exit `code`."""
    try:
        return read(config_file, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(code)
