"""Alerts on the exporter itself: its configuration, budget, clockwork and journal."""

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
        summary="The labels of aiprobe are overwritten by Prometheus",
        description="""\
{{ $value }} targets carry exported_ labels: the scrape job or ServiceMonitor lacks honor_labels, and the rules see wrong providers and targets.
First set honor_labels: true (ServiceMonitor: honorLabels: true).
""",
        board="self",
        of_provider=False,
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
        summary="An aiprobe exporter did not accept its configuration",
        description="""\
{{ $labels.instance }} runs on with its old configuration. First run aiprobe check on the file: it names every problem with its line.
""",
        board="self",
        of_provider=False,
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
        summary="The probe budget of the day is spent, so we are half blind",
        description="""\
{{ $labels.instance }} skipped {{ $value | printf "%.0f" }} probes in 15 minutes because the day's money is gone; chat targets fall back to listing models.
First see what cost so much, then raise budget.usd_per_day or lengthen intervals. The day ends at 00:00 UTC.
""",
        board="self",
        of_provider=False,
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
        summary="An aiprobe exporter is too busy to trust its latencies",
        description="""\
{{ $labels.instance }} wakes or starts probes {{ $value | humanizeDuration }} late (99th percentile): what it says about first tokens is wrong by as much.
First give it more CPU, or spread the targets over shards.
""",
        board="self",
        of_provider=False,
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
        summary="An aiprobe exporter cannot write its journal",
        description="""\
{{ $labels.instance }} keeps no record: evidence, contracts and the spend of the day are lost at its next restart. First look at the disk.
""",
        board="self",
        of_provider=False,
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
        summary="A bug in aiprobe broke a probe",
        description="""\
Probes of {{ $labels.target }} ended in a bug of aiprobe, not of the service. First find the traceback in the exporter's log and report it.
""",
        board="self",
        of_provider=False,
    ),
)
