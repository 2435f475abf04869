"""Google Cloud, Better Stack, AWS, Azure and xAI over a real socket: each in its own shape, words and encoding."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from aiprobe_simulator import PAGES, Simulator
from tests.unit.simulator.pagebuilders import Clock, a_world, aws_events, feed, get

GEMINI = "Z0FZJAMvEB4j3NbCJs6B"
WORDS = [
    ("operational", "SERVICE_INFORMATION", "low", "1", "operational"),
    ("under_maintenance", "SERVICE_INFORMATION", "low", "1", "maintenance"),
    ("degraded_performance", "SERVICE_INFORMATION", "low", "1", "degraded"),
    ("partial_outage", "SERVICE_DISRUPTION", "medium", "2", "degraded"),
    ("major_outage", "SERVICE_OUTAGE", "high", "3", "downtime"),
]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(clock: Clock) -> AsyncIterator[Simulator]:
    async with a_world(clock) as simulator:
        yield simulator


async def test_google_lists_an_incident_by_product_id_ahead_of_the_rest_of_the_cloud(
    sim: Simulator, clock: Clock
) -> None:
    number = sim.declare(
        "google", component=GEMINI, state="partial_outage", incident="Errors", locations=["us-central1"], backdated="1h"
    )
    reply = await get(sim, "google", "incidents.json")
    first, other = reply.json
    assert [one["id"] for one in first["affected_products"]] == [GEMINI]
    assert GEMINI not in {one["id"] for one in other["affected_products"]}
    assert "end" not in first
    assert (first["begin"], first["created"]) == ("2026-10-01T11:00:00+00:00", "2026-10-01T12:00:00+00:00")
    assert [one["id"] for one in first["currently_affected_locations"]] == ["us-central1"]
    assert first["uri"] == f"incidents/{first['id']}"
    assert first["most_recent_update"] == first["updates"][0]
    clock.now = 60
    sim.update(number, status="resolved", text="Over.")
    over = (await get(sim, "google", "incidents.json")).json[0]
    assert (over["end"], over["most_recent_update"]["status"]) == ("2026-10-01T12:01:00+00:00", "AVAILABLE")
    assert (over["status_impact"], [one["status"] for one in over["updates"]]) == (
        "SERVICE_DISRUPTION",
        ["AVAILABLE", "SERVICE_DISRUPTION"],
    )
    assert (over["currently_affected_locations"], len(over["previously_affected_locations"])) == ([], 1)


@pytest.mark.parametrize(("state", "impact", "severity", "_", "__"), WORDS)
async def test_every_impact_of_google_is_served(
    sim: Simulator, state: str, impact: str, severity: str, _: str, __: str
) -> None:
    sim.declare("google", component=GEMINI, state=state, incident="x")
    first = (await get(sim, "google", "incidents.json")).json[0]
    assert (first["status_impact"], first["severity"], first["most_recent_update"]["status"]) == (
        impact,
        severity,
        impact,
    )


async def test_google_sends_a_time_of_change_and_does_not_honour_it(sim: Simulator) -> None:
    first = await get(sim, "google", "incidents.json")
    again = await get(sim, "google", "incidents.json", if_modified_since=first.headers["last-modified"])
    assert (first.headers["last-modified"], again.status) == ("Wed, 30 Sep 2026 12:00:00 GMT", 200)


async def test_google_names_its_products_and_has_a_feed(sim: Simulator) -> None:
    products = {one["id"]: one["title"] for one in (await get(sim, "google", "products.json")).json["products"]}
    assert {one.id: one.name for one in PAGES["google"].components}.items() <= products.items()
    sim.declare("google", components=[GEMINI, "Imagen"], incident="Errors", status="resolved")
    assert [one["title"] for one in await feed(sim, "google", "feed.atom")] == ["RESOLVED: Errors"]
    incident = (await get(sim, "google", "incidents.json")).json[0]
    assert (incident["service_name"], len(incident["affected_products"])) == ("Multiple Products", 2)


@pytest.mark.parametrize(("state", "_", "__", "___", "word"), WORDS)
async def test_every_word_of_better_stack_is_served(
    sim: Simulator, state: str, _: str, __: str, ___: str, word: str
) -> None:
    sim.declare("together", component="Chat API", state=state)
    page = (await get(sim, "together", "index.json")).json
    resources = {one["id"]: one["attributes"] for one in page["included"] if one["type"] == "status_page_resource"}
    assert (resources["8301"]["public_name"], resources["8301"]["status"]) == ("Chat API", word)
    assert page["data"]["attributes"]["aggregate_state"] == word


async def test_better_stack_tells_reports_of_three_types(sim: Simulator, clock: Clock) -> None:
    number = sim.declare("together", component="Chat API", state="partial_outage", incident="Errors")
    sim.declare("together", component="Embeddings API", maintenance="Work", seconds=600)
    sim.declare("together", component="Playground", state="major_outage")
    reports = await _reports(sim)
    assert {kind: (one["title"], one["aggregate_state"]) for kind, one in reports.items()} == {
        "manual": ("Errors", "degraded"),
        "maintenance": ("Work", "maintenance"),
        "automatic": ("Playground", "downtime"),
    }
    assert (reports["manual"]["ends_at"], reports["maintenance"]["ends_at"]) == (None, "2026-10-01T12:10:00.000Z")
    clock.now = 60
    sim.update(number, status="resolved")
    assert (await _reports(sim))["manual"]["ends_at"] == "2026-10-01T12:01:00.000Z"


async def _reports(sim: Simulator) -> dict[str, dict[str, Any]]:
    included = (await get(sim, "together", "index.json")).json["included"]
    found = [one["attributes"] for one in included if one["type"] == "status_report"]
    return {one["report_type"]: one for one in found}


async def test_better_stacks_resources_stand_in_a_section(sim: Simulator) -> None:
    included = (await get(sim, "together", "index.json")).json["included"]
    (section,) = [one for one in included if one["type"] == "status_page_section"]
    inside = {one["attributes"].get("status_page_section_id") for one in included if "resource" in one["type"]}
    assert inside == {int(section["id"])}


async def test_better_stacks_feed_groups_an_incident_by_guid(sim: Simulator, clock: Clock) -> None:
    number = sim.declare("together", component="Chat API", state="major_outage", incident="x")
    clock.now = 60
    sim.update(number, status="resolved")
    newest, oldest = await feed(sim, "together", "feed")
    assert (newest["title"], oldest["title"]) == ("Chat API recovered", "Chat API went down")
    assert newest["guid"] == oldest["guid"]


async def test_better_stack_honours_its_etag(sim: Simulator) -> None:
    etag = (await get(sim, "together", "index.json")).headers["etag"]
    assert (await get(sim, "together", "index.json", if_none_match=etag)).status == 304


async def test_aws_answers_in_utf_16_behind_a_byte_order_mark(sim: Simulator) -> None:
    reply = await get(sim, "aws", "public/currentevents")
    assert (reply.body[:2], reply.body[2:].decode("utf-16-be")) == (b"\xfe\xff", "[]")
    assert reply.headers["content-type"] == "application/json;charset=utf-16"


async def test_an_event_of_aws_has_the_keys_of_the_real_one_and_one_service(sim: Simulator) -> None:
    sim.declare(
        "aws", components=["bedrock-us-east-1", "bedrock-us-west-2"], state="partial_outage", incident="Fehler ä"
    )
    first, second = await aws_events(sim)
    assert {one["service"] for one in (first, second)} == {"bedrock-us-east-1", "bedrock-us-west-2"}
    assert {key: first[key] for key in ("date", "region_name", "service_name", "status", "summary")} == {
        "date": "1790856000",
        "region_name": "N. Virginia",
        "service_name": "Amazon Bedrock",
        "status": "2",
        "summary": "Fehler ä",
    }
    assert first["arn"].startswith("arn:aws:health:us-east-1::event/BEDROCK/AWS_BEDROCK_OPERATIONAL_ISSUE/")
    assert set(first["event_log"][0]) == {"summary", "message", "status", "timestamp"}
    assert first["impacted_services"]["bedrock-us-east-1"]["current"] == "2"


@pytest.mark.parametrize(("state", "_", "__", "digit", "___"), WORDS)
async def test_every_digit_of_aws_is_served(sim: Simulator, state: str, _: str, __: str, digit: str, ___: str) -> None:
    sim.declare("aws", component="bedrock-us-east-1", state=state, incident="x")
    (event,) = await aws_events(sim)
    assert (event["status"], event["event_log"][0]["status"]) == (digit, digit)


async def test_aws_lists_an_event_that_is_over_as_0_for_an_hour(sim: Simulator, clock: Clock) -> None:
    number = sim.declare("aws", component="bedrock-us-east-1", state="major_outage", incident="Errors")
    clock.now = 60
    sim.update(number, status="resolved")
    (event,) = await aws_events(sim)
    assert (event["status"], event["summary"]) == ("0", "[RESOLVED] Errors")
    assert [one["status"] for one in event["event_log"]] == ["3", "0"]
    clock.now = 60 + 3_599
    assert len(await aws_events(sim)) == 1
    clock.now = 60 + 3_600
    assert await aws_events(sim) == []


async def test_the_old_feed_of_aws_has_an_item_an_update_of_one_service(sim: Simulator, clock: Clock) -> None:
    number = sim.declare("aws", component="bedrock-us-east-1", state="major_outage", incident="Errors")
    clock.now = 60
    sim.update(number, status="resolved")
    newest, oldest = await feed(sim, "aws", "rss/bedrock-us-east-1.rss")
    assert newest["title"] == "Service is operating normally: [RESOLVED] Errors"
    assert oldest["title"] == "Service disruption: Errors"
    assert newest["guid"].endswith("#bedrock-us-east-1_1790856060")
    assert await feed(sim, "aws", "rss/bedrock-us-west-2.rss") == []
    assert (await get(sim, "aws", "rss/s3-us-east-1.rss")).status == 404


async def test_azures_feed_is_empty_when_all_is_well_and_drops_what_is_over(sim: Simulator) -> None:
    assert await feed(sim, "azure", "en-us/status/feed/") == []
    number = sim.declare(
        "azure", component="Azure OpenAI", state="major_outage", incident="Errors", locations=["East US"]
    )
    (item,) = await feed(sim, "azure", "en-us/status/feed/")
    assert (item["title"], item["category"]) == ("Azure OpenAI - East US - Errors", "East US")
    assert "Impact statement" in item["description"]
    sim.update(number, status="resolved")
    assert await feed(sim, "azure", "en-us/status/feed") == []


async def test_xais_feed_keeps_what_is_over_and_its_api_is_forbidden(sim: Simulator, clock: Clock) -> None:
    number = sim.declare("xai", component="API", state="major_outage", incident="Errors")
    (item,) = await feed(sim, "xai", "feed.xml")
    assert (item["title"], item["description"].startswith("<div>Status: INVESTIGATING</div>")) == ("[API] Errors", True)
    assert "Resolved:" not in item["description"]
    clock.now = 60
    sim.update(number, status="resolved", text="Over ]]> now")
    (item,) = await feed(sim, "xai", "feed.xml")
    assert "<div>Status: RESOLVED</div><div>Resolved: Thu, 01 Oct 2026 12:01:00 GMT</div>" in item["description"]
    assert (await get(sim, "xai", "api/v2/summary.json")).status == 403


@pytest.mark.parametrize("page", PAGES)
async def test_every_page_has_a_front_for_people_and_nothing_else_that_nobody_knows(sim: Simulator, page: str) -> None:
    front = await get(sim, page, "")
    assert (front.status, front.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await get(sim, page, "nothing/here.json")).status == 404


async def test_a_page_answers_to_its_other_name_and_an_unknown_one_is_not_there(sim: Simulator) -> None:
    assert (await get(sim, "google-cloud", "incidents.json")).status == 200
    missing = await get(sim, "mistral", "api/v2/summary.json")
    assert (missing.status, missing.json["error"]["message"]) == (404, "there is no status page 'mistral'")
