"""Finds the kind of a 2xx reply: by its media type, or by its first bytes if the media type is wrong.

The official SDKs read an event stream and a JSON body with any `content-type`, so a wrong one is no failure of the
service. An HTML page is a page with any media type.
"""

from collections.abc import Mapping
from typing import Final

_BOM: Final = b"\xef\xbb\xbf"
_FIELDS: Final = (b"data", b"event", b"id", b"retry", b"")
"""Field names in an event stream; a comment has an empty name."""
_BEGINS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "application/json": (b"{", b"["),
    "application/x-ndjson": (b"{",),
    "application/vnd.amazon.eventstream": (b"\0",),
}


def media_types(content_type: str) -> frozenset[str]:
    """Return the media types of a header that may have been sent twice, or joined by a comma."""
    parts = content_type.split(",")
    return frozenset(part.partition(";")[0].strip().lower() for part in parts) - {""}


def begins_as(wanted: frozenset[str], start: bytes) -> bool | None:
    """Return whether a body that begins with `start` is of one of the media types `wanted`; None: too few bytes."""
    start = start.removeprefix(_BOM).lstrip()
    if not start or start == _BOM[: len(start)]:
        return None
    answers = {_is_event_stream(start) if name == "text/event-stream" else _begins(name, start) for name in wanted}
    return True if True in answers else None if None in answers else False


def _begins(name: str, start: bytes) -> bool:
    return start.startswith(_BEGINS.get(name, ()))


def _is_event_stream(start: bytes) -> bool | None:
    line, end, _ = start.replace(b"\r", b"\n").partition(b"\n")
    name, colon, _ = line.partition(b":")
    if colon or end:
        return name in _FIELDS
    return None if any(field.startswith(name) for field in _FIELDS) else False
