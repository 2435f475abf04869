"""A closed incident that states something else later has a new revision, with what was restated and why."""

import json
from typing import Any

import pytest

from aiprobe.core.state import State
from aiprobe.incidents.markdown import incident_markdown
from aiprobe.incidents.observed import IncidentBook
from aiprobe.incidents.parse import incident_from_json
from aiprobe.incidents.published import observed
from aiprobe.incidents.record import Incident
from aiprobe.incidents.schema import incident_json
from aiprobe.incidents.statuspage import document
from aiprobe.incidents.validation import Validator
from tests.unit.incidents.builders import LETTERS, MINUTE, NOON, Prober, a_component, a_notice, claude_chat, play
from tests.unit.incidents.test_observed import the_only
from tests.unit.incidents.test_published import SCHEMA
from tests.unit.incidents.test_resume import restarted

POSTED = NOON + 30 * MINUTE


def declared_late() -> IncidentBook:
    """Return a book whose one incident was over when the page declared it."""
    book = IncidentBook()
    book.declared("anthropic", "Claude API", a_component(), [], NOON)
    play(book, claude_chat(), "gbbbgg", start=NOON)
    notice = a_notice(POSTED, status="resolved", resolved_timestamp_seconds=POSTED)
    book.declared("anthropic", "Claude API", a_component(), [notice], POSTED + 10)
    return book


def failed_again() -> IncidentBook:
    """Return a book whose target fell silent while it failed, and fails still when its probes go on."""
    book = IncidentBook()
    silent, other = Prober(claude_chat()), Prober(claude_chat(name="sonnet", model="sonnet"))
    for minute in range(13):
        if minute < 4 or minute == 12:
            play(book, silent.target, "gbbb"[minute : minute + 1] or "b", start=NOON + minute * MINUTE, prober=silent)
        if minute == 11:
            assert the_only(book).end_timestamp_seconds is not None
        play(book, other.target, "g", start=NOON + minute * MINUTE + 1, prober=other)
    return book


def updates(incident: Incident) -> list[dict[str, Any]]:
    """Return the updates of an incident in the form of a Statuspage, newest first."""
    found = document("incidents", {("anthropic", "Claude API"): State.OPERATIONAL}, [incident], name="a", now=POSTED)
    assert found is not None
    (one,) = found["incidents"]
    return list(one["incident_updates"])


def test_an_incident_that_nothing_restated_is_revision_1_open_and_closed() -> None:
    for letters in ("gbbb", "gbbbgg"):
        book = IncidentBook()
        play(book, claude_chat(), letters, start=NOON)
        record = observed(the_only(book), publisher="us")
        assert (record["revision"], "restated" in record, "published" in record) == (1, False, False)


@pytest.mark.parametrize(
    ("book", "field", "at"),
    [(declared_late(), "declared", "2026-03-02T12:30:10Z"), (failed_again(), "end", "2026-03-02T12:12:00Z")],
    ids=["declared after the end", "failed again"],
)
def test_a_restated_incident_has_a_revision_its_time_and_its_reason(book: IncidentBook, field: str, at: str) -> None:
    incident = the_only(book)
    record = observed(incident, publisher="us")
    (entry,) = record["restated"]
    assert (record["revision"], record["published"], entry["revision"], entry["field"]) == (2, at, 2, field)
    assert Validator(SCHEMA).check(json.dumps(record)) == (1, [])
    assert entry["reason"] in incident_markdown(incident)
    newest = updates(incident)[0]
    assert (newest["created_at"], newest["body"]) == (at, f"Restated: {field}, because {entry['reason']}.")
    assert len({update["id"] for update in updates(incident)}) == len(updates(incident))


@pytest.mark.parametrize("book", [declared_late(), failed_again()], ids=["closed", "open"])
def test_a_restart_keeps_the_revisions(book: IncidentBook) -> None:
    before = the_only(book)
    after = the_only(restarted(book, [], POSTED + MINUTE))
    assert (after.id, after.restated) == (before.id, before.restated)


def test_a_restart_in_an_incident_restates_nothing() -> None:
    """A clean stop writes the open incident as closed, and nobody could read that."""
    book = IncidentBook()
    prober = play(book, claude_chat(), "gbbb", start=NOON)
    under_way = book.under_way()
    book.keep((), NOON + 4 * MINUTE)
    results = [prober.finish(NOON + 4 * MINUTE)]
    again = IncidentBook()
    again.resume(book.recent(), under_way, results, NOON + 5 * MINUTE)
    assert (the_only(again).end_timestamp_seconds, the_only(again).revision) == (None, 1)


def test_an_incident_that_ended_after_it_was_last_saved_is_not_opened_again_by_the_next_one() -> None:
    book = IncidentBook()
    prober = play(book, claude_chat(), "gbbb", start=NOON)
    saved = book.under_way()
    letters = "g" * 15 + "bbb"
    play(book, claude_chat(), letters, start=NOON + 4 * MINUTE, prober=prober)
    (first,), (second,) = book.recent(), book.open()
    results = Prober(claude_chat())
    again = IncidentBook()
    again.resume(
        book.recent(),
        saved,
        [results.finish(NOON + minute * MINUTE, LETTERS[letter][0]) for minute, letter in enumerate(f"gbbb{letters}")],
        NOON + 30 * MINUTE,
    )
    assert again.recent() == (first,)
    assert [one.id for one in again.open()] == [second.id]


def test_a_document_of_an_earlier_version_is_revision_1() -> None:
    before = incident_json(the_only(declared_late()))
    del before["restated"], before["revision"]
    assert incident_from_json(before).revision == 1
