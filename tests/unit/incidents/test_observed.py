"""From finished probes to observed incidents: when they begin and end, what they count, what is kept."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from aiprobe.core.model import Attempt, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.state import State
from aiprobe.incidents.comparison import Observation
from aiprobe.incidents.draft import SurfaceKey, incident_id
from aiprobe.incidents.observed import IncidentBook
from aiprobe.incidents.record import EgressControl, Incident, Layer, Word
from aiprobe.incidents.schema import incident_json, incident_schema
from tests.builders import a_provider, a_target
from tests.unit.incidents.builders import (
    HOUR,
    MINUTE,
    NOON,
    Failure,
    Prober,
    World,
    a_component,
    a_notice,
    claude_chat,
    play,
    says_from,
    utc,
)

SCHEMA = Draft202012Validator(incident_schema())


def played(letters: str, **changes: Any) -> IncidentBook:
    """Return a book after one target's probes, a minute apart from noon on."""
    book = IncidentBook()
    play(book, claude_chat(**changes), letters, start=NOON)
    return book


def the_only(book: IncidentBook) -> Incident:
    (incident,) = (*book.open(), *book.recent())
    return incident


def minutes(incident: Incident) -> tuple[float, float | None]:
    """Return start and end in minutes after noon."""
    end = incident.end_timestamp_seconds
    return (incident.start_timestamp_seconds - NOON) / 60, None if end is None else (end - NOON) / 60


@pytest.mark.parametrize("letters", ["", "gggg", "gbbg", "gbggbggg", "xxxx", "gxxxxx"])
def test_less_than_an_outage_is_no_incident(letters: str) -> None:
    book = played(letters)
    assert (book.open(), book.recent(), book.counts()) == ((), (), {})


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("ggbbb", (2, None)),
        ("ggbbbg", (2, None)),
        ("ggbbbgg", (2, 5)),
        ("ggbbbgbgg", (2, 7)),
        ("ggbbbxxxx", (2, None)),
        ("ggbbbxxgg", (2, 7)),
        ("ggbbbgxg", (2, 5)),
        ("gbggggbbb", (1, None)),
        ("gbgbbb", (1, None)),
        ("ggbgbgbgb", (2, None)),
        ("ggbggbggbggb", (2, None)),
        ("ggbgbgbgb" + "g" * 15, (2, 9)),
        ("bbb", (0, None)),
        ("tttgg", (0, 3)),
    ],
)
def test_an_incident_lasts_from_the_first_bad_probe_to_the_first_good_one_of_the_recovery(
    letters: str, expected: tuple[float, float | None]
) -> None:
    assert minutes(the_only(played(letters))) == expected


def test_a_probe_counts_from_when_it_started_not_from_when_it_timed_out() -> None:
    book, prober = IncidentBook(), Prober(claude_chat())
    for number in range(4):
        outcome = Outcome.TIMEOUT_TOTAL if number else Outcome.OK
        book.record(prober.finish(NOON + 60 * number, outcome), NOON + 60 * number + 40)
    assert minutes(the_only(book))[0] == 1


@pytest.mark.parametrize(("started", "expected"), [(0.0, NOON), (NOON + 1e6, NOON), (NOON - 5, NOON - 5)])
def test_a_probe_that_does_not_tell_its_start_or_tells_nonsense_is_dated_by_its_end(
    started: float, expected: float
) -> None:
    book, prober = IncidentBook(), Prober(claude_chat())
    for _ in range(3):
        book.record(prober.finish(started, Outcome.OVERLOADED), NOON)
    assert the_only(book).start_timestamp_seconds == expected


def test_two_outages_are_two_incidents_with_ids_of_their_own() -> None:
    book = played("ggbbb" + "g" * 15 + "bbbgg")
    assert [minutes(incident) for incident in book.recent()] == [(20, 23), (2, 5)]
    assert len({incident.id for incident in book.recent()}) == 2


def test_an_id_follows_from_provider_surface_region_and_start_alone() -> None:
    key = SurfaceKey("anthropic", "Claude API", "")
    ids = {
        incident_id(key, NOON),
        incident_id(key, NOON + 1),
        incident_id(SurfaceKey("openai", "Claude API", ""), NOON),
        incident_id(SurfaceKey("anthropic", "claude.ai", ""), NOON),
        incident_id(SurfaceKey("anthropic", "Claude API", "eu"), NOON),
    }
    assert len(ids) == 5
    assert incident_id(key, NOON + 0.4) == incident_id(key, NOON) == the_only(played("bbb")).id
    assert incident_id(key, NOON).startswith("20260302T120000Z-")
    assert incident_id(key, 1e30).startswith("undated-")


def test_played_back_after_a_restart_the_same_probes_make_the_same_incidents() -> None:
    letters = "ggbbbgggggbgbgbgbxxgb"
    assert played(letters).to_json() == played(letters).to_json()
    assert len(played(letters).open()) == 1


def test_a_failure_seen_from_the_first_probe_on_may_be_older() -> None:
    assert [the_only(played(letters)).start_observed for letters in ("bbb", "gbbb", "xbbb", "g     bbb")] == [
        False, True, False, False,
    ]  # fmt: skip


def test_an_incident_counts_what_lies_between_its_start_and_its_end() -> None:
    book = played("gggbbbgbexbgggg")
    incident = the_only(book)
    assert minutes(incident) == (3, 11)
    assert incident.outcomes == {"auth": 1, "ok": 1, "overloaded": 5, "server_error": 1}
    assert incident.http_statuses == {200: 1, 401: 1, 500: 1, 529: 5}
    assert incident.failures == {"529": 5, "500": 1}
    assert (incident.answered, incident.asked, incident.answered_ratio) == (1, 7, 1 / 7)


def test_an_open_incident_counts_up_to_now() -> None:
    incident = the_only(played("gbbbg"))
    assert (incident.answered, incident.asked, incident.last_seen_timestamp_seconds) == (1, 4, NOON + 4 * MINUTE)


def test_confirmations_are_in_the_mix_and_not_in_the_share() -> None:
    book, prober = IncidentBook(), Prober(claude_chat())
    for number, attempt in enumerate([Attempt.SCHEDULED, Attempt.CONFIRM, Attempt.SCHEDULED, Attempt.CONFIRM]):
        at = NOON + 20 * number
        book.record(prober.finish(at, Outcome.OVERLOADED, attempt=attempt, http_status=529), at)
    incident = the_only(book)
    assert (incident.asked, incident.outcomes) == (2, {"overloaded": 4})


def test_a_cancelled_probe_changes_nothing() -> None:
    book, prober = IncidentBook(), Prober(claude_chat())
    play(book, prober.target, "gbbb", start=NOON, prober=prober)
    before = book.to_json()
    book.record(prober.finish(NOON + 240, Outcome.CANCELLED), NOON + 240)
    assert book.to_json() == before


def test_request_ids_of_failures_are_evidence_of_which_only_so_many_are_kept() -> None:
    incident = the_only(played("g" + "b" * 30))
    assert incident.request_ids == tuple(f"req_opus_{number}" for number in range(1, 21))
    assert incident.request_ids_omitted == 10


def test_a_request_id_is_cut_and_printable() -> None:
    book, prober = IncidentBook(), Prober(claude_chat())
    for number, request_id in enumerate(["a\x1b[31m\nb\u202e", "x" * 5000, "\x00"]):
        book.record(prober.finish(NOON + 30 * number, Outcome.OVERLOADED, request_id=request_id), NOON + 30 * number)
    assert the_only(book).request_ids == ("a[31mb", "x" * 128)


def two_models(opus: str, sonnet: str, **changes: Any) -> IncidentBook:
    """Return a book after two targets of one surface, played in the order of time."""
    book = IncidentBook()
    probers = [Prober(claude_chat(**changes)), Prober(claude_chat(name="sonnet", model="sonnet"))]
    for number, letters in enumerate(zip(opus, sonnet, strict=True)):
        for prober, letter in zip(probers, letters, strict=True):
            play(book, prober.target, letter, start=NOON + 60 * number, prober=prober)
    return book


def test_targets_of_one_surface_share_an_incident_until_the_last_of_them_recovered() -> None:
    incident = the_only(two_models("ggbbbgggggg", "gggbbbbbggg"))
    assert minutes(incident) == (2, 8)
    assert [target.target for target in incident.targets if target.failing] == ["opus", "sonnet"]
    assert incident.max_state is State.MAJOR_OUTAGE


def test_one_target_of_two_makes_a_partial_outage() -> None:
    incident = the_only(two_models("ggbbbgg", "ggggggg"))
    assert incident.max_state is State.PARTIAL_OUTAGE
    assert [(target.target, target.answered, target.asked) for target in incident.targets] == [
        ("opus", 0, 3),
        ("sonnet", 3, 3),
    ]


def test_a_slow_target_that_failed_first_dates_the_incident() -> None:
    book = IncidentBook()
    slow = Prober(claude_chat(name="slow", interval_seconds=300.0))
    play(book, slow.target, "gb", start=NOON, prober=slow)
    play(book, claude_chat(name="fast"), "gbbb", start=NOON + 5 * MINUTE)
    assert minutes(the_only(book))[0] == 5


def test_surfaces_regions_and_providers_have_incidents_of_their_own() -> None:
    book = IncidentBook()
    play(book, claude_chat(), "gbbb", start=NOON)
    play(book, claude_chat(name="eu", provider_region="eu"), "gbbb", start=NOON)
    play(book, claude_chat(name="web", surface="claude.ai", probe="http"), "gbbbgg", start=NOON)
    play(book, a_target(), "gbbb", start=NOON)
    assert len(book.open()) == 3
    assert book.counts() == {
        ("anthropic", "Claude API", True): 2,
        ("anthropic", "claude.ai", False): 1,
        ("openai", "OpenAI API", True): 1,
    }


def test_excluded_probes_hide_no_incident() -> None:
    book = played("gbbb" + "x" * 50)
    assert book.observation("anthropic", "Claude API", NOON + 53 * MINUTE) == Observation(
        state=None, first_bad_timestamp_seconds=NOON + MINUTE
    )
    assert the_only(book).end_timestamp_seconds is None


def test_a_failing_target_that_fell_silent_holds_no_incident_open_that_others_see_as_over() -> None:
    book = two_models("gbbb        ", "gggggggggggg")
    incident = the_only(book)
    assert minutes(incident) == (1, 3)
    assert incident.end_observed is False


def test_a_failing_target_that_fell_silent_alone_stays_open() -> None:
    assert two_models("gbbb       ", "gggg       ").open()


def test_a_bad_probe_of_another_target_does_not_make_the_recovery_part_of_the_incident() -> None:
    incident = the_only(two_models("gbbbgg", "ggggbg"))
    assert (minutes(incident), incident.answered, incident.asked) == ((1, 4), 3, 6)


def test_a_bad_probe_of_long_ago_does_not_date_an_incident() -> None:
    book = IncidentBook()
    play(book, claude_chat(name="gone"), "gb", start=NOON - HOUR)
    play(book, claude_chat(), "gbbb", start=NOON)
    assert minutes(the_only(book))[0] == 1


@pytest.mark.parametrize("letters", ["b", "xx", "g", "bg"])
def test_a_target_whose_state_began_anew_after_a_reload_still_has_to_recover(letters: str) -> None:
    book = played("gbbb")
    play(book, claude_chat(), letters, start=NOON + 4 * MINUTE)
    before = book.open()
    play(book, claude_chat(), "gg", start=NOON + 6 * MINUTE)
    assert len(before) == 1
    assert book.open() == ()


def test_excluded_probes_of_another_target_do_not_end_what_fell_silent() -> None:
    assert two_models("gbbb         ", "ggggxxxxxxxxx").open()


def test_a_removed_target_closes_what_only_it_held_open() -> None:
    book = two_models("gbbb", "gggg")
    play(book, claude_chat(name="web", surface="claude.ai", probe="http"), "gbbb", start=NOON)
    book.keep([claude_chat(name="sonnet", model="sonnet")], NOON + HOUR)
    assert book.open() == ()
    assert {(incident.surface, minutes(incident), incident.end_observed) for incident in book.recent()} == {
        ("Claude API", (1, 3), False),
        ("claude.ai", (1, 3), False),
    }


def test_a_target_that_is_kept_goes_on_failing() -> None:
    book = two_models("gbbb", "gggg")
    before = book.to_json()
    book.keep([claude_chat(), claude_chat(name="sonnet", model="sonnet")], NOON + HOUR)
    assert book.to_json() == before


def test_a_target_that_moved_to_another_surface_leaves_its_incident() -> None:
    book = two_models("gbbb", "gggg")
    moved = claude_chat(surface="Claude Code")
    book.keep([moved], NOON + HOUR)
    play(book, moved, "gg", start=NOON + HOUR)
    assert (book.open(), len(book.recent())) == ((), 1)


def test_other_providers_are_counted_as_fine_or_failing_meanwhile() -> None:
    book = IncidentBook()
    openai = Prober(a_target())
    mistral = Prober(a_target(name="mistral", provider=a_provider(name="mistral_ai"), surface="La Plateforme"))
    silent = Prober(a_target(name="gemini", provider=a_provider(name="gcp.gemini"), surface="Gemini API"))
    play(book, silent.target, "xx", start=NOON, prober=silent)
    play(book, openai.target, "gbbb", start=NOON, prober=openai)
    play(book, mistral.target, "gggg", start=NOON, prober=mistral)
    claude = play(book, claude_chat(), "gbbb", start=NOON + MINUTE)
    play(book, openai.target, "gggg", start=NOON + 4 * MINUTE, prober=openai)
    play(book, claude.target, "gg", start=NOON + 5 * MINUTE, prober=claude)
    play(book, mistral.target, "bbb", start=NOON + HOUR, prober=mistral)
    incident = next(incident for incident in book.recent() if incident.provider == "anthropic")
    assert incident.other_providers == {"mistral_ai": False, "openai": True}


@pytest.mark.parametrize(("api", "expected"), [("bbb", Layer.GATEWAY_OR_EDGE), ("ggg", Layer.WEB_FRONT_END)])
def test_web_pages_that_fail_with_the_whole_api_are_not_a_front_end_problem(api: str, expected: Layer) -> None:
    book = IncidentBook()
    play(book, claude_chat(name="web", surface="claude.ai", probe="http"), "bbb", start=NOON)
    play(book, claude_chat(), api, start=NOON)
    assert {incident.layer for incident in book.open() if incident.surface == "claude.ai"} == {expected}


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([], EgressControl.UNKNOWN),
        ([(-5, False)], EgressControl.UNKNOWN),
        ([(2, True)], EgressControl.OK),
        ([(2, True), (20, False), (21, True)], EgressControl.FAILED),
        ([(20, True)], EgressControl.OK),
    ],
)
def test_the_egress_control_covers_the_whole_incident(
    readings: list[tuple[float, bool]], expected: EgressControl
) -> None:
    book = IncidentBook()
    prober = Prober(claude_chat())
    for minute in range(-10, 30):
        for when, up in readings:
            if when == minute:
                book.egress(up, NOON + 60 * minute)
        play(book, prober.target, "b" if minute >= 0 else "g", start=NOON + 60 * minute, prober=prober)
    assert the_only(book).egress is expected


def test_a_probe_that_our_own_network_failed_fails_the_control() -> None:
    book, prober = IncidentBook(), Prober(claude_chat())
    play(book, prober.target, "gbbb", start=NOON, prober=prober)
    book.egress(up=True, at=NOON + 200)
    book.record(prober.finish(NOON + 240, Outcome.CONNECT, egress_down=True), NOON + 240)
    incident = the_only(book)
    assert (incident.egress, incident.asked, incident.outcomes["connect"]) == (EgressControl.FAILED, 3, 1)


def test_the_page_is_remembered_word_by_word_from_the_start_on() -> None:
    start = NOON + 10 * MINUTE
    page = says_from((0, State.OPERATIONAL), (start + HOUR, State.DEGRADED), (start + 2 * HOUR, State.OPERATIONAL))
    world = World([claude_chat()], [Failure("opus", start, start + HOUR * 2)], {("anthropic", "Claude API"): page})
    world.run(NOON, start + 3 * HOUR)
    record = the_only(world.book).page
    assert record is not None
    assert [(word.timestamp_seconds - start, word.word, word.page_word) for word in record.words] == [
        (0, Word.OPERATIONAL, "operational"),
        (HOUR + 30, Word.DEGRADED, "degraded_performance"),
    ]
    assert record.first_declared_timestamp_seconds == start + HOUR + 30


def test_a_page_that_changes_its_word_all_the_time_fills_no_memory() -> None:
    start = NOON + 10 * MINUTE
    states = [State.OPERATIONAL, State.DEGRADED]
    page = says_from((0, states[0]), *((start + 60 * turn, states[turn % 2]) for turn in range(200)))
    world = World([claude_chat()], [Failure("opus", start, start + 5 * HOUR)], {("anthropic", "Claude API"): page})
    world.run(NOON, start + 4 * HOUR)
    record = the_only(world.book).page
    assert record is not None
    assert len(record.words) == 20
    assert record.words_omitted > 0
    assert record.first_declared_timestamp_seconds == start + 90


def test_notices_of_the_page_are_cut_cleaned_and_few() -> None:
    book = IncidentBook()
    notices = [
        a_notice(NOON, id=f"{number}\x00", name="<b>up\n" + "x" * 9000, url="javascript:alert(1)", status="identified")
        for number in range(9)
    ]
    book.declared("anthropic", "Claude API", a_component(word="oper\nating" + "!" * 900), notices, NOON)
    play(book, claude_chat(), "bbb", start=NOON)
    page = the_only(book).page
    assert page is not None
    assert (len(page.notices), page.notices[0].id, page.notices[0].url) == (5, "0", "")
    assert page.notices[0].name.startswith("<b>up xxx")
    assert len(page.notices[0].name) == 200
    assert page.words[0].page_word == "oper ating" + "!" * 39 + "\N{HORIZONTAL ELLIPSIS}"


def test_a_page_that_nobody_watches_is_none_of_an_incident() -> None:
    assert the_only(played("bbb")).page is None


def test_a_retroactive_notice_completes_a_closed_incident() -> None:
    book, posted = IncidentBook(), NOON + 30 * MINUTE
    notice = a_notice(posted, status="resolved", resolved_timestamp_seconds=posted)
    book.declared("anthropic", "Claude API", a_component(), [], NOON)
    play(book, claude_chat(), "gbbbgg", start=NOON)
    before = the_only(book).page
    book.declared("anthropic", "claude.ai", a_component(id="other"), [notice], posted)
    book.declared("anthropic", "Claude API", a_component(), [notice], posted + 10)
    after = the_only(book).page
    assert before is not None
    assert after is not None
    assert (before.first_declared_timestamp_seconds, after.first_declared_timestamp_seconds) == (None, posted)
    assert [seen.id for seen in after.notices] == [notice.id]
    assert incident_json(the_only(book))["status_page"]["declared_retroactively"] is True


def test_a_page_that_was_not_watched_meanwhile_completes_nothing() -> None:
    book = played("gbbbgg")
    posted = NOON + 30 * MINUTE
    notice = a_notice(posted, status="resolved", resolved_timestamp_seconds=posted)
    book.declared("anthropic", "Claude API", a_component(), [notice], posted + 10)
    assert the_only(book).page is None


def test_an_unreadable_reading_declares_nothing() -> None:
    book = IncidentBook()
    book.declared("anthropic", "Claude API", a_component(State.MAJOR_OUTAGE), [a_notice(NOON)], NOON, readable=False)
    play(book, claude_chat(), "bbb", start=NOON)
    page = the_only(book).page
    assert page is not None
    assert [word.word for word in page.words] == [Word.UNREADABLE]
    assert (page.first_declared_timestamp_seconds, page.notices) == (None, ())


def test_notices_without_end_fill_no_memory() -> None:
    book = IncidentBook()
    for number in range(500):
        at = NOON + number
        book.declared("anthropic", "Claude API", a_component(), [a_notice(at, id=str(number))], at)
    log = book._pages["anthropic", "Claude API"]
    assert (len(log._seen), len(log.watch._dated)) == (50, 101)


def test_good_probes_without_end_beside_a_failing_target_fill_no_memory() -> None:
    book = IncidentBook()
    slow = Prober(claude_chat(name="slow", interval_seconds=HOUR))
    play(book, slow.target, "gbbb", start=NOON - 3 * HOUR, prober=slow)
    play(book, claude_chat(name="fast", interval_seconds=1.0), "g" * 700, start=NOON + 1)
    (draft,) = book._open.values()
    incident = the_only(book)
    assert len(draft._waiting) == 500
    assert (incident.asked, incident.answered) == (703, 700)


def test_only_the_last_incidents_are_kept_and_open_ones_before_closed_ones() -> None:
    book = IncidentBook(limit=3)
    prober = Prober(claude_chat())
    for number in range(6):
        play(book, prober.target, "g" * 15 + "bbbgg", start=NOON + number * HOUR, prober=prober)
    kept = [minutes(incident)[0] for incident in book.recent()]
    play(book, claude_chat(name="web", surface="claude.ai"), "bbb", start=NOON + 9 * HOUR)
    play(book, prober.target, "g" * 15 + "bbbgg", start=NOON + 10 * HOUR, prober=prober)
    assert kept == [315, 255, 195]
    assert (len(book.open()), len(book.recent())) == (1, 2)
    assert [len(book.recent(limit)) for limit in (0, 1, -4)] == [0, 1, 0]


def test_the_document_holds_open_and_recent_incidents_and_follows_its_schema() -> None:
    Draft202012Validator.check_schema(incident_schema())
    book = played("gbbb" + "g" * 15 + "bbb")
    document = json.loads(json.dumps(book.to_json(), allow_nan=False))
    assert [len(document[name]) for name in ("open", "recent")] == [1, 1]
    for incident in (*document["open"], *document["recent"]):
        SCHEMA.validate(incident)
    assert document["open"][0]["open"] is True
    assert document["recent"][0]["end_timestamp_seconds"] == utc("2026-03-02 12:04")


def test_the_schema_refuses_what_is_no_incident() -> None:
    good = incident_json(the_only(played("bbb")))
    spoilt: list[dict[str, Any]] = [
        good | {"answered_ratio": 1.5},
        good | {"max_state": 1},
        good | {"outcomes": {"went_wrong": 1}},
        good | {"surprise": 1},
        {key: value for key, value in good.items() if key != "id"},
    ]
    assert [SCHEMA.is_valid(document) for document in (good, *spoilt)] == [True, *[False] * len(spoilt)]


TARGETS = (
    claude_chat(),
    claude_chat(name="sonnet", model="sonnet", interval_seconds=20.0),
    claude_chat(name="web", surface="claude.ai", probe="http", model=""),
    a_target(),
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, len(TARGETS) - 1),
        st.sampled_from(list(Outcome)),
        st.sampled_from(list(Attempt)),
        st.floats(-30.0, 400.0),
        st.sampled_from(["", "egress up", "egress down", "green", "red", "gone", "unlisted", "late", "keep"]),
    ),
    max_size=120,
)


def take_step(book: IncidentBook, event: str, at: float) -> None:
    declared = ("anthropic", "Claude API")
    if event.startswith("egress"):
        book.egress(event == "egress up", at)
    elif event == "green":
        book.declared(*declared, a_component(), [], at)
    elif event == "red":
        book.declared(*declared, a_component(State.MAJOR_OUTAGE), [a_notice(at - 100)], at)
    elif event == "gone":
        book.declared(*declared, None, [], at, readable=False)
    elif event == "unlisted":
        book.declared(*declared, None, [a_notice(at)], at)
    elif event == "late":
        notice = a_notice(at - 50, status="resolved", resolved_timestamp_seconds=at)
        book.declared(*declared, a_component(), [notice], at)
    elif event == "keep":
        book.keep(TARGETS[1:], at)


@settings(max_examples=60)
@given(STEPS)
def test_whatever_happens_incidents_are_sound_few_and_in_their_form(
    steps: list[tuple[int, Outcome, Attempt, float, str]],
) -> None:
    book, at = IncidentBook(limit=4), NOON
    probers: dict[str, Prober] = {}
    for index, outcome, attempt, seconds, event in steps:
        at += seconds
        target: Target = TARGETS[index]
        prober = probers.setdefault(target.name, Prober(target))
        book.record(prober.finish(at - 1, outcome, attempt=attempt, http_status=200, request_id=f"r{at}"), at)
        take_step(book, event, at)
    for incident in (*book.open(), *book.recent()):
        document = incident_json(incident)
        SCHEMA.validate(document)
        json.dumps(document, allow_nan=False)
        end = incident.end_timestamp_seconds
        assert end is None or incident.start_timestamp_seconds <= end
        assert incident.answered <= incident.asked
        assert len(incident.request_ids) <= 20
        assert isinstance(incident.layer, Layer)
    assert len(book.open()) + len(book.recent()) <= max(4, len(book.open()))
    assert len({incident.id for incident in book.open()}) == len(book.open())


def test_an_outage_that_begins_anew_before_it_was_over_for_long_is_one_incident() -> None:
    book = IncidentBook()
    chat = claude_chat()
    prober = play(book, chat, "ggbbbgg", start=NOON)
    first = the_only(book)
    play(book, chat, "bbbb", start=NOON + 7 * MINUTE, prober=prober)
    (again,) = book.open()
    assert again.id == first.id
    assert book.recent() == ()
    assert book.counts() == {(chat.provider.name, chat.surface, True): 1}
    play(book, chat, "gg", start=NOON + 11 * MINUTE, prober=prober)
    whole = the_only(book)
    assert (whole.id, whole.start_timestamp_seconds) == (first.id, NOON + 2 * MINUTE)
    assert whole.end_timestamp_seconds == NOON + 11 * MINUTE


def played_side_by_side(*letters: str) -> IncidentBook:
    """Play one string of letters for each model of a surface, minute by minute; return the book."""
    book = IncidentBook()
    targets = [claude_chat(name=f"model-{number}", model=f"model-{number}") for number in range(len(letters))]
    probers = [Prober(target) for target in targets]
    for minute in range(max(map(len, letters))):
        for target, prober, script in zip(targets, probers, letters, strict=True):
            play(book, target, script[minute : minute + 1], start=NOON + minute * MINUTE, prober=prober)
    return book


def test_a_target_that_failed_on_and_off_since_a_closed_incident_continues_it() -> None:
    book = played_side_by_side("gggbbbbbggggggggggggggggg", "gggggbgggggggggbbbbbggggg")
    assert not book.open()
    (incident,) = book.recent()
    assert incident.start_timestamp_seconds == NOON + 3 * MINUTE
    assert incident.end_timestamp_seconds == NOON + 20 * MINUTE
    assert [target.bad_outcomes for target in incident.targets] == [{"overloaded": 5}, {"overloaded": 6}]
    assert [again.reason for again in incident.restated] == ["the failure was not over"]


@given(st.lists(st.text("ggbbbx", min_size=30, max_size=90), min_size=2, max_size=3))
def test_incidents_of_a_surface_never_overlap(letters: list[str]) -> None:
    book = played_side_by_side(*letters)
    incidents = sorted((*book.open(), *book.recent()), key=lambda one: one.start_timestamp_seconds)
    for earlier, later in pairwise(incidents):
        assert earlier.end_timestamp_seconds is not None
        assert earlier.end_timestamp_seconds <= later.start_timestamp_seconds
        assert not set(earlier.request_ids) & set(later.request_ids)
