"""The reference page of all metrics, docs/metrics.md, written from the catalogue; a test holds the file current."""

from collections.abc import Iterable
from typing import Final

from aiprobe.core.kind import PHASES
from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.core.outcomes import Outcome
from aiprobe.core.statuspage import PROBLEMS
from aiprobe.metrics import catalogue
from aiprobe.metrics.metric import Kind, Metric

_LABEL_VALUES: Final[tuple[tuple[str, Iterable[str]], ...]] = (
    ("outcome", Outcome),
    ("attempt", ("scheduled", "confirm")),
    ("phase", PHASES),
    ("slo", catalogue.SLOS),
    ("verdict", catalogue.EVENT_VERDICTS),
    ("reason", catalogue.SKIP_REASONS),
    ("problem", PROBLEMS),
)

_INTRODUCTION: Final = """\
# Metrics

Generated from `aiprobe.metrics.catalogue` by `render_reference()`; edit the catalogue, not this page.

`/metrics` sends OpenMetrics 1.0.0 on request, and otherwise the text format 0.0.4. Both are compressed with gzip on
request. In OpenMetrics, `aiprobe_results_total` and the histogram buckets of a target have exemplars with the
provider's request id, also for failures.

## When a series exists

- Counters start at 0 with each process. A new counter series, such as a new outcome, is 0 in the first whole scrape
  and has its value from the next scrape on. Otherwise `increase()` would not count its first event. aiprobe does not
  distinguish scrapers, so the second of two Prometheus servers can miss that 0. `/probe` shows every counter
  unchanged.
- A histogram has series from its first observation on. It contains only scheduled probes that ended ok: no failed
  probes and no follow-ups.
- A gauge of the last probe (marked *fades*) is absent if the last run is older than three intervals: silence is never
  green. A cancelled probe changes no gauge.
- A probe by `/probe` counts as a scheduled one, because it shares the result of its interval.
- The series of a removed target are absent from the next scrape on. A reload that changes an identity label of a
  target makes it another target, whose counters begin at 0.
- A chat target with two SLOs and without reasoning has at most 120 series for up to ten different failures.
"""


def render() -> str:
    """Return the text of docs/metrics.md."""
    identity = ", ".join(f"`{label}`" for label in IDENTITY_LABELS)
    values = "\n".join(
        f"| `{label}` | {', '.join(f'`{value}`' for value in closed)} |" for label, closed in _LABEL_VALUES
    )
    resources = "`requests`, `tokens`, `input_tokens`, `output_tokens`, `images`, `credits`"
    process = ", ".join(f"`{name}`" for name, _ in catalogue.PROCESS_METRICS)
    return f"""{_INTRODUCTION}
## Metrics of every target

Every series has the labels {identity} (empty if one does not apply), and those in the table.
`target_info` has the labels of the configuration as well.

{_table(catalogue.TARGET_METRICS)}
Label values are closed sets:

| label | values |
|---|---|
{values}
| `resource` | {resources}; also with `_second`, `_minute`, `_hour`, `_day`, `_month` or `_usage_based` |

## Metrics of the exporter

The label `vantage` is on every series where the configuration sets it.

{_table(catalogue.EXPORTER_METRICS)}
## Of the process

Of the Prometheus client library, on Linux, without prefix or label: {process}.
"""


def _table(metrics: Iterable[Metric]) -> str:
    rows = "".join(f"{_row(metric)}\n" for metric in metrics)
    return f"| name | type | labels | unit | meaning |\n|---|---|---|---|---|\n{rows}"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    meaning = metric.help
    if metric.kind is Kind.HISTOGRAM:
        meaning += f" Buckets: {' '.join(f'{bound:g}' for bound in metric.buckets)}."
    if metric.fades:
        meaning += " *fades*"
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.unit.replace('_', ' ')} | {meaning} |"
