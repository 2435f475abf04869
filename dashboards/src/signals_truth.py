"""Signals of the comparison between status pages and probes."""

from dashboards.src.parts import BY_SURFACE
from dashboards.src.promql import SURFACE, Scope, combined, named, rows
from dashboards.src.signal import Signal

_NOT_COMPARED = "Not probed at all"


def of_kind(scope: Scope, kind: str) -> str:
    """Return 1 per surface while page and probes disagree in this way, else 0."""
    return f"max by ({SURFACE}) ({scope.of('disagreement', kind=f'={kind}')})"


def seconds_of(scope: Scope, kind: str) -> str:
    """Return how many seconds of the range each surface spent in this disagreement, to the minute."""
    return f"sum_over_time(({of_kind(scope, kind)})[$__range:1m]) * 60"


def truth(scope: Scope) -> Signal:
    """Show both sides over time: 0 both operational, 1 outage on the page, 2 in our probes, 3 both, -1 not compared."""
    window = "[$__rate_interval]"
    silent = f"max by ({SURFACE}) (max_over_time({scope.of('disagreement', kind='=undeclared')}{window}))"
    alone = f"max by ({SURFACE}) (max_over_time({scope.of('disagreement', kind='=unobserved')}{window}))"
    seen = combined(f"max_over_time({scope.of('surface_state')}{window})")
    every = rows(scope)
    states = f"({silent} == 1) * 2 or ({alone} == 1) or (({seen}) >= bool 2) * 3 and on ({SURFACE}) {silent}"
    return Signal(
        title="Who reported what, when",
        description=(
            "Each surface in four states. Red: only we see an outage. Orange: both see it. Yellow: only the page "
            "declares it, perhaps for a part that is not probed. Grey: one side is unknown, so nothing is compared."
        ),
        expr=named(f"({states}) and on ({SURFACE}) {every} or {every} * 0 - 1"),
        rows=every,
        legend=BY_SURFACE,
        nothing=_NOT_COMPARED,
    )


def silent_time(scope: Scope) -> Signal:
    """Show how long outages went undeclared in the range, summed over surfaces."""
    return Signal(
        title="Silent time",
        description=(
            "Time in this range in which a surface failed in our probes and its page declared nothing, to the minute, "
            "summed over surfaces. A customer who relies on the page does not see this time."
        ),
        expr=f"sum({seconds_of(scope, 'undeclared')})",
        unit="s",
        decimals=1,
        nothing="Not compared",
    )


def false_alarm_time(scope: Scope) -> Signal:
    """Show how long pages declared outages that no probe saw."""
    return Signal(
        title="Only declared",
        description=(
            "Time in this range in which a page declared an outage of a surface that our probes saw operational, "
            "summed over surfaces: a region, model or feature that is not probed, or a page that was not updated."
        ),
        expr=f"sum({seconds_of(scope, 'unobserved')})",
        unit="s",
        decimals=1,
        nothing="Not compared",
    )


def median_lag(scope: Scope) -> Signal:
    """Show how late the pages were, the median surface."""
    lag = f"max by ({SURFACE}) (last_over_time({scope.of('last_declaration_lag_seconds')}[$__range]))"
    return Signal(
        title="Page behind us",
        description=(
            "From our first bad probe to the page's first declaration, in each surface's last outage in which we were "
            "first; the median surface. This is the time that waiting for the page costs."
        ),
        expr=f"quantile(0.5, {lag})",
        unit="s",
        decimals=1,
        nothing="No such outage",
    )


def median_lead(scope: Scope) -> Signal:
    """Show how early the pages were, the median surface."""
    lead = f"max by ({SURFACE}) (last_over_time({scope.of('last_declaration_lead_seconds')}[$__range]))"
    return Signal(
        title="Page ahead of us",
        description=(
            "From the page's first declaration to our first bad probe, in each surface's last outage in which the page "
            "was first; the median surface. Large values: probe more often, or probe more of what your users use."
        ),
        expr=f"quantile(0.5, {lead})",
        unit="s",
        decimals=1,
        nothing="No such outage",
    )


def compared(scope: Scope) -> Signal:
    """Show the share of the range in which both sides were known, of the average surface."""
    counted = f"count_over_time(({of_kind(scope, 'undeclared')})[$__range:1m])"
    return Signal(
        title="Time compared",
        description=(
            "Share of this range in which a surface was probed and its page was readable and listed it, on average. "
            "The lower it is, the less reliable are the numbers beside it."
        ),
        expr=f"clamp_max(avg({counted}) * 60 / $__range_s, 1)",
        unit="percentunit",
        decimals=1,
        nothing="Not compared",
    )


def page_age() -> Signal:
    """Show for how long each page was not read."""
    return Signal(
        title="Since each page was last read",
        description=(
            "Age of our last reading of each status page. A page that cannot be read gives no information. Above 15 "
            "minutes an alert fires. The exporter's log has the reason."
        ),
        expr="topk(25, time() - max by (page) (aiprobe_status_page_polled_timestamp_seconds))",
        unit="s",
        legend="{{page}}",
        nothing="No status page is configured",
    )


def open_incidents() -> Signal:
    """Show the unresolved incidents of the pages."""
    return Signal(
        title="Incidents that the pages have open",
        description=(
            "Unresolved incidents of each status page by the impact that it states. Many that stay open for days mean "
            "that the page is not maintained, not that the service is down."
        ),
        expr="topk(25, max by (page, impact) (aiprobe_status_incidents) > 0)",
        decimals=0,
        legend="{{page}}, {{impact}}",
        nothing="No page has an incident open, if any could be read: see beside",
    )
