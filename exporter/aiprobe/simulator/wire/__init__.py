"""The protocols of the simulator, in one table."""

from collections.abc import Mapping
from typing import Final

from aiprobe.simulator.wire.anthropic import Anthropic
from aiprobe.simulator.wire.base import Wire
from aiprobe.simulator.wire.bedrock import Bedrock
from aiprobe.simulator.wire.cohere import Cohere
from aiprobe.simulator.wire.gemini import Gemini
from aiprobe.simulator.wire.mcp import Mcp
from aiprobe.simulator.wire.ollama import Ollama
from aiprobe.simulator.wire.openai_chat import OpenAIChat
from aiprobe.simulator.wire.openai_embeddings import OpenAIEmbeddings
from aiprobe.simulator.wire.openai_responses import OpenAIResponses

WIRES: Final[Mapping[str, Wire]] = {
    wire.name: wire
    for wire in (
        Anthropic(),
        OpenAIChat(),
        OpenAIResponses(),
        OpenAIEmbeddings(),
        Gemini(),
        Bedrock(),
        Cohere(),
        Ollama(),
        Mcp(),
    )
}
