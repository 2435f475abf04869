"""Signals of how probes end: outcomes, verdicts, phases, limits of the account."""

from dashboards.src.promql import Scope, share
from dashboards.src.signal import Signal

_RATE = "$__rate_interval"


def failures(scope: Scope) -> Signal:
    """Show the outcomes that were not `ok`, per minute."""
    results = scope.of("results_total", outcome="!=ok")
    return Signal(
        title="What fails",
        description=(
            "Probes per minute that did not end ok, with follow-ups, by outcome. Warm colours are failures of the "
            "service, cool ones do not describe it (key, quota, limits). A dot is an example with its request id."
        ),
        expr=f"sum by (outcome) (rate({results}[{_RATE}])) * 60 > 0",
        unit="none",
        decimals=2,
        legend="{{outcome}}",
        nothing="No probe failed in this range, if any was made",
        exemplar=True,
    )


def verdicts(scope: Scope) -> Signal:
    """Show scheduled probes per minute by verdict."""
    events = scope.of("slo_events_total", slo="=availability")
    return Signal(
        title="Probes by verdict",
        description=(
            "Scheduled probes per minute: good, bad, or excluded because they do not describe the service. A gap is "
            "time without probes. If the band narrows, the board of the prober shows what was skipped."
        ),
        expr=f"sum by (verdict) (rate({events}[{_RATE}])) * 60",
        decimals=2,
        legend="{{verdict}}",
        nothing="No probe in this range",
    )


def error_share(scope: Scope) -> Signal:
    """Show the share of bad among valid probes, per surface."""
    bad = scope.of("slo_events_total", slo="=availability", verdict="=bad")
    valid = scope.of("slo_events_total", slo="=availability", verdict="=~good|bad")
    return Signal(
        title="Share of bad probes",
        description=(
            "Bad among valid scheduled probes of each surface, over windows of ten minutes. If a line ends, there was "
            "no valid probe; the errors need not have ended."
        ),
        expr=share(f"sum by (surface) (increase({bad}[10m]))", f"sum by (surface) (increase({valid}[10m]))"),
        unit="percentunit",
        decimals=1,
        legend="{{surface}}",
        nothing="No valid probe in this range",
    )


def phases(scope: Scope) -> Signal:
    """Show the mean time of each phase of the last probes."""
    return Signal(
        title="Why slow: phases of a probe",
        description=(
            "Mean time of each phase of the latest probes, with failed ones. connect and tls depend on the network, "
            "first_byte and first_token on the provider, stream on the length of the answer."
        ),
        expr=f"avg by (phase) ({scope.of('phase_duration_seconds')})",
        unit="s",
        legend="{{phase}}",
        nothing="No probe in this range",
    )


def headroom(scope: Scope) -> Signal:
    """Show the rest of the account's limits, the lowest of all targets."""
    left = f"{scope.of('ratelimit_remaining')} / ({scope.of('ratelimit_limit')} > 0)"
    return Signal(
        title="Left of the account's limits",
        description=(
            "Rest of each rate limit of the account as the provider reports it, the lowest of all targets. Near 0 "
            "every user of the account is throttled: reduce the traffic or raise the limit."
        ),
        expr=f"min by (resource) ({left})",
        unit="percentunit",
        decimals=0,
        legend="{{resource}}",
        nothing="This provider sends no limits in its response headers",
    )


def groups() -> Signal:
    """Show whether a target of each group served."""
    up = "max_over_time({}[$__rate_interval])"
    up = f"{up.format('aiprobe_group_up')} or on (group, vantage) {up.format('aiprobe:group_up')}"
    every = "group by (group) (last_over_time(aiprobe_group_member[$__range] @ end()))"
    return Signal(
        title="Would failover have helped?",
        description=(
            "For each group of the configuration: whether at least one of its targets served. If it did during the "
            "outage above, shift traffic to another member of the group."
        ),
        expr=f"max by (group) ({up}) or {every} * 0 - 1",
        rows=every,
        legend="{{group}}",
        nothing="No group is configured",
    )


def group_share() -> Signal:
    """Show the availability that each group would have had with failover."""
    return Signal(
        title="Availability with failover",
        description=(
            "Share of valid minutes in which at least one target of a group served, by window: the availability with "
            "failover between its members. Compare with the availability of each member."
        ),
        expr="sort(min by (group, window) (aiprobe_group_availability_ratio"
        " or on (group, window, vantage) aiprobe:group_availability:ratio))",
        unit="percentunit",
        decimals=2,
        legend="{{group}}, {{window}}",
        nothing="No group is configured",
    )
