"""Which text format a scraper gets: the header `Accept` (RFC 9110, section 12.5.1) against our two."""

from collections.abc import Iterator
from typing import Final

from aiprobe.metrics.openmetrics import Format

_OPENMETRICS_VERSIONS: Final = frozenset({"", "0.0.1", "1.0.0"})
_TEXT_VERSIONS: Final = frozenset({"", "0.0.4", "1.0.0"})
"""1.0.0 only adds quoted names, of which we have none."""
_LONGEST_HEADER: Final = 4096
"""Prometheus sends about 300 characters; what is longer is somebody's experiment."""
_EXACT, _PARTLY, _ANY = 3, 2, 1


def negotiate(accept: str | None) -> Format:
    """Return the format that `accept` prefers; OpenMetrics only where it is named, text for everything else."""
    openmetrics = text = 0.0
    closest = 0
    for media_type, version, quality in _ranges((accept or "")[:_LONGEST_HEADER]):
        if media_type == "application/openmetrics-text" and version in _OPENMETRICS_VERSIONS:
            openmetrics = max(openmetrics, quality)
        closeness = _closeness_to_text(media_type, version)
        if closeness > closest:
            text, closest = quality, closeness
        elif closeness == closest:
            text = max(text, quality)
    return Format.OPENMETRICS if openmetrics > 0 and openmetrics >= text else Format.TEXT


def _closeness_to_text(media_type: str, version: str) -> int:
    """Return how exactly a media range matches the text format; the closest one counts."""
    if media_type == "text/plain" and version in _TEXT_VERSIONS:
        return _EXACT
    return {"text/*": _PARTLY, "*/*": _ANY}.get(media_type, 0)


def _ranges(accept: str) -> Iterator[tuple[str, str, float]]:
    """Split a header into (media range, version, quality); a quality that is no number in 0..1 counts as 0."""
    for item in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        named = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
        yield media_type, named.get("version", "").strip('"'), _quality(named.get("q", "1"))


def _quality(text: str) -> float:
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
