"""Agents ask at `/mcp`: the official client in both revisions, and messages that are none."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client

from aiprobe.core.rows import IncidentRow
from aiprobe.web.mcp import MOST_BYTES, STATELESS, TOOLS
from tests.unit.web.builders import Shown, World, a_server, a_target
from tests.unit.web.test_security import HASH, a_web_config, basic

INCIDENT = IncidentRow(id="inc-1", sentence="It failed for an hour.", is_open=True, start_timestamp_seconds=1.0)


def some_agents() -> Shown:
    rows = [a_target(), a_target(name="gpt", provider="openai", account="team-b", state=3)]
    return Shown(rows=rows, incidents=[INCIDENT], with_mcp=True)


async def rpc(world: World, message: Any, **options: Any) -> tuple[int, Any]:
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    reply = await world.post("/mcp", data=data, **options)
    is_json = reply.headers["Content-Type"].startswith("application/json")
    return reply.status, json.loads(reply.body) if is_json and reply.body else reply.text


def a_call(tool: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}


@pytest.mark.parametrize("mode", ["auto", "legacy", STATELESS])
async def test_the_official_client_lists_and_calls_the_tools_in_both_revisions(mode: Any) -> None:
    async with a_server(shown=some_agents()) as world, Client(f"{world.url}/mcp", mode=mode) as client:
        assert (client.protocol_version == STATELESS) == (mode != "legacy")
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == list(TOOLS)
        status = await client.call_tool("status", {})
        one = await client.call_tool("status", {"provider": "team-b"})
        incidents = await client.call_tool("incidents", {})
        verdict = await client.call_tool("verdict", {"provider": "openai"})
        unknown = await client.call_tool("verdict", {"provider": "nobody"})
    assert status.structured_content is not None
    assert [row["state"] for row in status.structured_content["targets"]] == ["operational", "major_outage"]
    assert one.structured_content is not None
    assert [row["target"] for row in one.structured_content["targets"]] == ["gpt"]
    assert incidents.structured_content is not None
    assert incidents.structured_content["incidents"][0]["sentence"] == INCIDENT.sentence
    assert verdict.structured_content is not None
    assert verdict.structured_content["verdict"] == "them"
    assert (verdict.is_error, unknown.is_error) == (False, True)


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        (b"", 400, -32700),
        (b"{", 400, -32700),
        (b"\xff\xfe", 400, -32700),
        (b"[" * 50_000, 400, -32700),
        ([], 400, -32600),
        ([a_call("status")], 400, -32600),
        ({"id": 1, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1}, 400, -32600),
        ({"jsonrpc": "2.0", "id": {}, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": True, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": None, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, 400, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/delete"}, 404, -32601),
        (a_call("reload"), 400, -32602),
        (a_call("status", provider=3), 400, -32602),
        (a_call("status", target="x"), 400, -32602),
        (a_call("verdict"), 400, -32602),
        (a_call("incidents", provider="openai"), 400, -32602),
        ({**a_call("status"), "params": {"name": "status", "arguments": [1]}}, 400, -32602),
        (b" " * (MOST_BYTES + 1), 400, -32600),
    ],
)
async def test_a_message_that_is_none_gets_an_error(message: Any, status: int, code: int) -> None:
    async with a_server(shown=some_agents()) as world:
        found, document = await rpc(world, message)
    assert (found, document["error"]["code"]) == (status, code)


async def test_a_notification_has_no_answer_and_no_session_is_kept() -> None:
    async with a_server(shown=some_agents()) as world:
        reply = await world.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert (reply.status, reply.body) == (202, b"")
        begun = await world.post("/mcp", json={"jsonrpc": "2.0", "id": "a", "method": "initialize", "params": {}})
        assert "Mcp-Session-Id" not in begun.headers
        assert json.loads(begun.text)["id"] == "a"
        assert (await world.get("/mcp")).status == 405
        assert (await world.ask("DELETE", "/mcp")).status == 405


async def test_it_is_off_by_default_and_no_other_endpoint_takes_a_body() -> None:
    async with a_server() as world:
        assert (await rpc(world, a_call("status")))[0] == 413
        assert (await world.post("/mcp")).status == 404
    async with a_server(shown=some_agents()) as world:
        for path in ("/metrics", "/-/reload", "/api/v1/maintenance", "/mcp/", "/mcp%2F"):
            assert (await world.post(path, data=b"{}")).status == 413


async def test_agents_sign_in_as_everybody_does_and_no_web_page_asks_for_them(tmp_path: Path) -> None:
    file = a_web_config(tmp_path, f"basic_auth_users:\n  alice: {HASH}\n")
    async with a_server(shown=some_agents(), config_file=file) as world:
        assert (await rpc(world, a_call("status")))[0] == 401
        assert (await rpc(world, a_call("status"), headers=basic("alice", "wrong")))[0] == 401
        assert (await rpc(world, a_call("status"), headers=basic("alice", "opensesame")))[0] == 200
    async with a_server(shown=some_agents()) as world:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
            assert (await rpc(world, a_call("status"), headers=headers))[0] == 403


@pytest.mark.parametrize("size", [1, 7, 4096])
async def test_a_body_may_come_in_pieces_behind_its_head(size: int) -> None:
    message = json.dumps({**a_call("status"), "padding": "x" * 30_000}).encode()
    async with a_server(shown=some_agents()) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(message))
        for piece in (message[:size], message[size:]):
            await writer.drain()
            await asyncio.sleep(0)
            writer.write(piece)
        reply = await reader.read()
        writer.close()
    assert reply.startswith(b"HTTP/1.1 200 OK")
    assert b"haiku-chat" in reply


async def test_a_body_before_the_sign_in_is_not_read(tmp_path: Path) -> None:
    file = a_web_config(tmp_path, f"basic_auth_users:\n  alice: {HASH}\n")
    async with a_server(shown=some_agents(), config_file=file) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
        writer.write(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert head.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in head.lower()
