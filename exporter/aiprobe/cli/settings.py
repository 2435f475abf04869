"""Reads the configuration for a command, or prints every problem and exits."""

import os
import sys
from pathlib import Path

import click

from aiprobe.cli.options import NOT_OK
from aiprobe.config.problems import ConfigError
from aiprobe.config.settings import Settings
from aiprobe.known import read_settings


def settings_or_exit(config_file: Path, *, code: int = NOT_OK) -> Settings:
    """Return the settings; a wrong configuration is every problem on a line of stderr, and exit `code`."""
    try:
        return read_settings(config_file, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(code)
