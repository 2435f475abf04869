"""Signals of what is up and down: states, counts of them, the status pages' words, and whether it is us."""

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
"""Above this share of excluded probes a surface is worth a look, although nothing says that it is down."""
PROBES_FIRST = "Not probed at all"
"""Also the name of a row, so it is short."""


def surfaces_in(scope: Scope, title: str, states: str, why: str) -> Signal:
    """Count the surfaces whose state now is in `states`, a comparison in PromQL."""
    now = combined(scope.of("surface_state"))
    return Signal(title=title, description=why, expr=or_zero(f"count(({now}) {states})", now), nothing="Not probed")


def not_probed(scope: Scope) -> Signal:
    """Count the surfaces that are configured or were seen, and of which nothing is known now."""
    every = rows(scope, limit=0)
    return Signal(
        title="Not probed",
        description=(
            "Surfaces in this range without a valid probe now: the exporter is down, or every attempt is excluded "
            "(key, quota, limits). While this is not 0, calm elsewhere proves nothing. Open the board of the prober."
        ),
        expr=or_zero(f"count({every} unless on ({SURFACE}) {scope.of('surface_state')})", every),
        nothing="Not probed",
    )


def silent(scope: Scope) -> Signal:
    """Count the surfaces that we see down and whose status page does not say so."""
    seen = f"max by ({SURFACE}) ({scope.of('disagreement', kind='=undeclared')})"
    return Signal(
        title="Silent outages",
        description=(
            "Surfaces that we see failing while the provider's status page admits nothing. Report these yourself, with "
            "the request ids of the incident review; do not wait for the page."
        ),
        expr=or_zero(f"count({seen} == 1)", seen),
        nothing="Not compared",
    )


def suspicion(scope: Scope) -> Signal:
    """Show the evidence for an impairment of the targets that had the most of it."""
    values = scope.of("outage_suspicion")
    worst = f"topk(12, max by (target) (max_over_time({values}[$__range] @ end())))"
    return Signal(
        title="Suspicion",
        description=(
            "Evidence of an impairment, in nats, of the twelve targets that had the most; of a target's vantages "
            "the greatest. 0 without a doubt; 8.5 and more is certain by default, once its failures span 40 seconds."
        ),
        expr=f"max by (target) ({values}) and on (target) {worst}",
        unit="none",
        decimals=1,
        legend="{{target}}",
        nothing="Not probed in this range",
    )


def excluded_share(scope: Scope) -> str:
    """Return the share of each surface's latest scheduled probes that say nothing of the service."""
    events = scope.of("slo_events_total", slo="=availability")
    excluded = scope.of("slo_events_total", slo="=availability", verdict="=excluded")
    return share(f"sum by ({SURFACE}) (increase({excluded}[15m]))", f"sum by ({SURFACE}) (increase({events}[15m]))")


def is_it_us(scope: Scope) -> Signal:
    """Say whether it is us: 0 to 1 is how much of our way out works; 2 our keys or limits refuse us; 3 our budget."""
    # Checks that fail while targets answer prove nothing.
    contradicted = f"{ANYWHERE.of('egress_contradicted')} == 1"
    network = f"avg(max by (vantage) ({ANYWHERE.of('egress_up')}) unless on (vantage) {contradicted})"
    refused = f"(count({excluded_share(scope)} > {MANY}) > 0) * 0 + 2"
    penniless = f"(sum(increase({scope.of('skipped_total', reason='=budget')}[15m])) > 0) * 0 + 3"
    return Signal(
        title="Is it us?",
        description=(
            "'It is us': our own way to the Internet fails, by checks that no provider has a hand in and that no "
            "answered probe contradicts; mend that first. "
            "'Key or quota': more than a fifth of a surface's probes is refused for our key, quota or rate limit. "
            "'Our budget': probes are skipped because the day's money is spent."
        ),
        expr=or_unknown(f"({network} < 1) or {refused} or {penniless} or {network}"),
        nothing="Not checked",
    )


def good_share(scope: Scope, window: str, title: str = "") -> Signal:
    """Tell the share of valid probes of a window that were good."""
    good = f"sum(increase({scope.of('slo_events_total', slo='=availability', verdict='=good')}[{window}]))"
    valid = f"sum(increase({scope.of('slo_events_total', slo='=availability', verdict='=~good|bad')}[{window}]))"
    return Signal(
        title=title or f"Good probes, {window}",
        description=(
            "Share of scheduled probes that got an answer in time, of those that were good or bad. Excluded probes "
            "(our key, our quota, our network) count in neither."
        ),
        expr=share(good, valid),
        unit="percentunit",
        decimals=1,
        nothing="Not probed",
    )


def providers_now(scope: Scope) -> Signal:
    """Tell the state of each provider now, the worst first."""
    return Signal(
        title="Providers now, worst first",
        description=(
            "One cell per provider: the worst of its surfaces when all agree, else a partial outage at the most. "
            "Grey is "
            "not probed, which is not the same as well. Click a cell to open the provider."
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
    """Tell what the probes saw over time."""
    return Signal(
        title=title,
        description=(
            "What our probes saw, by the same states that the alerts and incidents use. Grey is time in which "
            "nothing was "
            f"validly probed: nobody knows. The worst {limit} rows of the range are shown."
        ),
        expr=named(state_over_time(scope, by, metric, limit)),
        rows=rows(scope, by, metric, limit),
        legend=legend,
        nothing=PROBES_FIRST,
    )


def declared(scope: Scope, title: str, *, limit: int = ROWS) -> Signal:
    """Tell what the status pages said, in the same rows as what we measured."""
    said = f"max by ({SURFACE}) (max_over_time({scope.of('status_component_state')}[$__rate_interval]))"
    every = rows(scope, limit=limit)
    return Signal(
        title=title,
        description=(
            "What each provider's own status page said of the same surface, in the same rows and on the same time "
            "axis as "
            "what we measured. Grey: the page could not be read, or does not tell of this surface."
        ),
        expr=named(f"{said} and on ({SURFACE}) {every} or {every} * 0 - 1"),
        rows=every,
        legend=BY_SURFACE,
        nothing=PROBES_FIRST,
    )


def alerts(scope: Scope) -> Signal:
    """Tell which alerts fired when, by severity: 3 critical, 2 warning, 1 info, 0 silent."""
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
            "Alerts of this provider, and of none in particular, while they fired. Needs the alert rules in this "
            "Prometheus; without them nothing can be shown here."
        ),
        expr=f'label_replace({levelled}, "name", "$1", "alertname", "AI(.+)")',
        rows=ever,
        legend="{{name}}",
        nothing="None fired, or no rules",
    )
