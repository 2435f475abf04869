"""What a metric is: one family of series, and short ways to describe one. All of them are in `catalogue.py`."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PREFIX: Final = "aiprobe_"


class Kind(StrEnum):
    """The types of OpenMetrics that aiprobe uses."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


_SUFFIXES: Final = {Kind.COUNTER: "_total", Kind.INFO: "_info"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Metric:
    """One family of series. Each is itself alone: a hash over all fields was seen in the cost of every probe."""

    short: str
    """The name of its samples without `aiprobe_`, as the design writes it: `results_total`, `target_info`."""
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    """Its own labels, after those of its owner (the identity of a target, or the vantage)."""
    unit: str = ""
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, ascending, without +Inf."""
    fades: bool = False
    """Not exposed once the target was silent for longer than three intervals."""

    @property
    def name(self) -> str:
        """Return the name that queries use; of a histogram without `_bucket`, `_sum` and `_count`."""
        return PREFIX + self.short

    @property
    def family(self) -> str:
        """Return the name of the family in OpenMetrics, which leaves out `_total` and `_info`."""
        return self.name.removesuffix(_SUFFIXES.get(self.kind, ""))


def counter(short: str, text: str, *labels: str, unit: str = "") -> Metric:
    """Describe a counter."""
    return Metric(short=short, kind=Kind.COUNTER, help=text, labels=labels, unit=unit)


def gauge(short: str, text: str, *labels: str, unit: str = "", fades: bool = False) -> Metric:
    """Describe a gauge."""
    return Metric(short=short, kind=Kind.GAUGE, help=text, labels=labels, unit=unit, fades=fades)


def last(short: str, text: str, *labels: str, unit: str = "") -> Metric:
    """Describe a gauge of the last probe, which is absent once its target is silent."""
    return gauge(short, text, *labels, unit=unit, fades=True)


def histogram(short: str, text: str, buckets: tuple[float, ...]) -> Metric:
    """Describe a histogram of seconds."""
    return Metric(short=short, kind=Kind.HISTOGRAM, help=text, unit="seconds", buckets=buckets)


def info(short: str, text: str, *labels: str, fades: bool = False) -> Metric:
    """Describe a gauge that is 1 and carries its facts as labels."""
    return Metric(short=short, kind=Kind.INFO, help=text, labels=labels, fades=fades)
