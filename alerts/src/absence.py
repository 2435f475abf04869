"""Alerts on missing things: egress, exporters, vantages, targets, recent data."""

from collections.abc import Sequence
from typing import Final

from alerts.src.rule import Alert

ABSENCE: Final[Sequence[Alert]] = (
    Alert(
        name="AIWatchdog",
        expr="""\
vector(1)
""",
        severity="none",
        scope="meta",
        waits="0s",
        summary="Sign of life of aiprobe's alerting",
        description="""\
this alert always fires. Route it to a dead man's switch: if it stops arriving there, the alerting itself is broken.
""",
        first="",
        board="self",
        comment="""\
It has no condition on purpose.
pint disable alerts/comparison
""",
    ),
    Alert(
        name="AIProbeEgressFailure",
        expr="""\
aiprobe:egress_down:quorum > 0
""",
        severity="critical",
        scope="global",
        waits="90s",
        keeps="2m",
        summary="No way out to the Internet from most vantages",
        description="""\
every egress check fails in {{ $value }} vantage(s), more than half of all: it is us, not the providers. Alerts on services are
inhibited, also of those that need no Internet.
""",
        first="""\
First check our own network: uplink, DNS, proxy, firewall.
""",
        board="wall",
    ),
    Alert(
        name="AIVantageEgressFailure",
        expr="""\
aiprobe:egress_down:vantage unless on () aiprobe:egress_down:quorum
""",
        severity="warning",
        scope="meta",
        waits="2m",
        keeps="5m",
        summary="No way out to the Internet from one vantage",
        description="""\
every egress check of vantage {{ $labels.vantage }} fails; the other vantages continue. Its results do not count until egress works. First
check the network of that vantage.
""",
        first="",
        board="wall",
    ),
    Alert(
        name="AIExporterDown",
        expr="""\
avg_over_time(up{job="aiprobe"}[4m]) < 0.5
""",
        severity="critical",
        scope="meta",
        waits="1m",
        keeps="5m",
        summary="Failed scrapes of an aiprobe exporter",
        description="""\
more than half of the scrapes of {{ $labels.instance }} failed in the last 4 minutes: its targets are not monitored.
""",
        first="""\
First check whether the process runs, then read its log.
""",
        board="self",
    ),
    Alert(
        name="AIExporterAbsent",
        expr="""\
absent(up{job="aiprobe"})
""",
        severity="critical",
        scope="meta",
        waits="5m",
        keeps="5m",
        summary="No aiprobe exporter in Prometheus",
        description="""\
there is no scrape target with job="aiprobe": nothing is monitored.
""",
        first="""\
First check Prometheus' service discovery, and whether the exporter
was deployed under another job name.
""",
        board="self",
    ),
    Alert(
        name="AITargetVanished",
        expr="""\
slo:objective:ratio offset 1h
unless on (sloth_id) slo:objective:ratio
""",
        by="SLO",
        severity="warning",
        scope="meta",
        waits="10m",
        keeps="5m",
        summary="Target gone",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}) is not exported, but was an hour before. If it was removed from the configuration, this ends
within the hour. Otherwise an exporter or a shard is missing.
""",
        first="""\
First compare with the configuration.
""",
        board="self",
        comment="""\
Compared by its id, which contains only target and SLO: after an edit of model or surface the target is still probed.
""",
    ),
    Alert(
        name="AITargetVanished",
        expr="""\
count(slo:objective:ratio offset 1h unless on (sloth_id) slo:objective:ratio)
> 0.5 * count(slo:objective:ratio offset 1h)
""",
        severity="critical",
        scope="meta",
        waits="10m",
        keeps="5m",
        summary="Most targets gone",
        description="""\
{{ $value }} SLOs are not exported that were an hour before, more than half of all: most services are not monitored.
""",
        first="""\
First check whether an
exporter was deleted, or a configuration without them was rolled out.
""",
        board="self",
    ),
    Alert(
        name="AIVantageVanished",
        expr="""\
(count by (vantage) (aiprobe_interval_seconds{provider!="aiprobe-drill"} offset 1h))
unless
count by (vantage) (aiprobe_interval_seconds)
""",
        severity="warning",
        scope="meta",
        waits="10m",
        keeps="5m",
        summary="All targets of a vantage gone",
        description="""\
no target is probed from vantage {{ $labels.vantage }}; an hour before, {{ $value }} were.
""",
        first="""\
First check whether its exporter was deleted.
""",
        board="self",
        comment="""\
The targets of `aiprobe drill` have a vantage of their own and no objective, so its end is silent.
With a deleted pod its `up` also disappears, and absent() is empty while another exporter runs.
""",
    ),
    Alert(
        name="AIProbeDataMissing",
        expr="""\
(
  (
    time() - max by (TARGET, vantage) (aiprobe_last_run_timestamp_seconds{target!~".+:models"})
    > 3 * max by (TARGET, vantage) (aiprobe_interval_seconds)
  )
  unless on (TARGET, vantage) sum by (TARGET, vantage) (increase(aiprobe_skipped_total{reason=~"budget|backoff"}[15m])) > 0
)
or
(
  max by (TARGET, vantage) (
    3 * aiprobe_interval_seconds
    < on (job, instance) group_left ()
    (time() - process_start_time_seconds{job="aiprobe"})
  )
  unless on (TARGET, vantage) max by (TARGET, vantage) (aiprobe_last_run_timestamp_seconds)
  unless on (TARGET, vantage) sum by (TARGET, vantage) (increase(aiprobe_skipped_total{reason=~"budget|backoff"}[15m])) > 0
)
""",
        by="TARGET, vantage",
        severity="warning",
        scope="meta",
        waits="5m",
        keeps="5m",
        summary="Target not probed",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}) was not probed from {{ $labels.vantage }} for three of its intervals or more.
""",
        first="""\
First read the exporter's log and check the lag of its scheduler.
""",
        board="self",
        comment="""\
The alert uses the age of the last run, because a window can be empty if all its events were excluded. Skipped probes
(budget, back-off) are not missing; they have other alerts.
A fallback runs only while the budget is exhausted: it is not missing when its target is probed again.
""",
    ),
)
