"""The outage wall, for the screen in the room: who is down, since when, is it us, what does the provider declare?"""

from dashboards.src import mappings, palette, parts
from dashboards.src import signals_state as states
from dashboards.src.grafana import Board, Panel
from dashboards.src.panels import bars, history, honeycomb, row, stat, timeline
from dashboards.src.promql import SURFACE, Scope, combined, named, rows, share, windows
from dashboards.src.signal import Signal
from dashboards.src.tables import Label, Value, table

SCOPE = Scope(("provider", "vantage", "cluster"))
_COUNT = ((0, palette.OPERATIONAL),)


def board() -> Board:
    """Return the outage wall."""
    return Board(
        uid=parts.WALL,
        title="Outage wall",
        description=("Who is down, since when, is it us, and what does the provider declare? Grey means unknown."),
        variables=(parts.provider(), parts.VANTAGE, parts.CLUSTER),
        panels=[
            *_headline(),
            honeycomb(
                states.providers_now(SCOPE), mapped=mappings.STATE, links=[parts.to_provider()], width=8, height=9
            ),
            attention(),
            timeline(
                states.measured(SCOPE, "What we measured"),
                mapped=mappings.STATE,
                links=[parts.to_provider(surface=True), parts.to_incident(), parts.to_truth()],
                height=12,
            ),
            timeline(
                states.declared(SCOPE, "What their status pages declared"),
                mapped=mappings.PAGE,
                links=[parts.to_truth()],
                height=12,
            ),
            row("Longer than today"),
            history(
                _days(),
                steps=(
                    (0, palette.MAJOR),
                    (95, palette.PARTIAL),
                    (99, palette.DEGRADED),
                    (99.5, palette.OPERATIONAL),
                ),
                time_from="30d",
                links=[parts.to_slo()],
            ),
            bars(
                _worst(),
                steps=(
                    (0, palette.MAJOR),
                    (0.95, palette.PARTIAL),
                    (0.99, palette.DEGRADED),
                    (0.995, palette.OPERATIONAL),
                ),
                width=24,
                height=9,
                maximum=1,
                links=[parts.to_provider()],
            ),
            _quarter(),
        ],
    )


def _headline() -> list[Panel]:
    absent = mappings.ABSENT
    major = states.surfaces_in(
        SCOPE,
        "Major outages",
        "== 3",
        "Surfaces on which every target fails now, in three probes in a row or more. Click for details below.",
    )
    impaired = states.surfaces_in(
        SCOPE,
        "Partial or slow",
        "> 0 < 3",
        "Surfaces that are slow or flaky, or fail only for some models, regions or vantages. The table lists them.",
    )
    to_self = parts.to_board("Open the prober's board", parts.SELF)
    return [
        stat(major, mapped=absent, steps=(*_COUNT, (1, palette.MAJOR))),
        stat(impaired, mapped=absent, steps=(*_COUNT, (1, palette.PARTIAL))),
        stat(
            states.silent(SCOPE),
            mapped=mappings.known_or("Not compared", {}),
            steps=(*_COUNT, (1, palette.MAJOR)),
            links=[parts.to_board("Compare with the status pages", parts.TRUTH)],
        ),
        stat(states.is_it_us(SCOPE), mapped=mappings.US, links=[to_self]),
        stat(states.not_probed(SCOPE), mapped=absent, steps=(*_COUNT, (1, palette.UNKNOWN)), links=[to_self]),
        stat(
            states.good_share(SCOPE, "5m"),
            mapped=mappings.no_value("Not probed"),
            steps=((0, palette.MAJOR), (0.5, palette.PARTIAL), (0.9, palette.DEGRADED), (0.99, palette.OPERATIONAL)),
        ),
    ]


def attention() -> Panel:
    """Return the table of every surface that is impaired, unknown, or rejects our probes."""
    now = combined(SCOPE.of("surface_state"))
    every = rows(SCOPE, limit=0)
    state = f"(({now}) or {every} * 0 - 1)"
    refused = states.excluded_share(SCOPE)
    wrong = f"(topk(25, {state} != 0 or {state} and on ({SURFACE}) {refused} > {states.MANY}))"
    fine_until = f"max_over_time(timestamp(({now}) < 1)[1d:1m]) and on ({SURFACE}) ({now}) > 0"
    known_until = f"max_over_time(timestamp({now})[1d:1m]) unless on ({SURFACE}) {SCOPE.of('surface_state')}"
    page = f"max by ({SURFACE}) ({SCOPE.of('status_component_state')})"
    return table(
        "Needs attention",
        "Every surface that is impaired or not probed. Since: when it was last operational, or, if not probed, when "
        "its last valid probe was; a dash means longer than a day. Excluded: the share of its probes in 15 minutes "
        "that are excluded (our key, quota, limits). Above 20 % it is listed for that reason.",
        labels=[
            Label(name="provider", hidden=True),
            Label(
                name="provider_display_name",
                title="Provider",
                width=165,
                links=[parts.to_provider(of_row=True), parts.to_incident(of_row=True), parts.to_truth(of_row=True)],
            ),
            Label(name="surface", title="Surface", grows=150),
        ],
        values=[
            Value(title="State", expr=named(wrong), mapped=mappings.STATE, cell="background", width=115),
            Value(
                title="Since",
                expr=f"({fine_until} or {known_until}) * 1000 and on ({SURFACE}) {wrong}",
                unit="dateTimeFromNow",
                width=140,
            ),
            Value(
                title="Status page",
                expr=f"({page} or {every} * 0 - 1) and on ({SURFACE}) {wrong}",
                mapped=mappings.PAGE,
                cell="background",
                width=145,
            ),
            Value(
                title="Excluded",
                expr=f"({refused} and on ({SURFACE}) {wrong}) > 0",
                unit="percentunit",
                decimals=0,
                width=85,
            ),
        ],
        sort="State",
        nothing="No known problem. Look at Not probed as well.",
        width=16,
        height=9,
    )


def _bad_share(by: str, span: str, each: str) -> str:
    """Return the share of bad among valid probes of a span; a target with more probes has more weight."""
    bad, valid = (SCOPE.of(f"aiprobe:slo_{kind}:increase{each}", slo="=availability") for kind in ("bad", "valid"))
    sums = (f"sum by ({by}) (sum_over_time({windows(counted, span, each)}))" for counted in (bad, valid))
    return share(*sums)


def _days() -> Signal:
    valid = SCOPE.of("aiprobe:slo_valid:increase30m", slo="=availability")
    each = _bad_share("provider", "$__interval", "30m")
    return Signal(
        title="Good probes in percent",
        description=(
            "Good probes of each provider in percent of all its valid ones, rounded down. Each cell covers the day "
            "before its time (UTC), or the cell's own time if the range is absolute. No cell: no valid probe. Needs "
            "the recording rules."
        ),
        expr=named(f"floor(1000 * (1 - {each})) / 10"),
        rows=f"max_over_time({valid}[$__range] @ end()) > 0",
        legend="{{provider_display_name}}",
        nothing="Nothing recorded yet",
    )


def _worst() -> Signal:
    per_model = _bad_share("provider, surface, model", "$__range", "5m")
    return Signal(
        title="Availability in this range, worst first",
        description=(
            "Share of good among all valid probes of each model over the whole time range, the ten worst. A model "
            "without a valid probe is not listed. Needs the recording rules."
        ),
        expr=f"sort({named(f'bottomk(10, 1 - {per_model})')})",
        unit="percentunit",
        decimals=2,
        legend="{{provider_display_name}} / {{surface}} {{model}}",
        nothing="No availability is recorded yet: are the recording rules loaded?",
    )


def _quarter() -> Panel:
    """Return the table of 90 days: uptime, incidents, and how long they were and lay apart."""
    down = SCOPE.of("aiprobe:provider_down")
    incidents = f"ceil(changes({down}[90d]) / 2)"
    seconds, observed = f"(sum_over_time({down}[90d]) * 60)", f"(count_over_time({down}[90d]) * 60)"
    steps = ((0, palette.MAJOR), (0.95, palette.PARTIAL), (0.99, palette.DEGRADED), (0.995, palette.OPERATIONAL))
    uptime = named(f"1 - avg_over_time({down}[90d])")
    between = f"({observed} - {seconds}) / ({incidents} > 0)"
    return table(
        "90 days, by provider",
        "From the rule aiprobe:provider_down, once a minute: a provider is down while its surfaces are in a partial or "
        "major outage over all vantages. The means are of these incidents: how long one lasts, and how long it is from "
        "the end of one to the next. Observed: how much of the 90 days was recorded; the rest counts in nothing.",
        labels=[
            Label(name="provider", hidden=True),
            Label(name="provider_display_name", title="Provider", grows=165, links=[parts.to_provider(of_row=True)]),
        ],
        values=[
            Value(
                title="Uptime", expr=uptime, unit="percentunit", decimals=3, steps=steps, cell="background", width=110
            ),
            Value(title="Incidents", expr=incidents, decimals=0, width=110),
            Value(title="Mean time to recover", expr=f"{seconds} / ({incidents} > 0)", unit="s", decimals=1, width=180),
            Value(title="Mean time between failures", expr=between, unit="s", decimals=1, width=200),
            Value(title="Observed", expr=observed, unit="s", decimals=1, width=110),
        ],
        sort="Uptime",
        descending=False,
        nothing="Nothing is recorded yet: are the rules loaded?",
        height=9,
    )
