"""Parses the published form of an incident, for a restart that reads it from the disk."""

from collections.abc import Mapping
from typing import Any

from aiprobe.core.kind import AnsweredBy
from aiprobe.core.state import State
from aiprobe.incidents.record import (
    EgressControl,
    Incident,
    IncidentTarget,
    Layer,
    PageNotice,
    PageRecord,
    PageWord,
    Restatement,
    Word,
)


def incident_from_json(document: Mapping[str, Any]) -> Incident:
    """Return the incident in a document of `incident_json`. Raises: ValueError if the document is invalid.

    Fields that earlier versions did not write are empty.
    """
    try:
        return _incident(document)
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise ValueError("not an observed incident") from error


def _incident(document: Mapping[str, Any]) -> Incident:
    end, page = document["end_timestamp_seconds"], document["status_page"]
    start, layer = float(document["start_timestamp_seconds"]), document["suspected_layer"]
    others = document["other_providers"]
    last_seen = document.get("last_seen_timestamp_seconds", start if end is None else end)
    return Incident(
        id=str(document["id"]),
        provider=str(document["provider"]),
        provider_display_name=str(document["provider_display_name"]),
        surface=str(document["surface"]),
        provider_region=str(document["provider_region"]),
        start_timestamp_seconds=start,
        start_observed=bool(document["start_observed"]),
        last_seen_timestamp_seconds=float(last_seen),
        end_timestamp_seconds=None if end is None else float(end),
        end_observed=bool(document["end_observed"]),
        max_state=State(document["max_state"]),
        targets=tuple(map(_target, document["targets"])),
        outcomes=_counts(document["outcomes"]),
        http_statuses={int(status): count for status, count in _counts(document["http_statuses"]).items()},
        failures=_counts(document.get("failures", {})),
        other_providers=dict.fromkeys(map(str, others.get("fine_names", ())), False)
        | dict.fromkeys(map(str, others["failing_names"]), True),
        egress=EgressControl(document["egress"]),
        page=None if page is None else _page(page),
        request_ids=tuple(map(str, document["request_ids"])),
        request_ids_omitted=int(document["request_ids_omitted"]),
        layer=Layer(layer["layer"]),
        layer_reason=str(layer["reason"]),
        gaps=tuple((float(gap[0]), float(gap[1])) for gap in document.get("gaps", ())),
        restated=tuple(
            Restatement(
                timestamp_seconds=float(one["timestamp_seconds"]), field=str(one["field"]), reason=str(one["reason"])
            )
            for one in document.get("restated", ())
        ),
    )


def _target(document: Mapping[str, Any]) -> IncidentTarget:
    return IncidentTarget(
        target=str(document["target"]),
        probe=str(document["probe"]),
        model=str(document["model"]),
        vantage=str(document["vantage"]),
        failing=bool(document["failing"]),
        answered_by=AnsweredBy(document.get("answered_by", AnsweredBy.MODEL)),
        long_prompt=bool(document.get("long_prompt", False)),
        asked=int(document["asked"]),
        answered=int(document["answered"]),
        bad_outcomes=_counts(document.get("bad_outcomes", {})),
    )


def _page(document: Mapping[str, Any]) -> PageRecord:
    first = document["first_declared_timestamp_seconds"]
    return PageRecord(
        words=tuple(
            PageWord(
                timestamp_seconds=float(word["timestamp_seconds"]),
                word=Word(word["word"]),
                page_word=str(word["page_word"]),
            )
            for word in document["words"]
        ),
        words_omitted=int(document["words_omitted"]),
        first_declared_timestamp_seconds=None if first is None else float(first),
        notices=tuple(
            PageNotice(
                **{name: str(notice[name]) for name in ("id", "name", "impact", "status", "url")},
                declared_timestamp_seconds=float(notice["declared_timestamp_seconds"]),
            )
            for notice in document["notices"]
        ),
    )


def _counts(document: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(count) for name, count in document.items()}
