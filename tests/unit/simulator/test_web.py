"""The pages of web products and of connectivity checks, well and ill."""

from collections.abc import AsyncIterator

import pytest

from aiprobe_simulator import Simulator
from tests.unit.simulator.builders import a_request, a_simulator, ask


@pytest.fixture
async def sim() -> AsyncIterator[Simulator]:
    async with a_simulator() as simulator:
        yield simulator


async def test_a_product_has_a_page_that_names_it(sim: Simulator) -> None:
    page = await ask(sim.url, a_request("/web/claude.ai", key=""))
    console = await ask(sim.url, a_request("/web/console", key=""))
    assert (page.status, b"<title>claude.ai</title>" in page.body, b"How can I help" in page.body) == (200, True, True)
    assert b'type="email"' in console.body


async def test_the_name_of_a_product_is_escaped(sim: Simulator) -> None:
    page = await ask(sim.url, a_request("/web/%3Cscript%3E", key=""))
    assert b"<script>" not in page.body
    assert b"&lt;script&gt;" in page.body


@pytest.mark.parametrize(("rest", "status"), [("login", 200), ("go", 302), ("nowhere", 404), ("health.json", 200)])
async def test_a_product_has_further_pages(sim: Simulator, rest: str, status: int) -> None:
    assert (await ask(sim.url, a_request(f"/web/claude.ai/{rest}", key=""))).status == status


async def test_the_health_page_is_json(sim: Simulator) -> None:
    reply = await ask(sim.url, a_request("/web/claude.ai/health.json", key=""))
    assert (reply.headers["content-type"], reply.json["status"]) == ("application/json", "ok")


async def test_a_redirect_loop_leads_to_itself(sim: Simulator) -> None:
    sim.set("claude.ai", fault="redirect_loop")
    reply = await ask(sim.url, a_request("/web/claude.ai/login?a=1", key=""))
    assert (reply.status, reply.headers["location"]) == (302, "/web/claude.ai/login?a=1")


async def test_a_redirect_elsewhere_goes_to_another_origin_and_what_arrives_there_is_seen(sim: Simulator) -> None:
    sim.set("claude.ai", fault="redirect_elsewhere", count=1)
    first = await ask(sim.url, a_request("/web/claude.ai"))
    assert first.headers["location"] == sim.url.replace("127.0.0.1", "localhost") + "/web/claude.ai"
    await ask(sim.url, a_request("/web/claude.ai", key=""))
    assert [seen.credentials for seen in sim.requests.recent] == [True, False]


async def test_a_redirect_can_lead_anywhere(sim: Simulator) -> None:
    sim.set("claude.ai", fault="redirect_elsewhere", params={"location": "http://127.0.0.1:1/"})
    assert (await ask(sim.url, a_request("/web/claude.ai"))).headers["location"] == "http://127.0.0.1:1/"


async def test_connectivity_checks_answer_204_and_200_and_break_one_by_one(sim: Simulator) -> None:
    answers = [await ask(sim.url, a_request(f"/egress/{number}", key="")) for number in (1, 2)]
    assert [(reply.status, reply.body) for reply in answers] == [(204, b""), (200, b"egress=ok\n")]
    sim.set("egress", fault="server_error_500")
    assert (await ask(sim.url, a_request("/egress/1", key=""))).status == 500


async def test_a_challenge_has_the_header_that_gives_it_away(sim: Simulator) -> None:
    sim.set("claude.ai", kind="web", fault="challenge_403")
    reply = await ask(sim.url, a_request("/web/claude.ai", key=""))
    assert (reply.status, reply.headers["cf-mitigated"]) == (403, "challenge")
    assert (await ask(sim.url, a_request("/web/other", key=""))).status == 200


async def test_a_redirect_elsewhere_ends_there(sim: Simulator) -> None:
    sim.set("claude.ai", fault="redirect_elsewhere")
    reply = await ask(sim.url, a_request("/web/claude.ai", key="", headers={"host": "localhost:1"}))
    assert (reply.status, b"<title>claude.ai</title>" in reply.body) == (200, True)
