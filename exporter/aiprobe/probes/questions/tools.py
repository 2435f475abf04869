"""The question `tools`: one call of one tool with fresh arguments. An agent breaks when this breaks.

The tool is offered and not forced, as agents do it: a forced call has another finish reason in some protocols.
"""

from dataclasses import replace
from typing import ClassVar, Final

from aiprobe.core.kind import QuestionTraits, Sizes, Tokens
from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import CODE_WORD, MARKER, OTHER, Words, padding
from aiprobe.probes.questions.question import Judgement, Reply, quoted, tokens_of, without_text
from aiprobe.probes.questions.schema import loaded
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Ask, Tool
from aiprobe.protocols.judging.finishes import word

ROOM: Final = 192
"""Tokens of a call beyond a short text: its markup, and the sentence that some models write before it."""
_PROMPT_TOKENS: Final = 1_500
"""A bound: question and schema have 150 tokens, and providers add up to 530 of their own to a request with tools
(Claude 3 Opus; docs.anthropic.com, "tool use pricing and tokens"). Tokenizers differ by half."""
_USUAL_TOKENS: Final = 700
_ANSWER_TOKENS: Final = 80
TOOL: Final = Tool(
    name="report_word",
    description="Report the code word and the marker of the user.",
    parameters={
        "type": "object",
        "properties": {
            "word": {"type": "string", "enum": [OTHER, CODE_WORD], "description": "The code word."},
            "marker": {"type": "string", "description": "The marker."},
        },
        "required": ["word", "marker"],
    },
)


def _tokens(target: Sizes) -> Tokens:
    return tokens_of(target, prompt=_PROMPT_TOKENS, answer=_ANSWER_TOKENS, room=ROOM, usual=_USUAL_TOKENS)


class CallTool:
    """Asks for one call with a word of a fresh enumeration and a fresh marker."""

    __slots__ = ("_finishes", "_prompt")
    traits: ClassVar = QuestionTraits(
        name="tools", form="tools", keys=frozenset({"input_tokens"}), room=lambda _: ROOM, tokens=_tokens
    )

    def __init__(self, target: Target) -> None:
        code_word = "code word from the text above" if target.input_tokens else f"word {CODE_WORD}"
        task = f"Call the tool {TOOL.name} once, with the {code_word} and the marker {MARKER}."
        self._prompt = padding(target.input_tokens) + task
        self._finishes = PROTOCOLS[target.provider.protocol].call_finishes

    def asked(self, ask: Ask) -> Ask:
        """Return the ask with the tool."""
        return replace(ask, prompt=self._prompt, form=self.traits.form, tool=TOOL)

    def judge(self, reply: Reply, words: Words) -> Judgement:
        """Return whether the reply is exactly the call that was asked for."""
        wanted = {"word": words.code_word, "marker": words.marker}
        return called(reply, wanted, tool=TOOL, finishes=self._finishes)


def called(reply: Reply, wanted: dict[str, str], *, tool: Tool, finishes: frozenset[str]) -> Judgement:
    """Return whether a reply is one call of `tool` with the `wanted` arguments, and stopped for one of `finishes`."""
    if not reply.calls:
        return without_text(reply) or (Outcome.WRONG_ANSWER, _not_called(reply.text, tool, wanted))
    problem = _problem(reply, wanted, tool)
    if problem and reply.out_of_tokens:
        return Outcome.TRUNCATED, f"the token limit ran out within the call: {problem}; raise max_output_tokens"
    if not problem and word(reply.reason) not in finishes:
        problem = f"the finish reason is {reply.reason or 'missing'}, not that of a call"
    return (Outcome.WRONG_ANSWER, problem) if problem else (Outcome.OK, "")


def _problem(reply: Reply, wanted: dict[str, str], tool: Tool) -> str:
    """Return what is wrong with the calls of a reply; empty for nothing."""
    call = reply.calls[0]
    if len(reply.calls) > 1:
        return f"{len(reply.calls)} calls instead of one"
    if call.name != tool.name:
        return f"a call of {quoted(call.name)} instead of {tool.name!r}"
    try:
        arguments = loaded(call.arguments or "{}")
    except ValueError:
        return f"the arguments are broken JSON: {quoted(call.arguments)}"
    if arguments != wanted:
        return f"other arguments than those asked for: {quoted(call.arguments)}"
    return ""


def _not_called(text: str, tool: Tool, wanted: dict[str, str]) -> str:
    written = tool.name in text or any(value in text for value in wanted.values())
    return f"{'a call in the text' if written else 'text'} instead of a tool call: {quoted(text)}"
