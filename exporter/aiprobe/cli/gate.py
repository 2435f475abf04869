"""`aiprobe gate`: may a script or a CI job go on?"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.parse import quote

import click

from aiprobe.cli.asking import FAILURES, ask, ca_file_option
from aiprobe.cli.options import NOT_ASKED, NOT_OK, OK, config_option, fail
from aiprobe.cli.probe import over_budget, probe_once
from aiprobe.cli.running import run
from aiprobe.cli.settings import settings_or_exit
from aiprobe.config.settings import Settings
from aiprobe.config.values import parse_duration
from aiprobe.core.health import LEVELS
from aiprobe.core.model import Target
from aiprobe.core.money import bound_usd
from aiprobe.core.outcomes import Verdict
from aiprobe.core.secret import Redactor
from aiprobe.known import read_settings

EVERY_SECONDS: Final = 2.0
"""How often a group that cannot be used is asked for again."""


def _seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> float:
    try:
        return parse_duration(text) if text else 0.0
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--group", required=True, help="A group of the configuration.")
@click.option("--url", default="http://127.0.0.1:10529", show_default=True, help="Where the exporter is.")
@click.option("--at-least", type=click.Choice(list(LEVELS)), default="degraded", show_default=True,
              help="The worst state that is good enough.")  # fmt: skip
@click.option("--wait", callback=_seconds, help="Ask again for this long, such as 5m, while no member can be used.")
@ca_file_option
@config_option
def gate(group: str, url: str, at_least: str, wait: float, ca_file: Path | None, config_file: Path) -> None:
    deadline = time.monotonic() + wait
    path = f"{url.rstrip('/')}/health/group/{quote(group, safe='')}?at_least={at_least}"
    while True:
        try:
            usable = _usable(path, ca_file)
        except FAILURES as error:
            click.echo(f"aiprobe: {url} does not answer ({error}); every member is probed once", err=True)
            usable, deadline = _probed(group, config_file), 0.0
        if usable or time.monotonic() + EVERY_SECONDS > deadline:
            break
        time.sleep(EVERY_SECONDS)
    if not usable:
        fail(f"no member of {group} can be used now", code=NOT_OK)
    click.echo("\n".join(usable))
    sys.exit(OK)


def _usable(path: str, ca_file: Path | None) -> Sequence[str]:
    """Return the members that a running exporter offers. Raises one of `FAILURES` where none runs."""
    try:
        with ask(path, ca_file=ca_file) as reply:
            return [str(name) for name in json.loads(reply.read())["usable"]]
    except HTTPError as error:
        if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
            return []
        fail(f"the exporter answers {error.code}: {error.read(300).decode(errors='replace').strip()}", code=NOT_ASKED)
    except (ValueError, KeyError, TypeError):
        fail("what answers there is no aiprobe", code=NOT_ASKED)


def _probed(group: str, config_file: Path) -> Sequence[str]:
    """Return the members that answer one probe each, in the order of the configuration."""
    redactor = Redactor()
    settings = settings_or_exit(config_file, redactor, read=read_settings, code=NOT_ASKED)
    if group not in settings.groups:
        fail(f"no group {group!r}; there are: {', '.join(sorted(settings.groups)) or 'none'}", code=NOT_ASKED)
    return run(_probe_each(settings, settings.groups[group], redactor), code=NOT_ASKED)


async def _probe_each(settings: Settings, members: Sequence[str], redactor: Redactor) -> Sequence[str]:
    by_name = {target.name: target for target in settings.targets}
    chosen: list[Target] = []
    for target in (by_name[name] for name in members):
        refused = over_budget(settings, target, besides_usd=sum(bound_usd(one) or 0.0 for one in chosen))
        if refused:
            click.echo(f"aiprobe: {target.name} is not probed: {refused}", err=True)
        else:
            chosen.append(target)
    results = await asyncio.gather(*(probe_once(settings, one, redactor) for one in chosen))
    return [one.name for one, (_, verdict) in zip(chosen, results, strict=True) if verdict is Verdict.GOOD]
