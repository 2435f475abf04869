"""Which status pages are read: the section's defaults, its changes to the catalogue, its mistakes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from aiprobe.config.load import load_text
from aiprobe.config.problems import ConfigError
from aiprobe.core.statuspage import StatusPages
from tests.unit.config.builders import KNOWN

MINIMAL = {
    "providers": {"local": {"protocol": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "egress": False}},
    "targets": [{"name": "a", "provider": "local", "model": "m", "probe": "chat"}],
}


def pages_of(section: Mapping[str, Any]) -> StatusPages:
    text = yaml.safe_dump(MINIMAL | {"status_pages": dict(section)})
    return load_text(
        text,
        environ={},
        known=replace(
            KNOWN,
            pages=frozenset({"claude", "openai"}),
            readers=frozenset({"atlassian", "atom"}),
        ),
    ).status_pages


def problems_of(section: Mapping[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        pages_of(section)
    return [f"{problem.path}: {problem.message}; {problem.hint}" for problem in caught.value.problems]


def test_all_pages_are_read_every_two_minutes_by_default() -> None:
    assert pages_of({}) == StatusPages(enabled=True, interval_seconds=120.0, pages={})


def test_a_page_of_the_catalogue_is_changed_and_one_of_your_own_is_added() -> None:
    pages = pages_of(
        {
            "interval": "5m",
            "pages": {
                "claude": {"reader": "atom"},
                "openai": {"enabled": False},
                "mine": {
                    "url": "https://status.example/api/v2/summary.json",
                    "reader": "atlassian",
                    "provider": "local",
                    "components": {"my API": {"id": "abc", "name": "API"}},
                },
            },
        }
    ).pages
    assert pages["claude"].reader == "atom"
    assert not pages["openai"].enabled
    assert dict(pages["mine"].components) == {"my API": ("abc", ("API",))}


def test_a_page_on_this_machine_may_be_read_more_often() -> None:
    home = {"url": "http://127.0.0.1:1/x", "reader": "atlassian", "provider": "p"}
    assert pages_of({"interval": "2s", "pages": {"mine": home}}).interval_seconds == 2.0


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (
            {"pages": {"claude": {"reader": "atim"}}},
            'status_pages.pages.claude.reader: there is no reader named "atim"; ',
        ),
        ({"pages": {"cluade": {}}}, 'status_pages.pages.cluade: the catalogue has no page named "cluade", '),
        ({"pages": {"claude": {"colour": "red"}}}, "status_pages.pages.claude.colour: is not a known key; "),
        (
            {"pages": {"m": {"url": "http://x/", "reader": "atom", "provider": "p", "components": {"S": {}}}}},
            "status_pages.pages.m.components.S: has neither an id nor a name; give one of them",
        ),
        ({"pages": {"claude": {"url": "ftp://x/"}}}, "status_pages.pages.claude.url: "),
    ],
)
def test_a_mistake_is_named_with_its_place(section: Mapping[str, Any], expected: str) -> None:
    (problem,) = problems_of(section)
    assert problem.startswith(expected)


def test_a_name_that_is_nearly_right_gets_a_suggestion() -> None:
    (problem,) = problems_of({"pages": {"cluade": {}}})
    assert "claude" in problem.partition(";")[2]


@pytest.mark.parametrize(
    ("environ", "proxy", "no_proxy"),
    [
        ({}, None, ""),
        ({"HTTPS_PROXY": "http://u:planted@proxy:3128"}, "http://u:planted@proxy:3128", ""),
        ({"https_proxy": "proxy:3128", "no_proxy": "a,b"}, "http://proxy:3128", "a,b"),
        ({"HTTPS_PROXY": "", "NO_PROXY": "a"}, None, "a"),
        ({"HTTPS_PROXY": "socks5://planted:1080"}, None, ""),
    ],
)
def test_the_proxy_of_the_environment_is_a_secret_and_one_that_cannot_be_used_a_warning(
    environ: Mapping[str, str], proxy: str | None, no_proxy: str
) -> None:
    settings = load_text(yaml.safe_dump(MINIMAL), environ=environ, known=KNOWN)
    pages = settings.status_pages
    assert (pages.proxy.reveal() if pages.proxy else None, pages.no_proxy) == (proxy, no_proxy)
    assert pages.proxy is None or pages.proxy in settings.secrets
    assert ("HTTPS_PROXY" in str(settings.warnings)) == ("socks5" in str(environ))
    assert "planted" not in str(settings.warnings)
