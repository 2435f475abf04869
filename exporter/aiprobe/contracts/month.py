"""Calendar months of a time zone as Unix seconds: the period of every contract here, and until when it is claimed.

The length of a month depends on its time zone: in a zone with daylight saving time one of 31 days can have 743 or 745
hours.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from aiprobe.contracts.contract import ClaimStart, Contract
from aiprobe.core.evidence import HOUR_SECONDS

_MONTH: Final = re.compile(r"(\d{4})-(\d{2})\Z")
_DAY_SECONDS: Final = 86_400.0
_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month and its ends, [start, end), in Unix seconds."""

    year: int
    number: int
    timezone: str
    start_seconds: int
    end_seconds: int

    @property
    def label(self) -> str:
        """Return the month as `2026-10`."""
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def hours(self) -> range:
        """Return the UTC hours that it touches, as Unix seconds divided by 3600."""
        return range(self.start_seconds // HOUR_SECONDS, -(-self.end_seconds // HOUR_SECONDS))

    @property
    def days(self) -> list[tuple[int, int]]:
        """Return the [start, end) of each local day in Unix seconds."""
        zone = ZoneInfo(self.timezone)
        starts = []
        day = datetime(self.year, self.number, 1, tzinfo=zone)
        while day.month == self.number:
            starts.append(int(day.timestamp()))
            day = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
        return list(zip(starts, [*starts[1:], self.end_seconds], strict=True))

    def shifted(self, months: int) -> "Month":
        """Return the month that many months later."""
        count = self.year * _MONTHS_A_YEAR + self.number - 1 + months
        return calendar_month(count // _MONTHS_A_YEAR, count % _MONTHS_A_YEAR + 1, timezone=self.timezone)


def calendar_month(year: int, number: int, *, timezone: str) -> Month:
    """Return a month of `timezone`, an IANA name."""
    zone = ZoneInfo(timezone)
    start = datetime(year, number, 1, tzinfo=zone)
    over = number == _MONTHS_A_YEAR
    end = datetime(year + over, 1 if over else number + 1, 1, tzinfo=zone)
    return Month(
        year=year,
        number=number,
        timezone=timezone,
        start_seconds=int(start.timestamp()),
        end_seconds=int(end.timestamp()),
    )


def parse_month(text: str, *, timezone: str) -> Month:
    """Return the month that `text` names, such as `2026-10`.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    found = _MONTH.match(text)
    if found is None or not 1 <= int(found[2]) <= _MONTHS_A_YEAR or not 1970 <= int(found[1]) < 9999:
        raise ValueError(f"{text!r} is not a month; write it as 2026-10")
    return calendar_month(int(found[1]), int(found[2]), timezone=timezone)


def month_of(timestamp_seconds: float, *, timezone: str) -> Month:
    """Return the month of `timezone` that contains a moment."""
    local = datetime.fromtimestamp(timestamp_seconds, ZoneInfo(timezone))
    return calendar_month(local.year, local.month, timezone=timezone)


def claim_deadline(
    contract: Contract, month: Month, *, first_loss_at: float | None, eligible_at: float | None
) -> float | None:
    """Return the Unix time until which a credit for `month` must be claimed; None where the rule is not known.

    `first_loss_at` is when the first counted downtime began and `eligible_at` when the month could no longer keep
    the commitment; a rule that starts at one of them has no deadline before it happened.
    """
    rule = contract.claim
    if rule is None:
        return None
    if rule.after is ClaimStart.SECOND_BILLING_CYCLE:
        return float(month.shifted(2).end_seconds)
    start: float | None = month.end_seconds
    if rule.after is ClaimStart.INCIDENT:
        start = first_loss_at
    elif rule.after is ClaimStart.ELIGIBILITY:
        start = eligible_at
    return None if start is None else start + rule.days * _DAY_SECONDS
