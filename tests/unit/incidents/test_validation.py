"""`aiprobe incidents validate`: JSON and NDJSON of strangers, and what is said of each bad input."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.cli import main
from aiprobe.incidents.validation import Validator
from tests.unit.incidents.test_published import CORPUS, RECORDS, SCHEMA, SPECIFICATION

VALIDATOR = Validator(SCHEMA)
GOOD = CORPUS[0]


def validated(*files: Path | str, stdin: bytes = b"") -> tuple[int, list[str], str]:
    """Return the exit code, the problems, and what the command prints beside them."""
    done = CliRunner().invoke(main, ["incidents", "validate", *map(str, files)], input=stdin, catch_exceptions=False)
    return done.exit_code, done.stdout.splitlines(), done.stderr


def one_wrong(**keys: Any) -> list[tuple[str, str]]:
    """Return the problems of a record with these keys in place of its own."""
    _, problems = VALIDATOR.check(json.dumps(GOOD | keys))
    return [(problem.pointer, problem.message) for problem in problems]


def test_the_corpus_and_what_aiprobe_writes_are_valid() -> None:
    code, problems, summary = validated(*sorted((SPECIFICATION / "corpus").glob("*.ndjson")))
    assert (code, problems, summary) == (0, [], f"records: {len(CORPUS)}, problems: 0\n")
    written = [json.dumps(record) for name, record in RECORDS.items() if name != "without a page"]
    assert validated("-", stdin="\n".join(written).encode()) == (0, [], f"records: {len(written)}, problems: 0\n")


def test_each_problem_has_its_file_its_line_and_its_pointer(tmp_path: Path) -> None:
    lines = [json.dumps(GOOD), "", json.dumps(GOOD | {"id": "b", "end": {"earliest": None}}), "{", json.dumps([1])]
    file = tmp_path / "all.ndjson"
    file.write_text("\n".join(lines), encoding="utf-8")
    code, problems, summary = validated(file)
    assert (code, summary) == (1, f"records: 3, problems: {len(problems)}\n")
    assert problems[0].startswith(f"{file}:3: /end: ")
    assert problems[1].startswith(f"{file}:4: (root): is not JSON: ")
    assert {problem.partition(": ")[0] for problem in problems[2:]} == {f"{file}:5"}


@pytest.mark.parametrize(
    ("document", "pointer", "line"),
    [
        (GOOD | {"subject": {"provider": "p", "surface": ""}}, "/subject/surface", '"surface": ""'),
        ([GOOD, GOOD | {"id": "b", "declared": [{"at": "noon", "status": "x"}]}], "/1/declared/0/at", '"at": "noon"'),
        (GOOD | {"a/b~c": {"{": '\\"}'}, "impact": {"kind": 7}}, "/impact/kind", '"kind": 7'),
    ],
)
def test_a_document_over_many_lines_has_the_line_of_the_value(document: Any, pointer: str, line: str) -> None:
    text = json.dumps(document, indent=2)
    _, (problem,) = VALIDATOR.check(text)
    assert problem.pointer == pointer
    assert line in text.split("\n")[problem.line - 1]


def test_a_document_that_is_cut_has_the_line_of_the_cut() -> None:
    text = json.dumps(GOOD, indent=2)[:-2]
    count, (problem,) = VALIDATOR.check(text)
    assert (count, problem.line) == (0, len(text.split("\n")))


def bounds(earliest: str | None, latest: str | None) -> dict[str, str | None]:
    """Return the bounds of a time on a day in March."""
    return {"earliest": earliest and f"2026-03-02T{earliest}", "latest": latest and f"2026-03-02T{latest}"}


MOVED = {"restated": [{"revision": 2, "field": "start", "reason": "r"}]}


@pytest.mark.parametrize(
    ("keys", "pointer", "message"),
    [
        ({"start": bounds("13:00:00Z", "12:00:00Z"), "end": None}, "/start/latest", "is before start.earliest"),
        ({"start": bounds("12:00:00+02:00", "10:00:00z"), "end": None}, None, ""),
        (
            {"start": bounds("12:00:00Z", None), "end": bounds(None, "11:00:00Z")},
            "/end/latest",
            "is before start.earliest",
        ),
        ({"start": bounds("12:00:00Z", None), "end": bounds(None, None)}, None, ""),
        ({"start": {"earliest": "2016-12-31T23:59:60Z", "latest": None}, "end": None}, None, ""),
        ({"impact": {"kind": "down", "attempts": 2, "failed": 3}}, "/impact/failed", "is more than impact.attempts"),
        ({"impact": {"kind": "down", "failed": 3}}, None, ""),
        (MOVED, "/restated/0/revision", "is later than the revision of the record"),
        (MOVED | {"revision": 2}, None, ""),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(keys: dict[str, Any], pointer: str | None, message: str) -> None:
    assert one_wrong(**keys) == ([] if pointer is None else [(pointer, message)])


def test_two_records_with_one_id_are_two_revisions_or_a_mistake() -> None:
    records = [GOOD | {"end": None}, GOOD | {"end": None}, GOOD, GOOD | {"revision": 2}, GOOD | {"revision": 2}]
    _, (problem,) = VALIDATOR.check("\n".join(map(json.dumps, records)))
    assert (problem.line, problem.pointer) == (5, "/id")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 0),
        (b"[]", 0),
        (b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), 0),
        (json.dumps(GOOD).encode() + b"\r\n", 0),
        (json.dumps(GOOD | {"later": [1.5, {"deep": None}]}).encode(), 0),
        (b"null", 1),
        (b'"text"', 1),
        (b"<html>", 1),
        (b"[" * 100_000, 1),
        (b'{"a":' * 100_000, 1),
        (json.dumps(GOOD | {"revision": float("nan")}).encode(), 1),
        (b'{"revision": ' + b"9" * 5000 + b"}", 1),
        (json.dumps(GOOD | {"\ud800": 1}).encode(), 1),
        (b"\xff\xfe{\x00", 2),
    ],
    ids=lambda one: repr(one[:20]) if isinstance(one, bytes) else str(one),
)
def test_any_bytes_are_judged(body: bytes, code: int) -> None:
    assert validated("-", stdin=body)[0] == code


def test_a_file_that_cannot_be_read_is_no_verdict(tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps(GOOD), encoding="utf-8")
    code, problems, words = validated(good, tmp_path / "missing.json")
    assert (code, problems) == (2, [])
    assert "missing.json: No such file" in words
    assert validated(tmp_path)[0] == 2
    assert validated()[0] == 2


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD, "x"]), inner)))
def test_no_record_of_a_stranger_breaks_the_validator(document: Any) -> None:
    text = json.dumps(GOOD | document if isinstance(document, dict) else document, indent=1)
    _, problems = VALIDATOR.check(text)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in problems)
