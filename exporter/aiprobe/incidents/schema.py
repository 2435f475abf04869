"""The published form of an incident as JSON, with its JSON Schema, for comparison with those of other vendors.

Every key is always present; unknown values are null. Times are Unix seconds, ratios 0 to 1.
"""

from typing import Any, Final

from aiprobe.core.kind import AnsweredBy
from aiprobe.core.outcomes import Outcome
from aiprobe.incidents.record import EgressControl, Incident, Layer, PageRecord, Word
from aiprobe.incidents.text import sentence

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_MAX_TEXT: Final = 2000


def incident_json(incident: Incident) -> dict[str, Any]:
    """Return an incident as plain JSON values, in the form of `incident_schema`."""
    failing = sorted(name for name, failed in incident.other_providers.items() if failed)
    return {
        "id": incident.id,
        "provider": incident.provider,
        "provider_display_name": incident.provider_display_name,
        "surface": incident.surface,
        "provider_region": incident.provider_region,
        "open": incident.end_timestamp_seconds is None,
        "start_timestamp_seconds": incident.start_timestamp_seconds,
        "start_observed": incident.start_observed,
        "end_timestamp_seconds": incident.end_timestamp_seconds,
        "end_observed": incident.end_observed,
        "last_seen_timestamp_seconds": incident.last_seen_timestamp_seconds,
        "gaps": [list(gap) for gap in incident.gaps],
        "revision": incident.revision,
        "restated": [
            {"timestamp_seconds": one.timestamp_seconds, "field": one.field, "reason": one.reason}
            for one in incident.restated
        ],
        "max_state": int(incident.max_state),
        "sentence": sentence(incident)[:_MAX_TEXT],
        "asked": incident.asked,
        "answered": incident.answered,
        "answered_ratio": incident.answered_ratio,
        "vantages": list(incident.vantages),
        "targets": [
            {
                "target": target.target,
                "probe": target.probe,
                "model": target.model,
                "vantage": target.vantage,
                "failing": target.failing,
                "asked": target.asked,
                "answered": target.answered,
                "answered_by": target.answered_by.value,
                "long_prompt": target.long_prompt,
                "bad_outcomes": dict(target.bad_outcomes),
            }
            for target in incident.targets
        ],
        "outcomes": dict(incident.outcomes),
        "http_statuses": {str(status): count for status, count in incident.http_statuses.items()},
        "failures": dict(incident.failures),
        "other_providers": {
            "fine": len(incident.other_providers) - len(failing),
            "fine_names": sorted(set(incident.other_providers) - set(failing)),
            "failing": len(failing),
            "failing_names": failing,
        },
        "egress": incident.egress.value,
        "suspected_layer": {"layer": incident.layer.value, "reason": incident.layer_reason[:_MAX_TEXT]},
        "status_page": None if incident.page is None else _page_json(incident.page, incident),
        "request_ids": list(incident.request_ids),
        "request_ids_omitted": incident.request_ids_omitted,
    }


def _page_json(page: PageRecord, incident: Incident) -> dict[str, Any]:
    first = page.first_declared_timestamp_seconds
    end = incident.end_timestamp_seconds
    lag = None if first is None else first - incident.start_timestamp_seconds
    return {
        "words": [
            {
                "timestamp_seconds": word.timestamp_seconds,
                "word": word.word.value,
                "page_word": word.page_word,
            }
            for word in page.words
        ],
        "words_omitted": page.words_omitted,
        "first_declared_timestamp_seconds": first,
        "declared_after_seconds": lag if lag is not None and lag >= 0 else None,
        "declared_ahead_seconds": -lag if lag is not None and lag < 0 else None,
        "declared_retroactively": first is not None and end is not None and first > end,
        "notices": [
            {
                "id": notice.id,
                "name": notice.name,
                "impact": notice.impact,
                "status": notice.status,
                "declared_timestamp_seconds": notice.declared_timestamp_seconds,
                "url": notice.url,
            }
            for notice in page.notices
        ],
    }


def incident_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one incident."""
    return {
        "$schema": _DIALECT,
        "title": "Observed incident of an AI service",
        "description": "A stretch of time in which probes saw one surface of one provider fail.",
        **_object(
            {
                "id": {"type": "string", "minLength": 1, "description": "The same wherever it is computed."},
                "provider": {"type": "string", "description": "OpenTelemetry's gen_ai.provider.name."},
                "provider_display_name": _TEXT,
                "surface": {"type": "string", "description": "The product, as its status page names it."},
                "provider_region": _TEXT,
                "open": {"type": "boolean"},
                "start_timestamp_seconds": {**_TIME, "description": "The first bad probe."},
                "start_observed": {"type": "boolean", "description": "False: it may have begun earlier."},
                "end_timestamp_seconds": {**_nullable(_TIME), "description": "The first good probe; null while open."},
                "end_observed": {"type": "boolean", "description": "False: probing stopped before it recovered."},
                "last_seen_timestamp_seconds": {**_TIME, "description": "The last probe that was counted."},
                "gaps": {
                    "type": "array",
                    "items": {"type": "array", "items": _TIME, "minItems": 2, "maxItems": 2},
                    "description": "[from, to) in which aiprobe did not run: it was restarted.",
                },
                "revision": {"type": "integer", "minimum": 1, "description": "One more for each restatement."},
                "restated": {
                    "type": "array",
                    "items": _object({"timestamp_seconds": _TIME, "field": _TEXT, "reason": _TEXT}),
                    "description": "What was changed after the end, and why.",
                },
                "max_state": {
                    "enum": [2, 3],
                    "description": "2 partial outage, 3 major outage: the worst that was reached.",
                },
                "sentence": {"type": "string", "maxLength": _MAX_TEXT},
                "asked": {**_COUNT, "description": "Scheduled probes between start and end, good or bad."},
                "answered": {**_COUNT, "description": "The good ones of these."},
                "answered_ratio": _nullable({"type": "number", "minimum": 0, "maximum": 1}),
                "vantages": {"type": "array", "items": _TEXT, "uniqueItems": True},
                "targets": {"type": "array", "items": _target_schema(), "minItems": 1},
                "outcomes": {**_OUTCOMES, "description": "Every attempt, confirmations too, by outcome."},
                "http_statuses": {
                    "type": "object",
                    "propertyNames": {"pattern": "^[0-9]{1,4}$"},
                    "additionalProperties": {"type": "integer", "minimum": 1},
                },
                "failures": {
                    "type": "object",
                    "additionalProperties": {"type": "integer", "minimum": 1},
                    "description": "Bad attempts, by HTTP status of 400 and above, else by outcome.",
                },
                "other_providers": _object(
                    {
                        "fine": _COUNT,
                        "fine_names": {"type": "array", "items": _TEXT},
                        "failing": _COUNT,
                        "failing_names": {"type": "array", "items": _TEXT},
                    }
                ),
                "egress": {
                    "enum": sorted(EgressControl),
                    "description": "Checks of hosts that no AI provider runs: is it us?",
                },
                "suspected_layer": _object({"layer": {"enum": sorted(Layer)}, "reason": _TEXT}),
                "status_page": _nullable(_page_schema()),
                "request_ids": {"type": "array", "items": _TEXT, "maxItems": 20, "description": "Of failed probes."},
                "request_ids_omitted": _COUNT,
            }
        ),
    }


_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TIME: Final = {"type": "number"}
_OUTCOMES: Final = {
    "type": "object",
    "propertyNames": {"enum": sorted(Outcome)},
    "additionalProperties": {"type": "integer", "minimum": 1},
}


def _target_schema() -> dict[str, Any]:
    return _object(
        {
            "target": _TEXT,
            "probe": _TEXT,
            "model": _TEXT,
            "vantage": _TEXT,
            "failing": {"type": "boolean"},
            "asked": _COUNT,
            "answered": _COUNT,
            "answered_by": {
                "enum": sorted(one.value for one in AnsweredBy),
                "description": "The part of the provider that answers this probe.",
            },
            "long_prompt": {"type": "boolean"},
            "bad_outcomes": _OUTCOMES,
        }
    )


def _page_schema() -> dict[str, Any]:
    word = _object({"timestamp_seconds": _TIME, "word": {"enum": sorted(Word)}, "page_word": _TEXT})
    notice = _object(
        {
            "id": _TEXT,
            "name": _TEXT,
            "impact": _TEXT,
            "status": _TEXT,
            "declared_timestamp_seconds": _TIME,
            "url": {"type": "string", "pattern": "^(https?://.*)?$"},
        }
    )
    seconds = _nullable({"type": "number", "minimum": 0})
    return _object(
        {
            "words": {"type": "array", "items": word, "maxItems": 20},
            "words_omitted": _COUNT,
            "first_declared_timestamp_seconds": _nullable(_TIME),
            "declared_after_seconds": {**seconds, "description": "From the start to the page's first declaration."},
            "declared_ahead_seconds": {**seconds, "description": "From the page's first declaration to the start."},
            "declared_retroactively": {"type": "boolean", "description": "The first declaration came after the end."},
            "notices": {"type": "array", "items": notice, "maxItems": 5},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}
