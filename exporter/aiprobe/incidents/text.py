"""Describes an incident in one sentence for non-specialists. It contains no external text; times are UTC."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from aiprobe.core.outcomes import Outcome
from aiprobe.incidents.record import EgressControl, Incident, Layer, Word

_FAILURE_WORDS: Final = {
    Outcome.OVERLOADED: "overload errors inside the answer",
    Outcome.SERVER_ERROR: "server errors",
    Outcome.ERROR_IN_BODY: "errors inside the answer",
    Outcome.TRUNCATED: "answers cut short",
    Outcome.DISCONNECTED: "dropped connections",
    Outcome.STALLED: "answers that stalled",
    Outcome.MALFORMED: "unreadable answers",
    Outcome.EMPTY: "empty answers",
    Outcome.TIMEOUT_CONNECT: "connections that timed out",
    Outcome.TIMEOUT_FIRST_TOKEN: "no first word in time",
    Outcome.TIMEOUT_TOTAL: "no whole answer in time",
    Outcome.DNS: "names that did not resolve",
    Outcome.CONNECT: "refused connections",
    Outcome.TLS: "TLS failures",
    Outcome.RATE_LIMITED: "rate limits",
}
_MOSTLY: Final = 0.5


def sentence(incident: Incident) -> str:
    """Return one sentence with the failure, its time and extent, the status page and our own network meanwhile."""
    clauses = [
        f"{_subject(incident)} {_answered(incident)} {_period(incident)}{_failures(incident.failures)}",
        _page_clause(incident),
        _control_clause(incident),
        _gap_clause(incident),
    ]
    return "; ".join(clause for clause in clauses if clause) + "."


def percent(ratio: float) -> str:
    """Return a ratio as whole percent; 0 and 100 mean exactly none and all."""
    if 0 < ratio < 0.01:
        return "less than 1 %"
    if 0.99 < ratio < 1:
        return "more than 99 %"
    return f"{ratio * 100:.0f} %"


def _subject(incident: Incident) -> str:
    surface = incident.surface or incident.provider_display_name or incident.provider
    where = f" ({incident.provider_region})" if incident.provider_region else ""
    models = sorted({target.model for target in incident.targets if target.failing and target.model})
    if incident.layer is not Layer.MODEL or not models:
        return f"{surface}{where}"
    every = {target.model for target in incident.targets if target.model}
    return f"{models[0] if len(models) == 1 else f'{len(models)} of {len(every)} models'} on {surface}{where}"


def _answered(incident: Incident) -> str:
    """Return the answered share of what the subject names: the models that fail, or the whole surface."""
    targets = incident.targets
    if incident.layer is Layer.MODEL:
        targets = tuple(target for target in targets if target.failing)
    asked = sum(target.asked for target in targets)
    answered = sum(target.answered for target in targets)
    is_open = incident.end_timestamp_seconds is None
    if not asked:
        return "has failed" if is_open else "failed"
    return f"{'has answered' if is_open else 'answered'} {percent(answered / asked)} of calls"


def _period(incident: Incident) -> str:
    start, end = incident.start_timestamp_seconds, incident.end_timestamp_seconds
    until = incident.last_seen_timestamp_seconds if end is None else end
    dated = utc(start).date() != utc(until).date()
    doubt = "" if incident.start_observed else " or earlier"
    if end is None:
        return f"since {_time(start, dated=dated)} UTC{doubt}"
    lost = "" if incident.end_observed else ", when probing it ended"
    return f"between {_time(start, dated=dated)}{doubt} and {_time(end, dated=dated)} UTC{lost}"


def _failures(failures: Mapping[str, int]) -> str:
    total = sum(failures.values())
    if not total:
        return ""
    ranked = sorted(failures.items(), key=lambda item: (-item[1], item[0]))
    if ranked[0][1] > _MOSTLY * total or len(ranked) == 1:
        return f", mostly {_failure(ranked[0][0])}"
    return f", with {_failure(ranked[0][0])} and {_failure(ranked[1][0])}"


def _failure(name: str) -> str:
    return name if name.isdigit() else _FAILURE_WORDS.get(Outcome(name), name)


def _page_clause(incident: Incident) -> str:
    page = incident.page
    if page is None or not page.words:
        return ""
    words = [word.word for word in page.words]
    first = page.first_declared_timestamp_seconds
    if first is None:
        return _silent_page(words, is_open=incident.end_timestamp_seconds is None)
    when = _time(first, dated=utc(first).date() != utc(incident.start_timestamp_seconds).date())
    end = incident.end_timestamp_seconds
    if first < incident.start_timestamp_seconds:
        return f"the status page had declared a problem since {when}"
    if end is not None and first > end:
        return f"the status page declared it only after its end, at {when}"
    if words[0] is Word.OPERATIONAL:
        return f"the status page showed operational until {when}"
    return f"the status page declared it from {when}"


def _silent_page(words: Sequence[Word], *, is_open: bool) -> str:
    shown = set(words)
    if Word.MAINTENANCE in shown:
        return "the status page announced maintenance"
    if shown == {Word.UNREADABLE}:
        return "the status page could not be read"
    if Word.OPERATIONAL not in shown:
        return "the status page did not show its state"
    if Word.UNREADABLE in shown or Word.UNKNOWN in shown:
        return "the status page showed operational whenever it could be read"
    return "the status page still shows operational" if is_open else "the status page showed operational throughout"


def _control_clause(incident: Incident) -> str:
    if incident.egress is EgressControl.FAILED:
        return "our own network failed for a part of it"
    failing = sum(incident.other_providers.values())
    if failing >= 2 and failing > _MOSTLY * len(incident.other_providers):
        return f"{failing} of {len(incident.other_providers)} other providers failed too"
    return ""


def _gap_clause(incident: Incident) -> str:
    minutes = round(sum(end - start for start, end in incident.gaps) / 60)
    return f"aiprobe was restarted and did not probe for {max(minutes, 1)} min of it" if incident.gaps else ""


def utc(timestamp: float) -> datetime:
    """Return Unix time as a date; the epoch if the date is out of range."""
    try:
        return datetime.fromtimestamp(timestamp, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, tz=UTC)


def _time(timestamp: float, *, dated: bool) -> str:
    return utc(timestamp).strftime("%Y-%m-%d %H:%M" if dated else "%H:%M")
