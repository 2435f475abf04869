"""The http probe: status, expectation, redirects within bounds, credentials for their own origin only."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.core.kind import HttpExpectation
from aiprobe.core.model import Result, Target, Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.body import BodySink
from aiprobe.probes.http import HttpProbe
from aiprobe.transport.transport import Signal, Transport
from tests.builders import a_provider, a_target

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LIMITS = Timeouts(connect=1, first_token=1, stall=0.5, total=2)


@asynccontextmanager
async def a_site(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def a_page(text: str = "hello", **more: object) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="text/html", **more)  # type: ignore[arg-type]  # by keyword

    return handler


async def probe(
    url: str, expect: HttpExpectation | None = None, base_url: str = "", own: Mapping[str, str] | None = None
) -> Result:
    clock = Clock()
    transport = Transport(clock=clock)
    target: Target = a_target(
        probe="http", model="", url=url, expect=expect or HttpExpectation(), timeouts=LIMITS,
        provider=a_provider(base_url=base_url, headers={"x-team": "secret-team", **(own or {})}), headers=own or {},
    )  # fmt: skip
    try:
        return await HttpProbe(target, Tools(transport=transport, clock=clock)).run()
    finally:
        await transport.close()


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {}, Outcome.OK),
        (201, {}, Outcome.OK),
        (301, {}, Outcome.SERVER_ERROR),
        (401, {}, Outcome.SERVER_ERROR),
        (403, {"cf-mitigated": "challenge"}, Outcome.CHALLENGED),
        (404, {}, Outcome.SERVER_ERROR),
        (429, {}, Outcome.RATE_LIMITED),
        (500, {}, Outcome.SERVER_ERROR),
        (503, {}, Outcome.OVERLOADED),
    ],
)
async def test_an_unexpected_status_is_a_failure_of_the_page(
    status: int, headers: dict[str, str], expected: Outcome
) -> None:
    async with a_site(a_page("a page", status=status, headers=headers)) as url:
        result = await probe(url)
    assert (result.outcome, result.http_status) == (expected, status)


@pytest.mark.parametrize("status", [200, 302, 401, 404])
async def test_an_expected_status_is_right_whatever_it_is(status: int) -> None:
    async with a_site(a_page(status=status, headers={"location": "/loop"} if status == 302 else {})) as url:
        assert (await probe(url, HttpExpectation(statuses=(status,)))).outcome is Outcome.OK
        other = await probe(url, HttpExpectation(statuses=(418,), max_redirects=0))
        assert other.outcome is Outcome.SERVER_ERROR


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        (HttpExpectation(text="ell"), Outcome.OK),
        (HttpExpectation(text="goodbye"), Outcome.WRONG_ANSWER),
        (HttpExpectation(json_path="a"), Outcome.MALFORMED),
    ],
)
async def test_a_text_is_looked_for_in_the_body(expect: HttpExpectation, expected: Outcome) -> None:
    async with a_site(a_page("hello")) as url:
        assert (await probe(url, expect)).outcome is expected


@pytest.mark.parametrize(
    ("path", "equals", "expected"),
    [
        ("status", "ok", Outcome.OK),
        ("status", None, Outcome.OK),
        ("status", "down", Outcome.WRONG_ANSWER),
        ("items.1.id", 7, Outcome.OK),
        ("items.2.id", None, Outcome.WRONG_ANSWER),
        ("up", True, Outcome.OK),
        ("one", True, Outcome.WRONG_ANSWER),
        ("missing.deeper", None, Outcome.WRONG_ANSWER),
    ],
)
async def test_a_json_value_is_compared(path: str, equals: str | float | bool | None, expected: Outcome) -> None:
    body = '{"status":"ok","up":true,"one":1,"items":[{"id":1},{"id":7}]}'
    async with a_site(a_page(body)) as url:
        assert (await probe(url, HttpExpectation(json_path=path, json_equals=equals))).outcome is expected


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"a":[' + "[]," * 100_000 + "0]}", "the body: JSON of more than 100000 values"),
        ('{"a":' + "[" * 300 + "]" * 300 + "}", "the body: JSON nested too deeply"),
        ("{", "the body: not JSON"),
    ],
)
async def test_json_that_would_hold_the_event_loop_is_malformed(body: str, detail: str) -> None:
    async with a_site(a_page(body)) as url:
        result = await probe(url, HttpExpectation(json_path="a"))
    assert (result.outcome, result.detail) == (Outcome.MALFORMED, detail)


async def test_a_redirect_that_is_expected_needs_no_body() -> None:
    async def moved(_: web.Request) -> web.Response:
        return web.Response(status=301, content_type="text/html", headers={"location": "/elsewhere"})

    async with a_site(moved) as url:
        assert (await probe(url, HttpExpectation(statuses=(301,), max_redirects=0))).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("charset", "expected"),
    [("iso-8859-1", Outcome.OK), ("utf-8", Outcome.WRONG_ANSWER), ("no-such-charset", Outcome.WRONG_ANSWER)],
)
async def test_a_text_is_looked_for_in_the_character_set_of_the_page(charset: str, expected: Outcome) -> None:
    async def page(_: web.Request) -> web.Response:
        body = "<p>héllo wörld</p>".encode("iso-8859-1")
        return web.Response(body=body, headers={"content-type": f"text/html; charset={charset}"})

    async with a_site(page) as url:
        assert (await probe(url, HttpExpectation(text="héllo wörld"))).outcome is expected


async def test_a_redirect_to_a_name_in_another_script_is_followed_as_browsers_do() -> None:
    asked: list[str] = []

    async def page(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        if request.path == "/":
            return web.Response(status=302, headers={"location": "/café"})
        return web.Response(text="hello")

    async with a_site(page) as url:
        assert (await probe(url + "/")).outcome is Outcome.OK
    assert asked == ["/", "/caf%C3%A9"]


async def test_texts_are_not_cut_before_secrets_are_taken_out_of_them() -> None:
    token = "".join(chr(97 + number * 7 % 26) for number in range(300))
    filler = "x" * 60
    async with a_site(a_page(json.dumps({"token": token}), headers={"x-request-id": filler + token})) as url:
        result = await probe(url, HttpExpectation(json_path="token", json_equals="another"))
    assert token in result.detail
    assert result.request_id == filler + token


async def test_an_empty_html_page_is_empty_and_an_empty_health_answer_is_fine() -> None:
    async def empty(request: web.Request) -> web.Response:
        return web.Response(status=200, content_type="text/html" if request.path == "/page" else None)

    async with a_site(empty) as url:
        assert (await probe(f"{url}/page")).outcome is Outcome.EMPTY
        assert (await probe(f"{url}/page", HttpExpectation(text="x"))).outcome is Outcome.EMPTY


async def test_credentials_go_to_the_provider_s_own_origin_and_to_no_other() -> None:
    seen: dict[str, dict[str, str]] = {}

    async def elsewhere(request: web.Request) -> web.Response:
        seen["elsewhere"] = dict(request.headers)
        return web.Response(text="hello")

    async with a_site(elsewhere) as other:

        async def home(request: web.Request) -> web.Response:
            seen["home"] = dict(request.headers)
            return web.Response(status=302, headers={"location": f"{other}/there"})

        async with a_site(home) as url:
            result = await probe(f"{url}/start", base_url=f"{url}/v1")
    assert result.outcome is Outcome.OK
    assert "Authorization" in {name.title() for name in seen["home"]}
    assert {"authorization", "x-team"} & {name.lower() for name in seen["elsewhere"]} == set()


async def test_headers_of_the_target_go_to_the_origin_of_its_url_and_win_there_over_the_provider_s() -> None:
    seen: dict[str, dict[str, str]] = {}

    async def elsewhere(request: web.Request) -> web.Response:
        seen["elsewhere"] = {name.lower(): value for name, value in request.headers.items()}
        return web.Response(text="hello")

    async def home(request: web.Request) -> web.Response:
        seen[request.path] = {name.lower(): value for name, value in request.headers.items()}
        return web.Response(status=302, headers={"location": f"{other}/there"})

    own = {"x-team": "own-team", "authorization": "own-key", "x-own": "1"}
    async with a_site(elsewhere) as other, a_site(home) as url:
        await probe(f"{url}/api", base_url=f"{url}/v1", own=own)
        await probe(f"{url}/page", base_url="http://127.0.0.1:9/v1", own=own)
    assert [own.items() <= headers.items() for headers in (seen["/api"], seen["/page"])] == [True, True]
    assert not own.keys() & seen["elsewhere"].keys()


async def test_a_page_of_another_origin_than_the_api_never_sees_the_key() -> None:
    seen: list[set[str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append({name.lower() for name in request.headers})
        return web.Response(text="hello")

    async with a_site(handler) as url:
        await probe(url, base_url="http://127.0.0.1:9/v1")
        await probe(url)
    assert all({"authorization", "x-team"} & names == set() for names in seen)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/again", "redirects"),
        ("ftp://127.0.0.1/", "not an http"),
        ("http://user:pw@127.0.0.1/", "credentials"),
        ("//[bad", "not an http"),
        ("http://a b/", "not an http"),
        ("http://☃☃..x/", "not an http"),
        ("http://127.0.0.1:99999/", "not an http"),
        ("/a b\tc", "malformed"),
    ],
)
async def test_a_redirect_out_of_bounds_is_a_failure_that_says_why(location: str, reason: str) -> None:
    async with a_site(a_page(status=302, headers={"location": location})) as url:
        result = await probe(url)
    assert result.outcome is Outcome.SERVER_ERROR
    assert reason in result.detail


async def test_redirects_are_followed_up_to_the_limit_and_their_times_add_up() -> None:
    async def countdown(request: web.Request) -> web.Response:
        left = int(request.path.strip("/"))
        return web.Response(text="end") if left == 0 else web.Response(status=307, headers={"location": f"/{left - 1}"})

    async with a_site(countdown) as url:
        three, four = await probe(f"{url}/3"), await probe(f"{url}/4")
    assert (three.outcome, four.outcome) == (Outcome.OK, Outcome.SERVER_ERROR)
    assert 0 < sum(three.phases.values()) <= three.duration_seconds


@pytest.mark.parametrize("url", ["ftp://x/", "claude.ai", "http://"])
async def test_what_is_not_an_http_url_is_refused_when_the_probe_is_built(url: str) -> None:
    with pytest.raises(ValueError, match="not an absolute http"):
        await probe(url)


@pytest.mark.parametrize("limit", [{}, {"limit_bytes": 100}])
def test_a_body_is_kept_up_to_its_limit_and_no_more_is_read(limit: dict[str, int]) -> None:
    sink, most = BodySink(**limit), limit.get("limit_bytes", 4 << 20)
    assert sink.on_body(b"x" * (most - 1), 0.0) is Signal.CONTENT
    assert (sink.cut, sink.on_body(b"x" * 9, 0.0), sink.cut) == (False, Signal.DONE, True)
    assert len(sink.body) == most
