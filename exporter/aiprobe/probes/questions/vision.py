"""The question `vision`: fresh digits in a picture, to be written down beside a fresh word of the text."""

import re
from dataclasses import replace
from typing import ClassVar, Final

from aiprobe.core.kind import QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import ANSWER_TOKENS, CODE_WORD, PICTURE, PROMPT_TOKENS, Words, padding
from aiprobe.probes.questions.question import Judgement, Reply, quoted, tokens_of, without_text
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask

_NUMBER: Final = re.compile(r"\d+", re.ASCII)


def _tokens(target: Sizes) -> Tokens:
    picture = PROTOCOLS[target.provider.protocol].picture
    most, usual = PROMPT_TOKENS + picture.most_tokens, PROMPT_TOKENS + picture.usual_tokens
    return tokens_of(target, prompt=most, answer=ANSWER_TOKENS, usual=usual)


class ReadPicture:
    """Asks to repeat a line in which the digits of a picture are missing."""

    __slots__ = ("_prompt",)
    traits: ClassVar = QuestionTraits(name="vision", form="vision", keys=frozenset({"input_tokens"}), tokens=_tokens)

    def __init__(self, target: Target) -> None:
        word, also = CODE_WORD, ""
        if target.input_tokens:
            word, also = "[code word]", " and the code word from the text above for [code word]"
        task = (
            f"Repeat this line exactly, but with the digits that the picture shows for [digits]{also}, and then stop:"
        )
        self._prompt = f"{padding(target.input_tokens)}{task}\n{word} [digits]"

    def asked(self, ask: Ask) -> Ask:
        """Return the ask with the picture."""
        return replace(ask, prompt=self._prompt, form=self.traits.form, picture=PICTURE)

    def judge(self, reply: Reply, words: Words) -> Judgement:
        """Return whether the answer has the word and exactly the digits, or where it was cut."""
        if missing := without_text(reply):
            return missing
        shown = " ".join(reply.text.split())
        if words.digits in _NUMBER.findall(shown):
            right = words.code_word in shown
            return (Outcome.OK, "") if right else (Outcome.WRONG_ANSWER, f"the answer lacks the word: {quoted(shown)}")
        if f"{words.code_word} {words.digits}".startswith(shown):
            return Outcome.TRUNCATED, f"the answer lacks the digits at its end: {quoted(shown)}"
        return Outcome.WRONG_ANSWER, f"the answer lacks the digits of the picture: {quoted(shown)}"
