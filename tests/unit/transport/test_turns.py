"""What one peer can make us do in one turn of the event loop is bounded, whatever it sends: counted, not timed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.body import CHUNKS_A_CALL, Chunked
from aiprobe.transport.exchange import EVENTS_SLICE_BYTES, Exchange
from aiprobe.transport.framing import Reply
from aiprobe.transport.transport import Signal
from benchmarks.isolation.hostile import WAYS, Way
from tests.unit.probes.asking import a_route, a_transport, on_both_loops
from tests.unit.transport.peers import Call, Script, a_peer, chunk

READ_BYTES = 16 * 1024


@dataclass
class Turns:
    """A sink of events that counts, for each turn of the loop, what it was given."""

    slice_bytes: int = EVENTS_SLICE_BYTES
    turn: int = 0
    given: dict[int, int] = field(default_factory=dict)

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:
        pass

    def on_body(self, data: bytes, at: float) -> Signal:
        self.given[self.turn] = self.given.get(self.turn, 0) + len(data)
        return Signal.MORE

    async def count(self) -> None:
        """Count the turns of the loop, until cancelled."""
        while True:
            self.turn += 1
            await asyncio.sleep(0)


def a_hostile_peer(way: Way) -> Script:
    async def script(call: Call) -> None:
        await call.request()
        await call.send(way.first)
        while way.then:
            await call.send(way.then)
        await call.reader.read()

    return script


@pytest.mark.parametrize("name", WAYS)
@on_both_loops
async def test_a_hostile_peer_gets_two_slices_a_turn_and_ends_within_its_limits(name: str) -> None:
    sink = Turns()
    counting = asyncio.create_task(sink.count())
    async with a_peer(a_hostile_peer(WAYS[name])) as peer, a_transport(max_body_bytes=128 * 1024) as transport:
        exchange = await transport.exchange(
            a_route(peer.port),
            method="POST",
            path="/",
            headers=(),
            body=b"{}",
            timeouts=Timeouts(connect=10, first_token=10, stall=10, total=20),
            sink=sink,
        )
    counting.cancel()
    assert exchange.outcome is Outcome.MALFORMED
    # The end of one read and the beginning of the next may meet in a turn.
    assert max(sink.given.values(), default=0) <= 2 * EVENTS_SLICE_BYTES
    assert exchange.bytes_received <= 400_000


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_one_call_reads_so_many_chunks_and_says_that_more_are_there(size: int) -> None:
    body = Chunked()
    data = chunk(b"x" * size) * 2000
    calls = [body.feed(data)]
    while body.more:
        calls.append(body.feed(b""))
    assert b"".join(calls) == b"x" * size * 2000
    assert max(map(len, calls)) <= CHUNKS_A_CALL * size


def test_what_waits_for_its_turn_keeps_the_time_at_which_it_came() -> None:
    times: list[float] = []

    class Timed(Turns):
        def on_body(self, data: bytes, at: float) -> Signal:
            times.append(at)
            return Signal.CONTENT

    reply = Reply(Timed(), Exchange(started=0.0), method="GET", max_body_bytes=1 << 20)
    reply.feed(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * READ_BYTES, 5.0)
    for _ in range(READ_BYTES // EVENTS_SLICE_BYTES - 1):
        assert reply.pending
        reply.go_on()
    assert times == [5.0] * (READ_BYTES // EVENTS_SLICE_BYTES)
    assert (reply.content_at, reply.progress_at) == (5.0, 5.0)


@pytest.mark.parametrize(
    ("line", "dense"),
    [
        (b"\n", True),
        (b":\n", True),
        (b"\r", True),
        (b"data: {}\n\n", True),
        (b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n', False),
        (b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"a"}}\n\n', False),
        (b"x" * 5000, False),
    ],
)
def test_only_a_stream_of_hardly_anything_but_line_ends_is_dense(line: bytes, dense: bool) -> None:
    reply = Reply(Turns(), Exchange(started=0.0), method="GET", max_body_bytes=1 << 20)
    reply.feed(b"HTTP/1.1 200 OK\r\n\r\n" + (line * READ_BYTES)[:READ_BYTES], 0.0)
    assert reply.pending
    assert reply.dense is dense
