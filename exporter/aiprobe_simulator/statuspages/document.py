"""What every kind of page is made of: a body with its headers, JSON, and times as the pages write them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from aiprobe_simulator.statuspages.view import PageView

JSON: Final = "application/json; charset=utf-8"
RSS: Final = "application/rss+xml; charset=utf-8"
ATOM: Final = "application/atom+xml; charset=utf-8"
CORS: Final[Mapping[str, str]] = {"access-control-allow-origin": "*"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One reply of a page that is well."""

    body: bytes
    content_type: str = JSON
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: bool = False
    """It has an ETag, and a question with the same one is answered 304."""
    last_modified: float | None = None
    """Unix time of a `Last-Modified`, which is not honoured when it is sent back."""


def a_json(data: Any, **more: Any) -> Document:
    """Return `data` as a compact JSON document."""
    return Document(body=json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode(), **more)


def html(title: str, *, status: int = 200) -> Document:
    """Return a page for people."""
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Document(body=body.encode(), content_type="text/html; charset=utf-8", status=status)


def front(view: PageView) -> Document:
    """Return the page for people, which no program can read."""
    return html(f"{view.spec.title} Status")


def iso(at: float, *, timespec: str = "milliseconds") -> str:
    """Return a Unix time as `2026-03-02T11:49:00.000Z`."""
    return _moment(at).isoformat(timespec=timespec).replace("+00:00", "Z")


def maybe_iso(at: float | None) -> str | None:
    """Return the same, or None for no time."""
    return None if at is None else iso(at)


def rfc_822(at: float) -> str:
    """Return a Unix time as RSS and HTTP headers write it: `Mon, 02 Mar 2026 11:49:00 GMT`."""
    return format_datetime(_moment(at), usegmt=True)


def person(at: float) -> str:
    """Return a Unix time as feeds write it for people: `Mar  2, 11:49 UTC`."""
    return _moment(at).strftime("%b %e, %H:%M UTC")


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
