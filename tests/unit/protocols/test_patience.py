"""A patient reader tells at once that a plain event came, and what it held when the next other one comes."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import End, Event, Failure, Progress, Text, ToolCall
from aiprobe.protocols.reading import StreamReader
from tests.unit.protocols.test_openai_chat import USAGE, chunk


def a_patient_reader() -> StreamReader:
    reader = PROTOCOLS["openai-chat"].reader(stream=True)
    assert isinstance(reader, StreamReader)
    reader.patient = True
    return reader


def an_event(document: object) -> bytes:
    return f"data: {json.dumps(document, separators=(',', ':'))}\n\n".encode()


def held(events: Iterable[Event]) -> list[Event]:
    """Return what events tell; a text in pieces is one text."""
    told: list[Event] = []
    for event in events:
        if isinstance(event, Text) and told and isinstance(told[-1], Text):
            told[-1] = Text(told[-1].text + event.text)
        elif type(event) is not Progress:
            told.append(event)
    return told


def test_plain_events_are_progress_until_another_event_comes() -> None:
    reader = a_patient_reader()
    first = [*reader.feed(an_event(chunk("O"))), *reader.feed(an_event(chunk("K")))]
    assert [type(event) for event in first] == [Progress, Progress]
    last = reader.feed(b"data: [DONE]\n\n")
    assert [event.text for event in last if isinstance(event, Text)] == ["O", "K"]
    assert isinstance(last[-1], End)


def test_what_was_put_off_is_told_in_its_order() -> None:
    reader = a_patient_reader()
    call = {"index": 0, "id": "call-1", "function": {"name": "f", "arguments": ""}}
    other = {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}]}
    for document in (chunk("a"), chunk("b"), chunk("c"), other, chunk("é"), chunk("d"), chunk("e")):
        reader.feed(an_event(document))
    told = [event for event in held(reader.catch_up()) if isinstance(event, Text | ToolCall)]
    assert told == [Text("abc"), ToolCall(place=0, call_id="call-1", name="f"), Text("éde")]


def test_an_error_in_the_stream_is_told_at_once() -> None:
    reader = a_patient_reader()
    reader.feed(an_event(chunk("O")))
    told = reader.feed(an_event({"error": {"type": "overloaded_error", "message": "busy"}}))
    assert [event.text for event in told if isinstance(event, Text)] == ["O"]
    assert isinstance(told[-1], Failure)
    assert told[-1].outcome is Outcome.OVERLOADED


@pytest.mark.parametrize("broken", [b'{"choices":[{"finish_reason":null', b'{"choices":7,"finish_reason":null}'])
def test_a_broken_event_fails_the_stream_and_what_came_before_it_counts(broken: bytes) -> None:
    reader = a_patient_reader()
    for data in (an_event(chunk("O")), b"data: %b\n\n" % broken, an_event(chunk("K"))):
        assert [type(event) for event in reader.feed(data)] == [Progress]
    told = list(reader.catch_up())
    assert [event.text for event in told if isinstance(event, Text)] == ["O"]
    assert isinstance(told[-1], Failure)
    assert told[-1].outcome is Outcome.MALFORMED
    assert list(reader.feed(an_event(chunk("more")))) == []


def test_two_documents_in_one_event_are_not_taken_for_two_events() -> None:
    reader = a_patient_reader()
    document = json.dumps(chunk("O"), separators=(",", ":"))
    reader.feed(f"data: {document},{document}\n\n".encode())
    (told,) = reader.catch_up()
    assert isinstance(told, Failure)


def test_nothing_is_put_off_by_a_reader_that_was_not_asked_to_be_patient() -> None:
    reader = PROTOCOLS["openai-chat"].reader(stream=True)
    assert Text("O") in reader.feed(an_event(chunk("O")))


DOCUMENTS = st.lists(
    st.one_of(
        st.text(max_size=5).map(chunk),
        st.sampled_from("ab").map(chunk),
        st.just(chunk(finish="stop")),
        st.just(chunk(usage=USAGE)),
        st.just({"choices": [], "usage": USAGE}),
        st.just({"error": {"message": "no"}}),
        st.integers(),
    ),
    max_size=8,
)


@given(DOCUMENTS)
def test_patience_changes_when_something_is_told_and_not_what(documents: list[object]) -> None:
    patient, hasty = a_patient_reader(), PROTOCOLS["openai-chat"].reader(stream=True)
    told: list[list[Event]] = [[], []]
    for events, reader in zip(told, (patient, hasty), strict=True):
        for document in documents:
            events.extend(reader.feed(an_event(document)))
        events.extend(reader.close())
    assert held(told[0]) == held(told[1])
