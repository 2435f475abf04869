"""One file per kind of probe, on top of a protocol, and the one table of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiprobe.probes.base import Prepare
from aiprobe.probes.chat import ChatProbe
from aiprobe.probes.embeddings import EmbeddingsProbe
from aiprobe.probes.http import HttpProbe
from aiprobe.probes.mcp import McpProbe
from aiprobe.probes.models import ModelsProbe
from aiprobe.probes.realtime import RealtimeProbe

_KINDS: Final[tuple[Prepare, ...]] = (ChatProbe, ModelsProbe, EmbeddingsProbe, HttpProbe, McpProbe, RealtimeProbe)

PROBES: Final[Mapping[str, Prepare]] = MappingProxyType({probe.kind.name: probe for probe in _KINDS})
"""What a target's `probe` may say."""
