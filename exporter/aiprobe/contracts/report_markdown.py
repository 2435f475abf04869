"""A report as Markdown, for tickets. Text of third parties is escaped; long lists are cut, with a note."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from aiprobe.contracts import wording
from aiprobe.contracts.report import JudgedProbe, Report

MOST_ROWS: Final = 100
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|#!~&])")
_SPACE: Final = re.compile(r"\s+")


def render_markdown(report: Report) -> str:
    """Return the report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    contract, standing = report.contract, report.standing
    yield f"# {_text(contract.display_name)}: {report.month.label}"
    yield from ("", f"**{wording.finding_word(report)}.** {wording.headline(report)}", "")
    yield from _table(
        ("", ""),
        [
            ("Uptime by the contract's rule", wording.bounds(report)),
            ("Promised", wording.percent(contract.commitment, digits=2)),
            ("Rule", _text(wording.rule(contract))),
            ("Known", wording.percent(standing.coverage, digits=2)),
            ("Lost for certain", wording.duration(report.lost_seconds)),
            ("Credit", _text("; ".join(wording.credit(report)))),
            ("Claim until", wording.deadline(report)),
            ("Claim at", _text(contract.claim_where or "see your agreement")),
            ("Month", f"{report.month.label} in {report.month.timezone}"),
            ("Judged", f"{wording.utc(report.month.start_seconds)} to {wording.utc(report.end_seconds)} UTC"),
            ("Targets", ", ".join(_text(target) for target in report.targets)),
        ],
    )
    yield from ("", f"> {wording.SYNTHETIC}", "")
    yield from _periods(report)
    yield from _incidents(report)
    yield from _probes(report)
    yield from _list("Evidence that the contract requires", contract.evidence)
    yield from _list("Clauses that the numbers come from", wording.clauses(contract))
    yield from _list("What the contract leaves out", contract.excluded)
    yield from _list("How open points of the text are read", contract.assumptions)
    saved = (f"{name}: {minutes:g} min" for name, minutes in sorted(report.saved_minutes.items()))
    yield from _list("Minutes that a second vendor would have saved", saved)
    yield from ("## Source", "")
    version = f", aiprobe {_text(report.origin.exporter_version)}" if report.origin.exporter_version else ""
    yield f"Written {wording.utc(report.generated_timestamp_seconds)} UTC from {_text(report.origin.source)}{version}."
    yield f"{_text(wording.seals(report))} {_text(wording.terms(contract))}."
    yield from (_text(note) for note in report.origin.notes)


def _periods(report: Report) -> Iterator[str]:
    yield from ("## Downtime (UTC)", "")
    if not report.listed_periods:
        yield from ("None that counts was seen.", "", wording.too_short(report), "")
        return
    rows = [
        (
            wording.utc(period.start_seconds),
            wording.utc(period.end_seconds),
            wording.duration(period.duration_seconds),
            wording.failed(period),
            _text(wording.seen(report, period)),
            _text(wording.declared(report, period)),
            wording.kind(period),
        )
        for period in report.listed_periods
    ]
    heads = ("from", "to", "length", "failed", "seen", "status page declared", "by the contract")
    yield from _cut_table(heads, rows)
    yield from (wording.too_short(report), "")


def _incidents(report: Report) -> Iterator[str]:
    if report.incidents:
        yield from ("## Observed incidents (UTC)", "")
        yield from (incident_line(incident) for incident in report.incidents[:MOST_ROWS])
        yield ""


def incident_line(incident: Mapping[str, Any]) -> str:
    """Return an incident as one list item; what a field lacks is left out."""
    start, end = incident.get("start_timestamp_seconds"), incident.get("end_timestamp_seconds")
    since = wording.utc(start) if isinstance(start, int | float) else "unknown"
    until = wording.utc(end) if isinstance(end, int | float) else "still open"
    return f"- {since} to {until}: {_text(str(incident.get('sentence') or incident.get('id') or ''))}"


def _probes(report: Report) -> Iterator[str]:
    yield from ("## Failed probes (UTC)", "")
    if not report.probes:
        yield from ("None is on record.", "")
        return
    rows = [_probe(judged) for judged in report.probes]
    yield from _cut_table(("time", "target", "outcome", "status", "request id", "status page declared", "counts"), rows)


def _probe(judged: JudgedProbe) -> tuple[str, ...]:
    probe = judged.probe
    return (
        wording.utc(probe.started_timestamp_seconds, seconds=True),
        _text(probe.target),
        probe.outcome,
        "" if probe.http_status is None else str(probe.http_status),
        _text(probe.request_id or ""),
        _text(probe.declared_state),
        "disputed" if judged.disputed else probe.verdict,
    )


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    listed = [f"- {_text(item)}" for item in items]
    if listed:
        yield from (f"## {title}", "", *listed, "")


def _cut_table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield from _table(heads, rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        yield from ("", f"{len(rows) - MOST_ROWS} more are in the JSON form of this report.")
    yield ""


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _text(value: str) -> str:
    """Return a stranger's text on one line, with what Markdown would act on escaped."""
    return _SPECIAL.sub(r"\\\1", _SPACE.sub(" ", value).strip())
