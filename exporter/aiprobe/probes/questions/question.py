"""The interface of every question: what it adds to a request, and how it judges a reply.

A question is fresh in every run, judged by machine, and priced before it runs. It reads no bytes of a protocol: a
form of `Protocol.forms` sends what is more than text, and events bring back what is.
"""

from dataclasses import dataclass
from typing import Final, runtime_checkable
from typing import Protocol as Interface

from aiprobe.core.kind import QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Target
from aiprobe.core.money import DEFAULT_MAX_OUTPUT_TOKENS
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.call import ANSWER_KEPT
from aiprobe.probes.prompt import LEAST_PADDING, Words
from aiprobe.protocols.base import Ask, ToolCall

PADDING_SLACK: Final = 1.3
"""Tokenizers differ: padding meant as N tokens may be billed as this much more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a user sees of a reply that ended without an error."""

    text: str
    """The visible text, without thoughts."""
    calls: tuple[ToolCall, ...] = ()
    other: str = ""
    """The kind of a content that is neither text nor a call; empty without one."""
    reason: str = ""
    """The provider's own word for why the model stopped."""
    out_of_tokens: bool = False
    tokens: int | None = None
    """Of the answer as it was billed, reasoning apart."""


Judgement = tuple[Outcome, str]
"""The outcome of a reply, and for people what is wrong with it."""


class Question(Interface):
    """A question to one target. Everything that is the same in every run is built in advance."""

    def asked(self, ask: Ask) -> Ask:
        """Return the ask with this question, which has placeholders for the fresh words."""

    def judge(self, reply: Reply, words: Words) -> Judgement:
        """Return the outcome of a reply: ok, wrong_answer, truncated, empty or starved."""


@runtime_checkable
class Loop(Question, Interface):
    """A question of several turns; each of them is a question."""

    def after(self, reply: Reply, words: Words) -> "Loop | None":
        """Return the turn after a right reply to this one; None after the last."""


class Prepare(Interface):
    """One question, usually a class: it describes itself, and is built for a target."""

    @property
    def traits(self) -> QuestionTraits:
        """Return what the configuration and the budget read."""

    def __call__(self, target: Target) -> Question:
        """Return the question to `target`. Raises `ValueError` for one that it cannot ask."""


def cap_of(target: Sizes, *, room: int) -> int:
    """Return the token cap of an answer: the target's, else that of a short text and the question's `room`."""
    return target.max_output_tokens or DEFAULT_MAX_OUTPUT_TOKENS + room


def tokens_of(target: Sizes, *, prompt: int, answer: int, room: int = 0, usual: int | None = None) -> Tokens:
    """Return the bound of a question of at most `prompt` tokens whose right answer has `answer` tokens.

    `usual` is what the prompt is expected to have; None: its bound. A target whose model cannot switch its reasoning
    off is expected to use its whole cap.
    """
    padded = int(max(target.input_tokens, LEAST_PADDING) * PADDING_SLACK) if target.input_tokens else 0
    most_output = expected = cap_of(target, room=room)
    if most_output <= DEFAULT_MAX_OUTPUT_TOKENS + room:
        expected = min(most_output, answer)
    elif target.output_tokens is not None:
        expected = min(most_output, target.output_tokens + answer)
    return Tokens(prompt + padded, most_output, expected, None if usual is None else usual + padded)


def without_text(reply: Reply) -> Judgement | None:
    """Return the outcome of a reply without visible text, for a question that is answered in text."""
    if reply.text.strip():
        return None
    if reply.out_of_tokens:
        return Outcome.STARVED, "the token limit ran out before any visible text; raise max_output_tokens"
    if reply.calls or reply.other:
        return Outcome.WRONG_ANSWER, f"a {'tool_call' if reply.calls else reply.other} instead of text"
    return Outcome.EMPTY, "a complete reply without any visible text"


def quoted(text: str) -> str:
    """Return a text of a reply as a detail quotes it."""
    return repr(text[:ANSWER_KEPT])
