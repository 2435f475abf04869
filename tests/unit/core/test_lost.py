"""What a reply from in front of an API means, by the history of its target."""

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.core.verdicts import is_lost, judged_by_history
from tests.builders import a_result


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.AUTH])
def test_an_api_that_answered_before_is_lost_and_one_that_never_did_is_a_typing_error(outcome: Outcome) -> None:
    result = a_result(outcome=outcome, http_status=404, from_in_front=True)
    assert judged_by_history(result, has_answered=True).outcome is Outcome.SERVER_ERROR
    assert judged_by_history(result, has_answered=False) is result


@pytest.mark.parametrize("outcome", [Outcome.NOT_FOUND, Outcome.AUTH, Outcome.OK, Outcome.OVERLOADED])
def test_what_the_api_says_itself_stays(outcome: Outcome) -> None:
    result = a_result(outcome=outcome)
    assert judged_by_history(result, has_answered=True) is result


@pytest.mark.parametrize(
    ("outcome", "status", "lost"),
    [
        ("server_error", 404, True),
        ("server_error", 403, True),
        ("server_error", 410, True),
        ("server_error", 500, False),
        ("server_error", None, False),
        ("not_found", 404, False),
        ("auth", 403, False),
    ],
)
def test_a_lost_api_is_known_by_its_status(outcome: str, status: int | None, lost: bool) -> None:
    assert is_lost(outcome, status) is lost
