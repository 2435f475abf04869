"""A model that fails again and again, and is not down."""

from typing import Final

from alerts.src.rule import Alert, Record


def _failed(window: str) -> Record:
    return Record(
        f"aiprobe:failed_attempts:increase{window}",
        f"""\
sum by (TARGET, vantage) (increase(aiprobe_slo_events_total{{slo="availability",verdict="bad"}}[{window}]))
+ on (TARGET, vantage) (
  sum by (TARGET, vantage) (increase(aiprobe_results_total{{attempt="confirm",outcome=~"BAD"}}[{window}]))
  or
  aiprobe:interval:seconds * 0
)
""",
        comment=_FAILED if window == "10m" else "",
    )


_FAILED: Final = """\
Failed attempts, confirmations of a first failure among them: evidence for a brown-out, no ratio. The outcomes are those
whose verdict is bad.
"""

BROWN_OUT: Final[tuple[Record | Alert, ...]] = (
    _failed("10m"),
    _failed("30m"),
    Alert(
        name="AIModelBrownOut",
        expr="""\
count by (SLO) (
  (
    (
      (aiprobe:slo_bad:increase15m{slo="availability"} / (aiprobe:slo_valid:increase15m > 0) > 20 * aiprobe:slo_budget:ratio)
      and on (TARGET, vantage) (aiprobe:failed_attempts:increase10m > 2.5)
      or
      (aiprobe:slo_bad:increase30m{slo="availability"} / (aiprobe:slo_valid:increase30m > 0) > 15 * aiprobe:slo_budget:ratio)
      and on (TARGET, vantage) (aiprobe:failed_attempts:increase30m > 3.5)
    )
    and (aiprobe:slo_error:short > 0)
    unless on (TARGET, vantage) max by (TARGET, vantage) (max_over_time(aiprobe_consecutive_failures[30m])) >= 3
    or
    (aiprobe:slo_bad:increase5m{slo="availability"} > 0.5)
    and on (TARGET) ALERTS{alertname="AIModelDown",alertstate="firing"}
    unless on (TARGET, vantage) max by (TARGET, vantage) (max_over_time(aiprobe_consecutive_failures[5m])) >= 3
    or
    (aiprobe:slo_bad:increase15m{slo="availability"} > 0.5)
    and on (TARGET) ALERTS{alertname="AIModelBrownOut",alertstate="firing"}
  )
  unless on (vantage) aiprobe:egress_down:vantage
)
> 0.5 * count by (SLO) (aiprobe:slo_error:short{slo="availability"} unless on (vantage) aiprobe:egress_down:vantage)
""",
        frozen_by="SLO",
        severity="critical",
        scope="model",
        waits="0s",
        keeps="10m",
        labels={"sloth_severity": "page"},
        summary="An AI model fails again and again",
        description="""\
{{ $labels.target }} ({{ $labels.provider }}, {{ $labels.surface }}) answers some requests and fails others: at least 3 times in 10
minutes or 4 times in 30. Seen from {{ $value }} vantage(s). First see which outcomes
these are; where users retry, lower their concurrency; where there is a second model, shift traffic.
""",
        board="provider",
        status_page=True,
        comment="""\
The textbook's fastest window needs 5 failures of 60 at an objective of 99.5 %: a brown-out of 20 % takes 24
probes to get there. Three failed attempts of 10 minutes or four of 30 take 12, with a false page in four years at
0.2 % flakes. The failures of an outage are not counted once more as a brown-out after it; but where the model fails
anew while its page is still open, the brown-out takes the page over, and holds it until there was no failure for 15
minutes: one page for one trouble.
""",
    ),
)
