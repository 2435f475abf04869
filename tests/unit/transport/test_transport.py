"""One exchange with a peer that behaves: what is sent, what comes back, when, and what is left behind."""

import asyncio
import gc
import itertools
import ssl
import time

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.connection import Connection
from aiprobe.transport.framing import Reply
from aiprobe.transport.transport import Exchange, Signal, Transport
from tests.unit.probes.asking import Recorder, a_route, a_transport, ask, ask_once, on_both_loops, until
from tests.unit.transport.peers import (
    ENDLESS,
    OK,
    Call,
    a_dropping_port,
    a_peer,
    a_refusing_port,
    a_server_context,
    answers,
    chunk,
    until_gone,
)

pytestmark = pytest.mark.slow


@on_both_loops
async def test_a_reply_comes_back_whole() -> None:
    sink = Recorder()
    reply = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello"
    exchange, _ = await ask_once(answers(reply), sink)
    assert (sink.status, sink.body) == (200, b"hello")
    assert sink.headers == {"x-a": "1, 2", "content-length": "5"}
    assert (exchange.outcome, exchange.complete, exchange.status) == (None, True, 200)
    assert exchange.headers == sink.headers
    assert exchange.bytes_received == len(reply)


@on_both_loops
async def test_a_request_carries_host_length_and_close() -> None:
    _, peer = await ask_once(answers(OK), body=b'{"a":1}')
    assert peer.requests == [
        b"POST /v1/ask HTTP/1.1\r\nhost: 127.0.0.1:%d\r\ncontent-type: application/json\r\n"
        b'content-length: 7\r\nconnection: close\r\n\r\n{"a":1}' % peer.port
    ]


@on_both_loops
async def test_a_chunked_body_comes_without_its_frames() -> None:
    sink = Recorder()
    exchange, _ = await ask_once(answers(ENDLESS, chunk(b"one "), chunk(b"two"), chunk(b"")), sink)
    assert sink.body == b"one two"
    assert exchange.complete


@on_both_loops
async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    for head in (b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"):
        sink = Recorder()
        exchange, _ = await ask_once(answers(head, b"all of", b" it"), sink)
        assert sink.body == b"all of it"
        assert (exchange.outcome, exchange.complete) == (None, True)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_a_reply_without_a_body_by_its_status_is_complete_at_its_head(status: bytes) -> None:
    exchange, _ = await ask_once(answers(b"HTTP/1.1 %b\r\n\r\n" % status, then_close=False))
    assert (exchange.outcome, exchange.complete) == (None, True)


async def test_the_answer_to_head_has_no_body_whatever_its_length_says() -> None:
    sink = Recorder()
    reply = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n"
    exchange, _ = await ask_once(answers(reply, then_close=False), sink, method="HEAD", body=b"")
    assert (exchange.outcome, exchange.complete, sink.body) == (None, True, b"")


@on_both_loops
async def test_interim_replies_are_skipped() -> None:
    sink = Recorder()
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    exchange, _ = await ask_once(answers(interim, OK), sink)
    assert (sink.heads, sink.status, sink.body) == (1, 200, b"hi")
    assert "link" not in exchange.headers


@on_both_loops
async def test_phases_are_contiguous_and_those_that_did_not_happen_are_absent() -> None:
    sink = Recorder()
    exchange, _ = await ask_once(answers(OK), sink)
    assert list(exchange.phases) == ["connect", "send", "first_byte"]
    assert all(seconds >= 0 for seconds in exchange.phases.values())
    assert exchange.started + sum(exchange.phases.values()) == pytest.approx(sink.times[0], abs=1e-9)
    assert exchange.sent is not None
    assert exchange.sent == pytest.approx(exchange.started + exchange.phases["connect"] + exchange.phases["send"])
    assert exchange.ended >= sink.times[-1]


@on_both_loops
async def test_done_ends_the_exchange_though_the_peer_goes_on() -> None:
    async def script(call: Call) -> None:
        await call.request()
        await call.send(ENDLESS, chunk(b"enough"))
        await until_gone(call)

    async with a_peer(script) as peer, a_transport() as transport:
        sink = Recorder(lambda body: Signal.DONE if body == b"enough" else Signal.MORE)
        exchange = await ask(transport, a_route(peer.port), sink)
        assert (exchange.outcome, exchange.complete) == (None, False)
        await peer.gone.wait()


@on_both_loops
async def test_a_sink_is_not_called_again_after_done() -> None:
    sink = Recorder(lambda body: Signal.DONE, slice_bytes=1)
    await ask_once(answers(ENDLESS + chunk(b"a") + chunk(b"b") + chunk(b"")), sink)
    assert sink.pieces == [b"a"]


@on_both_loops
async def test_a_bug_in_the_sink_reaches_the_caller() -> None:
    def broken(body: bytes) -> Signal:
        raise LookupError("ours")

    async with a_peer(answers(OK, then_close=False)) as peer, a_transport() as transport:
        with pytest.raises(LookupError, match="ours"):
            await ask(transport, a_route(peer.port), Recorder(broken))
        await peer.gone.wait()


@on_both_loops
async def test_cancelling_closes_the_connection_at_once() -> None:
    sink = Recorder()
    async with a_peer(answers(ENDLESS, chunk(b"x"), then_close=False)) as peer, a_transport() as transport:
        task = asyncio.create_task(ask(transport, a_route(peer.port), sink))
        await sink.got_body.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not transport._live
        await peer.gone.wait()


async def end_of_one_cancelled_at(reading: int, tls: ssl.SSLContext | None) -> object:
    """Ask, and cancel when the clock is read for the n-th time, in whatever callback of the event loop that is."""
    readings = itertools.count(1)

    def now() -> float:
        if next(readings) == reading:
            task.cancel()
        return time.monotonic()

    transport = Transport(clock=Clock(monotonic=now))
    async with a_peer(answers(OK), tls=tls) as peer:
        task = asyncio.create_task(
            ask(transport, a_route(peer.port, scheme="https" if tls else "http", tls_verify=False))
        )
        (end,) = await asyncio.gather(task, return_exceptions=True)
        assert not transport._live, f"cancelled at reading {reading}"
    await transport.close()
    return end


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
@on_both_loops
async def test_a_caller_that_is_cancelled_at_any_moment_leaves_no_connection(*, encrypted: bool) -> None:
    tls = a_server_context("localhost") if encrypted else None
    ends = [await end_of_one_cancelled_at(reading, tls) for reading in range(1, 16)]
    assert {type(end) for end in ends} == {Exchange, asyncio.CancelledError}, "some are cancelled, some end first"


@on_both_loops
async def test_closing_the_transport_ends_what_runs_as_cancelled() -> None:
    sink = Recorder()
    async with a_peer(answers(ENDLESS, chunk(b"x"), then_close=False)) as peer, a_transport() as transport:
        task = asyncio.create_task(ask(transport, a_route(peer.port), sink))
        await sink.got_body.wait()
        await transport.close()
        assert (await task).outcome is Outcome.CANCELLED
        with pytest.raises(RuntimeError, match="closed"):
            await ask(transport, a_route(peer.port))


@on_both_loops
async def test_one_hung_peer_delays_none_of_a_hundred() -> None:
    release = asyncio.Event()

    async def hung(call: Call) -> None:
        await release.wait()

    async with a_peer(hung) as bad, a_peer(answers(OK)) as good, a_transport() as transport:
        waiting = asyncio.create_task(ask(transport, a_route(bad.port)))
        exchanges = await asyncio.gather(*(ask(transport, a_route(good.port)) for _ in range(100)))
        assert [e.outcome for e in exchanges] == [None] * 100
        assert good.connections == 100
        assert not waiting.done()
        release.set()
        assert (await waiting).outcome is Outcome.DISCONNECTED


@on_both_loops
async def test_two_hundred_mixed_exchanges_leave_nothing_behind() -> None:
    async def mixed(call: Call) -> None:
        request = await call.request()
        if b"/reset" in request:
            call.reset()
        elif b"/cut" in request:
            await call.send(ENDLESS)
        elif b"/garbage" in request:
            await call.send(b"\0\1\2")
        elif b"/hang" in request:
            await until_gone(call)
        else:
            await call.send(OK)
            await until_gone(call)

    async def one(number: int, port: int) -> Exchange:
        kind = ("ok", "reset", "cut", "garbage", "hang")[number % 5]
        route = a_route(port, reuse=number % 2 == 0)
        return await ask(transport, route, path=f"/{kind}", first_token=0.05)

    async with a_peer(mixed) as peer:
        async with a_transport() as transport:
            exchanges = await asyncio.gather(*(one(number, peer.port) for number in range(200)))
        expected = [None, Outcome.DISCONNECTED, Outcome.DISCONNECTED, Outcome.MALFORMED, Outcome.TIMEOUT_FIRST_TOKEN]
        assert [e.outcome for e in exchanges[:5]] == expected
        assert not transport._live
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    gc.collect()
    assert not [thing for thing in gc.get_objects() if isinstance(thing, Connection)]


@pytest.mark.parametrize("scheme", ["http", "https"])
@on_both_loops
async def test_a_connection_dies_with_its_exchange_without_a_garbage_collection(scheme: str) -> None:
    tls = a_server_context("127.0.0.1") if scheme == "https" else None
    gc.collect()
    gc.disable()
    try:
        async with a_peer(answers(OK), tls=tls) as peer, a_transport() as transport:
            await ask(transport, a_route(peer.port, scheme=scheme, tls_verify=False))
            await until(lambda: not any(isinstance(thing, Connection | Reply) for thing in gc.get_objects()))
    finally:
        gc.enable()


@on_both_loops
async def test_an_address_that_refuses_is_tried_once() -> None:
    with a_refusing_port() as port:
        async with a_transport() as transport:
            exchange = await ask(transport, a_route(port))
    assert exchange.outcome is Outcome.CONNECT
    assert exchange.detail == "127.0.0.1: Connection refused"
    assert exchange.connections_tried == 1
    assert list(exchange.phases) == ["connect"]


@on_both_loops
async def test_an_address_that_drops_packets_is_a_connect_timeout() -> None:
    with a_dropping_port() as port:
        async with a_transport() as transport:
            exchange = await ask(transport, a_route(port), connect=0.06)
    assert exchange.outcome is Outcome.TIMEOUT_CONNECT
    assert exchange.phases == {"connect": exchange.ended - exchange.started}
    assert exchange.connections_tried == 1


@on_both_loops
async def test_a_cancelled_connect_leaves_nothing() -> None:
    async with a_transport() as transport:
        with a_dropping_port() as port:
            task = asyncio.create_task(ask(transport, a_route(port)))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not transport._live


@on_both_loops
async def test_closing_the_transport_ends_a_connecting_exchange_as_cancelled() -> None:
    async with a_transport() as transport:
        with a_dropping_port() as port:
            task = asyncio.create_task(ask(transport, a_route(port), connect=0.06))
            await asyncio.sleep(0)
            await transport.close()
            assert (await task).outcome is Outcome.CANCELLED


@pytest.mark.parametrize(
    ("family", "host"), [("ipv6", "127.0.0.1"), ("ipv4", "::1")], ids=["ipv4 address", "ipv6 address"]
)
async def test_an_address_of_another_family_than_the_route_wants_is_not_tried(family: str, host: str) -> None:
    async with a_transport() as transport:
        exchange = await ask(transport, a_route(9, host=host, ip_family=family))
    assert exchange.outcome is Outcome.CONNECT
    assert family in exchange.detail
    assert exchange.connections_tried == 0


@on_both_loops
async def test_an_ipv6_address_may_wear_brackets() -> None:
    async with a_peer(answers(OK), host="::1") as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port, host="[::1]"))
    assert (exchange.outcome, exchange.remote_address) == (None, "::1")
    assert b"host: [::1]:%d\r\n" % peer.port in peer.requests[0]
