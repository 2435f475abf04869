"""The realtime probe: a handshake that is proven, the first event, and every way in which neither comes."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.protocols.websocket import accept_of
from aiprobe.transport.transport import Transport
from aiprobe_simulator import Simulator
from tests.builders import a_provider, a_target
from tests.unit.transport.peers import Call, Peer, a_peer

pytestmark = pytest.mark.slow

LIMITS = Timeouts(connect=2, first_token=3, stall=0.6, total=1.5)
CREATED = {"type": "session.created", "event_id": "e", "session": {"type": "realtime", "model": "gpt-realtime-1"}}


def a_frame(payload: bytes | dict[str, Any], opcode: int = 1) -> bytes:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + struct.pack("!H", len(data))
    return bytes([0x80 | opcode]) + size + data


def switched(request: bytes, **changes: str) -> bytes:
    """Return the answer to a handshake."""
    lines = dict(line.split(": ", 1) for line in request.decode().split("\r\n")[1:] if ": " in line)
    fields = {"upgrade": "websocket", "connection": "Upgrade"}
    fields["sec-websocket-accept"] = accept_of(lines["sec-websocket-key"])
    fields |= {name.replace("_", "-"): value for name, value in changes.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n".encode()


Answer = Callable[[Call, bytes], Awaitable[None]]


def sends(*pieces: bytes, then_wait: bool = True, **changes: str) -> Answer:
    async def answer(call: Call, request: bytes) -> None:
        await call.send(switched(request, **changes), *pieces)
        if then_wait:
            await call.reader.read()

    return answer


@asynccontextmanager
async def tools() -> AsyncIterator[Tools]:
    transport = Transport(clock=Clock())
    try:
        yield Tools(transport=transport, clock=Clock())
    finally:
        await transport.close()


async def probe(answer: Answer, **target: Any) -> tuple[Result, Peer]:
    async def script(call: Call) -> None:
        await answer(call, await call.request())

    async with a_peer(script) as peer, tools() as lent:
        provider = a_provider(base_url=f"http://127.0.0.1:{peer.port}/v1")
        what = a_target(probe="realtime", provider=provider, model="gpt realtime", timeouts=LIMITS, **target)
        return await PROBES["realtime"](what, lent).run(), peer


async def test_a_session_that_is_created_is_ok_and_costs_nothing() -> None:
    result, peer = await probe(sends(a_frame(CREATED)))
    assert (result.outcome, result.http_status, result.response_model) == (Outcome.OK, 101, "gpt-realtime-1")
    assert (result.input_tokens, result.output_tokens, result.cost_usd) == (0, 0, 0.0)
    assert {"connect", "first_byte", "stream"} <= set(result.phases)
    assert result.time_to_first_token_seconds is None
    head = peer.requests[0].decode()
    assert head.startswith("GET /v1/realtime?model=gpt%20realtime HTTP/1.1\r\n")
    assert "\r\nconnection: upgrade\r\n" in head
    assert "\r\nupgrade: websocket\r\n" in head
    assert "\r\nauthorization: Bearer sk-test-0123456789\r\n" in head
    assert "content-length" not in head


async def test_the_event_may_come_with_the_handshake_in_pieces_and_behind_pings() -> None:
    data = a_frame(b"", 9) + a_frame({"type": "rate_limits.updated"}) + a_frame(b"\x00", 2) + a_frame(CREATED)

    async def at_once(call: Call, request: bytes) -> None:
        await call.send(switched(request) + data[:30], *(bytes([byte]) for byte in data[30:]))
        await call.reader.read()

    assert (await probe(at_once))[0].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("frame", "outcome"),
    [
        (a_frame({"type": "error", "error": {"type": "server_error", "message": "no"}}), Outcome.ERROR_IN_BODY),
        (a_frame({"type": "error", "error": {"type": "overloaded_error", "message": "no"}}), Outcome.OVERLOADED),
        (a_frame({"type": "error", "error": {"code": "insufficient_quota"}}), Outcome.QUOTA_EXHAUSTED),
        (a_frame(b"not JSON"), Outcome.MALFORMED),
        (a_frame(b"[1]"), Outcome.MALFORMED),
        (b"\xc1\x00", Outcome.MALFORMED),
        (a_frame(struct.pack("!H", 1013) + b"later", 8), Outcome.OVERLOADED),
        (a_frame(struct.pack("!H", 1011) + b"oops", 8), Outcome.SERVER_ERROR),
        (a_frame(struct.pack("!H", 1008) + b"policy", 8), Outcome.AUTH),
        (a_frame(struct.pack("!H", 1008) + b"rate limit reached", 8), Outcome.RATE_LIMITED),
        (a_frame(struct.pack("!H", 1000), 8), Outcome.ERROR_IN_BODY),
        (a_frame(b"", 8), Outcome.ERROR_IN_BODY),
    ],
)
async def test_what_comes_in_place_of_the_event_is_what_it_says(frame: bytes, outcome: Outcome) -> None:
    result, _ = await probe(sends(frame))
    assert result.outcome is outcome
    assert result.detail


@pytest.mark.parametrize(
    "changes",
    [{"sec_websocket_accept": "AAAA"}, {"sec_websocket_accept": ""}, {"upgrade": "h2c"}, {"upgrade": ""},
     {"connection": ""}],
)  # fmt: skip
async def test_a_101_that_does_not_prove_the_handshake_is_malformed(changes: dict[str, Any]) -> None:
    result, _ = await probe(sends(a_frame(CREATED), **changes))
    assert result.outcome is Outcome.MALFORMED


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Outcome.MALFORMED),
        (b"HTTP/1.1 401 No\r\ncontent-length: 2\r\n\r\n{}", Outcome.AUTH),
        (b"HTTP/1.1 404 No\r\ncontent-length: 2\r\n\r\n{}", Outcome.NOT_FOUND),
        (b"HTTP/1.1 429 No\r\ncontent-length: 2\r\n\r\n{}", Outcome.RATE_LIMITED),
        (b"HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\n{}", Outcome.OVERLOADED),
        (b"HTTP/1.1 403 No\r\ncf-mitigated: challenge\r\ncontent-length: 2\r\n\r\n{}", Outcome.CHALLENGED),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{}", Outcome.DISCONNECTED),
        (b"", Outcome.DISCONNECTED),
    ],
)
async def test_a_handshake_that_is_refused_is_read_as_any_other_reply(reply: bytes, outcome: Outcome) -> None:
    async def answer(call: Call, _: bytes) -> None:
        await call.send(reply)

    assert (await probe(answer))[0].outcome is outcome


async def test_a_connection_that_ends_before_the_event_was_broken() -> None:
    result, _ = await probe(sends(a_frame(CREATED)[:20], then_wait=False))
    assert result.outcome is Outcome.DISCONNECTED


async def test_silence_after_the_handshake_uses_up_the_time() -> None:
    result, _ = await probe(sends())
    assert result.outcome is Outcome.TIMEOUT_TOTAL


async def test_events_without_end_that_are_not_the_one_use_up_the_time() -> None:
    async def chatter(call: Call, request: bytes) -> None:
        await call.send(switched(request))
        while True:
            await call.send(a_frame({"type": "rate_limits.updated"}))
            await asyncio.sleep(0.01)

    assert (await probe(chatter))[0].outcome is Outcome.TIMEOUT_TOTAL


async def test_a_realtime_probe_needs_a_model() -> None:
    async with tools() as lent:
        with pytest.raises(ValueError, match="needs a model"):
            PROBES["realtime"](a_target(probe="realtime", model=""), lent)


async def test_an_upgrade_that_nobody_asked_for_is_still_malformed() -> None:
    async def script(call: Call) -> None:
        request = await call.request()
        await call.send(b"HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n", request[:0])
        await call.reader.read()

    async with a_peer(script) as peer, tools() as lent:
        provider = a_provider(base_url=f"http://127.0.0.1:{peer.port}/v1")
        result = await PROBES["models"](a_target(probe="models", provider=provider, timeouts=LIMITS), lent).run()
    assert result.outcome is Outcome.MALFORMED


async def test_the_simulator_opens_a_session() -> None:
    async with Simulator() as simulator, tools() as lent:
        provider = a_provider(base_url=f"{simulator.url}/openai/v1")
        result = await PROBES["realtime"](a_target(probe="realtime", provider=provider, model="gpt-x"), lent).run()
    assert (result.outcome, result.response_model) == (Outcome.OK, "gpt-x")
    assert result.request_id is not None
