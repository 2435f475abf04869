"""Reads the headers of a reply: rate limits, the time to wait, the server's processing time, ids.

Header values are untrusted: a value that does not parse, is negative or is absurd is dropped.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from aiprobe.core.model import Provider, RateLimit
from aiprobe.protocols.base import HeadFacts, ReplyHead
from aiprobe.protocols.jsonvalues import an_id

_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.ASCII)
_LONGEST_WAIT_SECONDS: Final = 31 * 86_400.0
_LONGEST_WORK_SECONDS: Final = 86_400.0
_DURATION: Final = re.compile(r";\s*dur\s*=\s*\"?([0-9.]{1,20})", re.IGNORECASE)
"""Server-Timing, W3C: `name;dur=253;desc="..."`, in milliseconds."""

ANTHROPIC_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    resource.replace("-", "_"): (
        f"anthropic-ratelimit-{resource}-limit",
        f"anthropic-ratelimit-{resource}-remaining",
    )
    for resource in ("requests", "tokens", "input-tokens", "output-tokens")
}
"""Resource -> (header of the limit, header of what remains)."""

_OPENAI_NAMES: Final = (
    ("requests", "requests"),  # OpenAI, Azure, Groq (per day there), xAI
    ("tokens", "tokens"),
    ("requests", "req-minute"),  # Mistral
    ("tokens", "tokens-minute"),  # Mistral, Cerebras
    ("requests_day", "requests-day"),  # Cerebras
    ("tokens_day", "tokens-day"),
    ("tokens_month", "tokens-month"),  # Mistral
)
_OPENAI_LIMITS: Final = (
    *((resource, f"x-ratelimit-limit-{name}", f"x-ratelimit-remaining-{name}") for resource, name in _OPENAI_NAMES),
    ("requests", "x-ratelimit-limit", "x-ratelimit-remaining"),  # OpenRouter, Together
)
_LIMITS: Final = (*((resource, *names) for resource, names in ANTHROPIC_LIMITS.items()), *_OPENAI_LIMITS)
_WAITS: Final = frozenset({"retry-after-ms", "retry-after"})
_WORKED: Final = frozenset(
    {
        "openai-processing-ms",
        "server-timing",
        "x-amzn-bedrock-invocation-latency",
        "x-envoy-upstream-service-time",
    }
)

OPENAI_REQUEST_IDS: Final = (
    "x-request-id",
    "apim-request-id",
    "mistral-correlation-id",
    "x-generation-id",
    "inference-id",
    "x-kong-request-id",
    "x-amzn-requestid",
    "request-id",
)
ANTHROPIC_REQUEST_IDS: Final = ("request-id", "x-request-id", "apim-request-id", "x-amzn-requestid")
GEMINI_REQUEST_IDS: Final = ("x-request-id", "x-goog-request-id")
"""Google sends none; a gateway in front of it may."""
_REGIONS: Final = ("x-ms-region", "x-groq-region")


def facts(provider: Provider, head: ReplyHead, *, request_ids: tuple[str, ...]) -> HeadFacts:
    """Read all known headers; `request_ids` is the protocol's list, after the provider's own."""
    headers = head.headers
    return HeadFacts(
        request_id=_first_id(headers, (*provider.request_id_headers, *request_ids)),
        rate_limits=rate_limits(headers),
        retry_after_seconds=retry_after_seconds(headers),
        server_seconds=server_seconds(headers),
        provider_region=_first_id(headers, _REGIONS),
        deployment=_first_id(headers, ("x-ms-deployment-name",)),
        spilled_from=_first_id(headers, ("x-ms-spillover-from-deployment",)),
    )


def rate_limits(headers: Mapping[str, str]) -> tuple[RateLimit, ...]:
    """Return one entry per resource that any known spelling reports."""
    found: dict[str, RateLimit] = {}
    if "ratelimit" not in " ".join(headers):  # most replies, and there are many names to try
        return ()
    for resource, limit_name, remaining_name in _LIMITS:
        limit, remaining = _number(headers.get(limit_name)), _number(headers.get(remaining_name))
        if resource not in found and (limit is not None or remaining is not None):
            found[resource] = RateLimit(resource=resource, limit=limit, remaining=remaining)
    return tuple(found.values())


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long to wait: `retry-after-ms` wins, then `retry-after` as seconds or as a date.

    A date counts from the reply's own `date` header, so that no clock of ours is needed; else it is ignored.
    """
    if _WAITS.isdisjoint(headers):
        return None
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        seconds: float | None = milliseconds / 1000
    else:
        value = headers.get("retry-after")
        seconds = _number(value)
        if seconds is None:
            seconds = _seconds_between(headers.get("date"), value)
    return None if seconds is None else min(seconds, _LONGEST_WAIT_SECONDS)


def server_seconds(headers: Mapping[str, str]) -> float | None:
    """Return the provider's reported processing time: its own header, then the longest of `server-timing`."""
    if _WORKED.isdisjoint(headers):
        return None
    timing = headers.get("server-timing")
    timings = [_number(dur) for dur in _DURATION.findall(timing[:2000])] if timing else []
    known = [dur for dur in timings if dur is not None]
    values = (
        _number(headers.get("openai-processing-ms")),
        max(known, default=None),
        _number(headers.get("x-amzn-bedrock-invocation-latency")),
        _number(headers.get("x-envoy-upstream-service-time")),
    )
    milliseconds = next((value for value in values if value is not None), None)
    if milliseconds is None or milliseconds / 1000 > _LONGEST_WORK_SECONDS:
        return None
    return milliseconds / 1000


def _number(value: str | None) -> float | None:
    if not value:
        return None
    value = value.strip()
    return float(value) if _NUMBER.fullmatch(value) else None


def _seconds_between(earlier: str | None, later: str | None) -> float | None:
    if not earlier or not later:
        return None
    try:
        return max(0.0, parsedate_to_datetime(later).timestamp() - parsedate_to_datetime(earlier).timestamp())
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _first_id(headers: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    for name in names:
        if name in headers and (found := an_id(headers[name])) is not None:
            return found
    return None
