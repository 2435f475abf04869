"""The keeper reads each page on the route that the configuration gives it, and follows a reload."""

import asyncio
from itertools import pairwise

from aiohttp import web

from aiprobe.core.secret import Secret
from aiprobe.core.statuspage import Page, PageSnapshot, StatusPages
from aiprobe.statuspages.keeper import PageKeeper, Surface
from tests.builders import a_provider, a_target
from tests.clock import ManualClock
from tests.unit.statuspages.servers import a_server

PAGE = Page(key="mine", url="http://status.example/summary.json", reader="atlassian", provider="openai")


class Nobody:
    """Takes gauges and readings, and keeps neither."""

    def replace(self, short: str, values: object) -> None:
        pass

    def replace_for(self, target: str, short: str, values: object) -> None:
        pass

    def watched(self, surfaces: frozenset[Surface]) -> None:
        pass

    def page_read(self, provider: str, snapshot: PageSnapshot) -> None:
        pass


async def test_a_page_is_read_through_the_proxy_of_its_provider() -> None:
    asked: asyncio.Queue[str] = asyncio.Queue()

    async def proxy(request: web.Request) -> web.StreamResponse:
        asked.put_nowait(str(request.url))
        return web.json_response({})

    manual = ManualClock()
    keeper = PageKeeper(Nobody(), Nobody(), clock=manual.clock)
    async with a_server(proxy) as url:
        target = a_target(provider=a_provider(proxy=Secret(url)))
        keeper.prepare(StatusPages(pages={"mine": PAGE}), [target])()
        await manual.advance(10)
        assert await asked.get() == PAGE.url
        await keeper.close()


async def test_a_reload_changes_what_a_page_is_read_with_and_leaves_the_others_alone() -> None:
    manual = ManualClock()
    keeper = PageKeeper(Nobody(), Nobody(), clock=manual.clock)
    settings = StatusPages(interval_seconds=120, pages={"mine": PAGE})
    changes = [
        (settings, a_target()),
        (settings, a_target(model="another")),
        (StatusPages(interval_seconds=60, pages={"mine": PAGE}), a_target()),
        (settings, a_target(provider=a_provider(proxy=Secret("http://127.0.0.1:1")))),
        (settings, a_target(provider=a_provider(ca_file="/ca.pem"))),
    ]
    read_by = []
    for changed, target in changes:
        keeper.prepare(changed, [target])()
        read_by.append(keeper._pages["mine"])
    await keeper.close()
    assert [page is before for before, page in pairwise(read_by)] == [True, False, False, False]
