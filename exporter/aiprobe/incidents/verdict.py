"""The verdict from three witnesses: our probes, the provider's status page, and a market that measures for all users.

Pure. The report of each witness is decided where its data is read; docs/verdict.md has the table of all combinations.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiprobe.core.state import State

MARKET_FAILS_BELOW: Final = 0.95
"""The uptime below which a market reports a failure, one request in twenty of all its users: our own choice."""


class Verdict(StrEnum):
    """Where a failure is, in the words of `/api/v1/verdict`."""

    THEM = "them"
    US = "us"
    EVERYBODY = "everybody"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


_GRAVEST_FIRST: Final = (Verdict.US, Verdict.EVERYBODY, Verdict.THEM, Verdict.UNKNOWN, Verdict.NOBODY)
_WORDS: Final = {
    State.OPERATIONAL: "no failure",
    State.DEGRADED: "a degradation",
    State.PARTIAL_OUTAGE: "a partial outage",
    State.MAJOR_OUTAGE: "a major outage",
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """What each witness reports about one surface."""

    surface: str
    state: State | None
    """Of our probes; None while nothing was validly probed."""
    declared: State | None
    """Of the status page; None without an answer, as in a maintenance."""
    maintenance: bool = False
    """The page declares one."""
    market: bool | None = None
    """Whether the market measures a failure."""
    egress_down: bool = False
    """No egress check answers, on the way that the probes of this surface take."""

    @property
    def verdict(self) -> Verdict:
        """Return where a failure is. While our own network fails, what the probes cannot measure is ours."""
        observed = None if self.state is None else self.state >= State.PARTIAL_OUTAGE
        if self.egress_down and observed is not False:
            return Verdict.US
        return judge(observed, None if self.declared is None else self.declared >= State.PARTIAL_OUTAGE, self.market)

    @property
    def evidence(self) -> str:
        """Return what the witnesses report, in one sentence."""
        name = self.surface or "the service"
        ours = "have no valid result" if self.state is None else f"measure {_WORDS[self.state]}"
        page = "is not known" if self.declared is None else f"declares {_WORDS[self.declared]}"
        page = "declares a maintenance" if self.maintenance else page
        market = {None: "there is no market data", True: "the market fails", False: "the market works"}[self.market]
        egress = "; no egress check answers" if self.egress_down else ""
        return f"Of {name} our probes {ours}, the status page {page}, and {market}{egress}."


def worst(witnesses: Iterable[Witnesses]) -> Witnesses | None:
    """Return the surface that decides about a provider: the one with the gravest verdict, the first of several."""
    return min(witnesses, key=lambda one: _GRAVEST_FIRST.index(one.verdict), default=None)
