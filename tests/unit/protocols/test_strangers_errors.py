"""Errors of strangers: the body outranks the status, and what stands in front of an API is told from the API."""

import json

import pytest

from aiprobe.core.outcomes import Outcome
from aiprobe.protocols.base import Failure
from aiprobe.protocols.judging.errors import in_reply
from tests.unit.protocols.builders import a_head
from tests.unit.protocols.replies.statuses import CASES, NO_PAGES, PAGES


def judged(status: int, body: object) -> Failure:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return in_reply(a_head(status), raw)


@pytest.mark.parametrize(("status", "body", "outcome"), CASES)
def test_the_body_outranks_the_status(status: int, body: object, outcome: Outcome) -> None:
    assert judged(status, body).outcome is outcome


@pytest.mark.parametrize(("status", "body", "outcome"), PAGES)
def test_what_stands_in_front_of_an_api_is_told_from_the_api(status: int, body: object, outcome: Outcome) -> None:
    failure = judged(status, body)
    assert (failure.outcome, failure.from_in_front) == (outcome, True)


@pytest.mark.parametrize(("status", "body", "outcome"), NO_PAGES)
def test_what_the_api_or_our_own_proxy_refuses_is_not_from_in_front(
    status: int, body: object, outcome: Outcome
) -> None:
    failure = judged(status, body)
    assert (failure.outcome, failure.from_in_front) == (outcome, False)
