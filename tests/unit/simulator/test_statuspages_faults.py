"""Status pages that misbehave: each fault on the wire of each kind of page, whom it strikes, and how often."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from xml.etree import ElementTree as ET

import pytest
import trustme

from aiprobe_simulator import PAGE_FAULTS, PAGES, Simulator
from aiprobe_simulator.breaks import BREAKS
from aiprobe_simulator.pages import CANNED
from aiprobe_simulator.statuspages.changes import BODY_CHANGES, VIEW_CHANGES
from tests.unit.simulator.builders import a_request, a_simulator, ask, ask_until
from tests.unit.simulator.pagebuilders import (
    API,
    Clock,
    a_world,
    aws_events,
    get,
    states,
    summary,
)
from tests.unit.simulator.test_server import a_tls_context, trusting

SUMMARY = "api/v2/summary.json"
MAIN = {
    "claude": SUMMARY,
    "openai": SUMMARY,
    "together": "index.json",
    "google": "incidents.json",
    "aws": "public/currentevents",
    "azure": "en-us/status/feed/",
    "xai": "feed.xml",
}
"""One document of each kind of page."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def sim(clock: Clock) -> AsyncIterator[Simulator]:
    async with a_world(clock) as simulator:
        yield simulator


def test_every_fault_has_a_sentence_and_somebody_who_does_it() -> None:
    done = {*BREAKS, *CANNED, *BODY_CHANGES, *VIEW_CHANGES}
    done |= {"slow_headers", "wrong_content_type", "false_304", "stale", "expired", "not_found_404", "server_error_500"}
    done |= {"forbidden_403", "rate_limited_429", "redirect_loop", "redirect_elsewhere"}
    assert set(PAGE_FAULTS) <= done
    for name, fault in PAGE_FAULTS.items():
        assert (fault.name, fault.about.endswith(".")) == (name, True)


@pytest.mark.parametrize(
    ("fault", "status", "header"),
    [
        ("challenge_403", 403, ("cf-mitigated", "challenge")),
        ("challenge_405", 405, ("content-type", "text/html; charset=utf-8")),
        ("forbidden_403", 403, ("content-type", "application/json; charset=utf-8")),
        ("not_found_404", 404, ("content-type", "text/html; charset=utf-8")),
        ("rate_limited_429", 429, ("retry-after", "60")),
        ("server_error_500", 500, ("content-type", "text/html; charset=utf-8")),
        ("bad_gateway_502", 502, ("server", "simulated-gateway")),
        ("unavailable_503_html", 503, ("content-type", "text/html; charset=utf-8")),
        ("html_200", 200, ("content-type", "text/html; charset=utf-8")),
        ("redirect_loop", 302, ("location", "/status/claude/api/v2/summary.json")),
    ],
)
async def test_something_else_comes_in_place_of_the_page(
    sim: Simulator, fault: str, status: int, header: tuple[str, str]
) -> None:
    sim.spoil("claude", fault=fault)
    reply = await get(sim, "claude", SUMMARY)
    assert (reply.status, reply.headers.get(header[0])) == (status, header[1])


async def test_a_redirect_leads_to_the_same_page_on_another_origin_which_is_well(sim: Simulator) -> None:
    sim.spoil("claude", fault="redirect_elsewhere")
    reply = await get(sim, "claude", SUMMARY)
    port = sim.url.rpartition(":")[2]
    assert reply.headers["location"] == f"http://localhost:{port}/status/claude/{SUMMARY}"
    followed = await ask(sim.url, a_request(f"/status/claude/{SUMMARY}", headers={"host": f"localhost:{port}"}))
    assert followed.json["page"]["id"] == "tymt9n04zgry"
    sim.spoil("claude", fault="redirect_elsewhere", params={"location": "https://example.org/"})
    assert (await get(sim, "claude", SUMMARY)).headers["location"] == "https://example.org/"


@pytest.mark.parametrize(
    ("fault", "reset", "raw"),
    [("close_before_reply", False, b""), ("reset_before_reply", True, b""), ("not_http", False, b"\x15\x03")],
)
async def test_the_connection_breaks_without_a_reply(sim: Simulator, fault: str, reset: bool, raw: bytes) -> None:
    sim.spoil("claude", fault=fault)
    reply = await get(sim, "claude", SUMMARY)
    assert (reply.reset, reply.raw[:2], reply.status) == (reset, raw, None)


async def test_a_short_body_ends_before_its_length_and_a_head_can_be_too_long(sim: Simulator) -> None:
    sim.spoil("claude", fault="short_body")
    assert not (await get(sim, "claude", SUMMARY)).complete
    sim.spoil("claude", fault="oversize_head")
    assert len((await get(sim, "claude", SUMMARY)).headers["x-padding"]) == 1 << 20


async def test_a_page_that_hangs_never_answers_and_hurts_no_other(sim: Simulator) -> None:
    sim.spoil("claude", fault="hang_before_headers")

    async def others_answered_then_closed() -> None:
        assert (await get(sim, "openai", SUMMARY)).status == 200
        await sim.close()

    request = a_request(f"/status/claude/{SUMMARY}", key="")
    assert await ask_until(sim.url, request, b"", then=others_answered_then_closed) == (b"", b"")


async def test_a_slow_page_holds_back_its_status_line_and_goes_with_another_fault(sim: Simulator) -> None:
    sim.spoil("claude", fault="slow_headers", params={"delay_seconds": 3_600})
    slow = asyncio.create_task(get(sim, "claude", SUMMARY))
    assert (await get(sim, "openai", SUMMARY)).status == 200
    assert not slow.done()
    await sim.close()
    assert (await slow).raw == b""
    assert sim.world.pages.decide("claude", SUMMARY).delay_seconds == 3_600
    sim.spoil("claude", fault="empty")
    both = sim.world.pages.decide("claude", SUMMARY)
    assert (both.delay_seconds, both.fault and both.fault.name) == (3_600, "empty")


async def test_a_page_that_stalls_sends_its_half_first(sim: Simulator) -> None:
    whole = (await get(sim, "claude", SUMMARY)).body
    sim.spoil("claude", fault="stall")
    request = a_request(f"/status/claude/{SUMMARY}", key="")
    before, after = await ask_until(sim.url, request, b'"tymt9n04zgry"', then=sim.close)
    assert before.endswith(whole[: whole.index(b"tymt9n04zgry") + 13])
    assert len(after) < len(whole)


@pytest.mark.parametrize("page", MAIN)
@pytest.mark.parametrize("fault", sorted(BODY_CHANGES.keys() - {"huge", "stall"}))
async def test_a_spoilt_body_keeps_the_content_type_and_is_no_such_page(sim: Simulator, page: str, fault: str) -> None:
    right = await get(sim, page, MAIN[page])
    sim.spoil(page, fault=fault)
    spoilt = await get(sim, page, MAIN[page])
    assert (spoilt.status, spoilt.headers["content-type"]) == (200, right.headers["content-type"])
    assert spoilt.complete
    assert _meaning(spoilt.body) != _meaning(right.body)
    assert _meaning(right.body) is not None


def _meaning(body: bytes) -> object:
    """What a page says, as far as it is JSON or a feed at all; None for what is neither."""
    try:
        if body.startswith(b"<"):
            root = ET.fromstring(body)
            return [one.tag for one in root] if root.tag in {"rss", "feed"} else None
        return json.loads(body.removeprefix(b"\xfe\xff").decode("utf-16-be" if body[:2] == b"\xfe\xff" else "utf-8"))
    except (ET.ParseError, ValueError, RecursionError):
        return None


@pytest.mark.parametrize("page", MAIN)
async def test_a_huge_page_is_right_and_of_the_size_that_was_asked_for(sim: Simulator, page: str) -> None:
    right = await get(sim, page, MAIN[page])
    sim.spoil(page, fault="huge", params={"bytes": 6_000_000})
    huge = await get(sim, page, MAIN[page])
    assert 6_000_000 <= len(huge.body) <= 6_000_002
    assert _meaning(huge.body) == _meaning(right.body)


async def test_a_wrong_content_type_leaves_the_page_right(sim: Simulator) -> None:
    sim.spoil("claude", fault="wrong_content_type")
    reply = await get(sim, "claude", SUMMARY)
    assert (reply.headers["content-type"], reply.json["page"]["id"]) == ("application/octet-stream", "tymt9n04zgry")


async def test_a_false_304_comes_to_those_who_never_asked(sim: Simulator) -> None:
    sim.spoil("openai", fault="false_304")
    reply = await get(sim, "openai", SUMMARY)
    assert (reply.status, reply.body) == (304, b"")


async def test_a_component_that_is_missing_is_gone_from_list_and_incident(sim: Simulator) -> None:
    sim.declare("claude", component=API, state="major_outage", incident="x")
    sim.spoil("claude", fault="component_missing", params={"component": "Claude API"})
    page = await summary(sim)
    assert API not in {one["id"] for one in page["components"]}
    assert len(page["components"]) == 5
    assert (page["incidents"][0]["components"], page["status"]["indicator"]) == ([], "critical")


async def test_a_component_changes_its_name_or_its_id(sim: Simulator) -> None:
    sim.declare("claude", component=API, state="major_outage", incident="x")
    number = sim.spoil("claude", fault="component_renamed", params={"component": API, "name": "Platform"})
    assert (await summary(sim))["incidents"][0]["components"][0]["name"] == "Platform"
    sim.world.remove(number)
    sim.spoil("claude", fault="component_reissued", params={"component": API})
    page = await summary(sim)
    (new,) = [one["id"] for one in page["components"] if one["name"].startswith("Claude API")]
    assert new != API
    assert [one["id"] for one in page["incidents"][0]["components"]] == [new]
    assert page["incidents"][0]["incident_updates"][0]["affected_components"][0]["code"] == new


async def test_all_components_change_where_none_is_named(sim: Simulator) -> None:
    sim.spoil("claude", fault="component_renamed")
    assert [one["name"] for one in (await summary(sim))["components"]][:2] == ["Renamed part 1", "Renamed part 2"]
    sim.spoil("claude", fault="component_missing")
    assert (await summary(sim))["components"] == []


async def test_a_word_that_nobody_knows_is_served_by_every_kind_of_page(sim: Simulator) -> None:
    for page, component in (
        ("claude", API),
        ("together", "Chat API"),
        ("google", "Imagen"),
        ("aws", "bedrock-us-east-1"),
    ):
        sim.declare(page, component=component, state="major_outage", incident="x")
        sim.spoil(page, fault="unknown_word", params={"component": component, "word": "on_fire"})
    page = await summary(sim)
    assert {one["id"]: one["status"] for one in page["components"]}[API] == "on_fire"
    assert page["incidents"][0]["impact"] == "on_fire"
    assert (await get(sim, "together", "index.json")).json["data"]["attributes"]["aggregate_state"] == "on_fire"
    assert (await get(sim, "google", "incidents.json")).json[0]["status_impact"] == "ON_FIRE"
    assert (await aws_events(sim))[0]["status"] == "on_fire"


async def test_a_stale_page_stays_as_it_was_when_the_fault_began(sim: Simulator, clock: Clock) -> None:
    sim.declare("claude", component=API, state="partial_outage")
    clock.now = 10
    before = await get(sim, "claude", SUMMARY)
    sim.spoil("claude", fault="stale", seconds=60)
    clock.now = 20
    sim.declare("claude", component="Claude Code", state="major_outage")
    assert (await get(sim, "claude", SUMMARY)).body == before.body
    clock.now = 70
    assert await states(sim) == {"Claude API": "partial_outage", "Claude Code": "major_outage"}


async def test_an_expired_copy_says_that_all_is_well_and_how_old_it_is(sim: Simulator) -> None:
    sim.declare("claude", component=API, state="major_outage", incident="x")
    sim.spoil("claude", fault="expired", params={"age_seconds": 7_200})
    reply = await get(sim, "claude", SUMMARY)
    assert (reply.headers["age"], reply.json["incidents"], reply.json["status"]["indicator"]) == ("7200", [], "none")


async def test_a_page_answers_over_tls_with_whatever_certificate_there_is() -> None:
    authority = trustme.CA()
    request = a_request(f"/status/claude/{SUMMARY}", key="")
    async with a_simulator(tls=a_tls_context(authority)) as sim:
        assert (await ask(sim.tls_url, request, ssl=trusting(authority))).json["page"]["name"] == "Claude"
    async with a_simulator(tls=a_tls_context(authority, expired=True)) as sim:
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            await ask(sim.tls_url, request, ssl=trusting(authority))


async def test_a_fault_of_one_path_leaves_the_others_alone(sim: Simulator) -> None:
    sim.spoil("openai", fault="server_error_500", path="*/incidents.json")
    statuses = [(await get(sim, "openai", path)).status for path in (SUMMARY, "api/v2/incidents.json")]
    assert statuses == [200, 500]


async def test_a_fault_strikes_one_page_or_all_of_them_and_never_a_service(sim: Simulator) -> None:
    sim.spoil("google-cloud", fault="server_error_500")
    assert [(await get(sim, page, MAIN[page])).status for page in ("google", "aws")] == [500, 200]
    sim.spoil("*", fault="not_found_404")
    assert {(await get(sim, page, "")).status for page in PAGES} == {404}
    assert (await ask(sim.url, a_request("/anthropic/v1/models"))).status == 200


async def test_a_fault_of_a_service_never_strikes_the_page_of_the_same_name(sim: Simulator) -> None:
    sim.set("*", fault="server_error_500")
    assert (await ask(sim.url, a_request("/openai/v1/models"))).status == 500
    assert (await get(sim, "openai", SUMMARY)).status == 200


async def test_counts_shares_and_the_later_fault_decide_who_is_struck(sim: Simulator) -> None:
    sim.spoil("claude", fault="server_error_500", count=2)
    assert [(await get(sim, "claude", SUMMARY)).status for _ in range(4)] == [500, 500, 200, 200]
    assert sim.world.pages.faults() == []
    sim.spoil("claude", fault="server_error_500", share=0.5)
    statuses = [(await get(sim, "claude", SUMMARY)).status for _ in range(60)]
    assert 15 <= statuses.count(500) <= 45
    sim.spoil("claude", fault="forbidden_403")
    assert (await get(sim, "claude", SUMMARY)).status == 403


async def test_requests_for_pages_are_counted_with_what_was_done_to_them(sim: Simulator) -> None:
    sim.spoil("claude", fault="challenge_405", count=1)
    await get(sim, "claude", SUMMARY)
    await get(sim, "claude", SUMMARY, cookie="a=b")
    seen = [(one.provider, one.kind, one.path, one.fault, one.credentials) for one in sim.requests.recent]
    path = f"/status/claude/{SUMMARY}"
    assert seen == [("claude", "status", path, "challenge_405", False), ("claude", "status", path, None, True)]
    assert sim.requests.count(provider="claude", kind="status") == 2


async def test_a_page_is_only_read(sim: Simulator) -> None:
    path = f"/status/claude/{SUMMARY}"
    posted = await ask(sim.url, a_request(path, {}))
    assert (posted.status, posted.headers["allow"]) == (405, "GET, HEAD")
    head = await ask(sim.url, a_request(path, method="HEAD"))
    assert (head.status, head.body, head.headers["content-type"]) == (200, b"", "application/json; charset=utf-8")
