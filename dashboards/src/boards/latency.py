"""How fast the models are: distributions, quantiles of enough answers, and the same hour last week."""

from dashboards.src import palette, parts
from dashboards.src import signals_speed as speed
from dashboards.src.grafana import Board, Panel
from dashboards.src.panels import bars, heatmap, lines, row, stat
from dashboards.src.promql import Scope, named
from dashboards.src.signal import Signal
from dashboards.src.tables import Label, Value, table

SCOPE = Scope(("provider", "account", "surface", "model", "provider_region", "vantage", "cluster", "target"))
_NEUTRAL = ((0, palette.LOW),)
_SLOWER = ((0, palette.OPERATIONAL), (1.5, palette.DEGRADED), (2, palette.PARTIAL))


def board() -> Board:
    """Return the board of latency."""
    return Board(
        uid=parts.LATENCY,
        title="Model latency",
        description="Time to the first token, gaps and tokens per second; only of probes that ended ok.",
        variables=(
            parts.provider(),
            *parts.OF_TARGETS,
        ),
        annotations=(parts.OWN_ALERTS_FIRING, parts.PAGE_SAYS, parts.MODEL_CHANGED, parts.MAINTENANCE),
        time_from="now-6h",
        panels=[
            *_headline(),
            lines(speed.slowest(SCOPE), width=14, height=9, table=True),
            bars(speed.slowdown_now(SCOPE), steps=_SLOWER, width=10, height=9),
            row("Distributions"),
            *_distributions(),
            row("Against the same hour last week"),
            lines(
                speed.against_last_week(SCOPE),
                width=24,
                limits=((2, palette.PARTIAL),),
                table=True,
            ),
            row("Models side by side"),
            _models(),
        ],
    )


def _headline() -> list[Panel]:
    metric = "time_to_first_token_seconds"
    why = (
        "Time from the start of a probe to its first content, over all targets chosen above, in the hour before the "
        "end of the range. Hidden below 20 measurements, because it would not be reliable."
    )
    levels = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    quantiles = [speed.quantile(SCOPE, level, metric, "1h", f"First token, {name}", "", why) for level, name in levels]
    gap = speed.quantile(
        SCOPE,
        0.95,
        "stream_max_gap_seconds",
        "1h",
        "Silence, p95",
        "",
        "The longest silence inside one stream. One answer in twenty of the last hour had a longer one. Users notice "
        "more than a second.",
    )
    per_token = Signal(
        title="Tokens/s, p50",
        description=(
            "Speed of answers after their first content: one divided by the median time per token, over the last hour. "
            "Hidden below 20 measurements of streams that were long enough."
        ),
        expr="1 / (" + speed.quantile(SCOPE, 0.5, "time_per_output_token_seconds", "1h", "", "", "").expr + ")",
        decimals=0,
        nothing="Fewer than 20 measurements",
    )
    signals = [speed.samples(SCOPE), *quantiles, gap, per_token]
    return [stat(signal, steps=_NEUTRAL, background=False) for signal in signals]


def _distributions() -> list[Panel]:
    first = speed.distribution(
        SCOPE,
        "time_to_first_token_seconds",
        "Time to first token",
        "Number of answers by the time to their first token. Two bands are two kinds of answer: cached, another "
        "region, another model. A band that rises means that the service queues.",
    )
    gaps = speed.distribution(
        SCOPE,
        "stream_max_gap_seconds",
        "Longest silence in a stream",
        "The longest gap between two parts of an answer. Answers that begin quickly and then hang are visible only "
        "here.",
    )
    per_token = speed.distribution(
        SCOPE,
        "time_per_output_token_seconds",
        "Time per output token",
        "Mean time between tokens of an answer, after its first content; 0.02 s is 50 tokens a second.",
    )
    visible = speed.distribution(
        SCOPE,
        "time_to_first_output_token_seconds",
        "Time to first visible token",
        "For reasoning models: time to the first visible word. Empty if no model showed reasoning.",
    )
    whole = speed.distribution(
        SCOPE,
        "duration_seconds",
        "Whole answer",
        "Duration of whole probes, from the first packet to the end marker; also of kinds other than chat.",
    )
    speeds = heatmap(speed.tokens_per_second(SCOPE))
    return [heatmap(first), heatmap(gaps), speeds, heatmap(per_token), heatmap(visible), heatmap(whole)]


def _models() -> Panel:
    by = speed.MODEL
    p95, counted = SCOPE.of("aiprobe:time_to_first_token:p95_30m"), SCOPE.of("aiprobe:time_to_first_token:count30m")
    count = f"sum by ({by}) ({counted})"
    chosen = f"and on ({by}) topk(25, {count})"
    slow = f"max by ({by}) ({p95} and on (target) {counted} >= 20)"
    median = f"max by ({by}) ({SCOPE.of('aiprobe:time_to_first_token:median1h')} and on (target) {counted} >= 20)"
    streamed = SCOPE.of("aiprobe:time_per_output_token:count30m")
    per_token = (
        f"max by ({by}) ({SCOPE.of('aiprobe:time_per_output_token:median30m')} and on (target) {streamed} >= 20)"
    )
    gap = speed.mean(SCOPE, "stream_max_gap_seconds", by, "1h")
    events = "sum by ({}) (increase({}[$__range]))"
    good, valid = (
        events.format(by, SCOPE.of("slo_events_total", slo="=availability", verdict=verdict))
        for verdict in ("=good", "=~good|bad")
    )
    cost = events.format(by, SCOPE.of("cost_usd_total"))
    answered = f"count by ({by}, response_model) ({SCOPE.of('response_model_info')})"
    return table(
        "Models",
        "The 25 models with the most measurements. n is the number of answers of the last half hour; quantiles of "
        "fewer than 20 are empty. Choose models above to compare them. Good and cost are of the whole range. More than "
        "one model that answered means a rollout or a fallback.",
        labels=[
            Label(name="provider", hidden=True),
            Label(name="provider_display_name", title="Provider", width=160, links=[parts.to_provider(of_row=True)]),
            Label(name="model", title="Model", grows=200),
        ],
        values=[
            Value(title="n", expr=named(f"topk(25, {count})"), decimals=0, width=60),
            Value(title="p50", expr=f"{median} {chosen}", unit="s", width=80),
            Value(title="p95", expr=f"{slow} {chosen}", unit="s", width=90),
            Value(title="Tokens/s", expr=f"1 / ({per_token}) {chosen}", decimals=0, width=90),
            Value(title="Mean longest silence", expr=f"({gap}) {chosen}", unit="s", width=160),
            Value(title="Good", expr=f"{good} / ({valid} > 0) {chosen}", unit="percentunit", decimals=2, width=80),
            Value(title="USD in range", expr=f"{cost} {chosen}", unit="currencyUSD", decimals=3, width=110),
            Value(title="Models that answered", expr=f"count by ({by}) ({answered}) {chosen}", decimals=0, width=160),
        ],
        sort="p95",
        nothing="Nothing measured in the last half hour, or the recording rules are not loaded",
        height=11,
    )
