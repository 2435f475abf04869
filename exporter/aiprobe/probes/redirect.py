"""Redirects of a question: followed once, within its own origin, as the official SDKs do.

They follow a 307 or 308 with the same method and body (RFC 9110 sections 15.4.8 and 15.4.9). Nothing is sent to another
origin: neither the question nor its credential.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

from aiprobe.transport.transport import Signal, Sink

_KEEPS_METHOD: Final = frozenset({307, 308})


class FirstSink:
    """Stands before the sink of the first request: keeps a redirect within the origin to itself, passes on the rest."""

    __slots__ = ("_sink", "_url", "on_body", "slice_bytes", "target")

    def __init__(self, sink: Sink, url: str) -> None:
        self._sink = sink
        self._url = url
        self.slice_bytes = sink.slice_bytes
        self.on_body = sink.on_body
        self.target: str | None = None
        """Path and query to ask next; None unless the reply was such a redirect."""

    def on_head(self, status: int, headers: Mapping[str, str], at: float) -> None:
        """Take status and headers."""
        if status in _KEEPS_METHOD:
            self.target = within_origin(self._url, headers.get("location", ""))
        if self.target is not None:
            self.on_body = _leave
            return
        self._sink.on_head(status, headers, at)
        self.slice_bytes = self._sink.slice_bytes


def within_origin(url: str, location: str) -> str | None:
    """Return path and query of where `location` leads from `url`, or None when that is nowhere or another origin."""
    if not location or not location.isprintable() or not location.isascii():
        return None
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, location.strip()))
        same = (here.scheme, here.hostname, _port(here.scheme, here.port)) == (
            there.scheme,
            there.hostname,
            _port(there.scheme, there.port),
        )
    except ValueError:
        return None
    path = (there.path or "/") + (f"?{there.query}" if there.query else "")
    return path if same and there.username is None and " " not in path else None


def _port(scheme: str, port: int | None) -> int:
    return port or (443 if scheme == "https" else 80)


def _leave(data: bytes, at: float) -> Signal:  # noqa: ARG001 - the sink's interface
    """Take the body of a redirect, which says nothing."""
    return Signal.DONE
