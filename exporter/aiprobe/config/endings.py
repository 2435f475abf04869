"""Endings of a `base_url` that would appear twice, because the protocol appends the path itself.

The provider answers such a URL with 404, which reads as "no such model" rather than "no such address".
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_OPENAI: Final = ("/chat/completions", "/responses", "/embeddings", "/models")
_ADDED: Final[Mapping[str, tuple[str, ...]]] = {
    "anthropic-messages": ("/v1", "/v1/messages"),
    "openai-chat": _OPENAI,
    "openai-responses": _OPENAI,
    "openai-embeddings": _OPENAI,
    "cohere-chat": ("/v1", "/v2", "/v2/chat"),
    "ollama-chat": ("/v1", "/api", "/api/chat"),
}
"""Protocol -> endings that are not part of the base URL in the protocol's official SDK."""


def needless_ending(base_url: str, protocol: str) -> str:
    """Return the end of `base_url` that the protocol adds by itself, or an empty text."""
    path = urlsplit(base_url).path.rstrip("/")
    return max((end for end in _ADDED.get(protocol, ()) if path.endswith(end)), key=len, default="")
