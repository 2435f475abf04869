"""Wire protocols: bytes of a reply in, events out, and requests built once.

The one table of all of them; each entry is one file.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiprobe.protocols.anthropic import ANTHROPIC_MESSAGES
from aiprobe.protocols.azure_openai import AZURE_OPENAI_CLASSIC
from aiprobe.protocols.bedrock import BEDROCK_CONVERSE
from aiprobe.protocols.cohere import COHERE_CHAT
from aiprobe.protocols.cohere_rerank import COHERE_RERANK
from aiprobe.protocols.gemini import GEMINI
from aiprobe.protocols.mcp import MCP
from aiprobe.protocols.ollama import OLLAMA_CHAT
from aiprobe.protocols.openai_chat import OPENAI_CHAT
from aiprobe.protocols.openai_embeddings import OPENAI_EMBEDDINGS
from aiprobe.protocols.openai_responses import OPENAI_RESPONSES
from aiprobe.protocols.protocol import Protocol
from aiprobe.protocols.vertex import VERTEX_ANTHROPIC, VERTEX_GEMINI

_ALL: Final = (
    ANTHROPIC_MESSAGES,
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    OPENAI_EMBEDDINGS,
    GEMINI,
    BEDROCK_CONVERSE,
    AZURE_OPENAI_CLASSIC,
    VERTEX_GEMINI,
    VERTEX_ANTHROPIC,
    COHERE_CHAT,
    COHERE_RERANK,
    OLLAMA_CHAT,
    MCP,
)

PROTOCOLS: Final[Mapping[str, Protocol]] = MappingProxyType({protocol.name: protocol for protocol in _ALL})
"""By the name that configurations use."""
