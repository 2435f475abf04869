"""Egress checks whose hosts are blocked do not pass for a network that is down."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from aiprobe.core.model import Finished, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Secret
from aiprobe.egress import CONTRADICTED_SECONDS, EgressKeeper
from aiprobe.metrics.recorder import Recorder
from tests.builders import a_finished, a_provider, a_result, a_target
from tests.clock import ManualClock
from tests.unit.metrics.builders import scrape, value

PUBLIC = a_target(name="public")
INSIDE = a_target(name="inside", provider=a_provider(egress=False))
PROXIED = a_target(name="proxied", provider=a_provider(proxy=Secret("http://127.0.0.1:9")))
BLOCKED, ANSWERED = {"a.example": False}, {"a.example": False, "b.example": True}


class World:
    def __init__(self) -> None:
        self.manual = ManualClock()
        self.recorder = Recorder(clock=self.manual.clock, version="0", tracked={})
        self.keeper = EgressKeeper(self.recorder, self, clock=self.manual.clock)
        self.probing([PUBLIC, INSIDE, PROXIED])

    def probing(self, targets: Sequence[Target]) -> None:
        self.keeper.prepare((), targets)()

    def egress(self, checks: Mapping[str, bool]) -> None:
        """Take what the keeper hands on."""

    def checked(self, checks: Mapping[str, bool]) -> None:
        self.keeper._checked(checks)

    async def contradicted(self) -> float | None:
        self.keeper.tick()
        return value(await scrape(self.recorder), "egress_contradicted")


async def test_an_answer_out_of_the_internet_stands_against_checks_that_all_fail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.keeper.finished(a_finished(PUBLIC))
    world.checked(BLOCKED)
    assert await world.contradicted() == 0, "that answer came before the checks failed"
    for _ in range(2):
        world.keeper.finished(a_finished(PUBLIC, a_result(Outcome.OVERLOADED, http_status=529)))
    assert await world.contradicted() == 1
    assert caplog.text.count("configure other hosts") == 1
    world.manual.now += CONTRADICTED_SECONDS + 1
    assert await world.contradicted() == 0
    world.keeper.finished(a_finished(PUBLIC))
    assert await world.contradicted() == 1
    world.checked(ANSWERED)
    assert await world.contradicted() == 0


@pytest.mark.parametrize(
    "finished",
    [
        a_finished(INSIDE),
        a_finished(PROXIED),
        a_finished(PUBLIC, a_result(Outcome.CONNECT, bytes_received=0)),
        a_finished(PUBLIC, a_result(Outcome.TIMEOUT_TOTAL)),
    ],
    ids=["of our own network", "by another way", "without an answer", "broken off"],
)
async def test_what_proves_no_way_out_contradicts_nothing(finished: Finished) -> None:
    world = World()
    world.checked(BLOCKED)
    world.keeper.finished(finished)
    assert await world.contradicted() == 0


async def test_a_proxy_speaks_for_itself_where_nobody_goes_directly() -> None:
    world = World()
    world.probing([INSIDE, replace(PROXIED)])
    world.checked(BLOCKED)
    world.keeper.finished(a_finished(PROXIED))
    assert await world.contradicted() == 1
