"""The question `turns`: an agent's loop. A tool returns a code, which its next call takes, and so on up to an answer.

Each turn is judged by itself, and only a right one is followed by another. What the model called is sent back as it
came, as agents do.
"""

from dataclasses import replace
from typing import ClassVar, Final, Self

from aiprobe.core.kind import QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import CODE_WORD, MARKER, Words
from aiprobe.probes.questions.question import Judgement, Reply, quoted, tokens_of, without_text
from aiprobe.probes.questions.tools import ROOM, called
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask, Message, Tool

_PROMPT_TOKENS: Final = 1_500
"""A bound for the first turn: as of `tools`."""
_USUAL_TOKENS: Final = 700
_PAIR_TOKENS: Final = 200
"""A bound on what a call and its result add to each later turn."""
_USUAL_PAIR: Final = 100
_ANSWER_TOKENS: Final = 60
_APART: Final = 7_919
"""Between the codes of two turns."""
TOOL: Final = Tool(
    name="next_code",
    description="Return the code that follows a code.",
    parameters={
        "type": "object",
        "properties": {"code": {"type": "string", "description": "The code."}},
        "required": ["code"],
    },
)
_TASK: Final = (
    f"Call the tool {TOOL.name} with the code {MARKER}, then with each code that it returns, one call at a time, "
    f"until it returns the last code. Then answer with this line, with the last code for [code], and stop:\n"
    f"{CODE_WORD} [code]"
)

_FIRST: Final = (Message(role="user", text=_TASK),)


def _tokens(target: Sizes) -> Tokens:
    once = tokens_of(target, prompt=_PROMPT_TOKENS, answer=_ANSWER_TOKENS, room=ROOM)
    turns, pairs = target.turns, target.turns * (target.turns - 1) // 2
    return Tokens(
        turns * _PROMPT_TOKENS + pairs * _PAIR_TOKENS,
        turns * once.most_output,
        turns * once.expected_output,
        turns * _USUAL_TOKENS + pairs * _USUAL_PAIR,
    )


class TakeTurns:
    """One turn of the loop: a call, or after the last result the answer."""

    __slots__ = ("_at", "_finishes", "_messages", "_target")
    traits: ClassVar = QuestionTraits(
        name="turns", form="turns", keys=frozenset({"turns"}), room=lambda _: ROOM, tokens=_tokens
    )

    def __init__(self, target: Target, *, at: int = 1, messages: tuple[Message, ...] = _FIRST) -> None:
        self._target = target
        self._at = at
        self._messages = messages
        self._finishes = PROTOCOLS[target.provider.protocol].call_finishes

    def asked(self, ask: Ask) -> Ask:
        """Return the ask with the tool, and all messages before this turn."""
        return replace(ask, form=self.traits.form, tool=TOOL, messages=self._messages)

    def judge(self, reply: Reply, words: Words) -> Judgement:
        """Return whether the reply is exactly the call of this turn, or the answer with the last code."""
        if self._at < self._target.turns:
            return called(reply, {"code": _code(words, self._at)}, tool=TOOL, finishes=self._finishes)
        if reply.calls:
            return Outcome.WRONG_ANSWER, f"a call of {quoted(reply.calls[0].name)} instead of the answer"
        if missing := without_text(reply):
            return missing
        expected, shown = f"{words.code_word} {_code(words, self._at)}", " ".join(reply.text.split())
        if all(word in shown for word in expected.split()):
            return Outcome.OK, ""
        outcome = Outcome.TRUNCATED if expected.startswith(shown) else Outcome.WRONG_ANSWER
        return outcome, f"the answer lacks what was asked for: {quoted(shown)}"

    def after(self, reply: Reply, words: Words) -> Self | None:
        """Return the turn after a right reply to this one; None after the last."""
        then = self._at + 1
        if then > self._target.turns:
            return None
        call, code = reply.calls[0], _code(words, then)
        result = f"{code} is the last code." if then == self._target.turns else f"The next code is {code}."
        said = Message(role="assistant", call=call), Message(role="user", call=call, text=result)
        return type(self)(self._target, at=then, messages=(*self._messages, *said))


def _code(words: Words, turn: int) -> str:
    """Return the code that is known before a turn: that of the prompt, and then that of each result."""
    return words.marker if turn == 1 else f"K{int(words.digits) + turn * _APART}"
