"""The boards in a real Grafana, where the environment names one.

GRAFANA_URL          such as http://admin:admin@127.0.0.1:3000; may look without a login for the screenshots
GRAFANA_DATASOURCE   uid of its Prometheus data source; `prometheus` if not set
GRAFANA_SCREENSHOTS  a folder for the screenshots; a temporary one if not set
"""

import base64
import json
import os
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.boards import ALL

URL = os.environ.get("GRAFANA_URL", "")
SOURCE = os.environ.get("GRAFANA_DATASOURCE", "prometheus")
NO_GRAFANA = "GRAFANA_URL names no Grafana, and none can be had as a package"
pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.skipif(not URL, reason=NO_GRAFANA)]

DEADLINE_SECONDS = 60
SIZES = ((1280, "dark"), (1280, "light"), (1600, "dark"), (1600, "light"))
PNG = b"\x89PNG\r\n"


def call(path: str, body: object) -> Any:
    """Post to Grafana's API."""
    parts = urllib.parse.urlsplit(URL)
    headers = {"Content-Type": "application/json"}
    if parts.username:
        secret = f"{parts.username}:{parts.password}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(secret).decode()
    request = urllib.request.Request(f"{address()}{path}", data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as reply:
        return json.load(reply)


def address() -> str:
    """Return the URL without the password."""
    parts = urllib.parse.urlsplit(URL)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or 80}"


@pytest.fixture(scope="module")
def loaded() -> None:
    for board in ALL.values():
        call("/api/dashboards/db", {"dashboard": board, "overwrite": True, "message": "aiprobe tests"})


@pytest.mark.parametrize("uid", ALL)
def test_grafana_answers_every_query_of_a_board(uid: str, loaded: None) -> None:
    variables = {one["name"] for one in ALL[uid]["templating"]["list"]}
    for panel in ALL[uid]["panels"]:
        queries = []
        for target in panel.get("targets", []):
            expr = target["expr"].replace("$__range_s", "21600").replace("$__range", "21600s")
            for name in sorted(variables, key=len, reverse=True):
                expr = expr.replace(f"${name}", ".*")
            source = {"type": "prometheus", "uid": SOURCE}
            queries.append(target | {"expr": expr, "datasource": source, "intervalMs": 60000, "maxDataPoints": 400})
        if queries:
            reply = call("/api/ds/query", {"queries": queries, "from": "now-6h", "to": "now"})
            assert {ref: one.get("error") for ref, one in reply["results"].items() if one.get("error")} == {}


@pytest.mark.parametrize(("width", "theme"), SIZES)
@pytest.mark.parametrize("uid", ALL)
def test_a_screenshot_of_a_board(
    uid: str, width: int, theme: str, loaded: None, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    folder = Path(os.environ.get("GRAFANA_SCREENSHOTS", tmp_path))
    picture = folder / f"{uid}-{width}-{theme}.png"
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in ALL[uid]["panels"])
    query = urllib.parse.urlencode({"kiosk": "", "theme": theme, "var-datasource": SOURCE})
    subprocess.run(
        [tool("chromium"), "--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={picture}",
         f"--window-size={width},{bottom * 38 + 160}", "--virtual-time-budget=20000", f"{address()}/d/{uid}?{query}"],
        check=True, capture_output=True, timeout=DEADLINE_SECONDS * 2,
    )  # fmt: skip
    assert picture.read_bytes().startswith(PNG)
