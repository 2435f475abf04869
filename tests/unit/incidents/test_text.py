"""The suspected layer, the sentence and the report of an incident."""

from dataclasses import replace
from typing import Any

import pytest

from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome, Verdict, availability_verdict
from aiprobe.core.state import State
from aiprobe.incidents.layer import suspected_layer
from aiprobe.incidents.markdown import incident_markdown, quoted
from aiprobe.incidents.observed import IncidentBook
from aiprobe.incidents.record import EgressControl, Incident, IncidentTarget, Layer
from aiprobe.incidents.text import percent, sentence
from aiprobe.probes import PROBES
from tests.unit.incidents.builders import (
    HOUR,
    MINUTE,
    NOON,
    Failure,
    PageSays,
    World,
    a_component,
    a_notice,
    claude_chat,
    play,
    says_from,
    utc,
)

API = ("anthropic", "Claude API")
GREEN = State.OPERATIONAL


def part(probe: str, model: str = "", *, failing: bool = True, **changes: Any) -> IncidentTarget:
    """Return a target's part in an incident; a fine one answered all, a failing one nothing."""
    plain: dict[str, Any] = {
        "target": f"{probe}-{model}",
        "probe": probe,
        "answered_by": PROBES[probe].kind.answered_by,
        "model": model,
        "vantage": "here",
        "failing": failing,
        "asked": 10,
        "answered": 0 if failing else 10,
        "bad_outcomes": {"overloaded": 10} if failing else {},
    }
    return IncidentTarget(**plain | changes)


CONNECT = {"connect": 6, "overloaded": 4}


@pytest.mark.parametrize(
    ("targets", "siblings", "expected"),
    [
        ([part("chat", "opus"), part("models", failing=False)], {}, Layer.INFERENCE),
        ([part("embeddings", "ada"), part("models", failing=False)], {}, Layer.INFERENCE),
        ([part("chat", "opus"), part("models")], {}, Layer.GATEWAY_OR_EDGE),
        ([part("models")], {}, Layer.GATEWAY_OR_EDGE),
        ([part("models"), part("chat", "opus", failing=False)], {}, Layer.GATEWAY_OR_EDGE),
        ([part("chat", "opus"), part("chat", "haiku"), part("models")], {}, Layer.GATEWAY_OR_EDGE),
        ([part("chat", "opus"), part("chat", "haiku", failing=False)], {}, Layer.MODEL),
        (
            [part("chat", "opus"), part("chat", "haiku", failing=False), part("models", failing=False)],
            {},
            Layer.MODEL,
        ),
        ([part("chat", "opus", long_prompt=True), part("chat", "opus", failing=False)], {}, Layer.CONTEXT_HANDLING),
        ([part("chat", "opus", long_prompt=True), part("chat", "haiku", failing=False)], {}, Layer.MODEL),
        ([part("chat", "opus", long_prompt=True), part("chat", "opus")], {}, Layer.UNKNOWN),
        ([part("chat", "opus"), part("chat", "opus", failing=False)], {}, Layer.UNKNOWN),
        ([part("chat", "opus")], {}, Layer.UNKNOWN),
        ([part("chat", "opus"), part("models", failing=False, answered=1)], {}, Layer.UNKNOWN),
        ([part("chat", "opus", bad_outcomes=CONNECT), part("models", failing=False)], {}, Layer.NETWORK_EDGE),
        ([part("http", bad_outcomes={"tls": 3})], {}, Layer.NETWORK_EDGE),
        ([part("http")], {}, Layer.WEB_FRONT_END),
        ([part("http")], {"opus": False, "sonnet": True}, Layer.WEB_FRONT_END),
        ([part("http")], {"opus": True, "sonnet": True}, Layer.GATEWAY_OR_EDGE),
        ([part("http"), part("chat", "opus", failing=False)], {"sonnet": True}, Layer.WEB_FRONT_END),
        ([part("http", bad_outcomes={})], {}, Layer.UNKNOWN),
    ],
)
def test_the_suspected_layer_follows_from_what_fails_and_what_does_not(
    targets: list[IncidentTarget], siblings: dict[str, bool], expected: Layer
) -> None:
    layer, reason = suspected_layer(targets, siblings=siblings)
    assert layer is expected
    assert reason


def test_the_reason_names_the_models() -> None:
    failing = [part("chat", name) for name in ("opus", "sonnet", "haiku", "fable", "")]
    _, reason = suspected_layer([*failing, part("chat", "mythos", failing=False)], siblings={})
    assert reason == (
        "calls to a model without a name, fable, haiku and 2 more fail while calls to mythos are answered"
    )


@pytest.mark.parametrize(
    ("failing", "fine", "begins"),
    [
        (("opus",), ("haiku",), "opus on Claude API answered 0 % of calls"),
        (("opus", "fable"), ("haiku", "mythos", "sonnet"), "2 of 5 models on Claude API answered 0 % of calls"),
    ],
)
def test_the_share_in_the_sentence_is_that_of_what_its_subject_names(
    failing: tuple[str, ...], fine: tuple[str, ...], begins: str
) -> None:
    targets = [part("chat", model) for model in failing] + [part("chat", model, failing=False) for model in fine]
    incident = replace(world_of(NOON, NOON + 5 * MINUTE, until=NOON + HOUR), layer=Layer.MODEL, targets=tuple(targets))
    assert sentence(incident).startswith(begins)


def world_of(
    start: float,
    end: float,
    *,
    until: float,
    page: PageSays | None = None,
    targets: tuple[Target, ...] = (),
    failure: tuple[Outcome, int | None] = (Outcome.OVERLOADED, 529),
    every: int = 1,
) -> Incident:
    """Play one outage of `opus`, probed from half an hour before; return its incident."""
    outage = Failure("opus", start, end, *failure, every=every)
    world = World([claude_chat(), *targets], [outage], {} if page is None else {API: page})
    world.run(start - HOUR / 2, until)
    (incident,) = (*world.book.open(), *world.book.recent())
    return incident


AFTERNOON, EVENING = utc("2026-03-02 14:05"), utc("2026-03-02 15:47")


def test_a_closed_incident_in_one_sentence() -> None:
    page = says_from((0, GREEN), (utc("2026-03-02 14:30:30"), State.PARTIAL_OUTAGE))
    fine = claude_chat(name="other", model="opus")
    incident = world_of(AFTERNOON, EVENING, until=EVENING + HOUR, page=page, targets=(fine,))
    assert sentence(incident) == (
        "Claude API answered 50 % of calls between 14:05 and 15:47 UTC, mostly 529;"
        " the status page showed operational until 14:30."
    )


def test_an_open_incident_in_one_sentence() -> None:
    incident = world_of(AFTERNOON, EVENING, until=AFTERNOON + HOUR, page=says_from((0, GREEN)))
    assert sentence(incident) == (
        "Claude API has answered 0 % of calls since 14:05 UTC, mostly 529; the status page still shows operational."
    )


def test_an_incident_of_one_model_is_about_that_model() -> None:
    haiku = claude_chat(name="haiku", model="haiku")
    incident = world_of(AFTERNOON, EVENING, until=EVENING + HOUR, targets=(haiku,))
    assert sentence(incident) == ("opus on Claude API answered 0 % of calls between 14:05 and 15:47 UTC, mostly 529.")


def test_an_incident_over_midnight_has_dates() -> None:
    start, end = utc("2026-03-02 23:50"), utc("2026-03-03 00:20")
    page = says_from((0, GREEN), (utc("2026-03-03 00:10"), State.DEGRADED))
    assert sentence(world_of(start, end, until=end + HOUR, page=page)) == (
        "Claude API answered 0 % of calls between 2026-03-02 23:50 and 2026-03-03 00:20 UTC, mostly 529;"
        " the status page showed operational until 2026-03-03 00:10."
    )
    assert sentence(world_of(start, end, until=end - MINUTE)).startswith(
        "Claude API has answered 0 % of calls since 2026-03-02 23:50 UTC"
    )


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (says_from((0, GREEN)), "the status page showed operational throughout."),
        (says_from((0, GREEN), (AFTERNOON - 600, State.MAJOR_OUTAGE)), "had declared a problem since 13:55."),
        (says_from((0, None)), "the status page announced maintenance."),
        (lambda _: None, "the status page could not be read."),
        (lambda _: (None, ()), "the status page did not show its state."),
        (
            lambda at: None if at > AFTERNOON + HOUR else (a_component(), ()),
            "the status page showed operational whenever it could be read.",
        ),
        (
            lambda at: (a_component(), (a_notice(EVENING + 600, status="resolved"),) if at > EVENING + 600 else ()),
            "the status page declared it only after its end, at 15:57.",
        ),
        (
            lambda at: None if at < AFTERNOON + HOUR else (a_component(State.DEGRADED), ()),
            "the status page declared it from 15:05.",
        ),
        (None, "between 14:05 and 15:47 UTC, mostly 529."),
    ],
)
def test_what_the_sentence_says_of_the_page(page: PageSays | None, expected: str) -> None:
    assert sentence(world_of(AFTERNOON, EVENING, until=EVENING + HOUR, page=page)).endswith(expected)


@pytest.mark.parametrize(
    "outcome",
    [outcome for outcome in Outcome if availability_verdict(outcome, count_rate_limits=True) is Verdict.BAD],
)
def test_every_bad_outcome_has_words_for_people(outcome: Outcome) -> None:
    incident = world_of(AFTERNOON, AFTERNOON + HOUR, until=EVENING)
    said = sentence(replace(incident, failures={outcome.value: 3}))
    assert " UTC, mostly " in said
    assert not said.endswith(f"mostly {outcome.value}.")
    assert "_" not in said


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ({"529": 3, "500": 3}, ", with 500 and 529."),
        ({"529": 3, "timeout_total": 2, "tls": 1}, ", with 529 and no whole answer in time."),
        ({"529": 4, "500": 3}, ", mostly 529."),
        ({"dns": 1}, ", mostly names that did not resolve."),
        ({}, "15:47 UTC."),
    ],
)
def test_what_most_failures_were(failures: dict[str, int], expected: str) -> None:
    incident = replace(world_of(AFTERNOON, EVENING, until=EVENING + HOUR), failures=failures)
    assert sentence(incident).endswith(expected)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (0, "0 %"),
        (0.001, "less than 1 %"),
        (0.01, "1 %"),
        (0.619, "62 %"),
        (0.99, "99 %"),
        (0.9999, "more than 99 %"),
        (1, "100 %"),
    ],
)
def test_none_and_all_are_said_only_when_they_are_true(ratio: float, expected: str) -> None:
    assert percent(ratio) == expected


def test_doubts_are_said() -> None:
    incident = world_of(AFTERNOON, EVENING, until=EVENING + HOUR)
    unsure = replace(incident, start_observed=False, end_observed=False, egress=EgressControl.FAILED)
    assert sentence(unsure) == (
        "Claude API answered 0 % of calls between 14:05 or earlier and 15:47 UTC, when probing it ended, mostly 529;"
        " our own network failed for a part of it."
    )


def test_a_failure_of_most_other_providers_is_said() -> None:
    incident = world_of(AFTERNOON, EVENING, until=EVENING + HOUR)
    several = replace(incident, other_providers={"openai": True, "mistral_ai": True, "groq": False})
    one = replace(incident, other_providers={"openai": True})
    assert sentence(several).endswith("; 2 of 3 other providers failed too.")
    assert "other providers" not in sentence(one)


def test_a_surface_without_a_name_is_its_provider_and_a_region_is_named() -> None:
    incident = world_of(AFTERNOON, EVENING, until=EVENING + HOUR)
    assert sentence(replace(incident, surface="", provider_region="eu-west-1")).startswith("Anthropic (eu-west-1) ")
    assert sentence(replace(incident, targets=())).startswith("Claude API failed between")


def test_a_time_beyond_all_dates_is_worded_all_the_same() -> None:
    incident = world_of(AFTERNOON, EVENING, until=EVENING + HOUR)
    beyond = replace(incident, start_timestamp_seconds=1e30, end_timestamp_seconds=float("inf"))
    assert "between 00:00 and 00:00 UTC" in sentence(beyond)


def test_a_report_holds_the_evidence() -> None:
    notice = a_notice(AFTERNOON + 600, name="Elevated errors")
    page: PageSays = lambda at: (a_component(), (notice,) if at > AFTERNOON + 600 else ())  # noqa: E731 - a page in a line
    report = incident_markdown(world_of(AFTERNOON, AFTERNOON + HOUR, until=EVENING, page=page))
    for line in (
        "## Anthropic Claude API, 2026-03-02 14:05:00 UTC",
        "- From 2026-03-02 14:05:00 UTC to 2026-03-02 15:05:00 UTC",
        "- Outcomes: 60 overloaded",
        "- HTTP statuses: 60 529",
        "- Other providers meanwhile: none was probed",
        "- Our own network: ok",
        '- Status page: operational ("operational") from 2026-03-02 14:05:00 UTC',
        "- First declared: 2026-03-02 14:15:00 UTC",
        "| opus | chat | opus | yes | 0 of 60 |",
    ):
        assert line in report.splitlines()
    assert "Request ids of failed calls: `req_opus_30`, `req_opus_31`" in report
    assert "and 40 more" in report
    assert '"Elevated errors" ("5zg05jnrqmzg", impact minor, investigating)' in report


def test_a_stranger_writes_no_markup_into_a_report() -> None:
    book = IncidentBook()
    name = 'x](javascript:1) <script>alert("1")</script> `a` | **b**'
    book.declared(*API, a_component(word="<img>"), [a_notice(NOON, name=name)], NOON)
    prober = play(book, claude_chat(), "bb", start=NOON)
    request_id = "`|<script>`"
    book.record(prober.finish(NOON + 120, Outcome.OVERLOADED, request_id=request_id), NOON + 120)
    report = incident_markdown(book.open()[0])
    assert "\"x\\](javascript:1) \\<script\\>alert('1')\\</script\\> \\`a\\` \\| \\*\\*b\\*\\*\"" in report
    assert '("\\<img\\>")' in report
    assert "`|<script>`" in report, "code that is copied as it is"
    assert quoted('a"b') == '"a\'b"'


def test_an_open_report_says_so() -> None:
    report = incident_markdown(world_of(AFTERNOON, EVENING, until=AFTERNOON + HOUR, failure=(Outcome.TLS, None)))
    assert "- From 2026-03-02 14:05:00 UTC to now" in report.splitlines()
    assert "- Suspected layer: network edge (60 of 60 failures came before a request could be sent)" in report
