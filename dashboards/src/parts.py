"""Parts that several boards share: variables, links between boards, annotations, series names."""

from dataclasses import replace
from typing import Final

from dashboards.src import palette
from dashboards.src.grafana import Annotation, Choice, Json, Variable, link

WALL, PROVIDER, LATENCY, SLO = "aiprobe-wall", "aiprobe-provider", "aiprobe-latency", "aiprobe-slo"
TRUTH, INCIDENT, SELF = "aiprobe-truth", "aiprobe-incident", "aiprobe-self"

_TEXT_AND_VALUE: Final = '/provider="(?<value>[^"]*)".*provider_display_name="(?<text>[^"]+)"/'
_TIME: Final = "${__url_time_range}"
_SOURCE: Final = "${datasource:queryparam}"
_OF_SERIES: Final = "${{__field.labels.{}:percentencode}}"
_OF_ROW: Final = "${{__data.fields.{}:percentencode}}"


def provider(*, multi: bool = True, all_selected: bool = True) -> Variable:
    """Return the variable of the provider: it shows the display name, and queries get the value."""
    query = "query_result(group by (provider, provider_display_name) (last_over_time(aiprobe_target_info[1d])))"
    return Variable(
        name="provider",
        label="Provider",
        query=query,
        regex=_TEXT_AND_VALUE,
        multi=multi,
        all_selected=all_selected,
    )


def _narrowed(label: str, title: str, *by: str) -> Variable:
    matchers = ",".join(f'{name}=~"${name}"' for name in by)
    source = f"aiprobe_interval_seconds{{{matchers}}}" if matchers else "aiprobe_interval_seconds"
    return Variable(name=label, label=title, query=f"label_values({source}, {label})")


ACCOUNT: Final = _narrowed("account", "Account", "provider")
SURFACE: Final = _narrowed("surface", "Surface", "provider")
MODEL: Final = _narrowed("model", "Model", "provider", "surface")
REGION: Final = _narrowed("provider_region", "Provider's region", "provider", "surface")
VANTAGE: Final = _narrowed("vantage", "Vantage")
CLUSTER: Final = _narrowed("cluster", "Cluster")
_INFO: Final = 'aiprobe_target_info{provider=~"$provider"%s}'
TEAM: Final = Variable(name="team", label="Team", query=f"label_values({_INFO % ''}, team)")
"""The owner's label of the configuration (`labels: {team: ...}`). It narrows the targets."""
TARGET: Final = Variable(
    name="target",
    label="Target",
    query=f"""label_values({_INFO % ',team=~"$team"'}, target)""",
    all_is_listed=True,
)
OF_TARGETS: Final = (ACCOUNT, SURFACE, MODEL, REGION, VANTAGE, CLUSTER, TEAM, TARGET)
"""The variables of a board whose panels are about targets, beside the provider."""


def _url(uid: str, *pairs: str, time: str = _TIME) -> str:
    return f"/d/{uid}?" + "&".join([_SOURCE, *pairs, time])


def to_provider(*, of_row: bool = False, surface: bool = False) -> Json:
    """Return the drill-down from a series, or a row of a table, to its provider."""
    form = _OF_ROW if of_row else _OF_SERIES
    pairs = [f"var-provider={form.format('provider')}"]
    pairs += [f"var-surface={form.format('surface')}"] if surface else []
    return link("Open the provider", _url(PROVIDER, *pairs))


def to_incident(*, of_row: bool = False) -> Json:
    """Return the drill-down to the review of this time range for a provider."""
    form = _OF_ROW if of_row else _OF_SERIES
    return link("Review as an incident", _url(INCIDENT, f"var-provider={form.format('provider')}"))


def to_latency(*, of_row: bool = False) -> Json:
    """Return the drill-down to the speed of a model."""
    form = _OF_ROW if of_row else _OF_SERIES
    pairs = (f"var-provider={form.format('provider')}", f"var-model={form.format('model')}")
    return link("Open its latency", _url(LATENCY, *pairs))


def to_slo(*, of_row: bool = False) -> Json:
    """Return the drill-down to the error budgets of a provider, over 30 days."""
    form = _OF_ROW if of_row else _OF_SERIES
    return link(
        "Open its error budgets", _url(SLO, f"var-provider={form.format('provider')}", time="from=now-30d&to=now")
    )


def to_truth(*, of_row: bool = False) -> Json:
    """Return the drill-down to the comparison with the status page."""
    form = _OF_ROW if of_row else _OF_SERIES
    return link("Compare with its status page", _url(TRUTH, f"var-provider={form.format('provider')}"))


def to_board(title: str, uid: str) -> Json:
    """Return a link to another board in this time range."""
    return link(title, _url(uid))


def _beginnings(template: str) -> str:
    """Return only the beginnings of series, at any step: a line at each step of a series would hide the chart.

    `%s` follows the selector.
    """
    return f"{template % ''} unless {template % ' offset $__interval'}"


ALERTS_FIRING: Final = Annotation(
    name="Alerts of the prober",
    expr=_beginnings('ALERTS{alertname=~"AI[^W].*",alertstate="firing",scope=~"meta|global"}%s'),
    colour=palette.ALERT,
    title="{{alertname}}",
    text="{{severity}} {{provider}} {{surface}} {{model}}",
    tags="severity,scope",
)
OWN_ALERTS_FIRING: Final = Annotation(
    name="Alerts of this provider",
    expr=_beginnings(
        'ALERTS{alertname=~"AI[^W].*",alertstate="firing",severity=~"critical|warning",provider=~"$provider|"}%s'
    ),
    colour=palette.ALERT,
    title="{{alertname}}",
    text="{{severity}} {{surface}} {{model}}",
    tags="severity,scope",
)
PAGE_SAYS: Final = Annotation(
    name="Status page declares",
    expr=_beginnings('max by (provider, surface) (aiprobe_status_component_state{provider=~"$provider"}%s) >= 1'),
    colour=palette.NOTE,
    title="Declared by the provider: {{surface}}",
    text="Its status page declares a problem",
    tags="provider",
)
COST_BY: Final = Choice(
    name="cost_by", label="Cost by", values=("team", "environment", "tier", "owner", "account", "model")
)
"""A label of `aiprobe_target_info` that costs are summed by: the operator's own `labels`, or one of the identity."""
PAGES_SAY: Final = replace(PAGE_SAYS, expr=PAGE_SAYS.expr.replace('{provider=~"$provider"}', ""))
MODEL_CHANGED: Final = Annotation(
    name="Another model answers",
    expr=_beginnings("sum by (provider, model, what) (increase(aiprobe_model_changes_total[5m]%s)) > 0"),
    colour=palette.NOTE,
    title="{{model}} has another {{what}}",
    text="The replies of {{provider}} show a {{what}} that was never seen before",
    tags="provider,model",
)
MAINTENANCE: Final = Annotation(
    name="Maintenance begins",
    expr=_beginnings('max by (provider, surface, model) (aiprobe_maintenance{provider=~"$provider"}%s) == 1'),
    colour=palette.NOTE,
    title="Maintenance: {{surface}} {{model}}",
    text="Its results are excluded from the SLOs, and its alerts are silent",
    tags="provider,model",
)
BY_SURFACE: Final = "{{provider_display_name}} / {{surface}}"
BY_MODEL: Final = "{{provider_display_name}} / {{model}}"
