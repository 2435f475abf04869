"""The cost of probes and the budget of a day: a bound before a probe starts, and the bill after it ended.

Pure arithmetic in USD. Prices are data of the target, and its kind states the number of tokens; storing the spending
belongs in `journal/`. Before a probe starts, its largest cost is reserved; after it ended, its real cost is booked.
Spending can therefore never exceed the budget. It is paced over the UTC day, so an expensive morning leaves a budget
for the evening.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from aiprobe.core.kind import TURN_PHASES, Tokens
from aiprobe.core.model import Price, Result, Target
from aiprobe.core.outcomes import Outcome

DEFAULT_MAX_OUTPUT_TOKENS: Final = 64
"""The cap of an answer if reasoning can be disabled."""
SECONDS_PER_DAY: Final = 86_400.0
_PER_MILLION: Final = 1e-6
_DATE_SUFFIX: Final = re.compile(r"(?:[-@]20\d{6}|-20\d\d-\d\d-\d\d)\Z")
PACE_AHEAD: Final = 0.1
"""Share of the day's budget that may be spent ahead of an even pace (2.4 hours' worth)."""
FOLLOW_UPS_SHARE: Final = 0.1
_ROUNDING_USD: Final = 1e-9
_DAYS_KEPT: Final = 4


def cost_usd(
    price: Price | None,
    *,
    input_tokens: int | None,
    output_tokens: int | None,
    cached_input_tokens: int | None = None,
) -> float | None:
    """Return the cost of billed tokens, or None if the price or a part of the bill is unknown."""
    if price is None or (input_tokens is None and output_tokens is None):
        return None
    cached = min(cached_input_tokens or 0, input_tokens or 0)
    cached_price = price.input_usd if price.cached_input_usd is None else price.cached_input_usd
    fresh = (input_tokens or 0) - cached
    total = fresh * price.input_usd + cached * cached_price + (output_tokens or 0) * price.output_usd
    return total * _PER_MILLION


def spellings(model: str) -> tuple[str, ...]:
    """Return the names under which a table may have a model: its own, without `models/`, and without its date."""
    bare = model.removeprefix("models/")
    return tuple(dict.fromkeys((model, bare, _DATE_SUFFIX.sub("", bare))))


def other_price(target: Target, billed_model: str) -> Price | None:
    """Return the price of the model that a reply names, if it is another one than was asked for and costs otherwise."""
    names = spellings(billed_model)
    if not set(names).isdisjoint(spellings(target.model)):
        return None
    known = target.model_prices
    billed = next((known[name] for name in names if name in known), None)
    return billed if billed != target.price else None


def is_free(target: Target) -> bool:
    """Return whether a probe of `target` costs nothing."""
    return target.kind.tokens(target) == Tokens()


def bound_usd(target: Target) -> float | None:
    """Return the largest cost of one probe of `target`; 0 for a free kind, None without a price."""
    tokens = target.kind.tokens(target)
    if tokens == Tokens():
        return 0.0
    return cost_usd(target.price, input_tokens=tokens.most_input, output_tokens=tokens.most_output)


def expected_usd_per_day(target: Target) -> float | None:
    """Return the expected cost of a day of `target`; 0 for a free kind, None without a price."""
    tokens = target.kind.tokens(target)
    if tokens == Tokens():
        return 0.0
    expected_input = tokens.most_input if tokens.expected_input is None else tokens.expected_input
    once = cost_usd(target.price, input_tokens=expected_input, output_tokens=tokens.expected_output)
    return None if once is None else once * SECONDS_PER_DAY / target.interval_seconds


def charged_usd(result: Result, bound: float) -> float:
    """Return the amount to book for a probe: its bill, 0 if nothing was served, else the bound."""
    billed = result.input_tokens is not None and result.output_tokens is not None
    if billed and result.cost_usd is not None:
        return result.cost_usd
    never_asked = result.http_status is None and result.phases.keys().isdisjoint(("send", "first_byte", *TURN_PHASES))
    refused = result.http_status is not None and result.http_status >= 300 and TURN_PHASES[0] not in result.phases
    if result.outcome is Outcome.CANCELLED:
        return bound
    return 0.0 if never_asked or refused else bound


def utc_day(wall_seconds: float) -> int:
    """Return the number of the UTC day since 1970."""
    return int(wall_seconds // SECONDS_PER_DAY)


@dataclass(slots=True)
class Budget:
    """The daily budget of one exporter; `usd_per_day` None means no limit. All amounts in USD."""

    usd_per_day: float | None
    day: int = 0
    spent_usd: float = 0.0
    reserved_usd: float = 0.0
    follow_ups_share: float = FOLLOW_UPS_SHARE
    """Of the budget of a day, for follow-ups."""
    follow_ups_usd: float = 0.0
    """Reserved and spent on follow-ups today."""
    _other_days: dict[int, float] = field(default_factory=dict)
    """USD spent on the days that the clock named last, so that a day that comes again goes on where it was."""

    def allowance(self, wall_seconds: float) -> float:
        """Return the total that can be spent on this day up to now; infinite without a limit."""
        if self.usd_per_day is None:
            return float("inf")
        elapsed = (wall_seconds - self.day * SECONDS_PER_DAY) / SECONDS_PER_DAY
        return self.usd_per_day * min(1.0, max(0.0, elapsed) + PACE_AHEAD)

    def reserve(self, usd: float, wall_seconds: float, *, follow_up: bool = False) -> bool:
        """Reserve `usd` for a probe that is about to start; False if that could exceed the budget or its pace.

        A free probe is always allowed, even if the budget is overdrawn.
        """
        self.turn(wall_seconds)
        if usd > 0 and self.spent_usd + self.reserved_usd + usd > self.allowance(wall_seconds) + _ROUNDING_USD:
            return False
        if follow_up and self.usd_per_day is not None:
            share = self.usd_per_day * self.follow_ups_share
            if usd > 0 and self.follow_ups_usd + usd > share + _ROUNDING_USD:
                return False
            self.follow_ups_usd += usd
        self.reserved_usd += usd
        return True

    def settle(self, reserved_usd: float, cost_usd: float, *, follow_up: bool = False) -> None:
        """Replace a reservation by the cost of the probe."""
        if follow_up:
            self.follow_ups_usd = max(0.0, self.follow_ups_usd + cost_usd - reserved_usd)
        self.reserved_usd = max(0.0, self.reserved_usd - reserved_usd)
        self.spent_usd += cost_usd

    def turn(self, wall_seconds: float) -> None:
        """Begin a new day if the date has changed.

        A clock that moves back over one midnight begins no day. A clock that moves back further was wrong before: its
        new date counts, with the spending of both dates.
        """
        today = utc_day(wall_seconds)
        if self.day - 1 <= today <= self.day:
            return
        carried = self.spent_usd if today < self.day else 0.0
        self._other_days[self.day] = self.spent_usd
        for day in list(self._other_days)[:-_DAYS_KEPT]:
            del self._other_days[day]
        self.follow_ups_usd = 0.0
        self.day, self.spent_usd = today, self._other_days.pop(today, 0.0) + carried
