"""Alerts on burnt error budget: one table of windows, factors and floors for each kind of objective."""

from dataclasses import dataclass
from typing import Final

from alerts.src import texts
from alerts.src.rule import Alert

_SEEN: Final = "Seen from {{ $value }} vantage(s).\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A pair of windows, and the threshold for both."""

    long: str
    short: str
    factor: str
    floor: str
    """Bad events in the long window; `increase` extrapolates, so n events are written n - 0.5."""
    waits: str
    keeps: str
    gone: str
    """The time after which the budget is used up at this rate."""

    @property
    def recent(self) -> str:
        """Return the short window in words."""
        return "5 minutes (15 if probed less often than every 100 s)" if self.short == "5m" else self.short


HOUR: Final = Tier(long="1h", short="5m", factor="14.4", floor="6.5", waits="2m", keeps="5m", gone="in two days")
HOURS: Final = Tier(long="6h", short="30m", factor="6", floor="13.5", waits="15m", keeps="5m", gone="in five days")
DAY: Final = Tier(long="1d", short="2h", factor="3", floor="4.5", waits="1h", keeps="30m", gone="in ten days")
DAYS: Final = Tier(long="3d", short="6h", factor="1", floor="4.5", waits="3h", keeps="1h", gone="")


def _burning(tier: Tier, chosen: str) -> str:
    if tier.short == "5m":  # or 15 minutes for targets that are probed less often
        recent = f"(aiprobe:slo_error:short{{{chosen}}} > {tier.factor} * aiprobe:slo_budget:ratio)"
        reporting = f"(aiprobe:slo_error:short{{{chosen}}})"
    else:
        recent = f"({_share(tier.short, chosen)} > {tier.factor} * aiprobe:slo_budget:ratio)"
        reporting = f"(aiprobe:slo_valid:increase{tier.short}{{{chosen}}} > 0)"
    return f"""\
count by (SLO) (
  ({_share(tier.long, chosen)} > {tier.factor} * aiprobe:slo_budget:ratio)
  and (aiprobe:slo_bad:increase{tier.long} > {tier.floor})
  and {recent}
  unless on (vantage) aiprobe:egress_down:vantage
)
> 0.5 * count by (SLO) ({reporting} unless on (vantage) aiprobe:egress_down:vantage)
"""


def _unpaged(tier: Tier) -> str:
    """Return the condition that the failures of the long window have had no page yet, or that this one is open."""
    return f"""\
unless on (TARGET) (
  max by (TARGET) (max_over_time(ALERTS{{alertname=~"AIModelDown|AIModelBrownOut",alertstate="firing"}}[{tier.long}]))
  unless on (TARGET) ALERTS{{alertname="AIServiceErrorBudgetBurn",alertstate="firing",long="{tier.long}"}}
)
"""


def _share(window: str, chosen: str) -> str:
    return f"aiprobe:slo_bad:increase{window}{{{chosen}}} / (aiprobe:slo_valid:increase{window} > 0)"


def _when(tier: Tier) -> str:
    return f"SLO of 30 days would be gone {tier.gone}" if tier.gone else "SLO will be gone before its period ends"


def page(tier: Tier) -> Alert:
    """Return the page for the error budget."""
    return _of_errors(tier, 'slo="availability"', severity="critical")


def ticket(tier: Tier) -> Alert:
    """Return the warning for the error budget."""
    return _of_errors(tier, 'slo=~"availability|correctness"', severity="warning")


def _of_errors(tier: Tier, chosen: str, *, severity: str) -> Alert:
    paging = severity == "critical"
    return Alert(
        name="AIServiceErrorBudgetBurn",
        expr=_burning(tier, chosen) + (_unpaged(tier) if paging else ""),
        frozen_by="SLO",
        severity=severity,
        scope="model",
        waits=tier.waits,
        keeps=tier.keeps,
        labels={"sloth_severity": "page" if paging else "ticket", "long": tier.long, "short": tier.short},
        summary="Error budget of an AI service spent too fast",
        description=f"""\
{{{{ $labels.target }}}} ({{{{ $labels.provider }}}}{{{{ with $labels.surface }}}}, {{{{ . }}}}{{{{ end }}}}) failed so often in the last {tier.long}, and in the last {tier.recent}, that
at this rate its error budget of the {{{{ $labels.slo }}}} {_when(tier)}.
""",
        facts=_SEEN + texts.outcome("target", "provider"),
        first="""\
First check which outcomes it
has and whether the provider's other targets have them too; then fail over or wait.
""",
        board="slo",
        status_page=paging,
    )


def latency(tier: Tier) -> Alert:
    """Return the warning for the latency budget."""
    return Alert(
        name="AIServiceLatencyBudgetBurn",
        expr=_burning(tier, 'slo=~"time_to_first_token|duration|throughput"'),
        frozen_by="SLO",
        severity="warning",
        scope="model",
        waits=tier.waits,
        keeps="15m" if tier is HOURS else tier.keeps,
        labels={"sloth_severity": "ticket", "long": tier.long, "short": tier.short},
        summary="Latency budget of an AI service spent too fast",
        description=f"""\
{{{{ $labels.target }}}} ({{{{ $labels.provider }}}}{{{{ with $labels.surface }}}}, {{{{ . }}}}{{{{ end }}}}) was slower than its objective so often in the last {tier.long}, and in the
last {tier.recent}, that at this rate its budget of the {{{{ $labels.slo }}}} {_when(tier)}. {_SEEN.strip()}
""",
        first="""\
First check which phase of the probe
grew: connect and tls indicate the network, first_byte and first_token the provider.
""",
        board="slo",
    )


EXHAUSTED: Final = Alert(
    name="AIErrorBudgetExhausted",
    expr="""\
slo:period_error_budget_remaining:ratio <= 0
""",
    by="SLO",
    severity="info",
    scope="model",
    waits="5m",
    keeps="1h",
    summary="Error budget of an AI service used up",
    description="""\
{{ $labels.target }} ({{ $labels.provider }}{{ with $labels.surface }}, {{ . }}{{ end }}) used up the error budget of its {{ $labels.slo }} SLO for
the last 30 days.
""",
    first="""\
First decide whether this provider can meet the objective.
""",
    board="slo",
)
