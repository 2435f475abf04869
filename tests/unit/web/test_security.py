import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bcrypt
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from aiprobe.web.security import HEADERS, Gate
from aiprobe.web.webfile import WebFile
from tests.clock import ManualClock
from tests.unit.web.builders import World, a_server

pytestmark = pytest.mark.slow

HASH = bcrypt.hashpw(b"opensesame", bcrypt.gensalt(4)).decode()


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def a_web_config(folder: Path, text: str) -> Path:
    path = folder / "web.yml"
    path.write_text(text)
    return path


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    return a_web_config(tmp_path, f"basic_auth_users:\n  alice: {HASH}\n")


EVERY_KIND_OF_REPLY = (
    ("GET", "/"), ("GET", "/metrics"), ("GET", "/config"), ("GET", "/api/v1/targets"), ("GET", "/static/style.css"),
    ("GET", "/nothing"), ("PUT", "/metrics"), ("GET", "/probe"), ("POST", "/-/reload"), ("HEAD", "/metrics"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path"), EVERY_KIND_OF_REPLY)
async def test_security_headers_are_on_every_reply(method: str, path: str) -> None:
    async with a_server() as world:
        reply = await world.ask(method, path)
    for name, value in HEADERS.items():
        assert reply.headers[name] == value
    assert reply.headers["Server"] == "aiprobe"
    assert reply.headers["Cache-Control"] == ("public, max-age=86400" if "static" in path else "no-store")


async def test_headers_of_the_web_config_file_replace_ours_and_a_blank_one_leaves_it_out(tmp_path: Path) -> None:
    file = a_web_config(
        tmp_path,
        "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: SameOrigin\n"
        "    Content-Security-Policy: ''\n    Strict-Transport-Security: max-age=60\n",
    )
    async with a_server(config_file=file) as world:
        reply = await world.get("/")
    assert reply.headers["X-Frame-Options"] == "SameOrigin"
    assert reply.headers["Strict-Transport-Security"] == "max-age=60"
    assert "Content-Security-Policy" not in reply.headers
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_user_with_the_right_password_is_let_in(users_file: Path) -> None:
    async with a_server(config_file=users_file) as world:
        assert (await world.get("/metrics", headers=basic("alice", "opensesame"))).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("alice", "wrong"),
        basic("bob", "opensesame"),
        basic("", ""),
        {"Authorization": "Basic"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
        {"Authorization": "Bearer opensesame"},
        {"Authorization": f"Basic {HASH}"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/nothing", "/static/style.css"])
async def test_everything_else_is_asked_to_sign_in(users_file: Path, headers: dict[str, str], path: str) -> None:
    async with a_server(config_file=users_file) as world:
        reply = await world.get(path, headers=headers)
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="aiprobe", charset="UTF-8"'
    assert reply.headers["X-Frame-Options"] == "DENY"


async def test_a_reload_from_this_machine_needs_no_user() -> None:
    async with a_server() as world:
        for host in ("127.0.0.1:10529", "localhost", "localhost:10529", "[::1]:10529", "10.0.0.7:10529", "LOCALHOST"):
            assert (await world.post("/-/reload", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:10529"},
        {"Host": "localhost.evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
        {"Host": "[::1"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
async def test_a_reload_that_another_site_or_a_proxy_may_have_sent_is_refused(headers: dict[str, str]) -> None:
    async with a_server() as world:
        reply = await world.post(
            "/-/reload", headers={name: value.replace("{port}", str(world.port)) for name, value in headers.items()}
        )
    assert reply.status == 403
    assert reply.text.endswith(".\n")
    assert world.control.reloads == 0


async def test_a_reload_from_a_page_of_our_own_is_done() -> None:
    async with a_server() as world:
        headers = {"Origin": f"http://127.0.0.1:{world.port}", "Sec-Fetch-Site": "same-origin"}
        assert (await world.post("/-/reload", headers=headers)).status == 200


def a_request_from(remote: str, headers: Mapping[str, str] | None = None) -> web.Request:
    """A request of another host, which no socket of a test can be."""
    request = make_mocked_request("POST", "/-/reload", headers={"Host": "10.0.0.7:10529", **(headers or {})})
    return request.clone(remote=remote)


@pytest.mark.parametrize("remote", ["203.0.113.7", "10.0.0.9", "::ffff:10.0.0.9", "2001:db8::1", "fe80::1%eth0", ""])
async def test_another_host_may_change_nothing_without_users(remote: str) -> None:
    refusal = Gate(WebFile(None, clock=ManualClock().clock), clock=ManualClock().clock).may_change(
        a_request_from(remote)
    )
    assert refusal is not None
    assert refusal.status == 403
    assert (
        refusal.text == "Without users or client certificates in the web config file, only this machine may do that.\n"
    )


@pytest.mark.parametrize("remote", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_loopback_is_this_machine_in_every_spelling(remote: str) -> None:
    gate = Gate(WebFile(None, clock=ManualClock().clock), clock=ManualClock().clock)
    assert gate.may_change(a_request_from(remote)) is None


async def test_a_signed_in_user_may_reload_from_anywhere_but_not_from_another_site(users_file: Path) -> None:
    gate = Gate(WebFile(users_file, clock=ManualClock().clock), clock=ManualClock().clock)
    reloads = {}
    for origin in ("http://aiprobe.example", "http://evil.example"):
        request = a_request_from(
            "203.0.113.7", {"Host": "aiprobe.example", "Origin": origin, **basic("alice", "opensesame")}
        )

        async def reload(passed: web.Request) -> web.StreamResponse:
            return gate.may_change(passed) or web.Response()

        reloads[origin] = (await gate.middleware(request, reload)).status
    assert reloads == {"http://aiprobe.example": 200, "http://evil.example": 403}


async def test_a_reload_without_credentials_is_refused_where_there_are_users(users_file: Path) -> None:
    async with a_server(config_file=users_file) as world:
        assert (await world.post("/-/reload")).status == 401
        assert world.control.reloads == 0
        assert (await world.post("/-/reload", headers=basic("alice", "opensesame"))).status == 200


@pytest.mark.parametrize(
    "head", ["Content-Length: 1", "Content-Length: 1000000000", "Transfer-Encoding: chunked\r\nContent-Encoding: gzip"]
)
async def test_a_body_is_refused_unread(head: str) -> None:
    async with a_server() as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(f"POST /-/reload HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode())
        status_line = await reader.readline()
        writer.transport.abort()
    assert status_line.startswith(b"HTTP/1.1 413 ")  # its words differ from Python to Python
    assert world.control.reloads == 0


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /" + "x" * 5000 + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nX: " + "x" * 9000 + "\r\n\r\n",
        "<script>alert(1)</script>\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=["long url", "long header", "no http", "bad version", "tls to a plain port"],
)
async def test_what_is_not_http_gets_400_and_is_no_error_of_ours(request_text: str, caplog: Any) -> None:
    async with a_server() as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(request_text.encode("latin-1"))
        reply = await reader.read()
        writer.close()
        assert (await world.get("/-/healthy")).status == 200
    assert b" 400 " in reply.splitlines()[0]
    assert b"text/html" not in reply
    assert caplog.records == []


async def ask_statuses(world: World, count: int) -> list[int]:
    return [(await world.get("/-/healthy")).status for _ in range(count)]


async def test_the_rate_limit_lets_a_burst_through_and_then_one_an_interval(tmp_path: Path) -> None:
    clock = ManualClock()
    file = a_web_config(tmp_path, "rate_limit:\n  interval: 10s\n  burst: 2\n")
    async with a_server(config_file=file, clock=clock.clock) as world:
        assert await ask_statuses(world, 3) == [200, 200, 429]
        clock.now += 10
        assert await ask_statuses(world, 2) == [200, 429]
        clock.now += 1000
        assert await ask_statuses(world, 3) == [200, 200, 429]
