"""Peers that break, drip, lie and refuse: one request each, a name for each, and nothing past its limits."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.model import Timeouts
from aiprobe.core.secret import Secret
from aiprobe.probes import PROBES
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from tests.contract.strangers import LIMITS, Play, Visit, a_stranger, a_target_at, probe, says, told_by
from tests.contract.strangers_say import (
    CHAT,
    DONE,
    chat_chunk,
    events,
    head,
    reply,
    whole,
)

pytestmark = pytest.mark.slow

SHORT = Timeouts(connect=0.4, first_token=0.5, stall=0.3, total=0.9)
CHUNKS = head(200, "text/event-stream", "Transfer-Encoding: chunked")
PAUSE_SECONDS = 0.03


async def resets_at_once(visit: Visit) -> None:
    visit.reset()


async def resets_after_the_question(visit: Visit) -> None:
    await visit.asked()
    visit.reset()


async def resets_within_the_answer(visit: Visit) -> None:
    asked = await visit.asked()
    await visit.say(CHUNKS, *(b"%x\r\n%b\r\n" % (len(e), e) for e in events(CHAT, asked.answer)[:2]))
    await asyncio.sleep(PAUSE_SECONDS)  # an RST overtakes what the reader has not taken yet
    visit.reset()


async def forgets_the_last_chunk(visit: Visit) -> None:
    asked = await visit.asked()
    await visit.say(CHUNKS, *(b"%x\r\n%b\r\n" % (len(e), e) for e in events(CHAT, asked.answer)[:-1]))


async def resets_after_the_end(visit: Visit) -> None:
    asked = await visit.asked()
    await visit.say(head(), *events(CHAT, asked.answer))
    await asyncio.sleep(PAUSE_SECONDS)
    visit.reset()


async def keeps_the_line_after_the_end(visit: Visit) -> None:
    asked = await visit.asked()
    await visit.say(head(), *events(CHAT, asked.answer))
    await visit.hang()


def drips(first: bytes, drop: bytes) -> Play:
    """Say `first`, and then `drop` again and again until the visitor has gone."""

    async def play(visit: Visit) -> None:
        await visit.asked()
        await visit.say(first)
        while True:
            await visit.say(drop)
            await asyncio.sleep(PAUSE_SECONDS)

    return play


BEGUN = head() + chat_chunk({"content": "kode"})
PEERS: dict[str, tuple[str, Play]] = {
    "reset at once": ("disconnected", resets_at_once),
    "reset after the question": ("disconnected", resets_after_the_question),
    "reset within the answer": ("disconnected", resets_within_the_answer),
    "no last chunk": ("disconnected", forgets_the_last_chunk),
    "reset after the end": ("ok", resets_after_the_end),
    "open after the end": ("ok", keeps_the_line_after_the_end),
    "a head in drops": ("timeout_first_token", drips(b"HTTP/1.1 200 OK\r\nX-A: ", b"a")),
    "interim replies for ever": ("timeout_first_token", drips(b"", b"HTTP/1.1 102 Processing\r\n\r\n")),
    "comments for ever": ("timeout_first_token", drips(head(), b": still here\n\n")),
    "pings for ever": ("timeout_first_token", drips(head(), b"event: ping\ndata: {}\n\n")),
    "empty deltas for ever": ("timeout_first_token", drips(head(), chat_chunk({"content": ""}))),
    "text, then comments": ("stalled", drips(BEGUN, b": still here\n\n")),
    "text, then one event in drops": ("stalled", drips(BEGUN + b"data: ", b"x")),
    "text for ever": ("timeout_total", drips(BEGUN, chat_chunk({"content": "la "}))),
    "an error that never ends": ("server_error", drips(head(500, "application/json"), b" ")),
    "a limit that never ends": ("rate_limited", drips(head(429, "application/json"), b" ")),
    "an SSH banner": ("malformed", says(b"SSH-2.0-OpenSSH_9.6\r\n")),
    "HTTP/0.9": ("malformed", says(b"<html>hello</html>")),
    "HTTP/2": ("malformed", says(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00")),
    "status 000": ("malformed", says(b"HTTP/1.1 000 Nothing\r\n\r\n")),
    "a switch of protocols": ("malformed", says(b"HTTP/1.1 101 Up\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")),
    "brotli unasked": ("malformed", says(head(200, "text/event-stream", "Content-Encoding: br") + b"\x0b\x02")),
    "a bad chunk": ("malformed", says(CHUNKS + b"zz\r\n")),
}


@pytest.mark.parametrize("peer", PEERS)
async def test_a_bad_peer_gets_one_connection_and_its_own_name_within_the_limits(peer: str) -> None:
    expected, play = PEERS[peer]
    result, stranger = await told_by(play, timeouts=SHORT)
    assert (result.outcome.value, stranger.connections) == (expected, 1)
    assert len(stranger.requests) <= 1
    assert bool(result.detail) is (expected != "ok")
    assert sum(result.phases.values()) == pytest.approx(result.duration_seconds, abs=1e-6)


async def test_white_space_ahead_of_a_whole_reply_is_waited_out() -> None:
    """Some gateways keep a slow, not streamed request alive so; it is neither content nor a stall."""

    async def play(visit: Visit) -> None:
        asked = await visit.asked()
        await visit.say(head(200, "application/json"))
        for _ in range(3):
            await visit.say(b"\n")
        await visit.say(reply(200, whole(CHAT, asked.answer)).partition(b"\r\n\r\n")[2])

    result, _ = await told_by(play, stream=False, timeouts=SHORT)
    assert result.outcome.value == "ok"


async def test_the_times_are_those_of_the_server_and_a_pause_is_the_longest_gap() -> None:
    """Ratios to what the server itself measured, the best of a few: the machine may be busy."""
    errors: list[float] = []

    async def play(visit: Visit) -> None:
        clock = asyncio.get_running_loop().time
        asked = await visit.asked()
        began = clock()
        await visit.say(head(), chat_chunk({"role": "assistant", "content": ""}))
        await asyncio.sleep(0.1)
        first = clock() - began
        await visit.say(chat_chunk({"content": asked.answer[:4]}))
        pause = clock()
        await asyncio.sleep(0.2)
        times.append((first, clock() - pause))
        await visit.say(chat_chunk({"content": asked.answer[4:]}), chat_chunk({}, "stop"), DONE)

    for _ in range(5):
        times: list[tuple[float, float]] = []
        result, _ = await told_by(play)
        assert result.time_to_first_token_seconds is not None
        assert result.stream_max_gap_seconds is not None
        first, gap = times[0]
        errors.append(max(abs(result.time_to_first_token_seconds - first), abs(result.stream_max_gap_seconds - gap)))
    assert min(errors) < 0.02, "the promise of the issue: within 20 ms"


CLOSING = {"closes", "resets", "says it closes"}
LIES = {"keeps its word": 1, "closes": 4, "resets": 4, "says more than asked": 4, "says it closes": 4, "HTTP/1.0": 1}


@pytest.mark.parametrize("lie", LIES)
async def test_a_warm_connection_that_is_none_costs_no_second_request_and_no_failure(lie: str) -> None:
    """Four probes; the number of connections says which of them could be warm."""

    done = asyncio.Event()

    async def play(visit: Visit) -> None:
        while True:
            asked = await visit.asked()
            body = b"".join(events(CHAT, asked.answer))
            word = "close" if lie == "says it closes" else "keep-alive"
            version = "1.0" if lie == "HTTP/1.0" else "1.1"
            headers = (f"Content-Length: {len(body)}", f"Connection: {word}")
            await visit.say(head(200, "text/event-stream", *headers, version=version), body)
            if lie == "says more than asked":
                await visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            if lie == "resets":
                visit.reset()
            if lie in CLOSING:
                return
            done.set()

    clock = Clock()
    wire = Transport(clock=clock)
    try:
        async with a_stranger(play) as stranger:
            target = a_target_at(stranger.url, connection="reuse")
            prepared = PROBES["chat"](target, Tools(transport=wire, clock=clock))
            outcomes = []
            for _ in range(4):
                done.clear()
                stranger.left.clear()
                outcomes.append((await prepared.run()).outcome.value)
                await (stranger.left if lie in CLOSING else done).wait()
    finally:
        await wire.close()
    assert outcomes == ["ok"] * 4
    assert (len(stranger.requests), stranger.connections) == (4, LIES[lie])


@pytest.fixture
async def refusing_proxy() -> AsyncIterator[int]:
    async def play(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        await visit.say(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    async with a_stranger(play) as stranger:
        yield stranger.port


@pytest.mark.parametrize(("scheme", "expected"), [("https", "auth"), ("http", "bad_request")])
async def test_a_proxy_that_wants_a_password_is_named_without_the_one_it_got(
    scheme: str, expected: str, refusing_proxy: int
) -> None:
    proxy = Secret(f"http://operator:Pa55word@127.0.0.1:{refusing_proxy}")
    result = await probe(a_target_at(f"{scheme}://far.test", provider={"proxy": proxy}, timeouts=LIMITS))
    assert result.outcome.value == expected
    assert "407" in result.detail
    assert "Pa55word" not in repr(result)
