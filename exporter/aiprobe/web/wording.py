"""Numbers as people read them. Pure; what is shown where belongs in `pages.py` and the templates."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from aiprobe.core.rows import DayRow

NOTHING_TO_SAY: Final = "\N{EN DASH}"
_STATE_WORDS: Final = {
    "operational": "Operational",
    "degraded": "Degraded",
    "partial_outage": "Partial outage",
    "major_outage": "Major outage",
    "not_probed": "Not probed",
    "unknown": "Unknown",
}
_SKIPPED: Final = {
    "budget": "not asked: the budget of the day does not allow it",
    "backoff": "not asked: the service asked for a pause",
    "follow_ups": "not asked again: the budget of follow-ups is used up",
}
_UNITS: Final = (("d", 86400.0), ("h", 3600.0), ("min", 60.0))


def duration(seconds: float | None) -> str:
    """Put a duration into three digits or so: `0.4 ms`, `420 ms`, `1.52 s`, `75 s`; a dash for None."""
    if seconds is None:
        return NOTHING_TO_SAY
    if seconds < 0.0995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"


def ago(seconds: float) -> str:
    """Return how long ago something was, in its largest unit, rounded down; after a clock was set back, `just now`."""
    if seconds < 1:
        return "just now"
    for unit, size in _UNITS:
        if seconds >= size:
            return f"{int(seconds / size)} {unit} ago"
    return f"{int(seconds)} s ago"


def headline(counts: Mapping[str, int]) -> str:
    """Summarise the state of all targets in one sentence; `counts` are targets by state word."""
    total = sum(counts.values())
    failing = counts.get("major_outage", 0) + counts.get("partial_outage", 0)
    if not total:
        return "No target is configured"
    if failing:
        return f"{failing} of {total} targets {'is' if failing == 1 else 'are'} failing"
    if counts.get("not_probed", 0) == total:
        return "No target was validly probed yet"
    if counts.get("operational", 0) == total:
        return "Every target is operational" if total > 1 else "The target is operational"
    rest = [f"{counts[word]} {_STATE_WORDS[word].lower()}" for word in ("degraded", "not_probed") if counts.get(word)]
    return f"No outage; {', '.join(rest)}"


def usd(amount: float | None) -> str:
    """Format an amount with significant digits: `$4.20`, `$0.0007`; a dash for an unknown amount."""
    if amount is None:
        return NOTHING_TO_SAY
    if amount == 0 or amount >= 0.0995:
        return f"${amount:.2f}"
    return f"${amount:.4f}" if amount >= 0.00005 else "<$0.0001"


def stamp(timestamp: float) -> str:
    """Put Unix time into `2026-03-01 12:00:05 UTC`."""
    return _utc(timestamp).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(timestamp: float) -> str:
    """Put Unix time into the form that a `time` element carries."""
    return _utc(timestamp).strftime("%Y-%m-%dT%H:%M:%SZ")


def day_text(timestamp: float, row: DayRow | None) -> str:
    """Put a day into `2026-03-01: 99.93 % of 1440 probes succeeded, in 24 hours of the day`."""
    date = _utc(timestamp).strftime("%Y-%m-%d")
    if row is None or row.good_ratio is None:
        return f"{date}: not measured"
    return f"{date}: {row.good_ratio:.2%} of {row.good + row.bad} probes succeeded, in {row.hours} hours of the day"


def state_words(word: str) -> str:
    """Return a state as a person reads it."""
    return _STATE_WORDS[word]


def why_not(reason: str) -> str:
    """Return why a probe did not start; `reason` is a value of the label `reason` of `aiprobe_skipped_total`."""
    return _SKIPPED.get(reason, reason)


def shortened(text: str, length: int = 300) -> str:
    """Cut a long text, showing that it was cut."""
    return text if len(text) <= length else f"{text[: length - 1]}\N{HORIZONTAL ELLIPSIS}"


def _utc(timestamp: float) -> datetime:
    try:
        return datetime.fromtimestamp(timestamp, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, tz=UTC)
