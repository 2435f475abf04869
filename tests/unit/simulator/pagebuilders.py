"""Builders of the status pages' tests: a simulator at a known time of day, and questions to its pages."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from aiprobe_simulator import Scenario, Simulator
from aiprobe_simulator.scenario import parse_scenario
from tests.unit.simulator.builders import AT_ONCE, Reply, a_request, ask

API = "k8w3r06qmzrp"
CONSOLE = "0qbwn08sd68x"
CLAUDE_AI = "rwppv331jlwc"
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp()
ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(slots=True)
class Clock:
    """A monotonic clock that stands still until it is set; 0 is noon of 1 October 2026."""

    now: float = 0.0
    zero: float = NOON

    def __call__(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.zero + self.now


def a_world(clock: Clock | None = None, *, text: str = "", scenario: Scenario | None = None) -> Simulator:
    """A simulator with a clock of its own; `text` is a scenario."""
    clock = clock or Clock()
    played = parse_scenario(text, name="plan.yml") if text else scenario
    return Simulator(pace=AT_ONCE, scenario=played, monotonic=clock, wall=clock.wall)


async def get(sim: Simulator, page: str, path: str, **headers: str) -> Reply:
    """Ask a page; underscores in names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(sim.url, a_request(f"/status/{page}/{path}", key="", headers=named), most_bytes=1 << 24)


async def summary(sim: Simulator, page: str = "claude") -> Any:
    return (await get(sim, page, "api/v2/summary.json")).json


async def states(sim: Simulator, page: str = "claude") -> dict[str, str]:
    """What the page's summary says of every component that is not operational, by name."""
    listed = (await summary(sim, page))["components"]
    return {one["name"].partition(" (")[0]: one["status"] for one in listed if one["status"] != "operational"}


async def aws_events(sim: Simulator) -> Any:
    body = (await get(sim, "aws", "public/currentevents")).body
    return json.loads(body.removeprefix(b"\xfe\xff").decode("utf-16-be"))


async def feed(sim: Simulator, page: str, path: str) -> list[dict[str, str]]:
    """The text of every child of every entry of a feed, by tag; of several equal ones the last."""
    root = ET.fromstring((await get(sim, page, path)).body.decode())
    found = [*root.iter("item"), *root.iter(f"{ATOM}entry")]
    return [{child.tag.removeprefix(ATOM): child.text or "" for child in entry} for entry in found]


def at(text: str) -> float:
    """The Unix time of an ISO 8601 moment."""
    return datetime.fromisoformat(text).timestamp()
