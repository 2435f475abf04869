"""The reference page of all metrics, docs/metrics.md, written from the catalogue; a test holds the file current."""

from collections.abc import Iterable
from typing import Final

from aiprobe.core.model import IDENTITY_LABELS
from aiprobe.core.outcomes import Outcome
from aiprobe.metrics import catalogue
from aiprobe.metrics.metric import Kind, Metric

_LABEL_VALUES: Final[tuple[tuple[str, Iterable[str]], ...]] = (
    ("outcome", Outcome),
    ("attempt", ("scheduled", "confirm")),
    ("phase", catalogue.PHASES),
    ("slo", catalogue.SLOS),
    ("verdict", catalogue.EVENT_VERDICTS),
    ("reason", catalogue.SKIP_REASONS),
)

_INTRODUCTION: Final = """\
# Metrics

Generated from `aiprobe.metrics.catalogue` by `render_reference()`; edit the catalogue, not this page.

`/metrics` sends OpenMetrics 1.0.0 on request, and the text format 0.0.4 otherwise; gzip on
request. Exemplars with the provider's request id (of failures too) are on `aiprobe_results_total` and on the
buckets of the histograms of a target, in OpenMetrics only.

## When a series is there

- Counters start at 0 with each process. A counter series that is new, such as an outcome that happens for the
  first time, reads 0 in the first whole scrape that shows it and what it counts from the next one on:
  otherwise `increase()` would not see its first event. It is not known which Prometheus scrapes; of two that
  scrape the same exporter, the second may miss that 0. `/probe` shows every counter as it is.
- A histogram has series from its first observation on. The time of a failed probe enters none; a confirmation
  or a probe that somebody asked for enters none either.
- A gauge of the last probe (marked *fades*) is absent once the last run is older than three
  intervals: silence is never green. A probe that was cancelled changes no gauge.
- A probe that somebody asked for by hand counts in tokens and cost, nowhere else.
- The series of a target that was removed are gone at the next scrape. A reload that changes one of a target's
  identity labels makes another target of it, whose counters begin at 0.
- A chat target with two SLOs and without reasoning has at most 120 series while its failures are of no more than
  ten sorts.
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
## Of every target

Every series has the labels {identity} (empty where one does not apply), and those named below.
`target_info` has the labels of the configuration as well.

{_table(catalogue.TARGET_METRICS)}
Label values are closed sets:

| label | values |
|---|---|
{values}
| `resource` | {resources}; also with `_second`, `_minute`, `_hour`, `_day`, `_month` or `_usage_based` |

## Of the exporter

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
