"""The embeddings probe: sends one token, expects one vector, and checks the vector."""

import math
from typing import ClassVar, Final

from aiprobe.core.kind import AnsweredBy, ProbeKind, Sizes, Tokens
from aiprobe.core.model import Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.single import Numbers, Single
from aiprobe.protocols.base import Ask

_PROTOCOL: Final = "openai-embeddings"
_INPUT_TOKENS: Final = 8
"""A bound: one letter is one token in every known tokenizer, and some add special tokens around it."""


def _protocol_problem(_: str, protocol: str) -> tuple[str, str] | None:
    if protocol == _PROTOCOL:
        return None
    return f"`probe: embeddings` does not support the protocol {protocol}", "use a provider with OpenAI's protocol"


def _tokens(_: Sizes) -> Tokens:
    return Tokens(most_input=_INPUT_TOKENS)


class EmbeddingsProbe:
    """An embeddings probe of one target, its request built once."""

    kind: ClassVar = ProbeKind(
        name="embeddings",
        needs_model=True,
        protocol_problem=_protocol_problem,
        protocol_instead={"openai-chat": _PROTOCOL, "openai-responses": _PROTOCOL},
        tokens=_tokens,
        answered_by=AnsweredBy.MODEL,
    )

    def __init__(self, target: Target, tools: Tools) -> None:
        if not target.model:
            raise ValueError("an embeddings probe needs a model")
        ask = Ask(model=target.model, prompt="a", stream=False, extra_body=target.extra_body)
        self._single = Single(target, tools, ask)

    async def run(self) -> Result:
        """Request one vector."""
        return await self._single.run(_judge, what="vector")


def _judge(vector: Numbers) -> tuple[Outcome, str]:
    if not all(map(math.isfinite, vector)):
        return Outcome.WRONG_ANSWER, "the vector holds values that are not finite"
    if not any(vector):
        return Outcome.WRONG_ANSWER, "the vector is all zeros"
    return Outcome.OK, ""
