"""Validates records of the published form: JSON or NDJSON in, every problem with its line and its place out.

Pure. The schema has the form of a record; the rules here are those of the specification that no JSON Schema can state.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from aiprobe.incidents.published import moment

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')
_ORDERED: Final = (
    (("start", "earliest"), ("start", "latest")),
    (("end", "earliest"), ("end", "latest")),
    (("start", "earliest"), ("end", "latest")),
)
"""Times of which the first is not after the second."""

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    line: int
    """From 1."""
    pointer: str
    """A JSON pointer (RFC 6901), empty for a whole record or text."""
    message: str


class Validator:
    """Validates texts against one JSON Schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        # Nine megabytes that only this command needs.
        import jsonschema_rs  # noqa: PLC0415

        self._schema = jsonschema_rs.validator_for(dict(schema), validate_formats=True, mask="the value", offline=True)

    def check(self, text: str) -> tuple[int, Sequence[Problem]]:
        """Return the number of records in a text, and its problems in the order of its lines.

        A text is one JSON document, a record or an array of records, or else one record a line.
        """
        try:
            whole = _loaded(text)
        except ValueError as error:
            first = text.lstrip().partition("\n")[0]
            if not first or _is_json(first):
                return self._check_lines(text)
            return 0, [Problem(*_located(error))]
        problems = self._check_all(whole if isinstance(whole, list) else [whole])
        prefix = 0 if isinstance(whole, list) else 1
        places = [place[prefix:] for place, _ in problems]
        lines = _lines(text, set(places))
        found = [
            Problem(lines.get(place, 1), _pointer(place), message)
            for place, (_, message) in zip(places, problems, strict=True)
        ]
        return len(whole) if isinstance(whole, list) else 1, found

    def _check_lines(self, text: str) -> tuple[int, Sequence[Problem]]:
        records: list[object] = []
        numbers: list[int] = []
        found = []
        for number, line in enumerate(text.split("\n"), 1):
            try:
                if line.strip():
                    records.append(_loaded(line))
                    numbers.append(number)
            except ValueError as error:
                found.append(replace(Problem(*_located(error)), line=number))
        for (index, *place), message in self._check_all(records):
            found.append(Problem(numbers[int(index)], _pointer(tuple(place)), message))
        return len(records), sorted(found, key=lambda problem: problem.line)

    def _check_all(self, records: Sequence[Any]) -> list[tuple[Place, str]]:
        """Return each problem with its place, which begins with the index of the record."""
        found: list[tuple[Place, str]] = []
        seen: dict[tuple[str, str, int], int] = {}
        for index, record in enumerate(records):
            try:
                errors = list(self._schema.iter_errors(record))
            except ValueError:
                found.append(((index,), "has half of a surrogate pair, or is nested too deeply"))
                continue
            found += [((index, *error.instance_path), error.message) for error in errors]
            if errors:
                continue
            found += [((index, *place), message) for place, message in _inconsistent(record)]
            key = (record["publisher"]["name"], record["id"], record.get("revision", 1))
            if record["end"] is not None and seen.setdefault(key, index) != index:
                found.append(((index, "id"), "an earlier record that has an end has the same id and revision"))
        return found


def _inconsistent(record: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yield what contradicts itself in a record that fits the schema."""
    for before, after in _ORDERED:
        one, other = ((record[of] or {}).get(bound) for of, bound in (before, after))
        with suppress(ValueError):  # a leap second and the year 0 have no datetime
            if one and other and moment(one) > moment(other):
                yield after, f"is before {before[0]}.{before[1]}"
    impact = record["impact"]
    if impact.get("failed", 0) > impact.get("attempts", float("inf")):
        yield ("impact", "failed"), "is more than impact.attempts"
    for index, entry in enumerate(record.get("restated", ())):
        if entry["revision"] > record.get("revision", 1):
            yield ("restated", index, "revision"), "is later than the revision of the record"


def _loaded(text: str) -> Any:
    """Return the JSON document that a text is. Raises ValueError for anything else."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _is_json(text: str) -> bool:
    try:
        return isinstance(_loaded(text), dict)
    except ValueError:
        return False


def _located(error: ValueError) -> tuple[int, str, str]:
    if isinstance(error, json.JSONDecodeError):
        return error.lineno, "", f"is not JSON: {error.msg} at column {error.colno}"
    return 1, "", f"is not JSON: {error}"


def _pointer(place: Place) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in place)


def _lines(text: str, places: set[Place]) -> Mapping[Place, int]:
    """Return the lines on which the values at `places` of a valid JSON text begin."""
    found: dict[Place, int] = {}
    at: list[str | int | None] = []
    """The way to the next value: an index, a key, or None where a key comes."""
    line = 1
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece == "\n":
            line += 1
        elif piece in "}]":
            at.pop()
        elif piece == ",":
            last = at[-1]
            at[-1] = last + 1 if isinstance(last, int) else None
        elif at and at[-1] is None:
            at[-1] = json.loads(piece)
        elif piece != ":":
            place = tuple(step for step in at if step is not None)
            if place in places:
                found[place] = line
            if piece in "{[":
                at.append(None if piece == "{" else 0)
    return found
