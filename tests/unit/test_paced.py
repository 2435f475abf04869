"""What a status page's server or an egress check's can make us do in one turn of the event loop is bounded."""

import asyncio
import gzip
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

import pytest

from aiprobe.core.clock import Clock
from aiprobe.egress import Egress
from aiprobe.paced import paced
from aiprobe.statuspages.fetch import FetchError, PageFetcher
from tests.unit.probes.asking import on_both_loops
from tests.unit.transport.peers import Call, Script, a_peer, chunk

BODY: Final = b'{"components": []}'
HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SIZED: Final = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED: Final = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PAGE: Final = b'{"page": "%b"}' % (b"0123456789" * 30_000)


async def turns_of(asked: Coroutine[Any, Any, Any]) -> tuple[Any, int]:
    """Return what was asked for, and the turns of the event loop that it took."""
    task, turns = asyncio.ensure_future(asked), 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    return await task, turns


def sending(data: bytes) -> Script:
    async def script(call: Call) -> None:
        await call.request()
        await call.send(data)

    return script


async def fetched(port: int) -> bytes | None:
    fetcher = PageFetcher()
    try:
        return (await fetcher.fetch(f"http://127.0.0.1:{port}/", media="json")).body
    finally:
        await fetcher.close()


async def checked(port: int) -> bytes | None:
    egress = Egress([f"http://127.0.0.1:{port}/"], clock=Clock(), on_result=lambda _: None, timeout_seconds=30)
    try:
        return None if await egress.is_down() else BODY
    finally:
        await egress.close()


@pytest.mark.parametrize("ask", [fetched, checked])
@on_both_loops
async def test_a_flood_of_interim_replies_is_read_over_many_turns(ask: Callable[[int], Any]) -> None:
    flood = b"HTTP/1.1 102 Processing\r\n\r\n" * 4000
    async with a_peer(sending(flood + SIZED)) as peer:
        body, turns = await turns_of(ask(peer.port))
    assert body == BODY
    assert turns >= len(flood) / 2048


@on_both_loops
async def test_a_body_in_chunks_of_a_byte_is_read_over_many_turns() -> None:
    data = b"".join(chunk(bytes([byte])) for byte in PAGE[:20_000]) + b"0\r\n\r\n"
    async with a_peer(sending(CHUNKED + data)) as peer:
        body, turns = await turns_of(fetched(peer.port))
    assert body == PAGE[:20_000]
    assert turns >= len(data) / 2048


@pytest.mark.parametrize(
    "reply",
    [
        HEAD + b"Content-Length: %d\r\n\r\n" % len(PAGE) + PAGE,
        HEAD + b"\r\n" + PAGE,
        CHUNKED + chunk(PAGE) + b"0\r\n\r\n",
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE),
    ],
)
@on_both_loops
async def test_a_large_page_arrives_whole_though_its_connection_ends_with_it(reply: bytes) -> None:
    async with a_peer(sending(reply)) as peer:
        assert await fetched(peer.port) == PAGE


@pytest.mark.parametrize(
    "reply", [b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{}", CHUNKED + chunk(PAGE), bytes(range(256)) * 100]
)
@on_both_loops
async def test_a_page_that_is_cut_or_no_http_cannot_be_reached(reply: bytes) -> None:
    async with a_peer(sending(reply)) as peer:
        with pytest.raises(FetchError, match="cannot be reached"):
            await fetched(peer.port)


@pytest.mark.parametrize("factory", [None, asyncio.Protocol, partial(asyncio.Protocol)])
def test_an_aiohttp_that_makes_its_connections_in_another_way_keeps_its_own(factory: Any) -> None:
    assert paced(factory) is factory
