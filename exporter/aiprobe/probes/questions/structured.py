"""The question `structured`: JSON of a schema, by the provider's own mode for it.

The schema is the same in every run, because some providers compile a new one for minutes; the fresh words are values.
"""

from dataclasses import replace
from typing import ClassVar, Final

from aiprobe.core.kind import QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import CODE_WORD, MARKER, Words, padding
from aiprobe.probes.questions.question import Judgement, Reply, quoted, tokens_of, without_text
from aiprobe.probes.questions.schema import Checker, loaded
from aiprobe.protocols.base import Ask

_ROOM: Final = 64
_PROMPT_TOKENS: Final = 500
"""A bound: the question and the schema, which some providers put into the prompt with words of their own."""
_USUAL_TOKENS: Final = 250
_ANSWER_TOKENS: Final = 40
_NAMES: Final = ("code_word", "marker")
SCHEMA: Final = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in _NAMES},
    "required": list(_NAMES),
    "additionalProperties": False,
}


def _tokens(target: Sizes) -> Tokens:
    return tokens_of(target, prompt=_PROMPT_TOKENS, answer=_ANSWER_TOKENS, room=_ROOM, usual=_USUAL_TOKENS)


class Structured:
    """Asks for an object with a fresh code word and a fresh marker."""

    __slots__ = ("_checker", "_prompt")
    traits: ClassVar = QuestionTraits(
        name="structured", form="structured", keys=frozenset({"input_tokens"}), room=lambda _: _ROOM, tokens=_tokens
    )

    def __init__(self, target: Target) -> None:
        code_word = "from the text above" if target.input_tokens else CODE_WORD
        task = f"Answer with a JSON object: its code_word is the code word {code_word}, its marker is {MARKER}."
        self._prompt = padding(target.input_tokens) + task
        self._checker = Checker(SCHEMA)

    def asked(self, ask: Ask) -> Ask:
        """Return the ask with the schema."""
        return replace(ask, prompt=self._prompt, form=self.traits.form, schema=SCHEMA)

    def judge(self, reply: Reply, words: Words) -> Judgement:
        """Return whether the answer is JSON of the schema with both words, or where it was cut."""
        if missing := without_text(reply):
            return missing
        text = reply.text.strip()
        try:
            answer = loaded(text)
        except ValueError:
            cut = text.startswith("{") and not text.endswith("}")
            outcome = Outcome.TRUNCATED if cut else Outcome.WRONG_ANSWER
            return outcome, f"the answer is {'cut' if cut else 'broken'} JSON: {quoted(text)}"
        problem = self._checker.problem(answer)
        if not problem and answer != {"code_word": words.code_word, "marker": words.marker}:
            problem = "it lacks the fresh words"
        return (Outcome.WRONG_ANSWER, f"{problem}: {quoted(text)}") if problem else (Outcome.OK, "")
