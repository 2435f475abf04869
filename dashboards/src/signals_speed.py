"""Signals of speed: quantiles of enough measurements, distributions, and the same hour of last week.

Quantiles come from recorded series of half an hour. One probe per minute gives 30 measurements there; a quantile of
fewer than 20 is not shown.
"""

from dashboards.src.parts import BY_MODEL
from dashboards.src.promql import SAMPLES, Scope, enough, named
from dashboards.src.signal import Signal

MODEL = "provider, model"
SPEEDS = (5, 10, 20, 30, 40, 50, 75, 100, 150, 200, 400)
"""Bounds of the buckets of tokens per second."""
TOO_FEW = f"Fewer than {SAMPLES} measurements, or the recording rules are not loaded"


def slow_quantile(scope: Scope, at: str = "") -> str:
    """Return the 95th percentile of the time to the first token per model: of its slowest target."""
    p95, count = scope.of("aiprobe:time_to_first_token:p95_30m"), scope.of("aiprobe:time_to_first_token:count30m")
    return f"max by ({MODEL}) ({p95}{at} and on (target) {count}{at} >= {SAMPLES})"


def slowest(scope: Scope) -> Signal:
    """Show the 95th percentile of the time to the first token of the slowest models."""
    return Signal(
        title="Time to first token, p95",
        description=(
            "One answer in twenty begins later than this, over the half hour before; the ten slowest models now. "
            f"Hidden below {SAMPLES} measurements. Failed probes do not count: see the share of bad probes."
        ),
        expr=named(f"{slow_quantile(scope)} and on ({MODEL}) topk(10, {slow_quantile(scope, ' @ end()')})"),
        unit="s",
        legend=BY_MODEL,
        nothing=TOO_FEW,
    )


def _median(scope: Scope, when: str = "") -> str:
    value, count = scope.of("aiprobe:time_to_first_token:median1h"), scope.of("aiprobe:time_to_first_token:count30m")
    return f"max by ({MODEL}) ({value}{when} and on (target) {count}{when} >= {SAMPLES})"


def against_last_week(scope: Scope) -> Signal:
    """Show how many times slower than in the same hour last week a model begins to answer."""
    ratio = f"{_median(scope)} / ({_median(scope, ' offset 1w')} > 0)"
    at_end = f"{_median(scope, ' @ end()')} / ({_median(scope, ' @ end() offset 1w')} > 0)"
    return Signal(
        title="Now against the same hour last week",
        description=(
            "Median time to the first token divided by that of the same hour a week ago, for the ten models with the "
            "largest factor: 1 is unchanged, 2 is twice as slow. Begins a week after the first probe."
        ),
        expr=named(f"{ratio} and on ({MODEL}) topk(10, {at_end})"),
        unit="none",
        decimals=2,
        legend=BY_MODEL,
        nothing="Nothing to compare with: needs a week of data and the recording rules",
    )


def slowdown_now(scope: Scope) -> Signal:
    """Show the factors of the moment, worst first."""
    ratio = f"{_median(scope)} / ({_median(scope, ' offset 1w')} > 0)"
    return Signal(
        title="Times slower than last week, now",
        description=(
            "Median time to the first token of this hour divided by the same hour a week ago, worst first. If it is "
            "above 2 and the network is fine, a new model version may answer (see the table)."
        ),
        expr=f"sort_desc({named(f'topk(10, {ratio})')})",
        decimals=2,
        unit="none",
        legend=BY_MODEL,
        nothing="Nothing to compare with: needs a week of data and the recording rules",
    )


def quantile(scope: Scope, level: float, metric: str, window: str, title: str, legend: str, why: str) -> Signal:
    """Show a quantile of a histogram over all targets of the scope, if there are enough measurements."""
    buckets = f"sum by (le) (increase({scope.of(metric + '_bucket')}[{window}]))"
    count = f"sum(increase({scope.of(metric + '_count')}[{window}]))"
    return Signal(
        title=title,
        description=why,
        expr=f"histogram_quantile({level:g}, {buckets}) and on () {count} >= {SAMPLES}",
        unit="s",
        legend=legend,
        nothing=f"Fewer than {SAMPLES} measurements",
        exemplar=True,
    )


def samples(scope: Scope, metric: str = "time_to_first_token_seconds") -> Signal:
    """Count the measurements of the range."""
    return Signal(
        title="Samples, 1 h",
        description=(
            "Number of answers behind the quantiles of the last hour. A 95th percentile of 20 depends on one answer; "
            "below that none is shown. More targets or a shorter interval give more."
        ),
        expr=f"sum(increase({scope.of(metric + '_count')}[1h]))",
        decimals=0,
        nothing="None",
    )


def distribution(scope: Scope, metric: str, title: str, why: str) -> Signal:
    """Show the distribution of a histogram over time."""
    return Signal(
        title=title,
        description=why,
        expr=f"sum by (le) (increase({scope.of(metric + '_bucket')}[$__rate_interval]))",
        rows=f"increase({scope.of(metric + '_count')}[$__range] @ end())",
        unit="s",
        legend="{{le}}",
        nothing="None measured",
    )


def tokens_per_second(scope: Scope) -> Signal:
    """Show the speed of the latest streams as buckets of targets."""
    now = scope.of("output_tokens_per_second")
    bounds = (*(f"{bound}" for bound in SPEEDS), "+Inf")
    buckets = (f'label_replace(sum({now} <= bool {bound}), "le", "{bound}", "", "")' for bound in bounds)
    return Signal(
        title="Tokens per second",
        description=(
            "Speed of the latest answers after their first token: the number of targets by speed. If a band sinks "
            "while first tokens stay fast, models are throttled or loaded."
        ),
        expr=" or ".join(buckets),
        rows=f"last_over_time({now}[$__range] @ end())",
        unit="none",
        legend="{{le}}",
        nothing="None measured",
    )


def mean(scope: Scope, metric: str, by: str, window: str) -> str:
    """Return the mean of a histogram if there are enough measurements."""
    total, count = scope.of(metric + "_sum"), scope.of(metric + "_count")
    counted = f"sum by ({by}) (increase({count}[{window}]))"
    return enough(f"sum by ({by}) (increase({total}[{window}])) / ({counted} > 0)", counted, by)
