"""From the SLO sections of a target, its provider and the defaults to the domain's `Objectives`."""

from collections.abc import Sequence
from typing import Any, Final

from aiprobe.config.schema.target import LatencyObjectiveSection, SloSection, ThroughputObjectiveSection
from aiprobe.core.model import LatencyObjective, Objectives, ThroughputObjective

DEFAULT_PERIOD_SECONDS: Final = 30 * 86_400.0
DEFAULT_AVAILABILITY_PERCENT: Final = 99.5
"""What one prober at 60 s can hold without paging for a single stray failure."""


def resolve_objectives(levels: Sequence[SloSection | None]) -> Objectives:
    """Return the objectives of `levels`, the most specific first; an explicit null ends the search."""
    availability = _inherited(levels, "availability", DEFAULT_AVAILABILITY_PERCENT)
    correctness = _inherited(levels, "correctness", None)
    return Objectives(
        availability=None if availability is None else _ratio(availability),
        correctness=None if correctness is None else _ratio(correctness),
        time_to_first_token=_latency(_inherited(levels, "time_to_first_token", None)),
        duration=_latency(_inherited(levels, "duration", None)),
        throughput=_throughput(_inherited(levels, "throughput", None)),
        period_seconds=_inherited(levels, "period", None) or DEFAULT_PERIOD_SECONDS,
    )


def _inherited(levels: Sequence[SloSection | None], name: str, default: Any) -> Any:
    for level in levels:
        if level is not None and name in level.model_fields_set:
            return getattr(level, name)
    return default


def _ratio(percent: float) -> float:
    """Percent to a ratio, without the dust that a division leaves: 99.9 is 0.999."""
    return round(percent / 100, 12)


def _throughput(section: ThroughputObjectiveSection | None) -> ThroughputObjective | None:
    if section is None:
        return None
    return ThroughputObjective(above_tokens_per_second=section.above, objective=_ratio(section.objective))


def _latency(section: LatencyObjectiveSection | None) -> LatencyObjective | None:
    if section is None:
        return None
    return LatencyObjective(below_seconds=section.below, objective=_ratio(section.objective))
