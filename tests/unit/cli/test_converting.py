"""`aiprobe statuspages convert`: pages of Atlassian and incident.io in the form in which aiprobe publishes its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aiprobe.cli import main
from aiprobe.incidents.published import observed, same_incident
from aiprobe.incidents.validation import Validator
from aiprobe.statuspages.specs import CATALOGUE
from tests.unit.cli.test_statuspages import CONFIG, url
from tests.unit.incidents.builders import HOUR, NOON
from tests.unit.incidents.test_published import CORPUS, SCHEMA, an_outage
from tests.unit.statuspages.builders import CHAT_ULID, a_component, a_native_summary, a_summary, an_incident, an_update

__all__ = ["url"]

IDS = {one.surface: one.id for one in CATALOGUE["claude"].components}
VALIDATOR = Validator(SCHEMA)


def converted(*arguments: str, stdin: object = None) -> list[dict[str, Any]]:
    """Return what the command prints; every record is valid."""
    body = stdin if isinstance(stdin, bytes) else json.dumps(stdin).encode()
    done = CliRunner().invoke(main, ["statuspages", "convert", *arguments], input=body, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert VALIDATOR.check(done.stdout)[1] == []
    return [json.loads(line) for line in done.stdout.splitlines()]


def as_the_page_had_it(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of the corpus as an incident of an Atlassian page."""
    surface, declared = record["subject"]["surface"], record["declared"][0]
    return an_incident(
        id=record["id"],
        status="resolved",
        impact=declared["impact"],
        created_at=declared["at"],
        started_at=record["start"]["earliest"] or record["start"]["latest"],
        resolved_at=record["end"]["latest"],
        shortlink=declared["url"],
        components=[a_component(id=IDS[surface], name=surface)],
        incident_updates=[],
    )


def test_the_corpus_as_an_atlassian_page_is_converted_back_to_the_corpus() -> None:
    components = [a_component(id=one, name=surface) for surface, one in IDS.items()]
    page = a_summary(components=components, incidents=[as_the_page_had_it(record) for record in CORPUS])
    found = {record["id"].partition(":")[0]: record for record in converted("-", "--page", "claude", stdin=page)}
    assert found.keys() == {record["id"] for record in CORPUS}
    for record in CORPUS:
        other = found[record["id"]]
        assert same_incident(record, other)
        assert same_incident(other, record)
        for key in ("publisher", "end", "impact"):
            assert other[key] == record[key], record["id"]
        assert other["start"]["latest"] == record["start"]["latest"]
        assert other["subject"].items() <= record["subject"].items()


def test_a_declared_and_an_observed_record_are_of_one_incident_if_their_times_overlap() -> None:
    ours = observed(an_outage(until=NOON + HOUR), publisher="us")
    times = {"created_at": "2026-03-02T12:09:00Z", "started_at": None, "resolved_at": "2026-03-02T12:40:00Z"}
    later = dict.fromkeys(times, "2026-03-02T12:31:00Z")
    named = {"components": [a_component()], "status": "resolved", "incident_updates": []}
    page = a_summary(incidents=[an_incident(id="a", **named, **times), an_incident(id="b", **named, **later)])
    same, other = converted("-", "--page", "claude", stdin=page)
    assert ours["end"]["latest"] == "2026-03-02T12:30:00Z"
    assert (same_incident(ours, same), same_incident(same, ours)) == (True, True)
    assert (same_incident(ours, other), same_incident(other, ours)) == (False, False)


def test_the_history_of_an_incident_is_what_the_page_stated_at_each_time() -> None:
    updates = [
        an_update(status="resolved", created_at="2026-03-02T12:40:00Z"),
        an_update(status="identified", created_at="2026-03-02T12:10:00Z"),
        an_update(created_at="2026-03-02T11:49:00Z"),
    ]
    page = a_summary(incidents=[an_incident(status="resolved", incident_updates=updates)])
    (record,) = converted("-", "--page", "claude", stdin=page)
    assert record["declared"] == [
        {"at": "2026-03-02T11:49:00Z", "status": "investigating"},
        {"at": "2026-03-02T12:10:00Z", "status": "identified"},
        {
            "at": "2026-03-02T12:40:00Z",
            "status": "resolved",
            "impact": "major",
            "url": "https://stspg.io/0ghc53zpsfmt",
        },
    ]


def test_a_page_of_incident_io_is_converted_with_a_record_for_each_component() -> None:
    incident = {
        "id": "01JMXBRMFE6N2NNT7DG6XZQ6PX",
        "name": "Errors",
        "status": "identified",
        "published_at": "2026-03-02T12:00:00Z",
        "affected_components": [
            {"component_id": CHAT_ULID, "status": "partial_outage"},
            {"component_id": "FILES", "status": "degraded_performance"},
        ],
        "updates": [{"to_status": "identified", "published_at": "2026-03-02T12:05:00Z", "message_string": "x"}],
    }
    page = a_native_summary(ongoing_incidents=[incident])
    one, other = converted("-", "--provider", "openai", stdin=page)
    assert [record["subject"]["surface"] for record in (one, other)] == ["Chat Completions", "Files"]
    assert one["declared"][0] | {"impact": ""} == {"at": "2026-03-02T12:05:00Z", "status": "identified", "impact": ""}
    assert one["end"] is None


@pytest.mark.parametrize(
    ("incident", "count"),
    [
        ({"impact": "maintenance"}, 0),
        ({"started_at": "2026-03-02T12:00:00Z", "resolved_at": "2026-03-02T11:00:00Z", "status": "resolved"}, 1),
        ({"components": [], "incident_updates": []}, 1),
        ({"components": [{"id": "unlisted"}]}, 1),
    ],
)
def test_odd_incidents_of_a_page_are_valid_records_or_none(incident: dict[str, Any], count: int) -> None:
    assert len(converted("-", "--page", "claude", stdin=a_summary(incidents=[an_incident(**incident)]))) == count


def test_components_and_incidents_may_come_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(a_summary(components=[a_component(id="new", name="Claude Code")])))
    (tmp_path / "b.json").write_text(json.dumps({"page": {}, "incidents": [an_incident(components=[{"id": "new"}])]}))
    (record,) = converted(str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--page", "claude")
    assert record["subject"] == {"provider": "anthropic", "surface": "Claude Code"}


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("-", "--page", "claude"), b"<html>", "-: "),
        (("-", "--page", "claude"), b"", "-: "),
        (("-", "--page", "nobody"), b"{}", "--page"),
        (("-",), b"{}", "--provider"),
        (("missing.json", "--page", "claude"), b"", "cannot read missing.json"),
        (("http://127.0.0.1:9/summary.json", "--page", "claude"), b"", "cannot read http://"),
    ],
)
def test_what_cannot_be_converted_is_one_sentence(arguments: tuple[str, ...], stdin: bytes, words: str) -> None:
    done = CliRunner().invoke(main, ["statuspages", "convert", *arguments], input=stdin)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


def test_without_files_the_pages_of_the_configuration_are_converted(tmp_path: Path, url: str) -> None:
    path = tmp_path / "aiprobe.yml"
    path.write_text(CONFIG.format(url=url), encoding="utf-8")
    done = CliRunner().invoke(main, ["statuspages", "convert", "--config.file", str(path)], catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "aiprobe: bad: text/html where data was promised" in done.stderr
