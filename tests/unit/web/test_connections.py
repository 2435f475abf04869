"""Strangers who connect: half heads, too many connections, bodies, and bytes that are not HTTP."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import bcrypt
import pytest

from aiprobe.web.security import HEADERS
from tests.unit.web.builders import FakeMetrics, World, a_server
from tests.unit.web.test_tls import TLS, write_certificate

GET = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def head_of(reader: asyncio.StreamReader) -> dict[str, str]:
    """Read a reply's head; its status stands under an empty name."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    return {"": lines[0]} | {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
    }


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Read to the end of a connection, whichever way it ends."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("start", [b"", b"G", GET[:-2], GET[:20]], ids=["nothing", "a letter", "no end", "half a line"])
async def test_a_head_that_does_not_end_closes_its_connection(start: bytes) -> None:
    async with a_server(head_seconds=0.05) as world, connected(world) as (reader, writer):
        writer.write(start)
        assert await ended(reader) == b""


async def test_a_second_head_that_does_not_end_closes_its_connection_as_well() -> None:
    async with a_server(head_seconds=0.05) as world, connected(world) as (reader, writer):
        writer.write(GET)
        assert (await head_of(reader))[""] == "HTTP/1.1 200 OK"
        await reader.readline()
        writer.write(GET[:20])
        assert await ended(reader) == b""


async def test_a_connection_between_two_requests_is_not_one_whose_head_is_late() -> None:
    async with a_server(head_seconds=0.05) as world, connected(world) as (reader, writer):
        for _ in range(2):
            writer.write(GET)
            assert (await head_of(reader))[""] == "HTTP/1.1 200 OK"
            await reader.readline()
            await asyncio.sleep(0.1)  # two of its limits, on the loop's clock


async def test_a_handshake_that_does_not_end_closes_its_connection(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    (tmp_path / "web.yml").write_text(TLS)
    async with (
        a_server(config_file=tmp_path / "web.yml", head_seconds=0.05) as world,
        connected(world) as (reader, writer),
    ):
        writer.write(b"\x16\x03\x01")
        assert await ended(reader) == b""


async def test_a_scraper_is_not_locked_out_by_connections_that_send_nothing() -> None:
    async with a_server(max_connections=8) as world:
        idle = [await asyncio.open_connection("127.0.0.1", world.port) for _ in range(50)]
        for _ in range(20):
            assert (await world.get("/metrics")).status == 200
        for _, writer in idle:
            writer.transport.abort()


async def test_a_connection_in_use_outlives_those_that_send_nothing() -> None:
    async with a_server(max_connections=8) as world, connected(world) as (reader, writer):
        idle = []
        for _ in range(20):
            idle += [await asyncio.open_connection("127.0.0.1", world.port) for _ in range(5)]
            writer.write(GET)
            assert (await head_of(reader))[""] == "HTTP/1.1 200 OK"
            await reader.readline()
        for _, other in idle:
            other.transport.abort()


async def test_connections_are_bounded_even_if_all_of_them_wait_for_their_reply() -> None:
    async with a_server(metrics=FakeMetrics(endless=True), max_connections=4) as world:
        held = []
        for _ in range(12):
            reader, writer = await asyncio.open_connection("127.0.0.1", world.port, limit=1024)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
            held.append((reader, writer))
        assert (await world.get("/-/healthy")).status == 200
        for _, writer in held:
            writer.transport.abort()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n",
        b"<script>alert(1)</script>\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: x\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_our_headers_and_no_word_of_its_own(sent: bytes) -> None:
    async with a_server() as world, connected(world) as (reader, writer):
        writer.write(sent)
        head = await head_of(reader)
        body = await ended(reader)
    assert head[""].split()[1] == "400"
    assert {name: head[name.lower()] for name in HEADERS} == HEADERS
    assert head["server"] == "aiprobe"
    assert body == b"This is not an HTTP request.\n"


async def test_no_body_is_inflated_or_read_before_a_sign_in(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(
        f"basic_auth_users: {{alice: '{bcrypt.hashpw(b'x', bcrypt.gensalt(4)).decode()}'}}"
    )
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    async with a_server(config_file=tmp_path / "web.yml") as world, connected(world) as (reader, writer):
        writer.write(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n"
            + f"Content-Length: {len(bomb)}\r\n\r\n".encode()
        )
        head = await head_of(reader)
        writer.write(bomb)
        await ended(reader)
    assert head[""].split()[1] == "413"
    assert head["connection"] == "close"


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("evil.example", "/metrics", 403),
        ("evil.example:10529", "/config", 403),
        ("127.0.0.1.evil.example", "/api/v1/results", 403),
        ("evil.example.", "/probe?target=haiku-chat", 403),
        ("localhost.evil.example", "/", 403),
        ("[::1]:10529", "/metrics", 200),
        ("127.0.0.1:10529", "/config", 200),
        ("LOCALHOST", "/metrics", 200),
        ("aiprobe:10529", "/metrics", 200),
        ("aiprobe.monitoring.svc:10529", "/config", 200),
        ("evil.example", "/-/healthy", 200),
    ],
)
async def test_a_name_that_a_stranger_pointed_at_this_machine_is_refused(host: str, path: str, status: int) -> None:
    async with a_server() as world:
        assert (await world.get(path, headers={"Host": host})).status == status


async def test_any_name_will_do_for_who_signs_in(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(
        f"basic_auth_users: {{alice: '{bcrypt.hashpw(b'x', bcrypt.gensalt(4)).decode()}'}}"
    )
    async with a_server(config_file=tmp_path / "web.yml") as world:
        headers = {"Host": "probes.example", "Authorization": "Basic YWxpY2U6eA=="}
        assert (await world.get("/config", headers=headers)).status == 200
        assert (await world.get("/config", headers={"Host": "probes.example"})).status == 401
