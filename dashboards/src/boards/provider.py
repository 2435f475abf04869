"""One provider: is it them or us, what fails, where, why slow, and where to go instead?"""

from dataclasses import replace

from dashboards.src import mappings, palette, parts
from dashboards.src import signals_speed as speed
from dashboards.src import signals_state as states
from dashboards.src import signals_traffic as traffic
from dashboards.src.grafana import Board, Panel
from dashboards.src.panels import bars, lines, row, stat, text, timeline
from dashboards.src.promql import ROWS, SURFACE, Scope, combined, named, or_unknown, rows, state_over_time
from dashboards.src.signal import Signal
from dashboards.src.tables import matrix

SCOPE = Scope(("provider", "account", "surface", "model", "provider_region", "vantage", "cluster", "target"))
ELSEWHERE = Scope(("vantage",))
_FEW = 12
_BUDGET = ((-1e9, palette.MAJOR), (0, palette.PARTIAL), (0.25, palette.DEGRADED), (0.5, palette.OPERATIONAL))


def board() -> Board:
    """Return the board of one provider."""
    return Board(
        uid=parts.PROVIDER,
        title="Provider",
        description="One provider: them or us, what fails, where, why slow, and where to go instead.",
        variables=(
            parts.provider(multi=False),
            *parts.OF_TARGETS,
        ),
        annotations=(parts.OWN_ALERTS_FIRING, parts.PAGE_SAYS, parts.MODEL_CHANGED, parts.MAINTENANCE),
        time_from="now-6h",
        panels=[
            text("## ${provider:text}", height=2),
            *_headline(),
            *_second_line(),
            timeline(
                states.measured(SCOPE, "Surfaces, measured", limit=8),
                mapped=mappings.STATE,
                links=[parts.to_incident()],
                height=6,
            ),
            lines(states.suspicion(SCOPE), width=24, height=6),
            timeline(
                states.declared(SCOPE, "Its status page declared", limit=8),
                mapped=mappings.PAGE,
                links=[parts.to_truth()],
                height=6,
            ),
            row("What fails"),
            lines(
                traffic.failures(SCOPE), style="bars", stacked=True, colours=palette.OUTCOMES, interval="1m", width=9
            ),
            lines(
                traffic.verdicts(SCOPE), style="bars", stacked=True, colours=palette.VERDICTS, interval="1m", width=8
            ),
            lines(traffic.error_share(SCOPE), maximum=1, width=7),
            row("Where"),
            timeline(_models(), mapped=mappings.STATE, links=[parts.to_latency()], height=9),
            _vantages(),
            timeline(_regions(), mapped=mappings.STATE, width=12, height=7),
            timeline(_others(), mapped=mappings.STATE, links=[parts.to_provider()], width=12, height=7),
            row("Why slow"),
            lines(*_quantiles(), colours={"p50": palette.LOW, "p95": palette.HIGH}, width=9),
            lines(traffic.phases(SCOPE), stacked=True, colours=palette.PHASES, width=8),
            lines(traffic.headroom(SCOPE), maximum=1, colours=palette.LIMITS, width=7),
            row("Where to go instead"),
            timeline(traffic.groups(), mapped=mappings.YES_NO, width=14, height=6),
            bars(
                traffic.group_share(),
                steps=((0, palette.MAJOR), (0.99, palette.PARTIAL), (0.995, palette.OPERATIONAL)),
                maximum=1,
                width=10,
                height=6,
            ),
        ],
    )


def _headline() -> list[Panel]:
    now = combined(SCOPE.of("surface_state"), "provider")
    state = Signal(
        title="State now",
        description="State now by our probes of this provider, over the surfaces chosen above. Grey: unknown.",
        expr=or_unknown(f"max({now})"),
        nothing=mappings.NOT_PROBED,
    )
    since = Signal(
        title="Last operational",
        description="How long ago every surface chosen above was last operational; now, if it is. Looks back one day.",
        expr=f"max(max_over_time(timestamp(({now}) < 1)[1d:1m])) * 1000",
        unit="dateTimeFromNow",
        nothing="Not in a day",
    )
    page = Signal(
        title="Its page declares",
        description=(
            "The worst state on the provider's own status page for the surfaces chosen above; grey: unreadable."
        ),
        expr=or_unknown(f"max({SCOPE.of('status_component_state')})"),
        nothing="Unknown",
    )
    hushed = Signal(
        title="Undeclared for",
        description="How long a current outage has not been declared on the status page; 0 s without one.",
        expr=f"max({SCOPE.of('undeclared_seconds')})",
        unit="s",
        decimals=1,
        nothing="Not compared",
    )
    others = Signal(
        title="Others impaired",
        description=(
            "Number of other providers with an outage now. Several at once: check our network and shared clouds."
        ),
        expr=_others_impaired(),
        nothing=mappings.NOT_PROBED,
    )
    return [
        stat(state, mapped=mappings.STATE),
        stat(since, steps=((0, palette.UNKNOWN),), background=False),
        stat(page, mapped=mappings.PAGE, links=[parts.to_board("Compare with what we saw", parts.TRUTH)]),
        stat(hushed, steps=((0, palette.OPERATIONAL), (1, palette.MAJOR))),
        stat(states.is_it_us(SCOPE), mapped=mappings.US, links=[parts.to_board("Open the prober's board", parts.SELF)]),
        stat(others, mapped=mappings.ABSENT, steps=((0, palette.OPERATIONAL), (1, palette.PARTIAL))),
    ]


def _others_impaired() -> str:
    others = combined(ELSEWHERE.of("surface_state", provider="!~$provider"), "provider")
    return f"(count(({others}) >= 2)) or (count({others}) * 0) or vector(-1)"


def _second_line() -> list[Panel]:
    budget = Signal(
        title="Budget left",
        description=("Rest of the period's error budget, for the worst SLO chosen above; below 0 it is overspent."),
        expr=(
            f"min({SCOPE.of('slo:period_error_budget_remaining:ratio')}) or "
            f"min({SCOPE.of('slo_error_budget_remaining_ratio')})"
        ),
        unit="percentunit",
        decimals=1,
        nothing="Unknown",
    )
    median, slow = _quantiles("1h")
    good = states.good_share(SCOPE, "$__range", "Good in range")
    steps = ((0, palette.MAJOR), (0.95, palette.PARTIAL), (0.99, palette.DEGRADED), (0.995, palette.OPERATIONAL))
    neutral = ((0, palette.LOW),)
    return [
        stat(good, mapped=mappings.no_value("Not probed"), steps=steps, height=3),
        stat(
            budget,
            steps=_BUDGET,
            links=[parts.to_board("Open the error budgets", parts.SLO)],
            height=3,
        ),
        stat(replace(median, title="First token, p50"), steps=neutral, background=False, height=3),
        stat(replace(slow, title="First token, p95"), steps=neutral, background=False, height=3),
        stat(speed.samples(SCOPE), steps=neutral, background=False, height=3),
        stat(_incidents(), steps=((0, palette.OPERATIONAL), (1, palette.PARTIAL)), height=3),
    ]


def _incidents() -> Signal:
    return Signal(
        title="Open incidents",
        description=(
            "Observed incidents that are open for the surfaces chosen above; the Incident board has the evidence."
        ),
        expr=f"sum(max by ({SURFACE}) ({SCOPE.of('incidents_observed', open='=true')}))",
        decimals=0,
        nothing="Unknown",
    )


def _quantiles(window: str = "30m") -> tuple[Signal, Signal]:
    why = (
        "Time from the start of a probe to the first content, of probes that ended ok, over the window before each "
        "point. Hidden below 20 measurements. A dot is one answer with its request id."
    )
    title = "Time to first token"
    metric = "time_to_first_token_seconds"
    return (
        speed.quantile(SCOPE, 0.5, metric, window, title, "p50", why),
        speed.quantile(SCOPE, 0.95, metric, window, title, "p95", why),
    )


def _models() -> Signal:
    return states.measured(
        SCOPE, "Targets: all models, or one?", "provider, target, model", "{{target}}", metric="state", limit=18
    )


def _regions() -> Signal:
    by = "provider, provider_region, vantage"
    plain = states.measured(
        SCOPE, "All regions and vantages, or one?", by, "{{where}}seen from {{vantage}}", limit=_FEW
    )
    return replace(plain, expr=f'label_replace({plain.expr}, "where", "$1, ", "provider_region", "(.+)")')


def _vantages() -> Panel:
    states_now = SCOPE.of("state")
    return matrix(
        "Targets by vantage",
        "The state of each target now, as each vantage sees it; the 25 worst. A column of failures is the network of a "
        "vantage, a row is the service. An empty cell: this vantage does not probe the target, or nothing is known.",
        expr=f"max by (target, vantage) ({states_now}) and on (target) topk({ROWS}, max by (target) ({states_now}))",
        by=("target", "vantage"),
        mapped=mappings.STATE,
        nothing=states.PROBES_FIRST,
    )


def _others() -> Signal:
    return Signal(
        title="Every provider, for comparison",
        description=(
            "The state of every provider at the same time. If many fail together, first check our own network and "
            "shared clouds."
        ),
        expr=named(state_over_time(ELSEWHERE, "provider", limit=_FEW)),
        rows=rows(ELSEWHERE, "provider", limit=_FEW),
        legend="{{provider_display_name}}",
        nothing=states.PROBES_FIRST,
    )
