"""Which limit ran out: each has an outcome of its own, and each is measured from where its clock starts."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiprobe.core.clock import Clock
from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import Exchange
from aiprobe.transport.framing import Reply
from aiprobe.transport.limits import Watch
from aiprobe.transport.transport import Signal
from tests.unit.probes.asking import Recorder, a_route, a_transport, ask, ask_once, on_both_loops
from tests.unit.transport.peers import ENDLESS, OK, Call, answers, chunk

LIMIT = 0.06
"""Seconds: what a test has to wait until a limit has run out."""


def always(signal: Signal) -> Callable[[bytes], Signal]:
    return lambda body: signal


@on_both_loops
async def test_silence_after_the_request_is_a_first_token_timeout() -> None:
    exchange, _ = await ask_once(answers(then_close=False), first_token=LIMIT)
    assert exchange.outcome is Outcome.TIMEOUT_FIRST_TOKEN
    assert list(exchange.phases) == ["connect", "send", "first_byte"]
    assert exchange.sent is not None
    assert exchange.ended - exchange.sent >= LIMIT


@on_both_loops
async def test_keepalives_and_events_without_content_do_not_end_the_first_token_limit() -> None:
    for signal in (Signal.MORE, Signal.PROGRESS):
        script = answers(ENDLESS, chunk(b": ping\n\n"), chunk(b": ping\n\n"), then_close=False)
        exchange, _ = await ask_once(script, Recorder(always(signal)), first_token=LIMIT)
        assert exchange.outcome is Outcome.TIMEOUT_FIRST_TOKEN


@on_both_loops
async def test_silence_after_content_is_a_stall() -> None:
    exchange, _ = await ask_once(
        answers(ENDLESS, chunk(b"word"), then_close=False),
        Recorder(always(Signal.CONTENT)),
        stall=LIMIT,
        first_token=10,
    )
    assert exchange.outcome is Outcome.STALLED
    assert "first_byte" in exchange.phases
    assert exchange.ended - exchange.started < 10, "the timer slept on until the first-token limit"


@on_both_loops
async def test_keepalives_do_not_hide_a_stall() -> None:
    async def script(call: Call) -> None:
        await call.request()
        await call.send(ENDLESS, chunk(b"word"))
        while True:
            await call.send(chunk(b": ping\n\n"))
            await asyncio.sleep(LIMIT / 6)

    sink = Recorder(lambda body: Signal.CONTENT if body == b"word" else Signal.MORE)
    exchange, _ = await ask_once(script, sink, stall=LIMIT)
    assert exchange.outcome is Outcome.STALLED
    assert len(sink.pieces) > 1


@on_both_loops
async def test_events_keep_the_stall_limit_away_until_the_total_limit() -> None:
    async def script(call: Call) -> None:
        await call.request()
        await call.send(ENDLESS)
        while True:
            await call.send(chunk(b"word"))
            await asyncio.sleep(LIMIT / 6)

    sink = Recorder(lambda body: Signal.CONTENT if body == b"word" else Signal.PROGRESS)
    exchange, _ = await ask_once(script, sink, stall=3 * LIMIT, total=5 * LIMIT)
    assert exchange.outcome is Outcome.TIMEOUT_TOTAL
    assert exchange.ended - exchange.started >= 5 * LIMIT


@on_both_loops
async def test_without_a_first_token_limit_only_the_total_counts_for_silence() -> None:
    exchange, _ = await ask_once(
        answers(ENDLESS, then_close=False), first_token_limit=False, first_token=LIMIT / 10, total=LIMIT
    )
    assert exchange.outcome is Outcome.TIMEOUT_TOTAL
    assert exchange.ended - exchange.started >= LIMIT


@on_both_loops
async def test_the_sooner_of_two_limits_names_the_outcome() -> None:
    script = answers(ENDLESS, chunk(b"word"), then_close=False)
    exchange, _ = await ask_once(script, Recorder(always(Signal.CONTENT)), stall=10, total=LIMIT)
    assert exchange.outcome is Outcome.TIMEOUT_TOTAL


@on_both_loops
async def test_bytes_that_came_in_time_while_our_loop_was_busy_are_not_late() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        async with a_transport() as transport:
            port = listener.getsockname()[1]
            asking = asyncio.create_task(ask(transport, a_route(port), first_token=LIMIT))
            peer, _ = await loop.sock_accept(listener)
            with peer:
                await loop.sock_recv(peer, 65536)
                peer.send(OK)
                time.sleep(2 * LIMIT)  # noqa: ASYNC251 - the point: our own loop is what is late
                exchange = await asking
    assert exchange.outcome is None


@dataclass
class Alarm:
    """What a watch called, and when."""

    rang: list[tuple[float, Outcome]]

    def __call__(self, at: float, outcome: Outcome, detail: str) -> None:
        self.rang.append((at, outcome))


def a_watch(exchange: Exchange, reply: Reply, alarm: Alarm, now: list[float], **limits: float) -> Watch:
    clock = Clock(monotonic=lambda: now[0])
    return Watch(exchange, reply, timeouts=Timeouts(**limits), first_token=True, clock=clock, overdue=alarm)


async def test_a_watch_rings_once_and_only_after_a_second_look() -> None:
    exchange, alarm, now = Exchange(started=0.0, sent=1.0), Alarm([]), [0.0]
    reply = Reply(Recorder(), exchange, method="GET", max_body_bytes=10)
    watch = a_watch(exchange, reply, alarm, now, first_token=2.0, total=50.0)
    watch._wake()
    assert alarm.rang == []
    now[0] = 3.0
    watch._wake()
    assert alarm.rang == []
    watch._wake()
    assert alarm.rang == [(3.0, Outcome.TIMEOUT_FIRST_TOKEN)]
    watch.stop()


async def test_the_timer_is_left_alone_while_limits_move_away() -> None:
    exchange, now = Exchange(started=0.0, sent=0.0), [0.0]
    reply = Reply(Recorder(), exchange, method="GET", max_body_bytes=10)
    watch = a_watch(exchange, reply, Alarm([]), now, first_token=10.0, stall=5.0, total=60.0)
    watch.arm()
    reply.content_at = reply.progress_at = 1.0
    watch.arm()
    armed = watch._timer
    for at in (2.0, 3.0, 4.0):
        reply.progress_at = at
        watch.arm()
    assert watch._timer is armed
    watch.stop()
