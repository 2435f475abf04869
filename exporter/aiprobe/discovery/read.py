"""Reads one source of discovery once: a file, or one bounded GET through the transport of the probes.

Only places of the configuration are read. A redirect to another origin is not followed.
"""

import asyncio
import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiprobe.core.discovered import Entry, Source
from aiprobe.core.kind import ProbeKind
from aiprobe.core.model import Target, Timeouts
from aiprobe.discovery import reasons
from aiprobe.discovery.entries import READERS
from aiprobe.probes.base import Tools
from aiprobe.probes.body import BodySink
from aiprobe.probes.caller import Caller
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import ReplyHead
from aiprobe.protocols.jsonvalues import load

MAX_BYTES: Final = 4 << 20
MAX_ENTRIES: Final = 10_000
_MOST_VALUES: Final = 200_000
"""Of an answer over HTTP, which is decoded on the event loop."""
_TIMEOUTS: Final = Timeouts(connect=5, first_token=10, stall=10, total=20)


class SourceError(Exception):
    """A source could not be read. The text is the reason, in one line that can quote the server: redact it."""


async def read_source(source: Source, tools: Tools) -> tuple[Entry, ...]:
    """Return the entries that a source names now, by their ids. Raises SourceError."""
    place, head, body = source.place, None, b""
    try:
        if source.kind == "file":
            value = await asyncio.to_thread(_file, source.place)
        else:
            place, head, body = await _get(source, tools)
            value = load(body, most_values=_MOST_VALUES)
        found = {entry.id: entry for entry in reversed(list(READERS[source.kind](value)))}
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(reasons.of_form(source, place, head, body)) from error
    if len(found) > MAX_ENTRIES:
        raise SourceError(f"{place}: the answer has more than {MAX_ENTRIES} entries")
    return tuple(found[name] for name in sorted(found))


def _file(place: str) -> Any:
    try:
        with Path(place).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{place}: cannot be read: {(error.strerror or '').lower()}") from error
    if len(data) > MAX_BYTES:
        raise SourceError(f"{place}: is larger than {MAX_BYTES >> 20} MB")
    try:
        return json.loads(data)
    except ValueError:
        from aiprobe.config.document import parse  # noqa: PLC0415 - YAML is a megabyte that few exporters need

        document = parse(place, data, {})
        if document.problems:
            raise SourceError(f"{place}: is neither JSON nor YAML") from None
        return document.value


async def _get(source: Source, tools: Tools) -> tuple[str, ReplyHead | None, bytes]:
    """Return the place, the head and the body of an answer of 200."""
    url, path = _address(source)
    place = reasons.place_of(url, path)
    target = Target(name=source.name, provider=source.provider, kind=ProbeKind(name="models"), timeouts=_TIMEOUTS)
    sink = BodySink(MAX_BYTES)
    headers = (("accept", "application/json"), ("accept-encoding", "gzip"))
    try:
        caller = Caller(target, tools, url=url, headers=headers)
    except ValueError as error:
        raise SourceError(f"{place}: its address, proxy or credential cannot be used") from error
    exchange = await caller.exchange(method="GET", path=path, body=b"", sink=sink, first_token_limit=False)
    head = sink.head
    if head is not None and head.status != 200:
        raise SourceError(reasons.of_status(source, place, head, bytes(sink.body)))
    if sink.cut:
        raise SourceError(f"{place}: the answer is larger than {MAX_BYTES >> 20} MB")
    if exchange.outcome is not None:
        raise SourceError(reasons.of_network(place, exchange))
    return place, head, bytes(sink.body)


def _address(source: Source) -> tuple[str, str]:
    """Return a URL of the origin, and the path with the query."""
    if source.kind == "models":
        request = PROTOCOLS[source.provider.protocol].models_request(source.provider)
        return request.base_url or source.provider.base_url, request.path
    parts = urlsplit(source.place or source.provider.base_url)
    if source.kind == "litellm":
        return source.provider.base_url, parts.path.rstrip("/") + "/model/info"
    return source.place, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
