"""A report as one HTML file to attach to a ticket: no script, nothing from outside, ready for paper."""

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aiprobe.contracts import wording
from aiprobe.contracts.report import JudgedProbe, Report
from aiprobe.contracts.strip import strip_svg

MOST_PERIODS: Final = 60
MOST_PROBES: Final = 150
MOST_INCIDENTS: Final = 40


def render_html(report: Report) -> str:
    """Return the report as an HTML document; long lists are cut, with a note."""
    probes = _chosen(report)
    page: str = _template().render(
        report=report,
        contract=report.contract,
        standing=report.standing,
        wording=wording,
        # The SVG escapes what it quotes itself.
        strip=Markup(strip_svg(report.month, report.slices)),  # noqa: S704 - our own markup
        periods=report.listed_periods[:MOST_PERIODS],
        more_periods=max(0, len(report.listed_periods) - MOST_PERIODS),
        probes=probes,
        more_probes=len(report.probes) - len(probes),
        incidents=[_incident(incident) for incident in report.incidents[:MOST_INCIDENTS]],
        more_incidents=max(0, len(report.incidents) - MOST_INCIDENTS),
        unknown_seconds=sum(gap.duration_seconds for gap in report.gaps),
        month_name=datetime(report.month.year, report.month.number, 1, tzinfo=UTC).strftime("%B %Y"),
        credit=wording.credit(report),
    )
    return page


def _chosen(report: Report) -> list[JudgedProbe]:
    """Return the probes to print, in time's order: the first ones of each counted period before all others."""
    seen: Counter[int | None] = Counter()
    ranks = []
    for index, judged in enumerate(report.probes):
        seen[judged.period] += 1
        ranks.append((not judged.in_downtime, seen[judged.period], index))
    return [report.probes[index] for index in sorted(rank[-1] for rank in sorted(ranks)[:MOST_PROBES])]


def _incident(incident: Any) -> dict[str, str]:
    start, end = incident.get("start_timestamp_seconds"), incident.get("end_timestamp_seconds")
    known = isinstance(start, int | float)
    closed = isinstance(end, int | float)
    return {
        "start": wording.utc(start) if known else "unknown",
        "end": wording.utc(end) if closed else "still open",
        "length": wording.duration(end - start) if known and closed else "",
        "text": str(incident.get("sentence") or incident.get("id") or ""),
    }


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("aiprobe.contracts", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
