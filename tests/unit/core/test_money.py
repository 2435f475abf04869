"""Money: what a probe may cost, what it did cost, and what a day may spend."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.core.model import Price
from aiprobe.core.money import SECONDS_PER_DAY, Budget, bound_usd, cost_usd, expected_usd_per_day, is_free
from tests.builders import A_PRICE, a_target

NOON = 20_000 * SECONDS_PER_DAY + SECONDS_PER_DAY / 2


def test_a_bill_counts_cached_input_at_its_own_price() -> None:
    price = Price(input_usd=2.0, output_usd=10.0, cached_input_usd=0.5)
    bill = cost_usd(price, input_tokens=1_000_000, output_tokens=100_000, cached_input_tokens=400_000)
    assert bill == pytest.approx(0.6 * 2.0 + 0.4 * 0.5 + 0.1 * 10.0)


def test_without_a_cache_price_cached_input_costs_what_input_costs() -> None:
    assert cost_usd(A_PRICE, input_tokens=100, output_tokens=0, cached_input_tokens=60) == pytest.approx(100e-6)


def test_an_unknown_price_or_bill_is_unknown_never_free() -> None:
    assert cost_usd(None, input_tokens=5, output_tokens=5) is None
    assert cost_usd(A_PRICE, input_tokens=None, output_tokens=None) is None
    assert bound_usd(a_target(price=None)) is None
    assert expected_usd_per_day(a_target(price=None)) is None


def test_list_and_page_probes_are_free_without_a_price() -> None:
    for probe in ("models", "http"):
        target = a_target(probe=probe, price=None)
        assert is_free(target)
        assert (bound_usd(target), expected_usd_per_day(target)) == (0.0, 0.0)


def test_two_hundred_thousand_tokens_of_input_are_priced_before_they_are_sent() -> None:
    bound = bound_usd(a_target(input_tokens=200_000))
    assert bound is not None
    assert bound >= 0.2


def test_the_expected_day_is_at_most_the_bound_of_every_probe() -> None:
    for target in (a_target(), a_target(output_tokens=400, max_output_tokens=664), a_target(max_output_tokens=1024)):
        expected, bound = expected_usd_per_day(target), bound_usd(target)
        assert expected is not None
        assert bound is not None
        assert 0 < expected <= bound * 1440


def test_a_day_is_paced_so_that_a_dear_morning_leaves_money_for_the_evening() -> None:
    budget = Budget(usd_per_day=10.0)
    midnight = 20_000 * SECONDS_PER_DAY
    assert budget.reserve(1.0, midnight)
    assert not budget.reserve(0.1, midnight)
    assert budget.reserve(4.9, NOON)
    assert not budget.reserve(0.2, NOON)


def test_a_new_utc_day_begins_with_nothing_spent_and_a_clock_that_jumps_back_begins_none() -> None:
    budget = Budget(usd_per_day=10.0)
    assert budget.reserve(2.0, NOON)
    budget.settle(2.0, 1.5)
    budget.turn(NOON - 5 * SECONDS_PER_DAY)
    assert budget.spent_usd == 1.5
    budget.turn(NOON + SECONDS_PER_DAY)
    assert budget.spent_usd == 0.0


def spend(budget: Budget, usd: float, at: float) -> bool:
    if not budget.reserve(usd, at):
        return False
    budget.settle(usd, usd)
    return True


@pytest.mark.parametrize("ahead_days", [2, 40, 500])
def test_a_clock_that_was_ahead_and_came_back_neither_frees_money_nor_starves_the_days_that_follow(
    ahead_days: int,
) -> None:
    budget = Budget(usd_per_day=10.0)
    assert spend(budget, 3.0, NOON)
    assert spend(budget, 2.0, NOON + ahead_days * SECONDS_PER_DAY)
    assert spend(budget, 0.5, NOON)
    assert budget.spent_usd == 5.5, "what was spent under the wrong clock was spent today"
    assert not spend(budget, 1.0, NOON)
    refused = [day for day in range(1, 42) if not spend(budget, 5.5, NOON + day * SECONDS_PER_DAY)]
    assert [day for day in refused if day != ahead_days] == []


def test_a_clock_that_flaps_between_two_days_has_one_budget_for_each() -> None:
    budget = Budget(usd_per_day=10.0)
    spent = sum(spend(budget, 1.0, NOON + (turn % 2) * 40 * SECONDS_PER_DAY) for turn in range(100))
    assert spent <= 2 * 6


def test_without_a_limit_everything_is_allowed_and_still_counted() -> None:
    budget = Budget(usd_per_day=None)
    assert budget.reserve(1e6, NOON)
    budget.settle(1e6, 12.0)
    assert budget.spent_usd == 12.0
    assert math.isinf(budget.allowance(NOON))


@given(st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 1), st.floats(0, 600)), max_size=60), st.floats(0.01, 3))
def test_what_is_spent_never_passes_the_budget(probes: list[tuple[float, float, float]], limit: float) -> None:
    budget = Budget(usd_per_day=limit)
    now = NOON
    for bound, share, wait in probes:
        now += wait
        if budget.reserve(bound, now):
            assert budget.spent_usd + budget.reserved_usd <= limit * (1 + 1e-9) + 1e-9
            budget.settle(bound, bound * share)
    assert budget.spent_usd <= limit * (1 + 1e-9) + 1e-9
    assert budget.reserved_usd == pytest.approx(0.0, abs=1e-9)


def test_what_costs_nothing_is_asked_even_when_the_budget_is_overdrawn() -> None:
    budget = Budget(usd_per_day=1.0)
    budget.turn(0.0)
    budget.settle(0.0, 7.0)
    assert not budget.reserve(0.01, 0.0)
    assert budget.reserve(0.0, 0.0)
