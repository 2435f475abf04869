"""Wire protocols: bytes of a reply in, events out, and requests built once.

The one table of all of them; each entry is one file.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiprobe.protocols.anthropic import AnthropicMessages
from aiprobe.protocols.base import Protocol
from aiprobe.protocols.gemini import Gemini
from aiprobe.protocols.openai_chat import OpenAIChat
from aiprobe.protocols.openai_embeddings import OpenAIEmbeddings
from aiprobe.protocols.openai_responses import OpenAIResponses

_ALL: Final[tuple[Protocol, ...]] = (
    AnthropicMessages(),
    OpenAIChat(),
    OpenAIResponses(),
    OpenAIEmbeddings(),
    Gemini(),
)

PROTOCOLS: Final[Mapping[str, Protocol]] = MappingProxyType({protocol.name: protocol for protocol in _ALL})
"""By the name that configurations use."""
