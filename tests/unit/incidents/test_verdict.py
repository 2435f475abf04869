"""The verdict of our probes, the status page and the market: every combination, and the table of the documentation."""

import itertools
from pathlib import Path

import pytest

from aiprobe.incidents.verdict import Verdict, judge

PAGE = Path(__file__).parents[3] / "docs" / "verdict.md"
FAILS, FINE = True, False


@pytest.mark.parametrize(
    ("observed", "declared", "market", "verdict"),
    [
        (FINE, FINE, FINE, Verdict.NOBODY),
        (FINE, FINE, FAILS, Verdict.NOBODY),
        (FINE, FAILS, FINE, Verdict.NOBODY),
        (FINE, FAILS, FAILS, Verdict.THEM),
        (FAILS, FINE, FINE, Verdict.US),
        (FAILS, FINE, FAILS, Verdict.THEM),
        (FAILS, FAILS, FINE, Verdict.THEM),
        (FAILS, FAILS, FAILS, Verdict.EVERYBODY),
    ],
)
def test_three_witnesses_decide_by_majority(observed: bool, declared: bool, market: bool, verdict: Verdict) -> None:
    assert judge(observed, declared, market) == verdict


@pytest.mark.parametrize(
    ("observed", "declared", "market", "verdict"),
    [
        (FAILS, FAILS, None, Verdict.THEM),
        (FAILS, None, FAILS, Verdict.THEM),
        (None, FAILS, FAILS, Verdict.THEM),
        (FAILS, FINE, None, Verdict.UNKNOWN),
        (FAILS, None, FINE, Verdict.UNKNOWN),
        (FAILS, None, None, Verdict.UNKNOWN),
        (FINE, FINE, None, Verdict.NOBODY),
        (FINE, None, FINE, Verdict.NOBODY),
        (FINE, None, None, Verdict.NOBODY),
        (FINE, FAILS, None, Verdict.UNKNOWN),
        (FINE, None, FAILS, Verdict.UNKNOWN),
        (None, FINE, FINE, Verdict.NOBODY),
        (None, FINE, FAILS, Verdict.UNKNOWN),
        (None, FAILS, FINE, Verdict.UNKNOWN),
        (None, FAILS, None, Verdict.UNKNOWN),
        (None, None, FAILS, Verdict.UNKNOWN),
        (None, FINE, None, Verdict.UNKNOWN),
        (None, None, FINE, Verdict.UNKNOWN),
        (None, None, None, Verdict.UNKNOWN),
    ],
)
def test_a_witness_without_an_answer_has_no_vote(
    observed: bool | None, declared: bool | None, market: bool | None, verdict: Verdict
) -> None:
    assert judge(observed, declared, market) == verdict


def test_the_page_of_the_verdict_shows_all_eight_combinations() -> None:
    words = {FINE: "fine", FAILS: "fails"}
    rows = [
        f"| {' | '.join(words[vote] for vote in votes)} | `{judge(*votes)}` |"
        for votes in itertools.product((FINE, FAILS), repeat=3)
    ]
    assert "\n".join(rows) in PAGE.read_text(encoding="utf-8")
