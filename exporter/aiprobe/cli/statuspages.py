"""`aiprobe statuspages verify` and `convert`."""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from aiprobe.cli.options import NOT_ASKED, NOT_OK, OK, config_option, fail, read_file
from aiprobe.cli.settings import settings_or_exit
from aiprobe.config.settings import Settings
from aiprobe.core.clock import Clock
from aiprobe.core.secret import Redactor
from aiprobe.core.statuspage import Component, PageSnapshot, Reading
from aiprobe.incidents.published import declared
from aiprobe.known import read_settings
from aiprobe.statuspages import AUTO, READERS, PageError
from aiprobe.statuspages.base import MAX_BODY_BYTES
from aiprobe.statuspages.doctor import diagnose, in_words
from aiprobe.statuspages.fetch import PageFetcher
from aiprobe.statuspages.poll import PagePoller
from aiprobe.statuspages.selection import pages_for, route_to, watch_list
from aiprobe.statuspages.specs import CATALOGUE, PageSpec, find

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
    seen = asyncio.run(read_pages(readable, settings))
    for line in rows(tuple(pages.values()), seen):
        click.echo(line)
    sys.exit(NOT_OK if any(snapshot.problems for snapshot in seen.values()) else OK)


@statuspages.command(
    help="Print the incidents that status pages declare, one a line, in the published form `ai-service-incident`: of"
    " documents of one page in files (`-` is the standard input), or of every page that the configuration reads."
)
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option("--page", "key", type=click.Choice(sorted(CATALOGUE)), metavar="KEY", help="The files' page.")
@click.option("--provider", help="The files' provider, if the catalogue has no such page.")
@config_option
def convert(files: tuple[str, ...], key: str | None, provider: str | None, config_file: Path) -> None:
    if not files:
        found, unread = _of_configuration(config_file)
    elif key is None and provider is None:
        fail("name the page that the files are of (--page), or its provider (--provider)", code=NOT_ASKED)
    else:
        unknown = PageSpec(key="", display_name=provider or "", provider=provider or "", reader=AUTO)
        page, unread = CATALOGUE[key] if key is not None else unknown, []
        found = [(page, _reading(file)) for file in files]
    for page in {page.key: page for page, _ in found}.values():
        for record in records(page, [reading for of, reading in found if of is page]):
            click.echo(json.dumps(record))
    for problem in unread:
        click.echo(f"aiprobe: {problem}", err=True)
    sys.exit(NOT_OK if unread else OK)


def _reading(file: str) -> Reading:
    try:
        return READERS[AUTO](read_file(file, MAX_BODY_BYTES), options={})
    except PageError as error:
        fail(f"{file}: {error}", code=NOT_ASKED)


def _of_configuration(config_file: Path) -> tuple[list[tuple[PageSpec, Reading]], list[str]]:
    """Return every page that a configuration reads with its reading, and why a page could not be read."""
    settings = settings_or_exit(config_file, Redactor(), read=read_settings)
    pages = [page for page in pages_for(settings.status_pages, settings.targets) if page.readable]
    seen = asyncio.run(read_pages(pages, settings))
    known = [(page, reading) for page in pages if (reading := seen[page.key].reading) is not None]
    return known, [f"{page.key}: {seen[page.key].detail}" for page in pages if seen[page.key].reading is None]


def records(page: PageSpec, readings: Iterable[Reading]) -> Iterator[dict[str, Any]]:
    """Yield one record for each incident and each component that it names, without maintenance."""
    readings = tuple(readings)
    notices = {notice.id: notice for reading in readings for notice in reading.incidents}.values()
    components = {one.id: one for reading in readings for one in reading.components}
    for name in {part for notice in notices for part in notice.component_ids} - components.keys():
        components[name] = Component(id=name, name=name, word="", state=None)
    found = ((find(components.values(), spec), spec.surface) for spec in page.components)
    surfaces = {component.id: surface for component, surface in found if component is not None}
    publisher = urlsplit(page.home or page.url).hostname or page.display_name
    for notice in notices:
        for part in notice.component_ids or ("",) if notice.impact != "maintenance" else ():
            surface = surfaces.get(part) or (components[part].name if part else page.display_name)
            record = declared(notice, publisher=publisher, provider=page.provider, surface=surface)
            yield record | {"id": f"{notice.id}:{part}" if part else notice.id}


async def read_pages(pages: Sequence[PageSpec], settings: Settings) -> Mapping[str, PageSnapshot]:
    """Read each page once; return what was read, or why nothing was, by the key of the page."""
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
