"""A target with its series, and what the configuration alone says in them. Results come in `recorder.py`."""

from aiprobe.core.model import IDENTITY_LABELS, Attempt, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.core.state import SILENT_AFTER_INTERVALS
from aiprobe.metrics import catalogue
from aiprobe.metrics.openmetrics import Labels, label_name
from aiprobe.metrics.series import Owner


class Tracked:
    """One target and everything that it has to show."""

    __slots__ = ("last_run", "owner", "target")

    def __init__(self, target: Target) -> None:
        self.target = target
        self.last_run: float | None = None
        """On the monotonic clock."""
        labels = Labels(tuple(zip(IDENTITY_LABELS, target.identity, strict=True)))
        self.owner = Owner(catalogue.TARGET_METRICS, labels)
        self.owner["results_total"].set(0, Outcome.OK, Attempt.SCHEDULED)

    def faded(self, now: float) -> bool:
        """Tell whether the last run is too long ago for gauges to be true."""
        limit = SILENT_AFTER_INTERVALS * self.target.interval_seconds
        return self.last_run is not None and now - self.last_run > limit

    def describe(self, target: Target) -> None:
        """Take the configuration of the same target anew. Counters of SLOs that stay keep their values."""
        self.target = target
        owner, ratios = self.owner, target.objectives.ratios
        owner["slo_objective_ratio"].replace({(slo,): ratio for slo, ratio in ratios.items()})
        owner["slo_period_seconds"].replace({(slo,): target.objectives.period_seconds for slo in ratios})
        owner["slo_events_total"].keep([(slo, verdict) for slo in ratios for verdict in catalogue.EVENT_VERDICTS])
        owner["interval_seconds"].set(target.interval_seconds)
        provider, info = target.provider, owner["target_info"]
        facts = provider.protocol, target.display_name or target.name, provider.display_name, provider.key
        taken = (*IDENTITY_LABELS, *info.metric.labels)
        info.describe(*facts, extra={label_name(name, taken=taken): value for name, value in target.labels.items()})
        owner.refresh()
