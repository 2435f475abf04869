"""Egress checks whose hosts are blocked do not pass for a network that is down."""

from dataclasses import replace
from pathlib import Path

import pytest

from aiprobe.board import CONTRADICTED_SECONDS
from aiprobe.core.clock import ManualClock
from aiprobe.core.model import Finished
from aiprobe.core.outcomes import Outcome
from aiprobe.core.secret import Secret
from tests.builders import a_finished, a_provider, a_result, a_target
from tests.unit.app.builders import a_board
from tests.unit.metrics.builders import scrape, value

PUBLIC = a_target(name="public")
INSIDE = a_target(name="inside", provider=a_provider(egress=False))
PROXIED = a_target(name="proxied", provider=a_provider(proxy=Secret("http://127.0.0.1:9")))
BLOCKED, ANSWERED = {"a.example": False}, {"a.example": False, "b.example": True}


class World:
    def __init__(self, directory: Path) -> None:
        self.manual = ManualClock()
        self.board = a_board(directory, self.manual)
        self.board.set_targets([PUBLIC, INSIDE, PROXIED])

    async def told(self) -> float | None:
        self.board.tick()
        return value(await scrape(self.board._recorder), "egress_contradicted")


async def test_an_answer_out_of_the_internet_stands_against_checks_that_all_fail(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path)
    world.board.finished(a_finished(PUBLIC))
    world.board.egress(BLOCKED)
    assert await world.told() == 0, "that answer came before the checks failed"
    for _ in range(2):
        world.board.finished(a_finished(PUBLIC, a_result(Outcome.OVERLOADED, http_status=529)))
    assert await world.told() == 1
    assert caplog.text.count("configure other hosts") == 1
    world.manual.now += CONTRADICTED_SECONDS + 1
    assert await world.told() == 0
    world.board.finished(a_finished(PUBLIC))
    assert await world.told() == 1
    world.board.egress(ANSWERED)
    assert await world.told() == 0


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
async def test_what_proves_no_way_out_contradicts_nothing(tmp_path: Path, finished: Finished) -> None:
    world = World(tmp_path)
    world.board.egress(BLOCKED)
    world.board.finished(finished)
    assert await world.told() == 0


async def test_a_proxy_speaks_for_itself_where_nobody_goes_directly(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.board.set_targets([INSIDE, replace(PROXIED)])
    world.board.egress(BLOCKED)
    world.board.finished(a_finished(PROXIED))
    assert await world.told() == 1
