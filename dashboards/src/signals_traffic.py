"""Signals of how probes end: outcomes, verdicts, phases, limits of the account."""

from dashboards.src.promql import Scope, share
from dashboards.src.signal import Signal

_RATE = "$__rate_interval"


def failures(scope: Scope) -> Signal:
    """Tell the outcomes that were not `ok`, per minute."""
    results = scope.of("results_total", outcome="!=ok")
    return Signal(
        title="What fails",
        description=(
            "Probes per minute that did not end ok, confirmations included, by outcome. Warm colours are the service's "
            "failures, cool ones say nothing about it (key, quota, limits). A dot is an example with its request id."
        ),
        expr=f"sum by (outcome) (rate({results}[{_RATE}])) * 60 > 0",
        unit="none",
        decimals=2,
        legend="{{outcome}}",
        nothing="No probe failed in this range, if any was made",
        exemplar=True,
    )


def verdicts(scope: Scope) -> Signal:
    """Tell scheduled probes per minute by what they mean."""
    events = scope.of("slo_events_total", slo="=availability")
    return Signal(
        title="Probes by verdict",
        description=(
            "Scheduled probes per minute: good, bad, or excluded because they say nothing about the service. A gap "
            "is time "
            "without probes; when it narrows, see what was skipped on the board of the prober."
        ),
        expr=f"sum by (verdict) (rate({events}[{_RATE}])) * 60",
        decimals=2,
        legend="{{verdict}}",
        nothing="No probe in this range",
    )


def error_share(scope: Scope) -> Signal:
    """Tell the share of bad among valid probes, per surface."""
    bad = scope.of("slo_events_total", slo="=availability", verdict="=bad")
    valid = scope.of("slo_events_total", slo="=availability", verdict="=~good|bad")
    return Signal(
        title="Share of bad probes",
        description=(
            "Bad among valid scheduled probes of each surface, over windows of ten minutes. A line that ends means "
            "that no "
            "valid probe was made, not that errors ended."
        ),
        expr=share(f"sum by (surface) (increase({bad}[10m]))", f"sum by (surface) (increase({valid}[10m]))"),
        unit="percentunit",
        decimals=1,
        legend="{{surface}}",
        nothing="No valid probe in this range",
    )


def phases(scope: Scope) -> Signal:
    """Tell the mean time of each phase of the last probes."""
    return Signal(
        title="Why slow: phases of a probe",
        description=(
            "Mean time of each phase of the latest probes, failed ones included. connect and tls speak for the "
            "network in "
            "between, first_byte and first_token for the provider, stream for the length of the answer."
        ),
        expr=f"avg by (phase) ({scope.of('phase_duration_seconds')})",
        unit="s",
        legend="{{phase}}",
        nothing="No probe in this range",
    )


def headroom(scope: Scope) -> Signal:
    """Tell what is left of the account's limits, the least of all targets."""
    left = f"{scope.of('ratelimit_remaining')} / ({scope.of('ratelimit_limit')} > 0)"
    return Signal(
        title="Left of the account's limits",
        description=(
            "What the provider says is left of each rate limit of the account, the least of all targets. Near 0 "
            "everything "
            "that shares the account is throttled: lower its traffic or raise the limit."
        ),
        expr=f"min by (resource) ({left})",
        unit="percentunit",
        decimals=0,
        legend="{{resource}}",
        nothing="This provider tells no limits in its response headers",
    )


def groups() -> Signal:
    """Tell whether a target of each group served."""
    every = "group by (group) (last_over_time(aiprobe_group_up[$__range] @ end()))"
    return Signal(
        title="Would failover have helped?",
        description=(
            "For each group of the configuration whether at least one of its targets served. Where this is well "
            "during the "
            "outage above, shift traffic to another member of the group."
        ),
        expr=f"max by (group) (max_over_time(aiprobe_group_up[$__rate_interval])) or {every} * 0 - 1",
        rows=every,
        legend="{{group}}",
        nothing="No group is configured",
    )


def group_share() -> Signal:
    """Tell the availability that each group would have had with failover."""
    return Signal(
        title="Availability with failover",
        description=(
            "Share of valid minutes in which at least one target of a group served, by window: what your users "
            "would have "
            "had with failover between its members. Compare with the availability of each member."
        ),
        expr="sort(min by (group, window) (aiprobe_group_availability_ratio))",
        unit="percentunit",
        decimals=2,
        legend="{{group}}, {{window}}",
        nothing="No group is configured",
    )
