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
        summary="The alerting of aiprobe works",
        description="""\
Fires always. Route it to a dead man's switch: when this stops arriving there, the alerting itself is broken.
""",
        board="self",
        of_provider=False,
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
        summary="The probers have no way out to the Internet",
        description="""\
Every egress check fails in {{ $value }} vantage(s), more than half of all: it is us, not the providers. Alerts on services are held
back, also of those that need no Internet. First check our own network: uplink, DNS, proxy, firewall.
""",
        board="wall",
        of_provider=False,
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
        summary="One vantage has no way out to the Internet",
        description="""\
Every egress check of vantage {{ $labels.vantage }} fails; the others go on. What it sees of the services does not count until then. First
check the network of that vantage.
""",
        board="wall",
        of_provider=False,
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
        summary="An aiprobe exporter is down",
        description="""\
Prometheus cannot scrape {{ $labels.instance }}: its targets are not watched. First look whether the process runs, then at its log.
""",
        board="self",
        of_provider=False,
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
        summary="Prometheus knows no aiprobe exporter at all",
        description="""\
There is no scrape target with job="aiprobe": nothing is watched. First look at Prometheus' service discovery, and whether the exporter
was deployed under another job name.
""",
        board="self",
        of_provider=False,
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
        summary="A target is no longer there",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}) was exported an hour ago and is not now. If somebody removed it from the configuration, this ends
within the hour; if not, an exporter or a shard is gone. First compare with the configuration.
""",
        board="self",
        of_provider=False,
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
        summary="Most targets are no longer there",
        description="""\
{{ $value }} SLOs that were exported an hour ago are not now, more than half of all: most services are not watched. First look whether an
exporter was deleted, or a configuration rolled out that lacks them.
""",
        board="self",
        of_provider=False,
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
        summary="All targets of a vantage are gone",
        description="""\
An hour ago {{ $value }} targets were probed from vantage {{ $labels.vantage }}, now none is. First look whether its exporter was deleted.
""",
        board="self",
        of_provider=False,
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
        summary="A target is not probed",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}) should have been probed from {{ $labels.vantage }} three times over, and was not
({{ $value | humanizeDuration }}). First look at the exporter's log and at how late its scheduler is.
""",
        board="self",
        of_provider=False,
        comment="""\
Freshness is the age of the last run: a window can be empty because all in it was excluded. Skipped for want of budget
or out of patience is not missing; those have alerts of their own.
A stand-in is only asked while the budget is gone: nothing is missing when its target is asked again.
""",
    ),
)
