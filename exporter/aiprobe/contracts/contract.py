"""A contract as data: what was promised, how it is measured, what it pays, and how it is claimed.

One form for the contracts that ship with aiprobe and for those that users write. Reading files belongs in
`shipped`, judging minutes in `tally` and `ledger`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiprobe.core.evidence import HOUR_SECONDS, FailedProbe
from aiprobe.core.outcomes import Verdict
from aiprobe.core.verdicts import is_lost

_MINUTE_SECONDS: Final = 60
_MOST_DAYS: Final = 31.0
"""Credits of the days of the longest month are the whole bill."""
ANY_ERROR: Final = "any"
"""The error class of every probe that is bad for availability."""


class Method(StrEnum):
    """How a contract turns requests into an uptime. The slice is its unit of time."""

    OCCURRENCES = "occurrences"
    """Share of valid requests that were answered; slices serve the coverage only."""
    TIMESLICE_RUN = "timeslice_run"
    """A slice is down when its error ratio passes the threshold; only runs of `min_run_slices` or more count."""
    RATIO_TIMESLICE = "ratio_timeslice"
    """The mean of the slices' availabilities."""
    LATENCY_SLICE = "latency_slice"
    """Share of slices whose median tokens per second reaches the target."""


class Confidence(StrEnum):
    """How well the terms are known."""

    PRIMARY = "primary"
    """Commitment, measure and credits were read on the provider's own page."""
    SECONDARY = "secondary"
    """The provider's page was read in part; the rest comes from others who quote it, or is an assumption named."""
    UNVERIFIED = "unverified"
    """Something that decides the result is not public or could not be read; it must be enabled knowingly."""
    OWN = "own"
    """Written by the user, who has the contract."""


class CreditUnit(StrEnum):
    """What a tier's `credit` is a multiple of."""

    MONTH = "month"
    """The month's bill; at most 1."""
    DAY = "day"
    """A day's mean usage: the month's bill divided by the days of the month."""


class ClaimStart(StrEnum):
    """From what moment the time to claim runs."""

    MONTH_END = "month_end"
    """`days` after the end of the month."""
    INCIDENT = "incident"
    """`days` after the first downtime of the month: the cautious reading where each incident has its own term."""
    ELIGIBILITY = "eligibility"
    """`days` after the moment at which the month could no longer keep the commitment."""
    SECOND_BILLING_CYCLE = "second_billing_cycle"
    """The end of the second calendar month after the month; `days` is not used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Below the uptime `below` (a ratio), the credit is `credit` times the contract's `credit_unit`."""

    below: float
    credit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """Until when a credit must be claimed."""

    after: ClaimStart
    days: int = 0


CLAUSES: Final = ("commitment", "measure", "credits", "claim")
"""The numbers of a contract whose clause can be named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One promise of one provider about one plan. Ratios are 0-1."""

    name: str
    display_name: str
    provider: str
    """The value of the label `provider`."""
    method: Method
    commitment: float
    """The uptime or attainment that was promised, in (0, 1)."""
    plan: str = ""
    """What one must have bought for the promise to hold."""
    scope: str = ""
    """Per what it is measured: a project, an account and region, ..."""
    slice_seconds: int = 60
    error_threshold: float = 0.0
    """A slice is down when its error ratio is *above* this (`timeslice_run`)."""
    min_run_slices: int = 1
    min_slice_requests: int = 0
    """A slice with fewer valid requests loses nothing by the letter: its errors count in the low reading only."""
    repeat_window_seconds: int = 0
    """Errors within this time after a first one are neither attempts nor failures in the high reading (`occurrences`).

    The low reading counts each, because which of them are of one kind is for the provider to show.
    """
    tokens_per_second: float | None = None
    """The target of `latency_slice`."""
    tokens_per_second_by_model: tuple[tuple[str, float], ...] = ()
    """(model prefix, target): replaces `tokens_per_second` for the models that begin so; the longest wins."""
    error_classes: tuple[str, ...] = (ANY_ERROR,)
    """What counts as an error by the letter: `any`, `5xx`, a status such as `500`, or an outcome."""
    excluded: tuple[str, ...] = ()
    """What the contract leaves out, in words."""
    tiers: tuple[Tier, ...] = ()
    """Highest `below` first; empty when the credits are not public."""
    credit_unit: CreditUnit = CreditUnit.MONTH
    cap: float | None = None
    """The most that is credited of a month's bill."""
    credit_base: str = ""
    """Of which bill the credit is a share."""
    min_credit_usd: float = 0.0
    """A credit that is not above this is not paid."""
    timezone: str = "UTC"
    """IANA name of the zone whose calendar months are billed."""
    claim: ClaimRule | None = None
    """None when the rule is not public."""
    claim_where: str = ""
    evidence: tuple[str, ...] = ()
    """What a claim must bring along."""
    assumptions: tuple[str, ...] = ()
    """Where the text leaves something open: how it is read here."""
    clauses: tuple[tuple[str, str], ...] = ()
    """(number of `CLAUSES`, the clause of the terms that it comes from), where the terms could be read."""
    source_url: str = ""
    verified_on: str = ""
    """ISO date on which the terms were last looked at; empty when never."""
    confidence: Confidence = Confidence.OWN

    def target_speed(self, model: str) -> float | None:
        """Return the tokens per second that `model` must reach, or None when the contract promises no speed."""
        fits = [(len(prefix), speed) for prefix, speed in self.tokens_per_second_by_model if model.startswith(prefix)]
        return max(fits)[1] if fits else self.tokens_per_second


def counts_by_the_letter(contract: Contract, *, outcome: str, http_status: int | None) -> bool:
    """Return whether a probe that was bad for availability is an error by the definition of the contract.

    One that is not (a timeout, where only HTTP 500 is written) is disputed: it counts in the low reading only.
    """
    for name in contract.error_classes:
        if name in {ANY_ERROR, outcome}:
            return True
        if http_status is not None and name in {str(http_status), f"{http_status // 100}xx"}:
            return True
    return False


def is_disputed(contract: Contract, probe: FailedProbe) -> bool:
    """Return whether a scheduled failure is bad for availability, but no error by the contract's definition."""
    if probe.verdict != Verdict.BAD or probe.attempt != "scheduled":
        return False
    return not counts_by_the_letter(contract, outcome=probe.outcome, http_status=probe.http_status)


def is_excused(probe: FailedProbe) -> bool:
    """Return whether a scheduled probe failed before it reached the API: never downtime by any contract."""
    return probe.verdict == Verdict.BAD and probe.attempt == "scheduled" and is_lost(probe.outcome, probe.http_status)


def acceptance_problem(contract: Contract, *, accept_unverified: bool) -> str | None:
    """Return why a contract may not be used as it is, or None: unverified terms must be enabled knowingly."""
    if contract.confidence is not Confidence.UNVERIFIED or accept_unverified:
        return None
    return (
        f"the terms of {contract.name} could not be verified on a page of the provider ({contract.source_url}); "
        "compare them with your own agreement and set accept_unverified: true, or write the contract out yourself"
    )


def shape_problems(contract: Contract) -> list[str]:
    """Return what contradicts itself in a contract, one clause each: `field: problem`."""
    problems = [f"{field}: {problem}" for field, problem, wrong in _shape(contract) if wrong]
    bounds = [tier.below for tier in contract.tiers]
    credits_ = [tier.credit for tier in contract.tiers]
    if bounds != sorted(set(bounds), reverse=True) or credits_ != sorted(credits_):
        problems.append("tiers: must go from the highest uptime and the lowest credit downwards")
    most = 1.0 if contract.credit_unit is CreditUnit.MONTH else _MOST_DAYS
    problems += [
        f"tiers: {tier.below:g} with {tier.credit:g} is not below the commitment, or no ratio"
        for tier in contract.tiers
        if not (0 < tier.below <= contract.commitment and 0 < tier.credit <= most)
    ]
    return problems


def _shape(contract: Contract) -> list[tuple[str, str, bool]]:
    seconds = contract.slice_seconds
    divides = seconds > 0 and seconds % _MINUTE_SECONDS == 0 and HOUR_SECONDS % seconds == 0
    claim = contract.claim
    return [
        ("commitment", "must be a ratio between 0 and 1", not 0 < contract.commitment < 1),
        ("slice_seconds", "must be whole minutes that divide an hour", not divides),
        ("error_threshold", "must be a ratio from 0 to below 1", not 0 <= contract.error_threshold < 1),
        ("min_run_slices", "must be at least 1", contract.min_run_slices < 1),
        (
            "min_run_slices",
            "belongs to timeslice_run",
            contract.min_run_slices > 1 and contract.method is not Method.TIMESLICE_RUN,
        ),
        ("min_slice_requests", "must not be negative", contract.min_slice_requests < 0),
        (
            "repeat_window_seconds",
            "must be whole slices within an hour",
            divides
            and (
                contract.repeat_window_seconds % seconds != 0 or not 0 <= contract.repeat_window_seconds <= HOUR_SECONDS
            ),
        ),
        (
            "repeat_window_seconds",
            "belongs to occurrences",
            contract.repeat_window_seconds > 0 and contract.method is not Method.OCCURRENCES,
        ),
        ("cap", "must be a ratio above 0 and at most 1", contract.cap is not None and not 0 < contract.cap <= 1),
        ("min_credit_usd", "must not be negative", contract.min_credit_usd < 0),
        ("claim", "days must be at least 1", claim is not None and claim.days < _least_days(claim)),
        (
            "tokens_per_second",
            "is needed above 0 by latency_slice, for the contract or by model",
            contract.method is Method.LATENCY_SLICE
            and not (contract.tokens_per_second or contract.tokens_per_second_by_model),
        ),
        (
            "tokens_per_second",
            "must be above 0",
            any(speed <= 0 for _, speed in contract.tokens_per_second_by_model)
            or (contract.tokens_per_second is not None and contract.tokens_per_second <= 0),
        ),
    ]


def _least_days(claim: ClaimRule) -> int:
    return 0 if claim.after is ClaimStart.SECOND_BILLING_CYCLE else 1
