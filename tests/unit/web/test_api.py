import json
from types import MappingProxyType

import pytest

from aiprobe.core.model import Attempt, Finished, Provider, Result, Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.probes.chat import ChatProbe
from aiprobe.web.ports import result_row
from tests.unit.web.builders import Shown, a_result, a_server, a_target


async def test_targets_are_listed_with_their_state_and_last_result() -> None:
    async with a_server() as world:
        reply = await world.get("/api/v1/targets")
    (target,) = json.loads(reply.text)["targets"]
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert (target["name"], target["state"], target["state_word"]) == ("haiku-chat", 0, "operational")
    assert target["last"]["outcome"] == "ok"
    assert target["last"]["phases"]["tls"] == 0.031


async def test_a_silent_target_has_no_state_in_the_api_either() -> None:
    async with a_server(shown=Shown(rows=[a_target(silent=True)])) as world:
        (target,) = json.loads((await world.get("/api/v1/targets")).text)["targets"]
    assert (target["state"], target["state_word"], target["silent"]) == (None, "not_probed", True)


async def test_results_are_those_of_the_target_up_to_the_limit() -> None:
    history = [a_result(request_id=f"r{number}", target=("a", "b")[number % 2]) for number in range(10)]
    shown = Shown(rows=[a_target(name="a"), a_target(name="b")], history=history)
    async with a_server(shown=shown) as world:
        some = json.loads((await world.get("/api/v1/results?target=b&limit=2")).text)["results"]
        everything = json.loads((await world.get("/api/v1/results")).text)["results"]
    assert [row["request_id"] for row in some] == ["r1", "r3"]
    assert len(everything) == 10


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "99999999999999999999", "ten", "1.5", "", "٣"])
async def test_a_limit_out_of_bounds_is_refused(limit: str) -> None:
    async with a_server() as world:
        reply = await world.get("/api/v1/results", params={"limit": limit})
    assert (reply.status, reply.text) == (400, "limit should be a whole number from 1 to 1000.\n")


async def test_results_of_an_unknown_target_are_not_an_empty_list() -> None:
    async with a_server() as world:
        assert (await world.get("/api/v1/results?target=nobody")).status == 404


async def test_numbers_that_json_lacks_become_null() -> None:
    shown = Shown(rows=[a_target()], history=[a_result(cost_usd=float("nan"), duration_seconds=float("inf"))])
    async with a_server(shown=shown) as world:
        (row,) = json.loads((await world.get("/api/v1/results")).text)["results"]
    assert (row["cost_usd"], row["duration_seconds"]) == (None, None)


async def test_discovery_offers_each_target_through_probe_at_the_address_that_was_asked() -> None:
    async with a_server() as world:
        reply = await world.get("/sd", headers={"Host": "aiprobe.internal:10529"})
    assert reply.headers["Content-Type"].startswith("application/json")
    assert json.loads(reply.text) == [
        {
            "targets": ["aiprobe.internal:10529"],
            "labels": {
                "__metrics_path__": "/probe",
                "__param_target": "haiku-chat",
                "__meta_aiprobe_target": "haiku-chat",
                "__meta_aiprobe_provider": "anthropic",
                "__meta_aiprobe_account": "anthropic",
                "__meta_aiprobe_surface": "Claude API",
                "__meta_aiprobe_model": "claude-haiku-4-5",
                "__meta_aiprobe_provider_region": "",
                "__meta_aiprobe_probe": "chat",
                "__meta_aiprobe_vantage": "eu-west-1",
            },
        }
    ]


async def test_a_row_of_a_finished_probe_is_flat_redacted_and_ready_for_json() -> None:
    provider = Provider(key="k", name="p", display_name="P", protocol="openai-chat", base_url="http://x.test")
    target = Target(name="t", kind=ChatProbe.kind, provider=provider)
    result = Result(
        outcome=Outcome.AUTH,
        detail="bad key ***",
        request_id="***",
        error_type="***",
        response_model="***",
        phases=MappingProxyType({"tls": 0.5}),
        duration_seconds=1.5,
    )
    finished = Finished(
        target=target, result=result, attempt=Attempt.CONFIRM, verdict=Verdict.EXCLUDED, slo_verdicts={}, state=2
    )
    row = result_row(finished)
    async with a_server(shown=Shown(rows=[a_target(name="t")], history=[row])) as world:
        reply = await world.get("/api/v1/results")
    (told,) = json.loads(reply.text)["results"]
    assert (told["detail"], told["request_id"], told["error_type"]) == ("bad key ***", "***", "***")
    assert (told["outcome"], told["verdict"], told["attempt"], told["state"]) == ("auth", "excluded", "confirm", 2)
    assert told["phases"] == {"tls": 0.5}


async def test_incidents_come_as_json_as_markdown_and_with_their_schema() -> None:
    async with a_server(shown=Shown()) as world:
        told = await world.get("/api/v1/incidents?limit=7")
        assert json.loads(told.text) == {"open": [], "recent": [{"limit": 7}]}
        markdown = await world.get("/api/v1/incidents?format=md")
        assert markdown.text.startswith("# at most ")
        assert markdown.headers["Content-Type"].startswith("text/markdown")
        assert json.loads((await world.get("/api/v1/incidents/schema")).text)["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "limit=1001",
        "format=xml",
        "format=ndjson&since=yesterday",
        "format=ndjson&since=2026-03-02",
    ],
)
async def test_a_wrong_question_for_incidents_is_a_plain_sentence(query: str) -> None:
    async with a_server(shown=Shown()) as world:
        reply = await world.get(f"/api/v1/incidents?{query}")
        assert reply.status == 400
        assert reply.text.endswith(".\n")


async def test_incidents_come_in_the_published_form_one_a_line() -> None:
    async with a_server() as world:
        response = await world.get("/api/v1/incidents?format=ndjson&limit=7&since=1970-01-01T00:01:00Z")
        assert response.headers["Content-Type"].startswith("application/x-ndjson")
        assert json.loads(response.text) == {"limit": 7, "since": 60.0}


async def test_the_feed_of_incidents_is_atom_and_the_board_links_it() -> None:
    async with a_server() as world:
        feed, board = await world.get("/status/history.atom"), await world.get("/")
    assert (feed.status, feed.headers["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    assert '<link rel="alternate" type="application/atom+xml"' in board.text
    assert 'href="status/history.atom"' in board.text


async def test_what_was_observed_is_served_as_a_statuspage() -> None:
    async with a_server() as world:
        summary, unknown = await world.get("/status/api/v2/summary.json"), await world.get("/status/api/v2/users.json")
        assert (summary.status, json.loads(summary.text)) == (200, {"part": "summary"})
        assert unknown.status == 404


async def test_the_verdict_is_asked_for_by_provider_or_account() -> None:
    rows = [a_target(provider="anthropic", account="team-b")]
    async with a_server(shown=Shown(rows=rows)) as world:
        for name in ("anthropic", "team-b"):
            document = json.loads((await world.get(f"/api/v1/verdict?provider={name}")).text)
            assert (document["provider"], document["verdict"]) == ("anthropic", "them")
        statuses = [
            (await world.get(f"/api/v1/verdict{query}")).status
            for query in ("", "?provider=", "?provider=x", "?provider=a&provider=b")
        ]
    assert statuses == [400, 404, 404, 400]
