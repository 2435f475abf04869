"""Ends of a base_url that would be there twice: paths that the protocol adds itself.

A slip that the provider answers with 404, which says "no such model" and not "no such address".
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
"""Protocol -> ends that are no part of what its official SDK takes as the base URL (wire reference, section 1)."""


def needless_ending(base_url: str, protocol: str) -> str:
    """Return the end of `base_url` that the protocol adds by itself, or an empty text."""
    path = urlsplit(base_url).path.rstrip("/")
    return max((end for end in _ADDED.get(protocol, ()) if path.endswith(end)), key=len, default="")
