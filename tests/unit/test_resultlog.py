"""What is logged of a finished probe: here that a reply was billed as another model than the one assumed."""

import logging
from dataclasses import replace

import pytest

from aiprobe.core.model import Price, Target
from aiprobe.core.money import other_price
from aiprobe.core.tracked import Tracked
from aiprobe.resultlog import ResultLog
from tests.builders import a_finished, a_result, a_target

SMALL, LARGE = Price(input_usd=1.0, output_usd=5.0), Price(input_usd=2.0, output_usd=10.0)
PRICES = {"claude-small": SMALL, "claude-large": LARGE, "claude-twin": SMALL}


def a_priced_target() -> Target:
    return replace(a_target(model="claude-small"), price=SMALL, model_prices=PRICES)


@pytest.mark.parametrize(
    ("billed", "price"),
    [
        ("claude-small", None),
        ("claude-small-20251001", None),
        ("models/claude-small", None),
        ("claude-twin", None),
        ("claude-unheard-of", None),
        ("claude-large", LARGE),
        ("claude-large-20251001", LARGE),
    ],
)
def test_a_reply_of_a_model_with_another_price_is_recognised(billed: str, price: Price | None) -> None:
    assert other_price(a_priced_target(), billed) == price


def test_the_other_price_is_logged_when_the_model_changes_and_not_again(caplog: pytest.LogCaptureFixture) -> None:
    target = a_priced_target()
    tracked = {target.name: Tracked(target)}
    results = ResultLog(tracked)
    with caplog.at_level(logging.WARNING):
        for model in ("claude-small", "claude-large", "claude-large"):
            finished = a_finished(target, a_result(response_model=model))
            results.finished(finished)
            tracked[target.name].last = finished
    (record,) = [one for one in caplog.records if "another price" in one.message]
    assert (vars(record)["billed_model"], vars(record)["billed_usd"]) == ("claude-large", "2/10")
