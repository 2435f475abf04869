"""The recorded series, per vantage, of the alerts on outages."""

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
Not if targets on the Internet answer: then only the hosts of the checks are unreachable.
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
Only the prefix of their names distinguishes our alerts from others.
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
Targets with excluded results only: for 10 minutes, or for an hour if probed less often than every 100 s. From an interval
of 20 minutes on, an hour contains too few probes. The rule then uses the exporter's state, which is absent after two
excluded results in a row. The state is also absent before the first valid probe, so the rule requires two excluded
results since the start of the process. It is also absent if the last run is three intervals old.
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
An excluded result does not change the gauge, so its value can be old.
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
The exporter decides: 3 after three failures in a row that span 40 s, or up to 90 s for a target with a past of blips; 2 as
soon as its suspicion is certain. The wall, the incidents and the pages therefore agree.
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
Recent failures: they began less than ten minutes ago. One failure of an hourly target counts for ten minutes, not for the
hour until its next probe.
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
Half of a provider's targets or more, and at least two, fail at once, and one of these is true:
- two of them failed twice;
- they have three recent failures, at least two of them in different targets: an old failure of one target and one flake
  of another are not an outage;
- all of them failed at least once, and no good answer came for twelve seconds: a hanging probe leaves no time for
  follow-ups.
""",
    ),
)
