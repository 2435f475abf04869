"""Calendar months in the contract's zone, and the terms of claims."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from aiprobe.contracts.month import calendar_month, claim_deadline, month_of, parse_month
from tests.unit.contracts.builders import a_contract

DAY = 86_400


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "zone", "hours"),
    [
        ("2026-02", "UTC", 672),
        ("2028-02", "UTC", 696),
        ("2026-10", "UTC", 744),
        ("2026-10", "Europe/Berlin", 745),
        ("2026-03", "Europe/Berlin", 743),
        ("2026-11", "America/Los_Angeles", 721),
        ("2026-12", "Asia/Kolkata", 744),
    ],
)
def test_a_month_is_as_long_as_its_zone_makes_it(text: str, zone: str, hours: int) -> None:
    month = parse_month(text, timezone=zone)
    assert (month.end_seconds - month.start_seconds) / 3600 == hours
    assert month.label == text


def test_the_days_of_a_month_cover_it_without_a_gap_and_one_of_them_is_long_in_autumn() -> None:
    month = parse_month("2026-10", timezone="Europe/Berlin")
    days = month.days
    assert (days[0][0], days[-1][1], len(days)) == (month.start_seconds, month.end_seconds, 31)
    assert all(one[1] == two[0] for one, two in pairwise(days))
    assert [index for index, (start, end) in enumerate(days, 1) if end - start != DAY] == [25]
    assert days[24][1] - days[24][0] == 25 * 3600


def test_the_months_of_december_end_in_january() -> None:
    month = parse_month("2026-12", timezone="UTC")
    assert month.end_seconds == at("2027-01-01T00:00")
    assert month.shifted(1).label == "2027-01"
    assert month.shifted(-12).label == "2025-12"


def test_a_moment_belongs_to_the_month_of_the_zone_not_of_utc() -> None:
    moment = at("2026-11-01T06:30")
    assert month_of(moment, timezone="UTC").label == "2026-11"
    assert month_of(moment, timezone="America/Los_Angeles").label == "2026-10"


def test_the_hours_of_a_month_off_by_half_an_hour_share_their_ends_with_its_neighbours() -> None:
    month = parse_month("2026-10", timezone="Asia/Kolkata")
    assert month.start_seconds % 3600 == 1800
    assert month.hours.stop - 1 == month.shifted(1).hours.start


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-10", "2026-1", "October", "", "2026-10-01", "0001-01"])
def test_what_is_no_month_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 2026-10"):
        parse_month(text, timezone="UTC")


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"after": "month_end", "days": 30}, "2026-12-01T00:00"),
        ({"after": "incident", "days": 15}, "2026-10-20T10:00"),
        ({"after": "eligibility", "days": 30}, "2026-11-08T12:00"),
        ({"after": "second_billing_cycle"}, "2027-01-01T00:00"),
    ],
)
def test_the_term_of_a_claim_runs_from_what_the_contract_says(claim: dict[str, Any], expected: str) -> None:
    month = calendar_month(2026, 10, timezone="UTC")
    deadline = claim_deadline(
        a_contract(claim=claim),
        month,
        first_loss_at=at("2026-10-05T10:00"),
        eligible_at=at("2026-10-09T12:00"),
    )
    assert deadline == at(expected)


def test_a_term_that_has_not_begun_or_is_not_known_has_no_end() -> None:
    month = calendar_month(2026, 10, timezone="UTC")
    contract = a_contract(claim={"after": "eligibility", "days": 30})
    assert claim_deadline(contract, month, first_loss_at=1.0, eligible_at=None) is None
    assert claim_deadline(a_contract(), month, first_loss_at=1.0, eligible_at=1.0) is None
