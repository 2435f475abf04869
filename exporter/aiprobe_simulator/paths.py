"""Where a request goes: `/{provider}/...` with the protocol at the end of the path, `/web/{name}`, `/egress/{n}`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiprobe_simulator.wire import WIRES
from aiprobe_simulator.wire.base import Kind

_MODELS: Final = re.compile(r"/(?:(?:foundation-)?models|api/tags)(?:/(?P<model>.+))?$")
_WEB: Final = re.compile(r"^/web/(?P<name>[^/]+)(?:/(?P<rest>.*))?$")
_EGRESS: Final = re.compile(r"^/egress/(?P<rest>[^/]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a path means."""

    provider: str
    """The first segment; of a page the name of its product."""
    kind: Kind
    wire: str | None = None
    """The protocol; None for pages."""
    rest: str = ""
    """The page, the number of a connectivity check, or the model of a list with one entry."""


def place_of(method: str, path: str, headers: Mapping[str, str], *, has_key_parameter: bool = False) -> Place | None:
    """Return what a request asks for, or None for a path that nobody serves.

    `headers` has lower-case names; they distinguish lists of models. `has_key_parameter`: the
    query has `key`, as only Google's has.
    """
    if method in {"GET", "HEAD"}:
        if found := _WEB.match(path):
            return Place(provider=found["name"], kind="web", rest=(found["rest"] or "").strip("/"))
        if found := _EGRESS.match(path):
            return Place(provider="egress", kind="egress", rest=found["rest"])
    provider, _, tail = path.lstrip("/").partition("/")
    tail = f"/{tail}"
    if not provider:
        return None
    if method == "GET" and tail.endswith("/realtime"):
        return Place(provider=provider, kind="realtime", wire="openai-chat")
    if method == "GET" and (found := _MODELS.search(tail)):
        return Place(
            provider=provider, kind="models", wire=_list_of(tail, headers, has_key_parameter), rest=found["model"] or ""
        )
    if method != "POST":
        return None
    wire = next((wire for wire in WIRES.values() if wire.posted.search(tail)), None)
    return Place(provider=provider, kind=wire.kind, wire=wire.name) if wire else None


def _list_of(tail: str, headers: Mapping[str, str], google_key: bool) -> str:  # noqa: FBT001 - private, one caller
    if tail.endswith("/foundation-models"):
        return "bedrock-converse"
    if tail.endswith("/api/tags"):
        return "ollama-chat"
    if "anthropic-version" in headers:
        return "anthropic-messages"
    google = google_key or "x-goog-api-key" in headers or tail.startswith("/v1beta/") or "/publishers/" in tail
    return "gemini" if google else "openai-chat"
