"""Every reader against bytes that nobody promised: a reading or `PageError`, and never a guess."""

import copy
import html
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiprobe.core.statuspage import IMPACTS, INCIDENT_STATUSES, Reading
from aiprobe.statuspages import READERS, PageError
from aiprobe.statuspages.base import MAX_BODY_BYTES
from tests.unit.statuspages.builders import (
    CHAT_ULID,
    a_betterstack,
    a_cloudflare,
    a_datadog,
    a_datadog_incident,
    a_google_incident,
    a_market,
    a_native_summary,
    a_report,
    a_resource,
    a_section,
    a_summary,
    an_atom,
    an_atom_entry,
    an_aws_event,
    an_incident,
    an_rss,
    an_rss_item,
    as_json,
)

GOOD: dict[str, list[Any]] = {
    "atlassian": [a_summary(incidents=[an_incident()], scheduled_maintenances=[an_incident(status="scheduled")])],
    "incidentio": [
        a_summary(incidents=[an_incident()]),
        a_native_summary(
            affected_components=[{"component_id": CHAT_ULID, "status": "full_outage"}],
            ongoing_incidents=[{"id": CHAT_ULID, "status": "resolved", "updates": [{"to_status": "resolved"}]}],
        ),
    ],
    "google": [[a_google_incident(), a_google_incident(id="b", end="2026-03-02T13:00:00Z")]],
    "betterstack": [a_betterstack([a_section("1", "S"), a_resource("9", "Llama", "degraded"), a_report()])],
    "datadog": [a_datadog(incidents=[a_datadog_incident(), a_datadog_incident(id="i2", resolved=False)])],
    "cloudflare": [a_cloudflare()],
    "market": [a_market(99.5, 80)],
    "aws": [[an_aws_event(), an_aws_event(impacted_services={"bedrock-eu-west-1": {"current": "1"}})]],
}
GOOD["auto"] = [page for pages in GOOD.values() for page in pages]
FEEDS = [an_rss(an_rss_item("[API] x", "Status: RESOLVED")), an_atom(an_atom_entry("x", "<strong>Resolved</strong>"))]
OPTIONS = {"products": "Z0FZJAMvEB4j3NbCJs6B", "services": "bedrock-us-east-1", "locations": "us-central1"}
HTML = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        [
            "operational",
            "resolved",
            "2026-03-02T12:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "0001-01-01",
            "1e999",
            "\ud800",
        ]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def paths(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where every value of a document stands."""
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [here, *(path for key, value in inside for path in paths(value, (*here, key)))]


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of a document with one value replaced."""
    if not path:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def hold(reader: str, body: bytes) -> None:
    """Read a body; whatever comes out is well-formed."""
    try:
        reading = READERS[reader](body, options=OPTIONS)
    except PageError as error:
        refused = str(error)
    else:
        refused = ""
        hold_reading(reading)
    assert refused.isprintable()


def hold_reading(reading: Reading) -> None:
    """Check that everything in a reading is of its closed set, printable and bounded."""
    assert isinstance(reading, Reading)
    for component in reading.components:
        assert component.id
        assert component.word.isprintable()
        assert len(component.word) <= 40
        assert len(component.name) <= 120
    assert reading.uptime_ratio is None or 0 <= reading.uptime_ratio <= 1
    for incident in (*reading.incidents, *reading.maintenances):
        assert incident.impact in IMPACTS
        assert incident.status in INCIDENT_STATUSES
        assert 946684800 <= incident.declared_timestamp_seconds <= 4102444800
        assert len(incident.text) <= 300
        assert (incident.name + incident.text + incident.url).isprintable()
        assert incident.url.isascii()


@settings(max_examples=400)
@given(st.data())
def test_a_json_page_with_any_value_replaced_is_a_reading_or_an_error(data: st.DataObject) -> None:
    reader = data.draw(st.sampled_from(sorted(GOOD)))
    document = data.draw(st.sampled_from(GOOD[reader]))
    for _ in range(data.draw(st.integers(1, 3))):
        document = replaced(document, data.draw(st.sampled_from(paths(document))), data.draw(ODD))
    hold(reader, as_json(document))


@settings(max_examples=300)
@given(st.data())
def test_bytes_changed_anywhere_are_a_reading_or_an_error(data: st.DataObject) -> None:
    reader = data.draw(st.sampled_from(sorted(READERS)))
    good = [as_json(one) for one in GOOD[reader]] if reader in GOOD else FEEDS
    body = bytearray(data.draw(st.sampled_from(good)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    hold(reader, bytes(body))


@settings(max_examples=200)
@given(st.sampled_from(sorted(READERS)), st.binary(max_size=200))
def test_any_bytes_are_a_reading_or_an_error(reader: str, body: bytes) -> None:
    hold(reader, body)


@settings(max_examples=200)
@given(st.text(max_size=60), st.text(max_size=200), st.sampled_from(["incident", "open", "update"]))
def test_any_text_in_a_feed_is_a_reading(title: str, text: str, entries: str) -> None:
    escaped = ["".join(char for char in html.escape(part) if char >= " ") for part in (title, text)]
    body = an_rss(an_rss_item(escaped[0], escaped[1].replace("]]>", ""))).decode().encode("ascii", "xmlcharrefreplace")
    assert READERS["rss"](body, options={"entries": entries}).components == ()


@pytest.mark.parametrize("reader", sorted(READERS))
def test_every_reader_reads_its_own_page(reader: str) -> None:
    for body in [as_json(one) for one in GOOD[reader]] if reader in GOOD else FEEDS:
        reading = READERS[reader](body, options=OPTIONS)
        assert reading.incidents or reading.uptime_ratio is not None


@pytest.mark.parametrize("reader", sorted(READERS))
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n",
        b"\xef\xbb\xbf",
        HTML,
        b"\n" + HTML.lower(),
        b"null",
        b'"operational"',
        b"404 page not found",
        b"[" * 100_000,
        b'{"components":' * 50_000,
        b"[" + b"9" * 5_000 + b"]",
        b"\x00" * 1000,
        b" " * (MAX_BODY_BYTES + 1),
    ],
    ids=lambda body: f"{body[:12]!r}x{len(body)}",
)
def test_what_is_no_page_is_refused_by_every_reader(reader: str, body: bytes) -> None:
    with pytest.raises(PageError):
        READERS[reader](body, options=OPTIONS)


@pytest.mark.parametrize("reader", sorted(GOOD))
def test_a_page_that_was_cut_short_is_refused(reader: str) -> None:
    whole = as_json(GOOD[reader][0])
    for end in range(1, len(whole), 37):
        with pytest.raises(PageError):
            READERS[reader](whole[:end], options=OPTIONS)


@pytest.mark.parametrize("body", FEEDS)
def test_a_feed_that_was_cut_short_is_refused(body: bytes) -> None:
    for end in range(1, len(body), 7):
        with pytest.raises(PageError):
            READERS["rss"](body[:end], options={})


def test_numbers_that_json_does_not_know_do_not_become_times() -> None:
    body = json.dumps(
        [an_aws_event(date=float("nan"), event_log=[{"timestamp": float("inf")}]), an_aws_event()]
    ).encode()
    assert len(READERS["aws"](body, options=OPTIONS).incidents) == 1


@pytest.mark.parametrize("reader", sorted({*READERS} - {"atom", "rss", "auto"}))
@pytest.mark.parametrize(
    "shape",
    [
        "[" + ("[" * 60 + "]" * 60 + ",") * 7_000 + "0]",
        '{"components":[' + "{}," * 250_000 + "{}]}",
        '{"components":[' + "0," * 450_000 + "0]}",
    ],
)
def test_a_page_whose_decoding_would_hold_the_interpreter_is_unreadable(reader: str, shape: str) -> None:
    with pytest.raises(PageError, match="JSON of more than"):
        READERS[reader](shape.encode(), options={})
