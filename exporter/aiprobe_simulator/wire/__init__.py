"""The protocols of the simulator, in one table."""

from collections.abc import Mapping
from typing import Final

from aiprobe_simulator.wire.anthropic import Anthropic
from aiprobe_simulator.wire.base import Wire
from aiprobe_simulator.wire.bedrock import Bedrock
from aiprobe_simulator.wire.cohere import Cohere
from aiprobe_simulator.wire.cohere_rerank import CohereRerank
from aiprobe_simulator.wire.gemini import Gemini
from aiprobe_simulator.wire.mcp import Mcp
from aiprobe_simulator.wire.ollama import Ollama
from aiprobe_simulator.wire.openai_chat import OpenAIChat
from aiprobe_simulator.wire.openai_embeddings import OpenAIEmbeddings
from aiprobe_simulator.wire.openai_responses import OpenAIResponses

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
        CohereRerank(),
        Ollama(),
        Mcp(),
    )
}
