"""The file `slo.rules.yml`."""

from typing import Final

from alerts.src import burns, ratios
from alerts.src.rule import File, Group, Record

_MINUTES: Final = Group(
    "aiprobe-slo",
    (
        *ratios.FACTS,
        *ratios.counts("5m", "15m", "30m", "1h"),
        ratios.SHORT,
        *ratios.ratios("5m", "30m", "1h"),
        *ratios.HOUR,
        burns.page(burns.HOUR),
    ),
)
_HOURS: Final = Group(
    "aiprobe-slo-hours",
    (
        *ratios.counts("2h", "6h"),
        *ratios.ratios("2h", "6h"),
        burns.page(burns.HOURS),
        burns.latency(burns.HOURS),
    ),
    "1m",
)
_DAYS: Final = Group(
    "aiprobe-slo-days",
    (
        *ratios.counts("1d", "3d"),
        *ratios.ratios("1d", "3d"),
        ratios.SELDOM,
        *ratios.PERIOD,
        burns.ticket(burns.DAY),
        burns.ticket(burns.DAYS),
        burns.latency(burns.DAYS),
        burns.EXHAUSTED,
    ),
    "5m",
)
_GROUPS: Final = Group(
    "aiprobe-groups",
    (
        Record(
            "aiprobe:group_up",
            """\
max by (group, vantage) (
  aiprobe_group_member
  * on (target, vantage) group_left ()
  max by (target, vantage) (aiprobe_state <= bool 1)
)
""",
            comment="""\
Whether any target of a group serves, over all shards. aiprobe_group_up is the same where one shard probes them all.
""",
        ),
        Record(
            "aiprobe:provider_down",
            """\
(
  max by (provider) (aiprobe_surface_state)
  - (max by (provider) (aiprobe_surface_state) == bool 3) * (min by (provider) (aiprobe_surface_state) < bool 2)
) >= bool 2
""",
            comment="""\
1 while a provider has a partial or major outage, over its surfaces and all vantages, else 0: what months are counted of.
""",
        ),
        *(
            Record(
                "aiprobe:group_availability:ratio", f"avg_over_time(aiprobe:group_up[{window}])\n", {"window": window}
            )
            for window in ("1h", "1d", "30d")
        ),
    ),
    "1m",
)
FILE: Final = File(
    "slo",
    """\
Service level objectives: the recorded series, and the alerts on burnt error budget.

Static: the exporter exposes each target's objective, so a new target changes nothing here. Two layers:
  aiprobe:slo_*   per target, SLO and vantage. The alerts are computed on these and then need a quorum of vantages.
  slo:*           sums over vantages under the names of Sloth, for its public dashboards. For display.
Valid events are good or bad, always. A window without a valid event has no series: neither 0 nor NaN.
increase() extrapolates to the edges of its window, so a floor of n events is written n - 0.5.
Costs per target with two SLOs are in docs/alerting.md.

Every alert states its `for`, also 0s: it is a decision, not an omission.
pint file/disable alerts/for
""",
    (_MINUTES, _HOURS, _DAYS, _GROUPS),
)
