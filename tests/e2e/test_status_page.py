"""The public status page of a real exporter in a browser: on a phone and a desk, light and dark, and read out."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiprobe_simulator.server import Simulator
from tests.contract.running import Process, a_config, running
from tests.e2e.browser import Page, a_browser
from tests.e2e.test_statuspage_consumers import UNHURRIED

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SIZES = {"phone": (360, 740), "desk": (1280, 800)}
ASIDE = {"none", "generic", "StaticText", "InlineTextBox", "LineBreak", "ListMarker"}


@pytest.fixture
def browser(tool: Callable[[str], str], tmp_path: Path) -> Iterator[Page]:
    with a_browser(tool("chromium"), tmp_path / "profile") as page:
        yield page


def address_of(process: Process) -> str:
    (found,) = re.findall(r'the public status page: (http://[^\s"]+)', "".join(process.log))
    return str(found)


def read_out(page: Page) -> list[tuple[str, str]]:
    """Return role and name of what a screen reader comes to."""
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    shown = [node for node in nodes if not node.get("ignored") and node["role"]["value"] not in ASIDE]
    return [(node["role"]["value"], str((node.get("name") or {}).get("value", ""))) for node in shown]


def colours(page: Page) -> list[Any]:
    """Return the colours of the ground and of the text."""
    found = page.ask("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]")
    return [sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in found]


def opened(page: Page, url: str, size: str, scheme: str) -> None:
    width, height = SIZES[size]
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.open(url, width=width, height=height)
    page.wait("document.readyState === 'complete' && document.querySelector('.surface') !== null")


async def test_the_page_fits_in_each_window_and_is_read_out_in_words(tmp_path: Path, browser: Page) -> None:
    async with Simulator() as simulator:
        config = a_config(tmp_path, simulator.url, defaults=UNHURRIED)
        async with running(config, "--web.status-address", "127.0.0.1:0") as process:
            simulator.set("openai", fault="server_error_500")
            await process.until('"status": "major_outage"', "/status/api/v2/components.json")
            url = address_of(process)
            for size, (width, _) in SIZES.items():
                for scheme in ("light", "dark"):
                    opened(browser, url, size, scheme)
                    assert browser.ask("document.documentElement.scrollWidth") == width, size
                    ground, text = colours(browser)
                    assert (ground > text) is (scheme == "light")
            assert browser.ask("document.scripts.length") == 0
            heard = read_out(browser)
            headings = [name for role, name in heard if role == "heading"]
            assert set(headings) == {
                "1 of 1 services is failing", "OpenAI", "OpenAI API Major outage", "Incidents Atom feed"
            }  # fmt: skip
            (image,) = [name for role, name in heard if role == "image"]
            assert re.fullmatch(r"90 days: .*% of probes succeeded, on 1 measured day", image)
            assert ("link", "Atom feed") in heard
            assert "graphics-symbol" not in {role for role, _ in heard}
            bars = browser.ask("[...document.querySelectorAll('rect')].map(one => one.getAttribute('class'))")
            assert set(bars[:-1]) == {"none"}
            assert bars[-1] in {"some", "poor"}
            listed = browser.ask("document.querySelector('.incidents li').innerText")
            assert "OpenAI API has answered" in listed
            assert "gpt" not in browser.ask("document.documentElement.outerHTML")
