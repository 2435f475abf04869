"""The pages that we know, and how a surface's component is found on one."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from aiprobe.core.state import State
from aiprobe.core.statuspage import Reading
from aiprobe.statuspages import READERS
from aiprobe.statuspages.specs import (
    CATALOGUE,
    NO_READER,
    ComponentSpec,
    as_feed,
    component_for,
    find,
    page_for_url,
    reader_options,
    watched,
)
from tests.unit.statuspages.builders import (
    a_component,
    a_summary,
    an_rss,
    read,
)

CLAUDE_API = ComponentSpec(surface="Claude API", id="k8w3r06qmzrp", names=("Claude API", "api.anthropic.com"))


def a_reading(*components: dict[str, object]) -> Reading:
    return read("atlassian", a_summary(components=list(components)))


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_every_page_is_readable_or_says_why_not(key: str) -> None:
    page = CATALOGUE[key]
    assert page.key == key
    assert page.display_name
    assert page.provider
    assert page.readable == (page.reader in READERS)
    assert page.readable == bool(page.url and page.components)
    assert bool(page.reason) == (page.reader == NO_READER)


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_every_address_is_https(key: str) -> None:
    page = CATALOGUE[key]
    addresses = [page.home, *page.aliases, page.url, page.incidents_url, page.feed_url]
    assert {urlsplit(address).scheme for address in addresses if address} == {"https"}


@pytest.mark.parametrize("key", sorted(CATALOGUE))
def test_every_component_can_be_matched_and_has_one_surface(key: str) -> None:
    components = CATALOGUE[key].components
    assert all(one.id or one.names for one in components)
    assert len({one.surface.casefold() for one in components}) == len(components)
    assert len({one.id for one in components if one.id}) == len([one for one in components if one.id])


def test_the_surfaces_of_anthropic_are_all_there() -> None:
    assert {one.surface: one.id for one in CATALOGUE["claude"].components} == {
        "claude.ai": "rwppv331jlwc",
        "Claude Console": "0qbwn08sd68x",
        "Claude API": "k8w3r06qmzrp",
        "Claude Code": "yyzkbfz2thpt",
        "Claude Cowork": "bpp5gb3hpjcl",
        "Claude for Government": "0scnb50nvy53",
    }
    assert "robots.txt" in CATALOGUE["claude"].crawlers


def test_a_surface_names_its_component_in_any_case() -> None:
    assert component_for("claude", "CLAUDE.AI") == component_for(CATALOGUE["claude"], "claude.ai")
    assert component_for("openai", "Chat Completions") is not None
    assert component_for("claude", "Claude Desktop") is None
    assert component_for("nobody", "claude.ai") is None


def test_a_regional_component_needs_its_region() -> None:
    bedrock = component_for("aws", "Amazon Bedrock", region="eu-west-1")
    assert bedrock is not None
    assert bedrock.id == "bedrock-eu-west-1"
    assert component_for("aws", "Amazon Bedrock") is None


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://status.claude.com", "claude"),
        ("https://status.anthropic.com/anything", "claude"),
        ("https://anthropic.statuspage.io/api/v2/summary.json", "claude"),
        ("https://replicatestatus.com", "replicate"),
        ("https://azure.status.microsoft/en-us/status", "azure"),
        ("https://example.com", None),
        ("", None),
    ],
)
def test_a_page_is_known_by_its_host(url: str, key: str | None) -> None:
    page = page_for_url(url)
    assert (page.key if page else None) == key


def test_the_components_to_look_for_become_the_readers_option() -> None:
    aws = CATALOGUE["aws"]
    regional = [ComponentSpec(surface="x", id="bedrock-us-east-1"), ComponentSpec(surface="y", id="bedrock-eu-west-1")]
    assert reader_options(aws, regional) == {"services": "bedrock-us-east-1,bedrock-eu-west-1"}
    assert reader_options(aws, aws.components) == {}
    assert reader_options(replace(aws, options={"services": "own"}), regional) == {"services": "own"}
    assert reader_options(CATALOGUE["claude"], CATALOGUE["claude"].components) == {}
    assert (
        "Z0FZJAMvEB4j3NbCJs6B"
        in reader_options(CATALOGUE["google-cloud"], CATALOGUE["google-cloud"].components)["products"]
    )


def test_a_page_can_be_read_through_its_feed_instead() -> None:
    page = as_feed(CATALOGUE["claude"])
    assert (page.reader, page.url, page.key) == ("atom", "https://status.claude.com/history.atom", "claude")
    assert as_feed(CATALOGUE["xai"]).reader == "rss"
    with pytest.raises(ValueError, match="no feed of mistral"):
        as_feed(CATALOGUE["mistral"])


def test_a_component_is_matched_by_its_id_whatever_its_name_is_now() -> None:
    reading = a_reading(
        a_component(id="other", name="Claude API"), a_component(name="Something new", status="major_outage")
    )
    assert watched(reading, CLAUDE_API).component.state is State.MAJOR_OUTAGE


def test_a_component_with_a_new_id_is_matched_by_its_name_then_by_its_beginning() -> None:
    assert find(
        a_reading(a_component(id="new", name="claude api"), a_component(id="b", name="Claude API (EU)")).components,
        CLAUDE_API,
    )
    begun = find(a_reading(a_component(id="new", name="Claude API (api.anthropic.com)")).components, CLAUDE_API)
    assert begun is not None
    assert begun.id == "new"


@pytest.mark.parametrize("name", ["Claude APIs", "The Claude API", "claude.ai", "Anthropic"])
def test_another_name_is_another_component(name: str) -> None:
    assert find(a_reading(a_component(id="new", name=name)).components, CLAUDE_API) is None


def test_names_that_begin_alike_decide_nothing() -> None:
    reading = a_reading(a_component(id="a", name="Claude API (EU)"), a_component(id="b", name="Claude API (US)"))
    assert watched(reading, CLAUDE_API).listed is False


def test_a_component_that_vanished_is_unknown() -> None:
    gone = watched(a_reading(a_component(id="rwppv331jlwc", name="claude.ai")), CLAUDE_API)
    assert (gone.listed, gone.component.state, gone.component.word) == (False, None, "")
    assert (gone.component.id, gone.component.name, gone.surface) == ("k8w3r06qmzrp", "Claude API", "Claude API")


def test_through_a_feed_every_component_is_unknown() -> None:
    assert watched(read("rss", an_rss()), CLAUDE_API).component.state is None
