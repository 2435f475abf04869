"""The mcp probe: both eras, what a server may answer in each, and every way in which a conversation goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Timeouts
from aiprobe.core.outcomes import Outcome
from aiprobe.probes import PROBES
from aiprobe.probes.base import PreparedProbe, Tools
from aiprobe.transport.transport import Transport
from aiprobe_simulator import Simulator
from tests.builders import a_provider, a_target

LIMITS = Timeouts(connect=2, first_token=3, stall=0.5, total=1.5)
RECORDED = Path(__file__).parents[4] / "shared" / "data" / "streams" / "recorded" / "mcp.deepwiki.com_mcp.sse"
TOOLS = {"tools": [{"name": "read"}, {"name": "ask"}]}
DISCOVERED = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
              "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "Wiki", "version": "3"}}}  # fmt: skip
GREETED = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {"listChanged": True}},
           "serverInfo": {"name": "Wiki", "version": "2.14.3"}}  # fmt: skip

Answer = Callable[[dict[str, Any], web.Request], Awaitable[web.StreamResponse] | web.StreamResponse]


@dataclass
class Server:
    """An MCP server that answers by method, and remembers what it was asked."""

    answers: dict[str, object]
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    url: str = ""

    @property
    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        message = json.loads(body) if body else {}
        method = message.get("method", request.method)
        self.asked.append((method, {name.lower(): value for name, value in request.headers.items()}, message))
        answer = self.answers.get(method, refused(404, -32601))
        made = answer(message, request) if callable(answer) else a_result(answer, message)
        return made if isinstance(made, web.StreamResponse) else await made


def a_result(result: object, message: dict[str, Any]) -> web.Response:
    if "id" not in message:
        return web.Response(status=202)
    return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": result})


def refused(status: int, code: int = -32000, message: str = "no", **headers: str) -> Answer:
    def answer(_: dict[str, Any], __: web.Request) -> web.Response:
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
        return web.json_response(error, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    return answer


def body(data: bytes | str, content_type: str = "application/json", status: int = 200) -> Answer:
    def answer(_: dict[str, Any], __: web.Request) -> web.Response:
        raw = data if isinstance(data, bytes) else data.encode()
        return web.Response(body=raw, status=status, headers={"content-type": content_type})

    return answer


def streamed(*messages: Any) -> Answer:
    """Answer as an event stream that stays open; a result is given the id of the request."""

    async def answer(message: dict[str, Any], request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for each in messages:
            document = {"jsonrpc": "2.0", "id": message["id"], "result": each} if "jsonrpc" not in each else each
            await response.write(b"event: message\r\ndata: %s\r\n\r\n" % json.dumps(document).encode())
        await asyncio.Event().wait()
        return response

    return answer


@asynccontextmanager
async def a_server(**answers: object) -> AsyncIterator[Server]:
    server = Server({name.replace("__", "/"): answer for name, answer in answers.items()})
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/mcp"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def a_probe(url: str) -> AsyncIterator[PreparedProbe]:
    transport = Transport(clock=Clock())
    provider = a_provider(protocol="mcp", base_url=url)
    try:
        target = a_target(probe="mcp", provider=provider, model="", timeouts=LIMITS)
        yield PROBES["mcp"](target, Tools(transport=transport, clock=Clock()))
    finally:
        await transport.close()


async def told_by(**answers: object) -> tuple[Result, Server]:
    async with a_server(**answers) as server, a_probe(server.url) as probe:
        return await probe.run(), server


HANDSHAKE: dict[str, object] = {"initialize": GREETED, "notifications__initialized": None, "tools__list": TOOLS}
STATELESS: dict[str, object] = {"server__discover": DISCOVERED, "tools__list": TOOLS}


async def test_a_stateless_server_is_discovered_and_lists_its_tools() -> None:
    result, server = await told_by(**STATELESS)
    assert (result.outcome, result.answer, result.response_model) == (Outcome.OK, "read, ask", "Wiki 3")
    assert server.methods == ["server/discover", "tools/list"]
    for method, headers, message in server.asked:
        assert (headers["mcp-protocol-version"], headers["mcp-method"]) == ("2026-07-28", method)
        assert message["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"
        assert headers["authorization"] == "Bearer sk-test-0123456789"
    assert (result.cost_usd, result.input_tokens) == (0.0, 0)


async def test_an_older_server_is_greeted_with_a_handshake_and_keeps_its_version_and_session() -> None:
    def greet(message: dict[str, Any], _: web.Request) -> web.Response:
        response = a_result(GREETED, message)
        response.headers["mcp-session-id"] = "s-1"
        return response

    result, server = await told_by(**(HANDSHAKE | {"initialize": greet, "DELETE": body("", status=405)}))
    assert (result.outcome, result.answer, result.response_model) == (Outcome.OK, "read, ask", "Wiki 2.14.3")
    assert server.methods == ["server/discover", "initialize", "notifications/initialized", "tools/list", "DELETE"]
    assert "mcp-protocol-version" not in server.asked[1][1]
    for _, headers, _ in server.asked[2:]:
        assert (headers["mcp-protocol-version"], headers["mcp-session-id"]) == ("2025-06-18", "s-1")


async def test_the_era_is_looked_for_once_and_again_when_the_server_was_renewed() -> None:
    async with a_server(**HANDSHAKE) as server, a_probe(server.url) as probe:
        assert (await probe.run()).outcome is Outcome.OK
        assert (await probe.run()).outcome is Outcome.OK
        assert server.methods.count("server/discover") == 1
        server.answers = {"server/discover": DISCOVERED, "tools/list": TOOLS, "initialize": refused(400, -32022)}
        assert (await probe.run()).outcome is Outcome.OK
        server.asked.clear()
        assert (await probe.run()).outcome is Outcome.OK
        assert server.methods == ["server/discover", "tools/list"]


@pytest.mark.parametrize(
    "refusal",
    [
        refused(400, -32022, "unsupported protocol version"),
        refused(400, -32000, "Bad Request: no valid session ID provided"),
        refused(404, -32601),
        refused(200, -32601, "Method not found"),
        body("Not Found", "text/plain", 404),
        body("", "text/plain", 405),
        body("", "text/plain", 406),
        {"supportedVersions": ["2025-11-25"], "capabilities": {}},
        {"something": "else"},
    ],
)
async def test_every_way_in_which_older_servers_refuse_to_be_discovered_leads_to_the_handshake(refusal: object) -> None:
    result, server = await told_by(**(HANDSHAKE | {"server__discover": refusal}))
    assert result.outcome is Outcome.OK
    assert "initialize" in server.methods


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [
        (refused(401, www_authenticate="Bearer resource_metadata=x"), Outcome.AUTH),
        (refused(403), Outcome.AUTH),
        (refused(429), Outcome.RATE_LIMITED),
    ],
)
async def test_what_both_eras_would_get_is_not_asked_for_twice(refusal: Answer, outcome: Outcome) -> None:
    result, server = await told_by(**(HANDSHAKE | {"server__discover": refusal}))
    assert result.outcome is outcome
    assert server.methods == ["server/discover"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (refused(500), Outcome.SERVER_ERROR),
        (refused(503), Outcome.OVERLOADED),
        (body("<html>", "text/html", 502), Outcome.SERVER_ERROR),
        (body("<html>", "text/html"), Outcome.MALFORMED),
        (body('{"jsonrpc": "2.0", '), Outcome.MALFORMED),
        (body('{"jsonrpc": "2.0", "id": 77, "result": {}}'), Outcome.TRUNCATED),
        (body("data: {\n\n", "text/event-stream"), Outcome.MALFORMED),
        (body(": nothing\n\n", "text/event-stream"), Outcome.TRUNCATED),
        (body('{"jsonrpc": "2.0", "id": 1, "result": [1]}'), Outcome.MALFORMED),
    ],
)
async def test_what_a_server_says_in_both_eras_is_its_outcome(answer: Answer, outcome: Outcome) -> None:
    result, server = await told_by(server__discover=answer, initialize=answer)
    assert result.outcome is outcome
    assert server.methods == ["server/discover", "initialize"]


async def test_a_wrong_address_is_not_found_in_either_era() -> None:
    result, server = await told_by()
    assert result.outcome is Outcome.NOT_FOUND
    assert server.methods == ["server/discover", "initialize"]


@pytest.mark.parametrize("era", [STATELESS, HANDSHAKE])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (TOOLS, Outcome.OK),
        ({"tools": []}, Outcome.EMPTY),
        ({"resources": []}, Outcome.MALFORMED),
        ({"tools": {"read": 1}}, Outcome.MALFORMED),
        (refused(200, -32603, "Internal error"), Outcome.ERROR_IN_BODY),
        (refused(200, -32000, "the server is overloaded"), Outcome.OVERLOADED),
        (refused(500), Outcome.SERVER_ERROR),
        (refused(404), Outcome.NOT_FOUND),
        (streamed(TOOLS), Outcome.OK),
        (streamed({"jsonrpc": "2.0", "method": "notifications/message", "params": {}}, TOOLS), Outcome.OK),
    ],
)
async def test_the_list_of_tools_decides(era: dict[str, object], answer: object, outcome: Outcome) -> None:
    result, _ = await told_by(**(era | {"tools__list": answer}))
    assert result.outcome is outcome


async def test_a_server_without_tools_is_pinged_or_only_discovered() -> None:
    greeted = GREETED | {"capabilities": {"prompts": {}}}
    result, server = await told_by(**(HANDSHAKE | {"initialize": greeted, "ping": {}}))
    assert (result.outcome, server.methods[-1], result.answer) == (Outcome.OK, "ping", None)
    result, server = await told_by(server__discover=DISCOVERED | {"capabilities": {}})
    assert (result.outcome, server.methods) == (Outcome.OK, ["server/discover"])


async def test_a_greeting_without_a_version_is_malformed() -> None:
    result, _ = await told_by(**(HANDSHAKE | {"initialize": {"capabilities": {}}}))
    assert result.outcome is Outcome.MALFORMED


async def test_a_notification_that_is_refused_ends_the_conversation() -> None:
    result, server = await told_by(**(HANDSHAKE | {"notifications__initialized": refused(500)}))
    assert result.outcome is Outcome.SERVER_ERROR
    assert server.methods[-1] == "notifications/initialized"


async def test_a_stream_that_never_brings_the_answer_ends_with_the_stall_limit() -> None:
    result, _ = await told_by(**(STATELESS | {"tools__list": streamed({"jsonrpc": "2.0", "method": "x"})}))
    assert result.outcome is Outcome.STALLED


async def test_the_steps_share_the_time_of_one_probe() -> None:
    result, server = await told_by(**STATELESS)
    assert len(server.asked) == 2
    assert result.connections_tried == 1
    assert 0 < sum(result.phases.values()) <= result.duration_seconds


async def test_the_recorded_list_of_tools_is_read() -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded replies are not part of the project")

    def replay(message: dict[str, Any], _: web.Request) -> web.Response:
        text = RECORDED.read_bytes().replace(b'"id":1', b'"id":%d' % message["id"], 1)
        return web.Response(body=text, headers={"content-type": "text/event-stream"})

    result, _ = await told_by(**(HANDSHAKE | {"tools__list": replay}))
    assert (result.outcome, result.answer) == (
        Outcome.OK,
        "read_wiki_structure, read_wiki_contents, ask_question",
    )


@pytest.mark.parametrize("name", ["tools", "handshake-tools"])
async def test_the_simulator_speaks_both_eras(name: str) -> None:
    async with Simulator() as simulator, a_probe(f"{simulator.url}/{name}/mcp") as probe:
        result = await probe.run()
    assert (result.outcome, result.answer, result.response_model) == (Outcome.OK, "ask, search", "simulator 1.0")


def text_id(result: object) -> Answer:
    return lambda message, _: web.json_response({"jsonrpc": "2.0", "id": str(message["id"]), "result": result})


OF_THE_OTHER_ERA: dict[str, Answer] = {
    **{str(status): body("no", "text/plain", status) for status in (400, 404, 405, 406, 409, 415, 422, 500, 501, 502)},
    "202": body("", "application/json", 202),
    "202 without a type": lambda _, __: web.Response(status=202),
    "204": lambda _, __: web.Response(status=204),
    "text": body("This server speaks MCP", "text/plain"),
    "a page": body("<h1>MCP</h1>", "text/html"),
    "an empty object": body("{}"),
    "null": body("null"),
    "an empty stream": body("", "text/event-stream"),
    "broken JSON": body('{"jsonrpc"'),
    "an internal error": refused(200, -32603),
    "an internal error under 500": refused(500, -32603),
    "invalid parameters": refused(200, -32602),
    "a version of tomorrow": lambda message, _: a_result({"supportedVersions": ["2031-01-01"]}, message),
}


@pytest.mark.parametrize("name", OF_THE_OTHER_ERA)
async def test_whatever_a_server_says_to_discover_the_handshake_is_tried(name: str) -> None:
    result, server = await told_by(**(HANDSHAKE | {"server__discover": OF_THE_OTHER_ERA[name]}))
    assert result.outcome is Outcome.OK, result.detail
    assert server.methods[:2] == ["server/discover", "initialize"]


@pytest.mark.parametrize(("status", "expected"), [(500, "server_error"), (503, "overloaded"), (502, "server_error")])
async def test_a_server_that_is_down_in_its_own_era_is_down(status: int, expected: str) -> None:
    result, _ = await told_by(**{"server/discover": body("", "text/plain", status)})  # and initialize is a 404
    assert result.outcome.value == expected
    assert str(status) in result.detail


async def test_an_id_that_comes_back_as_text_is_the_same_id() -> None:
    result, _ = await told_by(**{"server/discover": text_id(DISCOVERED), "tools/list": text_id(TOOLS)})
    assert result.outcome is Outcome.OK, result.detail


@pytest.mark.parametrize("status", [307, 308])
async def test_a_server_that_sends_its_clients_to_the_slash_is_followed(status: int) -> None:
    def moved(_: dict[str, Any], request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"location": request.path + "/"})

    def there(result: object) -> Answer:
        return lambda message, request: (
            a_result(result, message) if request.path.endswith("/") else moved(message, request)
        )

    result, _ = await told_by(**{"server/discover": there(DISCOVERED), "tools/list": there(TOOLS)})
    assert result.outcome is Outcome.OK, result.detail


@pytest.mark.parametrize("status", [300, 301, 307, 400, 401, 403, 404, 418, 429, 500, 503])
async def test_no_failure_is_without_its_status_and_where_it_leads(status: int) -> None:
    def empty(_: dict[str, Any], __: web.Request) -> web.Response:
        return web.Response(status=status, headers={"location": "https://login.test/"})

    result, _ = await told_by(**{"server/discover": empty, "initialize": empty})
    assert f"HTTP {status}" in result.detail
    assert ("login.test" in result.detail) is (300 <= status < 400)


async def test_more_messages_than_a_question_has_are_malformed() -> None:
    noise = b"".join(b'data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n' for _ in range(2000))
    result, _ = await told_by(
        **{"server/discover": body(noise, "text/event-stream"), "initialize": body(noise, "text/event-stream")}
    )
    assert result.outcome is Outcome.MALFORMED
    assert "messages before an answer" in result.detail
