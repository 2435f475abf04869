"""Durations, URLs, names and objectives."""

import contextlib
import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.config import values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86400),
        ("1.5s", 1.5),
        ("1m500ms", 60.5),
        (" 30s ", 30),
        ("30", 30),
        (30, 30),
        (0.25, 0.25),
    ],
)
def test_a_duration_is_read_as_seconds(text: Any, seconds: float) -> None:
    assert values.parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "s", "30 s", "\u0663\u0660s", "30x", "1h-30m", "-5s", "0", "0s", 0, -1, "nan", "inf", math.inf, math.nan],
)
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match=r"duration|longer than nothing"):
        values.parse_duration(text)


@pytest.mark.parametrize("value", [True, False, None, [], {}, 10**400])
def test_other_kinds_of_values_are_no_durations(value: Any) -> None:
    with pytest.raises(ValueError, match=r"duration|longer than nothing"):
        values.parse_duration(value)


@given(st.integers(min_value=1, max_value=86_400_000))
def test_a_duration_that_is_written_out_reads_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000

    assert values.parse_duration(values.format_duration(seconds)) == pytest.approx(seconds, rel=1e-5)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.5, "500ms"), (22.5, "22.5s"), (40, "40s"), (60, "1m"), (90, "1m30s"), (86_400, "1d")]
)
def test_a_duration_is_written_as_people_do(seconds: float, text: str) -> None:
    assert values.format_duration(seconds) == text


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example",
        "http://127.0.0.1:8000/v1",
        "https://[::1]:8443/a?b=c#d",
        "https://x.example/a%20b",
        "https://münchen.example/",
        "http://model_server-1:8000/v1",
    ],
)
def test_an_http_url_is_taken_as_it_is(url: str) -> None:
    assert values.check_url(url) == url


@pytest.mark.parametrize(
    "url",
    ["", "x", "//x", "ftp://x", "https://", "https://x:0/", "https://x:99999/", "http://[::1", "https://u@x/", "https://x/\n",
     "javascript:alert(1)", "file:///etc/passwd", "https://x/\x7f", "http://:80/", "http://%zz/v1", "http://a,b/"],
)  # fmt: skip
def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|host|blank|password"):
        values.check_url(url)


@pytest.mark.parametrize("url", ["https://x/v1/", "https://x//", "https://x", "https://x/mcp/?key=a"])
def test_a_base_url_is_kept_as_it_is_written(url: str) -> None:
    assert values.check_base_url(url) == url


@pytest.mark.parametrize("url", ["https://x/#", "https://x/#a"])
def test_a_base_url_ends_with_its_path(url: str) -> None:
    with pytest.raises(ValueError, match="leave it out"):
        values.check_base_url(url)


@pytest.mark.parametrize("url", ["http://proxy:3128", "http://u:p@proxy:3128", "https://proxy:443/"])
def test_a_proxy_may_hold_a_password(url: str) -> None:
    assert values.check_proxy(url) == url


@pytest.mark.parametrize(
    "url", ["proxy:3128", "socks5://proxy:1", "http://", "http://p:0", "http://p:1/x", "http://p:1?x", "http://p:x"]
)
def test_what_is_no_proxy_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="proxy URL"):
        values.check_proxy(url)


@pytest.mark.parametrize("name", ["haiku", "Claude API (api.anthropic.com)", "模型", "a" * 200, "openai/gpt-6"])
def test_a_name_may_hold_what_people_can_see(name: str) -> None:
    assert values.check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "a\tb", "a\nb", "a\x00b", "a\u200bb", "a\u202eb", "a\u2028b", "\ufeffa", "a" * 201]
)
def test_a_name_may_not_hide_anything(name: str) -> None:
    with pytest.raises(ValueError, match=r"empty|blank|character|longer"):
        values.check_name(name)


def test_an_optional_name_may_be_empty() -> None:
    assert values.check_optional_name("") == ""


@pytest.mark.parametrize("percent", [93.06, 93.1, 95, 99.5, 99.999])
def test_an_objective_above_the_reach_of_the_fast_page_is_taken(percent: float) -> None:
    assert values.check_objective(percent) == percent
    assert values.FAST_PAGE_FACTOR * (1 - percent / 100) < 1


@pytest.mark.parametrize("percent", [93.05, 93, 90, 50])
def test_an_objective_at_which_a_complete_outage_would_not_page_is_refused(percent: float) -> None:
    assert values.FAST_PAGE_FACTOR * (1 - percent / 100) >= 1
    with pytest.raises(ValueError, match=r"14\.4 x \(1 - "):
        values.check_objective(percent)


@pytest.mark.parametrize("percent", [0, -1, 100, 101, 0.995, 1])
def test_an_objective_is_a_percentage(percent: float) -> None:
    with pytest.raises(ValueError, match="percent"):
        values.check_objective(percent)


@given(st.text(max_size=40))
def test_no_text_makes_a_check_raise_anything_but_value_errors(text: str) -> None:
    for check in (
        values.parse_duration,
        values.check_url,
        values.check_base_url,
        values.check_proxy,
        values.check_name,
    ):
        with contextlib.suppress(ValueError):
            check(text)


def test_a_body_may_hold_whatever_is_sent_as_json() -> None:
    body = {"logit_bias": {50256: -100}, "stop": ["a", None], "seed": 7, "top_p": 0.5, "user": {"é": True}}
    assert values.check_body(body) is body


@pytest.mark.parametrize("value", [math.inf, [math.nan], {"at": dt.date(2026, 11, 23)}, {1, 2}])
def test_a_body_that_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON cannot"):
        values.check_body({"field": value})
