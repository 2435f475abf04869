"""From the section `maintenance` to windows."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiprobe.config.document import Where
from aiprobe.config.findings import Findings
from aiprobe.config.schema.maintenance import MaintenanceSection
from aiprobe.config.values import format_duration
from aiprobe.core.maintenance import LONGEST_SECONDS, Weekly, Window, parse_weekly


def resolve_maintenance(
    sections: list[MaintenanceSection],
    *,
    where: Where,
    targets: frozenset[str],
    providers: frozenset[str],
    findings: Findings,
) -> tuple[Window, ...]:
    """Return the windows; what is wrong with them is noted in `findings`."""
    windows = [_window(section, where.at(number), findings) for number, section in enumerate(sections)]
    for number, section in enumerate(sections):
        findings.check_names(section.targets, targets, where.at(number, "targets"))
        findings.check_names(section.providers, providers, where.at(number, "providers"), "provider")
    return tuple(window for window in windows if window is not None)


def _window(section: MaintenanceSection, where: Where, findings: Findings) -> Window | None:
    targets, providers = frozenset(section.targets), frozenset(section.providers)
    once, weekly = section.start or section.end, section.weekly or section.duration
    if bool(once) + bool(weekly) + section.declared != 1:
        findings.error(where, "is not one kind of window", "give start and end, or weekly and duration, or declared")
        return None
    if section.declared:
        return Window(targets=targets, providers=providers, declared=True)
    if weekly:
        rule = _weekly(section, where, findings)
        return None if rule is None else Window(targets=targets, providers=providers, weekly=rule)
    start, end = (_time(section, key, where, findings) for key in ("start", "end"))
    if start is None or end is None:
        return None
    if end <= start:
        findings.error(where.at("end"), "is not after the start")
    return Window(targets=targets, providers=providers, start=start, end=end)


def _weekly(section: MaintenanceSection, where: Where, findings: Findings) -> Weekly | None:
    if section.weekly is None or section.duration is None:
        findings.error(where, "has only one of `weekly` and `duration`", "give both")
        return None
    if section.duration > LONGEST_SECONDS:
        findings.error(where.at("duration"), f"is longer than {format_duration(LONGEST_SECONDS)}")
    try:
        ZoneInfo(section.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        findings.error(where.at("timezone"), "is no time zone of this machine", "write it as Europe/Berlin")
        return None
    try:
        return parse_weekly(section.weekly, timezone=section.timezone, duration_seconds=section.duration)
    except ValueError as problem:
        what, _, hint = str(problem).partition("; ")
        findings.error(where.at("weekly"), what, hint)
        return None


def _time(section: MaintenanceSection, key: str, where: Where, findings: Findings) -> float | None:
    hint = "write it with its offset from UTC: 2026-12-01T22:00:00+01:00"
    try:
        time = datetime.fromisoformat(getattr(section, key) or "")
        if time.tzinfo is not None:
            return time.timestamp()
        findings.error(where.at(key), "has no offset from UTC", hint)
    except (ValueError, OverflowError):
        findings.error(where.at(key) if getattr(section, key) else where, f"has no time as `{key}`", hint)
    return None
