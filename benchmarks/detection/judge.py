"""Evaluates the firing alerts: found incidents, time to page, false pages, and the bars for them.

A page is one stretch of time in which at least one critical alert of a provider fires: `group_by: [provider]` sends it
once. The alternative rules get the same grouping.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.detection.evaluate import Firing
from benchmarks.detection.series import SCRAPE_SECONDS, World

GRACE_SECONDS: Final = 120.0
"""A page within this time after an incident's end still counts for that incident."""
OURS: Final = "aiprobe"
TODAY_FAILED: Final = "probe_success == 0 for 1m"
TODAY_RATIO: Final = "failure ratio 5m > 50 % for 2m"
RULE_SETS: Final[Mapping[str, str]] = {OURS: "AI", TODAY_FAILED: "TodayProbeFailed", TODAY_RATIO: "TodayFailureRatio"}
"""Name of the rule set -> prefix of the names of its alerts."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of one rule set in one scenario."""

    incidents: int
    delays: tuple[float, ...]
    """Seconds from each incident's start to its page; infinite for a missed one."""
    pages: int
    """Pages for an incident, with second pages."""
    false_pages: int
    target_months: float

    @property
    def found(self) -> int:
        """Return the number of incidents with a page."""
        return sum(math.isfinite(delay) for delay in self.delays)

    @property
    def missed_share(self) -> float:
        """Return the share (0-1) of the incidents that had no page."""
        return 1 - self.found / self.incidents if self.incidents else math.nan

    def quantile(self, share: float) -> float:
        """Return the delay that `share` (0-1) of the incidents did not exceed."""
        ordered = sorted(self.delays)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan

    @property
    def median(self) -> float:
        """Return the median delay in seconds, missed incidents counted as infinite."""
        return statistics.median(self.delays) if self.delays else math.nan

    @property
    def false_rate(self) -> float:
        """Return the false pages per target and month."""
        return self.false_pages / self.target_months if self.target_months else math.nan


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of aiprobe's rules in a scenario, in whole seconds as in the tables; None where there is no bar."""

    worst: float | None = None
    median: float | None = None
    nine_of_ten: float | None = None
    false_rate: float | None = None
    found: float | None = None
    """The share (0-1) of the incidents that must have a page."""
    one_page: bool = False

    def missed_by(self, judged: Judgement) -> list[str]:
        """Return a text for each bar that `judged` misses. Without measurements, every bar is missed."""
        limits = [
            ("worst time to page", _whole(judged.quantile(1.0)), self.worst),
            ("median time to page", _whole(judged.median), self.median),
            ("nine of ten", _whole(judged.quantile(0.9)), self.nine_of_ten),
            ("false pages per target and month", judged.false_rate, self.false_rate),
            ("share of missed incidents", judged.missed_share, None if self.found is None else 1 - self.found),
        ]
        missed = [
            f"{what} {value:.3g} > {limit:.3g}"
            for what, value, limit in limits
            if limit is not None and not value <= limit
        ]
        if self.one_page and judged.pages != judged.incidents:
            missed.append(f"{judged.pages} pages for {judged.incidents} incidents")
        return missed


def _whole(seconds: float) -> float:
    return round(seconds) if math.isfinite(seconds) else seconds


def pages(firing: Firing, provider: str, alerts: str) -> list[float]:
    """Return the times of the pages of `provider` from the alerts with the name prefix `alerts`."""
    times = sorted(
        {at for (alert, who), all_at in firing.items() if who == provider and alert.startswith(alerts) for at in all_at}
    )
    return [at for before, at in zip([-math.inf, *times], times, strict=False) if at - before > SCRAPE_SECONDS]


def judge(worlds: Sequence[World], firing: Firing, alerts: str, *, target_months: float | None = None) -> Judgement:
    """Compare the pages of `worlds` with their incidents.

    A page without a provider is about the exporter, which has no fault in these scripts, so it is false.
    `target_months` is the time that the worlds represent; by default, their own length.
    """
    delays: list[float] = []
    told = 0
    by_provider: dict[str, Firing] = {}
    for (alert, provider), times in firing.items():
        by_provider.setdefault(provider, {})[alert, provider] = times
    false = len(pages(by_provider.get("", {}), "", alerts))
    for world in worlds:
        sent = pages(by_provider.get(world.provider, {}), world.provider, alerts)
        if world.incident is None:
            false += len(sent)
            continue
        start, end = world.incident
        fitting = [at for at in sent if at >= start]
        false += len(sent) - len(fitting)
        told += len(fitting)
        delays.append(fitting[0] - start if fitting and fitting[0] <= end + GRACE_SECONDS else math.inf)
    own = sum(len(world.targets) * world.seconds for world in worlds) / (30 * 86400)
    return Judgement(len(delays), tuple(delays), told, false, own if target_months is None else target_months)
