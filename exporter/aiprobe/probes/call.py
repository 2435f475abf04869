"""Steps that all kinds of probes share: the route to a target, its headers, and the result of an exchange."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from aiprobe import __version__
from aiprobe.core.clock import Clock
from aiprobe.core.model import Provider, Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.protocols.base import Failure, HeadFacts
from aiprobe.transport.transport import Exchange, Route

USER_AGENT: Final = f"aiprobe/{__version__}"
DETAIL_KEPT: Final = 2000
ANSWER_KEPT: Final = 1000
"""Characters kept of a detail and an answer. Pages show fewer: secrets are removed before the last cut."""
FROM_IN_FRONT: Final = "this is not the reply of an API: if it never answered here, base_url may be wrong"
FREE: Final[Mapping[str, Any]] = {"input_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}
"""What `result_of` gets for a probe that calls no model."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def origin(url: SplitResult) -> tuple[str, str, int]:
    """Return scheme, host and port of an absolute http(s) URL. Raises ValueError for any other."""
    if url.scheme not in _DEFAULT_PORTS or not url.hostname:
        raise ValueError("not an absolute http or https URL")
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS[url.scheme]


def route(target: Target, url: str) -> Route:
    """Return the route to `url` for `target`."""
    scheme, host, port = origin(urlsplit(url))
    provider = target.provider
    return Route(
        scheme="https" if scheme == "https" else "http",
        host=host,
        port=port,
        proxy=provider.proxy,
        ca_file=provider.ca_file,
        tls_verify=provider.tls_verify,
        ip_family=provider.ip_family,
        address_fallback=provider.address_fallback,
        reuse=target.connection == "reuse",
    )


def credentials(provider: Provider) -> tuple[tuple[str, str], ...]:
    """Return the headers that only the provider's own origin may see: the key and the configured extras, which win."""
    extras = {name.lower(): value for name, value in provider.headers.items()}
    if provider.api_key is None:
        return tuple(extras.items())
    return tuple({provider.auth.header.lower(): provider.auth.prefix + provider.api_key.reveal(), **extras}.items())


def result_of(
    exchange: Exchange,
    *,
    outcome: Outcome,
    detail: str,
    clock: Clock,
    head: HeadFacts | None = None,
    phases: Mapping[str, float] | None = None,
    **seen: object,
) -> Result:
    """Return the result of one exchange; `seen` holds what the kind of probe adds, by field name of `Result`."""
    duration = exchange.ended - exchange.started
    fields: dict[str, object] = {
        "duration_seconds": duration,
        "started_timestamp_seconds": clock.wall() - (clock.monotonic() - exchange.started),
        "phases": dict(exchange.phases if phases is None else phases),
        "http_status": exchange.status,
        "remote_address": exchange.remote_address,
        "connections_tried": exchange.connections_tried,
        "bytes_received": exchange.bytes_received,
        "tls_certificate_not_after_timestamp_seconds": exchange.tls_certificate_not_after_timestamp_seconds,
    }
    if head is not None:
        detail = detail or (f"spilled over from the deployment {head.spilled_from}" if head.spilled_from else "")
        fields |= {
            "request_id": head.request_id,
            "rate_limits": head.rate_limits,
            "retry_after_seconds": head.retry_after_seconds,
            "server_seconds": head.server_seconds,
            "provider_region": head.provider_region,
            "deployment": head.deployment,
        }
    fields |= {name: value for name, value in seen.items() if value is not None}
    return Result(outcome=outcome, detail=one_line(detail), **fields)  # type: ignore[arg-type]  # by name, tested


def one_line(text: str) -> str:
    """Return untrusted text as one printable line of bounded length."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[:DETAIL_KEPT]).split())


def failure_detail(failure: Failure, exchange: Exchange) -> str:
    """Describe a failure in the peer's terms: the status, the error's name and message, and the redirect's address.

    For a reply of infrastructure in front of the API, add that `base_url` may be wrong.
    """
    status = f"HTTP {exchange.status}" if exchange.status is not None else ""
    location = exchange.headers.get("location", "") if exchange.status and 300 <= exchange.status < 400 else ""
    hint = FROM_IN_FRONT if failure.from_in_front else ""
    parts = (status, failure.error_type, failure.message, f"redirects to {location}" if location else "", hint)
    return ": ".join(part for part in parts if part)
