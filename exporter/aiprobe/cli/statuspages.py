"""`aiprobe statuspages verify`."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from aiprobe.cli.options import NOT_OK, OK, config_option, fail
from aiprobe.cli.settings import settings_or_exit
from aiprobe.config.settings import Settings
from aiprobe.core.clock import Clock
from aiprobe.core.secret import Redactor
from aiprobe.core.statuspage import PageSnapshot
from aiprobe.known import read_settings
from aiprobe.statuspages.doctor import diagnose, in_words
from aiprobe.statuspages.fetch import PageFetcher
from aiprobe.statuspages.poll import PagePoller
from aiprobe.statuspages.selection import pages_for, route_to, watch_list
from aiprobe.statuspages.specs import CATALOGUE, PageSpec

_TITLES = ("PAGE", "READER", "COMPONENTS", "VERIFIED", "STATUS")


@click.group()
def statuspages() -> None:
    pass


@statuspages.command(help="Read each status page once, and print what is wrong with it. Exits 1 if anything is.")
@config_option
@click.option("--catalogue", is_flag=True, help="Every page of the catalogue as well as those of the configuration.")
def verify(config_file: Path, *, catalogue: bool) -> None:
    settings = settings_or_exit(config_file, Redactor(), read=read_settings)
    pages = {page.key: page for page in pages_for(settings.status_pages, settings.targets)}
    if catalogue:
        pages = {**CATALOGUE, **pages}
    if not pages:
        fail("the configuration has no status page to read")
    readable = [page for page in pages.values() if page.readable]
    seen = asyncio.run(_read(readable, settings))
    for line in rows(tuple(pages.values()), seen):
        click.echo(line)
    sys.exit(NOT_OK if any(snapshot.problems for snapshot in seen.values()) else OK)


async def _read(pages: Sequence[PageSpec], settings: Settings) -> Mapping[str, PageSnapshot]:
    clock = Clock()
    polled = await asyncio.gather(*(_polled(page, settings, clock) for page in pages))
    known = {page.key: (page, snapshot) for page, snapshot in zip(pages, polled, strict=True)}
    return diagnose(known, clock.wall())


async def _polled(page: PageSpec, settings: Settings, clock: Clock) -> PageSnapshot:
    route = route_to(page, settings.status_pages, settings.targets)
    fetcher = PageFetcher(proxy=route.proxy, ca_file=route.ca_file)
    watch = watch_list(page, settings.targets)
    try:
        return await PagePoller(page, fetcher=fetcher, clock=clock, listener=lambda _: None, watch=watch).poll()
    finally:
        await fetcher.close()


def rows(pages: Sequence[PageSpec], seen: Mapping[str, PageSnapshot]) -> Iterator[str]:
    """Yield a table of pages with what is wrong with each."""
    table = [_TITLES, *(_row(page, seen.get(page.key)) for page in pages)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(page: PageSpec, snapshot: PageSnapshot | None) -> tuple[str, ...]:
    verified = page.verified_on or "never"
    if snapshot is None:
        return page.key, page.reader, "-", verified, f"not read: {page.reason}"
    listed = sum(one.listed for one in snapshot.watched)
    components = f"{listed} of {len(snapshot.watched)}"
    return page.key, page.reader, components, verified, in_words(snapshot) or "ok"
