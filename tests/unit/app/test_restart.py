"""A restart within ten minutes goes on where the last run stopped, killed or not; what changed or is old does not."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aiprobe.app import App
from aiprobe.core.model import Attempt, Finished, Result
from aiprobe.core.outcomes import Outcome
from aiprobe.journal.restartfile import FILE_NAME
from tests.builders import a_result
from tests.clock import ManualClock
from tests.unit.app.wire import an_exporter, written_config
from tests.unit.journal.builders import NOON
from tests.unit.metrics.builders import scrape

NAME = "target-000"


@asynccontextmanager
async def a_run(directory: Path, clock: ManualClock) -> AsyncIterator[App]:
    async with an_exporter(directory, 1, clock.clock) as app:
        yield app


async def probes(app: App, clock: ManualClock, letters: str, **seen: Any) -> None:
    """Probe once a minute: `g` is answered, `b` is overloaded; `seen` is what the results show beside that."""
    runner = app.scheduler._runners[NAME]
    for letter in letters:
        outcome = Outcome.OK if letter == "g" else Outcome.OVERLOADED
        result = a_result(outcome, started_timestamp_seconds=clock.clock.wall(), duration_seconds=0.5,
                          http_status=200 if letter == "g" else 529, **seen)  # fmt: skip

        async def run(result: Result = result) -> Result:
            clock.now += result.duration_seconds
            return result

        runner.run = run
        assert isinstance(await app.scheduler._attempt(runner, Attempt.SCHEDULED), Finished)
        clock.now += 59.5
    await app.journal.flush()


async def standing(app: App) -> dict[str, Any]:
    """Return what must be the same before and after."""
    record = app._tracked[NAME]
    samples = await scrape(app.recorder)
    names = ("success", "consecutive_failures", "state", "last_run_timestamp_seconds", "last_success_timestamp_seconds")
    return {
        "state": record.state.state,
        "streak": record.state.consecutive_failures,
        "has_answered": record.has_answered,
        "results": [(row.outcome, row.started_timestamp_seconds) for row in app.shown.results(NAME, 100)],
        "incidents": [(row.id, row.is_open) for row in app.incidents.rows()],
        "gauges": {name: value for (name, _), value in samples.items() if name in {f"aiprobe_{one}" for one in names}},
    }


@pytest.mark.parametrize("letters", ["ggg", "gggbbbb", "bbbb", "ggbbbbgg", "gggb"])
async def test_a_stop_and_a_start_change_nothing(tmp_path: Path, letters: str) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, letters)
        before = await standing(app)
    async with a_run(tmp_path, clock) as app:
        assert await standing(app) == before
        assert all(incident.gaps for incident in app.incidents.book.open())
        await probes(app, clock, "ggg")
        assert [row.id for row in app.incidents.rows()] == [identifier for identifier, _ in before["incidents"]]
        assert app._tracked[NAME].state.state in {0, 1}


async def test_a_kill_loses_neither_the_state_nor_the_id_of_an_open_incident(tmp_path: Path) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await app.restart._write(app.restart._document())  # as it was before the first failure
        as_saved = (tmp_path / "journal" / FILE_NAME).read_text()
        await probes(app, clock, "ggbbbb")
        before = await standing(app)
    (tmp_path / "journal" / FILE_NAME).write_text(as_saved)
    (tmp_path / "journal" / "incidents.jsonl").unlink(missing_ok=True)
    async with a_run(tmp_path, clock) as app:
        assert await standing(app) == before


async def test_a_state_that_the_disk_did_not_take_is_written_when_it_takes_it(tmp_path: Path) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "gb")
        path = tmp_path / "journal" / FILE_NAME
        path.unlink(missing_ok=True)
        path.mkdir()
        for disk_works in (False, True):
            if disk_works:
                path.rmdir()
            clock.now += 10
            app.restart.tick()
            assert app.restart._saving is not None
            assert await app.restart._saving is disk_works
        assert NAME in json.loads(path.read_text())["targets"]


ANSWERS: Sequence[tuple[str, dict[str, Any], dict[str, Any], tuple[str, str]]] = [
    ("model", {"response_model": "m-1"}, {"response_model": "m-2"}, ("m-1", "m-2")),
    ("fingerprint", {"system_fingerprint": "fp_1"}, {"system_fingerprint": "fp_2"}, ("fp_1", "fp_2")),
    ("call_format", {"call_id": "call_12"}, {"call_id": "toolu_1"}, ("call_*7", "toolu_*7")),
    ("input_tokens", {"fixed_input_tokens": 50}, {"fixed_input_tokens": 57}, ("50", "57")),
]


@pytest.mark.parametrize(("what", "before", "after", "values"), ANSWERS)
async def test_what_answered_before_a_restart_is_known_after_it(
    tmp_path: Path, what: str, before: dict[str, Any], after: dict[str, Any], values: tuple[str, str]
) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "g", **before)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "gg", **after)
        assert not (tmp_path / "journal" / "model-changes.jsonl").exists()
        await probes(app, clock, "g", **after)
        await scrape(app.recorder)  # which shows it as 0 first
        samples = await scrape(app.recorder)
        counted = {labels: value for (name, labels), value in samples.items() if name == "aiprobe_model_changes_total"}
        assert [value for labels, value in counted.items() if what in str(labels)] == [1]
    (line,) = (tmp_path / "journal" / "model-changes.jsonl").read_text().splitlines()
    change = json.loads(line)
    assert (change["what"], change["before"], change["after"]) == (what, *values)
    assert not any(value in str(samples) for value in values if what == "fingerprint")


@pytest.mark.parametrize(
    "answers", [None, [], "x", {"model": "m-1"}, {"model": []}, {"other": ["x"]}, {"model": [1, {}]}]
)
async def test_known_answers_that_are_none_stop_no_start(tmp_path: Path, answers: object) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "g")
    path = tmp_path / "journal" / FILE_NAME
    document = json.loads(path.read_text())
    document["targets"][NAME]["answers"] = answers
    path.write_text(json.dumps(document))
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "gggg", response_model="m-2", system_fingerprint="fp_2")
        assert app._tracked[NAME].has_answered


def blips(app: App, clock: ManualClock) -> list[tuple[float, int, int]]:
    """Return the blips of the target: the seconds since the last failure, the failures, and the scheduled ones."""
    found = app._tracked[NAME].state.past._blips
    return [(round(clock.now - blip.last, 3), blip.failures, blip.scheduled) for blip in found]


@pytest.mark.parametrize("gap_seconds", [0, 7200, 5 * 86_400])
async def test_the_background_that_was_learnt_survives_a_restart(tmp_path: Path, gap_seconds: float) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        for _ in range(3):
            await probes(app, clock, "gbbbb" + "g" * 20)
            clock.now += 3600
        clock.now -= 3600
        await probes(app, clock, "gb")
        clock.now += gap_seconds
        before, past = blips(app, clock), app._tracked[NAME].state.past
        habit = past.habit(clock.now, 60.0)
    async with a_run(tmp_path, clock) as app:
        again = app._tracked[NAME].state.past
        assert blips(app, clock) == before
        assert [failures for _, failures, _ in before] == [4, 4, 4, 1]
        assert 0 <= past.since - again.since <= 3600  # the journal counts from the start of the hour
        assert habit.blip_seconds > 0
        assert again.habit(clock.now, 60.0).blip_seconds == pytest.approx(habit.blip_seconds, rel=0.01)


async def test_failures_of_more_than_28_days_ago_are_no_background(tmp_path: Path) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "gb")
        clock.now += 20 * 86_400
        await probes(app, clock, "bg")
        clock.now += 20 * 86_400
    async with a_run(tmp_path, clock) as app:
        assert [round(ago / 86_400) for ago, _, _ in blips(app, clock)] == [20]


CHANGES: Sequence[dict[str, Any]] = [
    {"base_url": "http://192.0.2.2/v1"},
    {"api_key": "another"},
    {"proxy": "http://192.0.2.3:3128"},
]


@pytest.mark.parametrize("change", CHANGES)
async def test_a_target_that_is_reached_in_another_way_goes_on_from_nothing(
    tmp_path: Path, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "ggbbbb")

    def rewritten(directory: Path, *, targets: int) -> Path:
        file = written_config(directory, targets=targets)
        document = json.loads(file.read_text())
        document["providers"]["p"] |= change
        file.write_text(json.dumps(document))
        return file

    monkeypatch.setattr("tests.unit.app.wire.written_config", rewritten)
    async with a_run(tmp_path, clock) as app:
        record = app._tracked[NAME]
        assert (record.state.state, record.last, record.has_answered) == (None, None, False)
        assert app.incidents.book.open() == ()


async def test_after_a_day_nothing_goes_on_but_the_results_and_the_incidents_of_old(tmp_path: Path) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        for runner in app.scheduler._runners.values():
            object.__setattr__(runner.target, "interval_seconds", 60.0)
        await probes(app, clock, "ggbbbb")
        (before,) = app.incidents.rows()
    clock.now += 4 * 86_400
    async with a_run(tmp_path, clock) as app:
        assert app._tracked[NAME].state.state is None
        (row,) = app.incidents.rows()
        assert (row.id, row.is_open) == (before.id, False)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{" * 9999,
        '{"targets": 3}',
        '{"targets": {"target-000": 1}}',
        '{"salt": 1, "targets": {}, "incidents": {"a": 1}, "saved_timestamp_seconds": "x"}',
        '{"incidents": [1, null, {}, "x", []], "saved_timestamp_seconds": 1e999}',
        '{"saved_timestamp_seconds": ' + "9" * 401 + "}",
        '{"saved_timestamp_seconds": NaN}',
    ],
)
async def test_a_file_that_says_nothing_stops_no_start(tmp_path: Path, content: str) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "gg")
    (tmp_path / "journal" / FILE_NAME).write_text(content)
    async with a_run(tmp_path, clock) as app:
        assert app._tracked[NAME].last is None
        await probes(app, clock, "g")
        assert app._tracked[NAME].state.state == 0


async def test_no_key_stands_in_the_file(tmp_path: Path) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "g")
    document = json.loads((tmp_path / "journal" / FILE_NAME).read_text())
    assert set(document["targets"]) == {NAME}
    assert "192.0.2.1" not in json.dumps(document)


async def test_a_clock_that_was_forty_days_ahead_and_came_back_leaves_the_windows_as_they_were(tmp_path: Path) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "ggbb")

        async def burn() -> dict[Any, float]:
            await app.journal.flush()
            samples = await scrape(app.recorder)
            return {key: value for key, value in samples.items() if key[0] == "aiprobe_slo_burn_rate"}

        before = await burn()
        assert before
        for days in (40, -40):
            clock.epoch += days * 86_400
            assert app.heartbeat._steps.happened()
            await app._rebuild()
        assert await burn() == before
        newest, *_ = app.shown.results(NAME, 1)
        clock.epoch += 40 * 86_400
        await probes(app, clock, "b")
        clock.epoch -= 40 * 86_400
        await probes(app, clock, "g")
        assert [row.outcome for row in app.shown.results(NAME, 2)] == ["ok", "overloaded"]
        assert newest.outcome == "overloaded"


@pytest.mark.parametrize("killed", [False, True])
async def test_a_maintenance_that_a_request_began_goes_on_and_one_of_the_configuration_is_read_again(
    tmp_path: Path, *, killed: bool
) -> None:
    clock = ManualClock(epoch=NOON)
    async with a_run(tmp_path, clock) as app:
        await probes(app, clock, "g")
        begun = app.maintenance.begin(frozenset({NAME}), frozenset(), seconds=600)
        assert await app.save()
        saved = (tmp_path / "journal" / FILE_NAME).read_bytes()
    if killed:
        (tmp_path / "journal" / FILE_NAME).write_bytes(saved)
    async with a_run(tmp_path, clock) as app:
        assert list(app.maintenance.posted()) == [begun]
        await probes(app, clock, "bb")
        app.maintenance.tick()
        samples = await scrape(app.recorder)
        named = {name: value for (name, labels), value in samples.items() if dict(labels).get("target") == NAME}
        assert named["aiprobe_maintenance"] == 1
        events = {
            dict(labels)["verdict"]: value for (name, labels), value in samples.items()
            if name == "aiprobe_slo_events_total" and dict(labels)["slo"] == "availability"
        }  # fmt: skip
        assert (events["bad"], app._tracked[NAME].state.consecutive_failures) == (0, 2)
        assert [row.maintenance for row in app.shown.results(NAME, 3)] == [True, True, False]
        clock.now += 600
        assert app.maintenance.posted() == []
        await probes(app, clock, "b")
        assert [row.maintenance for row in app.shown.results(NAME, 1)] == [False]
