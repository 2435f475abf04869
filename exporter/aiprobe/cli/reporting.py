"""The evidence report of one contract and month: gathers hours, failures, incidents and seals, and renders them.

Blocking from one end to the other: it is what `aiprobe report` does and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiprobe import __version__
from aiprobe.config.settings import Settings
from aiprobe.contracts.binding import binding_of
from aiprobe.contracts.book import Binding
from aiprobe.contracts.contract import Method
from aiprobe.contracts.month import Month, parse_month
from aiprobe.contracts.prometheus import gather
from aiprobe.contracts.prometheus_http import http_fetch
from aiprobe.contracts.report import Origin, Report, Seals, Verification, build_report
from aiprobe.contracts.report_html import render_html
from aiprobe.contracts.report_json import render_json
from aiprobe.contracts.report_markdown import render_markdown
from aiprobe.core.clock import Clock
from aiprobe.core.evidence import FailedProbe, HourRow
from aiprobe.journal.incidents import read_incidents
from aiprobe.journal.journal import Journal
from aiprobe.journal.restartfile import read_restart
from aiprobe.journal.sealedfile import Place
from aiprobe.objectives.groups import failover
from aiprobe.shard import Shard, owners

RENDERERS: Final[Mapping[str, Callable[[Report], str]]] = {
    "html": render_html,
    "json": render_json,
    "markdown": render_markdown,
}
_MARGIN_SECONDS: Final = 7200.0
"""Hours beside the month: they settle the runs over its ends."""
_PROMETHEUS_SECONDS: Final = 60.0
_MAINTENANCE_IN_PROMETHEUS: Final = "Results in maintenance are excluded: the series have no other verdict of them."


def binding_named(settings: Settings, name: str) -> Binding:
    """Return a contract of the configuration. Raises LookupError, which lists the valid names."""
    use = settings.contracts.get(name)
    if use is None:
        known = ", ".join(sorted(settings.contracts)) or "none; add it under `contracts:`"
        raise LookupError(f"the configuration has no contract {name}; there are: {known}")
    return binding_of(use)


def verify_month(settings: Settings, month: Month, *, clock: Clock) -> Verification:
    """Check the journal's seals of a month and describe the first broken one."""
    if not settings.journal.directory.is_dir():
        return Verification(seals=Seals.NOT_CHECKED, detail="there is no journal at the configured place")
    found = _journal(settings, clock).verify(month.start_seconds, month.end_seconds)
    if found.fault is not None:
        return Verification(seals=Seals.BROKEN, detail=_where(found.fault))
    torn = f", {len(found.torn)} torn ends after a crash" if found.torn else ""
    counted = f"{found.files} files, {found.commits} commits, {found.rows} rows{torn}"
    if not found.files:
        return Verification(seals=Seals.NOT_CHECKED, detail="the journal has no file of this month")
    return Verification(seals=Seals.HOLD, detail=counted)


def report_of(
    settings: Settings, binding: Binding, month_text: str, *, prometheus_url: str | None, clock: Clock
) -> Report:
    """Judge a month by a contract.

    Raises:
        ValueError: `month_text` is not a month such as 2026-10.
        LookupError: the journal is that of a shard that does not probe all targets of the contract.
        PrometheusError: a query failed.
    """
    month = parse_month(month_text, timezone=binding.contract.timezone)
    now = clock.wall()
    if prometheus_url is not None:
        gathered = gather(
            prometheus_url,
            binding.targets,
            month,
            fetch=http_fetch(timeout_seconds=_PROMETHEUS_SECONDS),
            until_seconds=now,
            speeds=binding.contract.method is Method.LATENCY_SLICE,
        )
        origin = Origin(
            source="Prometheus",
            exporter_version=__version__,
            notes=(*gathered.notes, _MAINTENANCE_IN_PROMETHEUS),
        )
        return build_report(binding, month, gathered.hours, now_seconds=now, origin=origin)
    _check_owner(settings, binding)
    journal = _journal(settings, clock)
    start, end = month.start_seconds - _MARGIN_SECONDS, month.end_seconds + _MARGIN_SECONDS
    members = _group_members(settings, binding)
    hours = list(journal.hours(start, end, members))
    failed: Sequence[FailedProbe] = list(journal.failed(start, end, frozenset(binding.targets)))
    return build_report(
        binding,
        month,
        hours,
        failed,
        now_seconds=now,
        incidents=_incidents(settings, binding, month),
        saved_minutes=_saved_minutes(settings, binding, hours),
        origin=Origin(exporter_version=__version__, verification=verify_month(settings, month, clock=clock)),
    )


def _check_owner(settings: Settings, binding: Binding) -> None:
    """Raise LookupError, with the owners, where the shard that writes this journal lacks a target of the contract."""
    match read_restart(settings.journal.directory).get("shard"):
        case [int(index), int(count)] if 0 <= index < count:
            if binding.name not in Shard(index, count).share_of(settings).contracts:
                raise LookupError(
                    f"this is the journal of shard {index} of {count}, and {owners(settings, binding.targets, count)};"
                    " report there if one shard probes them all, else with --from-prometheus"
                )


def _where(place: Place) -> str:
    """Describe where a seal is broken, and why."""
    table = f", table {place.table}" if place.table else ""
    row = f", row {place.row}" if place.row is not None else ""
    at = (
        ""
        if place.timestamp_seconds is None
        else f", at {datetime.fromtimestamp(place.timestamp_seconds, UTC):%F %T} UTC"
    )
    return f"the first place that does not hold is {place.file}{table}{row}{at}: {place.what}"


def _journal(settings: Settings, clock: Clock) -> Journal:
    """Return the journal to read from: it is not opened, so a running exporter is not disturbed."""
    return Journal(settings.journal.directory, clock=clock, version=__version__, config_hash=settings.config_hash)


def _group_members(settings: Settings, binding: Binding) -> frozenset[str]:
    groups = (members for members in settings.groups.values() if set(members) & set(binding.targets))
    return frozenset(binding.targets).union(*groups)


def _saved_minutes(settings: Settings, binding: Binding, hours: Sequence[HourRow]) -> Mapping[str, float]:
    saved: dict[str, float] = {}
    for group, members in settings.groups.items():
        result = failover(hours, members)
        for name in set(members) & set(binding.targets):
            saved[f"{name}, by the group {group}"] = float(result[name].saved)
    return saved


def _incidents(settings: Settings, binding: Binding, month: Month) -> Sequence[Mapping[str, Any]]:
    """Return the observed incidents of the month in which a target of the contract took part."""
    return [
        incident
        for incident in read_incidents(settings.journal.directory, month.start_seconds, month.end_seconds)
        if {target.get("target") for target in incident.get("targets", ())} & set(binding.targets)
    ]
