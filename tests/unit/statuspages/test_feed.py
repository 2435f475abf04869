"""RSS and Atom: incidents open or resolved where the text tells, component states never."""

import pytest

from aiprobe.statuspages import PageError, feed
from aiprobe.statuspages.feedxml import MAX_ENTRIES
from tests.unit.statuspages.builders import (
    CREATED,
    UPDATED,
    an_atom,
    an_atom_entry,
    an_rss,
    an_rss_item,
    only,
    read,
    unix,
)

RESOLVED = "<p><small>Mar 2, 15:47 UTC</small><br><strong>Resolved</strong> - This is over.</p>"
INVESTIGATING = "<p><small>Mar 2, 11:49 UTC</small><br><strong>Investigating</strong> - We look.</p>"


def test_a_feed_never_tells_of_components() -> None:
    reading = read("rss", an_rss())
    assert (reading.components, reading.components_known, reading.incidents) == ((), False, ())
    assert reading.updated_timestamp_seconds == unix("2026-03-02T12:10:30Z")


def test_the_newest_block_of_a_statuspage_entry_decides() -> None:
    reading = read("atom", an_atom(an_atom_entry("Errors", RESOLVED + INVESTIGATING)))
    incident = only(reading.incidents)
    assert (incident.status, incident.declared_timestamp_seconds) == ("resolved", unix(CREATED))
    assert incident.resolved_timestamp_seconds == int(unix(UPDATED))
    assert incident.url == "https://status.claude.com/incidents/x"
    assert incident.text.startswith("Mar 2, 15:47 UTC Resolved - This is over. Mar 2, 11:49")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Investigating", "investigating"),
        ("Identified", "identified"),
        ("Monitoring", "monitoring"),
        ("Resolved", "resolved"),
        ("Postmortem", "postmortem"),
    ],
)
def test_every_statuspage_word_is_known(word: str, status: str) -> None:
    body = an_atom(an_atom_entry("Errors", f"<p><strong>{word}</strong> - text</p>"))
    incident = only(read("atom", body).incidents)
    assert incident.status == status
    assert (incident.resolved_timestamp_seconds is None) == (status not in {"resolved", "postmortem"})


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Scheduled", "scheduled"),
        ("In progress", "in_progress"),
        ("Verifying", "verifying"),
        ("Completed", "completed"),
    ],
)
def test_a_maintenance_entry_is_no_incident(word: str, status: str) -> None:
    reading = read("atom", an_atom(an_atom_entry("Upgrade", f"<p><strong>{word}</strong> - text</p>")))
    assert (only(reading.maintenances).status, reading.incidents) == (status, ())


def test_a_bold_update_has_the_status_of_the_one_before_it() -> None:
    html = "<p><strong>Update</strong> - More.</p><p><strong>Monitoring</strong> - A fix.</p>" + INVESTIGATING
    assert only(read("atom", an_atom(an_atom_entry("Errors", html))).incidents).status == "monitoring"


def test_xai_tells_status_and_time_of_resolution_in_its_text() -> None:
    text = "<div>Status: RESOLVED</div><div>Resolved: Mon, 02 Mar 2026 15:47:00 GMT</div><div>Investigating</div>"
    incident = only(read("rss", an_rss(an_rss_item("[API] Elevated latency", text))).incidents)
    assert (incident.status, incident.resolved_timestamp_seconds) == ("resolved", unix("2026-03-02T15:47:00Z"))
    assert (incident.name, incident.component_ids) == ("[API] Elevated latency", ("API",))


@pytest.mark.parametrize(
    "text", ["Status: INVESTIGATING", "<b>Status:</b> Identified", "Status: <i>Monitoring</i> the fix"]
)
def test_xai_incidents_may_be_open(text: str) -> None:
    incident = only(read("rss", an_rss(an_rss_item("[API] Errors", text))).incidents)
    assert incident.resolved_timestamp_seconds is None
    assert incident.status in {"investigating", "identified", "monitoring"}


def test_incident_io_lists_the_names_of_affected_components() -> None:
    html = "<b>Status: Identified</b><br/><br/>"
    html += "<b>Affected components</b><ul><li>Chat Completions (Degraded)</li><li>Responses</li></ul>"
    incident = only(read("atom", an_atom(an_atom_entry("Errors", html))).incidents)
    assert (incident.status, incident.component_ids) == ("identified", ("Chat Completions", "Responses"))


def test_an_entry_that_tells_no_status_is_not_counted() -> None:
    assert read("rss", an_rss(an_rss_item("We moved", "A new page."))).incidents == ()


def test_on_azure_an_entry_is_open_as_long_as_it_is_listed() -> None:
    body = an_rss(an_rss_item("Azure OpenAI Service - East US", "<p>Starting at 10:00 UTC</p>"))
    incident = only(read("rss", body, entries="open", keywords="OpenAI, Foundry").incidents)
    assert (incident.status, incident.resolved_timestamp_seconds) == ("unknown", None)


def test_on_azure_only_entries_with_a_keyword_count() -> None:
    items = [
        an_rss_item("Storage"),
        an_rss_item("Network", "hits azure openai too"),
        an_rss_item("X", category="AI Services"),
    ]
    reading = read("rss", an_rss(*items), entries="open", keywords="OpenAI, AI Services")
    assert [one.name for one in reading.incidents] == ["Network", "X"]


def test_an_aws_feed_has_one_entry_per_update_and_the_newest_decides() -> None:
    def update(title: str, epoch: int) -> str:
        return an_rss_item(
            title,
            guid=f"https://status.aws.amazon.com/#bedrock-us-east-1_{epoch}",
            pubDate=f"Mon, 02 Mar 2026 1{epoch % 10}:00:00 GMT",
        )

    updates = [
        update("Service is operating normally: [RESOLVED] Errors", 1772452803),
        update("Informational message: Errors", 1772452802),
        update("Service degradation: Errors", 1772452801),
    ]
    resolved = only(read("rss", an_rss(*updates), entries="update").incidents)
    assert (resolved.status, resolved.declared_timestamp_seconds) == ("resolved", unix("2026-03-02T11:00:00Z"))
    assert resolved.resolved_timestamp_seconds == unix("2026-03-02T13:00:00Z")
    still = only(read("rss", an_rss(*updates[1:]), entries="update").incidents)
    assert (still.status, still.resolved_timestamp_seconds) == ("investigating", None)
    again = read("rss", an_rss(update("Service disruption: Errors", 1772452804), *updates), entries="update")
    assert [one.resolved_timestamp_seconds is None for one in again.incidents] == [True, False]


def test_better_stack_entries_of_one_guid_are_one_incident() -> None:
    items = [
        an_rss_item("Llama recovered", guid="a1", pubDate="Mon, 02 Mar 2026 12:00:00 GMT"),
        an_rss_item("Llama went down", guid="a1"),
        an_rss_item("Qwen went down", guid="b2"),
    ]
    reading = read("rss", an_rss(*items), entries="update")
    assert {one.id: one.status for one in reading.incidents} == {"a1": "resolved", "b2": "investigating"}


def test_an_entry_without_any_date_is_not_counted() -> None:
    assert (
        read("rss", an_rss("<item><title>[API] x</title><description>Status: OPEN</description></item>")).incidents
        == ()
    )


def test_a_long_feed_is_read_as_far_as_its_newest_entries() -> None:
    items = [an_rss_item(f"Incident {i}", "Status: RESOLVED") for i in range(MAX_ENTRIES + 30)]
    incidents = read("rss", b"\xef\xbb\xbf" + an_rss(*items)).incidents
    assert [one.id for one in incidents] == [f"Incident{i}" for i in range(MAX_ENTRIES)]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_an_encoding_that_the_feed_declares_is_honoured(encoding: str) -> None:
    text = (
        an_rss(an_rss_item("Störung", "Status: OPEN"))
        .decode()
        .replace('version="1.0"?', f'version="1.0" encoding="{encoding}"?')
    )
    assert only(read("rss", text.encode(encoding)).incidents).name == "Störung"


def test_feeds_never_open_files_or_addresses() -> None:
    outside = b'<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss version="2.0"><channel><title>x</title></channel></rss>'
    assert read("rss", outside).incidents == ()
    with pytest.raises(PageError):
        read("rss", b"/etc/passwd")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "not well-formed"),
        (an_rss(an_rss_item("x"))[:-12], "not well-formed"),
        (b"<opml/>", "neither RSS nor Atom"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\n <html lang='en'></html>", "HTML"),
        (b"<rss>" + b"<a>" * 10_000, "too deeply"),
        (an_rss("<a/>" * 30_000), "too much"),
        (
            b'<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><rss version="2.0"><channel>&b;</channel></rss>',
            "entities",
        ),
        (b"<?xml version='1.0' encoding='x-nobody'?><rss/>", "encoding"),
        (b"", "empty"),
    ],
)
def test_what_is_no_whole_feed_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(PageError, match=why):
        read("rss", body)


@pytest.mark.parametrize(
    ("inside", "prolog", "problem"),
    [
        (f"<author>{'a' * 201}</author>", "", "an author that is too long"),
        (f"<dc:creator>{'a' * 201}</dc:creator>", "", "an author that is too long"),
        (f"<author>{'a' * 200}</author>", "", ""),
        (f"<author>{'a' * 150}</author>" * 140, "", "too many of them"),
        ("", f"<!--{' ' * 1000}-->", "too much before its first element"),
        ("", f"<!--{' ' * 900}-->", ""),
    ],
)
def test_what_would_take_the_feed_library_for_ever_is_refused(inside: str, prolog: str, problem: str) -> None:
    body = f"{prolog}<rss version='2.0' xmlns:dc='d'><channel><item><title>t</title>{inside}</item></channel></rss>"
    if not problem:
        assert feed.read(body.encode(), options={}).incidents == ()
        return
    with pytest.raises(PageError, match=problem):
        feed.read(body.encode(), options={})


def test_components_of_a_list_are_read_with_blanks_around_them() -> None:
    text = "Affected components <ul><li>  API (Operational) </li><li>\tConsole</li><li>" + " " * 4000
    reading = feed.read(an_rss(an_rss_item("[API] down", f"Status: Investigating {text}")), options={})
    assert reading.incidents[0].component_ids[-2:] == ("API", "Console")
