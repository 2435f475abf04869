"""`aiprobe check`."""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from aiprobe.cli.options import NOT_OK, config_option, fail, web_config_option
from aiprobe.cli.settings import settings_or_exit
from aiprobe.config.schema.root import json_schema
from aiprobe.config.settings import Settings
from aiprobe.core.discovered import the_first
from aiprobe.core.money import expected_usd_per_day
from aiprobe.core.secret import Redactor
from aiprobe.known import read_settings
from aiprobe.statuspages.selection import pages_for
from aiprobe.statuspages.specs import CATALOGUE, OLD_AFTER_DAYS, age_days
from aiprobe.transport.descriptors import room_for_connections
from aiprobe.web.webconfig import load as load_web_config
from aiprobe.web.yamlfile import WebError


@click.command()
@config_option
@web_config_option
@click.option("--discover", is_flag=True, help="Read the sources of discovery now, and show what would be probed.")
@click.option("--schema", is_flag=True, help="Print a JSON Schema of the configuration, for editors, and exit.")
def check(config_file: Path, web_config_file: Path | None, *, discover: bool, schema: bool) -> None:
    if schema:
        click.echo(json.dumps(json_schema(), indent=2))
        return
    if web_config_file is not None:
        try:
            load_web_config(web_config_file)
        except WebError as error:
            fail(error)
    redactor = Redactor()
    settings, failed = settings_or_exit(config_file, redactor, read=read_settings), False
    if discover:
        settings, failed = _discovered(config_file, settings, redactor)
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    if len(settings.targets) > (room := room_for_connections(hard=True)):
        few = (
            f"{len(settings.targets)} targets may want a connection at once, and the limit of open files leaves {room}"
        )
        click.echo(f"warning: {few}; raise it (ulimit -n, LimitNOFILE)", err=True)
    for line in old_pages(settings, time.time()):
        click.echo(f"warning: {line}", err=True)
    for line in costs(settings):
        click.echo(line)
    if failed:
        sys.exit(NOT_OK)


def _discovered(config_file: Path, settings: Settings, redactor: Redactor) -> tuple[Settings, bool]:
    """Print what the sources of discovery name now, and return the settings with it and whether a source failed."""
    from aiprobe.cli.running import run  # noqa: PLC0415 - a plain check opens no connection
    from aiprobe.discovery.once import read_sources  # noqa: PLC0415 - the same

    answers, problems = run(read_sources(settings, redactor))
    settings = settings_or_exit(config_file, redactor, read=partial(read_settings, answers=answers))
    for problem in problems:
        click.echo(problem, err=True)
    for (name, state), count in settings.discovery.counts.items():
        click.echo(f"source {name}: {count} targets {state.replace('_', ' ')}")
    for (name, entry), reason in settings.discovery.left_out.items():
        click.echo(f"source {name}: left out: {entry}: {reason}")
    return settings, bool(problems)


def old_pages(settings: Settings, now: float) -> Iterator[str]:
    """Yield a line about the entries of the catalogue of status pages in use that are old or were never verified."""
    pages = pages_for(settings.status_pages, settings.targets)
    own = [page for page in pages if page.key in CATALOGUE and page.url == CATALOGUE[page.key].url]
    ages = {page.key: age_days(page, now) for page in own}
    never = ", ".join(key for key, age in ages.items() if age is None)
    old = ", ".join(f"{key} ({age:.0f} days)" for key, age in ages.items() if age is not None and age > OLD_AFTER_DAYS)
    told = "; ".join(filter(None, (never and f"never verified: {never}", old and f"verified long ago: {old}")))
    if told:
        yield f"status pages of the catalogue, {told}; `aiprobe statuspages verify` reads them"


def costs(settings: Settings) -> Iterator[str]:
    """Yield a table of what a day of a configuration costs, by target, and its sum."""
    rows = [("TARGET", "PROVIDER", "PROBE", "EVERY", "USD/DAY")]
    total, unknown = 0.0, 0
    for target in settings.targets:
        usd = expected_usd_per_day(target)
        total += usd or 0.0
        unknown += usd is None
        shown = "no price" if usd is None else f"{usd:.4f}"
        what = f"{target.probe} {target.model}".strip()
        rows.append((target.name, target.provider.key, what, f"{target.interval_seconds:g}s", shown))
    rows.append(("total", "", "", "", f"{total:.4f}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        left = [cell.ljust(width) for cell, width in zip(row[:3], widths[:3], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True)]
        line = "  ".join(left + right)
        yield click.style(line, bold=True) if row in {rows[0], rows[-1]} else line
    yield from _inferred(settings)
    budget = "no budget" if settings.usd_per_day is None else f"of {settings.usd_per_day:.2f} budget"
    missing = f"; {unknown} without a price are not in it" if unknown else ""
    yield f"{total:.4f} USD a day {budget}{missing}"
    if settings.usd_per_day is not None:
        share = settings.usd_per_day * settings.follow_ups_share
        yield f"follow-ups of failures: at most {share:.4f} USD a day within the budget; without failures 0"


def _inferred(settings: Settings) -> Iterator[str]:
    """Yield a line for each kind of what was inferred for models behind gateways: the cap of tokens, and the price."""
    alike = defaultdict[str, list[str]](list)
    for target in settings.targets:
        if target.family:
            price = f"price from {target.price.source}" if target.price else "no price"
            alike[f"{target.family}; {price}"].append(target.name)
    for inferred, names in alike.items():
        yield f"{the_first(names)}: {inferred}"
