"""The outcomes of probes and their verdicts for an SLO: two closed sets and the table between them.

`protocols/` and `probes/` derive an outcome from bytes; nothing here reads a reply.
"""

from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What an outcome means for an SLO; an event is valid when it is good or bad."""

    GOOD = "good"
    BAD = "bad"
    EXCLUDED = "excluded"


class Outcome(StrEnum):
    """How one probe ended. The set is closed: it is a label value of `aiprobe_results_total`."""

    OK = "ok"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    ERROR_IN_BODY = "error_in_body"
    TRUNCATED = "truncated"
    DISCONNECTED = "disconnected"
    STALLED = "stalled"
    MALFORMED = "malformed"
    EMPTY = "empty"
    WRONG_ANSWER = "wrong_answer"
    TIMEOUT_CONNECT = "timeout_connect"
    TIMEOUT_FIRST_TOKEN = "timeout_first_token"  # noqa: S105 - a token of text
    TIMEOUT_TOTAL = "timeout_total"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    RATE_LIMITED = "rate_limited"
    AUTH = "auth"
    QUOTA_EXHAUSTED = "quota_exhausted"
    CHALLENGED = "challenged"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    CONTENT_FILTERED = "content_filtered"
    STARVED = "starved"
    CANCELLED = "cancelled"
    INTERNAL_ERROR = "internal_error"


EXCLUDED: Final = frozenset(
    {
        Outcome.RATE_LIMITED,
        Outcome.AUTH,
        Outcome.QUOTA_EXHAUSTED,
        Outcome.CHALLENGED,
        Outcome.NOT_FOUND,
        Outcome.BAD_REQUEST,
        Outcome.CONTENT_FILTERED,
        Outcome.STARVED,
        Outcome.CANCELLED,
        Outcome.INTERNAL_ERROR,
    }
)
"""Outcomes that are excluded from the provider's availability."""

GOOD: Final = frozenset({Outcome.OK, Outcome.WRONG_ANSWER})
"""Outcomes that count as available; a wrong answer is bad only for the SLO `correctness`."""

NEEDS_EGRESS_CHECK: Final = frozenset(
    {
        Outcome.DNS,
        Outcome.CONNECT,
        Outcome.TLS,
        Outcome.TIMEOUT_CONNECT,
        Outcome.TIMEOUT_FIRST_TOKEN,
        Outcome.TIMEOUT_TOTAL,
        Outcome.DISCONNECTED,
        Outcome.STALLED,
    }
)
"""Failures without a whole HTTP response from the peer: any of them may be our own network."""


def availability_verdict(outcome: Outcome, *, egress_down: bool = False, count_rate_limits: bool = False) -> Verdict:
    """Return the verdict of an outcome for the SLO `availability`.

    `egress_down` is the result of an egress check that began after the failure; it excludes a failure of the network.
    `count_rate_limits` of the target makes `rate_limited` bad.
    """
    if outcome in GOOD:
        return Verdict.GOOD
    if outcome is Outcome.RATE_LIMITED and count_rate_limits:
        return Verdict.BAD
    if outcome in EXCLUDED:
        return Verdict.EXCLUDED
    if egress_down and outcome in NEEDS_EGRESS_CHECK:
        return Verdict.EXCLUDED
    return Verdict.BAD


def correctness_verdict(outcome: Outcome) -> Verdict:
    """Return the verdict of an outcome for the SLO `correctness`: was a complete answer correct?"""
    if outcome is Outcome.OK:
        return Verdict.GOOD
    if outcome in {Outcome.WRONG_ANSWER, Outcome.CONTENT_FILTERED}:
        return Verdict.BAD
    return Verdict.EXCLUDED
