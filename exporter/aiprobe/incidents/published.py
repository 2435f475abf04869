"""The published form of an incident, `spec/ai-service-incident`: of an observed incident, and of a declared one.

Pure. The form is for other programs; `schema.py` has the complete record for our own.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiprobe.core.state import State
from aiprobe.core.statuspage import DeclaredIncident
from aiprobe.incidents.record import Incident, Layer, PageRecord, Restatement
from aiprobe.incidents.text import sentence

SPEC: Final = "ai-service-incident/1.0.0"
_TITLE_CHARACTERS: Final = 300
_IMPACTS: Final[Mapping[str, str]] = {
    "critical": "down",
    "major": "partial",
    "minor": "partial",
    "none": "none",
    "maintenance": "none",
}
"""A page's impact -> the kind of impact; any other is `unknown`."""
_SLOW: Final = frozenset({"timeout_first_token", "timeout_total", "stalled"})
_WRONG: Final = frozenset({"wrong_answer", "truncated", "malformed", "empty"})


def observed(incident: Incident, *, publisher: str) -> dict[str, Any]:
    """Return an observed incident in the published form. `publisher` is the name of who runs the exporter."""
    start, end = incident.start_timestamp_seconds, incident.end_timestamp_seconds
    failing = [target for target in incident.targets if target.failing]
    bad: dict[str, int] = {}
    for target in failing:
        for outcome, count in target.bad_outcomes.items():
            bad[outcome] = bad.get(outcome, 0) + count
    return {
        "spec": SPEC,
        "id": incident.id,
        **_revision(incident.restated),
        "title": sentence(incident)[:_TITLE_CHARACTERS],
        "publisher": {"name": publisher, "method": "synthetic_probes", "vantages": list(incident.vantages)},
        "subject": _subject(
            incident.provider,
            incident.surface or incident.provider_display_name or incident.provider,
            provider_name=incident.provider_display_name,
            models=sorted({target.model for target in failing if target.model}),
            region=incident.provider_region,
        ),
        "start": {"earliest": None, "latest": rfc3339(start)},
        "end": None if end is None else _end(incident, end),
        "impact": {
            "kind": _kind(incident.max_state, bad),
            "attempts": incident.asked,
            "failed": incident.asked - incident.answered,
            "outcomes": bad,
        },
        "suspected_layer": {
            "layer": incident.layer.value,
            "confidence": "low" if incident.layer is Layer.UNKNOWN else "medium",
            "reason": incident.layer_reason,
        },
        "declared": [] if incident.page is None else _declared(incident.page),
        "evidence": {
            "request_ids": list(incident.request_ids),
            "request_ids_omitted": incident.request_ids_omitted,
        },
    }


def declared(notice: DeclaredIncident, *, publisher: str, provider: str, surface: str) -> dict[str, Any]:
    """Return an incident of a status page (Atlassian, incident.io, ...) in the published form.

    A page states one time, so it is both bounds; an end before the start is unknown. `surface` is the name of the
    component, or of the page.
    """
    start = notice.started_timestamp_seconds or notice.declared_timestamp_seconds
    end = notice.resolved_timestamp_seconds
    resolved = None if end is None or end < start else rfc3339(end)
    history = notice.history or ((notice.declared_timestamp_seconds, notice.status),)
    entries = [{"at": rfc3339(at), "status": status} for at, status in history]
    entries[-1] |= {"impact": notice.impact} | ({"url": notice.url} if notice.url else {})
    return {
        "spec": SPEC,
        "id": notice.id,
        "title": notice.name[:_TITLE_CHARACTERS],
        "publisher": {"name": publisher, "method": "status_page"},
        "subject": _subject(provider, surface),
        "start": {"earliest": rfc3339(start), "latest": rfc3339(start)},
        "end": None if end is None else {"earliest": resolved, "latest": resolved},
        "impact": {"kind": _IMPACTS.get(notice.impact, "unknown")},
        "declared": entries,
    }


def same_incident(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two records are of the same incident: same provider and surface, overlapping bounds.

    A bound that is unknown does not exclude an overlap, nor does an end that is missing.
    """
    subjects = (one["subject"], other["subject"])
    same = all(subjects[0][key] == subjects[1][key] for key in ("provider", "surface"))
    return same and _begins_before_end(one, other) and _begins_before_end(other, one)


def rfc3339(timestamp_seconds: float) -> str:
    """Return Unix seconds as `2026-03-02T12:00:05Z`, with milliseconds where they are not 0."""
    moment = datetime.fromtimestamp(round(timestamp_seconds, 3), UTC)
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _begins_before_end(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    begin = one["start"]["earliest"] or one["start"]["latest"]
    end = other["end"] and other["end"]["latest"]
    return begin is None or end is None or moment(begin) <= moment(end)


def moment(text: str) -> datetime:
    """Return a time of RFC 3339. Raises ValueError for a leap second, and for what is no time."""
    return datetime.fromisoformat(text.upper())


def _subject(
    provider: str, surface: str, *, provider_name: str = "", models: Iterable[str] = (), region: str = ""
) -> dict[str, Any]:
    """Return the subject without the keys that have no value."""
    subject = {
        "provider": provider,
        "provider_name": provider_name,
        "surface": surface,
        "models": list(models),
        "region": region,
    }
    return {key: value for key, value in subject.items() if value}


def _revision(restated: Sequence[Restatement]) -> dict[str, Any]:
    """Return the number of the revision; of a later one than the first also its time, and what was restated."""
    if not restated:
        return {"revision": 1}
    return {
        "revision": 1 + len(restated),
        "published": rfc3339(restated[-1].timestamp_seconds),
        "restated": [
            {"revision": number, "field": one.field, "reason": one.reason} for number, one in enumerate(restated, 2)
        ],
    }


def _end(incident: Incident, end: float) -> dict[str, str | None]:
    """Return the bounds of the end. If the probes stopped before a recovery, the latest time is unknown."""
    earliest = min(incident.last_seen_timestamp_seconds, end)
    return {"earliest": rfc3339(earliest), "latest": rfc3339(end) if incident.end_observed else None}


def _kind(worst: State, bad: Mapping[str, int]) -> str:
    """Return the kind of impact: of a major outage `down`, else `slow` or `wrong` where most failures are such."""
    total = sum(bad.values())
    if worst is State.MAJOR_OUTAGE:
        return "down"
    for kind, outcomes in (("slow", _SLOW), ("wrong", _WRONG)):
        if 2 * sum(count for outcome, count in bad.items() if outcome in outcomes) > total:
            return kind
    return "partial"


def _declared(page: PageRecord) -> list[dict[str, str]]:
    words = [{"at": rfc3339(word.timestamp_seconds), "status": word.word.value} for word in page.words]
    notices = [
        {
            "at": rfc3339(notice.declared_timestamp_seconds),
            "status": notice.status,
            "impact": notice.impact,
        }
        | ({"url": notice.url} if notice.url else {})
        for notice in page.notices
    ]
    return sorted(words + notices, key=lambda entry: moment(entry["at"]))
