"""Every way in which a peer can break, against real sockets: one outcome each, never an exception, never a hang."""

import gzip
import zlib

import pytest

from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.connection import Question
from aiprobe.transport.framing import Reply
from aiprobe.transport.transport import Exchange, Signal
from tests.unit.probes.asking import Recorder, a_route, a_transport, ask, ask_once, on_both_loops, until
from tests.unit.transport.peers import ENDLESS, OK, Call, a_peer, answers, chunk, until_gone

SIZED = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"
GZIPPED = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
ENDLESS_GZIP = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"


async def reset_at_once(call: Call) -> None:
    call.reset()


async def reset_after_the_request(call: Call) -> None:
    await call.request()
    call.reset()


async def close_at_once(call: Call) -> None:
    call.writer.close()


DISCONNECTS = {
    "closes after accept": close_at_once,
    "resets after accept": reset_at_once,
    "closes after the request": answers(),
    "resets after the request": reset_after_the_request,
    "half a status line": answers(b"HTTP/1.1 20"),
    "half a head": answers(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"),
    "an interim reply alone": answers(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "content-length too long": answers(SIZED + b"half"),
    "no body at all": answers(SIZED),
    "chunked without its end": answers(ENDLESS, chunk(b"some")),
    "chunked, cut within a chunk": answers(ENDLESS, b"64\r\nonly a little"),
    "chunked, cut within the last chunk": answers(ENDLESS, chunk(b"some"), b"0\r\n"),
    "gzip cut, ended by the connection": answers(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", gzip.compress(b"x" * 1000)[:20]
    ),
}

MALFORMED = {
    "another protocol": answers(b"SSH-2.0-OpenSSH_9.9\r\n", then_close=False),
    "plain text": answers(b"hello there\r\n\r\n", then_close=False),
    "bytes of TLS": answers(b"\x15\x03\x01\x00\x02\x02\x16", then_close=False),
    "NUL bytes": answers(b"\0" * 100, then_close=False),
    "a NUL in a header": answers(b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n", then_close=False),
    "a header without a colon": answers(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", then_close=False),
    "a status below 100": answers(b"HTTP/1.1 099 Odd\r\n\r\n", then_close=False),
    "a negative length": answers(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", then_close=False),
    "two lengths": answers(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", then_close=False),
    "a chunk size that is no number": answers(ENDLESS, b"zz\r\nabc\r\n", then_close=False),
    "a chunk longer than its size": answers(ENDLESS, b"2\r\nabcdef\r\n", then_close=False),
    "a chunk size that overflows": answers(ENDLESS, b"f" * 40 + b"\r\n", then_close=False),
    "an upgrade that nobody asked for": answers(
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", then_close=False
    ),
    "headers over the limit": answers(
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"h%d: %b\r\n" % (n, b"v" * 1000) for n in range(120)), then_close=False
    ),
    "a status line that never ends": answers(b"HTTP/1.1 200 " + b"o" * 120_000, then_close=False),
    "more layers of compression than a reply has": answers(
        b"HTTP/1.1 200 OK\r\ncontent-encoding: " + b"gzip, " * 6 + b"\r\n\r\n", then_close=False
    ),
    "more headers than a reply has": answers(b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 2000 + b"\r\n", then_close=False),
    "gzip that is none": answers(GZIPPED % 5 + b"hello", then_close=False),
    "gzip cut within its length": answers(GZIPPED % 15 + gzip.compress(b"x" * 1000)[:15], then_close=False),
    "gzip with a wrong checksum": answers(GZIPPED % 22 + gzip.compress(b"ab")[:-8] + b"\0" * 8, then_close=False),
}


@pytest.mark.parametrize("fault", DISCONNECTS)
@on_both_loops
async def test_a_connection_that_breaks_is_disconnected(fault: str) -> None:
    exchange, peer = await ask_once(DISCONNECTS[fault])
    assert exchange.outcome is Outcome.DISCONNECTED, exchange.detail
    assert exchange.detail
    assert not exchange.complete
    assert peer.connections == 1


@pytest.mark.parametrize("fault", MALFORMED)
@on_both_loops
async def test_bytes_that_http_does_not_allow_are_malformed(fault: str) -> None:
    exchange, peer = await ask_once(MALFORMED[fault])
    assert exchange.outcome is Outcome.MALFORMED, exchange.detail
    assert exchange.detail
    assert not exchange.complete
    assert peer.connections == 1


@on_both_loops
async def test_a_reset_within_the_body_is_disconnected() -> None:
    sink = Recorder()

    async def script(call: Call) -> None:
        await call.request()
        await call.send(SIZED + b"half")
        await sink.got_body.wait()
        call.reset()

    exchange, _ = await ask_once(script, sink)
    assert exchange.outcome is Outcome.DISCONNECTED
    assert "reset" in exchange.detail.lower()
    assert sink.body == b"half"
    assert list(exchange.phases) == ["connect", "send", "first_byte"]


@on_both_loops
async def test_the_phase_in_which_the_peer_broke_is_in_the_phases() -> None:
    exchange, _ = await ask_once(answers())
    assert list(exchange.phases) == ["connect", "send", "first_byte"]
    assert exchange.started + sum(exchange.phases.values()) == pytest.approx(exchange.ended, abs=1e-9)


@on_both_loops
async def test_a_reply_byte_by_byte_is_a_whole_reply() -> None:
    sink = Recorder()
    reply = ENDLESS + chunk(b"one ") + chunk(b"two") + chunk(b"")
    exchange, _ = await ask_once(answers(*(reply[i : i + 1] for i in range(len(reply)))), sink)
    assert (exchange.outcome, sink.body) == (None, b"one two")


@on_both_loops
async def test_a_reply_before_the_request_was_read_is_taken() -> None:
    async def hasty(call: Call) -> None:
        await call.send(OK)
        await until_gone(call)

    for _ in range(20):  # whether it arrives before we ask is the scheduler's choice
        sink = Recorder()
        exchange, _ = await ask_once(hasty, sink)
        assert (exchange.outcome, sink.body) == (None, b"hi")
        assert all(seconds >= 0 for seconds in exchange.phases.values())


@on_both_loops
async def test_what_came_before_we_asked_is_not_lost() -> None:
    async def hasty(call: Call) -> None:
        await call.send(OK)
        await until_gone(call)

    sink, timeouts = Recorder(), Timeouts()
    async with a_peer(hasty) as peer, a_transport() as transport:
        exchange = Exchange(started=0.0)
        connection = await transport._dialer.open(a_route(peer.port), None, exchange=exchange, timeouts=timeouts)
        await until(lambda: bool(connection.early))
        reply = Reply(sink, exchange, method="GET", max_body_bytes=1000)
        exchange.enter("send", connection.ready_at)
        exchange.started = connection.ready_at
        await connection.ask(
            Question(
                request=b"GET / HTTP/1.1\r\n\r\n",
                reply=reply,
                exchange=exchange,
                timeouts=timeouts,
                first_token_limit=True,
                keep=None,
            )
        )
    assert (exchange.outcome, sink.body) == (None, b"hi")


@pytest.mark.parametrize("extra", [b"extra", b"\r\n\r\n", OK, b"\0" * 100], ids=["text", "lines", "reply", "nuls"])
@on_both_loops
async def test_what_follows_a_whole_reply_does_not_spoil_it(extra: bytes) -> None:
    sink = Recorder()
    exchange, _ = await ask_once(answers(OK + extra, then_close=False), sink)
    assert (exchange.outcome, exchange.complete, sink.body, sink.heads) == (None, True, b"hi", 1)


async def test_lines_may_end_in_a_bare_line_feed() -> None:
    sink = Recorder()
    exchange, _ = await ask_once(answers(OK.replace(b"\r\n", b"\n"), then_close=False), sink)
    assert (exchange.outcome, sink.body) == (None, b"hi")


async def endless(script_head: bytes, piece: bytes) -> tuple[Exchange, Recorder]:
    """Ask a peer that goes on for ever."""

    async def script(call: Call) -> None:
        await call.request()
        await call.send(script_head)
        while True:
            await call.send(piece)

    sink = Recorder()
    async with a_peer(script) as peer, a_transport(max_body_bytes=200_000) as transport:
        return await ask(transport, a_route(peer.port), sink), sink


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (ENDLESS, chunk(b"x" * 5000)),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 5000),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n", b"x" * 5000),
        (b"HTTP/1.1 200 OK\r\na: ", b"x" * 5000),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 100),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 20),
        (ENDLESS + b"0\r\n", b"trailer: x\r\n" * 100),
        (ENDLESS + b"0\r\ntrailer: ", b"x" * 5000),
        (ENDLESS + b"5;extension=", b"x" * 5000),
    ],
    ids=["chunks", "body", "sized", "header", "headers", "interim", "trailers", "trailer", "extension"],
)
@on_both_loops
async def test_what_never_ends_is_malformed_within_the_limits(head: bytes, piece: bytes) -> None:
    exchange, sink = await endless(head, piece)
    assert exchange.outcome is Outcome.MALFORMED
    assert "limit" in exchange.detail
    assert len(sink.body) <= 200_000
    assert exchange.bytes_received < 1_000_000


@on_both_loops
async def test_a_compressed_stream_comes_as_it_is_flushed() -> None:
    packer = zlib.compressobj(wbits=31)
    first = packer.compress(b"first") + packer.flush(zlib.Z_SYNC_FLUSH)
    last = packer.compress(b" last") + packer.flush()
    sink = Recorder()

    async def script(call: Call) -> None:
        await call.request()
        await call.send(ENDLESS_GZIP, chunk(first))
        await sink.got_body.wait()
        await call.send(chunk(last), chunk(b""))
        await until_gone(call)

    exchange, _ = await ask_once(script, sink)
    assert (exchange.outcome, exchange.complete) == (None, True)
    assert sink.pieces == [b"first", b" last"]


@on_both_loops
async def test_a_bomb_is_malformed_and_hands_out_no_more_than_the_limit() -> None:
    bomb = gzip.compress(b"\0" * (50 << 20), compresslevel=9)
    sink = Recorder()
    async with a_peer(answers(GZIPPED % len(bomb) + bomb)) as peer, a_transport(max_body_bytes=1 << 20) as transport:
        exchange = await ask(transport, a_route(peer.port), sink)
    assert exchange.outcome is Outcome.MALFORMED
    assert len(sink.body) <= 1 << 20
    assert max(map(len, sink.pieces)) <= 64 * 1024


@on_both_loops
async def test_done_in_the_middle_of_a_compressed_stream_is_no_error() -> None:
    packed = gzip.compress(b"x" * 500_000)
    sink = Recorder(lambda body: Signal.DONE)
    exchange, _ = await ask_once(answers(GZIPPED % len(packed) + packed, then_close=False), sink)
    assert exchange.outcome is None
    assert len(sink.pieces) == 1
