"""Contracts as data: what they may say, and what is refused with a reason."""

from typing import Any

import pytest

from aiprobe.contracts.contract import (
    Confidence,
    acceptance_problem,
    counts_by_the_letter,
    is_disputed,
)
from aiprobe.contracts.parse import ContractError, parse_contract
from tests.unit.contracts.builders import a_contract, a_failure, google

PLAIN = {"display_name": "Example AI", "provider": "example", "method": "occurrences", "commitment": 0.999}
NO_CLASS = "error_classes: 5XX is neither any, an HTTP status, a class such as 5xx, nor an outcome"
NO_START = "claim: after must be one of month_end, incident, eligibility, second_billing_cycle"
WHOLE_SLICES = "repeat_window_seconds: must be whole slices within an hour"
NO_SPEED = "tokens_per_second: is needed above 0 by latency_slice, for the contract or by model"
NO_TABLE = "tokens_per_second_by_model: must be a table of model: tokens per second"


def problems_of(**fields: Any) -> tuple[str, ...]:
    with pytest.raises(ContractError) as refused:
        parse_contract("mine", PLAIN | fields)
    return refused.value.problems


def test_a_users_contract_needs_four_fields_and_has_their_own_confidence() -> None:
    contract = parse_contract("mine", PLAIN)
    assert (contract.name, contract.confidence, contract.error_classes) == ("mine", Confidence.OWN, ("any",))


def test_every_problem_of_a_contract_is_told_at_once() -> None:
    with pytest.raises(ContractError) as refused:
        parse_contract("mine", {"method": "guess", "commitment": "99.9", "upime": 1})
    assert refused.value.problems == (
        "upime: is not a field of a contract",
        "display_name: is missing",
        "provider: is missing",
        "method: must be one of occurrences, timeslice_run, ratio_timeslice, latency_slice",
        "commitment: must be a number",
    )
    assert str(refused.value).startswith("contract mine: upime: is not a field")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"commitment": 99.9}, "commitment: must be a ratio between 0 and 1"),
        ({"commitment": True}, "commitment: must be a number"),
        ({"commitment": float("nan")}, "commitment: must be a number"),
        ({"slice_seconds": 90}, "slice_seconds: must be whole minutes that divide an hour"),
        ({"slice_seconds": 0}, "slice_seconds: must be whole minutes that divide an hour"),
        ({"slice_seconds": 7200}, "slice_seconds: must be whole minutes that divide an hour"),
        ({"slice_seconds": 60.0}, "slice_seconds: must be a whole number"),
        ({"error_threshold": 1}, "error_threshold: must be a ratio from 0 to below 1"),
        ({"min_run_slices": 0}, "min_run_slices: must be at least 1"),
        ({"min_run_slices": 5}, "min_run_slices: belongs to timeslice_run"),
        ({"min_slice_requests": -1}, "min_slice_requests: must not be negative"),
        ({"min_slice_requests": 0.5}, "min_slice_requests: must be a whole number"),
        ({"repeat_window_seconds": 300, "method": "timeslice_run"}, "repeat_window_seconds: belongs to occurrences"),
        ({"repeat_window_seconds": 90, "method": "occurrences"}, WHOLE_SLICES),
        ({"repeat_window_seconds": -60, "method": "occurrences"}, WHOLE_SLICES),
        ({"repeat_window_seconds": 7200, "method": "occurrences"}, WHOLE_SLICES),
        ({"clauses": {"price": "x"}}, "clauses: must be a table of commitment, measure, credits, claim"),
        ({"credit_unit": "week"}, "credit_unit: must be one of month, day"),
        (
            {"credit_unit": "day", "tiers": [{"below": 0.9, "credit": 32}]},
            "tiers: 0.9 with 32 is not below the commitment, or no ratio",
        ),
        ({"cap": 50}, "cap: must be a ratio above 0 and at most 1"),
        ({"min_credit_usd": -1}, "min_credit_usd: must not be negative"),
        ({"timezone": "Mars/Olympus"}, "timezone: Mars/Olympus is not a time zone of this machine's database"),
        ({"timezone": "../etc/passwd"}, "timezone: ../etc/passwd is not a time zone of this machine's database"),
        ({"error_classes": ["5XX"]}, NO_CLASS),
        ({"error_classes": []}, "error_classes: must name at least one class of errors"),
        ({"error_classes": "5xx"}, "error_classes: must be a list of texts"),
        ({"claim": {"days": 30}}, "claim: must be {after, days}"),
        ({"claim": {"after": "later", "days": 3}}, NO_START),
        ({"claim": {"after": "month_end"}}, "claim: days must be at least 1"),
        ({"tiers": [{"below": 0.9}]}, "tiers: must be a list of {below, credit}"),
        ({"tiers": [{"below": 0.9, "credit": 10}]}, "tiers: 0.9 with 10 is not below the commitment, or no ratio"),
        ({"tiers": {"below": 0.9}}, "tiers: must be a list of {below, credit}"),
        ({"method": "latency_slice"}, NO_SPEED),
        ({"tokens_per_second": -1}, "tokens_per_second: must be above 0"),
        ({"tokens_per_second_by_model": {"m": 0}}, "tokens_per_second: must be above 0"),
        ({"tokens_per_second_by_model": ["m"]}, NO_TABLE),
        ({"verified_on": "yesterday"}, "verified_on: Invalid isoformat string: 'yesterday'"),
        ({"source_url": 3}, "source_url: must be text"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(fields: dict[str, Any], problem: str) -> None:
    assert problem in problems_of(**fields)


def test_tiers_must_go_downwards() -> None:
    tiers = [{"below": 0.95, "credit": 0.5}, {"below": 0.99, "credit": 0.1}]
    assert problems_of(tiers=tiers) == ("tiers: must go from the highest uptime and the lowest credit downwards",)


@pytest.mark.parametrize(
    ("classes", "outcome", "status", "counts"),
    [
        (["any"], "timeout_total", None, True),
        (["5xx"], "overloaded", 529, True),
        (["5xx"], "timeout_total", None, False),
        (["5xx"], "error_in_body", 200, False),
        (["500"], "server_error", 500, True),
        (["500"], "server_error", 503, False),
        (["500", "truncated"], "truncated", 200, True),
    ],
)
def test_only_the_contracts_own_classes_of_errors_count_by_its_letter(
    classes: list[str], outcome: str, status: int | None, counts: bool
) -> None:
    contract = a_contract(error_classes=classes)
    assert counts_by_the_letter(contract, outcome=outcome, http_status=status) is counts


@pytest.mark.parametrize(
    ("fields", "disputed"),
    [
        ({"outcome": "timeout_total", "http_status": None}, True),
        ({"outcome": "timeout_total", "http_status": None, "attempt": "confirm"}, False),
        ({"outcome": "rate_limited", "http_status": 429, "verdict": "excluded"}, False),
        ({}, False),
    ],
)
def test_a_scheduled_bad_probe_that_is_no_error_by_the_letter_is_disputed(
    fields: dict[str, Any], disputed: bool
) -> None:
    assert is_disputed(a_contract(error_classes=["5xx"]), a_failure(0.0, **fields)) is disputed


def test_unverified_terms_must_be_enabled_knowingly() -> None:
    contract = a_contract(confidence="unverified", source_url="https://example.com/sla")
    problem = acceptance_problem(contract, accept_unverified=False)
    assert problem is not None
    assert "accept_unverified: true" in problem
    assert "https://example.com/sla" in problem
    assert acceptance_problem(contract, accept_unverified=True) is None
    assert acceptance_problem(google(), accept_unverified=False) is None


def test_the_longest_model_prefix_decides_the_speed() -> None:
    speeds = {"gpt-4.1": 80, "gpt-4.1-mini": 90}
    contract = a_contract(method="latency_slice", tokens_per_second=25, tokens_per_second_by_model=speeds)
    models = ["gpt-4.1-mini-2026", "gpt-4.1-2026", "o9"]
    assert [contract.target_speed(model) for model in models] == [90, 80, 25]
