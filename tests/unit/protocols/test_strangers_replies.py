"""Replies of strangers under status 200: each has the outcome that its user would call right, however it is cut."""

import pytest

from tests.unit.protocols.replies import envelopes, finishes, thoughts
from tests.unit.protocols.replies.playing import Reply, recorded

TABLES = {"finishes": finishes.REPLIES, "thoughts": thoughts.REPLIES, "envelopes": envelopes.REPLIES}


@pytest.mark.parametrize("table", TABLES)
def test_a_reply_has_the_outcome_that_its_user_would_call_right(table: str) -> None:
    wrong: list[tuple[str, str, str]] = []
    for reply in TABLES[table]:
        _, outcome, detail = recorded(reply)
        if outcome is not reply.outcome or reply.words not in detail:
            wrong.append((str(reply), outcome, detail))
    assert wrong == []


@pytest.mark.parametrize("table", TABLES)
def test_a_reply_in_single_bytes_has_the_same_outcome(table: str) -> None:
    wrong: list[Reply] = []
    for reply in TABLES[table][::7]:
        pieces = [reply.body[at : at + 1] for at in range(len(reply.body))]
        if recorded(reply, pieces=pieces)[1] is not reply.outcome:
            wrong.append(reply)
    assert wrong == []
