"""Reads the last results of each target back, for a restart.

Good results come from their rows, or from their ticks if rows are sampled; all others are complete. The caller derives
states and incidents from them.
"""

import sqlite3
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiprobe.core.evidence import HOUR_SECONDS, FailedProbe
from aiprobe.core.model import Attempt, Finished, Result, Target
from aiprobe.core.outcomes import Outcome, Verdict
from aiprobe.journal.days import SECONDS_PER_DAY, DayFile
from aiprobe.journal.entries import ATTEMPTS
from aiprobe.journal.hours import unpack_facts, unpack_ticks, unpack_verdicts
from aiprobe.journal.read import OnError, days, failed, log_error, opened, target_terms

_OUTCOMES: Final = frozenset(map(str, Outcome))
_OK_ROWS: Final = """
    SELECT target, at_ms, attempt, verdicts, duration_ms, first_token_ms, input_tokens, output_tokens, cost_nano_usd
    FROM ok WHERE at_ms >= ? ORDER BY at_ms, id"""

_BAD_ROWS: Final = """
    SELECT target, started, attempt FROM failed WHERE verdict = 'bad' AND started >= ? AND started < ?
    ORDER BY started, id"""


@dataclass(frozen=True, slots=True)
class History:
    """When a target failed, and since when it is probed. Unix times."""

    since: float
    """The start of its first hour, or its first failure."""
    failures: Collection[tuple[float, bool]]
    """The start of each bad attempt, and whether it was a scheduled one; oldest first."""


def recent_results(
    directory: Path,
    targets: Sequence[Target],
    now: float,
    *,
    seconds: float,
    most: int,
    on_error: OnError = log_error,
) -> Sequence[Finished]:
    """Return up to `most` results of each target from the last `seconds` before `now`, oldest start first.

    Finds the results under the current and the former identity of a target. `state` and `consecutive_failures` are not
    set.
    """
    wanted = {identity: target for target in targets for identity in (target.former_identity, target.identity)}
    kept: dict[str, deque[Finished]] = {target.name: deque(maxlen=most) for target in targets}
    bad = (
        _failed(wanted[probe.identity], probe)
        for probe in failed(directory, now - seconds, now, {target.name for target in targets}, on_error=on_error)
        if probe.identity in wanted and probe.outcome in _OUTCOMES
    )
    good = sorted(_good(directory, wanted, now - seconds, now, on_error), key=_started)
    for finished in merge(bad, good, key=_started):
        kept[finished.target.name].append(finished)
    return sorted((finished for results in kept.values() for finished in results), key=_started)


def failures(
    directory: Path,
    targets: Sequence[Target],
    now: float,
    *,
    seconds: float,
    most: int,
    on_error: OnError = log_error,
) -> Mapping[str, History]:
    """Return what the last `seconds` before `now` hold of each target, by name; of its failures the last `most`.

    A target counts under its present and its former identity; one without any result is left out.
    """
    wanted = {identity: target.name for target in targets for identity in (target.former_identity, target.identity)}
    since: dict[str, float] = {}
    found = {target.name: deque[tuple[float, bool]](maxlen=most) for target in targets}
    for day in days(directory, now - seconds, now):
        with opened(directory, DayFile(day, "evidence"), on_error) as connection:
            if connection is None:
                continue
            names = {number: wanted[one] for number, one in target_terms(connection).items() if one in wanted}
            if any(name not in since for name in names.values()):
                for number, hour in connection.execute("SELECT target, min(hour) FROM hour GROUP BY target"):
                    since.setdefault(names.get(number, ""), float(hour * HOUR_SECONDS))
            for number, started, attempt in connection.execute(_BAD_ROWS, (now - seconds, now)):
                if name := names.get(number):
                    since[name] = min(since.get(name, started), started)
                    found[name].append((started, attempt == Attempt.SCHEDULED))
    return {name: History(max(since[name], now - seconds), rows) for name, rows in found.items() if name in since}


def _good(
    directory: Path, wanted: Mapping[tuple[str, ...], Target], start: float, end: float, on_error: OnError
) -> Sequence[Finished]:
    found: list[Finished] = []
    for day in days(directory, start, end):
        with opened(directory, DayFile(day, "ok"), on_error) as connection:
            if connection is not None:
                midnight = float(day * SECONDS_PER_DAY)
                found += _good_of_day(connection, wanted, midnight, start)
    return [finished for finished in found if start <= _started(finished) < end]


def _good_of_day(
    connection: sqlite3.Connection, wanted: Mapping[tuple[str, ...], Target], midnight: float, start: float
) -> Sequence[Finished]:
    """Return a result for each row, and for each good tick without a row."""
    by_number = {
        number: wanted[identity] for number, identity in target_terms(connection).items() if identity in wanted
    }
    found: list[Finished] = []
    rows: Counter[tuple[int, int]] = Counter()
    for number, at_ms, attempt, verdicts, *amounts in connection.execute(_OK_ROWS, ((start - midnight) * 1000,)):
        started = midnight + at_ms / 1000
        rows[number, int(started)] += 1
        if target := by_number.get(number):
            found.append(_finished(target, _ok_result(started, *amounts), ATTEMPTS[attempt], verdicts))
    query = "SELECT hour, events FROM tick WHERE hour >= ? ORDER BY seq"
    for hour, events in connection.execute(query, (int(start) // HOUR_SECONDS,)):
        for tick in unpack_ticks(events):
            second = hour * HOUR_SECONDS + tick.second
            target = by_number.get(tick.target)
            _, ok, _ = unpack_facts(tick.facts)
            if target is None or not ok:
                continue
            if rows[tick.target, second]:
                rows[tick.target, second] -= 1
                continue
            attempt = Attempt.SCHEDULED if tick.verdicts else Attempt.CONFIRM
            result = Result(outcome=Outcome.OK, started_timestamp_seconds=float(second))
            found.append(_finished(target, result, attempt, tick.verdicts))
    return found


def _ok_result(
    started: float,
    duration_ms: int,
    first_token_ms: int | None,
    input_tokens: int | None,
    output_tokens: int | None,
    cost_nano_usd: int | None,
) -> Result:
    return Result(
        outcome=Outcome.OK,
        started_timestamp_seconds=started,
        duration_seconds=duration_ms / 1e3,
        time_to_first_token_seconds=None if first_token_ms is None else first_token_ms / 1e3,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=None if cost_nano_usd is None else cost_nano_usd / 1e9,
    )


def _failed(target: Target, probe: FailedProbe) -> Finished:
    result = Result(
        outcome=Outcome(probe.outcome),
        detail=probe.detail,
        started_timestamp_seconds=probe.started_timestamp_seconds,
        duration_seconds=probe.duration_seconds,
        phases=probe.phases,
        http_status=probe.http_status,
        request_id=probe.request_id,
        error_type=probe.error_type,
        input_tokens=probe.input_tokens,
        output_tokens=probe.output_tokens,
        cost_usd=probe.cost_usd,
    )
    return Finished(
        target=target,
        result=result,
        attempt=Attempt(probe.attempt),
        verdict=Verdict(probe.verdict),
        slo_verdicts=MappingProxyType({}),
        egress_down=probe.egress_down,
    )


def _finished(target: Target, result: Result, attempt: Attempt, verdicts: int) -> Finished:
    return Finished(
        target=target, result=result, attempt=attempt, verdict=Verdict.GOOD, slo_verdicts=_verdicts(verdicts)
    )


@lru_cache(maxsize=1024)
def _verdicts(packed: int) -> Mapping[str, Verdict]:
    return MappingProxyType(unpack_verdicts(packed))


def _started(finished: Finished) -> float:
    return finished.result.started_timestamp_seconds
