"""A running Grafana: its API, and a stage of data sources on which the scenarios have just happened."""

import base64
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.dashboards.play import has_a_past, past, staged
from tests.dashboards.prometheus import backfill, load, serving
from tests.dashboards.world import MINUTE, World

DEADLINE_SECONDS: Final = 60
BLOCK: Final = "720h"
"""One block for all: promtool reads its input once for every block."""


@dataclass(frozen=True, slots=True)
class Grafana:
    """Asks one Grafana; `url` may carry a name and a password."""

    url: str

    @property
    def address(self) -> str:
        """Return the URL without name and password."""
        parts = urllib.parse.urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")

    @property
    def headers(self) -> dict[str, str]:
        """Return what proves who we are, if anything does."""
        parts = urllib.parse.urlsplit(self.url)
        if not parts.username:
            return {}
        secret = f"{parts.username}:{parts.password}".encode()
        return {"Authorization": "Basic " + base64.b64encode(secret).decode()}

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the API. Raises AssertionError with Grafana's words if it refuses."""
        request = urllib.request.Request(
            f"{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | self.headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()[:500]}") from None

    def has(self, path: str) -> bool:
        """Tell whether there is something at a path of the API."""
        try:
            self.call("GET", path)
        except AssertionError as error:
            if " 404 " in str(error):
                return False
            raise
        return True

    def write(self, board: Mapping[str, Any]) -> None:
        """Write a board, unless Grafana was provisioned with it: then it must be the one of this checkout."""
        path = f"/api/dashboards/uid/{board['uid']}"
        if self.has(path):
            there = self.call("GET", path)
            if there["meta"].get("provisioned"):
                titles = [panel.get("title", "") for panel in there["dashboard"]["panels"]]
                assert titles == [panel["title"] for panel in board["panels"]], "provisioned with other boards"
                return
        self.call("POST", "/api/dashboards/db", {"dashboard": board, "overwrite": True, "message": "aiprobe tests"})


@dataclass(frozen=True, slots=True)
class Scene:
    """Data that a board can be opened on: the uid of a data source, and when the world ended, Unix seconds."""

    name: str
    source: str
    end: int


@contextmanager
def stage(
    grafana: Grafana, worlds: Sequence[World], *, lead: int, host: str, tool: Callable[[str], str], scratch: Path
) -> Iterator[dict[str, Scene]]:
    """Let each world end now in a Prometheus of its own, and tell Grafana of them; `host` is this machine for Grafana.

    Data sources that Grafana was told of are gone at the end.
    """
    end = int(time.time()) // MINUTE * MINUTE
    with ExitStack() as stack:
        scenes = {}
        for number, world in enumerate(worlds):
            folder = scratch / f"world-{number}"
            (data := folder / "data").mkdir(parents=True)
            played = staged(world, lead) if has_a_past(world) else world
            backfill(tool("promtool"), played, end, data, folder, block=BLOCK)
            if played is not world:
                load(tool("promtool"), past(played.subjects, end, played.minutes), data, folder, block=BLOCK)
            listen = "127.0.0.1" if host == "127.0.0.1" else "0.0.0.0"
            server = stack.enter_context(serving(tool("prometheus"), folder, data, listen=listen))
            scene = Scene(world.name, f"aiprobe-test-{number}", end)
            _source(grafana, scene, server.url.replace("127.0.0.1", host), stack)
            scenes[world.name] = scene
        yield scenes


def _source(grafana: Grafana, scene: Scene, url: str, stack: ExitStack) -> None:
    path = f"/api/datasources/uid/{scene.source}"
    if grafana.has(path):
        grafana.call("DELETE", path)
    settings = {"httpMethod": "POST", "timeInterval": f"{MINUTE}s"}
    body = {"name": f"aiprobe test: {scene.name}", "uid": scene.source, "type": "prometheus", "access": "proxy"}
    grafana.call("POST", "/api/datasources", body | {"url": url, "jsonData": settings})
    stack.callback(grafana.call, "DELETE", path)
