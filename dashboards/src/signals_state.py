"""Signals of states: states and their counts, the states on status pages, and whether the cause is on our side."""

from dashboards.src.parts import BY_SURFACE
from dashboards.src.promql import (
    ANYWHERE,
    ROWS,
    SURFACE,
    Scope,
    combined,
    named,
    or_unknown,
    or_zero,
    rows,
    share,
    state_now,
    state_over_time,
)
from dashboards.src.signal import Signal

MANY = 0.2
"""Above this share of excluded probes a surface needs attention, although no valid probe shows an outage."""
PROBES_FIRST = "Not probed at all"
"""Also the name of a row, so it is short."""


def surfaces_in(scope: Scope, title: str, states: str, why: str) -> Signal:
    """Count the surfaces whose state now is in `states`, a comparison in PromQL."""
    now = combined(scope.of("surface_state"))
    return Signal(title=title, description=why, expr=or_zero(f"count(({now}) {states})", now), nothing="Not probed")


def not_probed(scope: Scope) -> Signal:
    """Count the surfaces that are configured or were probed, and whose state is now unknown."""
    every = rows(scope, limit=0)
    return Signal(
        title="Not probed",
        description=(
            "Surfaces in this range without a valid probe now: the exporter is down, or every attempt is excluded "
            "(key, quota, limits). While this is not 0, missing alarms prove nothing. Open the board of the prober."
        ),
        expr=or_zero(f"count({every} unless on ({SURFACE}) {scope.of('surface_state')})", every),
        nothing="Not probed",
    )


def silent(scope: Scope) -> Signal:
    """Count the surfaces with an observed outage that their status page does not declare."""
    seen = f"max by ({SURFACE}) ({scope.of('disagreement', kind='=undeclared')})"
    return Signal(
        title="Silent outages",
        description=(
            "Surfaces that fail in our probes while the provider's status page declares nothing. Report these to the "
            "provider with the request ids of the incident review; do not wait for the page."
        ),
        expr=or_zero(f"count({seen} == 1)", seen),
        nothing="Not compared",
    )


def suspicion(scope: Scope) -> Signal:
    """Show the evidence for an impairment, for the targets with the most evidence."""
    values = scope.of("outage_suspicion")
    worst = f"topk(12, max by (target) (max_over_time({values}[$__range] @ end())))"
    return Signal(
        title="Suspicion",
        description=(
            "Evidence of an impairment, in nats, for the twelve targets with the most, each at its vantage with the "
            "most. 0 means no doubt; 8.5 and more is certain by default, if the failures span 40 seconds."
        ),
        expr=f"max by (target) ({values}) and on (target) {worst}",
        unit="none",
        decimals=1,
        legend="{{target}}",
        nothing="Not probed in this range",
    )


def excluded_share(scope: Scope) -> str:
    """Return the share of each surface's latest scheduled probes that do not describe the service."""
    events = scope.of("slo_events_total", slo="=availability")
    excluded = scope.of("slo_events_total", slo="=availability", verdict="=excluded")
    return share(f"sum by ({SURFACE}) (increase({excluded}[15m]))", f"sum by ({SURFACE}) (increase({events}[15m]))")


def is_it_us(scope: Scope) -> Signal:
    """Show whether it is us: 0 to 1 is the share of vantages with egress; 2 our keys or limits; 3 our budget."""
    # Checks that fail while targets answer prove nothing.
    contradicted = f"{ANYWHERE.of('egress_contradicted')} == 1"
    network = f"avg(max by (vantage) ({ANYWHERE.of('egress_up')}) unless on (vantage) {contradicted})"
    refused = f"(count({excluded_share(scope)} > {MANY}) > 0) * 0 + 2"
    penniless = f"(sum(increase({scope.of('skipped_total', reason='=budget')}[15m])) > 0) * 0 + 3"
    return Signal(
        title="Is it us?",
        description=(
            "'It is us': every check of our own way to the Internet fails, and no probe that was answered contradicts "
            "that; repair that first. 'Key or quota': more than a fifth of a surface's probes is rejected for our key, "
            "quota or rate limit. 'Our budget': probes are skipped because the day's budget is spent."
        ),
        expr=or_unknown(f"({network} < 1) or {refused} or {penniless} or {network}"),
        nothing="Not checked",
    )


def good_share(scope: Scope, window: str, title: str = "") -> Signal:
    """Show the share of valid probes of a window that were good."""
    good = f"sum(increase({scope.of('slo_events_total', slo='=availability', verdict='=good')}[{window}]))"
    valid = f"sum(increase({scope.of('slo_events_total', slo='=availability', verdict='=~good|bad')}[{window}]))"
    return Signal(
        title=title or f"Good probes, {window}",
        description=(
            "Share of good among good and bad scheduled probes. Excluded probes (our key, our quota, our network) do "
            "not count."
        ),
        expr=share(good, valid),
        unit="percentunit",
        decimals=1,
        nothing="Not probed",
    )


def providers_now(scope: Scope) -> Signal:
    """Show the state of each provider now, the worst first."""
    return Signal(
        title="Providers now, worst first",
        description=(
            "One cell per provider: the worst of its surfaces if all agree, else at most a partial outage. Grey means "
            "not probed, which is not operational. Click a cell to open the provider."
        ),
        expr=f"sort_desc({named(state_now(scope, 'provider'))})",
        legend="{{provider_display_name}}",
        nothing=PROBES_FIRST,
    )


def measured(
    scope: Scope,
    title: str,
    by: str = SURFACE,
    legend: str = BY_SURFACE,
    metric: str = "surface_state",
    *,
    limit: int = ROWS,
) -> Signal:
    """Show what the probes saw over time."""
    return Signal(
        title=title,
        description=(
            "What our probes observed, in the same states as alerts and incidents. Grey is time without a valid probe. "
            f"The worst {limit} rows of the range are shown."
        ),
        expr=named(state_over_time(scope, by, metric, limit)),
        rows=rows(scope, by, metric, limit),
        legend=legend,
        nothing=PROBES_FIRST,
    )


def declared(scope: Scope, title: str, *, limit: int = ROWS) -> Signal:
    """Show what the status pages declared, in the same rows as what we measured."""
    words = f"max by ({SURFACE}) (max_over_time({scope.of('status_component_state')}[$__rate_interval]))"
    every = rows(scope, limit=limit)
    return Signal(
        title=title,
        description=(
            "What each provider's own status page declared for the same surface, in the same rows and on the same time "
            "axis as what we measured. Grey: the page could not be read, or does not list this surface."
        ),
        expr=named(f"{words} and on ({SURFACE}) {every} or {every} * 0 - 1"),
        rows=every,
        legend=BY_SURFACE,
        nothing=PROBES_FIRST,
    )


def alerts(scope: Scope) -> Signal:
    """Show which alerts fired when, by severity: 3 critical, 2 warning, 1 info, 0 silent."""
    # Every alert but the AIWatchdog, which always fires.
    own = scope.of("ALERTS", alertname="=~AI[^W].*", alertstate="=firing", provider="=~$provider|", severity="=%s")
    levels = (("critical", 3), ("warning", 2), ("info", 1))
    fired = " or ".join(f"{own % severity} * 0 + {level}" for severity, level in levels)
    any_severity = (own % "critical|warning|info").replace("severity=", "severity=~")
    ever = f"group by (alertname) (last_over_time({any_severity}[$__range] @ end()))"
    levelled = f"max by (alertname) ({fired}) and on (alertname) {ever} or {ever} * 0"
    return Signal(
        title="Alerts that fired",
        description=(
            "Firing alerts of this provider, and alerts without a provider. Needs the alert rules in this Prometheus; "
            "without them nothing is shown here."
        ),
        expr=f'label_replace({levelled}, "name", "$1", "alertname", "AI(.+)")',
        rows=ever,
        legend="{{name}}",
        nothing="None fired, or no rules",
    )
