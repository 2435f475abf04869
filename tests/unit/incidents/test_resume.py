"""An incident that is open at a stop goes on after the restart: same id, same start, all its counts, and the gap."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from aiprobe.core.model import Finished, Target
from aiprobe.incidents.observed import IncidentBook
from aiprobe.incidents.parse import incident_from_json
from aiprobe.incidents.record import Incident
from aiprobe.incidents.schema import incident_json
from aiprobe.incidents.text import sentence
from tests.builders import a_target
from tests.unit.incidents.builders import LETTERS, MINUTE, NOON, Prober, a_component, a_notice, anthropic, play

TARGET = a_target(provider=anthropic(), surface="Claude API", interval_seconds=MINUTE)


def finished(target: Target, letters: str, *, start: float = NOON) -> list[Finished]:
    """Return one probe a letter, a minute apart, with the states that the scheduler gives them."""
    prober = Prober(target)
    return [
        prober.finish(start + number * MINUTE, LETTERS[letter][0], http_status=LETTERS[letter][1])
        for number, letter in enumerate(letters)
    ]


def restarted(book: IncidentBook, results: Sequence[Finished], at: float) -> IncidentBook:
    """Return a new book that went through the disk: JSON documents and the last results."""
    again = IncidentBook()
    ended, under_way = ([incident_from_json(json.loads(json.dumps(incident_json(one)))) for one in incidents]
                        for incidents in (book.recent(), book.under_way()))  # fmt: skip
    again.resume(ended, under_way, results, at)
    return again


def record(book: IncidentBook, results: Sequence[Finished]) -> None:
    for one in results:
        book.record(one, one.result.started_timestamp_seconds)


def counts(incident: Incident) -> dict[str, Any]:
    document = incident_json(incident)
    return {key: value for key, value in document.items() if key not in {"gaps", "sentence"}}


@pytest.mark.parametrize("stop", range(3, 14))
def test_a_restart_in_the_middle_changes_nothing_but_the_gap(stop: int) -> None:
    results = finished(TARGET, "ggggbbbbbbbbgg")
    whole, first = IncidentBook(), IncidentBook()
    record(whole, results)
    record(first, results[:stop])
    second = restarted(first, results[:stop], NOON + stop * MINUTE - 10)
    record(second, results[stop:])
    (one,), (other,) = whole.recent(), second.recent()
    assert counts(other) == counts(one)
    was_open = 7 <= stop < 14
    assert other.gaps == (((NOON + (stop - 1) * MINUTE, NOON + stop * MINUTE - 10),) if was_open else ())


def test_what_was_recorded_after_the_last_save_is_counted_once() -> None:
    results = finished(TARGET, "ggbbbbbbbb")
    saved, whole = IncidentBook(), IncidentBook()
    record(saved, results[:6])
    record(whole, results)
    again = restarted(saved, results, NOON + 10 * MINUTE)
    (one,), (other,) = whole.open(), again.open()
    assert counts(other) == counts(one)


def test_an_incident_that_nobody_saved_begins_with_the_results_of_the_journal() -> None:
    results = finished(TARGET, "ggbbbbb")
    whole = IncidentBook()
    record(whole, results)
    again = restarted(IncidentBook(), results, NOON + 7 * MINUTE)
    assert [one.id for one in again.open()] == [one.id for one in whole.open()]


def test_an_incident_that_ended_before_the_stop_is_closed_at_the_restart() -> None:
    results = finished(TARGET, "ggbbbbgg")
    saved = IncidentBook()
    record(saved, results[:6])
    again = restarted(saved, results, NOON + 9 * MINUTE)
    (closed,) = again.recent()
    assert (again.open(), closed.end_timestamp_seconds, closed.end_observed) == ((), NOON + 6 * MINUTE, True)


def test_an_incident_whose_targets_are_gone_is_closed_where_it_was_last_seen() -> None:
    book = IncidentBook()
    play(book, TARGET, "gbbbb", start=NOON)
    again = restarted(book, [], NOON + 6 * MINUTE)
    (closed,) = again.recent()
    assert (closed.end_timestamp_seconds, closed.end_observed) == (NOON + 4 * MINUTE, False)
    assert closed.gaps == ((NOON + 4 * MINUTE, NOON + 6 * MINUTE),)


def test_old_incidents_come_back_and_none_of_them_twice() -> None:
    results = finished(TARGET, "gbbbbggggg")
    book = IncidentBook()
    record(book, results)
    again = restarted(book, results, NOON + 11 * MINUTE)
    assert again.recent() == book.recent()
    record(again, finished(TARGET, "gg", start=NOON + 12 * MINUTE))
    assert again.recent() == book.recent()


def test_what_the_page_said_before_the_restart_stays() -> None:
    book = IncidentBook()
    book.declared("anthropic", "Claude API", a_component(), (), NOON - MINUTE)
    results = finished(TARGET, "gbbbb")
    record(book, results)
    book.declared("anthropic", "Claude API", a_component(), (a_notice(NOON + 3 * MINUTE),), NOON + 4 * MINUTE)
    again = restarted(book, results, NOON + 5 * MINUTE)
    again.declared("anthropic", "Claude API", a_component(), (a_notice(NOON + 3 * MINUTE),), NOON + 5 * MINUTE)
    (before,), (after,) = book.open(), again.open()
    assert before.page is not None
    assert after.page is not None
    assert after.page.first_declared_timestamp_seconds == before.page.first_declared_timestamp_seconds
    assert [word.word for word in after.page.words] == [word.word for word in before.page.words]
    assert after.page.notices == before.page.notices


def test_the_sentence_names_the_gap() -> None:
    book = IncidentBook()
    results = finished(TARGET, "gbbbb")
    record(book, results)
    (one,) = restarted(book, results, NOON + 8 * MINUTE).open()
    assert "aiprobe was restarted and did not probe for 4 min of it" in sentence(one)


def an_incident() -> Incident:
    book = IncidentBook()
    book.declared("anthropic", "Claude API", a_component(), (a_notice(NOON),), NOON)
    play(book, TARGET, "gbebt", start=NOON)
    play(book, a_target(name="other", provider=anthropic(), surface="other"), "gg", start=NOON)
    (incident,) = book.open()
    return incident


def test_the_published_form_is_read_back_whole() -> None:
    incident = an_incident()
    assert incident_from_json(json.loads(json.dumps(incident_json(incident)))) == incident


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


@pytest.mark.parametrize("value", [None, True, -1, 1e400, "x", [], {}, [[]], {"a": 1}])
def test_a_document_with_any_value_in_any_place_is_read_or_refused(value: Any) -> None:
    document = incident_json(an_incident())
    read = 0
    for path in list(places(document)):
        changed = json.loads(json.dumps(document))
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
        try:
            incident_from_json(changed)
        except ValueError:
            continue
        read += 1
    assert read < len(list(places(document)))


def test_the_gaps_of_two_restarts_without_a_probe_between_them_do_not_overlap() -> None:
    results = finished(TARGET, "ggbbbbb")
    book = IncidentBook()
    record(book, results)
    first, second = NOON + 8 * MINUTE, NOON + 9 * MINUTE
    (again,) = restarted(restarted(book, results, first), results, second).open()
    assert again.gaps == ((NOON + 6 * MINUTE, first), (first, second))
