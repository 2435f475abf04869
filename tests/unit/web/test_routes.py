import asyncio
import gzip
import logging
from contextlib import suppress

import pytest

from aiprobe.web.ports import ProbeAnswer
from aiprobe.web.routes import accepts_gzip
from tests.unit.web.builders import (
    OPENMETRICS,
    TEXT,
    FakeControl,
    FakeMetrics,
    Shown,
    World,
    a_result,
    a_server,
    a_target,
)

pytestmark = pytest.mark.slow

GET_PATHS = (
    "/", "/targets/haiku-chat", "/metrics", "/probe?target=haiku-chat", "/-/healthy", "/-/ready", "/config", "/sd",
    "/api/v1/targets", "/api/v1/results", "/static/style.css",
)  # fmt: skip


async def open_and_ask(world: World, request: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port, limit=1024)
    writer.write(request.encode())
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize(("accept", "expected"), [(None, TEXT), ("application/openmetrics-text;q=0.9", OPENMETRICS)])
async def test_metrics_are_served_in_the_negotiated_format(accept: str | None, expected: str) -> None:
    async with a_server() as world:
        reply = await world.get("/metrics", headers={"Accept": accept} if accept else {})
    assert reply.status == 200
    assert reply.headers["Content-Type"] == expected
    assert reply.body == b"aiprobe_success 1\naiprobe_state 0\n"
    assert reply.headers["Vary"] == "Accept, Accept-Encoding"
    assert "Content-Encoding" not in reply.headers


async def test_metrics_are_compressed_for_a_scraper_that_takes_gzip() -> None:
    async with a_server() as world:
        reply = await world.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(reply.body) == b"aiprobe_success 1\naiprobe_state 0\n"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("gzip;q=nonsense", False),
    ],
)
def test_gzip_is_used_exactly_when_the_header_allows_it(header: str | None, expected: bool) -> None:
    assert accepts_gzip(header) is expected


async def test_an_empty_exposition_is_an_empty_reply() -> None:
    async with a_server(metrics=FakeMetrics(slices=())) as world:
        reply = await world.get("/metrics")
    assert (reply.status, reply.body) == (200, b"")


async def test_a_scraper_that_reads_nothing_holds_up_nobody_else() -> None:
    metrics = FakeMetrics(endless=True)
    async with a_server(metrics=metrics) as world:
        reader, writer = await open_and_ask(world, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        metrics.endless = False
        assert (await world.get("/-/healthy")).status == 200
        assert (await world.get("/metrics")).status == 200
        metrics.endless = True
        metrics.closed.clear()
        writer.transport.abort()
        await asyncio.wait_for(metrics.closed.wait(), timeout=10)


async def test_a_scraper_that_takes_nothing_for_too_long_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    metrics = FakeMetrics(endless=True)
    async with a_server(metrics=metrics, write_seconds=0.01) as world:
        _, writer = await open_and_ask(world, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.wait_for(metrics.closed.wait(), timeout=10)
        writer.transport.abort()
    assert "scrape given up" in caplog.text


async def test_a_bug_in_the_middle_of_a_scrape_cuts_it_so_that_half_is_never_taken_for_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_server(metrics=FakeMetrics(fails_after=1)) as world:
        reader, writer = await open_and_ask(world, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        with suppress(ConnectionResetError):
            while piece := await reader.read(65536):
                received += piece
        writer.transport.abort()
    assert not received.endswith(b"0\r\n\r\n")
    assert "scrape cut short" in caplog.text


async def test_a_bug_before_the_first_slice_is_a_plain_500() -> None:
    async with a_server(metrics=FakeMetrics(fails_after=0)) as world:
        reply = await world.get("/metrics")
    assert reply.status == 500
    assert "secret" not in reply.text


async def test_a_bug_in_a_handler_is_logged_and_its_text_kept_from_the_reply(caplog: pytest.LogCaptureFixture) -> None:
    async with a_server(control=FakeControl(breaks=True)) as world:
        reply = await world.get("/config", headers={"Accept": "text/html"})
        after = await world.get("/-/healthy")
    assert (reply.status, reply.text) == (500, "Internal error in aiprobe; its log has the details.\n")
    assert after.status == 200
    record = next(record for record in caplog.records if record.levelno == logging.ERROR)
    assert record.exc_info is not None
    assert "path='/config'" in record.getMessage()


async def test_probe_answers_with_the_series_of_the_target() -> None:
    async with a_server() as world:
        reply = await world.get("/probe?target=haiku-chat", headers={"Accept": "application/openmetrics-text"})
    assert world.control.probed == ["haiku-chat"]
    assert reply.headers["Content-Type"] == OPENMETRICS
    assert reply.text == 'aiprobe_success{target="haiku-chat"} 1\n'


async def test_probe_with_debug_tells_what_happened_one_line_a_fact() -> None:
    failed = a_result(
        outcome="overloaded", http_status=529, detail="busy\r\nX-Evil: 1", time_to_first_token_seconds=None
    )
    answer = ProbeAnswer(result=failed, shared=True, debug={"remote address": "127.0.0.1"})
    async with a_server(control=FakeControl(answer=answer)) as world:
        reply = await world.get("/probe?target=haiku-chat&debug=true")
    told = dict(line.split("  ", 1) for line in reply.text.splitlines() if "  " in line)
    told = {name.strip(): value.strip() for name, value in told.items()}
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert told["outcome"] == "overloaded"
    assert told["detail"] == "busy X-Evil: 1"
    assert told["shared"] == "yes, with an earlier call in this interval"
    assert told["phase tls"] == "0.0310 s"
    assert told["remote address"] == "127.0.0.1"
    assert "time to first token" not in told
    assert reply.text.endswith('aiprobe_success{target="haiku-chat"} 1\n')


async def test_a_probe_that_may_not_start_is_not_an_empty_success() -> None:
    async with a_server(control=FakeControl(answer=ProbeAnswer(result=None, skipped="budget"))) as world:
        reply = await world.get("/probe?target=haiku-chat")
    assert (reply.status, reply.text) == (503, "Not probed: budget.\n")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("10", 9.5), ("0.25", 0.0), ("1.5", 1.0), ("", None), ("soon", None), ("nan", None), ("inf", None), ("-3", None)],
)
async def test_probe_ends_half_a_second_before_its_scrape(sent: str, expected: float | None) -> None:
    async with a_server() as world:
        await world.get("/probe?target=haiku-chat", headers={"X-Prometheus-Scrape-Timeout-Seconds": sent})
    assert world.control.within == [expected]


@pytest.mark.parametrize("query", ["", "?target=", "?target=haiku-chat&target=haiku-chat", "?module=chat"])
async def test_probe_without_one_target_says_what_is_missing(query: str) -> None:
    async with a_server() as world:
        reply = await world.get("/probe" + query)
    assert reply.status == 400
    assert "/probe?target=NAME" in reply.text
    assert world.control.probed == []


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:1/", "https://x.test", "//x.test", "x.test:443", "x.test/path", "[::1]:80", "a@b", "file:///etc/passwd",
     "http:%2f%2fx", "\\\\host\\share"],
)  # fmt: skip
async def test_a_url_is_never_probed(target: str) -> None:
    async with a_server() as world:
        reply = await world.get("/probe", params={"target": target})
    assert reply.status == 400
    assert "never a URL" in reply.text
    assert world.control.probed == []


async def test_an_unknown_target_is_told_the_known_names_and_the_nearest() -> None:
    rows = [a_target(name="haiku-chat"), a_target(name="gpt-chat")]
    async with a_server(shown=Shown(rows=rows)) as world:
        reply = await world.get("/probe?target=haiku-chta")
    assert reply.status == 404
    assert reply.text == ("There is no target 'haiku-chta'. Configured are: gpt-chat, haiku-chat.\n")


async def test_the_list_of_known_names_and_the_quoted_one_are_bounded() -> None:
    rows = [a_target(name=f"target-{number:03}") for number in range(80)]
    async with a_server(shown=Shown(rows=rows)) as world:
        reply = await world.get("/probe", params={"target": "\r\n<b>" + "x" * 2000})
    assert reply.status == 404
    assert "and 30 more" in reply.text
    assert "x" * 101 not in reply.text
    assert len(reply.text.splitlines()) == 1


async def test_healthy_is_200_while_not_ready() -> None:
    async with a_server(control=FakeControl(not_ready="the first probes still run")) as world:
        healthy, ready = await world.get("/-/healthy"), await world.get("/-/ready")
    assert healthy.status == 200
    assert (ready.status, ready.text) == (503, "aiprobe is not ready: the first probes still run\n")


async def test_ready_is_200_once_ready() -> None:
    async with a_server() as world:
        assert (await world.get("/-/ready")).status == 200


async def test_a_reload_is_done_once_and_confirmed() -> None:
    async with a_server() as world:
        reply = await world.post("/-/reload")
    assert (reply.status, reply.text) == (200, "The configuration was reloaded.\n")
    assert world.control.reloads == 1


async def test_a_reload_of_a_bad_file_says_its_problems() -> None:
    async with a_server(control=FakeControl(problems="aiprobe.yml:3: targets: missing")) as world:
        reply = await world.post("/-/reload")
    assert reply.status == 500
    assert "aiprobe.yml:3: targets: missing" in reply.text


async def test_the_config_is_shown_as_the_port_masks_it() -> None:
    async with a_server() as world:
        reply = await world.get("/config")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.text == world.control.config


@pytest.mark.parametrize("path", GET_PATHS)
async def test_head_answers_as_get_does_without_a_body(path: str) -> None:
    async with a_server() as world:
        got, head = await world.get(path), await world.ask("HEAD", path)
    assert head.body == b""
    assert head.status == got.status == 200
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("path", GET_PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_what_reads_answers_get_only(path: str, method: str) -> None:
    async with a_server() as world:
        reply = await world.ask(method, path)
    assert reply.status == 405
    assert reply.headers["Allow"] == "GET, HEAD"
    assert reply.text == f"{method} is not possible here; GET, HEAD is.\n"
    assert world.control.probed == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_reload_answers_post_only(method: str) -> None:
    async with a_server() as world:
        reply = await world.ask(method, "/-/reload")
    assert (reply.status, reply.headers["Allow"]) == (405, "POST")
    assert world.control.reloads == 0


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/v1/contracts", "/metrics/", "//x.test/", "/targets/", "/%2e%2e/etc"]
)
async def test_an_unknown_path_is_a_plain_sentence_and_no_redirect(path: str) -> None:
    async with a_server() as world:
        reply = await world.get(path)
    assert (reply.status, reply.text) == (404, "There is nothing at this path; / lists what there is.\n")
    assert "Location" not in reply.headers
