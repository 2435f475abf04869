"""A running exporter whose targets a server on loopback names."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from aiprobe.app import App, Options
from aiprobe.core.clock import Clock
from aiprobe.core.secret import Redactor
from aiprobe.known import read_settings
from tests.unit.statuspages.servers import a_server

TURNS, TURN_SECONDS = 2000, 0.01
"""A reload starts another process, which takes a second or more of a busy machine."""


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(TURNS):
        if condition():
            return
        await asyncio.sleep(TURN_SECONDS)
    raise AssertionError("it never came")


def an_app(tmp_path: Path, url: str, **source: Any) -> App:
    """Return an exporter with one source of targets: the list of models of the server at `url`."""
    document = {
        "egress": [],
        "status_pages": {"enabled": False},
        "journal": {"directory": str(tmp_path / "journal")},
        "providers": {"p": {"protocol": "openai-chat", "base_url": f"{url}/v1", "egress": False}},
        "discover": {"own": {"models": "p", **source}},
    }
    file = tmp_path / "aiprobe.yml"
    file.write_text(json.dumps(document))
    options = Options(config_file=file, listen_addresses=("127.0.0.1:0",))
    return App(read_settings(file, {}), options, redactor=Redactor(), clock=Clock())


def probed(app: App) -> set[str]:
    return {name for name in app._tracked if not name.endswith(":models")}


async def test_models_appear_without_a_restart_and_stay_while_the_list_cannot_be_read(tmp_path: Path) -> None:
    models = ["m-1"]
    status = 200
    asked = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal asked
        asked += request.path == "/v1/models"
        return web.json_response({"data": [{"id": name, "owned_by": "us"} for name in models]}, status=status)

    source = {"interval": "1s", "template": {"probe": "models", "interval": "1d"}}
    async with a_server(handler) as url:
        async with an_app(tmp_path, url, **source) as app:
            assert probed(app) == set()
            await until(lambda: probed(app) == {"m-1"})
            models.append("m-2")
            await until(lambda: probed(app) == {"m-1", "m-2"})
            status = 500
            before = asked
            await until(lambda: asked > before + 1)
            assert probed(app) == {"m-1", "m-2"}
            assert dict(app._tracked["m-2"].target.labels) == {"owner": "us"}

        async with an_app(tmp_path, url, **source) as app:
            assert probed(app) == {"m-1", "m-2"}


async def test_a_model_that_is_deleted_is_removed_after_one_probe_that_does_not_find_it(tmp_path: Path) -> None:
    models = ["m-1", "m-2"]
    refused: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/v1/models":
            return web.json_response({"data": [{"id": name} for name in models]})
        model = (await request.json())["model"]
        if model in models:
            choice = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}
            return web.json_response({"object": "chat.completion", "model": model, "choices": [choice]})
        refused.append(model)
        what = f"You passed in model={model}. There are no healthy deployments for this model"
        return web.json_response({"error": {"message": what, "code": "400"}}, status=400)

    source = {"interval": "1d", "template": {"interval": "5s", "stream": False}}
    async with a_server(handler) as url, an_app(tmp_path, url, **source) as app:
        await until(lambda: probed(app) == {"m-1", "m-2"})
        models.remove("m-1")
        await until(lambda: probed(app) == {"m-2"})
        assert set(refused) == {"m-1"}
