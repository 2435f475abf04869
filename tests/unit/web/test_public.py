"""The public status page: what it shows, what it never shows, and that nothing else is on its listener."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiprobe.core.rows import DayRow, IncidentRow
from aiprobe.web.public import GOOD_RATIO, KEPT_SECONDS, POOR_RATIO, colour, headline
from aiprobe.web.server import WebError, start
from tests.clock import ManualClock
from tests.unit.web.builders import (
    NOW,
    FakeControl,
    FakeMetrics,
    Shown,
    World,
    a_server,
    a_target,
    some_ports,
)
from tests.unit.web.test_pages import HOSTILE, Reader
from tests.unit.web.test_security import HASH, a_web_config

TODAY = int(NOW // 86400)
API = ("anthropic", "Claude API")
PUBLIC = {"/status", "/status/style.css", "/status/history.atom", "/status/api/v2/summary.json"}


def shown(**changes: Any) -> Shown:
    """Return one surface with a day of each kind, the oldest without probes."""
    rows = {
        3: DayRow(good=10, bad=0, hours=3),
        2: DayRow(good=90, bad=10, hours=24),
        1: DayRow(good=98, bad=2, hours=24),
    }
    days: dict[int, Mapping[tuple[str, str], DayRow]] = {TODAY - 4: {}}
    days |= {TODAY - age: {API: row} for age, row in rows.items()} | {TODAY: {API: DayRow(good=9, bad=0, hours=20)}}
    incident = IncidentRow(id="i", sentence="It failed.", is_open=True, start_timestamp_seconds=NOW - 60)
    plain = {"rows": [a_target(name="t-secret")], "states": {API: 0}, "days": days, "incidents": [incident]}
    return Shown(**plain | {"is_public": True} | changes)


async def page(**changes: Any) -> str:
    async with a_server(shown=shown(**changes)) as world:
        reply = await world.get("/status")
    assert reply.status == 200
    return reply.text


def bars(html: str) -> list[str | None]:
    return [attributes.get("class") for tag, attributes in Reader(html).tags if tag == "rect"]


async def test_it_shows_state_history_and_incidents_and_links_the_feed() -> None:
    html = await page()
    text = Reader(html).text
    for words in ("Anthropic", "Claude API", "Operational", "Open", "It failed.", "94.52% of probes succeeded, on 4"):
        assert words in text, words
    assert bars(html) == ["none", "part", "poor", "some", "good"]
    assert 'href="status/history.atom"' in html
    assert "98.00% of 100 probes succeeded, in 24 hours of the day" in text


async def test_it_shows_no_target_key_cost_or_script() -> None:
    html = await page()
    for never in ("t-secret", "sk-", "$", "haiku", "<script", "style=", "onclick"):
        assert never not in html, never


@pytest.mark.parametrize("row", [None, DayRow(good=0, bad=0, hours=0)])
def test_a_day_without_a_measurement_is_grey(row: DayRow | None) -> None:
    assert colour(row, TODAY, NOW) == "none"


@pytest.mark.parametrize(
    ("row", "age", "shown_as"),
    [
        (DayRow(good=1, bad=0, hours=1), 1, "part"),
        (DayRow(good=1, bad=0, hours=11), 1, "part"),
        (DayRow(good=1, bad=0, hours=12), 1, "good"),
        (DayRow(good=1, bad=0, hours=10), 0, "part"),
        (DayRow(good=1, bad=0, hours=12), 0, "good"),
        (DayRow(good=995, bad=5, hours=24), 1, "good"),
        (DayRow(good=994, bad=6, hours=24), 1, "some"),
        (DayRow(good=95, bad=5, hours=24), 1, "some"),
        (DayRow(good=94, bad=6, hours=24), 1, "poor"),
        (DayRow(good=0, bad=1, hours=1), 1, "poor"),
    ],
)
def test_a_day_is_green_only_if_half_of_its_hours_were_measured(row: DayRow, age: int, shown_as: str) -> None:
    assert (GOOD_RATIO, POOR_RATIO, round(NOW % 86400 / 3600)) == (0.995, 0.95, 22)
    assert colour(row, TODAY - age, NOW) == shown_as


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ({}, "Nothing is measured now"),
        ({"unknown": 2}, "Nothing is measured now"),
        ({"operational": 1}, "The service is operational"),
        ({"operational": 3}, "All 3 services are operational"),
        ({"operational": 3, "unknown": 1}, "No service is failing: 1 of 4 not measured"),
        ({"operational": 3, "degraded": 1}, "No service is failing: 1 of 4 degraded"),
        ({"operational": 3, "partial_outage": 1}, "1 of 4 services is failing"),
        ({"unknown": 1, "major_outage": 2}, "2 of 3 services are failing"),
    ],
)
def test_the_headline_is_green_only_if_everything_is_measured(states: dict[str, int], words: str) -> None:
    assert headline(states) == words


async def test_a_surface_that_was_never_measured_says_so() -> None:
    html = await page(states={API: None}, days={day: {} for day in range(TODAY - 89, TODAY + 1)})
    assert set(bars(html)) == {"none"}
    assert len(bars(html)) == 90
    assert "not measured" in Reader(html).text
    assert "Operational" not in html


async def test_names_with_markup_are_text() -> None:
    rows = [a_target(provider="anthropic", provider_display_name=HOSTILE, surface=HOSTILE)]
    incident = IncidentRow(id="i", sentence=HOSTILE, is_open=False, start_timestamp_seconds=NOW)
    html = await page(rows=rows, states={("anthropic", HOSTILE): 3}, incidents=[incident])
    assert "<script" not in html
    assert "49" not in Reader(html).text.partition("As of")[0]


async def every_route(world: World) -> set[str]:
    """Return the paths that the private listener serves, each with a name that exists."""
    names = {"{target}": "t-secret", "{part}": "summary", "{name}": "style.css"}
    started = await start(
        some_ports(shown(is_public=False, with_mcp=True), world.metrics, world.control), listen=["127.0.0.1:0"]
    )
    try:
        routes = {resource.canonical for resource in started._runner.app.router.resources()}
    finally:
        await started.close()
    paths = {path for path in routes if "{" not in path} | {"/targets/t-secret", "/static/style.css"}
    return paths | {path.replace(key, name) for path in routes for key, name in names.items() if key in path}


async def test_nothing_else_is_on_its_listener() -> None:
    async with a_server(shown=shown()) as world:
        paths = await every_route(world)
        assert {"/metrics", "/config", "/", "/probe", "/api/v1/incidents", "/-/healthy"} < paths
        for path in sorted(paths | PUBLIC):
            reply = await world.get(path)
            assert reply.status == (200 if path in PUBLIC else 404), path
        for path in sorted(PUBLIC | {"/-/reload"}):
            assert (await world.post(path)).status in {404, 405}, path


async def test_its_pages_have_the_strict_headers() -> None:
    async with a_server(shown=shown()) as world:
        for path in PUBLIC:
            headers = (await world.get(path)).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "script-src" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"


async def test_nobody_signs_in_and_any_name_may_be_its_host(tmp_path: Path) -> None:
    users = a_web_config(tmp_path, f"basic_auth_users:\n  alice: {HASH}\n")
    async with a_server(shown=shown(), config_file=users) as world:
        assert (await world.get("/status", headers={"Host": "status.example.com"})).status == 200
    async with a_server(shown=shown(is_public=False), config_file=users) as world:
        for path in PUBLIC:
            assert (await world.get(path)).status == 401


async def test_readers_share_one_rendering_for_a_while() -> None:
    manual = ManualClock(epoch=NOW)
    async with a_server(shown=shown(), clock=manual.clock) as world:
        first = (await world.get("/status")).text
        await manual.advance(KEPT_SECONDS - 1)
        assert (await world.get("/status")).text == first
        await manual.advance(1)
        assert (await world.get("/status")).text != first  # it has the time at which it was made


async def test_it_has_a_listener_of_its_own_and_an_address_that_cannot_be_used_starts_none() -> None:
    ports = replace(some_ports(shown(is_public=False), FakeMetrics(), FakeControl()), status_addresses=["127.0.0.1:0"])
    running = await start(ports, listen=["127.0.0.1:0"])
    try:
        assert running.status_page is not None
        private, public = running.addresses[0], running.status_page.addresses[0]
        assert private.port != public.port
        for address, path, status in ((private, "/status", 404), (public, "/status", 200), (public, "/metrics", 404)):
            async with aiohttp.ClientSession() as session, session.get(f"{address.url}{path}") as reply:
                assert reply.status == status
        taken = replace(ports, status_addresses=[f"127.0.0.1:{public.port}"])
        with pytest.raises(WebError, match="cannot listen"):
            await start(taken, listen=["127.0.0.1:0"])
    finally:
        await running.close()
    again = await start(ports, listen=[f"127.0.0.1:{private.port}"])
    await again.close()
