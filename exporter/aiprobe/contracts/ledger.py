"""One contract in one month, hour by hour: downtime, remaining allowance, credit, and the deadline of the claim.

`MonthLedger` sums closed hours once, so that the standing of a month so far costs the same on its last day as on
its first. The formulas, with `slices` of the whole month, `target` the commitment and `rate` = lost / known slices:

- **uptime** low and high: of the slices elapsed, by the contract's rule (`tally`);
- **coverage**: known slices / slices elapsed;
- **burn rate**: rate of the month so far / (1 - target), known slices only. 1 uses the allowance up exactly at the
  month's end if it goes on so;
- **allowance remaining**: (1 - target) * month's seconds - seconds lost for certain (high reading); negative once
  it is spent;
- **projection**: what was lost stays lost, elapsed unknown slices fared like the elapsed known ones, and what is left
  of the month goes like the last 24 closed hours with the open one: 1 - (rate * elapsed + rate24 * left) / slices.
  Where the last 24 hours know nothing, the month's own rate stands in;
- **credit** low and high: the credit of now *if nothing more is lost in the month*, from the high and the low
  reading. It can only grow as the month goes on, and at its end it is the contract's credit;
- **claimable**: when the low credit is above 0, whatever the unknown slices were.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from aiprobe.contracts.contract import Contract, CreditUnit
from aiprobe.contracts.minutes import HourMinutes
from aiprobe.contracts.month import Month, claim_deadline
from aiprobe.contracts.tally import NOTHING, Reading, Tally, lost_slices, merge, tally_hour, unknown_tally, uptime
from aiprobe.core.evidence import HOUR_SECONDS, MINUTES_PER_HOUR

RECENT_HOURS: Final = 24
_ROUNDING: Final = 1e-9
"""A ratio this near a tier's bound is at the bound, not below it: sums of floats are not exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The numbers of one month of a contract. Ratios are 0-1; None means unknown, never 0."""

    month: str
    uptime_low: float | None
    uptime_high: float | None
    projected_uptime: float | None
    burn_rate: float | None
    allowance_remaining_seconds: float
    credit_low: float | None
    """Share of the bill; None where the credits are not public."""
    credit_high: float | None
    credit_usd_low: float | None
    """None without a monthly spend too."""
    credit_usd_high: float | None
    coverage: float | None
    claim_deadline_timestamp_seconds: float | None
    """Only where a credit can be claimed."""
    month_slices: int
    tally: Tally


class MonthLedger:
    """Adds up the hours of one month, each once and in order."""

    def __init__(self, contract: Contract, month: Month, *, before: int = 0) -> None:
        """Begin with nothing; `before` is the run of known bad slices that the month began in."""
        self.contract = contract
        self.month = month
        self.before = before
        self.total = NOTHING
        self.next_hour = month.hours.start
        self._recent: deque[Tally] = deque(maxlen=RECENT_HOURS)
        self._recent_total: Tally | None = NOTHING
        self._first_loss_at: float | None = None
        self._eligible_at: float | None = None

    @property
    def slices(self) -> int:
        """Return how many slices the whole month has, those that its time zone cuts off at its ends included."""
        seconds = self.contract.slice_seconds
        return -(-self.month.end_seconds // seconds) - self.month.start_seconds // seconds

    @property
    def ended(self) -> bool:
        """Return whether every hour of the month is closed."""
        return self.next_hour >= self.month.hours.stop

    def close(self, minutes: HourMinutes | None) -> None:
        """Add the next hour; None when nothing was probed in it. Does nothing once the month has ended."""
        if self.ended:
            return
        tally = self.tally(self.next_hour, minutes)
        self.total = merge(self.contract, self.total, tally)
        self._recent.append(tally)
        self._recent_total = None
        self._first_loss_at, self._eligible_at = self._milestones(self.total, self.next_hour)
        self.next_hour += 1

    def tally(self, hour: int, minutes: HourMinutes | None, *, last: int = MINUTES_PER_HOUR) -> Tally:
        """Return the tally of an hour's minutes before `last`, as far as they are in the month."""
        start = hour * HOUR_SECONDS
        first = max(0, (self.month.start_seconds - start) // 60)
        last = min(last, (self.month.end_seconds - start) // 60)
        if last <= first:
            return NOTHING
        if minutes is None:
            step = self.contract.slice_seconds // 60
            return unknown_tally(-(-last // step) - first // step)
        return tally_hour(self.contract, minutes, first=first, last=last)

    def standing(self, *, open_tally: Tally = NOTHING, after: int = 0, spend_usd: float | None = None) -> Standing:
        """Return how the month stands with the open hour's finished slices.

        `after` is the run of known bad slices that follows the month, `spend_usd` the month's bill.
        """
        tally = merge(self.contract, self.total, open_tally)
        elapsed = tally.slices
        coverage = tally.known / elapsed if elapsed else None
        rate = self._lost(tally, "high", after) / tally.known if tally.known else None
        low, high = (self._credit(tally, reading, after) for reading in ("high", "low"))
        first_loss_at, eligible_at = self._milestones(tally, min(self.next_hour, self.month.hours.stop - 1), after)
        deadline = claim_deadline(self.contract, self.month, first_loss_at=first_loss_at, eligible_at=eligible_at)
        return Standing(
            month=self.month.label,
            uptime_low=uptime(self.contract, tally, "low", before=self.before, after=after),
            uptime_high=uptime(self.contract, tally, "high", before=self.before, after=after),
            projected_uptime=None if rate is None else self._projected(rate, elapsed, open_tally),
            burn_rate=None if rate is None else rate / (1.0 - self.contract.commitment),
            allowance_remaining_seconds=self._allowance_slices(tally, after) * self.contract.slice_seconds,
            credit_low=low,
            credit_high=high,
            credit_usd_low=credit_usd(self.contract, low, spend_usd),
            credit_usd_high=credit_usd(self.contract, high, spend_usd),
            coverage=coverage,
            claim_deadline_timestamp_seconds=deadline if low else None,
            month_slices=self.slices,
            tally=tally,
        )

    def _lost(self, tally: Tally, reading: Reading, after: int = 0) -> float:
        return lost_slices(self.contract, tally, reading, before=self.before, after=after)

    def _allowance_slices(self, tally: Tally, after: int) -> float:
        return (1.0 - self.contract.commitment) * self.slices - self._lost(tally, "high", after)

    def _credit(self, tally: Tally, reading: Reading, after: int) -> float | None:
        uptime_ratio = 1.0 - self._lost(tally, reading, after) / self.slices
        return credit_ratio(self.contract, uptime_ratio, days=len(self.month.days))

    def _milestones(self, tally: Tally, hour: int, after: int = 0) -> tuple[float | None, float | None]:
        """Return when something was first lost and when the commitment was, to the hour, on the early side."""
        first, eligible = self._first_loss_at, self._eligible_at
        if tally.loss_high == 0 or eligible is not None:
            return first, eligible
        at = float(max(hour * HOUR_SECONDS, self.month.start_seconds))
        if first is None and self._lost(tally, "high", after) > 0:
            first = at
        if self._allowance_slices(tally, after) < -_ROUNDING * self.slices:
            eligible = at
        return first, eligible

    def _projected(self, rate: float, elapsed: int, open_tally: Tally) -> float:
        if self._recent_total is None:
            self._recent_total = NOTHING
            for tally in self._recent:
                self._recent_total = merge(self.contract, self._recent_total, tally)
        recent = merge(self.contract, self._recent_total, open_tally)
        lost = lost_slices(self.contract, recent, "high", before=self.before if recent.slices == elapsed else 0)
        recent_rate = lost / recent.known if recent.known else rate
        left = self.slices - elapsed
        return max(0.0, 1.0 - (rate * elapsed + recent_rate * left) / self.slices)


def credit_ratio(contract: Contract, uptime_ratio: float, *, days: int = 30) -> float | None:
    """Return the share of the bill that the uptime of a month of `days` is credited with, at most all of it.

    None where the credits are not public.
    """
    if not contract.tiers:
        return None
    credit = 0.0
    for tier in contract.tiers:
        if uptime_ratio < tier.below - _ROUNDING:
            credit = tier.credit
    if contract.credit_unit is CreditUnit.DAY:
        credit /= days
    return min(credit, 1.0 if contract.cap is None else contract.cap)


def credit_usd(contract: Contract, ratio: float | None, spend_usd: float | None) -> float | None:
    """Return a credit in USD; 0 if it is not above the minimum that is paid, None if it is unknown."""
    if ratio is None or spend_usd is None:
        return None
    amount = ratio * spend_usd
    return amount if amount > contract.min_credit_usd else 0.0
