"""The rerank probe: sends a fresh word and three documents, of which the last has the word, and checks the order."""

from typing import ClassVar, Final

from aiprobe.core.kind import AnsweredBy, ProbeKind, Sizes, Tokens
from aiprobe.core.model import Result, Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools, only_in
from aiprobe.probes.prompt import CODE_WORD, OTHER
from aiprobe.probes.single import Numbers, Single
from aiprobe.protocols.base import Ask

_PROTOCOL: Final = "cohere-rerank"
_DOCUMENTS: Final = (f"The code word is {OTHER}.", "The river runs to the sea.", f"The code word is {CODE_WORD}.")
_BEST: Final = 2
"""Not the first, so that the order in which they were sent is wrong."""


def _tokens(_: Sizes) -> Tokens:
    """Return one search: the unit in which Cohere bills up to 100 documents, and of which a price is."""
    return Tokens(most_input=1)


class RerankProbe:
    """A rerank probe of one target, its request built once."""

    kind: ClassVar = ProbeKind(
        name="rerank",
        needs_model=True,
        protocol_problem=only_in(_PROTOCOL),
        protocol_instead={"cohere-chat": _PROTOCOL},
        tokens=_tokens,
        answered_by=AnsweredBy.MODEL,
    )

    def __init__(self, target: Target, tools: Tools) -> None:
        if not target.model:
            raise ValueError("a rerank probe needs a model")
        ask = Ask(
            model=target.model,
            prompt=f"Which text has the code word {CODE_WORD}?",
            documents=_DOCUMENTS,
            stream=False,
            extra_body=target.extra_body,
        )
        self._single = Single(target, tools, ask)

    async def run(self) -> Result:
        """Request one ranking."""
        return await self._single.run(_judge, what="ranking")


def _judge(ranking: Numbers) -> tuple[Outcome, str]:
    """Judge the numbers of the documents, the best first."""
    if sorted(ranking) != list(range(len(_DOCUMENTS))):
        return Outcome.WRONG_ANSWER, f"the ranking has {len(ranking)} of {len(_DOCUMENTS)} documents, or others"
    if ranking[0] != _BEST:
        return Outcome.WRONG_ANSWER, f"document {ranking[0]:g} is ranked above the one that has the word"
    return Outcome.OK, ""
