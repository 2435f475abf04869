"""Statuspage over a real socket: the documents of the public API v2, their words, and asking again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiprobe_simulator import PAGES, Simulator
from aiprobe_simulator.statuspages.declaration import (
    IMPACTS,
    INCIDENT_STATUSES,
    MAINTENANCE_STATUSES,
    STATES,
)
from tests.unit.simulator.pagebuilders import API, CLAUDE_AI, CONSOLE, Clock, a_world, at, feed, get, states, summary


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(clock: Clock) -> AsyncIterator[Simulator]:
    async with a_world(clock) as simulator:
        yield simulator


async def test_a_page_where_all_is_well_lists_its_components_by_their_real_ids(sim: Simulator) -> None:
    page = await summary(sim)
    assert {one["id"]: one["name"] for one in page["components"]} == {
        "rwppv331jlwc": "claude.ai",
        "0qbwn08sd68x": "Claude Console (platform.claude.com)",
        "k8w3r06qmzrp": "Claude API (api.anthropic.com)",
        "yyzkbfz2thpt": "Claude Code",
        "bpp5gb3hpjcl": "Claude Cowork",
        "0scnb50nvy53": "Claude for Government",
    }
    assert {one["status"] for one in page["components"]} == {"operational"}
    assert (page["incidents"], page["scheduled_maintenances"]) == ([], [])
    assert page["status"] == {"indicator": "none", "description": "All Systems Operational"}
    assert page["page"] == {
        "id": "tymt9n04zgry",
        "name": "Claude",
        "url": "https://status.claude.com",
        "time_zone": "Etc/UTC",
        "updated_at": "2026-09-30T12:00:00.000Z",
    }


async def test_a_component_has_the_keys_of_the_real_one(sim: Simulator) -> None:
    first = (await summary(sim))["components"][0]
    assert set(first) == {
        *("id", "name", "status", "created_at", "updated_at", "position", "description", "showcase", "start_date"),
        *("group_id", "page_id", "group", "only_show_if_degraded"),
    }
    assert (first["page_id"], first["position"], first["group"]) == ("tymt9n04zgry", 1, False)


async def test_an_incident_has_the_keys_of_the_real_one_and_names_its_components(sim: Simulator, clock: Clock) -> None:
    clock.now = 60
    number = sim.declare(
        "claude", incident="Elevated errors", component="Claude API", state="partial_outage", backdated="10m", id="abc"
    )
    clock.now = 120
    sim.update(number, status="monitoring", state="operational", text="A fix is out.")
    (incident,) = (await summary(sim))["incidents"]
    assert {key: incident[key] for key in ("id", "name", "status", "impact", "shortlink")} == {
        "id": "abc",
        "name": "Elevated errors",
        "status": "monitoring",
        "impact": "major",
        "shortlink": "https://stspg.io/abc",
    }
    assert [incident[key] for key in ("started_at", "created_at", "monitoring_at", "updated_at", "resolved_at")] == [
        "2026-10-01T11:51:00.000Z",
        "2026-10-01T12:01:00.000Z",
        "2026-10-01T12:02:00.000Z",
        "2026-10-01T12:02:00.000Z",
        None,
    ]
    assert [one["id"] for one in incident["components"]] == [API]
    newest, oldest = incident["incident_updates"]
    assert (newest["status"], newest["body"], oldest["status"]) == ("monitoring", "A fix is out.", "investigating")
    name = "Claude API (api.anthropic.com)"
    assert newest["affected_components"] == [
        {"code": API, "name": name, "old_status": "partial_outage", "new_status": "operational"}
    ]
    assert oldest["affected_components"][0]["new_status"] == "partial_outage"
    assert newest["incident_id"] == oldest["incident_id"] == "abc"
    assert newest["id"] != oldest["id"]


async def test_an_incident_without_components_has_null_for_them(sim: Simulator) -> None:
    sim.declare("claude", incident="Something")
    (incident,) = (await summary(sim))["incidents"]
    assert (incident["components"], incident["incident_updates"][0]["affected_components"]) == ([], None)


@pytest.mark.parametrize("state", STATES)
async def test_every_state_of_a_component_is_served(sim: Simulator, state: str) -> None:
    sim.declare("claude", component=API, state=state)
    listed = {one["id"]: one["status"] for one in (await summary(sim))["components"]}
    assert listed[API] == state


@pytest.mark.parametrize(
    ("state", "indicator", "description"),
    [
        ("operational", "none", "All Systems Operational"),
        ("under_maintenance", "maintenance", "Service Under Maintenance"),
        ("degraded_performance", "minor", "Partially Degraded Service"),
        ("partial_outage", "major", "Partial System Outage"),
        ("major_outage", "critical", "Major Service Outage"),
    ],
)
async def test_the_indicator_is_the_worst_of_the_page(
    sim: Simulator, state: str, indicator: str, description: str
) -> None:
    sim.declare("claude", component="Claude Code", state=state)
    status = (await get(sim, "claude", "api/v2/status.json")).json["status"]
    assert status == {"indicator": indicator, "description": description}


@pytest.mark.parametrize("impact", IMPACTS)
async def test_every_impact_is_served_and_counts_for_the_page(sim: Simulator, impact: str) -> None:
    sim.declare("claude", incident="x", impact=impact)
    page = await summary(sim)
    assert (page["incidents"][0]["impact"], page["status"]["indicator"]) == (impact, impact)


@pytest.mark.parametrize("status", INCIDENT_STATUSES)
async def test_every_status_of_an_incident_is_served_and_summary_has_only_open_ones(
    sim: Simulator, status: str
) -> None:
    sim.declare("claude", incident="x", status=status)
    (incident,) = (await get(sim, "claude", "api/v2/incidents.json")).json["incidents"]
    assert incident["status"] == status
    still_open = status not in {"resolved", "postmortem"}
    assert len((await summary(sim))["incidents"]) == still_open
    assert len((await get(sim, "claude", "api/v2/incidents/unresolved.json")).json["incidents"]) == still_open
    assert (incident["resolved_at"] is None) == still_open


async def test_a_maintenance_is_announced_begins_is_checked_and_ends_as_planned(sim: Simulator, clock: Clock) -> None:
    sim.declare(
        "claude",
        maintenance="Planned work",
        component="Claude Console",
        seconds=600,
        notice="5m",
        updates=[{"after": "8m", "status": "verifying"}],
    )
    seen = []
    for now in (0, 299, 300, 779, 780, 899, 900):
        clock.now = now
        listed = (await get(sim, "claude", "api/v2/scheduled-maintenances.json")).json["scheduled_maintenances"]
        seen.append((now, listed[0]["status"], await states(sim)))
    busy = {"Claude Console": "under_maintenance"}
    assert seen == [
        (0, "scheduled", {}),
        (299, "scheduled", {}),
        (300, "in_progress", busy),
        (779, "in_progress", busy),
        (780, "verifying", busy),
        (899, "verifying", busy),
        (900, "completed", {}),
    ]
    assert {one[1] for one in seen} == set(MAINTENANCE_STATUSES)
    assert listed[0]["impact"] == "maintenance"
    assert at(listed[0]["scheduled_for"]) - at(listed[0]["created_at"]) == 300
    assert at(listed[0]["scheduled_until"]) - at(listed[0]["scheduled_for"]) == 600


async def test_maintenances_are_listed_by_whether_they_have_begun(sim: Simulator, clock: Clock) -> None:
    sim.declare("claude", maintenance="later", seconds=60, notice="1h")
    sim.declare("claude", maintenance="now", seconds=60)
    lists = {}
    for name in ("upcoming", "active"):
        found = (await get(sim, "claude", f"api/v2/scheduled-maintenances/{name}.json")).json
        lists[name] = [one["name"] for one in found["scheduled_maintenances"]]
    assert lists == {"upcoming": ["later"], "active": ["now"]}
    clock.now = 61
    assert [one["name"] for one in (await summary(sim))["scheduled_maintenances"]] == ["later"]


async def test_one_incident_is_found_by_its_id_also_when_it_is_over(sim: Simulator) -> None:
    sim.declare("claude", incident="Old", status="resolved", id="0ghc53zpsfmt")
    found = await get(sim, "claude", "api/v2/incidents/0ghc53zpsfmt.json")
    assert found.json["incident"]["name"] == "Old"
    missing = await get(sim, "claude", "api/v2/incidents/nope.json")
    assert (missing.status, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_the_question_with_the_etag_is_answered_304_until_something_changes(sim: Simulator, clock: Clock) -> None:
    first = await get(sim, "claude", "api/v2/summary.json")
    etag = first.headers["etag"]
    clock.now = 3_600
    again = await get(sim, "claude", "api/v2/summary.json", if_none_match=f'"other", {etag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    sim.declare("claude", component=API, state="partial_outage")
    changed = await get(sim, "claude", "api/v2/summary.json", if_none_match=etag)
    assert (changed.status, changed.headers["etag"] != etag) == (200, True)
    assert etag.startswith('W/"')
    assert "stale-while-revalidate" in first.headers["cache-control"]
    assert first.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["history.atom", "history.rss"])
async def test_the_history_tells_the_updates_newest_first_and_no_component(
    sim: Simulator, clock: Clock, path: str
) -> None:
    number = sim.declare("claude", incident="Errors & <more>", component=CLAUDE_AI, state="major_outage", text="a < b")
    clock.now = 60
    sim.update(number, status="resolved", text="Over.")
    (entry,) = await feed(sim, "claude", path)
    text = entry.get("content") or entry["description"]
    assert entry["title"] == "Errors & <more>"
    assert text.index("<strong>Resolved</strong> - Over.") < text.index("<strong>Investigating</strong> - a &lt; b")
    assert "claude.ai" not in text
    reply = await get(sim, "claude", path)
    assert reply.headers["content-type"] == f"application/{path.rpartition('.')[2]}+xml; charset=utf-8"


async def test_robots_are_asked_to_leave_the_api_alone(sim: Simulator) -> None:
    assert b"Disallow: /api/" in (await get(sim, "claude", "robots.txt")).body


@pytest.mark.parametrize("path", ["api/v2/nothing.json", "api/v2/summary", "api/v3/summary.json", "nothing"])
async def test_what_a_page_has_not_is_a_404_in_html(sim: Simulator, path: str) -> None:
    reply = await get(sim, "claude", path)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_pages_do_not_speak_for_one_another(sim: Simulator) -> None:
    sim.declare("deepseek", component="API Service", state="major_outage")
    assert (await states(sim, "deepseek"), await states(sim, "claude")) == ({"API Service": "major_outage"}, {})
    assert {one["id"] for one in (await summary(sim, "deepseek"))["components"]} >= {"j4n367d9mh3x"}


async def test_the_list_is_bounded_and_has_the_newest(sim: Simulator, clock: Clock) -> None:
    for number in range(60):
        clock.now = number
        sim.declare("claude", incident=f"incident {number}", status="resolved")
    listed = (await get(sim, "claude", "api/v2/incidents.json")).json["incidents"]
    assert [one["name"] for one in listed] == [f"incident {number}" for number in range(59, 9, -1)]


def test_components_are_found_by_id_by_name_and_by_the_beginning_of_one_name_only() -> None:
    claude = PAGES["claude"]
    found: dict[str, Any] = {
        word: getattr(claude.find(word), "id", None)
        for word in (
            API,
            "Claude API",
            "claude api (api.anthropic.com)",
            "claude.ai",
            "Claude C",
            "Claude Con",
            "",
            "x",
        )
    }
    assert found == {
        API: API,
        "Claude API": API,
        "claude api (api.anthropic.com)": API,
        "claude.ai": CLAUDE_AI,
        "Claude C": None,
        "Claude Con": CONSOLE,
        "": None,
        "x": None,
    }
