"""Signals of objectives and contracts: what was achieved, what is left, how fast it is used, what a breach is worth."""

from typing import Final

from dashboards.src.promql import Scope, named, windows
from dashboards.src.signal import Signal

BY: Final = "provider, account, target, slo"
NEVER: Final = 1e12
"""Seconds, of a budget that does not burn."""
NEEDS_RULES: Final = "Nothing recorded: are the recording rules loaded?"
FAST_BURN: Final = 14.4
SLOW_BURN: Final = 6
TICKET_BURN: Final = 1
"""The alerts' own lines: `alerts/slo.rules.yml`."""


def left(scope: Scope) -> str:
    """Return the budget that is left of each SLO's own period.

    The rules record it for 30 days only. For other periods, and without rules, it comes from the exporter's journal.
    """
    recorded = f"min by ({BY}) ({scope.of('slo:period_error_budget_remaining:ratio')})"
    of_30_days = f"max by ({BY}) ({scope.of('slo:time_period:days')}) == 30"
    journal = f"min by ({BY}) ({scope.of('slo_error_budget_remaining_ratio')})"
    return f"(({recorded} and on ({BY}) {of_30_days}) or {journal})"


def burn(scope: Scope, window: str) -> str:
    """Return how many times faster than allowed the budget burnt over a window."""
    errors, budget = scope.of(f"slo:sli_error:ratio_rate{window}"), scope.of("slo:error_budget:ratio")
    recorded = f"max by ({BY}) ({errors}) / on ({BY}) (max by ({BY}) ({budget}) > 0)"
    if window not in ("1h", "6h", "3d"):
        return f"({recorded})"
    journal = f"max by ({BY}) ({scope.of('slo_burn_rate', window=f'={window}')})"
    return f"({recorded} or {journal})"


def exhausts_in(scope: Scope) -> str:
    """Return the seconds until the budget is gone at the pace of the last six hours."""
    period = f"max by ({BY}) ({scope.of('slo_period_seconds')})"
    return f"clamp_min({left(scope)}, 0) * on ({BY}) {period} / on ({BY}) ({burn(scope, '6h')} > 0)"


def overspent(scope: Scope) -> Signal:
    """Count the SLOs without budget."""
    return Signal(
        title="Budgets overspent",
        description="SLOs whose error budget of the period is used up. Avoid risks with these until it recovers.",
        expr=f"(count({left(scope)} <= 0)) or (count({left(scope)}) * 0) or vector(-1)",
        nothing="Unknown",
    )


def burning(scope: Scope) -> Signal:
    """Count the SLOs that burn fast enough to page."""
    fast = f"{burn(scope, '1h')} > {FAST_BURN}"
    still = f"{burn(scope, '5m')} > {FAST_BURN}"
    return Signal(
        title="Burning fast now",
        description=(
            f"SLOs that burn more than {FAST_BURN} times too fast over an hour and over five minutes. The alert pages "
            "from there on. At that pace a month's budget lasts two days."
        ),
        expr=f"(count(({fast}) and on ({BY}) ({still}))) or (count({left(scope)}) * 0) or vector(-1)",
        nothing="Unknown",
    )


def least_left(scope: Scope) -> Signal:
    """Show the budget of the worst SLO."""
    return Signal(
        title="Least budget left",
        description="Rest of the error budget of the worst SLO: 100 % is unused, below 0 is overspent.",
        expr=f"min({left(scope)})",
        unit="percentunit",
        decimals=1,
        nothing="Unknown",
    )


def soonest(scope: Scope) -> Signal:
    """Show when the first budget is gone."""
    return Signal(
        title="First budget gone in",
        description=(
            "Time until the first budget is used up at the pace of the last six hours; empty if none burns. Below a "
            "day, fail over, or reduce what depends on it."
        ),
        expr=f"min({exhausts_in(scope)}) or (count({left(scope)}) > 0) * 0 + {NEVER:g}",
        unit="s",
        decimals=1,
        nothing="Unknown",
    )


def budgets(scope: Scope) -> Signal:
    """Show the worst budgets over time."""
    now = left(scope)
    # Of the whole range, so that the lines stay when the prober is down at its end.
    at_end = f"last_over_time({now}[$__range:1h] @ end())"
    return Signal(
        title="Error budget left, the ten least",
        description=(
            "Rest of each error budget over its SLO's own rolling period. A steep fall is an outage, a slope is a "
            "service with constant errors. The line rises as old failures leave the period."
        ),
        expr=named(f"{now} and on ({BY}) bottomk(10, {at_end})"),
        unit="percentunit",
        decimals=1,
        legend="{{provider_display_name}} / {{target}} {{slo}}",
        nothing=NEEDS_RULES,
    )


def burns(scope: Scope, window: str, line: str) -> Signal:
    """Show the worst burn rates of a window."""
    errors, budget = scope.of(f"slo:sli_error:ratio_rate{window}"), scope.of("slo:error_budget:ratio")
    rate = f"max by ({BY}) ({errors}) / on ({BY}) (max by ({BY}) ({budget}) > 0)"
    spent = f"max by ({BY}) (avg_over_time({errors}[$__range:15m] @ end()))"
    allowed = f"max by ({BY}) (last_over_time({budget}[$__range:1h] @ end()))"
    worst = f"topk(8, {spent} / on ({BY}) ({allowed} > 0))"
    return Signal(
        title=f"Burn rate over {window}",
        description=(
            f"How many times faster than allowed the budget burns, over windows of {window}; 1 spends it in exactly "
            f"its period. {line} The eight with the highest values in this range."
        ),
        expr=named(f"{rate} and on ({BY}) {worst}"),
        decimals=1,
        legend="{{provider_display_name}} / {{target}} {{slo}}",
        nothing=NEEDS_RULES,
    )


def bad_minutes(scope: Scope) -> Signal:
    """Show the bad minutes of each day of the SLOs with the most of them."""
    errors = scope.of("slo:sli_error:ratio_rate30m")
    worst = f"topk(20, max by ({BY}) (sum_over_time({errors}[$__range:30m] @ end())))"
    each = f"max by ({BY}) (sum_over_time({windows(errors, '$__interval', '30m')}))"
    return Signal(
        title="Bad minutes",
        description=(
            "The share of bad probes in each half hour, as minutes, summed. Over thirty days a cell is the day before "
            "its time (UTC). A half hour without a valid probe adds nothing. The 20 SLOs with the most. No cell: no "
            "valid probe."
        ),
        expr=f"{each} * 30 and on ({BY}) {worst}",
        rows=f"last_over_time({errors}[$__range] @ end())",
        decimals=0,
        legend="{{target}} {{slo}}",
        nothing="Nothing recorded yet",
    )


def contract_uptime() -> Signal:
    """Show the uptime of each contract's calendar period, between its bounds."""
    return Signal(
        title="Uptime of the contract's period so far",
        description=(
            "Uptime since the period began, by each contract's own rule. The true value is between the two lines: low "
            "counts unprobed minutes as down, high as up. An estimate from our probes."
        ),
        expr="min by (contract, bound) (aiprobe_sla_uptime_ratio)",
        unit="percentunit",
        decimals=3,
        legend="{{contract}}, {{bound}}",
        nothing="No contract is configured, or its period began just now",
    )
