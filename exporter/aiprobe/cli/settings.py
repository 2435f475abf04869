"""Reads the configuration for a command, or prints every problem and exits."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from aiprobe.cli.options import NOT_OK, fail
from aiprobe.config.problems import ConfigError
from aiprobe.config.settings import Settings
from aiprobe.core.secret import CONFIGURED, Redactor


def settings_or_exit(
    config_file: Path, redactor: Redactor, *, read: Callable[[Path, Mapping[str, str]], Settings], code: int = NOT_OK
) -> Settings:
    """Read a configuration with `read`, and hand its secrets to the command's redactor.

    A configuration that is wrong is every problem on a line of stderr, and exit `code`.
    """
    try:
        settings = read(config_file, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(code)
    except ValueError as error:
        fail(error, code=code)
    redactor.keep(CONFIGURED, settings.secrets)
    return settings
