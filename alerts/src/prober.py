"""Alerts on the exporter itself: its configuration, budget, timing and journal."""

from collections.abc import Sequence
from typing import Final

from alerts.src.rule import Alert

PROBER: Final[Sequence[Alert]] = (
    Alert(
        name="AIProbeLabelsClobbered",
        expr="""\
count(
  aiprobe_interval_seconds{exported_target!=""} or
  aiprobe_interval_seconds{exported_provider!=""} or
  aiprobe_interval_seconds{exported_surface!=""} or
  aiprobe_interval_seconds{exported_model!=""} or
  aiprobe_interval_seconds{exported_provider_region!=""} or
  aiprobe_interval_seconds{exported_probe!=""} or
  aiprobe_interval_seconds{exported_vantage!=""}
) > 0
""",
        severity="warning",
        scope="meta",
        waits="5m",
        keeps="5m",
        summary="Labels of aiprobe overwritten by Prometheus",
        description="""\
{{ $value }} targets have exported_ labels: honor_labels is missing in the scrape job or ServiceMonitor, so the rules use wrong labels.
""",
        first="""\
First set honor_labels: true (ServiceMonitor: honorLabels: true).
""",
        board="self",
    ),
    Alert(
        name="AIExporterConfigReloadFailed",
        expr="""\
max by (job, instance, vantage) (max_over_time(aiprobe_config_last_reload_successful[5m])) == 0
""",
        severity="warning",
        scope="meta",
        waits="1m",
        keeps="5m",
        summary="Configuration refused by an aiprobe exporter",
        description="""\
{{ $labels.instance }} rejected its configuration 5 minutes or more ago and continues with the old one.
""",
        first="""\
First run aiprobe check on the file: it lists every problem with its line.
""",
        board="self",
    ),
    Alert(
        name="AIDiscoverySourceUnreadable",
        expr="""\
max by (job, instance, vantage, source) (max_over_time(aiprobe_discovery_up[15m])) == 0
""",
        severity="warning",
        scope="meta",
        waits="1m",
        keeps="5m",
        summary="Source of discovered targets not readable",
        description="""\
{{ $labels.instance }} has read {{ $labels.source }} in vain for 15 minutes or more and ran on with its last good answer.
""",
        first="""\
First run aiprobe check --discover: it names the reason.
""",
        board="self",
    ),
    Alert(
        name="AIBudgetExhausted",
        expr="""\
sum by (job, instance, vantage) (increase(aiprobe_skipped_total{reason="budget"}[15m])) > 0
""",
        severity="warning",
        scope="meta",
        waits="0s",
        keeps="20m",
        summary="Probes skipped without budget",
        description="""\
{{ $labels.instance }} skipped {{ $value | printf "%.0f" }} probes in 15 minutes because the day's budget was exhausted; chat targets fall back to listing models.
""",
        first="""\
First check which targets cost most, then raise budget.usd_per_day or lengthen intervals. The day ends at 00:00 UTC.
""",
        board="self",
    ),
    Alert(
        name="AIClockworkLagging",
        expr="""\
histogram_quantile(0.99, sum by (job, instance, vantage, le) (rate(aiprobe_event_loop_lag_seconds_bucket[15m]))) > 0.25
or
histogram_quantile(0.99, sum by (job, instance, vantage, le) (rate(aiprobe_scheduler_lag_seconds_bucket[15m]))) > 0.25
""",
        severity="warning",
        scope="meta",
        waits="15m",
        keeps="15m",
        summary="aiprobe exporter too busy to trust its latencies",
        description="""\
{{ $labels.instance }} woke or started probes {{ $value | humanizeDuration }} late in the last 15 minutes (99th percentile): its measured latencies are
too long by as much.
""",
        first="""\
First give it more CPU, or spread the targets over shards.
""",
        board="self",
    ),
    Alert(
        name="AIJournalDown",
        expr="""\
max by (job, instance, vantage) (max_over_time(aiprobe_journal_up[5m])) == 0
""",
        severity="warning",
        scope="meta",
        waits="5m",
        keeps="10m",
        summary="Journal of an aiprobe exporter not writable",
        description="""\
{{ $labels.instance }} could not write its journal for 5 minutes: evidence, contracts and the spending of the day would be lost at a restart.
""",
        first="""\
First check the disk.
""",
        board="self",
    ),
    Alert(
        name="AIProbeInternalError",
        expr="""\
sum by (TARGET) (increase(aiprobe_results_total{outcome="internal_error"}[15m])) > 0.5
""",
        by="TARGET",
        severity="warning",
        scope="meta",
        waits="0s",
        keeps="15m",
        summary="Probe broken by a bug in aiprobe",
        description="""\
probes of {{ $labels.target }} ended in a bug of aiprobe, not of the service, in the last 15 minutes.
""",
        first="""\
First find the traceback in the exporter's log and report it.
""",
        board="self",
    ),
)
