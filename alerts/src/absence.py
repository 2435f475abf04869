"""Alerts on what is not there: egress, exporters, vantages, targets, fresh data."""

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
this alert fires, as it always does. Route it to a dead man's switch: when this stops arriving there, the alerting itself is broken.
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
every egress check fails in {{ $value }} vantage(s), more than half of all: it is us, not the providers. Alerts on services are held
back, also of those that need no Internet.
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
every egress check of vantage {{ $labels.vantage }} fails; the others go on. What it sees of the services does not count until then. First
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
more than half of the scrapes of {{ $labels.instance }} failed in the last 4 minutes: its targets are not watched meanwhile.
""",
        first="""\
First look whether the process runs, then at its log.
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
there is no scrape target with job="aiprobe": nothing is watched.
""",
        first="""\
First look at Prometheus' service discovery, and whether the exporter
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
{{ $labels.target }} ({{ $labels.provider }}) is not exported, and was an hour before. If somebody removed it from the configuration, this ends
within the hour; if not, an exporter or a shard is gone.
""",
        first="""\
First compare with the configuration.
""",
        board="self",
        comment="""\
By its id, which is of target and SLO alone: one whose model or surface is edited is another series, and is probed on.
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
{{ $value }} SLOs that were exported an hour before are not, more than half of all: most services are not watched.
""",
        first="""\
First look whether an
exporter was deleted, or a configuration rolled out that lacks them.
""",
        board="self",
    ),
    Alert(
        name="AIVantageVanished",
        expr="""\
(count by (vantage) (aiprobe_interval_seconds offset 1h))
unless
count by (vantage) (aiprobe_interval_seconds)
""",
        severity="warning",
        scope="meta",
        waits="10m",
        keeps="5m",
        summary="All targets of a vantage gone",
        description="""\
no target is probed from vantage {{ $labels.vantage }}, and an hour before {{ $value }} were.
""",
        first="""\
First look whether its exporter was deleted.
""",
        board="self",
        comment="""\
A deleted pod takes its `up` with it; absent() sees nothing while another exporter lives.
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
First look at the exporter's log and at how late its scheduler is.
""",
        board="self",
        comment="""\
Freshness is the age of the last run: a window can be empty because all in it was excluded. Skipped for want of budget
or out of patience is not missing; those have alerts of their own.
A stand-in is only asked while the budget is gone: nothing is missing when its target is asked again.
""",
    ),
)
