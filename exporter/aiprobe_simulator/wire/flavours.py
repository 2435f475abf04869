"""How services with OpenAI's protocol differ from OpenAI: data, one entry each.

A provider of the simulator takes the flavour whose name its own name contains, so `my-vllm` is a vLLM.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """What one service does in its own way."""

    errors: Literal["nested", "flat", "string", "numbered"] = "nested"
    """nested: OpenAI's; flat: without the `error` around it; string: `error` is the message; numbered: integer code."""
    request_id_header: str | None = "x-request-id"
    limits: Literal["openai", "minute"] | None = None
    usage_always: bool = False
    """Token counts come in the chunk with the finish reason, asked for or not."""
    comment: str | None = None
    """A keepalive comment ahead of the stream."""
    queue_field: bool = False
    """The first and last chunk have Groq's `x_groq`."""
    needs_key: bool = True
    filters: bool = False
    """Azure's: the result of its content filter, before the first chunk and in each choice, and its region."""
    token_caps: tuple[str, ...] = ("max_completion_tokens", "max_tokens")


PLAIN: Final = Flavour(limits="openai")
FLAVOURS: Final[Mapping[str, Flavour]] = {
    "mistral": Flavour(
        errors="flat",
        request_id_header="mistral-correlation-id",
        limits="minute",
        usage_always=True,
        token_caps=("max_tokens",),
    ),
    "groq": Flavour(limits="openai", usage_always=True, queue_field=True),
    "deepseek": Flavour(request_id_header=None, usage_always=True, comment="keep-alive", token_caps=("max_tokens",)),
    "openrouter": Flavour(
        errors="numbered", request_id_header="x-generation-id", usage_always=True, comment="OPENROUTER PROCESSING"
    ),
    "azure": Flavour(request_id_header="apim-request-id", limits="openai", filters=True),
    "xai": Flavour(errors="string"),
    "vllm": Flavour(errors="numbered", request_id_header=None, needs_key=False),
    "ollama": Flavour(request_id_header=None, needs_key=False),
    "local": Flavour(request_id_header=None, needs_key=False),
}


def flavour_of(provider: str) -> Flavour:
    """Return the flavour of `provider`; OpenAI's own for any other name."""
    return next((flavour for name, flavour in FLAVOURS.items() if name in provider), PLAIN)
