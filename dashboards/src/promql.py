"""Builds the queries: selectors with each metric's labels, rows, states, display names.

A state is -1 if nothing was probed. Values are never filled forward: a gap in the data becomes -1 in PromQL, because
versions of Grafana draw gaps in different ways, and some of them as values.
`@ end()` parts are evaluated once per query, not once per step.
"""

from dataclasses import dataclass
from typing import Final

from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.metrics.catalogue import EXPORTER_METRICS, TARGET_METRICS
from aiprobe.metrics.metric import PREFIX, Kind

IDENTITY: Final = IDENTITY_LABELS
_SLOTH: Final = ("sloth_id", "sloth_service", "sloth_slo", "slo", *IDENTITY[:-1])
RECORDED: Final = {
    **{f"slo:sli_error:ratio_rate{window}": _SLOTH for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")},
    "slo:objective:ratio": _SLOTH,
    "slo:error_budget:ratio": _SLOTH,
    "slo:period_error_budget_remaining:ratio": _SLOTH,
    "slo:time_period:days": _SLOTH,
    **{
        f"aiprobe:slo_{kind}:increase{window}": (*_SLOTH, "vantage")
        for kind in ("bad", "valid")
        for window in ("5m", "30m")
    },
    "aiprobe:time_to_first_token:p95_30m": IDENTITY[:-1],
    "aiprobe:time_to_first_token:count30m": IDENTITY[:-1],
    "aiprobe:time_to_first_token:median1h": IDENTITY[:-1],
    "aiprobe:time_per_output_token:median30m": IDENTITY[:-1],
    "aiprobe:time_per_output_token:count30m": IDENTITY[:-1],
    "aiprobe:group_up": ("group", "vantage"),
    "aiprobe:group_availability:ratio": ("group", "window", "vantage"),
    "aiprobe:provider_down": ("provider",),
    "ALERTS": ("alertname", "alertstate", "severity", "scope", *IDENTITY),
}
"""Recorded series that the boards read, and their labels; `alerts/*.rules.yml` makes them."""

CLUSTER: Final = "cluster"
"""A label of whoever scrapes: an external label, or one of the scrape configuration; empty where there is none."""
SURFACE: Final = "provider, surface"
ROWS: Final = 25
"""The most rows of a panel, worst first: readable, and below the limit of 30 series per panel."""
SAMPLES: Final = 20
"""Fewer measurements than this have no quantile."""


def labels_of(name: str) -> frozenset[str]:
    """Return the labels of a metric of the exporter (any sample name of it) or a recorded one. Raises KeyError."""
    if name in RECORDED:
        return frozenset(RECORDED[name])
    for metrics, owner in ((TARGET_METRICS, IDENTITY), (EXPORTER_METRICS, ("vantage",))):
        for metric in metrics:
            suffixes = {"_bucket": ("le",), "_sum": (), "_count": ()} if metric.kind is Kind.HISTOGRAM else {"": ()}
            for suffix, extra in suffixes.items():
                if name == metric.name + suffix:
                    return frozenset((*owner, *metric.labels, *extra, CLUSTER))
    raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables of a board: every selector is narrowed by those that the metric has a label for."""

    variables: tuple[str, ...] = ()

    def of(self, short: str, **matchers: str) -> str:
        """Return the selector of a metric; a matcher is written `"=value"`, `"!=value"`, `"=~value"`, ..."""
        name = short if ":" in short or short.isupper() else PREFIX + short
        known = labels_of(name)
        parts = [f'{label}=~"${label}"' for label in self.variables if label in known and label not in matchers]
        for label, matcher in matchers.items():
            if label not in known:
                raise KeyError(f"{name} has no label {label}")
            operator = matcher[:2] if matcher[:2] in ("!=", "=~", "!~") else matcher[:1]
            parts.append(f'{label}{operator}"{matcher.removeprefix(operator)}"')
        return f"{name}{{{','.join(parts)}}}" if parts else name


ANYWHERE: Final = Scope()


def names() -> str:
    """Return one series of value 1 per provider with its display name, by default the value of its label."""
    told = 'last_over_time(aiprobe_target_info{provider_display_name!=""}[1d] @ end())'
    seen = (
        "last_over_time(aiprobe_surface_state[$__range] @ end())"
        " or last_over_time(aiprobe_status_component_state[$__range] @ end())"
    )
    plain = f'label_replace(group by (provider) ({seen}), "provider_display_name", "$1", "provider", "(.*)")'
    known = f"topk by (provider) (1, count by (provider, provider_display_name) ({told}))"
    return f"group by (provider, provider_display_name) ({known} or on (provider) {plain})"


def named(expr: str) -> str:
    """Give every series with a label `provider` the display name of that provider."""
    return f"({expr}) * on (provider) group_left (provider_display_name) {names()}"


def or_zero(count: str, among: str) -> str:
    """Return the count; 0 if `among` has series and none counts, -1 if `among` has none."""
    return f"({count}) or (count({among}) * 0) or vector(-1)"


def or_unknown(expr: str) -> str:
    """Return a single value, or -1 if there is none."""
    return f"({expr}) or vector(-1)"


def combined(series: str, by: str = SURFACE) -> str:
    """Combine states as the exporter does: the worst if all agree, else at most a partial outage.

    An outage seen from one of three vantages, or in one of three regions of the provider, is therefore partial.
    """
    worst, best = f"max by ({by}) ({series})", f"min by ({by}) ({series})"
    return f"{worst} - (({worst} == bool 3) * ({best} < bool 2))"


def rows(scope: Scope, by: str = SURFACE, metric: str = "surface_state", limit: int = ROWS) -> str:
    """Return the rows of a state panel: all with a state in the range or probed now, worst first."""
    lived = f"sum by ({by}) (sum_over_time({scope.of(metric)}[$__range] @ end()))"
    now = f"group by ({by}) (last_over_time({scope.of('interval_seconds')}[10m] @ end())) * 0"
    both = f"{lived} or {now}"
    return f"topk({limit}, {both})" if limit else f"({both})"


def state_over_time(scope: Scope, by: str = SURFACE, metric: str = "surface_state", limit: int = ROWS) -> str:
    """Return states for a timeline; -1 while nothing was probed. A short outage is not lost between two steps."""
    every = rows(scope, by, metric, limit)
    series = f"max_over_time({scope.of(metric)}[$__rate_interval])"
    return f"({combined(series, by)}) and on ({by}) {every} or {every} * 0 - 1"


def state_now(scope: Scope, by: str = SURFACE, metric: str = "surface_state") -> str:
    """Return the states of this moment; -1 for what is not probed."""
    return f"({combined(scope.of(metric), by)}) or {rows(scope, by, metric, limit=0)} * 0 - 1"


def share(good: str, valid: str) -> str:
    """Divide, with no value instead of NaN if the divisor is 0."""
    return f"{good} / ({valid} > 0)"


def windows(series: str, span: str, each: str) -> str:
    """Return what was recorded over windows of length `each`, as many as fill the span side by side.

    The millisecond is for Prometheus 2, which also counts the window that ends where the span begins.
    """
    return f"{series}[{span}:{each}] offset -1ms"


def enough(expr: str, count: str, by: str) -> str:
    """Keep only values of enough measurements."""
    return f"({expr}) and on ({by}) ({count}) >= {SAMPLES}"
