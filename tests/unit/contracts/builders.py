"""Contracts, months and hours for the tests of this room."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiprobe.contracts.book import Binding
from aiprobe.contracts.contract import Contract
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.month import Month, parse_month
from aiprobe.contracts.parse import parse_contract
from aiprobe.core.evidence import FailedProbe, HourRow, Minute, encode_minute

GOOD, BAD, EXCLUDED, NONE = Minute(good=1), Minute(bad=1), Minute(excluded=1), Minute()
LETTERS: Mapping[str, Minute] = {"+": GOOD, "x": BAD, "e": EXCLUDED, ".": NONE}


def a_contract(**fields: Any) -> Contract:
    """Return a contract of which only the given fields matter."""
    plain: dict[str, Any] = {
        "display_name": "Example AI",
        "provider": "example",
        "method": "timeslice_run",
        "commitment": 0.999,
    }
    return parse_contract(fields.pop("name", "example"), plain | fields)


def google(**fields: Any) -> Contract:
    """Return a contract by Google's rule: five bad minutes in a row."""
    tiers = [{"below": 0.995, "credit": 0.1}, {"below": 0.99, "credit": 0.25}, {"below": 0.95, "credit": 0.5}]
    rule = {"commitment": 0.995, "error_threshold": 0.05, "min_run_slices": 5, "tiers": tiers, "cap": 0.5}
    return a_contract(**(rule | fields))


def a_binding(contract: Contract | None = None, **fields: Any) -> Binding:
    """Return a contract bound to the target `chat`."""
    plain: dict[str, Any] = {"name": "ours", "contract": contract or google(), "targets": ("chat",)}
    return Binding(**(plain | fields))


def identity(target: str = "chat", *, model: str = "m-1", vantage: str = "here") -> tuple[str, ...]:
    """Return identity labels."""
    return (target, "example", "example", "API", model, "", "chat", vantage)


def a_row(hour: int, minutes: Sequence[Minute] | str, *, target: str = "chat", **fields: Any) -> HourRow:
    """Return an hour; `minutes` may be letters (`+` good, `x` bad, `e` excluded, `.` none) and is padded with none."""
    parts = [LETTERS[letter] for letter in minutes] if isinstance(minutes, str) else list(minutes)
    parts += [NONE] * (60 - len(parts))
    codes = bytes(encode_minute(minute) for minute in parts)
    model = fields.pop("model", "m-1")
    return HourRow(target=target, hour=hour, identity=identity(target, model=model), minutes=codes, **fields)


def hour_minutes(minutes: Sequence[Minute] | str) -> HourMinutes:
    """Return one hour's minutes of one target."""
    hour = HourMinutes()
    hour.add_row(a_row(0, minutes))
    return hour


def month_rows(month: Month, minute_at: Callable[[int], Minute], *, target: str = "chat") -> list[HourRow]:
    """Return the hours of a month; `minute_at` tells the minute that begins at a Unix time."""
    return [
        a_row(hour, [minute_at(hour * 3600 + minute * 60) for minute in range(60)], target=target)
        for hour in month.hours
    ]


def a_failure(at: float, **fields: Any) -> FailedProbe:
    """Return a failed probe of the target `chat` at a Unix time."""
    plain: dict[str, Any] = {
        "started_timestamp_seconds": at,
        "target": "chat",
        "identity": identity(fields.get("target", "chat")),
        "attempt": "scheduled",
        "outcome": "server_error",
        "verdict": "bad",
        "http_status": 500,
    }
    return FailedProbe(**(plain | fields))


def worked_month() -> tuple[Month, list[bool]]:
    """Return the month of 30 days of the reference and whether each of its minutes is bad.

    Outages of 4, 7, 45 and 3 minutes, and blips of one minute with a probability of 0.05 %, drawn from a fixed seed.
    """
    month = parse_month("2026-09", timezone="UTC")
    draw = random.Random(3)
    bad = [False] * (30 * 1440)
    for start, length in ((1000, 4), (5000, 7), (20000, 45), (30000, 3)):
        bad[start : start + length] = [True] * length
    return month, [was_bad or blip for was_bad, blip in zip(bad, [draw.random() < 0.0005 for _ in bad], strict=True)]


def worked_rows(bad: Sequence[bool], month: Month) -> list[HourRow]:
    """Return the worked month with one probe a minute."""
    return month_rows(month, lambda at: BAD if bad[(at - month.start_seconds) // 60] else GOOD)


def rows_of(minutes: Mapping[int, Minute], *, target: str = "chat") -> list[HourRow]:
    """Return the hours that hold these minutes, by Unix minute; others are unknown. Oldest first."""
    hours: dict[int, list[Minute]] = {}
    for at, minute in minutes.items():
        hours.setdefault(at // 60, [NONE] * 60)[at % 60] = minute
    return [a_row(hour, parts, target=target) for hour, parts in sorted(hours.items())]


def spread(start: int, minutes: Iterable[Minute]) -> dict[int, Minute]:
    """Return minutes by Unix minute, from the Unix time `start` on."""
    return dict(enumerate(minutes, start // 60))
