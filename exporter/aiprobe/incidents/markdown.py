"""Renders an incident as Markdown, for a ticket or a mail to the provider's support.

Texts from a server or a status page are quoted, cut and without markup; times are UTC.
"""

from collections.abc import Mapping
from typing import Final

from aiprobe.incidents.record import Incident, Layer, PageRecord
from aiprobe.incidents.text import sentence, utc

LAYER_WORDS: Final = {
    Layer.INFERENCE: "inference",
    Layer.GATEWAY_OR_EDGE: "gateway or edge",
    Layer.CONTEXT_HANDLING: "context handling",
    Layer.NETWORK_EDGE: "network edge",
    Layer.MODEL: "one model",
    Layer.WEB_FRONT_END: "web front end",
    Layer.UNKNOWN: "unknown",
}
_MARKUP: Final = frozenset("\\`*_[]<>|#!~&")


def quoted(text: str) -> str:
    """Return an external text in quotes, without any Markdown or HTML markup."""
    return '"' + "".join(f"\\{letter}" if letter in _MARKUP else letter for letter in text.replace('"', "'")) + '"'


def incident_markdown(incident: Incident) -> str:
    """Return a report of the incident, with the evidence that a provider's support needs."""
    name = " ".join(
        part for part in (incident.provider_display_name, incident.surface, incident.provider_region) if part
    )
    end = incident.end_timestamp_seconds
    lines = [
        f"## {_plain(name)}, {_moment(incident.start_timestamp_seconds)}",
        "",
        _plain(sentence(incident)),
        "",
        f"- Incident: `{incident.id}`, {'open' if end is None else 'closed'}, at worst {_state_words(incident)}",
        f"- From {_bounds(incident)}",
        f"- Suspected layer: {LAYER_WORDS[incident.layer]} ({_plain(incident.layer_reason)})",
        f"- Outcomes: {_counts(incident.outcomes)}",
        f"- HTTP statuses: {_counts({str(status): count for status, count in incident.http_statuses.items()})}",
        f"- Other providers meanwhile: {_others(incident.other_providers)}",
        f"- Our own network: {incident.egress}",
    ]
    lines += [
        f"- Restated at {_moment(one.timestamp_seconds)}: `{one.field}`, because {_plain(one.reason)}"
        for one in incident.restated
    ]
    if incident.page is not None:
        lines += _page_lines(incident.page)
    lines += ["", "| target | probe | model | failed | answered |", "|---|---|---|---|---|"]
    lines += [
        f"| {_plain(target.target)} | {target.probe} | {_plain(target.model)} | {'yes' if target.failing else 'no'}"
        f" | {target.answered} of {target.asked} |"
        for target in incident.targets
    ]
    lines += ["", f"Request ids of failed calls: {_request_ids(incident)}", ""]
    return "\n".join(lines)


def _page_lines(page: PageRecord) -> list[str]:
    words = ", ".join(
        f"{word.word.replace('_', ' ')}{f' ({quoted(word.page_word)})' if word.page_word else ''}"
        f" from {_moment(word.timestamp_seconds)}"
        for word in page.words
    )
    lines = [f"- Status page: {words or 'never read'}"]
    if page.first_declared_timestamp_seconds is not None:
        lines.append(f"- First declared: {_moment(page.first_declared_timestamp_seconds)}")
    lines += [
        f"- Declared incident: {quoted(notice.name)} ({quoted(notice.id)}, impact {_plain(notice.impact)},"
        f" {_plain(notice.status)}), {_moment(notice.declared_timestamp_seconds)}{_link(notice.url)}"
        for notice in page.notices
    ]
    return lines


def _link(url: str) -> str:
    return f", {_verbatim(url)}" if url else ""


def _request_ids(incident: Incident) -> str:
    ids = ", ".join(_verbatim(request_id) for request_id in incident.request_ids)
    more = f" and {incident.request_ids_omitted} more" if incident.request_ids_omitted else ""
    return f"{ids}{more}" if ids else "none was sent"


def _verbatim(text: str) -> str:
    """Return an external text as code: it is for copying, so it must not be escaped."""
    return f"`{text.replace('`', '')}`"


def _others(others: Mapping[str, bool]) -> str:
    if not others:
        return "none was probed"
    failing = [name for name, failed in others.items() if failed]
    names = f" ({_plain(', '.join(failing))})" if failing else ""
    return f"{len(others) - len(failing)} fine, {len(failing)} failing{names}"


def _counts(counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {name}" for name, count in ranked) or "none"


def _bounds(incident: Incident) -> str:
    end = incident.end_timestamp_seconds
    start = _moment(incident.start_timestamp_seconds) + ("" if incident.start_observed else " or earlier")
    return f"{start} to {'now' if end is None else _moment(end)}{'' if incident.end_observed else ' or later'}"


def _state_words(incident: Incident) -> str:
    return incident.max_state.name.lower().replace("_", " ")


def _plain(text: str) -> str:
    """Return a text of the operator without line breaks or markup."""
    return quoted(" ".join(text.split()))[1:-1]


def _moment(timestamp: float) -> str:
    return utc(timestamp).strftime("%Y-%m-%d %H:%M:%S UTC")
