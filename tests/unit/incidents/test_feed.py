"""The Atom feed of observed incidents: a feed reader and our own reader of status pages read it back."""

import calendar
from typing import Any

import feedparser

from aiprobe.core.clock import Clock
from aiprobe.incidents.feed import ENTRIES, atom
from aiprobe.incidents.keeper import IncidentKeeper
from aiprobe.incidents.observed import IncidentBook
from aiprobe.incidents.statuspage import as_incident
from aiprobe.statuspages.feed import read
from tests.unit.incidents.builders import MINUTE, NOON, claude_chat, play
from tests.unit.incidents.test_observed import the_only
from tests.unit.incidents.test_revisions import POSTED, declared_late, failed_again
from tests.unit.incidents.test_statuspage import Nowhere

NOW = "2026-03-02T13:00:00Z"


def parsed(text: str) -> Any:
    """Return a feed as feedparser reads it; it finds nothing wrong with it."""
    found = feedparser.parse(text.encode())
    assert not found.bozo
    return found


def feed_of(*books: IncidentBook) -> str:
    """Return the feed of the incidents in books."""
    incidents = [as_incident(one, {}, NOON) for book in books for one in (*book.open(), *book.recent())]
    return atom(incidents, name="aiprobe", now=NOW)


def a_book(letters: str) -> IncidentBook:
    book = IncidentBook()
    play(book, claude_chat(), letters, start=NOON)
    return book


def test_a_feed_reader_finds_each_incident_with_its_id_its_times_and_its_updates() -> None:
    book = a_book("gbbbgg")
    found = parsed(feed_of(book))
    (entry,) = found.entries
    assert entry.id == f"urn:aiprobe:incident:{the_only(book).id}"
    assert calendar.timegm(entry.published_parsed) == NOON + MINUTE
    assert calendar.timegm(entry.updated_parsed) == NOON + 4 * MINUTE
    assert found.feed.updated == entry.updated
    (content,) = entry.content
    assert content.type == "text/html"
    assert content.value.index("<strong>Resolved</strong>") < content.value.index("<strong>Investigating</strong>")
    assert "Claude API answered 0 % of calls" in content.value


def test_an_entry_keeps_its_id_and_a_restated_one_is_updated() -> None:
    first, ended, again = (
        parsed(feed_of(book)).entries[0] for book in (a_book("gbbb"), a_book("gbbbgg"), failed_again())
    )
    assert first.id == ended.id == again.id
    assert first.updated < ended.updated < again.updated
    assert "Restated: end" in again.content[0].value
    (late,) = parsed(feed_of(declared_late())).entries
    assert calendar.timegm(late.updated_parsed) == POSTED + 10


def test_an_open_incident_is_not_updated_by_each_probe() -> None:
    assert feed_of(a_book("gbbb")).count("<updated>2026-03-02T12:01:00Z") == 2
    assert parsed(feed_of(a_book("gbbb"))).entries[0].updated == parsed(feed_of(a_book("gbbbbbb"))).entries[0].updated


def test_our_own_reader_of_status_pages_reads_the_state_of_each_incident() -> None:
    for letters, status in (("gbbb", "investigating"), ("gbbbgg", "resolved")):
        (incident,) = read(feed_of(a_book(letters)).encode(), options={}).incidents
        assert (incident.status, incident.declared_timestamp_seconds) == (status, NOON + MINUTE)


def test_a_feed_without_incidents_and_one_with_too_many_are_valid() -> None:
    empty = parsed(atom([], name="aiprobe", now=NOW))
    assert (empty.entries, empty.feed.updated) == ([], NOW)
    many = [as_incident(the_only(a_book("gbbb")), {}, NOON)] * (ENTRIES + 1)
    assert len(parsed(atom(many, name="aiprobe", now=NOW)).entries) == ENTRIES


def test_markup_and_control_characters_of_a_name_stay_text() -> None:
    book = IncidentBook()
    play(book, claude_chat(surface="<b>&\x00\x1b]]>"), "gbbb", start=NOON)
    (entry,) = parsed(feed_of(book)).entries
    assert entry.title_detail.type == "text/plain"
    assert entry.title.startswith("<b>&]]>")
    assert "<b>" not in entry.content[0].value


def test_the_exporter_has_the_feed_of_its_incidents() -> None:
    keeper = IncidentKeeper(Nowhere(), Nowhere(), clock=Clock(wall=lambda: NOON))
    play(keeper.book, claude_chat(), "gbbb", start=NOON)
    assert len(parsed(keeper.feed()).entries) == 1
