"""The verdict from three witnesses: our probes, the provider's status page, and a market that measures for all users.

Pure. The report of each witness is decided where its data is read; docs/verdict.md has the table of all combinations.
"""

from enum import StrEnum


class Verdict(StrEnum):
    """Where a failure is, in the words of `/api/v1/verdict`."""

    THEM = "them"
    US = "us"
    EVERYBODY = "everybody"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


def judge(observed: bool | None, declared: bool | None, market: bool | None) -> Verdict:  # noqa: FBT001 - three votes
    """Return where a failure is: each vote is True for a failure, False for none, None without an answer.

    `observed` is what our probes measure, `declared` what the status page states, `market` what a router measures for
    all its users. Two witnesses decide. A failure that our probes alone measure is ours, and only if both others deny
    it. Our own successes need no second witness, because a page or a market that is silent contradicts nothing.
    """
    votes = (observed, declared, market)
    failing, fine = votes.count(True), votes.count(False)
    if failing == len(votes):
        return Verdict.EVERYBODY
    if failing > 1:
        return Verdict.THEM
    if fine > 1:
        return Verdict.US if observed else Verdict.NOBODY
    return Verdict.NOBODY if observed is False and not failing else Verdict.UNKNOWN
