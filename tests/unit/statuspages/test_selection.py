"""Which status pages are read follows from the providers in use and from the operator's words."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aiprobe.core.secret import Secret
from aiprobe.core.statuspage import Page, StatusPages
from aiprobe.statuspages.selection import Route, pages_for, route_to, watch_list
from aiprobe.statuspages.specs import CATALOGUE
from tests.builders import a_provider, a_target

CLAUDE = a_target(
    name="claude",
    surface="Claude API",
    provider=a_provider(name="anthropic", status_page="https://status.claude.com"),
)
OWN = Page(
    key="mine",
    url="https://status.example/api/v2/summary.json",
    reader="atlassian",
    provider="local",
    components={"my API": ("abc", ("API",))},
)


def test_the_pages_of_the_providers_in_use_are_read_once_each() -> None:
    pages = pages_for(StatusPages(), [CLAUDE, CLAUDE, a_target(provider=a_provider(status_page=None))])
    assert [page.key for page in pages] == ["claude"]
    assert pages[0] == CATALOGUE["claude"]


def test_no_page_is_read_when_that_is_switched_off_for_all_or_for_one() -> None:
    assert pages_for(StatusPages(enabled=False), [CLAUDE]) == ()
    assert list(pages_for(StatusPages(pages={"claude": Page(key="claude", enabled=False)}), [CLAUDE])) == []


def test_a_page_of_the_catalogue_can_be_read_through_its_feed() -> None:
    (page,) = pages_for(StatusPages(pages={"claude": Page(key="claude", reader="atom")}), [CLAUDE])
    assert (page.reader, page.url) == ("atom", CATALOGUE["claude"].feed_url)


def test_an_address_of_your_own_wins_over_the_catalogue_s() -> None:
    changes = Page(key="openai", url="http://127.0.0.1:1/summary.json")
    (page,) = pages_for(StatusPages(pages={"openai": changes}), [])
    assert page.url == "http://127.0.0.1:1/summary.json"
    assert page.incidents_url == ""
    assert page.components == CATALOGUE["openai"].components


def test_a_page_of_your_own_needs_no_provider_of_the_catalogue() -> None:
    (page,) = pages_for(StatusPages(pages={"mine": OWN}), [])
    assert (page.key, page.provider, page.reader) == ("mine", "local", "atlassian")
    assert [component.surface for component in page.components] == ["my API"]
    assert page.readable


def test_a_page_that_no_program_can_read_is_named_with_its_reason() -> None:
    unreadable = next(page for page in CATALOGUE.values() if not page.readable)
    target = a_target(provider=a_provider(status_page=unreadable.home))
    (page,) = pages_for(StatusPages(), [target])
    assert not page.readable
    assert page.reason


@pytest.mark.parametrize(("region", "expected"), [("us-east-1", 1), ("", 0)])
def test_a_component_per_region_is_watched_for_the_regions_in_use(region: str, expected: int) -> None:
    page = CATALOGUE["aws"]
    surface = next(component.surface for component in page.components if "{region}" in component.id)
    target = a_target(surface=surface, provider_region=region, provider=a_provider(name=page.provider))
    watched = [component.id for component in watch_list(page, [target])]
    assert sum(region in name for name in watched if region) == expected
    assert not any("{" in name for name in watched)


THEIRS, OURS = Secret("http://theirs:1"), Secret("http://ours:1")


@pytest.mark.parametrize(
    ("settings", "provider", "url", "expected"),
    [
        (StatusPages(), {}, None, Route()),
        (StatusPages(proxy=OURS), {}, None, Route(OURS)),
        (StatusPages(proxy=OURS), {"proxy": THEIRS, "ca_file": "/ca.pem"}, None, Route(THEIRS, "/ca.pem")),
        (StatusPages(proxy=OURS), {"name": "another"}, None, Route(OURS)),
        (StatusPages(), {"name": "another", "status_page": None, "proxy": THEIRS}, None, Route()),
        (StatusPages(proxy=OURS, no_proxy="x.test,.claude.com"), {}, None, Route()),
        (StatusPages(proxy=OURS, no_proxy="*"), {"proxy": THEIRS}, None, Route(THEIRS)),
        (StatusPages(proxy=OURS, no_proxy="claude.co"), {}, None, Route(OURS)),
        (StatusPages(proxy=OURS), {}, "http://status.example/a", Route()),
        (StatusPages(proxy=OURS), {}, "https://127.0.0.1:1/a", Route()),
    ],
)
def test_a_page_is_reached_as_its_provider_is_or_as_the_environment_says(
    settings: StatusPages, provider: Mapping[str, Any], url: str | None, expected: Route
) -> None:
    target = replace(CLAUDE, provider=replace(CLAUDE.provider, **provider))
    page = replace(CATALOGUE["claude"], url=url or CATALOGUE["claude"].url)
    assert route_to(page, settings, [target]) == expected
