"""The published form: observed incidents, declared ones and the corpus validate against one schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.core.state import State
from aiprobe.incidents.published import SPEC, declared, observed, rfc3339, same_incident
from aiprobe.incidents.record import Incident
from tests.unit.incidents.builders import HOUR, MINUTE, NOON, Failure, World, claude_chat, says_from
from tests.unit.statuspages.builders import a_summary, an_incident, read

SPECIFICATION = Path(__file__).parents[3] / "spec" / "ai-service-incident"
SCHEMA = json.loads((SPECIFICATION / "schema.json").read_text("utf-8"))
CORPUS = [
    json.loads(line)
    for file in sorted((SPECIFICATION / "corpus").glob("*.ndjson"))
    for line in file.read_text("utf-8").splitlines()
]
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def an_outage(*, until: float, failure: Outcome = Outcome.OVERLOADED, page: bool = True) -> Incident:
    world = World(
        [claude_chat(), claude_chat(name="haiku", model="haiku")],
        [Failure("opus", NOON, NOON + 30 * MINUTE, failure)],
        {("anthropic", "Claude API"): says_from((0, State.OPERATIONAL), (NOON + 9 * MINUTE, State.PARTIAL_OUTAGE))}
        if page
        else {},
    )
    world.run(NOON - HOUR / 2, until)
    (incident,) = (*world.book.open(), *world.book.recent())
    return incident


def records() -> dict[str, dict[str, Any]]:
    reading = read("atlassian", a_summary(incidents=[an_incident()]))
    other = read("incidentio", a_summary(incidents=[an_incident(resolved_at=None, status="resolved")]))
    return {
        "open": observed(an_outage(until=NOON + 20 * MINUTE), publisher="us"),
        "closed": observed(an_outage(until=NOON + HOUR), publisher="us"),
        "without a page": observed(an_outage(until=NOON + HOUR, page=False), publisher="us"),
        "of an Atlassian page": declared(
            reading.incidents[0], publisher="p", provider="anthropic", surface="Claude API"
        ),
        "of an incident.io page": declared(other.incidents[0], publisher="p", provider="openai", surface="API"),
    }


RECORDS = records()


@pytest.mark.parametrize("name", RECORDS)
def test_both_producers_write_what_the_schema_allows(name: str) -> None:
    VALIDATOR.validate(RECORDS[name])


def test_the_corpus_has_25_incidents_or_more_and_each_is_valid() -> None:
    for record in CORPUS:
        VALIDATOR.validate(record)
    assert len({record["id"] for record in CORPUS}) == len(CORPUS) >= 25


def test_each_record_of_the_corpus_names_its_page() -> None:
    assert all(entry["url"].endswith(record["id"]) for record in CORPUS for entry in record["declared"])


def test_an_open_incident_has_no_end_and_a_closed_one_two_bounds() -> None:
    assert RECORDS["open"]["end"] is None
    end = RECORDS["closed"]["end"]
    assert end["latest"] == rfc3339(NOON + 30 * MINUTE)
    assert end["earliest"] <= end["latest"]


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ({"spec": "ai-service-incident/2.0.0"}, "spec"),
        ({"start": {"earliest": None}}, "start"),
        ({"start": {"earliest": None, "latest": 1772452800}}, "start"),
        ({"end": "2026-03-02T12:00:00Z"}, "end"),
        ({"publisher": {"name": "us"}}, "publisher"),
        ({"subject": {"provider": "anthropic"}}, "subject"),
        ({"impact": {"kind": "partial", "attempts": -1}}, "impact"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_schema_refuses_what_is_not_a_record(broken: dict[str, Any], path: str) -> None:
    problems = list(VALIDATOR.iter_errors(RECORDS["closed"] | broken))
    assert problems
    assert {error.absolute_path[0] for error in problems} == {path}


def test_keys_that_a_later_version_adds_are_allowed() -> None:
    VALIDATOR.validate(RECORDS["closed"] | {"spec": "ai-service-incident/1.4.0", "severity": "sev2"})


def test_most_failures_that_are_slow_make_a_slow_incident() -> None:
    assert observed(an_outage(until=NOON + HOUR, failure=Outcome.STALLED), publisher="us")["impact"]["kind"] in {
        "slow",
        "down",
    }


def between(start: str | None, end: str | None, **subject: str) -> dict[str, Any]:
    return {
        "subject": {"provider": "anthropic", "surface": "Claude API"} | subject,
        "start": {"earliest": start, "latest": start},
        "end": end and {"earliest": end, "latest": end},
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (between("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"), between("2026-03-02T12:59:00Z", None), True),
        (between("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z"), between("2026-03-02T13:01:00Z", None), False),
        (between("2026-03-02T12:00:00Z", None), between("2026-03-05T12:00:00Z", "2026-03-05T13:00:00Z"), True),
        (between(None, "2026-03-02T13:00:00Z"), between("2026-03-02T11:00:00+02:00", "2026-03-02T12:00:00Z"), True),
        (between("2026-03-02T12:00:00Z", None), between("2026-03-02T12:00:00Z", None, surface="claude.ai"), False),
        (between("2026-03-02T12:00:00Z", None), between("2026-03-02T12:00:00Z", None, provider="openai"), False),
    ],
)
def test_records_are_of_one_incident_if_subject_and_time_agree(
    one: dict[str, Any], other: dict[str, Any], *, same: bool
) -> None:
    assert same_incident(one, other) is same
    assert same_incident(other, one) is same


def test_the_example_of_the_specification_is_valid() -> None:
    text = (SPECIFICATION / "README.md").read_text("utf-8")
    VALIDATOR.validate(json.loads(text.partition("```json\n")[2].partition("```")[0]))


def test_the_specification_names_the_version_that_is_written() -> None:
    assert SCHEMA["$id"].rpartition(":")[2] == SPEC.rpartition("/")[2]
