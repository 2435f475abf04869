"""The prober itself: are its numbers reliable and recent, and what does it cost?"""

from dashboards.src import mappings, palette, parts
from dashboards.src import signals_self as own
from dashboards.src import signals_state as states
from dashboards.src.grafana import Board, Panel
from dashboards.src.panels import bars, lines, row, stat
from dashboards.src.promql import Scope, named
from dashboards.src.signal import Signal
from dashboards.src.tables import Label, Value, table

SCOPE = Scope(("provider", "account", "vantage", "cluster"))
_SHARE = ((0, palette.OPERATIONAL), (0.8, palette.DEGRADED), (1, palette.MAJOR))
_AGE = ((0, palette.OPERATIONAL), (2, palette.DEGRADED), (3, palette.MAJOR))
_NEUTRAL = ((0, palette.LOW),)
_SPEND = {"spent": palette.LOW, "budget": palette.HIGH}
_LATE = "Delay of the start of scheduled probes. Above a second the machine is too small for this configuration."
_LAG = "Delay with which the event loop wakes. Times of probes are wrong by as much: above 0.1 s they are not reliable."


def board() -> Board:
    """Return the board of the prober."""
    return Board(
        uid=parts.SELF,
        title="Prober health and cost",
        description="Whether the numbers of the other boards are reliable, and what they cost.",
        variables=(parts.provider(), parts.ACCOUNT, parts.VANTAGE, parts.CLUSTER, parts.COST_BY),
        annotations=(parts.ALERTS_FIRING, parts.PAGES_SAY, parts.MODEL_CHANGED),
        time_from="now-6h",
        panels=[
            *_headline(),
            _targets(),
            row("Clockwork"),
            lines(own.lag("scheduler_lag_seconds", "Probes started late, p99", _LATE), width=8),
            lines(
                own.lag("event_loop_lag_seconds", "Clockwork lag, p99", _LAG),
                limits=((0.1, palette.PARTIAL),), width=8,
            ),
            lines(own.in_flight(), width=8),
            lines(own.skipped(SCOPE), style="bars", stacked=True, colours=palette.REASONS, interval="1m", width=8),
            lines(own.scrape_seconds(), width=8),
            lines(*own.journal_trouble(), style="bars", width=8),
            lines(own.cpu(), width=6, height=7),
            lines(own.memory(), width=6, height=7),
            lines(own.files(), width=6, height=7),
            lines(own.journal_size(), width=6, height=7),
            row("Cost"),
            *_costs(),
            bars(own.cost_by_model(SCOPE), steps=_NEUTRAL, width=12, height=9),
            lines(own.spend(), own.day_budget(), colours=_SPEND, dash=("budget",), width=6, height=9),
            lines(
                own.tokens(SCOPE, "input", "input"),
                own.tokens(SCOPE, "cached_input", "cached input"),
                own.tokens(SCOPE, "output", "output"),
                own.tokens(SCOPE, "reasoning", "reasoning"),
                colours=palette.KINDS, width=6, height=9,
            ),
            bars(own.cost_by_label(SCOPE), steps=_NEUTRAL, width=24, height=7),
            row("What Prometheus keeps"),
            bars(own.series(), steps=_NEUTRAL, width=12, height=9),
            _versions(),
        ],
    )  # fmt: skip


def _headline() -> list[Panel]:
    works = mappings.YES_NO
    reload = own.worst_of(
        "aiprobe_config_last_reload_successful",
        "Configuration",
        "Whether the last load of the configuration succeeded. If it failed, the previous one is still in use: see the "
        "log.",
    )
    journal = own.worst_of(
        "aiprobe_journal_up",
        "Journal",
        "Whether results are stored on disk. Otherwise evidence and the spending of the day are lost at the next "
        "restart.",
    )
    return [
        stat(own.exporters_up(), mapped=mappings.value_map({-1: ("Unknown", palette.UNKNOWN)}),
             steps=((0, palette.MAJOR), (0.01, palette.PARTIAL), (1, palette.OPERATIONAL))),
        stat(own.overdue(SCOPE), steps=_AGE),
        stat(states.is_it_us(SCOPE), mapped=mappings.US),
        stat(reload, mapped=works),
        stat(journal, mapped=works),
        stat(own.budget_used(SCOPE), steps=_SHARE),
    ]  # fmt: skip


def _costs() -> list[Panel]:
    wasted = Signal(
        title="Spent on excluded probes, 1 d",
        description=("Cost of the last day of probes that do not describe the service. Correct the key or the limits."),
        expr=f"sum(increase({SCOPE.of('cost_usd_total', verdict='=excluded')}[1d]))",
        unit="currencyUSD",
        decimals=4,
        nothing="None",
    )
    signals = [own.spend_at_midnight(), own.cost_per_good(SCOPE), wasted, *own.follow_ups(SCOPE), _expiry()]
    return [stat(signal, steps=_NEUTRAL, background=False, width=8, height=3) for signal in signals]


def _expiry() -> Signal:
    return Signal(
        title="First certificate expires in",
        description=("The first expiry of all certificates of the probed services. Below a week an alert fires."),
        expr=f"min({SCOPE.of('tls_certificate_not_after_timestamp_seconds')}) - time()",
        unit="s",
        decimals=1,
        nothing="No TLS seen",
    )


def _targets() -> Panel:
    by = "provider, account, target, vantage"
    age = f"max by ({by}) (time() - {SCOPE.of('last_run_timestamp_seconds')})"
    every = f"max by ({by}) ({SCOPE.of('interval_seconds')})"
    late = f"{age} / on ({by}) {every}"
    chosen = f"topk(25, {late})"
    ok = f"max by ({by}) (time() - {SCOPE.of('last_success_timestamp_seconds')}) and on ({by}) {chosen}"
    failures = f"max by ({by}) ({SCOPE.of('consecutive_failures')}) and on ({by}) {chosen}"
    last = f"max by ({by}) ({SCOPE.of('success')}) and on ({by}) {chosen}"
    return table(
        "Targets, the longest unprobed first",
        "How long ago each target was probed and was last ok, for the 25 with the longest time in their own intervals. "
        "Above 3 intervals the target has no state, and all boards show it as Not probed.",
        labels=[
            Label(name="provider", hidden=True),
            Label(name="provider_display_name", title="Provider", width=165, links=[parts.to_provider(of_row=True)]),
            Label(name="account", title="Account", width=100),
            Label(name="target", title="Target", grows=175),
            Label(name="vantage", title="Vantage", width=110),
        ],
        values=[
            Value(title="Intervals ago", expr=named(chosen), decimals=1, steps=_AGE, cell="background", width=130),
            Value(title="Last probe", expr=f"{age} and on ({by}) {chosen}", unit="s", decimals=1, width=120),
            Value(title="Interval", expr=f"{every} and on ({by}) {chosen}", unit="s", decimals=0, width=110),
            Value(title="Last ok", expr=ok, unit="s", decimals=1, width=120),
            Value(
                title="Last result",
                expr=last,
                mapped=mappings.value_map({1: ("ok", None), 0: ("not ok", None)}),
                width=100,
            ),
            Value(title="Bad in a row", expr=failures, decimals=0, width=110),
        ],
        sort="Intervals ago",
        nothing="No target is scraped: is the exporter running?",
    )


def _versions() -> Panel:
    by = "vantage, version, python_version"
    loaded = "max by (vantage) (aiprobe_config_last_reload_success_timestamp_seconds) * 1000"
    written = "min by (vantage) (aiprobe_journal_last_commit_timestamp_seconds) * 1000"
    return table(
        "Exporters",
        "Version of each exporter, the time from which its configuration is in use, and the last write of its journal. "
        "Different versions for one vantage mean an incomplete rollout.",
        labels=[
            Label(name="vantage", title="Vantage", grows=70),
            Label(name="version", title="Version", width=62),
            Label(name="python_version", title="Python", width=60),
        ],
        values=[
            Value(title="Exporters", expr=f"count by ({by}) (aiprobe_build_info)", decimals=0, width=85),
            Value(title="Configuration of", expr=loaded, unit="dateTimeAsIso", width=160),
            Value(title="Journal written", expr=written, unit="dateTimeAsIso", width=160),
        ],
        nothing="No exporter is scraped",
        width=12,
        height=9,
    )
