"""incident.io over a real socket: the compatible API with its gaps, the native one with its own words, the feeds."""

from collections.abc import AsyncIterator

import pytest

from aiprobe_simulator import Simulator
from aiprobe_simulator.statuspages.declaration import INCIDENT_STATUSES, STATES
from aiprobe_simulator.statuspages.ids import ulid
from tests.unit.simulator.pagebuilders import NOON, Clock, a_world, feed, get, states, summary

CHAT = "01JMXBRMFE6N2NNT7DG6XZQ6PW"
RESPONSES = "01JP8CD9JR3HR6Y7G4Q75N4DVW"
NATIVE = "proxy/status.openai.com"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(clock: Clock) -> AsyncIterator[Simulator]:
    async with a_world(clock) as simulator:
        yield simulator


async def test_openais_summary_has_neither_incidents_nor_maintenances(sim: Simulator) -> None:
    sim.declare("openai", component="Chat Completions", state="major_outage", incident="Down")
    page = await summary(sim, "openai")
    assert set(page) == {"page", "status", "components"}
    assert set(page["page"]) == {"id", "name", "url", "updated_at"}
    assert page["page"]["id"] == "01JMDK9XYNY6RXSED6SDWW50WY"
    assert set(page["components"][0]) == {"id", "name", "status", "position", "created_at", "updated_at", "page_id"}
    assert {one["id"]: one["status"] for one in page["components"]}[CHAT] == "major_outage"
    assert page["status"] == {"indicator": "critical", "description": "Full System Outage"}


async def test_other_pages_have_both_lists(sim: Simulator) -> None:
    assert {"incidents", "scheduled_maintenances"} <= set(await summary(sim, "groq"))
    sim.declare("groq", component="API", state="partial_outage", incident="Down")
    assert [one["name"] for one in (await summary(sim, "groq"))["incidents"]] == ["Down"]


@pytest.mark.parametrize(
    ("page", "component", "name"),
    [("groq", "01K053E2FAKWKEYHXEV7WAHJBM", "Groq"), ("cohere", "01HQ6CA39NZ5X3PRFPN71Q89TE", "Cohere")],
)
async def test_the_other_pages_have_their_real_component(sim: Simulator, page: str, component: str, name: str) -> None:
    found = await summary(sim, page)
    assert ([one["id"] for one in found["components"]], found["page"]["name"]) == ([component], name)
    assert len(found["page"]["id"]) == 26


async def test_all_components_are_touched_at_once(sim: Simulator, clock: Clock) -> None:
    clock.now = 90
    sim.declare("openai", component="Chat Completions", state="partial_outage")
    times = {one["updated_at"] for one in (await summary(sim, "openai"))["components"]}
    assert times == {"2026-10-01T12:01:30.000Z"}


async def test_the_long_list_has_components_that_the_summary_has_not(sim: Simulator) -> None:
    short = {one["name"] for one in (await summary(sim, "openai"))["components"]}
    long = {one["name"] for one in (await get(sim, "openai", "api/v2/components.json")).json["components"]}
    assert long - short == {"Codex Web"}
    assert short <= long


@pytest.mark.parametrize("path", ["api/v2/incidents/unresolved.json", "api/v2/scheduled-maintenances.json"])
async def test_what_the_compatible_api_lacks_is_a_404_in_html(sim: Simulator, path: str) -> None:
    reply = await get(sim, "openai", path)
    assert (reply.status, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")


@pytest.mark.parametrize("status", INCIDENT_STATUSES)
async def test_an_incident_lacks_what_the_real_one_lacks(sim: Simulator, status: str) -> None:
    sim.declare("openai", component="Responses", incident="Errors", status=status, state="partial_outage")
    (incident,) = (await get(sim, "openai", "api/v2/incidents.json")).json["incidents"]
    assert set(incident) == {"id", "name", "status", "impact", "created_at", "updated_at", "incident_updates"}
    assert (incident["status"], incident["incident_updates"][0]["status"]) == (status, status)
    assert "affected_components" not in incident["incident_updates"][0]


async def test_only_the_25_latest_incidents_are_listed(sim: Simulator) -> None:
    for number in range(30):
        sim.declare("openai", incident=f"{number}", status="resolved")
    assert len((await get(sim, "openai", "api/v2/incidents.json")).json["incidents"]) == 25


async def test_there_is_no_way_to_ask_for_changes_only(sim: Simulator) -> None:
    reply = await get(sim, "openai", "api/v2/summary.json", if_none_match="*")
    assert (reply.status, "etag" in reply.headers, "last-modified" in reply.headers) == (200, False, False)
    assert reply.headers["cache-control"] == "public, max-age=0, must-revalidate"


async def test_the_native_summary_lists_only_the_affected_in_its_own_words(sim: Simulator) -> None:
    sim.declare("openai", component="Chat Completions", state="major_outage", incident="Down")
    found = (await get(sim, "openai", NATIVE)).json["summary"]
    assert found["affected_components"] == [{"component_id": CHAT, "status": "full_outage"}]
    assert {"id": RESPONSES, "name": "Responses"} in found["components"]
    groups = [one["group"] for one in found["structure"]["items"] if "group" in one]
    assert [(one["id"], one["name"]) for one in groups] == [
        ("01K5H8S53SY1KMS4GQMNMQM1K5", "APIs"),
        ("01K5H8S53SY1KMS4GQMNMZXTR1", "ChatGPT"),
    ]
    assert CHAT in {one["component_id"] for one in groups[0]["components"]}
    (incident,) = found["ongoing_incidents"]
    assert incident["affected_components"] == [{"component_id": CHAT, "status": "full_outage"}]
    assert {"to_status", "message_string", "published_at"} <= set(incident["updates"][0])


@pytest.mark.parametrize("state", STATES[1:])
async def test_every_native_state_is_served(sim: Simulator, state: str) -> None:
    sim.declare("openai", component=CHAT, state=state)
    (affected,) = (await get(sim, "openai", NATIVE)).json["summary"]["affected_components"]
    assert affected["status"] == {"major_outage": "full_outage"}.get(state, state)
    assert (await states(sim, "openai"))["Chat Completions"] == state


async def test_impacts_tell_from_when_to_when_which_component_was_ill(sim: Simulator, clock: Clock) -> None:
    number = sim.declare("openai", component=CHAT, state="partial_outage", incident="x")
    clock.now = 60
    sim.update(number, status="identified", state="major_outage")
    clock.now = 120
    sim.update(number, status="resolved")
    found = (await get(sim, "openai", f"{NATIVE}/component_impacts?start_at=a&end_at=b")).json
    told = [(one["status"], one["start_at"][14:19], one["end_at"][14:19]) for one in found["component_impacts"]]
    assert told == [("partial_outage", "00:00", "01:00"), ("full_outage", "01:00", "02:00")]
    (incident,) = (await get(sim, "openai", f"{NATIVE}/incidents")).json["incidents"]
    assert incident["status"] == "resolved"
    assert {one["status_page_incident_id"] for one in found["component_impacts"]} == {incident["id"]}


async def test_the_widget_tells_maintenances_by_whether_they_have_begun(sim: Simulator, clock: Clock) -> None:
    sim.declare("groq", maintenance="Work", component="API", seconds=60, notice="60s")
    lists = []
    for now in (0, 60, 120):
        clock.now = now
        found = (await get(sim, "groq", "api/v1/summary")).json
        keys = ("scheduled_maintenances", "in_progress_maintenances", "ongoing_incidents")
        lists.append([[one["status"] for one in found[key]] for key in keys])
    assert lists == [[["maintenance_scheduled"], [], []], [[], ["maintenance_in_progress"], []], [[], [], []]]


@pytest.mark.parametrize("path", ["feed.atom", "feed.rss"])
async def test_the_feeds_list_the_affected_components_with_their_state(sim: Simulator, path: str) -> None:
    sim.declare("openai", component="Responses", state="degraded_performance", incident="Slow")
    (entry,) = await feed(sim, "openai", path)
    text = entry.get("content") or entry["description"]
    assert "<b>Status: Investigating</b>" in text
    assert "<li>Responses (degraded performance)</li>" in text


@pytest.mark.parametrize("path", ["proxy", "proxy/", "proxy/h/nothing", "proxy/h/incidents/more", "nothing"])
async def test_other_paths_are_not_there(sim: Simulator, path: str) -> None:
    assert (await get(sim, "openai", path)).status == 404


def test_the_time_of_a_ulid_can_be_read_from_its_first_ten_characters() -> None:
    made = ulid(NOON + 0.25, "x")
    milliseconds = 0
    for character in made[:10]:
        milliseconds = milliseconds * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(character)
    assert (milliseconds / 1000, len(made)) == (NOON + 0.25, 26)
    assert ulid(NOON, "x") == ulid(NOON, "x") != ulid(NOON, "y")
