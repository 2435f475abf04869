"""Warm connections: when they serve again, when they do not, and that no request is ever sent twice."""

import asyncio
import select
import socket

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.connection import Connection
from aiprobe.transport.dial import read_buffer
from aiprobe.transport.transport import Signal
from aiprobe.transport.warm import MAX_IDLE, WarmConnections
from tests.unit.probes.asking import Recorder, a_route, a_transport, ask, on_both_loops, until
from tests.unit.transport.peers import ENDLESS, OK, Call, a_peer, answers, chunk, serves, until_gone


@on_both_loops
async def test_the_next_exchange_on_an_equal_route_uses_the_warm_connection() -> None:
    async with a_peer(serves(OK, OK, OK)) as peer, a_transport() as transport:
        first = await ask(transport, a_route(peer.port, reuse=True))
        second = await ask(transport, a_route(peer.port, reuse=True))
        third = await ask(transport, a_route(peer.port, reuse=True))
    assert peer.connections == 1
    assert [e.reused for e in (first, second, third)] == [False, True, True]
    assert list(first.phases) == ["connect", "send", "first_byte"]
    assert list(second.phases) == ["send", "first_byte"]
    assert (first.connections_tried, second.connections_tried) == (1, 0)
    assert second.remote_address == "127.0.0.1"
    assert b"connection: keep-alive\r\n" in peer.requests[0]


@on_both_loops
async def test_exchanges_at_once_on_one_route_each_find_a_warm_connection_again() -> None:
    async with a_peer(serves(OK, OK)) as peer, a_transport() as transport:
        route = a_route(peer.port, reuse=True)
        for _ in range(2):
            exchanges = await asyncio.gather(*(ask(transport, route) for _ in range(5)))
    assert peer.connections == 5
    assert [exchange.reused for exchange in exchanges] == [True] * 5


@on_both_loops
async def test_another_route_does_not_get_it() -> None:
    async with a_peer(serves(OK, OK)) as peer, a_transport() as transport:
        await ask(transport, a_route(peer.port, reuse=True))
        other = await ask(transport, a_route(peer.port, reuse=True, ip_family="ipv4"))
        fresh = await ask(transport, a_route(peer.port))
    assert peer.connections == 3
    assert not other.reused
    assert not fresh.reused


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        OK + b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad",
        OK + b"extra",
    ],
    ids=["close", "1.0", "a second reply", "extra bytes"],
)
@on_both_loops
async def test_a_connection_that_cannot_be_trusted_again_is_closed(reply: bytes) -> None:
    sinks = [Recorder(), Recorder()]
    async with a_peer(serves(reply, reply)) as peer, a_transport() as transport:
        exchanges = [await ask(transport, a_route(peer.port, reuse=True), sink) for sink in sinks]
    assert peer.connections == 2
    assert [e.outcome for e in exchanges] == [None, None]
    assert [sink.body for sink in sinks] == [b"hi", b"hi"]


@on_both_loops
async def test_a_warm_connection_that_the_peer_has_closed_costs_one_request() -> None:
    closed = asyncio.Event()

    async def script(call: Call) -> None:
        await call.request()
        await call.send(OK)
        call.writer.close()
        await call.writer.wait_closed()
        closed.set()

    async with a_peer(script) as peer, a_transport() as transport:
        for _ in range(10):
            closed.clear()
            exchange = await ask(transport, a_route(peer.port, reuse=True))
            assert exchange.outcome is None
            await closed.wait()  # the end is in our kernel now; whether our loop has looked is left to chance
    assert peer.connections == len(peer.requests) == 10


@on_both_loops
async def test_an_end_that_only_the_kernel_knows_of_is_noticed_before_the_request_is_written() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        async with a_transport() as transport:
            route = a_route(listener.getsockname()[1], reuse=True)
            asking = asyncio.create_task(ask(transport, route))
            peer, _ = await loop.sock_accept(listener)
            with peer:
                await loop.sock_recv(peer, 65536)
                peer.send(OK)
                await asking
            (connection,) = transport._live
            assert connection.transport is not None
            poller = select.poll()
            poller.register(connection.transport.get_extra_info("socket").fileno(), select.POLLIN)
            assert poller.poll(5000)  # blocks our loop, so that it cannot have seen the end
            again = asyncio.create_task(ask(transport, route))
            peer, _ = await loop.sock_accept(listener)
            with peer:
                await loop.sock_recv(peer, 65536)
                peer.send(OK)
                assert (await again).outcome is None


@on_both_loops
async def test_bytes_that_nobody_asked_for_make_a_warm_connection_unfit() -> None:
    spoken = asyncio.Event()

    async def script(call: Call) -> None:
        await call.request()
        await call.send(OK)
        await call.send(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        spoken.set()
        await until_gone(call)

    async with a_peer(script) as peer, a_transport() as transport:
        await ask(transport, a_route(peer.port, reuse=True))
        await spoken.wait()
        exchange = await ask(transport, a_route(peer.port, reuse=True))
    assert (exchange.status, exchange.reused) == (200, False)
    assert peer.connections == 2


@on_both_loops
async def test_a_warm_connection_that_dies_after_the_request_is_disconnected_and_nothing_is_sent_again() -> None:
    async def script(call: Call) -> None:
        await call.request()
        await call.send(OK)
        await call.request()
        call.writer.close()

    async with a_peer(script) as peer, a_transport() as transport:
        await ask(transport, a_route(peer.port, reuse=True))
        exchange = await ask(transport, a_route(peer.port, reuse=True))
    assert (exchange.outcome, exchange.reused) == (Outcome.DISCONNECTED, True)
    assert (peer.connections, len(peer.requests)) == (1, 2)


@on_both_loops
async def test_what_is_left_after_done_is_read_so_that_the_connection_serves_again() -> None:
    finish = asyncio.Event()

    async def script(call: Call) -> None:
        await call.request()
        await call.send(ENDLESS, chunk(b"[DONE]"))
        await finish.wait()
        await call.send(chunk(b"a rest"), chunk(b""))
        await call.request()
        await call.send(OK)
        await until_gone(call)

    async with a_peer(script) as peer, a_transport() as transport:
        route = a_route(peer.port, reuse=True)
        first = await ask(transport, route, Recorder(lambda body: Signal.DONE))
        assert not first.complete
        finish.set()
        await until(lambda: bool(transport._warm._idle))
        second = await ask(transport, route)
    assert second.reused
    assert peer.connections == 1


@on_both_loops
async def test_a_rest_that_goes_on_after_done_is_not_read_for_long() -> None:
    async def script(call: Call) -> None:
        await call.request()
        await call.send(ENDLESS)
        while True:
            await call.send(chunk(b"x" * 1000))

    async with a_peer(script) as peer, a_transport() as transport:
        await ask(transport, a_route(peer.port, reuse=True), Recorder(lambda body: Signal.DONE))
        (connection,) = transport._live
        await until(lambda: not transport._live)
        assert 64 * 1024 <= connection._drained_bytes < 512 * 1024
        assert not transport._warm._idle


@on_both_loops
async def test_an_exchange_that_failed_leaves_no_warm_connection() -> None:
    script = answers(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", then_close=False)
    async with a_peer(script) as peer, a_transport() as transport:
        await ask(transport, a_route(peer.port, reuse=True))
        assert not transport._warm._idle
        await peer.gone.wait()


async def test_the_oldest_connections_go_when_there_are_too_many() -> None:
    warm, live = WarmConnections(), set[Connection]()
    made = [Connection(Clock(), live, read_buffer()) for _ in range(MAX_IDLE + 5)]
    for number, connection in enumerate(made):
        warm.keep(a_route(1 + number), connection)
    warm.keep(a_route(MAX_IDLE), Connection(Clock(), live, read_buffer()))
    assert len(warm._idle) == MAX_IDLE
    assert a_route(1) not in warm._by_route
    timers = [timer for _, timer in warm._idle.values()]
    warm.close()
    assert all(timer.cancelled() for timer in timers)


@on_both_loops
async def test_an_idle_connection_is_closed_after_its_time() -> None:
    async with a_peer(serves(OK, OK)) as peer, a_transport() as transport:
        route = a_route(peer.port, reuse=True)
        await ask(transport, route)
        (connection,) = transport._warm._by_route[route]
        _, timer = transport._warm._idle[connection]
        assert timer.when() - asyncio.get_running_loop().time() == pytest.approx(120, abs=5)
        transport._warm._drop(connection)  # what the timer calls
        await peer.gone.wait()
        assert not (await ask(transport, route)).reused
