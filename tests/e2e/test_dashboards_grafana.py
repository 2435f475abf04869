"""The boards in a real Grafana, where the environment names one: asked, read and photographed in every scenario.

GRAFANA_URL          such as http://admin:admin@127.0.0.1:3000; it gets the boards, and data sources for a while
GRAFANA_SCREENSHOTS  a folder for the pictures; a temporary one if not set
GRAFANA_REACHES      this machine's name for Grafana, where that is not 127.0.0.1 (in a container, say)
"""

import os
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.dashboards import scenarios
from tests.dashboards.asking import seconds
from tests.dashboards.boards import ALL
from tests.dashboards.scenarios import HARD_OUTAGE, INCIDENT, NOTHING, PROBER_DEAD, PROVIDER, SILENT_PAGE, WALL
from tests.dashboards.world import World
from tests.e2e.browser import Page, a_browser
from tests.e2e.grafana import Grafana, Scene, stage

URL = os.environ.get("GRAFANA_URL", "")
NO_GRAFANA = "GRAFANA_URL names no Grafana, and none can be had as a package"
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.xdist_group("grafana"),
    pytest.mark.skipif(not URL, reason=NO_GRAFANA),
]

PLAYED: Final = (
    scenarios.HEALTHY, HARD_OUTAGE, scenarios.BROWN_OUT, scenarios.RATE_LIMITED, SILENT_PAGE, scenarios.FALSE_ALARM,
    PROBER_DEAD, scenarios.ONE_REGION, scenarios.BUDGET_GONE, scenarios.ALL_EXCLUDED, scenarios.BRAND_NEW, NOTHING,
)  # fmt: skip
LEAD_MINUTES: Final = 9 * 60
LOOKS: Final = ((1280, "dark"), (1280, "light"), (1600, "dark"), (1600, "light"))
WORDS_OF_GRAFANA: Final = (
    "No data",
    "Data does not",
    "no heatmap",
    "Data is missing",
    "No graphable",
    "Unable to",
    "Panel plugin",
)
"""What Grafana says of an empty panel when the panel has no words of its own."""
READ: Final = """
(() => [...document.querySelectorAll('[data-testid^="data-testid Panel header"]')].map((section) => {
  const cut = (one) => one.scrollWidth > one.clientWidth + 1;
  const leaves = [...section.querySelectorAll('div, span, a')].filter((one) =>
    !one.childElementCount && one.textContent.trim() && one.clientWidth &&
    getComputedStyle(one).overflowX === 'hidden');
  return {
    title: section.dataset.testid.replace('data-testid Panel header', '').trim(),
    text: section.innerText,
    error: !!section.querySelector('[data-testid="data-testid Panel status error"]'),
    cut: [...section.querySelectorAll('h2, h6'), ...leaves].filter(cut).map((one) => one.textContent),
  };
}))()
"""
LOADED: Final = """
(() => {
  const panels = document.querySelectorAll('[data-testid^="data-testid Panel header"]').length;
  const loading = document.querySelectorAll('[aria-label="Panel loading bar"], .panel-loading').length;
  return panels >= %d && !loading;
})()
"""
every_board = pytest.mark.parametrize("uid", ALL)
every_world = pytest.mark.parametrize("world", PLAYED, ids=lambda world: world.name)


@pytest.fixture(scope="module")
def grafana() -> Grafana:
    there = Grafana(URL)
    for board in ALL.values():
        there.write(board)
    return there


@pytest.fixture(scope="module")
def scenes(
    grafana: Grafana, tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Scene]]:
    host = os.environ.get("GRAFANA_REACHES", "127.0.0.1")
    scratch = tmp_path_factory.mktemp("scenes")
    with stage(grafana, PLAYED, lead=LEAD_MINUTES, host=host, tool=tool, scratch=scratch) as ready:
        yield ready


@pytest.fixture(scope="module")
def page(grafana: Grafana, tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with a_browser(tool("chromium"), tmp_path_factory.mktemp("profile")) as one:
        one.call("Network.enable")
        one.call("Network.setExtraHTTPHeaders", headers=grafana.headers)
        yield one


def span(uid: str) -> int:
    """Return the seconds of a board's own time range."""
    return seconds(ALL[uid]["time"]["from"].removeprefix("now-"))


def shown(
    page: Page, grafana: Grafana, scene: Scene, uid: str, *, width: int = 1280, theme: str = "dark", kiosk: bool = True
) -> dict[str, dict[str, Any]]:
    """Open a board on a scene, as high as it is, and return what each panel shows, by title."""
    query = {
        "var-datasource": scene.source, "theme": theme, "from": (scene.end - span(uid)) * 1000, "to": scene.end * 1000
    }  # fmt: skip
    query |= {"var-provider": "openai"} if uid in (PROVIDER, INCIDENT) else {}
    bottom = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in ALL[uid]["panels"])
    url = f"{grafana.address}/d/{uid}?{urllib.parse.urlencode(query)}{'&kiosk' * kiosk}"
    page.open(url, width=width, height=bottom * 38 + (60 if kiosk else 240))
    return read(page, uid)


def read(page: Page, uid: str) -> dict[str, dict[str, Any]]:
    """Wait for a board and return what each panel shows, by title."""
    panels = sum(panel["type"] != "row" for panel in ALL[uid]["panels"])
    page.wait(f"location.pathname.includes('/d/{uid}')")
    page.wait(LOADED % panels)
    before: Any = None
    while before != (now := page.ask(READ)):
        before = now
        page.wait("new Promise((done) => setTimeout(() => done(true), 700))")
        page.wait(LOADED % panels)
    return {one["title"]: one for one in now}


@every_board
@every_world
def test_a_board_has_no_error_no_empty_panel_without_a_reason_and_nothing_cut(
    page: Page, grafana: Grafana, scenes: Mapping[str, Scene], world: World, uid: str
) -> None:
    panels = shown(page, grafana, scenes[world.name], uid)
    assert {panel["title"] for panel in ALL[uid]["panels"] if panel["type"] != "row"} <= set(panels)
    assert [title for title, panel in panels.items() if panel["error"]] == []
    empty = {(title, words) for title, panel in panels.items() for words in WORDS_OF_GRAFANA if words in panel["text"]}
    assert empty == set()
    assert {title: panel["cut"] for title, panel in panels.items() if panel["cut"]} == {}


@every_board
@pytest.mark.parametrize(("width", "theme"), LOOKS)
@pytest.mark.parametrize("world", [HARD_OUTAGE, PROBER_DEAD], ids=lambda world: world.name)
def test_a_picture_of_a_board(
    page: Page, grafana: Grafana, scenes: Mapping[str, Scene], world: World, uid: str, width: int, theme: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    shown(page, grafana, scenes[world.name], uid, width=width, theme=theme)
    folder = Path(os.environ.get("GRAFANA_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"{uid}-{world.name.split(',')[0].replace(' ', '-')}-{width}-{theme}.png"
    picture.write_bytes(page.picture())
    assert picture.stat().st_size > 10_000, "an empty page is smaller"


@pytest.mark.parametrize("world", [PROBER_DEAD, NOTHING], ids=lambda world: world.name)
def test_a_wall_that_knows_nothing_says_so(
    page: Page, grafana: Grafana, scenes: Mapping[str, Scene], world: World
) -> None:
    panels = shown(page, grafana, scenes[world.name], WALL)
    for title in ("Major outages", "Partial or slow", "Silent outages", "Is it us?", "Good probes, 5m"):
        assert any(word in panels[title]["text"] for word in ("Not probed", "Not compared", "Not checked")), title
    assert "Operational" not in panels["Providers now, worst first"]["text"]


def test_the_wall_says_who_is_down_since_when_and_what_the_page_says(
    page: Page, grafana: Grafana, scenes: Mapping[str, Scene]
) -> None:
    panels = shown(page, grafana, scenes[SILENT_PAGE.name], WALL)
    told = panels["Needs attention"]["text"]
    assert all(words in told for words in ("OpenAI", "Major outage", " ago", "Page: operational"))
    assert panels["Providers now, worst first"]["text"].index("OpenAI") < panels["Providers now, worst first"][
        "text"
    ].index("Anthropic")


def test_a_drill_down_keeps_time_range_and_data_source(
    page: Page, grafana: Grafana, scenes: Mapping[str, Scene]
) -> None:
    scene = scenes[HARD_OUTAGE.name]
    shown(page, grafana, scene, WALL, kiosk=False)
    links = page.ask("[...document.querySelectorAll('main a, section a')].map((one) => one.getAttribute('href') || '')")
    ways = {one.partition("?")[0]: one for one in links if one.startswith("/d/aiprobe-")}
    assert set(ways) >= {f"/d/{uid}" for uid in (PROVIDER, "aiprobe-truth", "aiprobe-self")}
    for path, url in ways.items():
        page.open(f"{grafana.address}{url}", width=1280, height=3000)
        read(page, path.removeprefix("/d/"))
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(page.ask("location.href")).query)
        assert asked["var-datasource"] == [scene.source]
        assert (asked["from"], asked["to"]) == (
            [f"{(scene.end - span(WALL)) * 1000}"], [f"{scene.end * 1000}"]
        )  # fmt: skip


def test_the_menu_leads_to_every_other_board_with_this_time_range(
    page: Page, grafana: Grafana, scenes: Mapping[str, Scene]
) -> None:
    scene = scenes[HARD_OUTAGE.name]
    shown(page, grafana, scene, WALL, kiosk=False)
    page.ask("[...document.querySelectorAll('button')].find((one) => one.innerText.trim() === 'AI services').click()")
    page.wait("document.querySelector('a[href*=\"/d/aiprobe-slo\"]')?.href")
    ask = "[...document.querySelectorAll('a[href*=\"/d/aiprobe-\"]')].map((one) => one.href)"
    links = [one for one in page.ask(ask) if f"to={scene.end * 1000}" in one and f"datasource={scene.source}" in one]
    assert {uid for uid in ALL for one in links if f"/d/{uid}/" in f"{one.partition('?')[0]}/"} >= set(ALL) - {WALL}
