"""Signals of the exporter itself: are its numbers reliable, and what does it cost?"""

from dashboards.src.promql import Scope, named, or_unknown, share
from dashboards.src.signal import Signal

JOB = 'job="aiprobe"'


def exporters_up() -> Signal:
    """Show the share of exporters that Prometheus could scrape."""
    return Signal(
        title="Exporters scraped",
        description=(
            "Share of the exporters that Prometheus can scrape. Below 100 % a part of the other boards is grey."
        ),
        expr=or_unknown(f"avg(up{{{JOB}}})"),
        unit="percentunit",
        decimals=0,
        nothing="Unknown",
    )


def worst_of(metric: str, title: str, why: str) -> Signal:
    """Show the minimum of a gauge that is 1 if everything works."""
    return Signal(title=title, description=why, expr=or_unknown(f"min({metric})"), nothing="Unknown")


def overdue(scope: Scope) -> Signal:
    """Show how many intervals ago the last probe of a target was, for the longest one."""
    age = f"(time() - {scope.of('last_run_timestamp_seconds')})"
    return Signal(
        title="Oldest probe",
        description=(
            "The longest time since a target was last probed, in its own intervals. Above 3 it has no state and an "
            "alert fires; the table names it."
        ),
        expr=f"max({age} / {scope.of('interval_seconds')})",
        decimals=1,
        nothing="Not probed",
    )


def budget_used(scope: Scope) -> Signal:
    """Show how much of today's budget is spent."""
    spent, budget = scope.of("budget_spent_usd"), scope.of("budget_usd")
    return Signal(
        title="Budget used",
        description=(
            "Spent share of the UTC day's budget, for the exporter with the largest share. At 100 % chat targets fall "
            "back to free probes, and outages of models can be undetected."
        ),
        expr=f"max({spent} / ({budget} > 0))",
        unit="percentunit",
        decimals=0,
        nothing="Unknown",
    )


def lag(metric: str, title: str, why: str) -> Signal:
    """Show the 99th percentile of a lag of our own clockwork."""
    return Signal(
        title=title,
        description=why,
        expr=f"histogram_quantile(0.99, sum by (vantage, le) (rate(aiprobe_{metric}_bucket[$__rate_interval])))",
        unit="s",
        legend="seen from {{vantage}}",
        nothing="The exporter was not scraped in this range",
    )


def skipped(scope: Scope) -> Signal:
    """Show the probes that did not start, by reason."""
    return Signal(
        title="Probes that did not start",
        description=(
            "Per minute, by reason: budget (exhausted), backoff (the provider requested a pause), follow_ups (their "
            "share of the budget is exhausted). These are not results."
        ),
        expr=f"sum by (reason) (rate({scope.of('skipped_total')}[$__rate_interval])) * 60 > 0",
        decimals=2,
        legend="{{reason}}",
        nothing="Nothing was skipped in this range",
    )


def in_flight() -> Signal:
    """Show how many probes run at once."""
    return Signal(
        title="Probes in flight",
        description="Probes that run at the same time. A rise without more targets means that providers hang.",
        expr="sum by (vantage) (max_over_time(aiprobe_probes_in_flight[$__rate_interval]))",
        decimals=0,
        legend="seen from {{vantage}}",
        nothing="The exporter was not scraped in this range",
    )


def scrape_seconds() -> Signal:
    """Show how long a scrape takes."""
    return Signal(
        title="Scrape duration",
        description="Duration of a scrape of the exporter. Near the scrape timeout samples will be missing.",
        expr=f"topk(25, scrape_duration_seconds{{{JOB}}})",
        unit="s",
        legend="{{instance}}",
        nothing="Prometheus has no scrape job with the name aiprobe",
    )


def cpu() -> Signal:
    """Show the processor time in use."""
    return Signal(
        title="CPU",
        description=(
            "Processor seconds per second of the exporter. It runs on one core: near 1 its times are not reliable."
        ),
        expr=f"topk(25, rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval]))",
        unit="percentunit",
        decimals=1,
        legend="{{instance}}",
        nothing="The exporter was not scraped in this range",
    )


def memory() -> Signal:
    """Show the resident memory."""
    return Signal(
        title="Memory",
        description="Resident memory of the exporter. It is bounded; steady growth is a bug to report.",
        expr=f"topk(25, process_resident_memory_bytes{{{JOB}}})",
        unit="bytes",
        legend="{{instance}}",
        nothing="The exporter was not scraped in this range",
    )


def files() -> Signal:
    """Show the share of file descriptors in use."""
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
    """Show the metrics with the most series."""
    return Signal(
        title="Series by metric",
        description=(
            "The ten metrics with the most series, without their common prefix. Their sum determines the cost in "
            "Prometheus; it grows with targets, not with time. A rise without new targets means a wrong label."
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
    """Show how much disk the journal takes."""
    return Signal(
        title="Journal on disk",
        description="Size of the journal's files. Its retention bounds it: growth beyond weeks is a bug to report.",
        expr="sum by (vantage) (aiprobe_journal_size_bytes)",
        unit="bytes",
        legend="{{vantage}}",
        nothing="No journal is kept, or the exporter was not scraped",
    )


def journal_trouble() -> tuple[Signal, Signal]:
    """Show the failures of the journal per minute: errors, and results that it dropped."""

    def one(kind: str, legend: str) -> Signal:
        return Signal(
            title="Journal trouble",
            description=(
                "Failed writes and reads of the journal, and results that it dropped, per minute: a full or broken "
                "disk. Evidence is lost until the disk is repaired."
            ),
            expr=f"sum by (vantage) (rate(aiprobe_journal_{kind}_total[$__rate_interval])) * 60",
            decimals=2,
            legend=f"{legend}, {{{{vantage}}}}",
            nothing="The exporter was not scraped in this range",
        )

    return one("errors", "failed"), one("dropped", "dropped")


def cost_by_model(scope: Scope) -> Signal:
    """Show what each model costs a day."""
    cost = f"sum by (provider, model) (increase({scope.of('cost_usd_total')}[6h])) * 4"
    return Signal(
        title="Cost a day, by model",
        description=(
            "Cost of the probes of each model per day at the pace of the last six hours, the ten most expensive. "
            "Longer intervals or a cheaper model of the same provider save most."
        ),
        expr=f"sort_desc({named(f'topk(10, {cost}) > 0')})",
        unit="currencyUSD",
        decimals=3,
        legend="{{provider_display_name}} / {{model}}",
        nothing="No probe has cost anything, or no model has a price",
    )


def cost_by_label(scope: Scope) -> Signal:
    """Show what the targets of each value of a chosen label cost a day."""
    cost = f"sum by (target, vantage) (increase({scope.of('cost_usd_total')}[6h])) * 4"
    owner = f"group by (target, vantage, $cost_by) ({scope.of('target_info')})"
    return Signal(
        title="Cost a day, by $cost_by",
        description=(
            "What probes cost a day at the pace of the last six hours, summed by the label chosen above: one of the "
            "targets' own labels (`labels:` in the configuration) or of their identity. No value: targets without it."
        ),
        expr=f"sort_desc(sum by ($cost_by) ({cost} * on (target, vantage) group_left ($cost_by) {owner}) > 0)",
        unit="currencyUSD",
        decimals=3,
        nothing="No probe has cost anything, or no prices are known",
    )


def spend() -> Signal:
    """Show today's spend."""
    return Signal(
        title="Spend of the UTC day",
        description=("Cost of probes since midnight UTC, kept over restarts. The dashed line is the daily budget."),
        expr="sum(aiprobe_budget_spent_usd)",
        unit="currencyUSD",
        decimals=2,
        legend="spent",
        nothing="The exporter was not scraped in this range",
    )


def day_budget() -> Signal:
    """Show the budget of a day."""
    return Signal(title="Budget", description="The budget of a day.", expr="sum(aiprobe_budget_usd)", legend="budget")


def spend_at_midnight() -> Signal:
    """Show what the day will have cost."""
    rest = "(86400 - (time() % 86400))"
    return Signal(
        title="This day will cost",
        description=(
            "Today's cost so far, plus the pace of the last three hours until midnight UTC. Above the budget, probes "
            "will be skipped before the day ends."
        ),
        expr=f"sum(aiprobe_budget_spent_usd) + sum(increase(aiprobe_cost_usd_total[3h])) / 10800 * {rest}",
        unit="currencyUSD",
        decimals=2,
        nothing="Unknown",
    )


def cost_per_good(scope: Scope) -> Signal:
    """Show what one good probe costs."""
    good = scope.of("slo_events_total", slo="=availability", verdict="=good")
    return Signal(
        title="Cost of a good probe",
        description=(
            "The whole cost of the last day, divided by its good probes. Failures make a good probe more expensive."
        ),
        expr=f"sum(increase({scope.of('cost_usd_total')}[1d])) / (sum(increase({good}[1d])) > 0)",
        unit="currencyUSD",
        decimals=5,
        nothing="Unknown",
    )


def follow_ups(scope: Scope) -> tuple[Signal, Signal]:
    """Show how many of a day's attempts were follow-ups, and about what they cost."""
    each = "sum by (target, vantage)"
    followed = f"increase({scope.of('results_total', attempt='=confirm')}[1d])"
    every = f"increase({scope.of('results_total')}[1d])"
    cost = f"{each} (increase({scope.of('cost_usd_total')}[1d]))"
    parts = f"{each} ({followed}) / on (target, vantage) ({each} ({every}) > 0)"
    share_of_day = Signal(
        title="Follow-ups, 1 d",
        description=("Share of follow-ups among the last day's attempts. There are none without failures."),
        expr=f"({share(f'sum({followed})', f'sum({every})')}) or sum({every}) * 0",
        unit="percentunit",
        decimals=1,
        nothing="Not probed",
    )
    spent = Signal(
        title="Cost of follow-ups, 1 d",
        description=(
            "Approximate cost of the last day's follow-ups: each target's cost times the share of its follow-ups. At "
            "most budget.follow_ups of a day's budget."
        ),
        expr=f"sum({cost} * on (target, vantage) ({parts}))",
        unit="currencyUSD",
        decimals=4,
        nothing="None",
    )
    return share_of_day, spent


def tokens(scope: Scope, kind: str, legend: str) -> Signal:
    """Show the tokens of a kind per minute."""
    return Signal(
        title="Tokens per minute",
        description=(
            "Tokens that the providers billed, by kind. Reasoning is part of the output: a reasoning model can bill "
            "hundreds of tokens for a ping. Cached input is part of the input."
        ),
        expr=f"sum(rate({scope.of(f'{kind}_tokens_total')}[$__rate_interval])) * 60",
        decimals=0,
        legend=legend,
        nothing="No token was billed in this range",
    )
