"""The scenarios that ship with aiprobe: the demo's first four minutes, and 2 and 3 March 2026."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from aiprobe_simulator import PAGES, Scenario, demo_scenario, march_scenario
from aiprobe_simulator.service import MODELS
from aiprobe_simulator.timeline import Timeline
from tests.unit.simulator.builders import a_call, a_request, ask
from tests.unit.simulator.pagebuilders import Clock, a_world, at, feed, get, states, summary

RECORD = Path("../shared/data/incidents/claude_incidents_2026-02-19_to_2026-04-13.csv")
EPOCH = at("2026-03-02T11:30Z")
POSTED = {
    "0ghc53zpsfmt": ("2026-03-02T11:49Z", "2026-03-02T15:47Z"),
    "5zg05jnrqmzg": ("2026-03-02T14:35Z", "2026-03-02T15:50Z"),
    "0j8dkb38jymf": ("2026-03-02T16:50Z", "2026-03-02T17:55Z"),
    "63943gpfb97z": ("2026-03-02T17:08Z", "2026-03-02T17:23Z"),
    "vqnfq1179169": ("2026-03-02T17:56Z", "2026-03-02T21:16Z"),
    "yf48hzysrvl5": ("2026-03-03T03:15Z", "2026-03-03T10:18Z"),
    "kyj825w6vxr8": ("2026-03-03T06:59Z", "2026-03-03T14:29Z"),
    "s0pmy4yywshv": ("2026-03-03T14:51Z", "2026-03-03T15:39Z"),
    "v3j5tpfcr3dn": ("2026-03-03T15:40Z", "2026-03-03T16:38Z"),
    "p7nq2jdg4zwj": ("2026-03-03T16:49Z", "2026-03-04T08:32Z"),
}


def the_record() -> dict[str, dict[str, str]]:
    """The incidents as posted, by id; skips where the data is not beside the project."""
    if not RECORD.exists():
        pytest.skip("the record of incidents is not beside the project")
    with RECORD.open() as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def at_its_own_pace() -> Scenario:
    """The two days at the speed of the real ones."""
    return replace(march_scenario(), speed=1.0)


def faults(scenario: Scenario, seconds: float) -> set[tuple[str, str, str]]:
    """(provider, model, fault) of what is in force at a second of the time line, pace left out."""
    timeline = Timeline(replace(scenario, speed=1.0), 0.0)
    found = {(one.behaviour.provider, one.behaviour.model, one.behaviour.fault) for one in timeline.in_force(seconds)}
    return {one for one in found if not one[2].startswith("slow_")}


async def test_in_the_demo_an_undeclared_outage_becomes_a_declared_one_and_ends() -> None:
    clock = Clock()
    async with a_world(clock, scenario=demo_scenario()) as sim:
        seen = []
        for now in (39, 41, 99, 101, 121, 144, 146, 149, 181):
            clock.now = now
            reply = await ask(sim.url, a_call("anthropic-messages", stream=False))
            said = (await states(sim)).get("Claude API", "operational")
            told = [one["status"] for one in (await summary(sim))["incidents"]]
            if now > 40:
                seen.append((now, reply.status, said, told))
    assert seen == [
        (41, 529, "operational", []),
        (99, 529, "operational", []),
        (101, 529, "major_outage", ["investigating"]),
        (121, 529, "major_outage", ["identified"]),
        (144, 529, "major_outage", ["identified"]),
        (146, 200, "major_outage", ["identified"]),
        (149, 200, "operational", ["monitoring"]),
        (181, 200, "operational", []),
    ]


async def test_the_demo_also_shows_a_late_word_a_false_one_planned_work_and_an_ill_page() -> None:
    clock = Clock()
    async with a_world(clock, scenario=demo_scenario()) as sim:
        clock.now = 149
        assert await states(sim, "openai") == {}
        assert [one["status"] for one in (await summary(sim))["scheduled_maintenances"]] == ["scheduled"]
        clock.now = 155
        openai = await ask(sim.url, a_call("openai-chat", stream=False))
        assert (openai.status, (await states(sim, "openai"))["Responses"]) == (503, "degraded_performance")
        clock.now = 190
        groq = await ask(sim.url, a_call("openai-chat", stream=False, provider="groq"))
        assert (groq.status, await states(sim, "groq")) == (200, {"API": "partial_outage"})
        clock.now = 200
        assert await states(sim) == {"Claude Console": "under_maintenance"}
        clock.now = 212
        assert (await get(sim, "openai", "api/v2/summary.json")).status == 500


async def test_every_round_of_the_demo_begins_with_pages_that_are_well() -> None:
    clock = Clock()
    async with a_world(clock, scenario=demo_scenario()) as sim:
        for now in (0.0, 240.0, 480.0):
            clock.now = now
            controlled = (await ask(sim.url, a_request("/control"))).json["status_pages"]["pages"]
            assert {state for page in controlled.values() for state in page["components"].values()} == {"operational"}
            assert [page for page in controlled.values() if page["incidents"]] == []


def test_the_demos_web_fault_strikes_the_page_that_the_demo_probes() -> None:
    struck = [one for one in demo_scenario().steps if getattr(one.behaviour, "kind", "") == "web"]
    assert {getattr(one.behaviour, "provider", "") for one in struck} == {"claude*"}


async def test_the_pages_of_march_are_posted_and_resolved_at_their_real_times() -> None:
    clock = Clock(zero=EPOCH)
    async with a_world(clock, scenario=at_its_own_pace()) as sim:
        clock.now = at("2026-03-04T09:00Z") - EPOCH
        listed = (await get(sim, "claude", "api/v2/incidents.json")).json["incidents"]
    found = {one["id"]: (at(one["created_at"]), at(one["resolved_at"])) for one in listed}
    assert found == {name: (at(start), at(end)) for name, (start, end) in POSTED.items()}


async def test_the_pages_of_march_are_those_of_the_record() -> None:
    rows = the_record()
    clock = Clock(zero=EPOCH)
    async with a_world(clock, scenario=at_its_own_pace()) as sim:
        clock.now = at("2026-03-04T09:00Z") - EPOCH
        listed = (await get(sim, "claude", "api/v2/incidents.json")).json["incidents"]
    found = {one["id"]: (one["name"], one["impact"], at(one["created_at"]), at(one["resolved_at"])) for one in listed}
    assert found == {
        name: (
            rows[name]["title"],
            rows[name]["impact"],
            at(rows[name]["posted_start_utc"]),
            at(rows[name]["posted_end_utc"]),
        )
        for name in POSTED
    }


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-02T11:45Z", {}),
        ("2026-03-02T11:50Z", dict.fromkeys(["claude.ai", "Claude Console", "Claude Code"], "partial_outage")),
        ("2026-03-02T12:30Z", dict.fromkeys(["claude.ai", "Claude Console", "Claude Code"], "major_outage")),
        ("2026-03-02T15:30Z", {"Claude API": "degraded_performance"}),
        ("2026-03-02T16:00Z", {}),
        ("2026-03-03T05:00Z", dict.fromkeys(["claude.ai", "Claude Console", "Claude Code"], "partial_outage")),
        ("2026-03-03T11:00Z", {}),
        ("2026-03-03T15:00Z", {"Claude API": "partial_outage"}),
    ],
)
async def test_the_components_of_march_are_what_the_page_made_of_them(moment: str, expected: dict[str, str]) -> None:
    clock = Clock(zero=EPOCH)
    async with a_world(clock, scenario=at_its_own_pace()) as sim:
        clock.now = at(moment) - EPOCH
        assert await states(sim) == expected


@pytest.mark.parametrize("incident", POSTED)
def test_whatever_is_felt_is_felt_before_the_page_says_so(incident: str) -> None:
    posted = at(POSTED[incident][0]) - EPOCH
    before, after = faults(march_scenario(), posted - 60), faults(march_scenario(), posted)
    if incident == "p7nq2jdg4zwj":  # nobody who asks a model feels it
        assert before == after == set()
    else:
        assert before
        assert before == after


def test_models_fail_one_after_another_and_never_two_of_them() -> None:
    scenario = march_scenario()
    order: list[str] = []
    for minute in range(0, 46 * 60, 5):
        models = {model for _, model, _ in faults(scenario, minute * 60) if model != "*"}
        assert len(models) <= 1
        order += [model for model in models if not order or order[-1] != model]
    assert order == [f"claude-{name}*" for name in ("opus-4-6", "haiku-4-5", "opus-4-6", "haiku-4-5", "sonnet-4-6")]


async def test_in_march_the_products_are_down_while_the_api_answers() -> None:
    clock = Clock(zero=EPOCH)
    async with a_world(clock, scenario=at_its_own_pace()) as sim:
        clock.now = at("2026-03-02T12:30Z") - EPOCH
        pages = [(await ask(sim.url, a_request("/web/claude.ai", key=""))).status for _ in range(20)]
        console = [(await ask(sim.url, a_request("/web/console", key=""))).status for _ in range(20)]
        models = [
            (await ask(sim.url, a_call("anthropic-messages", model=name, stream=False))).status
            for name in ("claude-opus-4-6", "claude-haiku-4-5", "claude-sonnet-4-6")
        ]
    assert (pages.count(502) >= 15, console.count(503) >= 15, models) == (True, True, [200, 200, 200])


async def test_march_is_played_an_hour_a_minute_and_the_page_tells_the_times_of_the_play() -> None:
    clock = Clock()
    scenario = march_scenario()
    assert (scenario.speed, scenario.loop, scenario.epoch_timestamp_seconds) == (60, False, EPOCH)
    async with a_world(clock, scenario=scenario) as sim:
        clock.now = 19.0
        (incident,) = (await summary(sim))["incidents"]
        assert (incident["id"], incident["created_at"]) == ("0ghc53zpsfmt", "2026-10-01T12:00:19.000Z")
        clock.now = 46 * 60.0
        assert await states(sim) == {}
        assert len(await feed(sim, "claude", "history.atom")) == 10


def test_every_model_of_march_is_in_the_list_of_models() -> None:

    named = {one.behaviour.model for one in march_scenario().steps if hasattr(one.behaviour, "model")} - {"*"}
    assert {name.rstrip("*") for name in named} <= set(MODELS["anthropic-messages"])


def test_both_scenarios_name_pages_that_there_are() -> None:
    told = {step.declaration.page for one in (demo_scenario(), march_scenario()) for step in one.declared}
    assert told == {"claude", "openai", "groq"}
    assert told <= set(PAGES)
