"""The series that alerts on outages are computed from, per vantage."""

from collections.abc import Sequence
from typing import Final

from alerts.src.rule import Record

EVIDENCE: Final[Sequence[Record]] = (
    Record(
        "aiprobe:egress_down:vantage",
        """\
max by (vantage) (aiprobe_egress_up) == 0
unless on (vantage) aiprobe_egress_contradicted == 1
""",
        comment="""\
Unless targets on the Internet answer: then only the hosts of the checks are out of reach.
""",
    ),
    Record(
        "aiprobe:egress_down:quorum",
        """\
count(aiprobe:egress_down:vantage) > 0.5 * count(count by (vantage) (aiprobe_egress_up))
""",
    ),
    Record(
        "aiprobe:alerts:frozen",
        """\
ALERTS{alertname=~"AI.+",alertstate="firing",scope=~"provider|surface|model"}
and on () aiprobe:egress_down:quorum
""",
        comment="""\
Our alerts are told from other people's by how their names begin, and by nothing else.
pint disable promql/regexp
""",
    ),
    Record(
        "aiprobe:maintenance:vantage",
        """\
max by (TARGET, vantage) (aiprobe_maintenance) == 1
""",
        comment="""\
Whatever a target in maintenance shows, it is silent.
""",
    ),
    Record(
        "aiprobe:maintenance:surface",
        """\
count by (provider, surface, provider_region, vantage) (aiprobe:maintenance:vantage)
== count by (provider, surface, provider_region, vantage) (aiprobe_interval_seconds)
""",
        comment="""\
Surfaces of which every target is in maintenance.
""",
    ),
    Record(
        "aiprobe:maintenance:recent",
        """\
max by (TARGET) (max_over_time(aiprobe_maintenance[30m])) == 1
""",
        comment="""\
For what is counted over the last 15 or 30 minutes: it may have happened in a maintenance that has ended since.
""",
    ),
    Record(
        "aiprobe:excluded_only:vantage",
        """\
(
  (
    (sum by (TARGET, vantage) (increase(aiprobe_slo_events_total{slo="availability",verdict="excluded"}[10m])) > 1.5)
    unless on (TARGET, vantage) max by (TARGET, vantage) (aiprobe_interval_seconds) >= 100
    unless on (TARGET, vantage) sum by (TARGET, vantage) (increase(aiprobe_slo_events_total{slo="availability",verdict=~"good|bad"}[10m])) > 0
    unless on (TARGET, vantage) max by (TARGET, vantage) (max_over_time(aiprobe_maintenance[10m])) == 1
  )
  or
  (
    (sum by (TARGET, vantage) (increase(aiprobe_slo_events_total{slo="availability",verdict="excluded"}[1h])) > 1.5)
    and on (TARGET, vantage) max by (TARGET, vantage) (aiprobe_interval_seconds) >= 100
    unless on (TARGET, vantage) sum by (TARGET, vantage) (increase(aiprobe_slo_events_total{slo="availability",verdict=~"good|bad"}[1h])) > 0
    unless on (TARGET, vantage) max by (TARGET, vantage) (max_over_time(aiprobe_maintenance[1h])) == 1
  )
  or
  (
    (sum by (TARGET, vantage) (aiprobe_slo_events_total{slo="availability",verdict="excluded"}) >= 2)
    and on (TARGET, vantage) max by (TARGET, vantage) (aiprobe_interval_seconds) >= 1200
    unless on (TARGET, vantage) aiprobe_state
    unless on (TARGET, vantage) (
      time() - max by (TARGET, vantage) (aiprobe_last_run_timestamp_seconds)
      >= 3 * max by (TARGET, vantage) (aiprobe_interval_seconds)
    )
  )
)
unless on (TARGET, vantage) aiprobe:maintenance:vantage
unless on (vantage) aiprobe:egress_down:vantage
""",
        comment="""\
Targets that are asked, and tell nothing about the service: 10 minutes, or an hour for those asked less often than
every 100 s. Of the slowest an hour holds one probe or none: from 20 minutes on it is the exporter that knows when two
in a row were excluded, for then the state is gone. It is gone also before the first valid probe, hence two at least
since the start of the process, and once the last run is three intervals old.
""",
    ),
    Record(
        "aiprobe:consecutive_failures:vantage",
        """\
max by (TARGET, vantage) (aiprobe_consecutive_failures)
unless on (TARGET, vantage) aiprobe:excluded_only:vantage
unless on (TARGET, vantage) aiprobe:maintenance:vantage
unless on (vantage) aiprobe:egress_down:vantage
""",
        comment="""\
An excluded result leaves the gauge as it is, so it may speak of long ago.
""",
    ),
    Record(
        "aiprobe:state:vantage",
        """\
max by (TARGET, vantage) (aiprobe_state)
unless on (TARGET, vantage) aiprobe:excluded_only:vantage
unless on (TARGET, vantage) aiprobe:maintenance:vantage
unless on (vantage) aiprobe:egress_down:vantage
""",
        comment="""\
The exporter decides: 3 after three failures in a row that persist for 40 s, 2 as soon as its suspicion is certain. So the
wall, the incidents and the pages agree.
""",
    ),
    Record(
        "aiprobe:model_down:quorum",
        """\
count by (TARGET) (aiprobe:state:vantage >= 3)
> 0.5 * count by (TARGET) (aiprobe:state:vantage)
""",
    ),
    Record(
        "aiprobe:model_impaired:quorum",
        """\
count by (TARGET) (aiprobe:state:vantage >= 2)
> 0.5 * count by (TARGET) (aiprobe:state:vantage)
""",
    ),
    Record(
        "aiprobe:fresh_failures:vantage",
        """\
(aiprobe:consecutive_failures:vantage >= 1)
unless on (TARGET, vantage) (time() - max by (TARGET, vantage) (aiprobe_failing_since_timestamp_seconds) >= 600)
""",
        comment="""\
Failures that are fresh: they began less than ten minutes ago. One failure of an hourly target counts for ten minutes, not
for the hour until it is asked again.
""",
    ),
    Record(
        "aiprobe:provider_down:vantage",
        """\
(count by (provider, vantage) (aiprobe:consecutive_failures:vantage >= 1) >= 2)
and (count by (provider, vantage) (aiprobe:consecutive_failures:vantage >= 1) >= 0.5 * count by (provider, vantage) (aiprobe:consecutive_failures:vantage))
and (
  (count by (provider, vantage) (aiprobe:consecutive_failures:vantage >= 2) >= 2)
  or
  (count by (provider, vantage) (aiprobe:fresh_failures:vantage) >= 2)
  and (sum by (provider, vantage) (clamp_max(aiprobe:fresh_failures:vantage, 2)) >= 3)
  or
  (
    count by (provider, vantage) (
      aiprobe:fresh_failures:vantage
      and on (TARGET, vantage) (timestamp(aiprobe_last_run_timestamp_seconds) - aiprobe_last_run_timestamp_seconds >= 12)
    )
    == count by (provider, vantage) (aiprobe:consecutive_failures:vantage)
  )
)
""",
        comment="""\
Half of a provider's targets or more, and at least two, fail at once. Two of them twice, or three failures that are
fresh: one target that broke long ago and one flake of another are no outage. Or all of them, be they two that each
failed once, and no good answer came for twelve seconds: where a probe hangs there is no room to confirm it.
""",
    ),
)
