"""Each step of a rehearsal names what fails in it; two servers and a clock play what only an outage shows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web

from aiprobe.core.clock import Clock
from aiprobe.drill.asking import Api
from aiprobe.drill.hook import Hook, Message
from aiprobe.drill.preparation import Times
from aiprobe.drill.rehearsal import Rehearsal
from aiprobe.drill.samples import DRILL, model_down, provider_down
from aiprobe.drill.step import Step

PAGE: Final = "The page arrives at the web hook"
ARRIVES: Final = "AIModelDown arrives in Alertmanager and takes its routes"
ROUTING: Final = {"route": {"receiver": DRILL, "group_by": ["provider"]}}


@dataclass(slots=True)
class World:
    """What both servers do of what they should."""

    lacks: str = ""
    broken: str = ""
    silenced: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)
    failures: int = 0
    now: float = 0.0
    making: asyncio.Event = field(default_factory=asyncio.Event)
    """A silence is asked for."""
    made: asyncio.Event = field(default_factory=asyncio.Event)
    hook: Hook = field(default_factory=lambda: Hook("127.0.0.1", 0))

    @property
    def clock(self) -> Clock:
        """Return a clock on which every wait is over at once."""
        return Clock(monotonic=lambda: self.now, wall=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def firing(self) -> list[dict[str, str]]:
        """Return the alerts that fire."""
        both = [model_down(), provider_down()] if self.broken == "*" else [model_down()] if self.broken else []
        return [each for each in both if self.lacks != each["alertname"]]

    def break_model(self, model: str) -> None:
        self.broken = model
        group = f"group-{len(self.hook.messages) if self.lacks == 'grouping' else 0}"
        if self.lacks not in {"hook", "delivery"} and not (self.lacks == "escalation" and model == "*"):
            names = frozenset({"AIProviderDown" if model == "*" else "AIModelDown"})
            self.hook.messages.append(Message(group, "firing", names))

    def heal(self) -> None:
        if self.broken and self.lacks != "end":
            self.hook.messages.append(Message("group-0", "resolved", frozenset()))
        self.broken = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as one of both servers."""
        match request.method, request.path:
            case "POST", "/api/v2/silences":
                if self.lacks == "login":
                    return web.Response(status=403)
                if self.lacks == "patience":
                    self.making.set()
                    await self.made.wait()
                self.silenced = [] if self.lacks == "silence" else ["s1"]
                return web.json_response({"silenceID": "s1"})
            case "DELETE", "/api/v2/silence/s1":
                self.silenced, self.expired = [], ["s1"]
                return web.Response()
            case _, "/metrics":
                self.failures += self.lacks == "delivery"
                name = "alertmanager_notification_requests_failed_total"
                return web.Response(text=f'{name}{{integration="webhook"}} {self.failures}\n')
            case _, "/api/v2/alerts":
                return web.json_response([self.alert(each) for each in self.firing if self.lacks != "sending"])
            case _, path:
                return web.json_response({"data": self.prometheus(path.removeprefix("/api/v1/"))})

    def alert(self, labels: dict[str, str]) -> dict[str, Any]:
        inhibited = self.broken == "*" and labels["alertname"] == "AIModelDown" and self.lacks != "inhibition"
        silenced = ["theirs"] if self.lacks == "quiet" else self.silenced
        receivers = [{"name": "another" if self.lacks == "route" else DRILL}]
        status = {"inhibitedBy": ["x"] if inhibited else [], "silencedBy": silenced}
        return {"labels": labels, "receivers": receivers, "status": status}

    def prometheus(self, path: str) -> Any:
        target = {"labels": {"job": DRILL}, "health": "down", "lastError": "refused", "scrapeUrl": "http://drill"}
        if path == "targets":
            return {"activeTargets": [target] if self.lacks == "exporter" else []}
        if path == "query":
            return {"result": [] if self.lacks in {"exporter", "series"} else [1]}
        return {"alerts": [{"state": "firing", "labels": each} for each in self.firing]}


@asynccontextmanager
async def a_rehearsal(world: World) -> AsyncIterator[Rehearsal]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", world.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with aiohttp.ClientSession() as session:
            yield Rehearsal(
                prometheus=Api("Prometheus", url, session),
                alertmanager=Api("Alertmanager", url, session),
                routing=ROUTING,
                times=Times(step=1, evaluation=1, wait=1, group=1, keeps=2),
                hook=world.hook,
                break_model=world.break_model,
                heal=world.heal,
                clock=world.clock,
            )
    finally:
        await runner.cleanup()


async def rehearsed(world: World) -> list[Step]:
    async with a_rehearsal(world) as rehearsal:
        return [step async for step in rehearsal.steps()]


async def test_a_whole_chain_passes_every_step_and_leaves_nothing_behind() -> None:
    world = World()

    steps = await rehearsed(world)

    assert [step.name for step in steps if step.faults] == []
    assert len(steps) == 7
    assert (world.broken, world.silenced, world.expired) == ("", [], ["s1"])


@pytest.mark.parametrize(
    ("lacks", "step", "problem"),
    [
        (
            "exporter",
            "Prometheus scrapes the drill, and the rules have it",
            "the scrape of http://drill fails: refused",
        ),
        ("series", "Prometheus scrapes the drill, and the rules have it", "not in aiprobe:state:vantage"),
        ("AIModelDown", "AIModelDown fires in time", "does not fire in"),
        ("sending", ARRIVES, "it is not in Alertmanager"),
        ("route", ARRIVES, "it reaches another, not aiprobe-drill"),
        ("quiet", ARRIVES, "the silence theirs mutes it"),
        ("hook", PAGE, "nothing arrives at the web hook"),
        ("delivery", PAGE, "cannot deliver to the web hook"),
        ("silence", "A silence silences", "does not apply"),
        ("login", "A silence silences", "requires a login (HTTP 403)"),
        ("AIProviderDown", "AIProviderDown fires in time", "does not fire in"),
        ("inhibition", "AIProviderDown fires in time", "does not inhibit AIModelDown"),
        ("escalation", "AIProviderDown fires in time", "the escalation does not arrive"),
        ("end", "The page ends, and was one page", "no end arrives in"),
        ("grouping", "The page ends, and was one page", "there were 2 pages and 1 ends"),
    ],
)
async def test_what_an_outage_shows_is_named_by_the_step_that_sees_it(lacks: str, step: str, problem: str) -> None:
    world = World(lacks=lacks)

    failed = [each for each in await rehearsed(world) if each.faults]

    assert [each.name for each in failed] == [step]
    assert problem in failed[0].faults[0].problem
    assert failed[0].faults[0].mend
    assert (world.broken, world.silenced) == ("", [])


async def test_an_interrupt_while_a_silence_is_made_expires_it() -> None:
    world = World(lacks="patience")
    async with a_rehearsal(world) as rehearsal:

        async def all_steps() -> None:
            async for _ in rehearsal.steps():
                pass

        task = asyncio.create_task(all_steps())
        await world.making.wait()
        task.cancel()
        await asyncio.sleep(0)
        world.made.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert (world.silenced, world.expired, world.broken) == ([], ["s1"], "")


async def test_a_rehearsal_that_is_left_heals_its_provider() -> None:
    world = World()
    async with a_rehearsal(world) as rehearsal:
        steps = rehearsal.steps()
        async for step in steps:
            if step.name == PAGE:
                break
        await steps.aclose()

    assert world.broken == ""


async def test_the_web_hook_keeps_the_alerts_of_the_drill_and_refuses_what_is_no_notification() -> None:
    drilled = {"status": "firing", "labels": {"alertname": "AIModelDown", "provider": DRILL}}
    other = {"status": "firing", "labels": {"alertname": "AIModelDown", "provider": "openai"}}
    bodies: list[Any] = [
        {"groupKey": "one", "status": "firing", "alerts": [drilled, other]},
        {"groupKey": "two", "status": "firing", "alerts": [other]},
        {"groupKey": "three"},
        [],
    ]
    async with Hook("127.0.0.1", 0) as hook, aiohttp.ClientSession() as session:
        assert hook._runner is not None
        url = f"http://127.0.0.1:{hook._runner.addresses[0][1]}/"
        statuses = [(await session.post(url, json=body)).status for body in bodies]

    assert statuses == [200, 200, 400, 400]
    assert hook.messages == [Message("one", "firing", frozenset({"AIModelDown"}))]
