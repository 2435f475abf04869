"""What is lost, left, owed and to be claimed in one month."""

import pytest

from aiprobe.contracts.contract import Contract
from aiprobe.contracts.ledger import MonthLedger, Standing, credit_ratio, credit_usd
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.month import parse_month
from tests.unit.contracts.builders import a_contract, google, hour_minutes

SEPTEMBER = parse_month("2026-09", timezone="UTC")
BEDROCK_TIERS = [{"below": 0.999, "credit": 0.1}, {"below": 0.99, "credit": 0.25}, {"below": 0.95, "credit": 1.0}]
COHERE_TIERS = [{"below": 0.995, "credit": 0.1}, {"below": 0.98, "credit": 0.2}, {"below": 0.95, "credit": 0.3}]
GOOD_HOUR = "+" * 60


def a_ledger(contract: Contract, *hours: str) -> MonthLedger:
    ledger = MonthLedger(contract, SEPTEMBER)
    for letters in hours:
        ledger.close(hour_minutes(letters) if letters else None)
    return ledger


def whole(contract: Contract, *hours: str, spend_usd: float | None = None) -> Standing:
    """Close a whole month that begins with `hours` and is good after them."""
    ledger = a_ledger(contract, *hours, *[GOOD_HOUR] * (720 - len(hours)))
    assert ledger.ended
    return ledger.standing(spend_usd=spend_usd)


@pytest.mark.parametrize(
    ("uptime", "expected"),
    [(0.9949, (0.1, 0.1, 0.1)), (0.985, (0.25, 0.25, 0.1)), (0.94, (0.5, 1.0, 0.3)), (0.9985, (0.0, 0.1, 0.0))],
)
def test_the_credits_of_the_reference_come_out(uptime: float, expected: tuple[float, ...]) -> None:
    bedrock = a_contract(tiers=BEDROCK_TIERS)
    cohere = a_contract(commitment=0.995, tiers=COHERE_TIERS)
    assert tuple(credit_ratio(contract, uptime) for contract in (google(), bedrock, cohere)) == expected


def test_an_uptime_at_the_bound_of_a_tier_is_not_below_it() -> None:
    assert credit_ratio(google(), 0.995) == 0.0
    assert credit_ratio(google(), 1.0 - 216 / 43_200) == 0.0
    assert credit_ratio(google(), 1.0 - 217 / 43_200) == 0.1


def test_a_cap_bounds_the_credit() -> None:
    contract = a_contract(tiers=BEDROCK_TIERS, cap=0.2)
    assert credit_ratio(contract, 0.5) == 0.2


def test_a_credit_that_is_not_above_the_least_is_not_paid() -> None:
    contract = a_contract(tiers=BEDROCK_TIERS, min_credit_usd=1.0)
    assert credit_usd(contract, 0.1, 10.0) == 0.0
    assert credit_usd(contract, 0.1, 10.1) == pytest.approx(1.01)
    assert credit_usd(contract, 0.1, None) is None
    assert credit_usd(contract, None, 10.0) is None


def test_a_month_of_good_minutes_keeps_its_promise_and_has_nothing_to_claim() -> None:
    standing = whole(google(claim={"after": "month_end", "days": 30}), spend_usd=100.0)
    assert (standing.uptime_low, standing.uptime_high, standing.coverage) == (1.0, 1.0, 1.0)
    assert (standing.credit_low, standing.credit_high, standing.credit_usd_high) == (0.0, 0.0, 0.0)
    assert (standing.burn_rate, standing.projected_uptime) == (0.0, 1.0)
    assert standing.allowance_remaining_seconds == pytest.approx(0.005 * 30 * 86_400)
    assert standing.claim_deadline_timestamp_seconds is None


def test_four_lost_hours_are_beyond_the_allowance_and_can_be_claimed() -> None:
    contract = google(claim={"after": "month_end", "days": 30})
    standing = whole(contract, *["x" * 60] * 4, spend_usd=1_000.0)
    assert standing.uptime_high == pytest.approx(1 - 4 / 720)
    assert (standing.credit_low, standing.credit_usd_low) == (0.1, 100.0)
    assert standing.allowance_remaining_seconds == pytest.approx(3.6 * 3600 - 4 * 3600)
    assert standing.burn_rate == pytest.approx(4 / 3.6)
    assert standing.claim_deadline_timestamp_seconds == SEPTEMBER.end_seconds + 30 * 86_400


def test_the_unknown_hours_of_a_month_widen_the_bounds_and_nothing_can_be_claimed_for_them() -> None:
    standing = whole(google(claim={"after": "month_end", "days": 30}), *[""] * 72)
    assert (standing.uptime_low, standing.uptime_high, standing.coverage) == pytest.approx((0.9, 1.0, 0.9))
    assert (standing.credit_low, standing.credit_high) == (0.0, 0.5)
    assert (standing.burn_rate, standing.claim_deadline_timestamp_seconds) == (0.0, None)


def test_credits_that_are_not_public_are_not_guessed() -> None:
    standing = whole(a_contract(claim={"after": "month_end", "days": 30}), "x" * 60, spend_usd=1_000.0)
    assert (standing.credit_low, standing.credit_usd_high, standing.claim_deadline_timestamp_seconds) == (
        None,
        None,
        None,
    )


def test_a_month_that_has_not_begun_says_nothing() -> None:
    standing = MonthLedger(google(), SEPTEMBER).standing()
    assert (standing.uptime_low, standing.coverage, standing.burn_rate, standing.projected_uptime) == (None,) * 4
    assert standing.credit_low == 0.0


def test_a_month_in_which_nothing_is_known_has_bounds_and_no_rate() -> None:
    standing = a_ledger(google(), "", "").standing()
    assert (standing.uptime_low, standing.uptime_high, standing.coverage) == (0.0, 1.0, 0.0)
    assert (standing.burn_rate, standing.projected_uptime) == (None, None)


def test_an_outage_early_in_the_month_is_no_credit_before_it_is_more_than_the_whole_months_allowance() -> None:
    early = a_ledger(google(), "x" * 60, "x" * 60).standing()
    assert early.uptime_high == 0.0
    assert (early.credit_low, early.credit_high) == (0.0, 0.0)
    later = a_ledger(google(), *["x" * 60] * 4).standing()
    assert (later.credit_low, later.credit_high) == (0.1, 0.1)


def test_the_credit_so_far_never_shrinks_as_the_month_goes_on() -> None:
    ledger = MonthLedger(google(), SEPTEMBER)
    seen = []
    for hour in range(720):
        ledger.close(hour_minutes("x" * 60 if hour % 40 == 3 else GOOD_HOUR))
        seen.append(ledger.standing().credit_low or 0.0)
    assert seen == sorted(seen)
    assert seen[-1] == 0.25


def test_the_projection_keeps_what_was_lost_and_goes_on_like_the_last_day() -> None:
    ended = a_ledger(google(), *["x" * 60] * 2, *[GOOD_HOUR] * 30).standing()
    assert ended.projected_uptime == pytest.approx(1 - 2 / 720)
    going_on = a_ledger(google(), *[GOOD_HOUR] * 30, *["x" * 60] * 2).standing()
    assert going_on.projected_uptime == pytest.approx(1 - (2 + 2 / 24 * 688) / 720)


def test_elapsed_hours_that_are_unknown_are_projected_like_the_known_ones() -> None:
    standing = a_ledger(google(), *["x" * 60] * 2, *[""] * 18, *[GOOD_HOUR] * 30).standing()
    assert standing.projected_uptime == pytest.approx(1 - (2 / 32 * 50) / 720)


def test_the_months_own_rate_stands_in_where_the_last_day_knows_nothing() -> None:
    standing = a_ledger(google(), *["x" * 60], *[GOOD_HOUR] * 9, *[""] * 24).standing()
    assert standing.projected_uptime == pytest.approx(0.9)


def test_eligibility_begins_in_the_hour_in_which_the_allowance_is_used_up() -> None:
    contract = google(claim={"after": "eligibility", "days": 30})
    standing = whole(contract, *[GOOD_HOUR] * 10, *["x" * 60] * 5)
    assert standing.claim_deadline_timestamp_seconds == SEPTEMBER.start_seconds + 13 * 3600 + 30 * 86_400


def test_the_term_of_an_incident_runs_from_the_first_downtime_that_counts() -> None:
    contract = google(claim={"after": "incident", "days": 15})
    standing = whole(contract, "xxx" + "+" * 57, *[GOOD_HOUR] * 10, *["x" * 60] * 5)
    assert standing.claim_deadline_timestamp_seconds == SEPTEMBER.start_seconds + 11 * 3600 + 15 * 86_400


def test_hours_after_the_months_end_change_nothing() -> None:
    ledger = a_ledger(google(), *[GOOD_HOUR] * 720)
    before = ledger.standing()
    ledger.close(hour_minutes("x" * 60))
    assert ledger.standing() == before


def test_a_month_that_begins_within_an_hour_takes_only_its_own_minutes() -> None:
    month = parse_month("2026-09", timezone="Asia/Kolkata")
    ledger = MonthLedger(google(), month)
    ledger.close(hour_minutes("x" * 30 + "+" * 30))
    assert (ledger.total.slices, ledger.total.bad, ledger.total.good) == (30, 0, 30)
    while not ledger.ended:
        ledger.close(HourMinutes())
    assert ledger.total.slices == ledger.slices == 30 * 1440


@pytest.mark.parametrize("seconds", [120, 240, 600, 1200, 1800, 3600])
@pytest.mark.parametrize("timezone", ["Asia/Kathmandu", "Asia/Kolkata", "Europe/Berlin"])
def test_a_month_has_as_many_slices_as_it_is_judged_by(timezone: str, seconds: int) -> None:
    ledger = MonthLedger(google(slice_seconds=seconds), parse_month("2026-10", timezone=timezone))
    while not ledger.ended:
        ledger.close(HourMinutes())
    assert ledger.total.slices == ledger.slices
