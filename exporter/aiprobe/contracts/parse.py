"""From the plain values of TOML or YAML to a `Contract`, with all problems reported at once.

The same function reads the contracts that ship with aiprobe and those that a user writes.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiprobe.contracts.contract import (
    ANY_ERROR,
    CLAUSES,
    ClaimRule,
    ClaimStart,
    Confidence,
    Contract,
    CreditUnit,
    Method,
    Tier,
    shape_problems,
)
from aiprobe.core.outcomes import Outcome

_REQUIRED: Final = ("display_name", "provider", "method", "commitment")
_STATUS_LENGTH: Final = 3


class ContractError(ValueError):
    """A contract that cannot be used; `problems` has one clause for each reason."""

    def __init__(self, name: str, problems: list[str]) -> None:
        """Join the problems of the contract `name` into one message."""
        super().__init__(f"contract {name}: " + "; ".join(problems))
        self.problems = tuple(problems)


def parse_contract(name: str, raw: Mapping[str, Any]) -> Contract:
    """Return the contract that `raw` describes, by the field names of `Contract`.

    Raises:
        ContractError: with every unknown key, missing key, wrong type and contradiction at once.
    """
    known = {field.name for field in fields(Contract)} - {"name"}
    problems = [f"{key}: is not a field of a contract" for key in raw if key not in known]
    problems += [f"{key}: is missing" for key in _REQUIRED if key not in raw]
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in known:
            continue
        try:
            read: Callable[[Any], Any] = _READERS.get(key, _text)
            values[key] = read(value)
        except (TypeError, ValueError, KeyError) as wrong:
            problems.append(f"{key}: {wrong.args[0] if wrong.args else wrong}")
    if problems:
        raise ContractError(name, problems)
    contract = Contract(name=name, **values)
    problems = shape_problems(contract)
    if problems:
        raise ContractError(name, problems)
    return contract


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("must be a list of texts")
    return tuple(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("must be a number")
    return float(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("must be a whole number")
    return value


def _one_of(kind: type[StrEnum]) -> Callable[[Any], StrEnum]:
    def read(value: Any) -> StrEnum:
        if value not in set(kind):
            raise ValueError(f"must be one of {', '.join(kind)}")
        return kind(value)

    return read


def _tiers(value: Any) -> tuple[Tier, ...]:
    if not isinstance(value, list):
        raise TypeError("must be a list of {below, credit}")
    tiers = []
    for item in value:
        if not isinstance(item, Mapping) or set(item) != {"below", "credit"}:
            raise TypeError("must be a list of {below, credit}")
        tiers.append(Tier(below=_number(item["below"]), credit=_number(item["credit"])))
    return tuple(tiers)


def _claim(value: Any) -> ClaimRule:
    if not isinstance(value, Mapping) or not {"after"} <= set(value) <= {"after", "days"}:
        raise TypeError("must be {after, days}")
    if value["after"] not in set(ClaimStart):
        raise ValueError(f"after must be one of {', '.join(ClaimStart)}")
    return ClaimRule(after=ClaimStart(value["after"]), days=_whole(value.get("days", 0)))


def _speeds(value: Any) -> tuple[tuple[str, float], ...]:
    if not isinstance(value, Mapping):
        raise TypeError("must be a table of model: tokens per second")
    return tuple((_text(model), _number(speed)) for model, speed in value.items())


def _clauses(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, Mapping) or not set(value) <= set(CLAUSES):
        raise TypeError(f"must be a table of {', '.join(CLAUSES)}")
    return tuple((number, _text(value[number])) for number in CLAUSES if number in value)


def _zone(value: Any) -> str:
    name = _text(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise ValueError(f"{name} is not a time zone of this machine's database") from unknown
    return name


def _day(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return date.fromisoformat(_text(value)).isoformat() if value else ""


def _error_classes(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    outcomes = {str(outcome) for outcome in Outcome}
    for name in names:
        status = len(name) == _STATUS_LENGTH and name[0] in "12345" and (name[1:] == "xx" or name[1:].isdecimal())
        if name != ANY_ERROR and name not in outcomes and not status:
            raise ValueError(f"{name} is neither any, an HTTP status, a class such as 5xx, nor an outcome")
    if not names:
        raise ValueError("must name at least one class of errors")
    return names


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "method": _one_of(Method),
    "confidence": _one_of(Confidence),
    "commitment": _number,
    "slice_seconds": _whole,
    "error_threshold": _number,
    "min_run_slices": _whole,
    "min_slice_requests": _whole,
    "repeat_window_seconds": _whole,
    "credit_unit": _one_of(CreditUnit),
    "tokens_per_second": _number,
    "tokens_per_second_by_model": _speeds,
    "error_classes": _error_classes,
    "excluded": _texts,
    "tiers": _tiers,
    "cap": _number,
    "min_credit_usd": _number,
    "timezone": _zone,
    "claim": _claim,
    "clauses": _clauses,
    "evidence": _texts,
    "assumptions": _texts,
    "verified_on": _day,
}
