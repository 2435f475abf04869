"""Which platform a page is of, by its shape alone."""

import pytest

from aiprobe.core.state import State
from aiprobe.statuspages import PageError
from aiprobe.statuspages.platform import BY_PLATFORM, UNREADABLE, is_challenge, platform_of, platform_of_html
from tests.unit.statuspages.builders import (
    CHAT_ULID,
    a_betterstack,
    a_cloudflare,
    a_datadog,
    a_google_incident,
    a_market,
    a_native_summary,
    a_resource,
    a_summary,
    an_atom,
    an_atom_entry,
    an_aws_event,
    an_rss,
    an_rss_item,
    as_aws,
    as_json,
    component_of,
    read,
)

SHAPES = [
    ("atlassian", as_json(a_summary())),
    ("incidentio", as_json({**a_summary(), "page": {"id": CHAT_ULID, "name": "OpenAI"}})),
    ("incidentio", as_json(a_native_summary())),
    ("incidentio", as_json({"ongoing_incidents": []})),
    ("google", as_json([a_google_incident()])),
    ("betterstack", as_json(a_betterstack([a_resource("9", "Llama", "operational")]))),
    ("aws", as_json([an_aws_event()])),
    ("aws", as_aws([])),
    ("datadog", as_json(a_datadog())),
    ("cloudflare", as_json(a_cloudflare())),
    ("market", as_json(a_market(100))),
    ("instatus", as_json({"page": {"name": "x", "url": "https://x", "status": "UP"}})),
    ("instatus", as_json({"components": [{"id": "a", "name": "API", "status": "OPERATIONAL"}]})),
    ("flashduty", as_json({"page": {"page_id": 6410630422455, "components": []}, "active_changes": []})),
    ("cstate", as_json({"is": "index", "cStateVersion": "5.6", "systems": [{"name": "API", "status": "ok"}]})),
    ("rss", an_rss(an_rss_item("x", "y"))),
    ("atom", an_atom(an_atom_entry("x", "y"))),
    ("", as_json({})),
    ("", as_json([])),
    ("", as_json([[]])),
    ("", as_json("operational")),
    ("", b"<html></html>"),
    ("", b"\x00\x93{]<"),
]
HTML = [
    ("rootly", b'<script src="https://cdn.rootly.com/a.js">'),
    ("flashduty", b'<link href="https://static.flashcat.cloud/statuspage/a.css">'),
    ("instatus", b'<a href="https://instatus.com">Powered by Instatus</a>'),
    ("onlineornot", b"<footer>OnlineOrNot</footer>"),
    ("statuscast", b"<script src=https://cdn.statuscast.com/x.js>"),
    ("checkly", b"<meta content=Checkly>"),
    ("incidentio", b"<script src=https://statuspage.incident.io/x.js>"),
    ("atlassian", b"<script src=https://dka575ofm4ao0.cloudfront.net/statuspage.io/x.js>"),
    ("", b"<h1>It works.</h1>"),
]


@pytest.mark.parametrize(("platform", "body"), SHAPES)
def test_the_shape_of_the_data_names_its_platform(platform: str, body: bytes) -> None:
    assert platform_of(body) == platform


@pytest.mark.parametrize(("platform", "body"), HTML)
def test_the_html_of_a_page_names_its_platform(platform: str, body: bytes) -> None:
    assert platform_of_html(body) == platform


def test_every_platform_is_recognised_by_a_case_above() -> None:
    assert {platform for platform, _ in (*SHAPES, *HTML)} - {""} == BY_PLATFORM.keys() | UNREADABLE


@pytest.mark.parametrize("body", [body for platform, body in SHAPES if platform in UNREADABLE])
def test_a_platform_without_a_reader_is_named_and_not_read(body: bytes) -> None:
    with pytest.raises(PageError, match=platform_of(body)):
        read("auto", body)


def test_a_page_of_no_known_kind_is_not_read() -> None:
    with pytest.raises(PageError, match="no known kind"):
        read("auto", {"message": "hello"})


@pytest.mark.parametrize(
    ("challenged", "headers", "body"),
    [
        (True, {"cf-mitigated": "challenge"}, b""),
        (True, {"x-amzn-waf-action": "captcha"}, b""),
        (True, {}, b"<title>Just a moment...</title>"),
        (True, {}, b"<script src=/cdn-cgi/challenge-platform/x></script>"),
        (False, {"server": "cloudflare"}, b"<title>Status</title>"),
    ],
)
def test_a_challenge_is_known_by_its_headers_or_its_page(
    challenged: bool, headers: dict[str, str], body: bytes
) -> None:
    assert is_challenge(headers, body) is challenged


def test_a_datadog_group_stands_for_its_worst_member() -> None:
    member = {"id": "c1", "name": "Chat", "status": "major_outage", "type": "Component"}
    group = {
        "id": "g1",
        "name": "API",
        "type": "ComponentGroup",
        "components": [{**member, "status": "operational", "id": "c0"}, member],
    }
    reading = read("datadog", a_datadog(components=[group]))
    assert component_of(reading, "g1").state is State.MAJOR_OUTAGE
    assert component_of(reading, "c0").state is State.OPERATIONAL
    odd = read("datadog", a_datadog(components=[{**group, "components": [{**member, "status": "fine"}]}]))
    assert (component_of(odd, "g1").state, component_of(odd, "c1").word) == (None, "fine")


def test_a_datadog_incident_has_the_worst_that_its_timeline_declared() -> None:
    (incident,) = read("datadog", a_datadog()).incidents
    assert (incident.impact, incident.status, incident.is_open) == ("major", "resolved", False)
    assert incident.component_ids == ("c1",)


def test_a_cloudflare_incident_concerns_the_components_that_it_lists() -> None:
    reading = read("cloudflare", a_cloudflare())
    (incident,) = reading.incidents
    assert component_of(reading, "fvgfcmy66tdr").state is State.DEGRADED
    assert (incident.component_ids, incident.is_open, incident.text) == (("fvgfcmy66tdr",), True, "We know the cause.")
