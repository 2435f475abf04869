"""What OpenAI's three protocols share: errors, headers, the list of models, and what reasoning models refuse."""

import re
from collections.abc import Mapping
from typing import Final

from aiprobe_simulator.wire.base import STATUS, BadCall, Json, Stamp, Trouble
from aiprobe_simulator.wire.flavours import flavour_of

_ERRORS: Final[Mapping[Trouble, tuple[str, str | None, str]]] = {
    Trouble.BAD_REQUEST: ("invalid_request_error", None, "The request is not valid."),
    Trouble.BAD_KEY: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: {key}."),
    Trouble.UNAUTHORIZED: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: {key}."),
    Trouble.QUOTA_400: ("invalid_request_error", "billing_hard_limit_reached", "Billing hard limit has been reached."),
    Trouble.PAYMENT: ("insufficient_balance", "insufficient_balance", "Insufficient Balance"),
    Trouble.FORBIDDEN: (
        "request_forbidden",
        "unsupported_country_region_territory",
        "Country or region not supported.",
    ),
    Trouble.NOT_FOUND: (
        "invalid_request_error",
        "model_not_found",
        "The model does not exist or you have no access to it.",
    ),
    Trouble.TIMEOUT: ("timeout", "request_timeout", "The request timed out."),
    Trouble.TOO_LARGE: ("invalid_request_error", "request_too_large", "The request is too large."),
    Trouble.UNPROCESSABLE: ("invalid_request_error", None, "The request cannot be processed."),
    Trouble.DEPENDENCY: ("server_error", "failed_dependency", "A dependency of the model failed."),
    Trouble.RATE_LIMITED: (
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for requests per minute. Try again in 20s.",
    ),
    Trouble.QUOTA: (
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, check your plan and billing.",
    ),
    Trouble.OVERLOADED_429: (
        "server_error",
        "engine_overloaded",
        "The engine is currently overloaded, please try again later.",
    ),
    Trouble.CAPACITY: ("server_error", "capacity_exceeded", "Flex tier capacity exceeded, please try again later."),
    Trouble.SERVER_ERROR: ("server_error", None, "The server had an error while processing your request."),
    Trouble.UNAVAILABLE: ("server_error", None, "The engine is currently overloaded, please try again later."),
    Trouble.GATEWAY_TIMEOUT: ("server_error", "timeout", "The upstream model did not answer in time."),
    Trouble.OVERLOADED: ("server_error", "overloaded", "The model is overloaded."),
}
_REASONING_MODEL: Final = re.compile(r"^(?:o\d|gpt-5)")
_LIMITS: Final = {"requests": 10_000, "tokens": 2_000_000}


def refuse_as_reasoning_models_do(body: Json, model: str, *names: str) -> None:
    """Raise `BadCall` for a field that OpenAI's reasoning models do not take."""
    if not _REASONING_MODEL.match(model):
        return
    refused = next((name for name in ("temperature", "top_p", *names) if body.get(name) is not None), None)
    if refused is not None:
        raise BadCall(Trouble.BAD_REQUEST, f"Unsupported parameter: '{refused}' is not supported with this model.")


def message_of(trouble: Trouble) -> str:
    """Return OpenAI's message of a trouble, for services without their own."""
    return _ERRORS[trouble][2].format(key="***")


class OpenAIBase:
    """Errors, headers and models; no stream and no reply of its own."""

    base = "/v1"

    def error(self, trouble: Trouble, stamp: Stamp, *, message: str | None = None) -> tuple[int, Json]:
        """Return the error in the shape of the provider's flavour; a refused key is echoed in part, as OpenAI does."""
        kind, code, usual = _ERRORS[trouble]
        words = message or usual.format(key=_masked(stamp.key))
        status = STATUS[trouble]
        if trouble is Trouble.OVERLOADED_429 and flavour_of(stamp.provider).errors == "flat":
            code, words = "3505", "Service tier capacity exceeded for this model."
        match flavour_of(stamp.provider).errors:
            case "flat":
                return status, {"object": "error", "message": words, "type": kind, "param": None, "code": code}
            case "string":
                return status, {"code": code or kind, "error": words}
            case "numbered":
                return status, {"error": {"message": words, "type": kind, "param": None, "code": status}}
        return status, {"error": {"message": words, "type": kind, "param": None, "code": code}}

    def headers(self, stamp: Stamp, *, exhausted: bool = False) -> dict[str, str]:
        """Return request id, timing and limits under the flavour's names."""
        flavour = flavour_of(stamp.provider)
        found: dict[str, str] = {}
        if flavour.request_id_header:
            found[flavour.request_id_header] = stamp.request_id
        if flavour.limits == "openai":
            found |= {"openai-processing-ms": str(stamp.processing_ms), "openai-version": "2020-10-01"}
        if flavour.filters:
            found |= {"x-ms-region": "Sweden Central", "x-ms-deployment-name": "simulated"}
        for name, limit in _LIMITS.items():
            remaining = 0 if exhausted else limit - limit * (stamp.number % 20) // 100
            if flavour.limits == "openai":
                found[f"x-ratelimit-limit-{name}"] = str(limit)
                found[f"x-ratelimit-remaining-{name}"] = str(remaining)
                found[f"x-ratelimit-reset-{name}"] = "6ms"
            elif flavour.limits == "minute":
                short = {"requests": "req-minute", "tokens": "tokens-minute"}[name]
                found[f"x-ratelimit-limit-{short}"] = str(limit)
                found[f"x-ratelimit-remaining-{short}"] = str(remaining)
        return found

    def models(self, names: tuple[str, ...], stamp: Stamp, *, limit: int | None) -> Json:  # noqa: ARG002 - has no pages
        """Return the whole list."""
        created = stamp.created_timestamp_seconds
        data = [{"id": name, "object": "model", "created": created, "owned_by": stamp.provider} for name in names]
        return {"object": "list", "data": data}


def _masked(key: str) -> str:
    """Return a key as OpenAI repeats it: its ends, and stars between them."""
    return f"{key[:6]}{'*' * 8}{key[-4:]}" if len(key) > 10 else "*" * len(key)
