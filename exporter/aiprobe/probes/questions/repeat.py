"""The question `repeat`: two fresh words, in a line to repeat. The default, and the cheapest proof of an answer."""

from dataclasses import replace
from typing import ClassVar

from aiprobe.core.kind import QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import ANSWER_TOKENS, PROMPT_TOKENS, Words, expected_answer, judge, prompt
from aiprobe.probes.questions.question import Judgement, Reply, quoted, tokens_of, without_text
from aiprobe.protocols.base import Ask


def _tokens(target: Sizes) -> Tokens:
    return tokens_of(target, prompt=PROMPT_TOKENS, answer=ANSWER_TOKENS)


class Repeat:
    """Asks to repeat a code word and an end marker."""

    __slots__ = ("_expected", "_prompt")
    traits: ClassVar = QuestionTraits(name="repeat", keys=frozenset({"input_tokens", "output_tokens"}), tokens=_tokens)

    def __init__(self, target: Target) -> None:
        self._prompt = prompt(target)
        self._expected = expected_answer(target)

    def asked(self, ask: Ask) -> Ask:
        """Return the ask with the line to repeat."""
        return replace(ask, prompt=self._prompt)

    def judge(self, reply: Reply, words: Words) -> Judgement:
        """Return whether the answer has both words, or where it was cut."""
        return repeated(reply, words, asked=self._prompt, expected=self._expected)


def repeated(reply: Reply, words: Words, *, asked: str, expected: str) -> Judgement:
    """Return whether a reply is the `expected` answer to what was `asked`, both with placeholders."""
    if missing := without_text(reply):
        return missing
    outcome = judge(reply.text, words, asked=asked, expected=expected)
    if outcome is Outcome.OK:
        return outcome, ""
    lacking = "the end marker" if outcome is Outcome.TRUNCATED else "what was asked for"
    return outcome, f"the answer lacks {lacking}: {quoted(reply.text)}"
