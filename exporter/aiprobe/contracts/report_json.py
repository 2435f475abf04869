"""A report as plain JSON values: everything, unabridged. Times are Unix seconds, ratios 0-1, unknown is null."""

import json
from dataclasses import asdict
from typing import Any, Final

from aiprobe.contracts import wording
from aiprobe.contracts.periods import Period
from aiprobe.contracts.report import JudgedProbe, Report

SCHEMA: Final = "aiprobe-sla-report/1"


def render_json(report: Report) -> str:
    """Return the report as a JSON document."""
    return json.dumps(report_json(report), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def report_json(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    standing = report.standing
    tally = standing.tally
    contract = asdict(report.contract)
    contract["clauses"] = dict(report.contract.clauses)
    contract["tokens_per_second_by_model"] = dict(report.contract.tokens_per_second_by_model)
    return {
        "schema": SCHEMA,
        "name": report.name,
        "month": report.month.label,
        "timezone": report.month.timezone,
        "month_start_timestamp_seconds": report.month.start_seconds,
        "month_end_timestamp_seconds": report.month.end_seconds,
        "judged_until_timestamp_seconds": report.end_seconds,
        "in_progress": report.in_progress,
        "generated_timestamp_seconds": report.generated_timestamp_seconds,
        "source": report.origin.source,
        "exporter_version": report.origin.exporter_version,
        "targets": list(report.targets),
        "headline": wording.headline(report),
        "finding": report.finding.value,
        "disclaimer": wording.SYNTHETIC,
        "notes": list(report.origin.notes),
        "uptime_ratio": {"low": standing.uptime_low, "high": standing.uptime_high},
        "projected_uptime_ratio": standing.projected_uptime,
        "coverage_ratio": standing.coverage,
        "burn_rate": standing.burn_rate,
        "lost_seconds": report.lost_seconds,
        "allowance_remaining_seconds": standing.allowance_remaining_seconds,
        "credit_ratio": {"low": standing.credit_low, "high": standing.credit_high},
        "credit_usd": {"low": standing.credit_usd_low, "high": standing.credit_usd_high},
        "monthly_spend_usd": report.monthly_spend_usd,
        "claim_deadline_timestamp_seconds": standing.claim_deadline_timestamp_seconds,
        "slices": {
            "seconds": report.contract.slice_seconds,
            "month": standing.month_slices,
            "elapsed": tally.slices,
            "known": tally.known,
            "excluded_only": tally.excluded_only,
        },
        "probes": {"good": tally.good, "bad": tally.bad, "disputed": tally.disputed},
        "periods": [_period(period) for period in report.periods],
        "unknown_periods": [_period(period) for period in report.gaps],
        "failed_probes": [_probe(judged) for judged in report.probes],
        "incidents": [dict(incident) for incident in report.incidents],
        "saved_minutes": dict(report.saved_minutes),
        "verification": asdict(report.origin.verification),
        "contract": contract,
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "kind": period.kind.value,
        "start_timestamp_seconds": period.start_seconds,
        "end_timestamp_seconds": period.end_seconds,
        "duration_seconds": period.duration_seconds,
        "slices": period.slices,
        "lost_slices": period.lost_slices,
        "good": period.good,
        "bad": period.bad,
        "disputed": period.disputed,
    }


def _probe(judged: JudgedProbe) -> dict[str, Any]:
    fields = asdict(judged.probe)
    fields["phases"] = dict(judged.probe.phases)
    return {**fields, "disputed": judged.disputed, "in_downtime": judged.in_downtime}
