"""Fetching, against real servers on loopback."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from aiprobe import __version__
from aiprobe.core.secret import Secret
from aiprobe.core.trust import client_context
from aiprobe.statuspages.base import MAX_BODY_BYTES
from aiprobe.statuspages.fetch import FetchError, PageFetcher, Validators, retry_after_seconds
from tests.unit.statuspages.servers import Handler, a_server

NOW = 1_772_452_200.0


@pytest.fixture
async def fetcher() -> AsyncIterator[PageFetcher]:
    one = PageFetcher(timeout_seconds=5.0, wall=lambda: NOW)
    yield one
    await one.close()


def answering(response: Callable[[web.Request], web.StreamResponse]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        return response(request)

    return handler


async def test_a_page_is_fetched_with_a_name_of_our_own(fetcher: PageFetcher) -> None:
    seen: dict[str, str] = {}

    def respond(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return web.json_response(
            {"ok": 1}, headers={"ETag": 'W/"abc"', "Last-Modified": "Mon, 02 Mar 2026 11:49:00 GMT"}
        )

    async with a_server(answering(respond)) as url:
        fetched = await fetcher.fetch(f"{url}/api/v2/summary.json", media="json")
    assert fetched.body == b'{"ok": 1}'
    assert fetched.validators == Validators(etag='W/"abc"', last_modified="Mon, 02 Mar 2026 11:49:00 GMT")
    assert seen["User-Agent"] == f"aiprobe/{__version__} (status page reader; +aiprobe)"
    assert seen["Accept"].startswith("application/json")
    assert not {"Cookie", "Authorization", "If-None-Match", "If-Modified-Since"} & set(seen)


async def test_validators_are_sent_and_304_means_nothing_new(fetcher: PageFetcher) -> None:
    seen: dict[str, str] = {}

    def respond(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return web.Response(status=304)

    async with a_server(answering(respond)) as url:
        fetched = await fetcher.fetch(url, media="json", validators=Validators(etag='"a"', last_modified="Mon"))
    assert fetched.body is None
    assert (seen["If-None-Match"], seen["If-Modified-Since"]) == ('"a"', "Mon")


async def test_a_304_that_nobody_asked_for_is_a_failure(fetcher: PageFetcher) -> None:
    async with a_server(answering(lambda _: web.Response(status=304))) as url:
        with pytest.raises(FetchError, match="HTTP 304"):
            await fetcher.fetch(url, media="json")


@pytest.mark.parametrize(
    ("status", "leave_alone"),
    [(403, True), (405, True), (429, True), (404, False), (500, False), (503, False), (204, False), (206, False)],
)
async def test_other_statuses_are_failures_and_some_ask_for_rest(
    fetcher: PageFetcher,
    status: int,
    leave_alone: bool,
) -> None:
    async with a_server(answering(lambda _: web.Response(status=status, headers={"Retry-After": "90"}))) as url:
        with pytest.raises(FetchError, match=f"HTTP {status}") as caught:
            await fetcher.fetch(url, media="json")
    assert (caught.value.leave_alone, caught.value.retry_after_seconds) == (leave_alone, 90.0)


@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml"])
@pytest.mark.parametrize("media", ["json", "feed"])
async def test_html_where_data_was_promised_is_a_failure(fetcher: PageFetcher, media: str, content_type: str) -> None:
    def respond(_: web.Request) -> web.Response:
        return web.Response(body=b"{}", headers={"Content-Type": content_type})

    async with a_server(answering(respond)) as url:
        with pytest.raises(FetchError, match="where data was promised"):
            await fetcher.fetch(url, media="json" if media == "json" else "feed")


async def test_a_body_that_announces_too_much_is_not_read(fetcher: PageFetcher) -> None:
    async with a_server(answering(lambda _: web.Response(body=b" " * (MAX_BODY_BYTES + 1)))) as url:
        with pytest.raises(FetchError, match="more than 5000000 bytes"):
            await fetcher.fetch(url, media="json")


async def test_a_body_without_an_end_is_left_after_the_limit(fetcher: PageFetcher) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while sent < 20 * MAX_BODY_BYTES:
            await response.write(b" " * 100_000)
            sent += 100_000
        return response

    async with a_server(endless) as url:
        with pytest.raises(FetchError, match="more than 5000000 bytes"):
            await fetcher.fetch(url, media="json")
    assert sent < 20 * MAX_BODY_BYTES


async def test_a_compressed_body_counts_by_what_comes_out_of_it(fetcher: PageFetcher) -> None:
    def respond(_: web.Request) -> web.Response:
        bomb = gzip.compress(b" " * (4 * MAX_BODY_BYTES))
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    async with a_server(answering(respond)) as url:
        with pytest.raises(FetchError, match="more than 5000000 bytes"):
            await fetcher.fetch(url, media="json")


async def test_a_compressed_page_is_read(fetcher: PageFetcher) -> None:
    def respond(_: web.Request) -> web.Response:
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        return web.Response(body=gzip.compress(b'{"a": 1}'), headers=headers)

    async with a_server(answering(respond)) as url:
        assert (await fetcher.fetch(url, media="json")).body == b'{"a": 1}'


async def test_a_body_that_was_cut_short_is_a_failure(fetcher: PageFetcher) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"components": []}')
        assert request.transport is not None
        request.transport.close()
        return response

    async with a_server(cut) as url:
        with pytest.raises(FetchError, match="cannot be reached: ClientPayloadError"):
            await fetcher.fetch(url, media="json")


async def test_a_server_that_never_answers_is_left_at_the_deadline() -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        arrived.set()
        await release.wait()
        return web.Response()

    impatient = PageFetcher(timeout_seconds=0.2)
    async with a_server(hang) as url:
        with pytest.raises(FetchError, match=r"no answer within 0\.2 s"):
            await impatient.fetch(url, media="json")
        assert arrived.is_set()
        release.set()
    await impatient.close()


async def test_a_port_where_nobody_listens_cannot_be_reached(fetcher: PageFetcher) -> None:
    async with a_server(answering(lambda _: web.Response())) as url:
        pass
    with pytest.raises(FetchError, match="cannot be reached: ClientConnector"):
        await fetcher.fetch(url, media="json")


async def test_an_authority_that_is_renewed_in_its_file_is_trusted_at_the_next_poll(tmp_path: Path) -> None:
    ca_file, after = tmp_path / "ca.pem", trustme.CA()
    a_tls_server(ca_file)
    trusting = PageFetcher(timeout_seconds=5.0, ca_file=str(ca_file))
    async with a_server(
        answering(lambda _: web.json_response({})), tls=a_tls_server(tmp_path / "x", authority=after)
    ) as url:
        with pytest.raises(FetchError, match="invalid certificate"):
            await trusting.fetch(url, media="json")
        after.cert_pem.write_to_path(str(ca_file))
        assert (await trusting.fetch(url, media="json")).body == b"{}"
    await trusting.close()


async def test_what_the_system_trusts_is_trusted_beside_a_ca_file(tmp_path: Path) -> None:
    a_tls_server(tmp_path / "ca.pem")
    context = client_context(str(tmp_path / "ca.pem"), and_system=True)
    assert (
        context.cert_store_stats()["x509_ca"] > client_context(str(tmp_path / "ca.pem")).cert_store_stats()["x509_ca"]
    )


async def test_a_certificate_that_nobody_knows_is_a_failure(fetcher: PageFetcher, tmp_path: Path) -> None:
    server = a_tls_server(tmp_path / "ca.pem")
    async with a_server(answering(lambda _: web.Response()), tls=server) as url:
        with pytest.raises(FetchError, match="invalid certificate"):
            await fetcher.fetch(url, media="json")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/", "status.claude.com", "http://", "http://[::1", ""]
)
async def test_only_http_and_https_are_fetched(fetcher: PageFetcher, url: str) -> None:
    with pytest.raises(FetchError):
        await fetcher.fetch(url, media="json")


@pytest.mark.parametrize(
    "location", ["/elsewhere", "http://127.0.0.1:1/", "ftp://x/", "//127.0.0.1/x", "https://user:pw@127.0.0.1/", ""]
)
async def test_a_redirect_to_anything_but_https_is_refused(fetcher: PageFetcher, location: str) -> None:
    asked = 0

    def respond(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(status=302, headers={"Location": location})

    async with a_server(answering(respond)) as url:
        with pytest.raises(FetchError, match="redirected to something other than https"):
            await fetcher.fetch(url, media="json")
    assert asked == 1


def a_tls_server(ca_file: Path, *, authority: trustme.CA | None = None) -> ssl.SSLContext:
    """Return a server's context for 127.0.0.1, and write the certificate of its authority to `ca_file`."""
    authority = authority or trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.cert_pem.write_to_path(str(ca_file))
    return server


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_to_https_are_followed(status: int, tmp_path: Path) -> None:
    server = a_tls_server(tmp_path / "ca.pem")
    trusting = PageFetcher(timeout_seconds=5.0, ca_file=str(tmp_path / "ca.pem"))

    async def home(request: web.Request) -> web.StreamResponse:
        if request.path == "/old":
            return web.Response(status=status, headers={"Location": "/new"})
        return web.json_response({"path": request.path})

    async with (
        a_server(home, tls=server) as secure,
        a_server(answering(lambda _: web.Response(status=status, headers={"Location": f"{secure}/old"}))) as plain,
    ):
        assert (await trusting.fetch(plain, media="json")).body == b'{"path": "/new"}'
    await trusting.close()


async def test_the_fourth_redirect_is_one_too_many(tmp_path: Path) -> None:
    server = a_tls_server(tmp_path / "ca.pem")
    trusting = PageFetcher(timeout_seconds=5.0, ca_file=str(tmp_path / "ca.pem"))
    asked: list[str] = []

    def respond(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": f"/{len(asked)}"})

    async with a_server(answering(respond), tls=server) as url:
        with pytest.raises(FetchError, match="more than 3 redirects"):
            await trusting.fetch(url, media="json")
    assert asked == ["/", "/1", "/2", "/3"]
    await trusting.close()


async def test_cookies_are_not_kept(fetcher: PageFetcher) -> None:
    seen: list[str | None] = []

    def respond(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return web.json_response({}, headers={"Set-Cookie": "a=b"})

    async with a_server(answering(respond)) as url:
        await fetcher.fetch(url, media="json")
        await fetcher.fetch(url, media="json")
    assert seen == [None, None]


async def test_a_validator_that_is_no_header_value_is_not_kept(fetcher: PageFetcher) -> None:
    async with a_server(answering(lambda _: web.json_response({}, headers={"ETag": "x" * 500}))) as url:
        assert (await fetcher.fetch(url, media="json")).validators == Validators()


async def test_a_page_can_be_fetched_through_a_proxy() -> None:
    asked: list[str] = []

    async def proxy(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.path_qs} {request.headers.get('Host')} {'Proxy-Authorization' in request.headers}")
        return web.json_response({})

    async with a_server(proxy) as url:
        through = PageFetcher(timeout_seconds=5.0, proxy=Secret(url.replace("//", "//user:secret-word@")))
        await through.fetch("http://status.example/summary.json", media="json")
        await through.close()
    assert len(asked) == 1
    assert "status.example" in asked[0]
    assert asked[0].endswith("True")


async def test_a_failing_proxy_does_not_leak_its_password(fetcher: PageFetcher) -> None:
    through = PageFetcher(timeout_seconds=5.0, proxy=Secret("http://user:secret-word@127.0.0.1:1"))
    with pytest.raises(FetchError) as caught:
        await through.fetch("http://status.example/", media="json")
    await through.close()
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90", 90.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("86400", 3600.0),
        ("inf", 3600.0),
        ("nan", None),
        ("", None),
        ("soon", None),
        (format_datetime(datetime.fromtimestamp(NOW + 120, UTC), usegmt=True), 120.0),
        (format_datetime(datetime.fromtimestamp(NOW - 120, UTC), usegmt=True), 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_negative_or_endless(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, now=NOW) == seconds
