"""The statistics of a router: the uptime of the endpoint that is asked for, and the gauge of it."""

from typing import Any

import pytest
from aiohttp import web

from aiprobe.core.gauges import Series
from aiprobe.core.statuspage import Page, PageSnapshot, StatusPages
from aiprobe.statuspages import PageError
from aiprobe.statuspages.keeper import PageKeeper
from aiprobe.statuspages.selection import pages_for
from tests.clock import ManualClock
from tests.unit.statuspages.builders import a_market, read
from tests.unit.statuspages.servers import a_server


@pytest.mark.parametrize(
    ("document", "options", "ratio"),
    [
        (a_market(99.5), {}, 0.995),
        (a_market(100, 50), {}, 0.75),
        (a_market(100, 50), {"endpoint": "anthropic"}, 1.0),
        (a_market(100, 50), {"endpoint": "amazon-bedrock"}, 0.5),
        (a_market(None, 50), {"endpoint": "Anthropic"}, None),
        (a_market(None, 50), {}, 0.5),
        (a_market("99", [True], 101), {}, None),
        (a_market(-1, 0), {}, 0.0),
    ],
)
def test_the_uptime_is_the_mean_of_the_endpoints_that_are_asked_for(
    document: dict[str, Any], options: dict[str, str], ratio: float | None
) -> None:
    reading = read("market", document, **options)
    assert reading.uptime_ratio == ratio
    assert not reading.components_known


@pytest.mark.parametrize(
    ("document", "options"),
    [
        (a_market(), {}),
        (a_market(100), {"endpoint": "xAI"}),
        ({"data": {}}, {}),
        ({"data": {"endpoints": {}}}, {}),
        ({"error": {"message": "Model not found", "code": 404}}, {}),
    ],
)
def test_a_market_without_the_endpoint_is_no_reading(document: dict[str, Any], options: dict[str, str]) -> None:
    with pytest.raises(PageError):
        read("market", document, **options)


class Gauges:
    """Remembers the last values of each metric."""

    def __init__(self) -> None:
        self.told: dict[str, Series] = {}

    def replace(self, short: str, values: Series) -> None:
        self.told[short] = values

    def replace_for(self, target: str, short: str, values: Series) -> None:
        raise AssertionError(f"{target} has no {short} of this room")

    def watched(self, surfaces: frozenset[tuple[str, str]]) -> None:
        """Nothing is compared here."""

    def page_read(self, provider: str, snapshot: PageSnapshot) -> None:
        """Nothing is compared here."""


async def test_the_gauge_has_the_names_of_the_configuration_and_ends_with_the_market() -> None:
    answers = [web.json_response(a_market(94, 100)), web.Response(status=503)]

    async def respond(_: web.Request) -> web.Response:
        return answers.pop(0)

    gauges, clock = Gauges(), ManualClock()
    keeper = PageKeeper(gauges, gauges, clock=clock.clock)
    options = {"model": "claude-haiku-4-5", "endpoint": "Anthropic", "source": "openrouter"}
    async with a_server(respond) as url:
        market = Page(key="m", url=f"{url}/endpoints", reader="market", provider="anthropic", options=options)
        keeper.prepare(StatusPages(pages={"m": market}), ())()
        poller = next(iter(keeper._pages.values())).poller
        await poller.poll()
        keeper.tick()
        assert gauges.told["market_uptime_ratio"] == {("anthropic", "claude-haiku-4-5", "openrouter"): 0.94}
        await poller.poll()
        clock.now += 2
        keeper.tick()
        assert gauges.told["market_uptime_ratio"] == {}
    await keeper.close()


def test_a_market_without_a_model_is_refused() -> None:
    market = Page(key="m", url="https://router.example/endpoints", reader="market", provider="anthropic")
    with pytest.raises(ValueError, match="options"):
        pages_for(StatusPages(pages={"m": market}), ())
