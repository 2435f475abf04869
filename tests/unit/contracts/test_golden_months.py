"""A month of each shipped contract, worked out on paper.

September 2026 has 30 days: 43,200 minutes, 8,640 slices of five minutes, in each zone of the contracts. One request is
sent a minute. Each row says which minutes fail (or are slow), from minute 600 on, and what follows by the contract's
rule: the lost slices in the low and in the high reading, and the credit in each. The arithmetic is beside the row.
"""

from typing import NamedTuple

import pytest

from aiprobe.contracts.contract import Contract, Method
from aiprobe.contracts.ledger import MonthLedger
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.month import parse_month
from aiprobe.contracts.shipped import contracts

FIRST = 600


class Golden(NamedTuple):
    contract: str
    minutes: int
    low: float
    """The lost share of the month in the low reading."""
    high: float
    credit_low: float | None
    credit_high: float | None


GOLDEN = [
    # Four minutes are no run of five: nothing. 217 are: 217 / 43,200 = 0.5023 % > 0.5 %. 216 are exactly 0.5 %.
    Golden("google-vertex-gemini", 4, 0.0, 0.0, 0.0, 0.0),
    Golden("google-vertex-gemini", 216, 216 / 43_200, 216 / 43_200, 0.0, 0.0),
    Golden("google-vertex-gemini", 217, 217 / 43_200, 217 / 43_200, 0.10, 0.10),
    # 44 minutes are 8.8 slices of five minutes: 8.8 / 8,640 = 0.1019 % > 0.1 %. 43 are 8.6: 0.0995 %.
    Golden("aws-bedrock", 43, 8.6 / 8_640, 8.6 / 8_640, 0.0, 0.0),
    Golden("aws-bedrock", 44, 8.8 / 8_640, 8.8 / 8_640, 0.10, 0.10),
    # An hour down: each error counted, 60 / 43,200 = 0.139 % > 0.1 %. One of five minutes counted, 60 / 5 = 12 errors
    # of 43,200 - 48 = 43,152 attempts = 0.0278 %: no credit is certain.
    Golden("azure-openai", 60, 60 / 43_200, 12 / 43_152, 0.0, 0.10),
    # 217 minutes: 43 whole windows and one begun, 44 errors of 43,200 - 173 = 43,027 attempts = 0.1023 % > 0.1 %.
    Golden("azure-openai", 217, 217 / 43_200, 44 / 43_027, 0.10, 0.10),
    # 217 / 43,200 = 0.5023 % > 0.5 %. 865 / 43,200 = 2.0023 % > 2 %.
    Golden("cohere", 217, 217 / 43_200, 217 / 43_200, 0.10, 0.10),
    Golden("cohere", 865, 865 / 43_200, 865 / 43_200, 0.20, 0.20),
    # 217 minutes in one run: 0.5023 % > 0.5 %: 2 % of the fees. 2,161 / 43,200 = 5.002 % > 5 %: 5 %.
    Golden("mistral-enterprise-basic", 217, 217 / 43_200, 217 / 43_200, 0.02, 0.02),
    Golden("mistral-enterprise-basic", 2_161, 2_161 / 43_200, 2_161 / 43_200, 0.05, 0.05),
    # 44 / 43,200 = 0.1019 % > 0.1 %: missed, with credits that are not public.
    Golden("openai-scale-tier", 44, 44 / 43_200, 44 / 43_200, None, None),
    Golden("openai-priority", 44, 44 / 43_200, 44 / 43_200, None, None),
    Golden("groq-performance", 44, 44 / 43_200, 44 / 43_200, None, None),
    # 435 slow minutes from minute 600 on are 87 slices of five: 87 / 8,640 = 1.0069 % > 1 %.
    Golden("google-vertex-gemini-latency", 435, 87 / 8_640, 87 / 8_640, None, None),
    Golden("azure-openai-provisioned-latency", 435, 87 / 8_640, 87 / 8_640, None, None),
    Golden("openai-scale-tier-latency", 435, 87 / 8_640, 87 / 8_640, None, None),
    Golden("openai-priority-latency", 435, 87 / 8_640, 87 / 8_640, None, None),
    # The same month by the minute: 435 / 43,200 = 1.0069 %. 432 would be exactly 1 %.
    Golden("openai-scale-tier-latency-per-minute", 435, 435 / 43_200, 435 / 43_200, None, None),
    # 44: 0.1019 % > 0.1 %. 217: 0.5023 % > 0.5 %. 433 / 43,200 = 1.0023 % > 1 %.
    Golden("baseten-dedicated", 44, 44 / 43_200, 44 / 43_200, 0.10, 0.10),
    Golden("baseten-dedicated", 217, 217 / 43_200, 217 / 43_200, 0.15, 0.15),
    Golden("baseten-dedicated", 433, 433 / 43_200, 433 / 43_200, 0.30, 0.30),
    # The mean of the error rates of five minutes: 8.8 / 8,640 = 0.1019 %.
    Golden("alibaba-model-studio", 44, 8.8 / 8_640, 8.8 / 8_640, None, None),
]


def closed_month(contract: Contract, failing: range) -> MonthLedger:
    ledger = MonthLedger(contract, parse_month("2026-09", timezone=contract.timezone))
    for hour in range(720):
        minutes = HourMinutes()
        for minute in range(60):
            wrong = hour * 60 + minute in failing
            if contract.method is Method.LATENCY_SLICE:
                minutes.good[minute] = 1
                minutes.speeds[minute] = [0.5 if wrong else 1.5]
            else:
                minutes.good[minute], minutes.bad[minute] = int(not wrong), int(wrong)
        ledger.close(minutes)
    assert ledger.ended
    return ledger


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: f"{golden.contract}-{golden.minutes}")
def test_the_month_comes_out_as_on_paper(golden: Golden) -> None:
    ledger = closed_month(contracts()[golden.contract], range(FIRST, FIRST + golden.minutes))
    standing = ledger.standing()
    assert (standing.uptime_low, standing.uptime_high) == pytest.approx((1 - golden.low, 1 - golden.high), abs=1e-12)
    assert (standing.credit_low, standing.credit_high) == (golden.credit_low, golden.credit_high)


def test_each_shipped_contract_has_a_month() -> None:
    assert {golden.contract for golden in GOLDEN} == set(contracts())
