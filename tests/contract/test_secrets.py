"""Planted secrets appear on no surface: a hostile service echoes every one of them wherever it can."""

import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from tests.contract.running import run, running, yaml_of

pytestmark = pytest.mark.slow

PLANTED = {
    "KEY": "planted-api-key-4711",
    "HEADER": 'planted "header" x4712',
    "PROXY": "planted-proxy-pw-4713",
    "FILE": "planted/file+key==4714",
    "LITERAL": "planted-literal-4715",
    "UNUSED": "planted-unused-4716",
    "BODY": "planted~body~4717",
    "QUERY": "planted.query.4718",
    "HARMLESS": "quiet-literal-4719",
    "OWN": "planted,own,4723",
    "ARGUMENT": "planted-argument-4720",
    "NOISE": "planted-noise-of-a-command-4721",
    "TOKEN": "planted-token-of-a-command-4722",
}
PRINTS = "import os; print(os.environ['TOKEN'])"
COMPLAINS = "import os, sys; sys.exit(os.environ['NOISE'] + ' ' + sys.argv[1])"
SENT_TO_A_PROXY = b64encode(f"user:{PLANTED['PROXY']}".encode()).decode()
TARGETS = ("echo", "stream", "literal", "file", "proxied", "body", "token", "refused")
PATHS = [
    "/", "/metrics", "/config", "/sd", "/api/v1/targets", "/api/v1/results", "/probe?target=echo&debug=true",
    "/api/v1/incidents?format=ndjson", "/status/history.atom", "/status/api/v2/summary.json",
    "/probe?target=echo", "/probe?target=page&debug=true", *(f"/targets/{name}" for name in TARGETS),
]  # fmt: skip


@asynccontextmanager
async def an_echo() -> AsyncIterator[str]:
    """Serve errors that repeat the caller's every header, in body, stream, headers and model names."""

    async def echo(request: web.Request) -> web.StreamResponse:
        headers = " ".join(f"{name}: {value}" for name, value in request.headers.items())
        cut = " ".join(f"{value[:-3]} {value[3:]}" for value in request.headers.values())
        heard = f"{(await request.text())[-120:]} {request.query_string} {headers} {cut}"
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.path.startswith("/stream"):
            chunk = {
                "id": key,
                "model": key,
                "choices": [{"index": 0, "delta": {"content": key}, "finish_reason": "stop"}],
            }
            body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"
            return web.Response(text=body, content_type="text/event-stream", headers={"x-request-id": key})
        error = {"error": {"message": heard, "type": key, "code": key, "param": key}}
        return web.json_response(error, status=401, headers={"x-request-id": key, "x-error": key})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def a_config(directory: Path, url: str) -> Path:
    (directory / "key-file").write_text(PLANTED["FILE"] + "\n")
    proxy = url.replace("http://", "http://user:${PROXY}@")
    provider = {"protocol": "openai-chat", "base_url": f"{url}/v1", "api_key": "${KEY}", "egress": False}
    credential = {name: value for name, value in provider.items() if name != "api_key"}
    target = {"model": "m", "probe": "chat"}
    page: dict[str, object] = {
        "name": "page",
        "provider": "echo",
        "probe": "http",
        "url": f"{url}/page?token=${{QUERY}}",
    }
    page |= {"headers": {"x-own": "${OWN}"}}
    config = {
        "defaults": {"interval": "1s", "timeouts": {"total": "0.7s", "connect": "0.5s"}},
        "egress": [],
        "journal": {"directory": str(directory / "data")},
        "providers": {
            "echo": provider | {"headers": {"x-team": "${HEADER}", "x-mood": PLANTED["HARMLESS"]}},
            "body": provider | {"extra_body": {"user": "${BODY}"}},
            "token": credential | {"credential": {"source": "command", "command": [sys.executable, "-c", PRINTS]}},
            "refused": credential
            | {"credential": {"source": "command", "command": [sys.executable, "-c", COMPLAINS, "${ARGUMENT}"]}},
            "stream": provider | {"base_url": f"{url}/stream/v1"},
            "file": provider | {"api_key": {"file": "key-file"}, "base_url": f"{url}/stream/v1"},
            "literal": provider | {"api_key": PLANTED["LITERAL"]},
            "proxied": provider | {"proxy": proxy, "base_url": "http://service.invalid/v1"},
            "unused": provider | {"api_key": "${UNUSED}"},
        },
        "targets": [*({"name": name, "provider": name, **target} for name in TARGETS), page],
    }  # fmt: skip
    path = directory / "aiprobe.yml"
    path.write_text(yaml_of(config), encoding="utf-8")
    return path


def leaks(text: str) -> list[str]:
    """Return the planted secrets that a text holds: eight characters of one, or what a proxy is sent."""
    pieces = {name: {value[at : at + 8] for at in range(len(value) - 7)} for name, value in PLANTED.items()}
    pieces["PROXY"] |= {SENT_TO_A_PROXY[at : at + 12] for at in range(8, len(SENT_TO_A_PROXY) - 11)}
    told = text.replace("planted-", "").replace("planted", "")  # all of them begin alike
    return [name for name, found in pieces.items() if any(piece in told for piece in found)]


ENVIRON = {name: value for name, value in PLANTED.items() if name not in {"FILE", "LITERAL", "HARMLESS"}}


async def test_no_surface_of_a_running_exporter_shows_a_secret(tmp_path: Path) -> None:
    async with an_echo() as url:
        config = a_config(tmp_path, url)
        async with running(config, "--log.level", "debug", environ=ENVIRON) as process:
            await process.until(r'target="proxied".*outcome="\w+"')
            await process.until(r'target="stream".*outcome="wrong_answer"')
            await process.until(r'target="echo".*outcome="auth"')
            await process.until(r'target="body".*outcome="auth"')
            await process.until(r'target="token".*outcome="auth"')
            await process.until(r'target="page".*outcome="\w+"')
            pages = {path: await process.get(path) for path in PATHS}
            pages["openmetrics"] = await process.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
            config.write_text(config.read_text().replace('"m"', '"m", "nonsense": "${KEY}"'))
            async with process.session.post(f"{process.url}/-/reload") as reply:
                pages["reload"] = await reply.text()
        pages["log"] = "".join(process.log)
        assert "auth" in pages["/metrics"]
        assert "***" in pages["/config"]
        assert {name: leaks(page) for name, page in pages.items() if leaks(page)} == {}


@pytest.mark.parametrize("target", [*TARGETS, "page"])
async def test_no_secret_in_what_a_probe_by_hand_prints(tmp_path: Path, target: str) -> None:
    async with an_echo() as url:
        config = a_config(tmp_path, url)
        for extra in (["--json"], []):
            arguments = ("probe", target, "--config.file", str(config), "--log.level", "debug", *extra)
            status, out, err = await run(*arguments, cwd=tmp_path, environ=ENVIRON)
            assert status in {1, 2}
            assert leaks(out + err) == []


async def test_no_secret_in_what_check_prints_even_where_it_complains(tmp_path: Path) -> None:
    config = a_config(tmp_path, "http://127.0.0.1:9")
    status, out, err = await run("check", "--config.file", str(config), cwd=tmp_path, environ=ENVIRON)
    assert (status, leaks(out + err)) == (0, [])
    config.write_text(config.read_text().replace("openai-chat", "${KEY}"))
    status, out, err = await run("check", "--config.file", str(config), cwd=tmp_path, environ=ENVIRON)
    assert (status, leaks(out + err)) == (1, [])


async def test_the_echo_would_show_them_so_this_test_can_fail() -> None:
    async with an_echo() as url:
        host, _, port = url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /v1 HTTP/1.0\r\nhost: x\r\nauthorization: Bearer {PLANTED['KEY']}\r\n\r\n".encode())
        page = (await reader.read()).decode()
        writer.close()
        assert leaks(page) == ["KEY"]
