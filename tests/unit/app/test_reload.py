"""A reload that is refused changes nothing, and a fallback follows its target."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from http.client import HTTPConnection
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest

from aiprobe.app import App
from aiprobe.core.clock import Clock
from aiprobe.core.model import Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.tracked import Tracked
from aiprobe.metrics.recorder import Recorder
from tests.builders import a_result, a_target
from tests.clock import ManualClock
from tests.scheduling import a_scheduler
from tests.unit.app.wire import an_exporter, probe_each, written_config
from tests.unit.journal.builders import NOON
from tests.unit.metrics.builders import Samples, scrape

NO_MONEY = 0.0
STANDING = Clock(wall=lambda: NOON)
"""Its wall time stands still, so that no page counts seconds."""


class World:
    """A scheduler without money, and the metrics that listen to it."""

    def __init__(self) -> None:
        self.clock = ManualClock().clock
        tracked: dict[str, Tracked] = {}
        self.outcome = Outcome.OK
        self.recorder = Recorder(clock=self.clock, version="0", tracked=tracked)
        self.scheduler = a_scheduler(
            self.clock,
            self.prepare_probe,
            purse=self,
            egress=self,
            listeners=[self.recorder],
            meter=self.recorder,
            tracked=tracked,
        )

    def prepare_probe(self, target: Target) -> Callable[[], Awaitable[Result]]:
        async def run() -> Result:
            return a_result(self.outcome)

        return run

    async def reserve(self, usd: float, *, follow_up: bool = False) -> bool:
        return usd <= NO_MONEY

    def settle(self, reserved_usd: float, cost_usd: float, *, follow_up: bool = False) -> None:
        raise AssertionError("nothing was reserved")

    async def is_down(self, target: Target) -> bool:
        return False

    def configure(self, target: Target) -> None:
        for commit in (self.scheduler.prepare([target]), self.recorder.sync_targets):
            commit()

    async def series(self) -> Samples:
        samples = await scrape(self.recorder)
        return {
            (name, labels): value
            for (name, labels), value in samples.items()
            if dict(labels).get("target") == "gpt-chat:models"
        }


def models(samples: Samples) -> set[str]:
    return {dict(labels)["model"] for _, labels in samples}


async def test_a_fallback_follows_its_target_to_another_model() -> None:
    world = World()
    old, new = a_target(model="gpt-old"), a_target(model="gpt-new")
    world.configure(old)
    assert await world.series() == {}
    await world.scheduler.probe_now(old.name)
    assert models(await world.series()) == {"gpt-old"}
    world.configure(replace(old, interval_seconds=7.0))
    assert models(await world.series()) == {"gpt-old"}, "it is the same target"
    world.configure(new)
    assert await world.series() == {}
    world.outcome = Outcome.SERVER_ERROR
    await world.scheduler.probe_now(new.name)
    samples = await world.series()
    assert models(samples) == {"gpt-new"}
    (failures,) = (value for (name, _), value in samples.items() if name == "aiprobe_consecutive_failures")
    assert failures == 1, "those of the old model are forgotten"


def get(port: int, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


PATHS = ("/", "/targets/target-000", "/api/v1/targets", "/api/v1/results", "/api/v1/incidents", "/sd", "/config")
MOVES = ("aiprobe_config_last_reload_successful", "process_", "aiprobe_event_loop_lag", "aiprobe_journal_")
"""Numbers that a refused reload changes by design, and those that time changes."""


async def surfaces(app: App) -> Mapping[str, object]:
    """Return everything that a user, or the next probe, would see."""
    assert app.running is not None
    port = app.running.addresses[0].port
    for room in (app.recorder, app.egress, app.incidents, app.pages, app.objectives, app.contracts):
        room.tick()
    app.recorder._sum_surfaces()  # otherwise once a second
    await asyncio.to_thread(get, port, "/metrics")  # what is new shows a 0 first
    pages = {path: await asyncio.to_thread(get, port, path) for path in PATHS}
    metrics = await asyncio.to_thread(get, port, "/metrics")
    lines = [line for line in metrics.splitlines() if not line.removeprefix("# HELP ").startswith(MOVES)]
    return {
        **{path: [line for line in page.splitlines() if "reload" not in line] for path, page in pages.items()},
        "metrics": lines,
        "schedule": {name: (runner.target, id(runner.task)) for name, runner in app.scheduler._runners.items()},
        "budget": (app.budget.usd_per_day, app.budget.spent_usd, app.budget.reserved_usd),
        "contracts": app.contracts._book.standings(0.0),
        "windows": {name: id(windows) for name, windows in app.objectives._windows.items()},
        "egress": app.egress._configured,
    }


def changed(file: Path) -> None:
    """Write a configuration in which everything is another."""
    config: dict[str, Any] = json.loads(file.read_text())
    config["targets"] = [{**config["targets"][0], "interval": "10m"}, {**config["targets"][0], "name": "new"}]
    config["budget"] = {"usd_per_day": 7}
    config["groups"] = {"both": {"any_of": ["target-000", "new"]}}
    config["egress"] = ["http://127.0.0.1:9/"]
    config["contracts"] = {"aws-bedrock": {"targets": ["new"]}}
    file.write_text(json.dumps(config))


ROOMS = (
    ("transport", "prepare_trust"),
    *(
        (room, "prepare")
        for room in (
            "scheduler", "shown", "spend", "egress", "incidents", "pages", "journal", "objectives", "contracts",
        )
    ),
)  # fmt: skip


@pytest.mark.parametrize(("room", "method"), ROOMS)
async def test_a_refused_reload_leaves_every_surface_as_it_was(tmp_path: Path, room: str, method: str) -> None:
    async with an_exporter(tmp_path, 2, STANDING) as app:
        await probe_each(app)
        before = await surfaces(app)
        changed(tmp_path / "aiprobe.yml")
        prepare = getattr(getattr(app, room), method)

        def refuse(*asked: Any, **named: Any) -> None:
            prepare(*asked, **named)
            raise ValueError(f"{room} cannot be so")

        async def refuse_later(*asked: Any, **named: Any) -> None:
            await prepare(*asked, **named)
            raise ValueError(f"{room} cannot be so")

        setattr(getattr(app, room), method, refuse_later if iscoroutinefunction(prepare) else refuse)
        assert await app.reload() == f"{room} cannot be so"
        assert await surfaces(app) == before
        setattr(getattr(app, room), method, prepare)
        assert await app.reload() is None
        assert (await surfaces(app)).keys() == before.keys()
        assert await surfaces(app) != before


async def test_a_configuration_that_is_wrong_leaves_every_surface_as_it_was(tmp_path: Path) -> None:
    async with an_exporter(tmp_path, 2, STANDING) as app:
        await probe_each(app)
        before = await surfaces(app)
        changed(tmp_path / "aiprobe.yml")
        config = json.loads((tmp_path / "aiprobe.yml").read_text())
        (tmp_path / "aiprobe.yml").write_text(json.dumps({**config, "groups": {"all": {"any_of": ["nobody"]}}}))
        assert "nobody" in str(await app.reload())
        assert await surfaces(app) == before
        written_config(tmp_path, targets=1)
        assert await app.reload() is None


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        ({"vantage": "elsewhere"}, "a new vantage starts new series: elsewhere"),
        ({"journal": {"directory": "other"}}, "`journal` applies after a restart"),
        ({"journal": {"keep_ok": "none"}}, "`journal` applies after a restart"),
    ],
)
async def test_a_reload_logs_what_it_does_not_change(
    tmp_path: Path, change: dict[str, Any], remark: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with an_exporter(tmp_path, 1, STANDING) as app:
        config = json.loads((tmp_path / "aiprobe.yml").read_text())
        (tmp_path / "aiprobe.yml").write_text(json.dumps(config | change))
        assert await app.reload() is None
    assert remark in caplog.text
