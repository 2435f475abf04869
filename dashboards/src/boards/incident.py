"""One incident on one page: what failed when, what the provider declared, was it us, and which requests prove it."""

from dashboards.src import mappings, palette, parts
from dashboards.src import signals_speed as speed
from dashboards.src import signals_state as states
from dashboards.src import signals_traffic as traffic
from dashboards.src import signals_truth as truth
from dashboards.src.grafana import Board, Panel
from dashboards.src.panels import lines, stat, text, timeline
from dashboards.src.promql import Scope, combined, named, rows, state_over_time
from dashboards.src.signal import Signal

SCOPE = Scope(("provider", "account", "surface", "vantage"))
_NEUTRAL = ((0, palette.LOW),)
_SURFACES, _PROVIDERS = 6, 12
"""The number of rows that fit into the panels of one page."""


def board() -> Board:
    """Return the board that reviews an incident. Links open it with from, to and provider."""
    return Board(
        uid=parts.INCIDENT,
        title="Incident review",
        description="Opened by links with a time range and a provider; fits one printed page.",
        variables=(parts.provider(multi=False), parts.ACCOUNT, parts.SURFACE, parts.VANTAGE),
        annotations=(parts.OWN_ALERTS_FIRING, parts.PAGE_SAYS, parts.MODEL_CHANGED, parts.MAINTENANCE),
        time_from="now-3h",
        panels=[
            text(
                "**${provider:text}**, ${__from:date:YYYY-MM-DD HH:mm} to ${__to:date:YYYY-MM-DD HH:mm} UTC. "
                "For a support ticket: request ids are the dots of *What fails*; hover one and copy its request_id.",
                height=2,
            ),
            *_facts(),
            timeline(
                states.measured(SCOPE, "What we measured", limit=_SURFACES), mapped=mappings.STATE, width=12, height=5
            ),
            timeline(
                states.declared(SCOPE, "What its status page declared", limit=_SURFACES),
                mapped=mappings.PAGE,
                width=12,
                height=5,
            ),
            lines(states.suspicion(SCOPE), width=8, height=7),
            lines(
                traffic.failures(SCOPE), style="bars", stacked=True, colours=palette.OUTCOMES, width=8, height=7,
                interval="1m",
            ),
            lines(*_speed(), colours={"p50": palette.LOW, "p95": palette.HIGH}, width=8, height=7),
            timeline(_others(), mapped=mappings.STATE, width=8, height=7),
            timeline(_egress(), mapped=mappings.YES_NO, width=8, height=7),
            timeline(states.alerts(SCOPE), mapped=mappings.ALERTS, width=8, height=7),
        ],
    )  # fmt: skip


def _facts() -> list[Panel]:
    state = combined(SCOPE.of("surface_state"))
    outage = f"(({state}) >= 2)"
    start = Signal(
        title="Outage began",
        description="The first minute of this range with a partial or major outage of a surface chosen above, UTC.",
        expr=f"min(min_over_time(timestamp({outage})[$__range:1m])) * 1000",
        unit="dateTimeAsIso",
        nothing="None here",
    )
    end = Signal(
        title="Last seen failing",
        description=(
            "The last minute of this range with a partial or major outage; near the end of the range it can continue."
        ),
        expr=f"max(max_over_time(timestamp({outage})[$__range:1m])) * 1000",
        unit="dateTimeAsIso",
        nothing="None here",
    )
    lasted = Signal(
        title="Time in outage",
        description=(
            "Minutes with a partial or major outage of any surface chosen above, added up; overlaps count once."
        ),
        expr=f"sum_over_time((max({state}) >= bool 2)[$__range:1m]) * 60",
        unit="s",
        decimals=1,
        nothing=mappings.NOT_PROBED,
    )
    word = f"(max(max_over_time({SCOPE.of('status_component_state')}[1m])) >= 1)"
    first_word = Signal(
        title="First declared",
        description="The first minute of this range in which the status page declared a problem, UTC.",
        expr=f"min(min_over_time(timestamp({word})[$__range:1m])) * 1000",
        unit="dateTimeAsIso",
        nothing="Never in range",
    )
    hushed = Signal(
        title="Undeclared time",
        description="How long the outage was not declared on the status page, for the surface with the longest time.",
        expr=f"max({truth.seconds_of(SCOPE, 'undeclared')})",
        unit="s",
        decimals=1,
        nothing="Not compared",
    )
    bad = SCOPE.of("slo_events_total", slo="=availability", verdict="=bad")
    failed = Signal(
        title="Bad probes",
        description="Scheduled probes of this range that were bad for availability; follow-ups are not counted.",
        expr=f"sum(increase({bad}[$__range]))",
        decimals=0,
        nothing=mappings.NOT_PROBED,
    )
    spent = Signal(
        title="Spent on probes",
        description="Cost of the probes of this provider in this range, by the configured prices.",
        expr=f"sum(increase({SCOPE.of('cost_usd_total')}[$__range]))",
        unit="currencyUSD",
        decimals=4,
        nothing="Unknown",
    )
    good = states.good_share(SCOPE, "$__range", "Good probes")
    facts = [start, end, lasted, first_word, hushed, failed, good, spent]
    return [stat(fact, steps=_NEUTRAL, background=False, width=6, height=3) for fact in facts]


def _speed() -> tuple[Signal, Signal]:
    why = (
        "Before, during and after the incident, of the probes that ended ok in the half hour before each point. Hidden "
        "below 20 measurements. A gap during the outage means that too few probes were ok."
    )
    metric = "time_to_first_token_seconds"
    return (
        speed.quantile(SCOPE, 0.5, metric, "30m", "Time to first token", "p50", why),
        speed.quantile(SCOPE, 0.95, metric, "30m", "Time to first token", "p95", why),
    )


def _others() -> Signal:
    everything = Scope(("vantage",))
    return Signal(
        title="Every provider at the same time",
        description=("If others failed in the same minutes, the cause can be shared: our network, a cloud, a CDN."),
        expr=named(state_over_time(everything, "provider", limit=_PROVIDERS)),
        rows=rows(everything, "provider", limit=_PROVIDERS),
        legend="{{provider_display_name}}",
        nothing=states.PROBES_FIRST,
    )


def _egress() -> Signal:
    every = "group by (vantage, check) (last_over_time(aiprobe_egress_up[$__range] @ end()))"
    checked = f"max by (vantage, check) (max_over_time(aiprobe_egress_up[$__rate_interval])) or {every} * 0 - 1"
    return Signal(
        title="Was it us? Our way out",
        description=(
            "Checks of our own way to the Internet, at hosts that no AI provider operates. If all fail, it was us."
        ),
        expr=f'label_replace({checked}, "host", "$1", "check", "(?:https?://)?([^/]+).*")',
        rows=every,
        legend="{{vantage}} {{host}}",
        nothing="Nothing was checked",
    )
