"""Wire protocols: bytes of a reply in, events out, and requests built once.

The one table of all of them; each entry is one file.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiprobe.protocols.anthropic import AnthropicMessages
from aiprobe.protocols.azure_openai import AzureOpenAIClassic
from aiprobe.protocols.base import Protocol
from aiprobe.protocols.bedrock import BedrockConverse
from aiprobe.protocols.cohere import CohereChat
from aiprobe.protocols.gemini import Gemini
from aiprobe.protocols.mcp import Mcp
from aiprobe.protocols.ollama import OllamaChat
from aiprobe.protocols.openai_chat import OpenAIChat
from aiprobe.protocols.openai_embeddings import OpenAIEmbeddings
from aiprobe.protocols.openai_responses import OpenAIResponses
from aiprobe.protocols.vertex import VertexAnthropic, VertexGemini

_ALL: Final[tuple[Protocol, ...]] = (
    AnthropicMessages(),
    OpenAIChat(),
    OpenAIResponses(),
    OpenAIEmbeddings(),
    Gemini(),
    BedrockConverse(),
    AzureOpenAIClassic(),
    VertexGemini(),
    VertexAnthropic(),
    CohereChat(),
    OllamaChat(),
    Mcp(),
)

PROTOCOLS: Final[Mapping[str, Protocol]] = MappingProxyType({protocol.name: protocol for protocol in _ALL})
"""By the name that configurations use."""
LOADS_FIRST: Final = frozenset({"ollama-chat"})
"""Whose service says nothing while it loads a model: the total limit alone tells a cold start from an outage."""
