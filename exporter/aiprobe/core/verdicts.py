"""Derives verdicts from one result: for each SLO of its target, for our own egress, and by its history. Pure.

The reply alone is ambiguous: a proxy answers 404 both to a wrong `base_url` and when the API behind it is gone.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from aiprobe.core.model import LatencyObjective, Objectives, Result, Target, ThroughputObjective
from aiprobe.core.outcomes import NEEDS_EGRESS_CHECK, Outcome, Verdict, correctness_verdict

_LOST_STATUSES: Final = frozenset({403, 404, 410})
_TOO_LATE_FOR_FIRST_TOKEN: Final = frozenset({Outcome.TIMEOUT_FIRST_TOKEN})
_TOO_LATE: Final = frozenset({Outcome.TIMEOUT_FIRST_TOKEN, Outcome.TIMEOUT_TOTAL, Outcome.STALLED})


def slo_verdicts(objectives: Objectives, result: Result, availability: Verdict) -> Mapping[str, Verdict]:
    """Return a verdict for each objective that the target has, by SLO name.

    `availability` is the verdict after the egress check: if it excludes a result, every other SLO excludes it too. A
    latency is good in time, bad if late or timed out, and excluded for any other failure. Equal verdicts share one
    mapping, because thousands of them are stored.
    """
    verdicts: dict[str, Verdict] = {}
    if objectives.availability is not None:
        verdicts["availability"] = availability
    if objectives.correctness is not None:
        verdicts["correctness"] = correctness_verdict(result.outcome)
    if objectives.time_to_first_token is not None:
        seconds = result.time_to_first_token_seconds
        late = result.outcome in _TOO_LATE_FOR_FIRST_TOKEN or (
            result.outcome is Outcome.TIMEOUT_TOTAL and seconds is None
        )
        verdicts["time_to_first_token"] = _latency(objectives.time_to_first_token, result, seconds, late=late)
    if objectives.duration is not None:
        late = result.outcome in _TOO_LATE
        verdicts["duration"] = _latency(objectives.duration, result, result.duration_seconds, late=late)
    if objectives.throughput is not None:
        verdicts["throughput"] = _throughput(objectives.throughput, result)
    if availability is Verdict.EXCLUDED:
        kept = {"correctness"} if result.outcome is Outcome.CONTENT_FILTERED else set()
        verdicts = {name: verdict if name in kept else Verdict.EXCLUDED for name, verdict in verdicts.items()}
    return _the_same(tuple(verdicts.items()))


def proves_egress(target: Target, result: Result) -> bool:
    """Return whether a result shows that packets leave for the Internet and return: a target there answered."""
    return bool(target.provider.egress and result.bytes_received and result.outcome not in NEEDS_EGRESS_CHECK)


def is_poor(outcome: Outcome, verdicts: Mapping[str, Verdict]) -> bool:
    """Return whether a good result was slower than an objective of its target, or wrong, by its `slo_verdicts`."""
    slow = Verdict.BAD in (verdicts.get("time_to_first_token"), verdicts.get("duration"), verdicts.get("throughput"))
    return slow or outcome is Outcome.WRONG_ANSWER


@lru_cache(maxsize=1024)
def _the_same(verdicts: tuple[tuple[str, Verdict], ...]) -> Mapping[str, Verdict]:
    return MappingProxyType(dict(verdicts))


def _throughput(objective: ThroughputObjective, result: Result) -> Verdict:
    speed = result.output_tokens_per_second
    if result.outcome is not Outcome.OK or speed is None:
        return Verdict.EXCLUDED
    return Verdict.GOOD if speed >= objective.above_tokens_per_second else Verdict.BAD


def _latency(objective: LatencyObjective, result: Result, seconds: float | None, *, late: bool) -> Verdict:
    if late:
        return Verdict.BAD
    if result.outcome is not Outcome.OK or seconds is None:
        return Verdict.EXCLUDED
    return Verdict.GOOD if seconds < objective.below_seconds else Verdict.BAD


def judged_by_history(result: Result, *, has_answered: bool) -> Result:
    """Return the result as the target's history has it.

    A reply from in front of the API is `server_error` if the API ever answered there (`Tracked.has_answered`), because
    it no longer answers. Otherwise it stays `not_found` or `auth`: a user's typing error must not page as an outage.
    """
    return replace(result, outcome=Outcome.SERVER_ERROR) if result.from_in_front and has_answered else result


def is_lost(outcome: str, http_status: int | None) -> bool:
    """Return whether a failure counts as an error of the API under a contract's terms: the API was lost."""
    return outcome == Outcome.SERVER_ERROR and http_status in _LOST_STATUSES
