"""The verdict of our probes, the status page and the market: every combination, and the table of the documentation."""

import itertools
from pathlib import Path

import pytest

from aiprobe.core.state import State
from aiprobe.incidents.verdict import Verdict, Witnesses, judge, worst

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


@pytest.mark.parametrize(
    ("state", "egress_down", "verdict"),
    [
        (State.MAJOR_OUTAGE, True, Verdict.US),
        (None, True, Verdict.US),
        (State.OPERATIONAL, True, Verdict.NOBODY),  # the checks prove nothing while the service answers
        (State.MAJOR_OUTAGE, False, Verdict.UNKNOWN),
    ],
)
def test_what_fails_while_no_egress_check_answers_is_ours(
    state: State | None, egress_down: bool, verdict: Verdict
) -> None:
    witnesses = Witnesses(surface="API", state=state, declared=State.OPERATIONAL, egress_down=egress_down)
    assert (witnesses.verdict, "no egress check answers" in witnesses.evidence) == (verdict, egress_down)


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("declared", [None, *State])
@pytest.mark.parametrize("market", [None, True, False])
def test_the_evidence_is_one_sentence_that_names_every_witness(
    state: State | None, declared: State | None, market: bool | None
) -> None:
    told = Witnesses(surface="Claude API", state=state, declared=declared, market=market)
    assert told.evidence.count(".") == 1
    assert all(word in told.evidence for word in ("Claude API", "our probes", "the status page", "market"))
    seen, said = (None if one is None else one >= State.PARTIAL_OUTAGE for one in (state, declared))
    assert told.verdict == judge(seen, said, market)


def test_a_maintenance_of_the_page_is_no_vote_and_is_named() -> None:
    told = Witnesses(surface="API", state=State.MAJOR_OUTAGE, declared=None, maintenance=True)
    assert (told.verdict, "declares a maintenance" in told.evidence) == (Verdict.UNKNOWN, True)


def test_the_gravest_surface_decides_about_a_provider() -> None:
    fine = Witnesses(surface="a", state=State.OPERATIONAL, declared=State.OPERATIONAL)
    theirs = Witnesses(surface="b", state=State.MAJOR_OUTAGE, declared=State.PARTIAL_OUTAGE)
    also = Witnesses(surface="c", state=State.MAJOR_OUTAGE, declared=State.PARTIAL_OUTAGE)
    assert worst([fine, theirs, also]) is theirs
    assert worst([]) is None
