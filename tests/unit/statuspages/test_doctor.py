"""Pages that move, freeze, lose a component or hide: what is said of each, and that none reads as operational."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from aiohttp import web

from aiprobe.core.state import State
from aiprobe.core.statuspage import PROBLEMS, PageSnapshot, Reading
from aiprobe.statuspages import READERS
from aiprobe.statuspages.doctor import diagnose, in_words
from aiprobe.statuspages.fetch import PageFetcher
from aiprobe.statuspages.poll import SEARCH_EVERY_SECONDS, PagePoller
from aiprobe.statuspages.specs import (
    CATALOGUE,
    DAY_SECONDS,
    FROZEN_AFTER_DAYS,
    ComponentSpec,
    PageSpec,
    age_days,
    watched,
)
from tests.clock import ManualClock
from tests.unit.statuspages.builders import (
    a_component,
    a_datadog,
    a_summary,
    an_rss,
    an_rss_item,
    as_json,
    unix,
)
from tests.unit.statuspages.servers import a_server

API = ComponentSpec(surface="API", id="k8w3r06qmzrp", names=("Claude API", "Chat"))
NOW = unix("2026-03-20T00:00:00Z")
HTML = "<!doctype html><html><head><title>Status</title></head></html>"
GOOD = READERS["atlassian"](as_json(a_summary()), options={})
Answer = Callable[[], web.Response]


def as_html(text: str = HTML, status: int = 200) -> Answer:
    return lambda: web.Response(text=text, content_type="text/html", status=status)


def as_data(document: object) -> Answer:
    return lambda: web.Response(body=as_json(document), content_type="application/json")


def a_page(url: str = "", **changes: object) -> PageSpec:
    page = PageSpec(key="p", display_name="P", provider="acme", reader="atlassian", url=url, components=(API,))
    return replace(page, **changes)  # type: ignore[arg-type]  # any of its fields


async def polled(
    places: dict[str, Answer], *, first: Answer | None = None
) -> tuple[PagePoller, PageSnapshot, list[str]]:
    """Poll a page once well, where `first` is given, and once when its server has `places` only."""
    asked: list[str] = []
    answers = {"/api/v2/summary.json": first} if first else places

    async def respond(request: web.Request) -> web.Response:
        asked.append(request.path)
        found = answers.get(request.path)
        return found() if found else web.Response(status=404, text="nothing")

    clock, fetcher = ManualClock(), PageFetcher(timeout_seconds=5.0)
    async with a_server(respond) as url:
        poller = PagePoller(
            a_page(f"{url}/api/v2/summary.json"), fetcher=fetcher, clock=clock.clock, listener=lambda _: None
        )
        if first:
            await poller.poll()
            answers, asked = places, []
        snapshot = await poller.poll()
        again = await poller.poll()
        assert (again.up, again.problems) == (snapshot.up, snapshot.problems)
    await fetcher.close()
    return poller, snapshot, asked


def as_seen(snapshot: PageSnapshot) -> PageSnapshot:
    return diagnose({"p": (a_page(), snapshot)}, NOW)["p"]


SUMMARY = "/api/v2/summary.json"
CASES = [
    ("moved", {}),
    ("moved", {SUMMARY: lambda: web.Response(status=410)}),
    ("moved", {SUMMARY: lambda: web.Response(status=301, headers={"Location": "http://127.0.0.1:1/services"})}),
    ("html", {SUMMARY: as_html()}),
    ("html", {SUMMARY: lambda: web.Response(text=HTML, content_type="application/json")}),
    ("challenge", {SUMMARY: as_html("<title>Just a moment...</title>")}),
    ("challenge", {SUMMARY: as_html(status=403)}),
    ("challenge", {SUMMARY: as_html(status=405)}),
    ("unreachable", {SUMMARY: as_html(status=503)}),
    ("unreachable", {SUMMARY: lambda: web.json_response({}, status=429)}),
    ("unreadable", {SUMMARY: as_data({"message": "hello"})}),
    ("unreadable", {SUMMARY: as_data({"page": {"status": "UP"}})}),
]


@pytest.mark.parametrize(("problem", "places"), CASES)
async def test_one_poll_recognises_what_is_wrong_and_nothing_reads_as_operational(
    problem: str, places: dict[str, Answer]
) -> None:
    _, snapshot, _ = await polled(places, first=as_data(a_summary()))
    seen = as_seen(snapshot)
    assert (seen.up, seen.problems) == (False, (problem,))
    assert [one.component.state for one in seen.watched] == [None]
    assert PROBLEMS[problem] in in_words(seen)


async def test_a_page_that_moved_to_another_platform_is_found_and_read_there() -> None:
    found = a_datadog(components=[{"id": "x", "name": "Chat", "status": "partial_outage", "type": "Component"}])
    poller, snapshot, asked = await polled({"/config.json": as_data(found)}, first=as_data(a_summary()))
    seen = as_seen(snapshot)
    assert (seen.up, seen.problems) == (True, ("moved",))
    assert [one.component.state for one in seen.watched] == [State.PARTIAL_OUTAGE]
    assert "config.json" in snapshot.detail
    assert asked.count("/index.json") == 0, "the search ends where the page is found"
    assert poller.snapshot.up


async def test_another_platform_at_the_same_address_is_read_and_said() -> None:
    feed = an_rss(an_rss_item("Errors", "Status: Investigating"))
    places = {SUMMARY: lambda: web.Response(body=feed, content_type="application/rss+xml")}
    _, snapshot, _ = await polled(places, first=as_data(a_summary()))
    assert (snapshot.up, snapshot.problems) == (True, ("moved",))
    assert [one.component.state for one in as_seen(snapshot).watched] == [None]


async def test_a_page_of_somebody_else_is_not_taken_for_the_one_that_moved() -> None:
    strangers = a_datadog(components=[{"id": "x", "name": "Workers", "status": "operational", "type": "Component"}])
    _, snapshot, _ = await polled({"/config.json": as_data(strangers)}, first=as_data(a_summary()))
    assert (snapshot.up, snapshot.problems) == (False, ("moved",))


async def test_a_page_that_is_gone_is_searched_for_once_an_hour() -> None:
    asked: list[str] = []

    async def respond(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=404)

    clock, fetcher = ManualClock(), PageFetcher(timeout_seconds=5.0)
    async with a_server(respond) as url:
        page = a_page(f"{url}{SUMMARY}")
        poller = PagePoller(page, fetcher=fetcher, clock=clock.clock, listener=lambda _: None)
        for _ in range(3):
            await poller.poll()
        assert asked.count("/config.json") == 1
        clock.now += SEARCH_EVERY_SECONDS
        await poller.poll()
    await fetcher.close()
    assert asked.count("/config.json") == 2


async def test_a_component_that_is_lost_is_a_problem_of_a_page_that_can_be_read() -> None:
    _, snapshot, _ = await polled({SUMMARY: as_data(a_summary(components=[a_component(id="other", name="Other")]))})
    seen = as_seen(snapshot)
    assert (seen.up, seen.problems) == (True, ("lost_component",))
    assert [one.component.state for one in seen.watched] == [None]


def snapshot_of(
    *, edited_days_ago: float | None = 0.0, problems: Sequence[str] = (), up: bool = True, key: str = "p"
) -> PageSnapshot:
    """A page on which all is well, as it was edited so many days before `NOW`."""
    updated = None if edited_days_ago is None else NOW - edited_days_ago * DAY_SECONDS
    reading: Reading = replace(GOOD, updated_timestamp_seconds=updated)
    return PageSnapshot(
        page=key,
        up=up,
        reading=reading,
        polled_timestamp_seconds=NOW,
        watched=(watched(reading, API),),
        problems=tuple(problems),
    )


def test_a_page_is_frozen_after_the_bound_of_its_entry_and_not_before() -> None:
    bound = 30.0
    page = a_page(frozen_after_days=bound)
    before = diagnose({"p": (page, snapshot_of(edited_days_ago=bound))}, NOW)["p"]
    after = diagnose({"p": (page, snapshot_of(edited_days_ago=bound + 0.01))}, NOW)["p"]
    assert (before.problems, before.watched[0].component.state) == ((), State.OPERATIONAL)
    assert (after.problems, after.watched[0].component.state, after.up) == (("frozen",), None, True)
    assert after.reading is not None
    assert after.reading.incidents == (), "what was open when the page froze is no word about today"


def test_a_page_without_a_date_of_its_own_is_never_called_frozen() -> None:
    assert diagnose({"p": (a_page(), snapshot_of(edited_days_ago=None))}, NOW)["p"].problems == ()


@pytest.mark.parametrize(
    ("others_days", "frozen"), [((), True), ((1.0,), True), ((500.0,), False), ((500.0, 1.0), True)]
)
def test_a_page_is_frozen_only_while_another_of_its_platform_moves(
    others_days: tuple[float, ...], frozen: bool
) -> None:
    pages = {"p": (a_page(), snapshot_of(edited_days_ago=FROZEN_AFTER_DAYS + 1))}
    for number, days in enumerate(others_days):
        pages[f"o{number}"] = (a_page(key=f"o{number}"), snapshot_of(edited_days_ago=days, key=f"o{number}"))
    assert (diagnose(pages, NOW)["p"].problems == ("frozen",)) is frozen


@pytest.mark.parametrize(
    ("pages", "problem"),
    [
        ((("atlassian", False), ("atlassian", False), ("google", True)), "platform_down"),
        ((("atlassian", False), ("atlassian", True), ("google", True)), "unreachable"),
        ((("atlassian", False), ("google", True)), "unreachable"),
        ((("atlassian", False), ("atlassian", False)), "unreachable"),
        ((("atlassian", False), ("atlassian", False), ("google", False)), "unreachable"),
    ],
)
def test_a_platform_is_down_when_none_of_its_pages_answers_and_another_platform_does(
    pages: Sequence[tuple[str, bool]], problem: str
) -> None:
    known = {
        f"{number}": (
            a_page(key=f"{number}", reader=reader),
            snapshot_of(up=up, problems=() if up else ("unreachable",), key=f"{number}"),
        )
        for number, (reader, up) in enumerate(pages)
    }
    seen = diagnose(known, NOW)["0"]
    assert seen.problems == (problem,)
    assert seen.watched[0].component.state is None


def test_the_age_of_an_entry_counts_from_the_day_on_which_it_was_verified() -> None:
    page = a_page(verified_on="2026-02-18", source="https://example.org")
    assert age_days(page, NOW) == 30.0
    assert age_days(a_page(), NOW) is None


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_an_entry_that_was_verified_names_its_source(key: str) -> None:
    page = CATALOGUE[key]
    assert bool(page.verified_on) == bool(page.source)
    if page.verified_on:
        assert date.fromisoformat(page.verified_on) <= datetime.now(UTC).date()
