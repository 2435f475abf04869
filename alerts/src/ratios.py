"""The recorded series of service level objectives, under the names of Sloth."""

from collections.abc import Sequence
from typing import Final

from alerts.src.rule import Record


def _named(series: str) -> str:
    """Return `series`, which has the labels target, provider and slo, with the labels of Sloth added."""
    return f"""\
label_join(label_join(label_replace(
  {series},
  "sloth_service", "$1", "provider", "(.*)"), "sloth_slo", "-", "target", "slo"), "sloth_id", "-", "target", "slo")
"""


def _counts(window: str) -> tuple[Record, Record]:
    """Return valid and bad events of a window, per vantage."""

    def events(verdict: str) -> str:
        chosen = f"aiprobe_slo_events_total{{verdict{verdict}}}[{window}]"
        return _named(f"sum by (TARGET, vantage, slo) (increase({chosen}))")

    valid = f"aiprobe:slo_valid:increase{window}"
    return (
        Record(valid, events('=~"good|bad"')),
        Record(f"aiprobe:slo_bad:increase{window}", events('="bad"') + f"or {valid} * 0\n"),
    )


def _ratio(window: str) -> Record:
    """Return the ratio of bad events of a window, over all vantages."""
    bad, valid = (f"sum by (SLO) (aiprobe:slo_{which}:increase{window})" for which in ("bad", "valid"))
    return Record(f"slo:sli_error:ratio_rate{window}", f"{bad}\n/\n({valid} > 0)\n", {"sloth_window": window})


def counts(*windows: str) -> list[Record]:
    """Return `_counts` of each window."""
    return [record for window in windows for record in _counts(window)]


def ratios(*windows: str) -> list[Record]:
    """Return `_ratio` of each window."""
    return [_ratio(window) for window in windows]


def _seldom(window: str, interval: str) -> str:
    """Return refusals and wrong answers in `window` of the targets whose interval fits."""
    return f"""\
(
  sum by (TARGET, vantage, outcome) (increase(aiprobe_results_total{{{_REFUSED}}}[{window}]))
  and on (TARGET, vantage) max by (TARGET, vantage) (aiprobe_interval_seconds) {interval}
  unless on (TARGET, vantage) max by (TARGET, vantage) (max_over_time(aiprobe_maintenance[{window}])) == 1
)
"""


_REFUSED: Final = (
    'attempt="scheduled",outcome=~"rate_limited|auth|quota_exhausted|not_found|wrong_answer|content_filtered"'
)

FACTS: Final[Sequence[Record]] = (
    Record("slo:objective:ratio", _named("max by (TARGET, slo) (aiprobe_slo_objective_ratio)")),
    Record(
        "slo:error_budget:ratio",
        """\
1 - slo:objective:ratio
""",
    ),
    Record("slo:time_period:days", _named("max by (TARGET, slo) (aiprobe_slo_period_seconds) / 86400")),
    Record(
        "sloth_slo_info",
        """\
slo:objective:ratio * 0 + 1
""",
        labels={"sloth_mode": "aiprobe", "sloth_spec": "aiprobe", "sloth_version": "aiprobe"},
    ),
    Record("aiprobe:slo_budget:ratio", "1 - " + _named("max by (TARGET, vantage, slo) (aiprobe_slo_objective_ratio)")),
    Record(
        "aiprobe:interval:seconds",
        """\
max by (TARGET, vantage) (aiprobe_interval_seconds)
""",
    ),
)

SHORT: Final = Record(
    "aiprobe:slo_error:short",
    """\
(
  (aiprobe:slo_bad:increase5m / (aiprobe:slo_valid:increase5m > 0))
  unless on (TARGET, vantage) aiprobe:interval:seconds >= 100
)
or
aiprobe:slo_bad:increase15m / (aiprobe:slo_valid:increase15m > 0)
""",
    comment="""\
"Still failing": 5 minutes, or 15 for targets that are probed less often than every 100 s, because 5 minutes can contain
no probe of these. The same applies if a back-off left the 5 minutes empty.
""",
)

HOUR: Final[Sequence[Record]] = (
    Record(
        "slo:sli_bad:increase1h",
        """\
sum by (SLO) (aiprobe:slo_bad:increase1h)
""",
    ),
    Record(
        "slo:sli_valid:increase1h",
        """\
sum by (SLO) (aiprobe:slo_valid:increase1h)
""",
    ),
    Record(
        "slo:current_burn_rate:ratio",
        """\
slo:sli_error:ratio_rate5m
/ on (SLO) group_left ()
(slo:error_budget:ratio > 0)
""",
    ),
)

SELDOM: Final = Record(
    "aiprobe:seldom_results:increase",
    "or\n".join(
        (
            _seldom("2h", ">= 600 < 2400"),
            _seldom("6h", ">= 2400 < 7200"),
            _seldom("1d", ">= 7200 < 28800"),
            _seldom("4d", ">= 28800"),
        )
    ),
    comment="""\
Windows of the alerts on refusals and wrong answers for targets with too few probes in half an hour: they contain three to
twelve probes. Two or three of so few are more than one in ten.
""",
)

PERIOD: Final[Sequence[Record]] = (
    Record(
        "slo:sli_error:ratio_rate30d",
        """\
sum_over_time(slo:sli_bad:increase1h[30d:1h])
/
(sum_over_time(slo:sli_valid:increase1h[30d:1h]) > 0)
""",
        labels={"sloth_window": "30d"},
        comment="""\
Weighted by count: 720 hourly counts, not a mean of ratios. An hour without valid probes has no weight.
""",
    ),
    Record(
        "slo:period_burn_rate:ratio",
        """\
slo:sli_error:ratio_rate30d
/ on (SLO) group_left ()
(slo:error_budget:ratio > 0)
""",
    ),
    Record(
        "slo:period_error_budget_remaining:ratio",
        """\
1 - slo:period_burn_rate:ratio
""",
    ),
)
