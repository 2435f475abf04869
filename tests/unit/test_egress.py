"""The egress check: begun after the failure, shared, bounded, and never fooled by an HTTP error."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import pytest
from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.core.secret import Secret
from aiprobe.egress import ROUND_SECONDS, Egress, check_names, proves_the_internet, ways_out
from tests.builders import a_provider
from tests.clock import ManualClock


@asynccontextmanager
async def a_site(status: int = 204, gate: asyncio.Event | None = None) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve `status` on loopback, once `gate` is open; yields its URL and the paths that were asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if gate is not None:
            await gate.wait()
        return web.Response(status=status, headers={"location": "http://127.0.0.1:9/"} if status == 302 else {})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield str(runner.addresses[0][1]), asked
    finally:
        if gate is not None:
            gate.set()
        await runner.cleanup()


def a_closed_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@asynccontextmanager
async def an_egress(*urls: str, clock: Clock | None = None) -> AsyncIterator[tuple[Egress, list[Mapping[str, bool]]]]:
    told: list[Mapping[str, bool]] = []
    egress = Egress(urls, clock=clock or Clock(), on_result=told.append, timeout_seconds=0.5)
    try:
        yield egress, told
    finally:
        await egress.close()


@pytest.mark.parametrize("status", [200, 204, 302, 404, 500])
async def test_an_answer_of_the_host_itself_proves_that_packets_pass(status: int) -> None:
    async with a_site(status) as (port, asked), an_egress(f"http://127.0.0.1:{port}/trace") as (egress, told):
        assert await egress.is_down() is False
        assert asked == ["/trace"]
        assert told == [{f"127.0.0.1:{port}": True}]


async def test_egress_is_down_only_when_every_check_fails() -> None:
    closed = f"http://127.0.0.1:{a_closed_port()}/"
    async with an_egress(closed) as (egress, told):
        assert await egress.is_down() is True
        assert list(told[0].values()) == [False]
    async with a_site() as (port, _), an_egress(closed, f"http://127.0.0.1:{port}/") as (egress, told):
        assert await egress.is_down() is False
        assert sorted(told[0].values()) == [False, True]


async def test_a_check_that_hangs_is_a_failed_check() -> None:
    gate = asyncio.Event()
    async with a_site(gate=gate) as (port, _), an_egress(f"http://127.0.0.1:{port}/") as (egress, _told):
        assert await egress.is_down() is True


async def test_without_checks_nothing_is_ever_excused() -> None:
    async with an_egress() as (egress, told):
        assert await egress.is_down() is False
        assert told == []


async def test_failures_that_come_together_share_one_round() -> None:
    async with a_site() as (port, asked), an_egress(f"http://127.0.0.1:{port}/") as (egress, _):
        await asyncio.gather(*(egress.is_down() for _ in range(50)))
        assert len(asked) == 1


async def test_a_round_that_began_before_the_failure_proves_nothing_about_it() -> None:
    manual = ManualClock()
    gate = asyncio.Event()
    async with (
        a_site(gate=gate) as (port, asked),
        an_egress(f"http://127.0.0.1:{port}/", clock=manual.clock) as (egress, _),
    ):
        before = asyncio.create_task(egress.is_down())
        while not asked:
            await asyncio.sleep(0.001)
        after = asyncio.create_task(egress.is_down())
        await manual.advance(1.0)
        while len(asked) < 2:
            await asyncio.sleep(0.001)
        gate.set()
        assert [await before, await after] == [False, False]
        assert len(asked) == 2


async def test_a_waiter_that_is_cancelled_does_not_cancel_the_round_of_the_others() -> None:
    gate = asyncio.Event()
    async with a_site(gate=gate) as (port, asked), an_egress(f"http://127.0.0.1:{port}/") as (egress, _):
        one, other = asyncio.create_task(egress.is_down()), asyncio.create_task(egress.is_down())
        while not asked:
            await asyncio.sleep(0.001)
        one.cancel()
        gate.set()
        assert await other is False


async def test_checks_run_without_failures_too_so_that_the_gauge_is_fresh() -> None:
    manual = ManualClock()
    async with a_site() as (port, asked), an_egress(f"http://127.0.0.1:{port}/", clock=manual.clock) as (egress, told):
        task = asyncio.create_task(egress.run())
        for round_number in range(1, 4):
            while len(told) < round_number:
                await manual.advance(0)
            await manual.advance(ROUND_SECONDS)
        task.cancel()
        assert len(asked) >= 3


def test_checks_are_named_after_their_host_and_told_apart_by_path_where_they_share_one() -> None:
    assert list(check_names(["https://a.example/x", "https://b.example/"])) == ["a.example", "b.example"]
    assert list(check_names(["https://a.example/x", "https://a.example/y"])) == ["a.example/x", "a.example/y"]
    assert list(check_names(["https://user:pw@a.example/x"])) == ["a.example"]


CHECK = "http://check.test/trace"
MIDDLEMEN = [(status, "") for status in (401, 403, 407, 451, 502, 503, 504, 511)] + [
    (status, where)
    for status in (301, 302, 303, 307, 308)
    for where in (
        "http://portal.test/login",
        "//portal.test/",
        "https://portal.test/?from=http://check.test/",
        "http://[",
    )
]
HOSTS = [(200, ""), (204, ""), (304, ""), (404, ""), (405, ""), (429, ""), (500, "")] + [
    (status, where)
    for status in (301, 302, 307, 308)
    for where in ("/en", "https://check.test/trace", "http://CHECK.test:80/")
]


@pytest.mark.parametrize(("status", "location"), MIDDLEMEN)
def test_what_a_proxy_or_a_portal_answers_proves_no_internet(status: int, location: str) -> None:
    assert not proves_the_internet(CHECK, status, location)
    assert proves_the_internet(CHECK.replace("http:", "https:"), status, location), "a certificate proves who answered"


@pytest.mark.parametrize(("status", "location"), HOSTS)
def test_what_the_host_itself_answers_proves_it(status: int, location: str) -> None:
    assert proves_the_internet(CHECK, status, location)


@pytest.mark.parametrize("status", [200, 302, 404])
def test_a_page_where_there_should_be_none_is_a_portal(status: int) -> None:
    assert proves_the_internet("http://check.test/generate_204", 204, "")
    assert not proves_the_internet("http://check.test/generate_204", status, "")


def test_one_way_out_trusts_the_authorities_of_all_its_providers() -> None:
    proxy = Secret("http://proxy.example:3128")
    direct, through = a_provider(), a_provider(proxy=proxy)
    assert ways_out([]) == {None: frozenset()}
    assert ways_out([direct, through, replace(through, ca_file="a.pem"), replace(through, ca_file="b.pem")]) == {
        None: frozenset(),
        proxy: {"a.pem", "b.pem"},
    }
