"""Objectives and contracts: what is achieved, what is left, how fast it is used, and what a breach is worth."""

from dashboards.src import mappings, palette, parts
from dashboards.src import signals_slo as slo
from dashboards.src.grafana import Board, Panel, Variable
from dashboards.src.panels import history, lines, row, stat, text
from dashboards.src.promql import Scope, named
from dashboards.src.tables import Label, Value, table

SCOPE = Scope(("provider", "account", "slo", "target"))
_LEFT = ((-1e9, palette.MAJOR), (0, palette.PARTIAL), (0.25, palette.DEGRADED), (0.5, palette.OPERATIONAL))
_NONE_IS_WELL = ((0, palette.OPERATIONAL), (1, palette.MAJOR))
_BURN = (
    (0, palette.OPERATIONAL),
    (slo.TICKET_BURN, palette.DEGRADED),
    (slo.SLOW_BURN, palette.PARTIAL),
    (slo.FAST_BURN, palette.MAJOR),
)
_LINES = (
    ("1h", slo.FAST_BURN, palette.MAJOR, "The alert pages above 14.4."),
    ("6h", slo.SLOW_BURN, palette.MAJOR, "The alert pages above 6."),
    ("3d", slo.TICKET_BURN, palette.PARTIAL, "A ticket is due above 1."),
)
_CAVEAT = (
    "**An estimate.** Uptime, tiers and credits are calculated from this exporter's probes by each contract's own "
    "rule; the provider decides by its own measurements. Send the evidence of `aiprobe report` with the claim before "
    "the deadline."
)


def board() -> Board:
    """Return the board of error budgets and contracts."""
    kinds = Variable(
        name="slo", label="SLO", query='label_values(aiprobe_slo_objective_ratio{provider=~"$provider"}, slo)'
    )
    return Board(
        uid=parts.SLO,
        title="SLO and error budget",
        description=(
            "Error budgets of your objectives, and the credits due under the contracts of the providers."
        ),
        variables=(parts.provider(), parts.ACCOUNT, kinds, parts.TEAM, parts.TARGET),
        annotations=(parts.OWN_ALERTS_FIRING, parts.PAGE_SAYS, parts.MODEL_CHANGED, parts.MAINTENANCE),
        time_from="now-30d",
        panels=[
            stat(slo.overspent(SCOPE), steps=_NONE_IS_WELL, mapped=_unknown(), width=6),
            stat(slo.burning(SCOPE), steps=_NONE_IS_WELL, mapped=_unknown(), width=6),
            stat(slo.least_left(SCOPE), steps=_LEFT, width=6),
            stat(
                slo.soonest(SCOPE),
                mapped=mappings.between(slo.NEVER, 10 * slo.NEVER, "None burns", palette.OPERATIONAL),
                steps=((0, palette.MAJOR), (86400, palette.PARTIAL), (604800, palette.OPERATIONAL)),
                width=6,
            ),
            _objectives(),
            lines(slo.budgets(SCOPE), width=24, height=9, limits=((0, "transparent"),), below=palette.MAJOR,
                  limit_style="area", minimum=None, maximum=1, table=True),
            *(lines(slo.burns(SCOPE, window, meaning), width=24, height=8, limits=((line, colour),), table=True)
              for window, line, colour, meaning in _LINES),
            history(
                slo.bad_minutes(SCOPE),
                steps=((0, palette.OPERATIONAL), (2, palette.DEGRADED), (15, palette.PARTIAL), (60, palette.MAJOR)),
                links=[parts.to_provider()],
                height=11,
            ),
            row("Contracts (SLA)"),
            text(_CAVEAT, height=2),
            _contracts(),
            lines(slo.contract_uptime(), width=24, minimum=None, maximum=1, table=True),
        ],
    )  # fmt: skip


def _unknown() -> list[dict[str, object]]:
    return mappings.known_or("Unknown", {})


def _objectives() -> Panel:
    left = slo.left(SCOPE)
    chosen = f"bottomk(25, {left})"
    objective = f"max by ({slo.BY}) ({SCOPE.of('slo_objective_ratio')})"
    achieved = f"1 - max by ({slo.BY}) ({SCOPE.of('slo:sli_error:ratio_rate30d')})"
    period = f"max by ({slo.BY}) ({SCOPE.of('slo_period_seconds')})"
    minutes = f"{left} * on ({slo.BY}) (1 - {objective}) * on ({slo.BY}) {period}"

    def among(expr: str) -> str:
        return f"({expr}) and on ({slo.BY}) {chosen}"

    def burn(title: str, window: str) -> Value:
        expr = among(slo.burn(SCOPE, window))
        return Value(title=title, expr=expr, decimals=1, steps=_BURN, cell="background", width=85)

    return table(
        "Objectives, the least budget first",
        "The 25 SLOs with the least budget left. Time left is the budget as downtime: the longest total outage that is "
        "still allowed. Burn above 1 spends faster than the period allows.",
        labels=[
            Label(name="provider", hidden=True),
            Label(
                name="provider_display_name",
                title="Provider",
                width=130,
                links=[parts.to_provider(of_row=True), parts.to_incident(of_row=True)],
            ),
            Label(name="account", title="Account", width=90),
            Label(name="target", title="Target", grows=120),
            Label(name="slo", title="SLO", width=135),
        ],
        values=[
            Value(
                title="Budget left",
                expr=named(chosen),
                unit="percentunit",
                decimals=1,
                steps=_LEFT,
                cell="background",
                width=100,
            ),
            Value(title="Time left", expr=among(minutes), unit="s", decimals=1, width=95),
            Value(title="Objective", expr=among(objective), unit="percentunit", decimals=2, width=90),
            Value(title="Achieved, 30 d", expr=among(achieved), unit="percentunit", decimals=3, width=125),
            burn("Burn 1 h", "1h"),
            burn("Burn 6 h", "6h"),
            burn("Burn 3 d", "3d"),
            Value(title="Gone in", expr=among(slo.exhausts_in(SCOPE)), unit="s", decimals=1, width=100),
        ],
        sort="Budget left",
        descending=False,
        nothing="No SLO is exported for this choice, or the exporter is down",
        height=10,
    )  # fmt: skip


def _contracts() -> Panel:
    def one(metric: str, bound: str = "") -> str:
        return f"min by (contract) (aiprobe_sla_{metric}" + (f'{{bound="{bound}"}})' if bound else ")")

    return table(
        "Contracts, this period",
        "Each contract since its calendar period began. Low and high are bounds: low counts unprobed minutes as down. "
        "Credits are estimates; claim before the deadline with the evidence of aiprobe report.",
        labels=[Label(name="contract", title="Contract", grows=180)],
        values=[
            Value(title="Uptime, low", expr=one("uptime_ratio", "low"), unit="percentunit", decimals=3, width=105),
            Value(title="Uptime, high", expr=one("uptime_ratio", "high"), unit="percentunit", decimals=3, width=105),
            Value(title="Heading for", expr=one("projected_uptime_ratio"), unit="percentunit", decimals=3, width=100),
            Value(title="Burn", expr=one("burn_rate"), decimals=1, steps=_BURN, cell="background", width=70),
            Value(title="Downtime left", expr=one("allowance_remaining_seconds"), unit="s", decimals=1, width=115),
            Value(title="Credit, low", expr=one("credit_ratio", "low"), unit="percentunit", decimals=0, width=95),
            Value(title="Credit, high", expr=one("credit_ratio", "high"), unit="percentunit", decimals=0, width=95),
            Value(title="Estimate in USD", expr=one("credit_usd", "high"), unit="currencyUSD", decimals=2, width=125),
            Value(title="Probed", expr=one("coverage_ratio"), unit="percentunit", decimals=1, width=80),
            Value(title="Claim until", expr=one("claim_deadline_timestamp_seconds") + " * 1000", unit="dateTimeAsIso",
                  width=170),
        ],
        sort="Downtime left",
        descending=False,
        nothing="No contract is configured",
    )  # fmt: skip
