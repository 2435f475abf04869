"""Signals of the exporter itself: can its numbers be trusted, and what does it cost?"""

from dashboards.src.promql import Scope, named, or_unknown, share
from dashboards.src.signal import Signal

JOB = 'job="aiprobe"'


def exporters_up() -> Signal:
    """Tell the share of exporters that Prometheus could scrape."""
    return Signal(
        title="Exporters scraped",
        description="Share of the exporters that Prometheus reaches. Below 100 % part of the other boards is grey.",
        expr=or_unknown(f"avg(up{{{JOB}}})"),
        unit="percentunit",
        decimals=0,
        nothing="Unknown",
    )


def worst_of(metric: str, title: str, why: str) -> Signal:
    """Tell the least of a gauge that is 1 when all is well."""
    return Signal(title=title, description=why, expr=or_unknown(f"min({metric})"), nothing="Unknown")


def overdue(scope: Scope) -> Signal:
    """Tell how many intervals ago the most neglected target was last probed."""
    age = f"(time() - {scope.of('last_run_timestamp_seconds')})"
    return Signal(
        title="Oldest probe",
        description=(
            "How long ago the target that waited longest was probed, in its own intervals. Above 3 its states are "
            "gone and "
            "an alert tells; see the table for which."
        ),
        expr=f"max({age} / {scope.of('interval_seconds')})",
        decimals=1,
        nothing="Not probed",
    )


def budget_used(scope: Scope) -> Signal:
    """Tell how much of today's budget is spent."""
    spent, budget = scope.of("budget_spent_usd"), scope.of("budget_usd")
    return Signal(
        title="Budget used",
        description=(
            "Share of the UTC day's budget that is spent, of the exporter that spent most of its own. At 100 % chat "
            "targets "
            "fall back to free probes and we are half blind."
        ),
        expr=f"max({spent} / ({budget} > 0))",
        unit="percentunit",
        decimals=0,
        nothing="Unknown",
    )


def lag(metric: str, title: str, why: str) -> Signal:
    """Tell the 99th percentile of a lag of our own clockwork."""
    return Signal(
        title=title,
        description=why,
        expr=f"histogram_quantile(0.99, sum by (vantage, le) (rate(aiprobe_{metric}_bucket[$__rate_interval])))",
        unit="s",
        legend="seen from {{vantage}}",
        nothing="The exporter was not scraped in this range",
    )


def skipped(scope: Scope) -> Signal:
    """Tell the probes that did not start, by reason."""
    return Signal(
        title="Probes that did not start",
        description=(
            "Per minute, by reason: budget (money is gone), backoff (the provider asked us to wait), shard (another "
            "exporter "
            "has it). These are no results: nothing is known for them."
        ),
        expr=f"sum by (reason) (rate({scope.of('skipped_total')}[$__rate_interval])) * 60 > 0",
        decimals=2,
        legend="{{reason}}",
        nothing="Nothing was skipped in this range",
    )


def in_flight() -> Signal:
    """Tell how many probes run at once."""
    return Signal(
        title="Probes in flight",
        description="Probes that run at the same time. A climb without more targets means that providers hang.",
        expr="sum by (vantage) (max_over_time(aiprobe_probes_in_flight[$__rate_interval]))",
        decimals=0,
        legend="seen from {{vantage}}",
        nothing="The exporter was not scraped in this range",
    )


def scrape_seconds() -> Signal:
    """Tell how long a scrape takes."""
    return Signal(
        title="Scrape duration",
        description="How long Prometheus took to read the exporter. Near the scrape timeout samples will be missing.",
        expr=f"topk(25, scrape_duration_seconds{{{JOB}}})",
        unit="s",
        legend="{{instance}}",
        nothing="Prometheus has no scrape job with the name aiprobe",
    )


def cpu() -> Signal:
    """Tell the processor time in use."""
    return Signal(
        title="CPU",
        description=(
            "Processor seconds per second of the exporter. It runs on one core: near 1 its timings cannot be trusted."
        ),
        expr=f"topk(25, rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval]))",
        unit="percentunit",
        decimals=1,
        legend="{{instance}}",
        nothing="The exporter was not scraped in this range",
    )


def memory() -> Signal:
    """Tell the resident memory."""
    return Signal(
        title="Memory",
        description="Resident memory of the exporter. It is bounded; steady growth is a bug to report.",
        expr=f"topk(25, process_resident_memory_bytes{{{JOB}}})",
        unit="bytes",
        legend="{{instance}}",
        nothing="The exporter was not scraped in this range",
    )


def files() -> Signal:
    """Tell the share of file descriptors in use."""
    used = f"process_open_fds{{{JOB}}} / process_max_fds{{{JOB}}}"
    return Signal(
        title="File descriptors in use",
        description="Share of the limit of open files and connections. Above 80 % raise the limit before probes fail.",
        expr=f"topk(25, {used})",
        unit="percentunit",
        decimals=1,
        legend="{{instance}}",
        nothing="The exporter was not scraped in this range",
    )


def series() -> Signal:
    """Tell the metrics with the most series."""
    return Signal(
        title="Series by metric",
        description=(
            "The ten metrics with the most series, without their common prefix. Prometheus pays for their sum; it "
            "grows with targets, not with time. A jump without new targets is a label that should not be one."
        ),
        expr=(
            'topk(10, label_replace(count by (__name__) ({__name__=~"aiprobe_.+"}), '
            '"metric", "$1", "__name__", "aiprobe_(.+?)(?:_bucket)?"))'
        ),
        decimals=0,
        legend="{{metric}}",
        nothing="The exporter was not scraped",
    )


def journal_size() -> Signal:
    """Tell how much disk the journal takes."""
    return Signal(
        title="Journal on disk",
        description="Size of the journal's files. Its retention bounds it: growth beyond weeks is a bug to report.",
        expr="sum by (vantage) (aiprobe_journal_size_bytes)",
        unit="bytes",
        legend="{{vantage}}",
        nothing="No journal is kept, or the exporter was not scraped",
    )


def journal_trouble() -> tuple[Signal, Signal]:
    """Tell what the journal could not take, per minute: errors, and results that it dropped."""

    def one(kind: str, legend: str) -> Signal:
        return Signal(
            title="Journal trouble",
            description=(
                "Writes and reads of the journal that failed, and results that it dropped, per minute: a full or "
                "broken disk. Evidence is being lost; mend it before the next outage."
            ),
            expr=f"sum by (vantage) (rate(aiprobe_journal_{kind}_total[$__rate_interval])) * 60",
            decimals=2,
            legend=f"{legend}, {{{{vantage}}}}",
            nothing="The exporter was not scraped in this range",
        )

    return one("errors", "failed"), one("dropped", "dropped")


def cost_by_model(scope: Scope) -> Signal:
    """Tell what each model costs a day."""
    cost = f"sum by (provider, model) (increase({scope.of('cost_usd_total')}[6h])) * 4"
    return Signal(
        title="Cost a day, by model",
        description=(
            "What the probes of each model cost a day at the pace of the last six hours, the ten dearest. Longer "
            "intervals "
            "or a cheaper model of the same provider save most."
        ),
        expr=f"sort_desc({named(f'topk(10, {cost}) > 0')})",
        unit="currencyUSD",
        decimals=3,
        legend="{{provider_display_name}} / {{model}}",
        nothing="No probe has cost anything, or no prices are known",
    )


def spend() -> Signal:
    """Tell today's spend."""
    return Signal(
        title="Spend of the UTC day",
        description=(
            "Money spent on probes since midnight UTC; survives restarts. The dashed line is the budget of a day."
        ),
        expr="sum(aiprobe_budget_spent_usd)",
        unit="currencyUSD",
        decimals=2,
        legend="spent",
        nothing="The exporter was not scraped in this range",
    )


def day_budget() -> Signal:
    """Tell the budget of a day."""
    return Signal(title="Budget", description="The budget of a day.", expr="sum(aiprobe_budget_usd)", legend="budget")


def spend_at_midnight() -> Signal:
    """Tell what the day will have cost."""
    rest = "(86400 - (time() % 86400))"
    return Signal(
        title="This day will cost",
        description=(
            "What is spent today and what the pace of the last three hours adds until midnight UTC. Above the "
            "budget, probes "
            "will be skipped before the day ends."
        ),
        expr=f"sum(aiprobe_budget_spent_usd) + sum(increase(aiprobe_cost_usd_total[3h])) / 10800 * {rest}",
        unit="currencyUSD",
        decimals=2,
        nothing="Unknown",
    )


def cost_per_good(scope: Scope) -> Signal:
    """Tell what one good probe costs."""
    good = scope.of("slo_events_total", slo="=availability", verdict="=good")
    return Signal(
        title="Cost of a good probe",
        description=(
            "All that was spent in the last day, divided by the good probes that it bought. Failures make it dearer."
        ),
        expr=f"sum(increase({scope.of('cost_usd_total')}[1d])) / (sum(increase({good}[1d])) > 0)",
        unit="currencyUSD",
        decimals=5,
        nothing="Unknown",
    )


def follow_ups(scope: Scope) -> tuple[Signal, Signal]:
    """Tell how many of a day's attempts were follow-ups, and about what they cost."""
    each = "sum by (target, vantage)"
    followed = f"increase({scope.of('results_total', attempt='=confirm')}[1d])"
    every = f"increase({scope.of('results_total')}[1d])"
    cost = f"{each} (increase({scope.of('cost_usd_total')}[1d]))"
    parts = f"{each} ({followed}) / on (target, vantage) ({each} ({every}) > 0)"
    share_of_day = Signal(
        title="Follow-ups, 1 d",
        description=(
            "Share of the last day's attempts that followed up a failure, while the exporter was in doubt about a "
            "target. None without failures."
        ),
        expr=f"({share(f'sum({followed})', f'sum({every})')}) or sum({every}) * 0",
        unit="percentunit",
        decimals=1,
        nothing="Not probed",
    )
    spent = Signal(
        title="Cost of follow-ups, 1 d",
        description=(
            "About what the follow-ups of the last day cost: of each target's money the share of its attempts. "
            "At most budget.follow_ups of a day's budget."
        ),
        expr=f"sum({cost} * on (target, vantage) ({parts}))",
        unit="currencyUSD",
        decimals=4,
        nothing="None",
    )
    return share_of_day, spent


def tokens(scope: Scope, kind: str, legend: str) -> Signal:
    """Tell the tokens of a kind per minute."""
    return Signal(
        title="Tokens per minute",
        description=(
            "Tokens that the providers billed, by kind. Reasoning is part of the output: a model that thinks about "
            "a ping "
            "bills hundreds of them. Cached input is part of the input."
        ),
        expr=f"sum(rate({scope.of(f'{kind}_tokens_total')}[$__rate_interval])) * 60",
        decimals=0,
        legend=legend,
        nothing="No token was billed in this range",
    )
