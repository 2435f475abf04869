"""Converts a finished probe to the rows that the journal stores: plain values of SQLite's types.

This module sanitises what servers sent: NaN, infinite and too large numbers, invalid and too long texts.
"""

import json
import math
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from aiprobe.core.evidence import MAINTENANCE
from aiprobe.core.model import Attempt, Finished, Result
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.journal.days import SECONDS_PER_DAY, day_of
from aiprobe.journal.hours import SLO_NAMES, pack_facts, pack_verdicts
from aiprobe.journal.seals import Value

ATTEMPTS: Final = (Attempt.SCHEDULED, Attempt.CONFIRM)
"""The index of an attempt is its number in the table `ok`: append only."""
_TEXT_LIMIT: Final = 2000
_LARGEST: Final = 2**53
_FASTEST: Final = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One probe that waits to be written."""

    day: int
    hour: int
    second: int
    """The second within the hour in which the probe began."""
    identity: tuple[str, ...]
    ticks: bool
    """Whether it gets a tick: all probes but cancelled ones."""
    verdicts: int
    facts: int
    speed: float | None
    ok: tuple[Value, ...] | None
    """A row of the table `ok` without id and target, or None for a failed probe."""
    failed: tuple[Value, ...] | None
    """A row of the table `failed` without id, target and run."""
    started: float


def to_entry(
    finished: Finished, *, declared_state: str, now: float, keeps_throughput_of: Collection[str] = ()
) -> Entry:
    """Return the entry of a probe; `now` replaces a start that is not a valid time."""
    result = finished.result
    started = result.started_timestamp_seconds
    if not (math.isfinite(started) and started >= 0 and day_of(started) == started // SECONDS_PER_DAY):
        started = now
    scheduled = finished.attempt is Attempt.SCHEDULED
    cancelled = result.outcome is Outcome.CANCELLED
    verdicts = _verdicts(finished) if scheduled and not cancelled else {}
    ok = result.outcome is Outcome.OK and finished.verdict is Verdict.GOOD
    packed = pack_verdicts(verdicts)
    speed = (
        _real(result.output_tokens_per_second) if scheduled and finished.target.name in keeps_throughput_of else None
    )
    return Entry(
        day=day_of(started),
        hour=int(started) // 3600,
        second=int(started) % 3600,
        identity=_sanitised(finished.target.identity),
        ticks=not cancelled,
        verdicts=packed,
        facts=pack_facts(
            state=finished.state,
            ok=result.outcome is Outcome.OK,
            consecutive_failures=finished.consecutive_failures,
        ),
        speed=None if speed is None else min(max(speed, 0.0), _FASTEST),
        ok=_ok_row(finished, started, packed) if ok else None,
        failed=None if ok else _failed_row(finished, started, declared_state),
        started=started,
    )


def _verdicts(finished: Finished) -> Mapping[str, Verdict]:
    if finished.maintenance:
        return {**finished.slo_verdicts, SLO_NAMES[0]: Verdict.EXCLUDED, MAINTENANCE: finished.verdict}
    return {**finished.slo_verdicts, SLO_NAMES[0]: finished.verdict}


def _ok_row(finished: Finished, started: float, verdicts: int) -> tuple[Value, ...]:
    result = finished.result
    return (
        int(started * 1000) - day_of(started) * SECONDS_PER_DAY * 1000,
        ATTEMPTS.index(finished.attempt),
        verdicts,
        _scaled(result.duration_seconds, 1e3) or 0,
        _scaled(result.time_to_first_token_seconds, 1e3),
        _whole(result.input_tokens),
        _whole(result.output_tokens),
        _scaled(result.cost_usd, 1e9),
    )


def _failed_row(finished: Finished, started: float, declared_state: str) -> tuple[Value, ...]:
    result = finished.result
    return (
        started,
        str(finished.attempt),
        str(result.outcome),
        str(finished.verdict),
        _whole(result.http_status),
        _optional_text(result.error_type),
        _optional_text(result.request_id),
        _text(result.detail),
        _phases(result),
        _real(result.duration_seconds) or 0.0,
        _whole(result.input_tokens),
        _whole(result.output_tokens),
        _real(result.cost_usd),
        int(finished.egress_down),
        _text(declared_state),
    )


def _sanitised(identity: tuple[str, ...]) -> tuple[str, ...]:
    """Return an identity as it is stored. Its texts are interned: it outlives its target, and others have the same."""
    plain = "".join(identity).isascii() and max(map(len, identity)) <= _TEXT_LIMIT
    return tuple(map(sys.intern, identity if plain else map(_text, identity)))


def _phases(result: Result) -> str:
    phases = {_text(name): seconds for name, value in result.phases.items() if (seconds := _real(value)) is not None}
    return json.dumps(phases, separators=(",", ":"))


def _text(value: str) -> str:
    """Cut a text, and replace what UTF-8 cannot encode, such as a lone surrogate from JSON."""
    return value[:_TEXT_LIMIT].encode("utf-8", "replace").decode()


def _optional_text(value: str | None) -> str | None:
    return None if value is None else _text(value)


def _real(value: float | None) -> float | None:
    return None if value is None or not -_LARGEST < value < _LARGEST else float(value)


def _whole(value: int | None) -> int | None:
    return None if value is None or not -_LARGEST < value < _LARGEST else int(value)


def _scaled(value: float | None, factor: float) -> int | None:
    real = _real(value)
    return None if real is None else _whole(round(real * factor))
