"""The poster: what providers declare, compared with what the probes observed."""

from dashboards.src import mappings, palette, parts
from dashboards.src import signals_state as states
from dashboards.src import signals_truth as truth
from dashboards.src.grafana import Board, Panel
from dashboards.src.panels import lines, row, stat, timeline
from dashboards.src.promql import SURFACE, Scope, combined, named, rows
from dashboards.src.tables import Label, Value, table

SCOPE = Scope(("provider", "surface"))
_ABSENT = mappings.known_or("Not compared", {})
_NEUTRAL = ((0, palette.LOW),)


def board() -> Board:
    """Return the board that compares pages with probes."""
    bad = ((0, palette.OPERATIONAL), (60, palette.MAJOR))
    return Board(
        uid=parts.TRUTH,
        title="Status page vs observed",
        description="What the status pages declared, compared with what our probes observed at the same time.",
        variables=(parts.provider(), parts.SURFACE),
        annotations=(parts.PAGE_SAYS, parts.MODEL_CHANGED, parts.MAINTENANCE),
        time_from="now-7d",
        panels=[
            stat(states.silent(SCOPE), mapped=_ABSENT, steps=((0, palette.OPERATIONAL), (1, palette.MAJOR))),
            stat(truth.silent_time(SCOPE), steps=bad),
            stat(truth.false_alarm_time(SCOPE), steps=((0, palette.OPERATIONAL), (60, palette.DEGRADED))),
            stat(truth.median_lag(SCOPE), steps=_NEUTRAL, background=False),
            stat(truth.median_lead(SCOPE), steps=_NEUTRAL, background=False),
            stat(truth.compared(SCOPE), steps=_NEUTRAL, background=False),
            timeline(
                truth.truth(SCOPE), mapped=mappings.TRUTH, links=[parts.to_incident(), parts.to_provider()], height=12
            ),
            _surfaces(),
            row("Both sides separately"),
            timeline(
                states.measured(SCOPE, "What we measured"),
                mapped=mappings.STATE,
                links=[parts.to_provider()],
                height=12,
            ),
            timeline(states.declared(SCOPE, "What the pages declared"), mapped=mappings.PAGE, height=12),
            row("The pages themselves"),
            lines(truth.page_age(), limits=((900, palette.PARTIAL),)),
            lines(truth.open_incidents(), stacked=True),
            _words(),
        ],
    )


def _surfaces() -> Panel:
    every = rows(SCOPE)
    now = combined(SCOPE.of("surface_state"))
    page = f"max by ({SURFACE}) ({SCOPE.of('status_component_state')})"

    def latest(metric: str) -> str:
        return f"max by ({SURFACE}) (last_over_time({SCOPE.of(metric)}[$__range])) and on ({SURFACE}) {every}"

    def time_of(kind: str) -> str:
        return f"({truth.seconds_of(SCOPE, kind)} and on ({SURFACE}) {every}) > 0"

    incidents = f"sum by ({SURFACE}) (max by ({SURFACE}, open) ({SCOPE.of('incidents_observed')}))"
    return table(
        "Surface by surface",
        "Now, and over this range. Behind: the time from our first bad probe to the page's first declaration, in the "
        "last outage in which we were first. Ahead: the reverse. Empty: no such outage is stored.",
        labels=[
            Label(name="provider", hidden=True),
            Label(
                name="provider_display_name",
                title="Provider",
                width=170,
                links=[parts.to_provider(of_row=True), parts.to_incident(of_row=True)],
            ),
            Label(name="surface", title="Surface", grows=170),
        ],
        values=[
            Value(
                title="We see",
                expr=named(f"({now}) and on ({SURFACE}) {every} or {every} * 0 - 1"),
                mapped=mappings.STATE,
                cell="background",
                width=125,
            ),
            Value(
                title="Page declares",
                expr=f"{page} and on ({SURFACE}) {every} or {every} * 0 - 1",
                mapped=mappings.PAGE,
                cell="background",
                width=150,
            ),
            Value(title="Silent", expr=time_of("undeclared"), unit="s", decimals=1, width=105),
            Value(title="Only declared", expr=time_of("unobserved"), unit="s", decimals=1, width=120),
            Value(title="Page behind", expr=latest("last_declaration_lag_seconds"), unit="s", decimals=1, width=125),
            Value(title="Page ahead", expr=latest("last_declaration_lead_seconds"), unit="s", decimals=1, width=130),
            Value(title="Incidents kept", expr=f"{incidents} and on ({SURFACE}) {every}", decimals=0, width=115),
        ],
        sort="Silent",
        nothing="No surface is probed, or the exporter is down",
        height=11,
    )


def _words() -> Panel:
    by = "page, component, provider, surface"
    word = f"group by ({by}, word) ({SCOPE.of('status_component_info')})"
    return table(
        "The pages' own words, now",
        "Every component that is read now: the page's own word for it, and whether it is in announced maintenance. A "
        "component is missing if its page could not be read or does not list it.",
        labels=[
            Label(name="provider", hidden=True),
            Label(name="provider_display_name", title="Provider", width=160),
            Label(name="surface", title="Surface", width=210),
            Label(name="page", title="Page", width=180),
            Label(name="component", title="Component", grows=200),
            Label(name="word", title="Its word", width=180),
        ],
        values=[
            Value(
                title="Known", expr=named(f"topk(30, {word})"), mapped=mappings.value_map({1: ("yes", None)}), width=80
            ),
            Value(
                title="Maintenance",
                expr=f"max by ({by}) ({SCOPE.of('status_component_maintenance')})",
                mapped=mappings.value_map({0: ("no", None), 1: ("yes", None)}),
                width=110,
            ),
        ],
        sort="Provider",
        descending=False,
        nothing="No page could be read",
        height=9,
    )
