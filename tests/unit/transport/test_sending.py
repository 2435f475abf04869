"""What goes out: large bodies, early answers, and requests that could not stand on the wire as they are."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from aiprobe.core.clock import Clock
from aiprobe.core.secret import Secret
from aiprobe.transport.request import authority, request_bytes
from aiprobe.transport.transport import Transport
from tests.unit.probes.asking import a_route, a_transport, ask, on_both_loops, until
from tests.unit.transport.peers import OK, Call, a_peer, a_server_context, answers, until_gone

LARGE = os.urandom(4096) * 512
"""2 MiB: more than the kernel takes at once."""


@on_both_loops
async def test_a_large_body_arrives_whole() -> None:
    async with a_peer(answers(OK)) as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port), body=LARGE)
    assert exchange.outcome is None
    assert peer.requests[0].partition(b"\r\n\r\n")[2] == LARGE


@on_both_loops
async def test_a_large_body_arrives_whole_under_tls() -> None:
    async with a_peer(answers(OK), tls=a_server_context("127.0.0.1")) as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port, scheme="https", tls_verify=False), body=LARGE)
    assert exchange.outcome is None
    assert peer.requests[0].partition(b"\r\n\r\n")[2] == LARGE


@pytest.mark.parametrize("scheme", ["http", "https"])
@on_both_loops
async def test_send_lasts_until_the_kernel_has_taken_all(scheme: str) -> None:
    """The peer reads on only when told; until then the request cannot have been sent."""
    head_read, read_on = asyncio.Event(), asyncio.Event()

    async def script(call: Call) -> None:
        await call.reader.readuntil(b"\r\n\r\n")
        head_read.set()
        await read_on.wait()
        await call.reader.readexactly(len(LARGE) * 8)
        await call.send(OK)
        await until_gone(call)

    tls = a_server_context("127.0.0.1") if scheme == "https" else None
    async with a_peer(script, tls=tls) as peer, a_transport() as transport:
        route = a_route(peer.port, scheme=scheme, tls_verify=False)
        task = asyncio.create_task(ask(transport, route, body=LARGE * 8))
        await head_read.wait()
        (connection,) = transport._live
        question = connection._question
        assert question is not None
        for _ in range(50):
            await asyncio.sleep(0)
        assert question.exchange.phase == "send"
        assert question.exchange.sent is None
        read_on.set()
        exchange = await task
    assert exchange.outcome is None
    assert exchange.sent is not None
    assert list(exchange.phases)[-2:] == ["send", "first_byte"]


@pytest.mark.parametrize("scheme", ["http", "https"])
@on_both_loops
async def test_a_refusal_while_we_still_send_is_read(scheme: str) -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

    async def script(call: Call) -> None:
        await call.reader.readuntil(b"\r\n\r\n")
        await call.send(refusal)
        await call.peer.gone.wait()

    tls = a_server_context("127.0.0.1") if scheme == "https" else None
    async with a_peer(script, tls=tls) as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port, scheme=scheme, tls_verify=False), body=LARGE * 8)
        peer.gone.set()
    assert (exchange.outcome, exchange.status) == (None, 413)
    assert exchange.phases["first_byte"] == 0
    assert exchange.sent is not None


@on_both_loops
async def test_a_refusal_of_a_peer_that_hangs_up_at_once_is_read() -> None:
    async def script(call: Call) -> None:
        await call.reader.readuntil(b"\r\n\r\n")
        await call.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        call.writer.close()

    async with a_peer(script) as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port), body=LARGE)
    assert (exchange.outcome, exchange.status) == (None, 413)


@on_both_loops
async def test_a_request_counts_as_sent_only_once_the_kernel_has_the_last_byte() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        async with a_transport() as transport:
            task = asyncio.create_task(ask(transport, a_route(listener.getsockname()[1]), body=LARGE * 8))
            peer, _ = await loop.sock_accept(listener)
            with peer:
                await until(lambda: bool(transport._live))
                (connection,) = transport._live
                await until(lambda: connection._question is not None)
                question = connection._question
                assert question is not None
                assert connection.transport is not None
                assert connection.transport.get_write_buffer_limits() == (0, 0)
                while question.exchange.sent is None:
                    await loop.sock_recv(peer, 4096)
                assert connection.transport.get_write_buffer_size() == 0
                peer.send(OK)
                assert (await task).outcome is None


@on_both_loops
async def test_cancelling_while_we_send_does_not_wait_for_the_peer_to_read() -> None:
    begun, over = asyncio.Event(), asyncio.Event()

    async def script(call: Call) -> None:
        await call.reader.readuntil(b"\r\n\r\n")
        begun.set()
        await over.wait()

    async with a_peer(script) as peer, a_transport() as transport:
        task = asyncio.create_task(ask(transport, a_route(peer.port), body=LARGE * 8))
        await begun.wait()
        (connection,) = transport._live
        await until(lambda: connection._paused)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: connection.transport is None)
        over.set()


@on_both_loops
async def test_an_unfinished_request_is_not_followed_by_another_on_its_connection() -> None:
    async def script(call: Call) -> None:
        await call.reader.readuntil(b"\r\n\r\n")
        await call.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await call.peer.gone.wait()

    async with a_peer(script) as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port, reuse=True), body=LARGE * 8)
        assert exchange.status == 413
        assert not transport._warm._idle
        peer.gone.set()


async def test_a_get_without_a_body_has_no_length() -> None:
    async with a_peer(answers(OK)) as peer, a_transport() as transport:
        await ask(transport, a_route(peer.port), method="GET", path="/v1/models?limit=1", body=b"", headers=())
    expected = b"GET /v1/models?limit=1 HTTP/1.1\r\nhost: 127.0.0.1:%d\r\nconnection: close\r\n\r\n" % peer.port
    assert peer.requests == [expected]


async def test_an_own_host_header_replaces_ours() -> None:
    async with a_peer(answers(OK)) as peer, a_transport() as transport:
        await ask(transport, a_route(peer.port), headers=(("Host", "virtual.example"),))
    assert peer.requests[0].lower().count(b"host:") == 1
    assert b"Host: virtual.example\r\n" in peer.requests[0]


@pytest.mark.parametrize(
    "broken",
    [
        {"method": "GET /x"},
        {"method": "GET\r\n"},
        {"method": ""},
        {"path": "no/slash"},
        {"path": "/a b"},
        {"path": "/a\r\nx: y"},
        {"path": "/\x00"},
        {"path": "/\xe4"},
        {"path": "/a\n"},
        {"headers": (("a b", "c"),)},
        {"headers": (("a:", "c"),)},
        {"headers": (("", "c"),)},
        {"headers": (("x\n", "c"),)},
        {"headers": (("a", "b\r\nc: d"),)},
        {"headers": (("a", "b\n"),)},
        {"headers": (("a", "b\x00"),)},
        {"headers": (("a", " b"),)},
        {"headers": (("a", "\u20ac"),)},
        {"headers": (("Content-Length", "3"),)},
        {"headers": (("connection", "close"),)},
        {"headers": (("transfer-encoding", "chunked"),)},
    ],
    ids=str,
)
async def test_a_request_that_cannot_stand_on_the_wire_is_our_bug_and_is_not_sent(broken: dict[str, object]) -> None:
    async with a_peer(answers(OK)) as peer, a_transport() as transport:
        with pytest.raises(ValueError, match=r"not a|cannot hold"):
            await ask(transport, a_route(peer.port), **broken)  # type: ignore[arg-type]  # one argument or another
    assert peer.connections == 0


def test_the_error_about_a_header_does_not_show_its_value() -> None:
    headers = (("x-api-key", "sk-secret-value\n"),)
    with pytest.raises(ValueError, match="x-api-key") as caught:
        request_bytes(a_route(80), None, method="GET", path="/", headers=headers, body=b"")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        (a_route(80, host="a.example"), "a.example"),
        (a_route(443, host="a.example", scheme="https"), "a.example"),
        (a_route(443, host="a.example"), "a.example:443"),
        (a_route(8000, host="::1"), "[::1]:8000"),
        (a_route(80, host="[::1]"), "[::1]"),
        (a_route(80, host="b\xfccher.example"), "xn--bcher-kva.example"),
    ],
    ids=str,
)
def test_the_origin_is_written_as_urls_write_it(route: object, expected: str) -> None:
    assert authority(route) == expected  # type: ignore[arg-type]  # a route, seen through parametrize


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "user@a", "a\r\nb", "a:b", "a\0b", "\xfc" * 64, "\u2603\u2603.\x00"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="not a host name"):
        authority(a_route(80, host=host))


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="port"):
        authority(a_route(port))


async def test_a_route_can_be_checked_before_anything_is_asked(tmp_path: Path) -> None:
    transport = Transport(clock=Clock())
    transport.prepare(a_route(443, scheme="https", host="a.example"))
    for broken in (
        a_route(443, host="a b"),
        a_route(443, scheme="https", ca_file=str(tmp_path / "none.pem")),
        a_route(443, proxy=Secret("ftp://user:hunter22@proxy.example")),
    ):
        with pytest.raises(ValueError, match=r"host|ca_file|proxy") as caught:
            transport.prepare(broken)
        assert "hunter22" not in str(caught.value)
    await transport.close()
