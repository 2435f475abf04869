"""Through a proxy: the tunnel for https, the absolute form for http, and a password that nobody gets to see."""

import asyncio
from base64 import b64encode

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Secret
from aiprobe.transport.proxy import parse_proxy
from tests.unit.probes.asking import Recorder, a_route, a_transport, ask, on_both_loops
from tests.unit.transport.peers import (
    OK,
    Call,
    Script,
    a_name_server,
    a_peer,
    a_refusing_port,
    a_server_context,
    a_silent_port,
    answers,
    serves,
    until_gone,
)

PASSWORD = "hunter2/@"
CREDENTIAL = b"proxy-authorization: Basic " + b64encode(f"me:{PASSWORD}".encode())


def proxy_url(port: int, scheme: str = "http") -> Secret:
    return Secret(f"{scheme}://me:hunter2%2F%40@127.0.0.1:{port}")


def a_tunnel_to(port: int) -> Script:
    """A proxy that grants every tunnel, and leads them all to `port`."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def script(call: Call) -> None:
        await call.request()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await call.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(copy(call.reader, writer), copy(reader, call.writer), return_exceptions=True)
        finally:
            writer.transport.abort()

    return script


@on_both_loops
async def test_https_goes_through_a_tunnel_and_the_peer_never_sees_the_credential() -> None:
    sink = Recorder()
    async with (
        a_peer(answers(OK), tls=a_server_context("origin.example")) as peer,
        a_peer(a_tunnel_to(peer.port)) as proxy,
        a_transport() as transport,
    ):
        route = a_route(443, scheme="https", host="origin.example", tls_verify=False, proxy=proxy_url(proxy.port))
        exchange = await ask(transport, route, sink)
    assert (exchange.outcome, sink.body) == (None, b"hi")
    assert proxy.requests == [
        b"CONNECT origin.example:443 HTTP/1.1\r\nhost: origin.example:443\r\n" + CREDENTIAL + b"\r\n\r\n"
    ]
    assert b"proxy-authorization" not in peer.requests[0]
    assert list(exchange.phases) == ["connect", "tls", "send", "first_byte"]
    assert exchange.started + sum(exchange.phases.values()) == pytest.approx(sink.times[0], abs=1e-9)


@on_both_loops
async def test_a_proxy_may_itself_speak_tls() -> None:
    sink = Recorder()
    async with (
        a_peer(answers(OK), tls=a_server_context("origin.example")) as peer,
        a_peer(a_tunnel_to(peer.port), tls=a_server_context("proxy.example")) as proxy,
        a_transport() as transport,
    ):
        url = proxy_url(proxy.port, "https")
        route = a_route(443, scheme="https", host="origin.example", tls_verify=False, proxy=url)
        exchange = await ask(transport, route, sink)
    assert (exchange.outcome, sink.body) == (None, b"hi")
    assert proxy.requests[0].startswith(b"CONNECT origin.example:443 ")


@on_both_loops
async def test_a_tunnel_stays_open_for_the_next_exchange() -> None:
    async with (
        a_peer(serves(OK, OK), tls=a_server_context("origin.example")) as peer,
        a_peer(a_tunnel_to(peer.port)) as proxy,
        a_transport() as transport,
    ):
        url = proxy_url(proxy.port)
        route = a_route(443, scheme="https", host="origin.example", tls_verify=False, proxy=url, reuse=True)
        exchanges = [await ask(transport, route) for _ in range(2)]
    assert [e.reused for e in exchanges] == [False, True]
    assert proxy.connections == 1


@on_both_loops
async def test_http_asks_the_proxy_for_the_whole_url() -> None:
    async with a_peer(answers(OK)) as proxy, a_transport() as transport:
        exchange = await ask(transport, a_route(8000, host="origin.example", proxy=proxy_url(proxy.port)), path="/v1/x")
    assert exchange.outcome is None
    assert proxy.requests[0].startswith(
        b"POST http://origin.example:8000/v1/x HTTP/1.1\r\nhost: origin.example:8000\r\n"
    )
    assert CREDENTIAL in proxy.requests[0]
    assert list(exchange.phases) == ["connect", "send", "first_byte"]


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 3\r\n\r\nno!", "it answered 407"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy answered 502"),
        (b"HTTP/1.0 403\r\n\r\n", "it answered 403"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 504 Late\r\n\r\n", "the proxy answered 504"),
        (b"", "closed"),
        (b"HTTP/1.1 200", "closed"),
        (b"SOCKS5 here", "did not answer in HTTP"),
        (b"HTTP/1.1 yes\r\n\r\n", "did not answer in HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\nand more", "more than an answer"),
        (b"HTTP/1.1 200 OK\r\na: " + b"x" * 20_000, "too long"),
    ],
    ids=["407", "502", "403", "interim", "nothing", "half", "other protocol", "no status", "more", "endless"],
)
@on_both_loops
async def test_a_proxy_that_gives_no_tunnel_is_connect_and_says_why(answer: bytes, detail: str) -> None:
    async with a_peer(answers(answer)) as proxy, a_transport() as transport:
        route = a_route(443, scheme="https", host="origin.example", proxy=proxy_url(proxy.port))
        exchange = await ask(transport, route)
        assert not transport._live
    ours = detail.endswith(("407", "403"))
    assert exchange.outcome is (Outcome.AUTH if ours else Outcome.CONNECT)
    assert ("the configured proxy" in exchange.detail) is ours
    assert detail in exchange.detail
    assert "hunter2" not in exchange.detail
    assert list(exchange.phases) == ["connect"]


@on_both_loops
async def test_a_proxy_that_refuses_or_keeps_silent() -> None:
    with a_refusing_port() as refusing, a_silent_port() as silent:
        async with a_transport() as transport:
            route = a_route(443, scheme="https", host="origin.example", proxy=proxy_url(refusing))
            refused = await ask(transport, route)
            route = a_route(443, scheme="https", host="origin.example", proxy=proxy_url(silent))
            unanswered = await ask(transport, route, connect=0.05)
    assert refused.outcome is Outcome.CONNECT
    assert unanswered.outcome is Outcome.TIMEOUT_CONNECT


@on_both_loops
async def test_the_name_of_the_proxy_is_what_is_looked_up() -> None:
    async with (
        a_name_server({"proxy.example": ("127.0.0.1",)}) as (server, address),
        a_peer(answers(OK)) as proxy,
        a_transport(nameservers=(address,)) as transport,
    ):
        url = Secret(f"http://proxy.example:{proxy.port}")
        exchange = await ask(transport, a_route(80, host="origin.example", proxy=url))
    assert exchange.outcome is None
    assert {name for name, _ in server.queries} == {"proxy.example"}
    assert b"proxy-authorization" not in proxy.requests[0]


@on_both_loops
async def test_a_cancelled_tunnel_leaves_no_connection() -> None:
    asked = asyncio.Event()

    async def script(call: Call) -> None:
        await call.request()
        asked.set()
        await until_gone(call)

    async with a_peer(script) as proxy, a_transport() as transport:
        route = a_route(443, scheme="https", host="origin.example", proxy=proxy_url(proxy.port))
        task = asyncio.create_task(ask(transport, route))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await proxy.gone.wait()


def test_a_proxy_url_is_read_with_its_default_port() -> None:
    proxy = parse_proxy(Secret("https://u:p@proxy.example"))
    assert (proxy.scheme, proxy.host, proxy.port) == ("https", "proxy.example", 443)
    assert parse_proxy(Secret("http://[::1]")).port == 80
    assert parse_proxy(Secret("http://proxy.example:3128")).credential is None


def test_a_proxy_does_not_show_its_credential() -> None:
    assert "p" + "w9" not in repr(parse_proxy(Secret("http://u:pw9@h:1")))


@pytest.mark.parametrize("url", ["", "proxy:3128", "socks5://u:pw9@h", "http://", "http://u:pw9@h:port", "http://[::1"])
def test_what_is_no_proxy_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="the proxy is not a URL") as caught:
        parse_proxy(Secret(url))
    assert "pw9" not in str(caught.value)
    assert caught.value.__cause__ is None
