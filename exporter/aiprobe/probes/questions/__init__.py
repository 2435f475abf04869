"""What a chat probe asks, one file for each question, and the table that lists them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiprobe.probes.questions.custom import Custom
from aiprobe.probes.questions.question import Prepare
from aiprobe.probes.questions.repeat import Repeat
from aiprobe.probes.questions.structured import Structured
from aiprobe.probes.questions.tools import CallTool
from aiprobe.probes.questions.turns import TakeTurns
from aiprobe.probes.questions.vision import ReadPicture

_ALL: Final[tuple[Prepare, ...]] = (Repeat, CallTool, Structured, ReadPicture, TakeTurns, Custom)

QUESTIONS: Final[Mapping[str, Prepare]] = MappingProxyType({question.traits.name: question for question in _ALL})
"""The valid values of a target's `ask`; the first is the default."""
