"""Replies of strangers under status 200: each has the outcome that its user would call right, however it is cut."""

import pytest

from aiprobe.core.outcomes import Outcome
from tests.unit.protocols.builders import read_json
from tests.unit.protocols.replies import envelopes, finishes, providers, thoughts
from tests.unit.protocols.replies.playing import Reply, chunk, frames, recorded

TABLES = {
    "finishes": finishes.REPLIES,
    "thoughts": thoughts.REPLIES,
    "envelopes": envelopes.REPLIES,
    "providers": providers.REPLIES,
}


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


@pytest.mark.parametrize(("protocol", "reply", "tokens"), providers.TOKENS)
def test_tokens_are_read_in_one_unit(protocol: str, reply: object, tokens: tuple[int | None, ...]) -> None:
    assert read_json(protocol, reply).tokens == tokens


@pytest.mark.parametrize("error", providers.RESTATED)
def test_the_usage_beside_an_error_that_restates_a_stop_counts(error: object) -> None:
    end = {"error": error, "usage": providers.USAGE}
    body = frames(chunk(delta={"reasoning": "hm"}), chunk(finish="length"), end)
    record, _, _ = recorded(Reply("usage", "openai-chat", body, Outcome.STARVED))
    assert (record.usage.input_tokens, record.usage.output_tokens) == (20, 64)
