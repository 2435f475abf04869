"""TLS: who is believed, what a failed handshake is called, and when a certificate ends."""

import asyncio
import datetime as dt
import ssl
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from aiprobe.core.model import Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.transport.exchange import Signal, WireError
from aiprobe.transport.tls import Contexts, der_not_after, not_after, secure
from aiprobe.transport.transport import Exchange
from tests.unit.probes.asking import Recorder, a_route, a_transport, ask, on_both_loops, until
from tests.unit.transport.peers import (
    CA,
    DAY,
    NOW,
    OK,
    Call,
    Peer,
    a_peer,
    a_server_context,
    a_silent_port,
    answers,
    until_gone,
)


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("ca") / "ca.pem"
    CA.cert_pem.write_to_path(path)
    return str(path)


def a_self_signed_context() -> ssl.SSLContext:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with trustme.Blob(ca.private_key_pem.bytes() + ca.cert_pem.bytes()).tempfile() as path:
        context.load_cert_chain(path)
    return context


async def ask_tls(context: ssl.SSLContext, sink: Recorder | None = None, **route: object) -> tuple[Exchange, Peer]:
    async with a_peer(answers(OK), tls=context) as peer, a_transport() as transport:
        return await ask(transport, a_route(peer.port, scheme="https", **route), sink), peer


@on_both_loops
async def test_a_trusted_peer_is_asked(ca_file: str) -> None:
    sink = Recorder()
    ends = NOW + 30 * DAY
    exchange, peer = await ask_tls(
        a_server_context("localhost", not_after=ends), sink, host="localhost", ca_file=ca_file
    )
    assert (exchange.outcome, sink.body) == (None, b"hi")
    assert list(exchange.phases) == ["resolve", "connect", "tls", "send", "first_byte"]
    assert exchange.started + sum(exchange.phases.values()) == pytest.approx(sink.times[0], abs=1e-9)
    assert exchange.tls_certificate_not_after_timestamp_seconds == ends.timestamp()
    assert b"host: localhost:%d\r\n" % peer.port in peer.requests[0]


@on_both_loops
async def test_an_address_can_be_proven_by_its_certificate(ca_file: str) -> None:
    exchange, _ = await ask_tls(a_server_context("127.0.0.1"), ca_file=ca_file)
    assert exchange.outcome is None
    assert "resolve" not in exchange.phases


@on_both_loops
async def test_the_peer_is_told_which_name_is_meant(ca_file: str) -> None:
    told: list[str] = []
    context = a_server_context("localhost")
    context.sni_callback = lambda _socket, name, _context: told.append(name)
    await ask_tls(context, host="localhost", ca_file=ca_file)
    assert told == ["localhost"]


@pytest.mark.parametrize(
    ("a_context", "reason"),
    [
        (lambda: a_server_context("localhost", not_before=NOW - 9 * DAY, not_after=NOW - DAY), "has expired"),
        (lambda: a_server_context("localhost", not_before=NOW + DAY, not_after=NOW + 9 * DAY), "not yet valid"),
        (lambda: a_server_context("other.example"), "not valid for 'localhost'"),
        (lambda: a_server_context("localhost", ca=trustme.CA()), "unable to get local issuer certificate"),
        (a_self_signed_context, "self-signed certificate"),
    ],
    ids=["expired", "too early", "another name", "unknown issuer", "self-signed"],
)
@on_both_loops
async def test_a_certificate_that_does_not_hold_is_tls_and_says_why(
    a_context: Callable[[], ssl.SSLContext], reason: str, ca_file: str
) -> None:
    exchange, peer = await ask_tls(a_context(), host="localhost", ca_file=ca_file)
    assert exchange.outcome is Outcome.TLS
    assert reason in exchange.detail
    assert list(exchange.phases) == ["resolve", "connect", "tls"]
    assert peer.requests == []


class Measured(Recorder):
    """Notes the most that Python had allocated at once from the first byte of the body on."""

    def __init__(self) -> None:
        super().__init__()
        self.before = self.most = 0

    def on_body(self, data: bytes, at: float) -> Signal:
        now, self.most = tracemalloc.get_traced_memory()
        if not self.before:
            self.before = now
            tracemalloc.reset_peak()
        return super().on_body(data, at)


@on_both_loops
async def test_no_event_takes_a_buffer_of_its_own(ca_file: str) -> None:
    sink = Measured()
    script = answers(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n", *[b"x"] * 20)
    tracemalloc.start()
    try:
        async with a_peer(script, tls=a_server_context("localhost")) as peer, a_transport() as transport:
            await ask(transport, a_route(peer.port, scheme="https", host="localhost", ca_file=ca_file), sink)
    finally:
        tracemalloc.stop()
    assert sink.body == b"x" * 20
    assert sink.most - sink.before < 128 * 1024  # uvloop's own would be 256 KB


@on_both_loops
async def test_a_private_ca_is_not_trusted_unless_the_route_says_so() -> None:
    exchange, _ = await ask_tls(a_server_context("localhost"), host="localhost")
    assert exchange.outcome is Outcome.TLS


@on_both_loops
async def test_an_intermediate_authority_can_be_all_that_is_trusted(tmp_path: Path) -> None:
    intermediate = CA.create_child_ca()
    file = tmp_path / "ca.pem"
    intermediate.cert_pem.write_to_path(file)
    exchange, _ = await ask_tls(a_server_context("localhost", ca=intermediate), host="localhost", ca_file=str(file))
    assert exchange.outcome is None, exchange.detail


@on_both_loops
async def test_without_verification_an_expired_certificate_is_taken_and_its_end_told() -> None:
    ends = NOW - DAY
    context = a_server_context("other.example", not_before=NOW - 9 * DAY, not_after=ends)
    exchange, _ = await ask_tls(context, host="localhost", tls_verify=False)
    assert exchange.outcome is None
    assert exchange.tls_certificate_not_after_timestamp_seconds == ends.timestamp()


@on_both_loops
async def test_one_failed_handshake_is_one_connection_even_with_more_addresses_to_try(ca_file: str) -> None:
    exchange, _ = await ask_tls(
        a_server_context("other.example"), host="localhost", ca_file=ca_file, address_fallback=True
    )
    assert exchange.outcome is Outcome.TLS
    assert exchange.connections_tried == 1


@on_both_loops
async def test_a_body_without_a_length_ends_with_the_connection_under_tls_as_well() -> None:
    sink = Recorder()
    script = answers(b"HTTP/1.0 200 OK\r\n\r\n", b"all of", b" it")
    async with a_peer(script, tls=a_server_context("localhost")) as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port, scheme="https", tls_verify=False), sink)
    assert (exchange.outcome, exchange.complete, sink.body) == (None, True, b"all of it")


@pytest.mark.parametrize("end", ["close", "reset"])
@on_both_loops
async def test_a_body_cut_under_tls_is_disconnected(end: str) -> None:
    sink = Recorder()

    async def script(call: Call) -> None:
        await call.request()
        await call.send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        await sink.got_body.wait()
        if end == "reset":
            call.reset()

    async with a_peer(script, tls=a_server_context("localhost")) as peer, a_transport() as transport:
        exchange = await ask(transport, a_route(peer.port, scheme="https", tls_verify=False), sink)
    assert (exchange.outcome, sink.body) == (Outcome.DISCONNECTED, b"half")


@on_both_loops
async def test_a_peer_that_turns_us_away_after_the_handshake_is_disconnected() -> None:
    context = a_server_context("localhost")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    CA.configure_trust(context)
    exchange, peer = await ask_tls(context, tls_verify=False)
    # It wants a certificate of ours, and TLS 1.3 says so only when the client thinks that all is well.
    assert exchange.outcome is Outcome.DISCONNECTED
    assert peer.requests == []


@on_both_loops
async def test_a_peer_that_never_shakes_hands_is_a_connect_timeout() -> None:
    with a_silent_port() as port:
        async with a_transport() as transport:
            exchange = await ask(transport, a_route(port, scheme="https"), connect=0.08)
    assert exchange.outcome is Outcome.TIMEOUT_CONNECT
    assert list(exchange.phases) == ["connect", "tls"]
    assert sum(exchange.phases.values()) == pytest.approx(exchange.ended - exchange.started, abs=1e-9)


@on_both_loops
async def test_a_total_limit_below_the_connect_limit_is_a_total_timeout() -> None:
    with a_silent_port() as port:
        async with a_transport() as transport:
            exchange = await ask(transport, a_route(port, scheme="https"), total=0.05)
    assert exchange.outcome is Outcome.TIMEOUT_TOTAL


async def speak_first(call: Call) -> None:
    await call.send(b"220 mail.example ESMTP\r\n")
    await until_gone(call)


async def answer_in_plain(call: Call) -> None:
    await call.reader.read(10)
    await call.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await until_gone(call)


async def close_after_hello(call: Call) -> None:
    await call.reader.read(10)
    call.writer.close()


async def reset_after_hello(call: Call) -> None:
    await call.reader.read(10)
    call.reset()


@pytest.mark.parametrize(
    "script", [speak_first, answer_in_plain, close_after_hello, reset_after_hello], ids=lambda script: script.__name__
)
@on_both_loops
async def test_a_peer_that_does_not_speak_tls_is_tls(script: Callable[[Call], object]) -> None:
    async with a_peer(script) as peer, a_transport() as transport:  # type: ignore[arg-type]  # as coroutine functions
        exchange = await ask(transport, a_route(peer.port, scheme="https"))
    assert exchange.outcome is Outcome.TLS, exchange.detail
    assert exchange.detail
    assert exchange.connections_tried == 1


@on_both_loops
async def test_a_greeting_that_came_before_the_handshake_is_tls_at_once() -> None:
    async with a_peer(speak_first) as peer, a_transport() as transport:
        connection = await transport._dialer.open(
            a_route(peer.port), None, exchange=Exchange(started=0.0), timeouts=Timeouts(total=1e9, connect=1e9)
        )
        await until(lambda: bool(connection.early))
        with pytest.raises(WireError, match="sent bytes before the handshake"):
            await secure(connection, Contexts().get(ca_file=None, verify=False), "localhost")
        connection.abort()


@on_both_loops
async def test_a_cancelled_handshake_leaves_no_connection() -> None:
    greeted = asyncio.Event()

    async def script(call: Call) -> None:
        await call.reader.read(10)
        greeted.set()
        await until_gone(call)

    async with a_peer(script) as peer, a_transport() as transport:
        task = asyncio.create_task(ask(transport, a_route(peer.port, scheme="https")))
        await greeted.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await peer.gone.wait()
        assert not transport._live


@on_both_loops
async def test_closing_the_transport_ends_a_handshake_as_cancelled() -> None:
    greeted = asyncio.Event()

    async def script(call: Call) -> None:
        await call.reader.read(10)
        greeted.set()
        await until_gone(call)

    async with a_peer(script) as peer, a_transport() as transport:
        task = asyncio.create_task(ask(transport, a_route(peer.port, scheme="https")))
        await greeted.wait()
        await transport.close()
        assert (await task).outcome is Outcome.CANCELLED


def test_contexts_are_made_once_for_each_way_to_trust(ca_file: str) -> None:
    contexts = Contexts()
    assert contexts.get(ca_file=None, verify=True) is contexts.get(ca_file=None, verify=True)
    assert contexts.get(ca_file=None, verify=True) is not contexts.get(ca_file=ca_file, verify=True)
    assert contexts.get(ca_file=ca_file, verify=False) is contexts.get(ca_file=None, verify=False)


def test_an_authority_that_was_renewed_in_its_place_is_read_again(ca_file: str, tmp_path: Path) -> None:
    mounted, other = tmp_path / "ca.pem", tmp_path / "other.pem"
    for file in (mounted, other):
        file.write_bytes(Path(ca_file).read_bytes())
    contexts = Contexts()
    before = {file: contexts.get(ca_file=str(file), verify=True) for file in (mounted, other)}
    contexts.renewed([str(mounted)])()
    renewed = contexts.get(ca_file=str(mounted), verify=True)
    assert renewed is not before[mounted]
    assert contexts.get(ca_file=str(mounted), verify=True) is renewed
    assert contexts.get(ca_file=str(other), verify=True) is not before[other]  # the configuration names it no more
    mounted.write_text("nothing")
    with pytest.raises(ValueError, match="holds no usable certificate"):
        contexts.renewed([str(other), str(mounted)])
    assert contexts.get(ca_file=str(mounted), verify=True) is renewed


def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    with pytest.raises(ValueError, match=r"ca_file .*missing\.pem: No such file"):
        Contexts().get(ca_file=str(tmp_path / "missing.pem"), verify=True)
    with pytest.raises(ValueError, match=r"ca_file .*empty\.pem: holds no usable certificate"):
        Contexts().get(ca_file=str(empty), verify=True)


def der(not_after: dt.datetime | None = None) -> bytes:
    return ssl.PEM_cert_to_DER_cert(CA.issue_cert("a.example", not_after=not_after).cert_chain_pems[0].bytes().decode())


@pytest.mark.parametrize("year", [2031, 2049, 2050, 2120])
def test_the_end_of_a_certificate_is_read_in_both_forms_of_time(year: int) -> None:
    ends = dt.datetime(year, 2, 28, 23, 59, 58, tzinfo=dt.UTC)
    assert der_not_after(der(not_after=ends)) == ends.timestamp()


def test_a_certificate_that_is_none_has_no_end() -> None:
    whole = der()
    assert not_after(None) is None
    assert der_not_after(b"") is None
    assert [der_not_after(whole[:length]) for length in range(0, 200, 7)] == [None] * 29
    assert der_not_after(b"\x30\x82\xff\xff" + whole[4:]) is None
    assert der_not_after(b"\x30\x03\x30\x01\x00") is None


class ChainedPeer:
    """What Python 3.13 offers: a peer that shows the chain it was verified by."""

    context = ssl.create_default_context()

    def __init__(self, *chain: bytes) -> None:
        self.chain = chain

    def getpeercert(self, *, binary_form: bool) -> bytes:
        return self.chain[0]

    def get_verified_chain(self) -> list[bytes]:
        return list(self.chain)


def test_the_earliest_end_of_a_verified_chain_counts() -> None:
    leaf, issuer = der(not_after=NOW + 20 * DAY), der(not_after=NOW + 5 * DAY)
    assert not_after(ChainedPeer(leaf, issuer)) == (NOW + 5 * DAY).timestamp()  # type: ignore[arg-type]  # stands in
