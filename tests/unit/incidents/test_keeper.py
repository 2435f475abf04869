"""Results of probes and a real page on a socket go in; gauges, incidents and rows come out, exact to the poll."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from aiprobe.core.gauges import Series
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.state import State, TargetState
from aiprobe.core.statuspage import Page, PageSnapshot, Reading, StatusPages
from aiprobe.incidents.keeper import IncidentKeeper
from aiprobe.statuspages.keeper import PageKeeper
from tests.builders import a_finished, a_provider, a_result, a_target
from tests.clock import ManualClock

INTERVAL = 10.0
TARGET = a_target(name="chat", surface="Claude API", provider=a_provider(name="anthropic", display_name="Anthropic"))
KEY = ("anthropic", "Claude API")


@dataclass
class World:
    """A page whose word can be changed, a clock that is moved by hand, and everything that was told."""

    manual: ManualClock = field(default_factory=ManualClock)
    told: dict[str, Series] = field(default_factory=dict)
    word: str = "operational"
    status: int = 200
    asked: int = 0
    incidents: list[dict[str, Any]] = field(default_factory=list)
    state: TargetState = field(default_factory=TargetState)
    written: list[Mapping[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keeper = IncidentKeeper(self, self, clock=self.manual.clock)
        self.pages = PageKeeper(self, self.keeper, clock=self.manual.clock)

    def replace(self, short: str, values: Series) -> None:
        self.told[short] = values

    def replace_for(self, target: str, short: str, values: Series) -> None:
        raise AssertionError(f"{target} has no {short} of this room")

    def write(self, incidents: Sequence[Mapping[str, Any]]) -> None:
        self.written.extend(incidents)

    def apply(self, settings: StatusPages, targets: Sequence[Target]) -> None:
        for commit in (self.keeper.prepare(targets), self.pages.prepare(settings, targets)):
            commit()

    async def page(self, _: web.Request) -> web.Response:
        self.asked += 1
        ids = [
            ("k8w3r06qmzrp", "Claude API (api.anthropic.com)", self.word),
            ("bpp5gb3hpjcl", "Claude Cowork", "operational"),
        ]
        components = [{"id": own, "name": name, "status": word, "group": False} for own, name, word in ids]
        document = {
            "page": {"id": "p", "name": "Claude", "url": "http://x", "updated_at": self.stamp()},
            "status": {"indicator": "none", "description": "x"},
            "components": components,
            "incidents": self.incidents,
            "scheduled_maintenances": [],
        }
        return web.Response(status=self.status, text=json.dumps(document), content_type="application/json")

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.manual.epoch + self.manual.now, UTC).isoformat().replace("+00:00", "Z")

    async def seconds(self, seconds: float, outcome: Outcome = Outcome.OK) -> None:
        """Let time pass a second at a time, with a probe every five seconds and the page polled when it is due."""
        for _ in range(int(seconds)):
            before = self.asked
            await self.manual.advance(1.0)
            for _ in range(200):
                if self.asked > before:
                    break
                await asyncio.sleep(0)
            await asyncio.sleep(0.002)  # real sockets answer in real time; the manual clock stands still meanwhile
            if self.manual.now % 5 == 0:
                self.probe(outcome)
            self.keeper.tick()
            self.pages.tick()

    def probe(self, outcome: Outcome) -> None:
        result = a_result(outcome, started_timestamp_seconds=self.manual.epoch + self.manual.now, http_status=529)
        plain = a_finished(TARGET, result)
        self.state.record(plain.verdict, started=self.manual.epoch + self.manual.now)
        self.keeper.finished(
            a_finished(
                TARGET,
                result,
                state=self.state.state,
                consecutive_failures=self.state.consecutive_failures,
                failing_since=self.state.suspicion.failing_since,
            )
        )


@asynccontextmanager
async def a_world(targets: tuple[Target, ...] = (TARGET,)) -> AsyncIterator[World]:
    world = World()
    app = web.Application()
    app.router.add_get("/summary.json", world.page)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    page = Page(key="claude", url=f"http://127.0.0.1:{runner.addresses[0][1]}/summary.json")
    world.apply(StatusPages(interval_seconds=INTERVAL, pages={"claude": page}), targets)
    try:
        yield world
    finally:
        await world.pages.close()
        world.keeper.close()
        await runner.cleanup()


async def test_a_quiet_page_and_good_probes_agree() -> None:
    async with a_world() as world:
        await world.seconds(40)
        assert world.told["status_page_up"] == {("claude",): 1.0}
        labels = ("claude", "Claude API", "anthropic", "Claude API")
        assert world.told["status_component_state"][labels] == 0.0
        assert world.told["status_component_info"][*labels, "operational"] == 1.0
        assert world.told["status_component_listed"][labels] == 1.0
        assert world.told["disagreement"] == {(*KEY, "undeclared"): 0.0, (*KEY, "unobserved"): 0.0}
        assert world.told["undeclared_seconds"] == {KEY: 0.0}
        assert world.told["incidents_observed"] == {(*KEY, "true"): 0.0, (*KEY, "false"): 0.0}
        assert 3 <= world.asked <= 6


async def test_an_outage_that_the_page_does_not_declare_is_undeclared_until_it_does_and_its_lag_is_told() -> None:
    async with a_world() as world:
        await world.seconds(40)
        await world.seconds(60, Outcome.OVERLOADED)
        assert world.told["disagreement"][*KEY, "undeclared"] == 1.0
        assert 50 <= world.told["undeclared_seconds"][KEY] <= 60
        assert world.told["incidents_observed"][*KEY, "true"] == 1.0
        world.word = "major_outage"
        spoke_after = 60
        await world.seconds(2 * INTERVAL, Outcome.OVERLOADED)
        assert world.told["disagreement"][*KEY, "undeclared"] == 0.0
        lag = world.told["last_declaration_lag_seconds"][KEY]
        assert spoke_after - 5 <= lag <= spoke_after + 1.2 * INTERVAL
        world.word = "operational"
        await world.seconds(60)
        assert world.told["incidents_observed"] == {(*KEY, "true"): 0.0, (*KEY, "false"): 1.0}
        (row,) = world.keeper.rows()
        assert not row.is_open
        assert "Claude API answered" in row.sentence
        assert "529" in row.sentence


async def test_an_outage_is_written_down_once_when_it_ends_and_one_under_way_when_the_exporter_stops() -> None:
    async with a_world() as world:
        await world.seconds(40)
        await world.seconds(60, Outcome.OVERLOADED)
        assert world.written == []
        await world.seconds(90)  # fifteen good probes and more: the next outage is another one
        assert [one["end_observed"] for one in world.written] == [True]
        await world.seconds(60, Outcome.OVERLOADED)
        began, until = world.manual.epoch + world.manual.now - 60, world.manual.epoch + world.manual.now
    assert [one["end_observed"] for one in world.written] == [True, False]
    last = world.written[-1]
    assert last["start_timestamp_seconds"] == pytest.approx(began, abs=5)
    assert last["end_timestamp_seconds"] == pytest.approx(until, abs=5)


async def test_an_outage_that_only_the_page_sees_is_unobserved() -> None:
    async with a_world() as world:
        await world.seconds(20)
        world.word = "major_outage"
        await world.seconds(30)
        assert world.told["disagreement"] == {(*KEY, "undeclared"): 0.0, (*KEY, "unobserved"): 1.0}


async def test_maintenance_is_neither() -> None:
    async with a_world() as world:
        world.word = "under_maintenance"
        await world.seconds(30)
        await world.seconds(60, Outcome.OVERLOADED)
        assert world.told["disagreement"][*KEY, "undeclared"] == 0.0
        assert world.told["status_component_maintenance"]["claude", "Claude API", "anthropic", "Claude API"] == 1.0


async def test_a_page_that_cannot_be_read_is_down_itself_and_accuses_nobody() -> None:
    async with a_world() as world:
        await world.seconds(30)
        world.status = 405
        await world.seconds(60, Outcome.OVERLOADED)
        assert world.told["status_page_up"] == {("claude",): 0.0}
        assert world.told["disagreement"] == {}
        assert world.told["status_component_state"] == {}
        assert world.told["status_page_problem"]["claude", "unreachable"] == 1.0
        assert world.told["status_page_polled_timestamp_seconds"]["claude",] < world.manual.epoch + 45
        (row,) = world.pages.rows()
        assert not row.up


async def test_a_word_that_nobody_knows_has_no_state_and_is_no_label() -> None:
    async with a_world() as world:
        world.word = "on_fire_according_to_bob"
        await world.seconds(30)
        labels = ("claude", "Claude API", "anthropic", "Claude API")
        assert labels not in world.told["status_component_state"]
        assert world.told["status_component_info"][*labels, "other"] == 1.0
        assert "on_fire" not in str(world.told)


async def test_a_surface_that_nothing_probes_is_marked_as_declared_only() -> None:
    async with a_world() as world:
        await world.seconds(20)
        (row,) = world.pages.rows()
        marks = {component.surface: component.declared_only for component in row.components}
        assert marks["Claude Cowork"]
        assert not marks["Claude API"]
        assert ("anthropic", "Claude Cowork", "undeclared") not in world.told["disagreement"]


async def test_a_reload_that_changes_nothing_does_not_ask_the_page_again() -> None:
    async with a_world() as world:
        await world.seconds(20)
        asked = world.asked
        page = next(iter(world.pages._pages.values()))
        world.apply(
            StatusPages(interval_seconds=INTERVAL, pages={"claude": Page(key="claude", url=page.spec.url)}), (TARGET,)
        )
        assert next(iter(world.pages._pages.values())) is page
        assert world.asked == asked
        world.apply(StatusPages(enabled=False), (TARGET,))
        await world.seconds(30)
        assert world.asked == asked
        assert world.told["status_page_up"] == {}


async def test_an_outage_that_goes_on_is_written_down_anew() -> None:
    async with a_world() as world:
        await world.seconds(30)
        await world.seconds(50, Outcome.OVERLOADED)
        await world.seconds(10)
        (first,) = world.written
        await world.seconds(50, Outcome.OVERLOADED)
        await world.seconds(10)
    assert [one["id"] for one in world.written] == [first["id"]] * 2
    assert world.written[1]["end_timestamp_seconds"] >= first["end_timestamp_seconds"] + 20


def test_an_outage_of_a_target_that_went_is_closed() -> None:
    world = World()
    old, new = a_target(name="old", surface="Old"), a_target(name="new", surface="New")
    world.keeper.prepare([old])()
    failed = a_finished(old, a_result(Outcome.SERVER_ERROR), state=State.MAJOR_OUTAGE)
    for _ in range(3):
        world.keeper.finished(failed)
    assert len(world.keeper.book.open()) == 1
    world.keeper.prepare([new])()
    assert world.keeper.book.open() == ()


async def test_the_verdict_follows_probes_page_and_egress() -> None:
    async with a_world() as world:

        def verdict() -> tuple[str, str]:
            document = world.keeper.verdict("anthropic")
            assert document is not None
            assert document["surfaces"].keys() == {"Claude API"}
            return document["verdict"], document["evidence"]

        assert verdict()[0] == "unknown"
        await world.seconds(30)
        assert verdict()[0] == "nobody"
        await world.seconds(60, Outcome.OVERLOADED)
        told = "Of Claude API our probes measure a major outage, the status page declares no failure, and there is no"
        assert verdict() == ("unknown", f"{told} market data.")
        world.word = "major_outage"
        await world.seconds(15, Outcome.OVERLOADED)
        assert verdict()[0] == "them"
        world.keeper.egress({"a": False, "b": False})
        assert verdict()[0] == "us"
        world.keeper.egress({"a": False, "b": True})
        assert verdict()[0] == "them"
        assert world.keeper.verdict("nobody") is None


async def test_the_market_is_the_third_witness_of_the_verdict_until_its_page_cannot_be_read() -> None:
    async with a_world() as world:
        await world.seconds(30)
        await world.seconds(60, Outcome.OVERLOADED)
        nothing = Reading(components=(), incidents=(), maintenances=(), updated_timestamp_seconds=None)
        for uptime, verdict in ((0.5, "them"), (0.999, "us"), (None, "unknown")):
            market = PageSnapshot(
                page="market",
                up=True,
                reading=replace(nothing, components_known=False, uptime_ratio=uptime),
                polled_timestamp_seconds=1.0,
                watched=(),
            )
            world.keeper.page_read("anthropic", market)
            document = world.keeper.verdict("anthropic")
            assert document is not None
            assert (uptime, document["verdict"]) == (uptime, verdict)
        world.keeper.page_read("anthropic", replace(market, up=False, reading=replace(nothing, uptime_ratio=0.5)))
        document = world.keeper.verdict("anthropic")
        assert document is not None
        assert document["verdict"] == "unknown"
