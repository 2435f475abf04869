"""Words for a source that could not be read: the URL, the status, the start of the answer, and what to do."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from aiprobe.core.discovered import Source
from aiprobe.core.outcomes import Outcome
from aiprobe.protocols.base import ReplyHead
from aiprobe.protocols.judging.errorfacts import one_line
from aiprobe.protocols.judging.errors import in_reply
from aiprobe.transport.exchange import Exchange

_EXCERPT: Final = 160
"""Characters of an answer that are shown."""
_FORMS: Final[Mapping[str, str]] = {
    "file": 'a list of {"targets": […], "labels": {…}}',
    "http": 'a list of {"targets": […], "labels": {…}}',
    "models": '{"data": [{"id": …}]}',
    "litellm": '{"data": [{"model_name": …, "litellm_params": {…}}]}',
}


def of_status(source: Source, place: str, head: ReplyHead, body: bytes) -> str:
    """Describe an answer with another status than 200."""
    failure = in_reply(head, body)
    said = ": ".join(filter(None, (failure.error_type, failure.message)))
    return f"{place}: HTTP {head.status}{_shown(head, said)}; {_mend(source, head, failure.outcome)}"


def of_form(source: Source, place: str, head: ReplyHead | None, body: bytes) -> str:
    """Describe an answer that has not the form of the kind of its source."""
    shown = "" if head is None else _shown(head, body[: 4 * _EXCERPT].decode("utf-8", "replace"))
    return f"{place}: the answer has not the form of `{source.kind}`{shown}; expected {_FORMS[source.kind]}"


def of_network(place: str, exchange: Exchange) -> str:
    """Describe an exchange without a whole answer."""
    detail = f", {one_line(exchange.detail)[:_EXCERPT]}" if exchange.detail else ""
    return f"{place}: no answer: {exchange.outcome}{detail}; check that the server runs, its address and the proxy"


def place_of(url: str, path: str) -> str:
    """Return the address of a source without user, password and query, which can be secrets."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"GET {parts.scheme}://{host}{path.partition('?')[0]}"


def _shown(head: ReplyHead, text: str) -> str:
    content_type = one_line(head.headers.get("content-type", "")).partition(";")[0]
    line = one_line(text)
    excerpt = line if len(line) <= _EXCERPT else f"{line[: _EXCERPT - 1]}…"
    return "".join(f", {part}" for part in (content_type[:_EXCERPT], f'"{excerpt}"' if excerpt else "") if part)


def _mend(source: Source, head: ReplyHead, outcome: Outcome) -> str:
    provider = source.provider
    has_none = provider.api_key is None and provider.credential is None and not provider.headers
    where = "`headers` of the source" if source.kind == "http" else f"`api_key` of the provider {provider.key}"
    if outcome is Outcome.AUTH:
        return f"check {where}"
    if 300 <= head.status < 400:
        return "give the URL that it redirects to; a redirect to another host is not followed"
    if outcome is Outcome.NOT_FOUND:
        return "check the URL" if source.kind == "http" else f"check `base_url` of the provider {provider.key}"
    if has_none:
        return f"no key was sent: give {where}"
    return "look into the log of the server"
