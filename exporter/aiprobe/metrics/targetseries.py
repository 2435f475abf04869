"""The series of one target, and what the configuration alone puts in them. Results come in `recorder.py`."""

from aiprobe.core.model import IDENTITY_LABELS, Attempt
from aiprobe.core.outcomes import Outcome
from aiprobe.core.tracked import Tracked
from aiprobe.metrics import catalogue
from aiprobe.metrics.openmetrics import Labels, label_name
from aiprobe.metrics.series import Owner


class TargetSeries:
    """Everything that one target has to show."""

    __slots__ = ("identity", "owner", "record")

    def __init__(self, record: Tracked) -> None:
        self.record = record
        self.identity = record.target.identity
        labels = Labels(tuple(zip(IDENTITY_LABELS, self.identity, strict=True)))
        self.owner = Owner(catalogue.TARGET_METRICS, labels)
        self.owner["results_total"].set(0, Outcome.OK, Attempt.SCHEDULED)
        self.describe()

    def describe(self) -> None:
        """Take the configuration of the target anew. Counters of SLOs that stay keep their values."""
        target = self.record.target
        owner, ratios = self.owner, target.objectives.ratios
        owner["slo_objective_ratio"].replace({(slo,): ratio for slo, ratio in ratios.items()})
        owner["slo_period_seconds"].replace({(slo,): target.objectives.period_seconds for slo in ratios})
        owner["slo_events_total"].keep([(slo, verdict) for slo in ratios for verdict in catalogue.EVENT_VERDICTS])
        owner["interval_seconds"].set(target.interval_seconds)
        provider, info = target.provider, owner["target_info"]
        facts = provider.protocol, target.display_name or target.name, provider.display_name
        taken = (*IDENTITY_LABELS, *info.metric.labels)
        info.describe(*facts, extra={label_name(name, taken=taken): value for name, value in target.labels.items()})
        owner.refresh()
