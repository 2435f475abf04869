"""Numbers and findings of a report in words, the same in every format. Plain text: escaping is the renderers' work."""

import math
from datetime import UTC, datetime
from typing import Final

from aiprobe.contracts.contract import ClaimStart, Contract, CreditUnit, Method
from aiprobe.contracts.periods import Kind, Period
from aiprobe.contracts.report import Finding, Report, Seals

SYNTHETIC: Final = (
    "These figures come from synthetic probes. They support a claim about your own traffic and do not replace it: the "
    "provider measures the requests of your account, so attach your own request logs for the times listed here."
)
_NUDGE: Final = 1e-9


def percent(ratio: float | None, *, digits: int = 3, promised: float = 1.0) -> str:
    """Return a ratio as a percentage, rounded, but never up to `promised` or beyond what it stayed below."""
    if ratio is None:
        return "unknown"
    shown = round(ratio * 100, digits)
    if ratio < promised - _NUDGE and shown >= promised * 100 - _NUDGE:
        shown = math.floor(ratio * 100 * 10**digits) / 10**digits
    return f"{shown:.{digits}f} %"


def bounds(report: Report) -> str:
    """Return the bounds of the uptime as one text; a single number when they are the same."""
    low, high = report.standing.uptime_low, report.standing.uptime_high
    one, two = (percent(ratio, promised=report.contract.commitment) for ratio in (low, high))
    return one if one == two else f"{one.removesuffix(' %')} to {two}"


def too_short(report: Report) -> str:
    """Describe bad stretches that do not count, in one sentence; empty if there are none."""
    short = [period.duration_seconds for period in report.periods if period.kind is Kind.TOO_SHORT]
    if not short:
        return ""
    if len(short) == 1:
        return f"In addition, one bad stretch of {duration(short[0])} was too short to count."
    whole, longest = duration(sum(short)), duration(max(short))
    return f"In addition, {len(short)} bad stretches were too short to count: {whole} in all, the longest {longest}."


def utc(timestamp_seconds: float, *, seconds: bool = False) -> str:
    """Return a moment in UTC, without the zone, which is in the heading."""
    return datetime.fromtimestamp(timestamp_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def duration(seconds: float) -> str:
    """Return a length of time in its largest units: `45 s`, `7 min`, `1 h 20 min`, `3 d 4 h`."""
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    if seconds < 60:
        return f"{sign}{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    said = [f"{count} {unit}" for count, unit in parts if count]
    return sign + " ".join(said[:2])


def usd(amount: float | None) -> str:
    """Return an amount of money."""
    if amount is None:
        return "unknown"
    return f"USD {amount:,.0f}" if amount == int(amount) else f"USD {amount:,.2f}"


def headline(report: Report) -> str:
    """Return one sentence: whether the commitment was met."""
    so_far = " so far" if report.in_progress else ""
    said = bounds(report)
    promised = percent(report.contract.commitment, digits=2)
    measure = "Attainment" if report.contract.method is Method.LATENCY_SLICE else "Uptime"
    if report.finding is Finding.MISSED:
        return f"{measure}{so_far} was {said}, below the commitment of {promised}, with any reading of the gaps."
    if report.finding is Finding.KEPT:
        return f"{measure}{so_far} was {said}: the commitment of {promised} was met, with any reading of the gaps."
    return f"{measure}{so_far} was {said}; the probes do not show whether the commitment of {promised} was met."


def finding_word(report: Report) -> str:
    """Return the finding in a word or two."""
    return {Finding.MISSED: "Missed", Finding.KEPT: "Kept", Finding.OPEN: "Undecided"}[report.finding]


def rule(contract: Contract) -> str:
    """Return the rule of the contract as one sentence."""
    slice_ = duration(contract.slice_seconds)
    if contract.method is Method.OCCURRENCES:
        once = f", errors repeated within {duration(contract.repeat_window_seconds)} counted once"
        return f"The share of valid requests that were answered{once if contract.repeat_window_seconds else ''}."
    if contract.method is Method.RATIO_TIMESLICE:
        return f"The mean of the availability of each slice of {slice_}."
    if contract.method is Method.LATENCY_SLICE:
        return f"The share of slices of {slice_} whose median tokens per second reach the target."
    run = f", in runs of at least {contract.min_run_slices}" if contract.min_run_slices > 1 else ""
    return (
        f"Slices of {slice_} in which more than {contract.error_threshold * 100:g} % of requests fail{run}, are down."
    )


def credit(report: Report) -> tuple[str, str]:
    """Return the credit of the contract: an amount, and the sum that it is a share of."""
    standing, base = report.standing, report.contract.credit_base
    if standing.credit_low is None or standing.credit_high is None:
        return "not public", "see your agreement"
    low, high = f"{standing.credit_low * 100:g}", f"{standing.credit_high * 100:g}"
    share = f"{low} %" if low == high else f"{low} to {high} %"
    of_base = f"of {base}" if base else "of the bill"
    if standing.credit_usd_low is None or standing.credit_usd_high is None:
        return share, of_base
    usd_low, usd_high = usd(standing.credit_usd_low), usd(standing.credit_usd_high)
    money = usd_low if usd_low == usd_high else f"{usd_low} to {usd_high.removeprefix('USD ')}"
    return money, f"{share} {of_base}"


def deadline(report: Report) -> str:
    """Return the deadline of the claim as text."""
    at = report.standing.claim_deadline_timestamp_seconds
    if at is not None:
        return f"{utc(at)} UTC"
    if not report.standing.credit_low:
        return "No credit is certain, so there is no deadline."
    return "The term is not public: see your agreement."


def claim_term(contract: Contract) -> str:
    """Return the rule of the deadline as text."""
    claim = contract.claim
    if claim is None:
        return ""
    return {
        ClaimStart.MONTH_END: f"{claim.days} days after the end of the month",
        ClaimStart.INCIDENT: f"{claim.days} days after the first downtime of the month",
        ClaimStart.ELIGIBILITY: f"{claim.days} days after the commitment could no longer be met",
        ClaimStart.SECOND_BILLING_CYCLE: "the end of the second billing cycle after the month",
    }[claim.after]


def clauses(contract: Contract) -> tuple[str, ...]:
    """Return each number of the contract with the clause of the terms that it comes from."""
    named = dict(contract.clauses)
    daily = contract.credit_unit is CreditUnit.DAY
    shares = [f"{tier.credit:g} days of usage" if daily else f"{tier.credit * 100:g} %" for tier in contract.tiers]
    tiers = (f"{said} below {tier.below * 100:g} %" for said, tier in zip(shares, contract.tiers, strict=True))
    numbers = {
        "commitment": percent(contract.commitment, digits=2),
        "measure": rule(contract).removesuffix("."),
        "credits": ", ".join(tiers),
        "claim": claim_term(contract),
    }
    absent = "your terms" if contract.confidence == "own" else "the clause is not known; look it up in the terms"
    return tuple(f"{name}: {said}: {named.get(name, absent)}" for name, said in numbers.items() if said)


def kind(period: Period) -> str:
    """Return how the contract counts a period."""
    return {
        Kind.COUNTED: "counts",
        Kind.TOO_SHORT: "too short to count",
        Kind.DISPUTED: "disputed",
        Kind.UNKNOWN: "not probed",
        Kind.UP: "up",
    }[period.kind]


def failed(period: Period) -> str:
    """Return how many probes failed in a period, disputed ones included."""
    bad = period.bad + period.disputed
    return f"{bad} of {period.good + bad}"


def seen(report: Report, period: Period) -> str:
    """Return the outcomes of the failed probes of a period, most frequent first."""
    outcomes, _ = report.seen_in(period)
    return ", ".join(f"{outcome} {count}" for outcome, count in outcomes.most_common())


def declared(report: Report, period: Period) -> str:
    """Return what the status page declared in a period, in its own words."""
    return ", ".join(report.seen_in(period)[1])


def seals(report: Report) -> str:
    """Return the result of the check of the journal."""
    said = {
        Seals.HOLD: "The seals of the journal were checked for this month, and all of them are intact.",
        Seals.BROKEN: "The seals of the journal are BROKEN for this month.",
        Seals.NOT_CHECKED: "The seals of the journal were not checked for this report.",
    }[report.origin.verification.seals]
    return f"{said} {report.origin.verification.detail}".strip()


def terms(contract: Contract) -> str:
    """Return the source of the terms and their confidence."""
    trust = {
        "primary": "read on the provider's own page",
        "secondary": "read in part on the provider's page, in part as others quote it",
        "unverified": "NOT verified on a page of the provider",
        "own": "written by you",
    }[contract.confidence]
    when = f" on {contract.verified_on}" if contract.verified_on else ""
    source = f": {contract.source_url}" if contract.source_url else ""
    return f"Terms {trust}{when}{source}"
