"""Follows one redirect of a question within its own origin, as the official SDKs do.

The SDKs follow a 307 or 308 with the same method and body (RFC 9110 sections 15.4.8 and 15.4.9). Neither the question
nor its credential is sent to another origin.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urljoin, urlsplit

from aiprobe.transport.transport import Signal, Sink

_KEEPS_METHOD: Final = frozenset({307, 308})


class FirstSink:
    """Wraps the sink of the first request: holds back a redirect within the origin, and passes on any other reply."""

    __slots__ = ("_sink", "_url", "on_body", "slice_bytes", "target")

    def __init__(self, sink: Sink, url: str) -> None:
        self._sink = sink
        self._url = url
        self.slice_bytes = sink.slice_bytes
        self.on_body = sink.on_body
        self.target: str | None = None
        """Path and query of the next request; None unless the reply was such a redirect."""

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
    """Return path and query of `location` relative to `url`, or None if it is invalid or of another origin."""
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
    """Ignore the body of a redirect."""
    return Signal.DONE
