"""The last good answers: what stays, what goes after its grace time, and when a reload is asked for."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aiprobe.config.answers import FILE_NAME, read_answers
from aiprobe.core.discovered import Discovery, Entry, Source
from aiprobe.core.outcomes import Outcome
from aiprobe.discovery.keeper import DiscoveryKeeper, changes, merged
from aiprobe.probes.base import Tools
from aiprobe.transport.transport import Transport
from tests.builders import a_finished, a_provider, a_result, a_target
from tests.clock import ManualClock

INTERVAL, GRACE = 60.0, 90.0


class World:
    """A keeper with one source, a file; it takes the place of gauges and of the reload."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "sd.json"
        self.journal = directory / "journal"
        self.time = ManualClock()
        self.reloads = 0
        self.gauges: dict[str, Mapping[tuple[str, ...], float]] = {}
        tools = Tools(transport=Transport(clock=self.time.clock), clock=self.time.clock)
        self.keeper = DiscoveryKeeper(self, self.journal, tools=tools, clock=self.time.clock, reload=self.reload)

    def replace(self, short: str, values: Mapping[tuple[str, ...], float]) -> None:
        self.gauges[short] = values

    def replace_for(self, target: str, short: str, values: Mapping[tuple[str, ...], float]) -> None:
        raise AssertionError("no gauge of a target")

    async def reload(self) -> str | None:
        self.reloads += 1
        return None

    def source(self, **changes: float) -> Source:
        times = {"interval_seconds": INTERVAL, "grace_seconds": GRACE} | changes
        return Source(name="sd", kind="file", place=str(self.file), provider=a_provider(), **times)

    def use(self, *sources: Source) -> None:
        counts = {("sd", "probed"): 2, ("sd", "left_out"): 1}
        entries = {f"target-{name}": ("sd", name) for name in "abcd"} if sources else {}
        self.keeper.prepare(Discovery(sources={one.name: one for one in sources}, counts=counts, entries=entries))()

    async def answered(self, entry: str, outcome: Outcome) -> None:
        """Have the target of an entry answered."""
        self.keeper.finished(a_finished(a_target(name=f"target-{entry}"), a_result(outcome)))
        await self.settle()

    def write(self, *addresses: str) -> None:
        self.file.write_text(json.dumps([{"targets": list(addresses)}]))

    def known(self) -> list[tuple[str, bool]]:
        entries = read_answers(self.journal).get("sd", ())
        return [(entry.id, entry.gone_timestamp_seconds is None) for entry in entries]

    async def settle(self) -> None:
        """Wait until the source was read and its answers were written."""
        for _ in range(200):
            await asyncio.sleep(0.001)
            if any(not future.done() for _, _, future in self.time._sleepers):
                break
        for _ in range(5):
            await asyncio.sleep(0)

    async def pass_time(self, seconds: float) -> None:
        await self.time.advance(seconds)
        await self.settle()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as made:
        yield made


@asynccontextmanager
async def a_world(directory: Path) -> AsyncIterator[World]:
    made = World(directory)
    await made.keeper.open()
    yield made
    await made.keeper.close()


async def test_a_change_is_written_and_reloads_once_and_no_change_does_nothing(world: World) -> None:
    world.write("a", "b")
    world.use(world.source())
    await world.settle()
    assert (world.known(), world.reloads) == ([("a", True), ("b", True)], 1)

    await world.pass_time(INTERVAL)
    assert world.reloads == 1
    world.write("0", "a", "b")
    await world.pass_time(INTERVAL)
    assert (world.known(), world.reloads) == ([("a", True), ("b", True), ("0", True)], 2)


async def test_what_vanishes_stays_for_its_grace_time_and_is_then_removed(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="aiprobe.discovery")
    world.write("a", "b")
    world.use(world.source())
    await world.settle()
    world.write("b")

    await world.pass_time(INTERVAL)
    assert (world.known(), world.reloads) == ([("a", False), ("b", True)], 1)
    await world.pass_time(INTERVAL)
    assert world.known() == [("a", False), ("b", True)]
    await world.pass_time(INTERVAL)
    assert (world.known(), world.reloads) == ([("b", True)], 2)
    assert [text.partition(": ")[2] for text in caplog.messages] == [
        "targets probed: 2, left out: 1",
        "2 new: a, b",
        "1 vanished, probed for the grace time: a",
        "1 removed: a",
    ]


@pytest.mark.parametrize(
    ("outcome", "listed", "known"),
    [
        (Outcome.NOT_FOUND, "b", [("b", True)]),
        (Outcome.NOT_FOUND, "ab", [("a", True), ("b", True)]),
        (Outcome.SERVER_ERROR, "b", [("a", True), ("b", True)]),
        (Outcome.AUTH, "b", [("a", True), ("b", True)]),
        (Outcome.OK, "b", [("a", True), ("b", True)]),
    ],
)
async def test_what_neither_source_nor_service_has_is_removed_at_once(
    outcome: Outcome, listed: str, known: list[tuple[str, bool]], world: World
) -> None:
    world.write("a", "b")
    world.use(world.source())
    await world.settle()
    world.write(*listed)

    await world.answered("a", outcome)

    assert world.known() == known


async def test_a_failure_before_the_source_leaves_an_entry_out_has_its_grace_time(world: World) -> None:
    world.write("a", "b")
    world.use(world.source())
    await world.settle()
    await world.answered("a", Outcome.NOT_FOUND)
    await world.answered("a", Outcome.OK)
    world.write("b")

    await world.pass_time(INTERVAL)
    assert world.known() == [("a", False), ("b", True)]
    await world.answered("a", Outcome.CONNECT)
    assert world.known() == [("a", False), ("b", True)]
    await world.answered("a", Outcome.NOT_FOUND)
    assert world.known() == [("b", True)]


async def test_a_model_that_is_listed_and_not_found_reads_its_source_once_more_only(world: World) -> None:
    world.write("a", "b")
    world.use(world.source())
    await world.settle()
    await world.answered("a", Outcome.NOT_FOUND)
    world.write("b")

    for _ in range(3):
        await world.answered("a", Outcome.NOT_FOUND)
    assert world.known() == [("a", True), ("b", True)]
    await world.pass_time(INTERVAL)
    assert world.known() == [("b", True)]


async def test_the_results_of_other_targets_read_nothing(world: World) -> None:
    world.write("a")
    world.use(world.source())
    await world.settle()
    world.write("b")

    await world.answered("written", Outcome.NOT_FOUND)

    assert world.known() == [("a", True)]


async def test_a_source_that_cannot_be_read_changes_nothing_and_is_down(world: World) -> None:
    world.write("a")
    world.use(world.source())
    await world.settle()
    world.keeper.tick()
    read_at = world.gauges["discovery_last_read_timestamp_seconds"]
    assert world.gauges["discovery_up"] == {("sd",): 1}
    assert world.gauges["discovery_targets"] == {("sd", "probed"): 2, ("sd", "left_out"): 1}

    for text in ("", "{}", "[3]"):
        world.file.write_text(text)
        await world.pass_time(10 * GRACE)
        world.keeper.tick()
        assert world.gauges["discovery_up"] == {("sd",): 0}
        assert world.gauges["discovery_last_read_timestamp_seconds"] == read_at
        assert (world.known(), world.reloads) == ([("a", True)], 1)


async def test_the_log_has_the_counts_of_a_source_once_they_change(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="aiprobe.discovery")
    world.write("a", "b")
    for _ in range(2):
        world.use(world.source())
        await world.settle()

    assert [text for text in caplog.messages if "targets" in text] == ["the source sd: targets probed: 2, left out: 1"]


async def test_the_log_says_what_stays_of_a_source_that_cannot_be_read(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.use(world.source())
    await world.settle()
    world.write("a", "b")
    await world.pass_time(INTERVAL)
    world.file.unlink()
    await world.pass_time(INTERVAL)

    assert [text.partition(": ")[0] for text in caplog.messages if "cannot" in text] == [
        "the source sd cannot be read, it names no target yet",
        "the source sd cannot be read, its last answer of 2 entries stays",
    ]


async def test_an_empty_list_is_an_answer_and_starts_the_grace_time(world: World) -> None:
    world.write("a")
    world.use(world.source())
    await world.settle()
    world.write()

    await world.pass_time(INTERVAL)

    assert world.known() == [("a", False)]


async def test_a_restart_goes_on_with_the_last_answers_while_the_source_is_away(tmp_path: Path) -> None:
    async with a_world(tmp_path) as first:
        first.write("a")
        first.use(first.source())
        await first.settle()
    first.file.unlink()

    async with a_world(tmp_path) as second:
        second.use(second.source())
        await second.settle()

        assert (second.known(), second.reloads) == ([("a", True)], 0)


async def test_a_disk_that_refuses_is_tried_again_and_changes_nothing_meanwhile(world: World) -> None:
    world.journal.write_text("not a directory")
    world.write("a")
    world.use(world.source())
    await world.settle()
    assert world.reloads == 0

    world.journal.unlink()
    await world.pass_time(INTERVAL)

    assert (world.known(), world.reloads) == ([("a", True)], 1)


async def test_a_source_that_is_removed_is_no_longer_read_and_has_no_series(world: World) -> None:
    world.write("a")
    world.use(world.source())
    await world.settle()
    world.use()
    world.file.write_text("{}")
    await world.time.advance(10 * INTERVAL)

    world.keeper.tick()

    assert world.gauges["discovery_up"] == {}


async def test_a_source_that_stays_over_a_reload_is_not_read_anew_and_a_changed_one_is(world: World) -> None:
    world.write("a")
    world.use(world.source())
    await world.settle()
    world.write("a", "b")

    world.use(world.source())
    await world.settle()
    assert world.known() == [("a", True)]
    world.use(world.source(grace_seconds=5))
    await world.settle()
    for _ in range(200):
        await asyncio.sleep(0.001)
        if len(world.known()) == 2:
            break

    assert world.known() == [("a", True), ("b", True)]


def test_an_entry_that_is_named_again_keeps_its_place_and_takes_its_new_labels() -> None:
    gone = Entry(id="a", labels={}, gone_timestamp_seconds=1.0)
    named = (Entry(id="0", labels={}), Entry(id="a", labels={"x": "y"}))

    kept = merged((gone,), named, now=50, grace_seconds=10)

    assert kept == (named[1], named[0])
    assert changes((gone,), kept) == "1 new: 0; 1 named again: a"


def test_a_reading_of_many_models_is_one_line_with_the_first_names() -> None:
    former = tuple(Entry(id=f"old-{number}", labels={}) for number in range(5))
    named = tuple(Entry(id=f"new-{number}", labels={}) for number in range(50))

    kept = merged(former, named, now=9, grace_seconds=10, refused={"old-4"})

    assert changes(former, kept) == (
        "50 new: new-0, new-1, new-2 and 47 more; "
        "4 vanished, probed for the grace time: old-0, old-1, old-2 and 1 more; 1 removed: old-4"
    )
    assert changes(kept, kept) == ""


def test_the_file_of_answers_has_the_name_that_the_configuration_reads(tmp_path: Path) -> None:
    assert read_answers(tmp_path) == {}
    (tmp_path / FILE_NAME).write_text('{"sources": {}}')
    assert read_answers(tmp_path) == {}
