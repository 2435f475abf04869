"""The table of outcomes and verdicts is that of docs/outcomes.md, outcome by outcome."""

import pytest

from aiprobe.core.model import LatencyObjective, Objectives, Result
from aiprobe.core.outcomes import NEEDS_EGRESS_CHECK, Outcome, Verdict, availability_verdict, correctness_verdict
from aiprobe.core.verdicts import is_poor, slo_verdicts
from tests.builders import a_result

GOOD = {"ok", "wrong_answer"}
BAD = {
    "overloaded", "server_error", "error_in_body", "truncated", "disconnected", "stalled", "malformed", "empty",
    "timeout_connect", "timeout_first_token", "timeout_total", "dns", "connect", "tls",
}  # fmt: skip
EXCLUDED = {
    "rate_limited", "auth", "quota_exhausted", "challenged", "not_found", "bad_request", "content_filtered", "starved",
    "cancelled", "internal_error",
}  # fmt: skip
WITHOUT_A_RESPONSE = {
    "dns", "connect", "tls", "timeout_connect", "timeout_first_token", "timeout_total", "disconnected", "stalled",
}  # fmt: skip

EVERY_OBJECTIVE = Objectives(
    availability=0.995,
    correctness=0.99,
    time_to_first_token=LatencyObjective(below_seconds=1.0, objective=0.95),
    duration=LatencyObjective(below_seconds=3.0, objective=0.95),
)


def test_the_set_of_outcomes_is_closed_and_each_has_one_verdict() -> None:
    assert {outcome.value for outcome in Outcome} == GOOD | BAD | EXCLUDED
    assert len(GOOD) + len(BAD) + len(EXCLUDED) == len(Outcome)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_has_the_verdict_of_the_design(outcome: Outcome) -> None:
    expected = Verdict.GOOD if outcome in GOOD else Verdict.BAD if outcome in BAD else Verdict.EXCLUDED
    assert availability_verdict(outcome) is expected


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_dead_egress_excuses_only_failures_without_a_response(outcome: Outcome) -> None:
    assert {str(outcome) for outcome in NEEDS_EGRESS_CHECK} == WITHOUT_A_RESPONSE
    with_dead_egress = availability_verdict(outcome, egress_down=True)
    expected = Verdict.EXCLUDED if outcome in WITHOUT_A_RESPONSE else availability_verdict(outcome)
    assert with_dead_egress is expected


def test_count_rate_limits_makes_only_rate_limits_bad() -> None:
    changed = {
        outcome
        for outcome in Outcome
        if availability_verdict(outcome, count_rate_limits=True) is not availability_verdict(outcome)
    }
    assert changed == {Outcome.RATE_LIMITED}
    assert availability_verdict(Outcome.RATE_LIMITED, count_rate_limits=True) is Verdict.BAD


def test_correctness_judges_whole_answers_and_refusals_only() -> None:
    bad = {outcome for outcome in Outcome if correctness_verdict(outcome) is Verdict.BAD}
    assert bad == {Outcome.WRONG_ANSWER, Outcome.CONTENT_FILTERED}
    assert {outcome for outcome in Outcome if correctness_verdict(outcome) is Verdict.GOOD} == {Outcome.OK}


def test_a_target_without_objectives_has_no_slo_events() -> None:
    assert slo_verdicts(Objectives(availability=None), a_result(), Verdict.GOOD) == {}


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.2, Verdict.GOOD), (0.999, Verdict.GOOD), (1.0, Verdict.BAD), (7.0, Verdict.BAD)]
)
def test_a_first_token_is_good_only_below_its_threshold(seconds: float, expected: Verdict) -> None:
    result = a_result(time_to_first_token_seconds=seconds)
    assert slo_verdicts(EVERY_OBJECTIVE, result, Verdict.GOOD)["time_to_first_token"] is expected


@pytest.mark.parametrize(
    ("outcome", "first_token", "duration"),
    [
        (Outcome.TIMEOUT_FIRST_TOKEN, Verdict.BAD, Verdict.BAD),
        (Outcome.TIMEOUT_TOTAL, Verdict.BAD, Verdict.BAD),
        (Outcome.STALLED, Verdict.EXCLUDED, Verdict.BAD),
        (Outcome.OVERLOADED, Verdict.EXCLUDED, Verdict.EXCLUDED),
        (Outcome.CONNECT, Verdict.EXCLUDED, Verdict.EXCLUDED),
        (Outcome.WRONG_ANSWER, Verdict.EXCLUDED, Verdict.EXCLUDED),
    ],
)
def test_a_latency_is_bad_when_timed_out_and_excluded_for_other_failures(
    outcome: Outcome, first_token: Verdict, duration: Verdict
) -> None:
    verdicts = slo_verdicts(EVERY_OBJECTIVE, a_result(outcome), availability_verdict(outcome))
    assert (verdicts["time_to_first_token"], verdicts["duration"]) == (first_token, duration)


def test_a_total_timeout_after_the_first_token_says_nothing_of_the_first_token() -> None:
    result = a_result(Outcome.TIMEOUT_TOTAL, time_to_first_token_seconds=0.4)
    assert slo_verdicts(EVERY_OBJECTIVE, result, Verdict.BAD)["time_to_first_token"] is Verdict.EXCLUDED


def test_our_own_network_failure_is_excluded_from_every_slo() -> None:
    verdicts = slo_verdicts(EVERY_OBJECTIVE, a_result(Outcome.TIMEOUT_FIRST_TOKEN), Verdict.EXCLUDED)
    assert set(verdicts.values()) == {Verdict.EXCLUDED}


def test_a_refusal_is_excluded_but_bad_for_correctness() -> None:
    verdicts = slo_verdicts(EVERY_OBJECTIVE, a_result(Outcome.CONTENT_FILTERED), Verdict.EXCLUDED)
    assert verdicts["correctness"] is Verdict.BAD
    assert verdicts["availability"] is Verdict.EXCLUDED


def poor(objectives: Objectives, result: Result) -> bool:
    return is_poor(result.outcome, slo_verdicts(objectives, result, Verdict.GOOD))


def test_a_slow_or_wrong_result_is_poor_and_a_right_one_in_time_is_not() -> None:
    assert poor(EVERY_OBJECTIVE, a_result(time_to_first_token_seconds=2.0))
    assert poor(EVERY_OBJECTIVE, a_result(duration_seconds=9.0))
    assert poor(Objectives(), a_result(Outcome.WRONG_ANSWER))
    assert not poor(EVERY_OBJECTIVE, a_result())
    assert not poor(Objectives(), a_result(time_to_first_token_seconds=59.0))
