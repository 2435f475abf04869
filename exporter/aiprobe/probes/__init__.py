"""The kinds of probes, one file each, and the table that lists them."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from aiprobe.core.model import Result, Target
from aiprobe.probes.base import Prepare, Tools
from aiprobe.probes.chat import ChatProbe
from aiprobe.probes.embeddings import EmbeddingsProbe
from aiprobe.probes.http import HttpProbe
from aiprobe.probes.mcp import McpProbe
from aiprobe.probes.models import ModelsProbe
from aiprobe.probes.realtime import RealtimeProbe
from aiprobe.probes.rerank import RerankProbe

_KINDS: Final[tuple[Prepare, ...]] = (
    ChatProbe,
    ModelsProbe,
    EmbeddingsProbe,
    RerankProbe,
    HttpProbe,
    McpProbe,
    RealtimeProbe,
)

PROBES: Final[Mapping[str, Prepare]] = MappingProxyType({probe.kind.name: probe for probe in _KINDS})
"""The valid values of a target's `probe`."""


def preparer(tools: Tools) -> Callable[[Target], Callable[[], Awaitable[Result]]]:
    """Return the function that builds the repeatable probe of a target."""

    def prepare(target: Target) -> Callable[[], Awaitable[Result]]:
        return PROBES[target.probe](target, tools).run

    return prepare
