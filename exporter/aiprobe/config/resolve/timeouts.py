"""The four limits of a probe: a configured limit must fit the interval and the total, a default is reduced to fit."""

from collections.abc import Sequence
from typing import Final

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.resolve.levels import given
from aiprobe.config.schema.target import TimeoutsSection
from aiprobe.config.values import format_duration
from aiprobe.core.model import Timeouts

SHARE_OF_INTERVAL: Final = 0.75
"""What a probe may take of its interval; the rest is for its confirmation and for starting in time."""
_BUILT_IN: Final = Timeouts()
_PARTS: Final = ("connect", "first_token", "stall")


def resolve_timeouts(
    own: TimeoutsSection | None,
    inherited: Sequence[TimeoutsSection | None],
    *,
    interval_seconds: float,
    where: Where,
    findings: Findings,
) -> Timeouts:
    """Return the limits of a target at `where`; a default that is longer than the total is shortened to it."""
    most = SHARE_OF_INTERVAL * interval_seconds
    total: float | None = given("total", own, *inherited)
    if total is None:
        total = min(_BUILT_IN.total, most)
    elif total > most:
        _report_total(own, total, interval_seconds, where, findings)
    if own is not None:
        _report_parts(own, total, where, findings)
    connect, first_token, stall = (min(total, given(part, own, *inherited, _BUILT_IN)) for part in _PARTS)
    return Timeouts(connect=connect, first_token=first_token, stall=stall, total=total)


def check_defaults(section: TimeoutsSection | None, *, where: Where, findings: Findings) -> None:
    """Report limits of `defaults` that contradict one another."""
    if section is not None:
        _report_parts(section, section.total or _BUILT_IN.total, where, findings)


def _report_parts(section: TimeoutsSection, total: float, where: Where, findings: Findings) -> None:
    for part in _PARTS:
        limit = getattr(section, part)
        if limit is not None and limit > total:
            findings.error(
                where.at("timeouts", part),
                f"{format_duration(limit)} is longer than the total of {format_duration(total)}",
                "shorten it, or raise `total`",
            )


def _report_total(
    own: TimeoutsSection | None, total: float, interval_seconds: float, where: Where, findings: Findings
) -> None:
    inherited = own is None or own.total is None
    place = where.at("interval") if inherited else where.at("timeouts", "total")
    origin = "the inherited total time-out of " if inherited else ""
    findings.error(
        place,
        f"{origin}{format_duration(total)} does not fit the interval of {format_duration(interval_seconds)}",
        f"at most {format_duration(SHARE_OF_INTERVAL * interval_seconds)} (0.75 of it), or a longer interval",
    )
