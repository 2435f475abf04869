import asyncio
import socket
from pathlib import Path

import aiohttp
import pytest
import uvloop

from aiprobe.web.ports import Ports
from aiprobe.web.server import Address, Running, WebError, start
from tests.unit.web.builders import FakeControl, FakeMetrics, Shown, a_server, some_ports


def fake_ports() -> Ports:
    return some_ports(Shown(), FakeMetrics(), FakeControl())


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


async def healthy(url: str) -> int:
    async with aiohttp.ClientSession() as client, client.get(url + "/-/healthy") as response:
        return response.status


async def served(running: Running, *urls: str) -> list[int]:
    try:
        return [await healthy(url) for url in urls]
    finally:
        await running.close()


async def test_every_address_is_served() -> None:
    running = await start(fake_ports(), listen=["127.0.0.1:0", "127.0.0.2:0"])
    assert [address.host for address in running.addresses] == ["127.0.0.1", "127.0.0.2"]
    assert await served(running, *(address.url for address in running.addresses)) == [200, 200]


async def test_an_address_without_a_host_is_every_interface() -> None:
    running = await start(fake_ports(), listen=[":0"])
    (address,) = running.addresses
    assert await served(running, f"http://127.0.0.1:{address.port}", f"http://127.0.0.3:{address.port}") == [200, 200]


@needs_ipv6
async def test_every_interface_is_ipv6_as_well() -> None:
    running = await start(fake_ports(), listen=[":0"])
    assert await served(running, f"http://[::1]:{running.addresses[0].port}") == [200]


@needs_ipv6
async def test_an_ipv6_address_stands_in_brackets() -> None:
    running = await start(fake_ports(), listen=["[::1]:0"])
    assert running.addresses[0].url == f"http://[::1]:{running.addresses[0].port}"
    assert await served(running, running.addresses[0].url) == [200]


async def test_a_name_is_one_port_on_all_its_addresses() -> None:
    running = await start(fake_ports(), listen=["localhost:0"])
    assert len({address.port for address in running.addresses}) == 1
    assert await served(running, *(address.url for address in running.addresses)) == [200] * len(running.addresses)


@pytest.mark.parametrize(
    ("host", "url"),
    [("::", "http://localhost:80"), ("0.0.0.0", "http://localhost:80"), ("10.0.0.1", "http://10.0.0.1:80")],
)
def test_an_address_tells_a_url_that_works_here(host: str, url: str) -> None:
    assert Address(host, 80, tls=False).url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10529",
        "localhost",
        ":",
        ":x",
        ":-1",
        ":65536",
        ":999999",
        "::1:9000",
        "[::1]",
        "[]:1",
        "http://x:1",
        "a/b:1",
        " :1",
    ],
)
async def test_what_is_no_listen_address_is_one_clear_error(text: str) -> None:
    with pytest.raises(WebError, match=r"is no listen address; write :10529, 127\.0\.0\.1:10529 or \[::1\]:10529"):
        await start(fake_ports(), listen=[text])


async def test_no_address_at_all_is_an_error() -> None:
    with pytest.raises(WebError, match="no address to listen on"):
        await start(fake_ports(), listen=[])


async def test_a_port_in_use_is_told_and_nothing_stays_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.create_server(("127.0.0.1", 0)) as free:
        port, other = taken.getsockname()[1], free.getsockname()[1]
        free.close()
        with pytest.raises(WebError) as caught:
            await start(fake_ports(), listen=[f"127.0.0.1:{other}", f"127.0.0.1:{port}"])
        assert str(caught.value) == f"cannot listen on 127.0.0.1:{port}: Address already in use"
    socket.create_server(("127.0.0.1", other)).close()


async def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(WebError, match=r"cannot listen on 192\.0\.2\.1:0: Cannot assign requested address"):
        await start(fake_ports(), listen=["192.0.2.1:0"])


async def test_a_name_that_no_machine_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)  # the network, which tests do without
    with pytest.raises(WebError, match="cannot listen on nobody:1: nobody is no address of this machine"):
        await start(fake_ports(), listen=["nobody:1"])


async def test_a_bad_web_config_file_opens_no_port(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text("nonsense: 1")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(WebError, match="nonsense"):
        await start(fake_ports(), listen=[f"127.0.0.1:{port}"], config_file=tmp_path / "web.yml")
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_closed_server_refuses_and_its_port_is_free_again() -> None:
    running = await start(fake_ports(), listen=["127.0.0.1:0"])
    port = running.addresses[0].port
    await running.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    again = await start(fake_ports(), listen=[f"127.0.0.1:{port}"])
    await again.close()


async def test_closing_cuts_a_scrape_that_does_not_end_and_closes_its_source() -> None:
    metrics = FakeMetrics(endless=True)
    async with a_server(metrics=metrics) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port, limit=1024)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await world.running.close()
        assert metrics.closed.is_set()
        writer.transport.abort()


async def test_closing_does_not_wait_for_an_idle_connection() -> None:
    async with a_server(grace_seconds=3600) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        await world.running.close()
        await reader.read()
        writer.close()


async def test_an_http10_client_without_a_host_is_answered() -> None:
    async with a_server() as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(b"GET /sd HTTP/1.0\r\n\r\n")
        reply = await reader.read()
        writer.close()
    assert reply.startswith(b"HTTP/1.0 200 OK\r\n")
    assert f'"targets": ["127.0.0.1:{world.port}"]'.encode() in reply


def test_the_server_runs_on_uvloop() -> None:
    async def visit() -> list[int]:
        async with a_server() as world:
            return [(await world.get(path)).status for path in ("/", "/metrics", "/targets/haiku-chat")]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(visit()) == [200, 200, 200]
