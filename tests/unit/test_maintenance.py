"""The keeper of maintenance: the windows of the configuration, of requests and of status pages, and their gauge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiprobe.core.gauges import Series
from aiprobe.core.maintenance import LONGEST_SECONDS, Window
from aiprobe.core.tracked import Tracked
from aiprobe.maintenance import MOST_POSTED, MaintenanceKeeper
from tests.builders import a_provider, a_target
from tests.clock import ManualClock

ONE = a_target(name="one")
TWO = a_target(name="two", provider=a_provider(key="lab", name="lab"), surface="Lab API")
NOTHING: frozenset[str] = frozenset()


@dataclass
class World:
    clock: ManualClock = field(default_factory=ManualClock)
    shown: dict[str, Series] = field(default_factory=dict)
    declared: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.tracked: Mapping[str, Tracked] = {one.name: Tracked(one) for one in (ONE, TWO)}
        self.keeper = MaintenanceKeeper(self, self, tracked=self.tracked, clock=self.clock.clock)

    def replace(self, short: str, values: Series) -> None:
        self.shown[short] = values

    def replace_for(self, target: str, short: str, values: Series) -> None:
        raise AssertionError("the gauge is the exporter's")

    def in_maintenance(self, provider: str, surface: str) -> bool:
        return (provider, surface) in self.declared

    def gauge(self) -> list[str]:
        """Return the targets whose gauge is 1 a second later."""
        self.clock.now += 1
        self.keeper.tick()
        assert set(self.shown["maintenance"].values()) <= {1.0}
        return [labels[0] for labels in self.shown["maintenance"]]

    def covered(self) -> list[str]:
        now = self.clock.clock.wall()
        return [one.name for one in (ONE, TWO) if self.keeper.covers(one, now)]


def test_the_gauge_and_the_verdicts_follow_the_windows_of_the_configuration() -> None:
    world = World()
    start = world.clock.clock.wall() + 10
    world.keeper.prepare([Window(targets=frozenset({"one"}), start=start, end=start + 60)])()
    assert (world.gauge(), world.covered()) == ([], [])
    world.clock.now += 10
    assert (world.gauge(), world.covered()) == (["one"], ["one"])
    world.keeper.prepare([])()
    assert (world.gauge(), world.covered()) == ([], [])


def test_a_probe_that_began_before_the_end_of_a_window_is_in_it() -> None:
    world = World()
    now = world.clock.clock.wall()
    world.keeper.prepare([Window(start=now - 60, end=now - 5)])()
    assert world.keeper.covers(ONE, now - 10)
    assert not world.keeper.covers(ONE, now - 5)


def test_a_declared_maintenance_counts_only_by_choice_and_for_its_own_surface() -> None:
    world = World()
    world.declared.add(("lab", "Lab API"))
    assert world.covered() == []
    world.keeper.prepare([Window(declared=True, providers=frozenset({"lab", "openai"}))])()
    assert (world.covered(), world.gauge()) == (["two"], ["two"])
    world.declared.clear()
    assert (world.covered(), world.gauge()) == ([], [])


def test_a_window_that_a_request_began_ends_by_itself_or_by_its_id() -> None:
    world = World()
    first = world.keeper.begin(NOTHING, frozenset({"lab"}), seconds=600)
    second = world.keeper.begin(frozenset({"one"}), NOTHING, seconds=60)
    assert first is not None
    assert second is not None
    assert world.gauge() == ["one", "two"]
    world.clock.now += 60
    assert (world.gauge(), world.keeper.posted()) == (["two"], [first])
    assert not world.keeper.end(second.id)
    assert world.keeper.end(first.id)
    assert (world.gauge(), world.covered()) == ([], [])


def test_no_request_begins_more_or_longer_windows_than_the_bounds() -> None:
    world = World()
    begun = [world.keeper.begin(NOTHING, NOTHING, seconds=1e9) for _ in range(MOST_POSTED + 1)]
    assert begun[-1] is None
    assert {window.end - window.start for window in begun if window} == {LONGEST_SECONDS}


def test_a_restart_goes_on_with_what_requests_began_and_with_nothing_that_is_broken() -> None:
    before, after = World(), World()
    before.keeper.begin(frozenset({"one"}), NOTHING, seconds=600)
    documents: list[Any] = [
        *before.keeper.documents(),
        {"id": "x"},
        {"id": "y", "start": 0, "end": "soon", "targets": [], "providers": []},
        3,
        None,
        {"id": "z", "start": 0, "end": 1e99, "targets": ["two"], "providers": []},
        {"id": "over", "start": 0, "end": 1, "targets": [], "providers": []},
    ]
    after.keeper.resume(documents)
    assert [window.id for window in after.keeper.posted()] == [before.keeper.posted()[0].id, "z"]
    assert after.keeper.posted()[1].end == after.clock.clock.wall() + LONGEST_SECONDS
