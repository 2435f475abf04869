"""One file per kind of probe, on top of a protocol, and the one table of them."""

from collections.abc import Mapping
from typing import Final

from aiprobe.probes.base import Prepare
from aiprobe.probes.chat import ChatProbe
from aiprobe.probes.embeddings import EmbeddingsProbe
from aiprobe.probes.http import HttpProbe
from aiprobe.probes.mcp import McpProbe
from aiprobe.probes.models import ModelsProbe
from aiprobe.probes.realtime import RealtimeProbe

PROBES: Final[Mapping[str, Prepare]] = {
    "chat": ChatProbe,
    "models": ModelsProbe,
    "embeddings": EmbeddingsProbe,
    "http": HttpProbe,
    "mcp": McpProbe,
    "realtime": RealtimeProbe,
}
"""What a target's `probe` may say."""
