"""Separates a model's thoughts from its answer if a server leaves both in the visible text.

Chat templates differ: some open the thought in the prompt, so only its closing tag is in the reply; some omit
either tag. The search is linear in the text.
"""

import re
from dataclasses import dataclass
from typing import Final

_NAMES: Final = (
    r"(?:think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis|antthinking"
    r"|seed:think|mm:think|longcat_think)"
)
_OPENING: Final = re.compile(
    rf"<{_NAMES}(?: [^<>]{{0,80}})?>|\[think(?:ing)?\]|◁think▷"
    r"|<\|(?:start_thinking|begin_of_thought|inner_prefix|thinking|think)\|>"
    r"|<unused94>(?:thought)?|<\|channel\|?>\s{0,4}(?:analysis|thought|commentary)\s{0,4}(?:<\|message\|>)?"
    r"|\A\s{0,20}(?:(?-i:analysis(?=[A-Z]))|thinking\.\.\.\n)",
    re.IGNORECASE,
)
_CLOSING: Final = re.compile(
    rf"</{_NAMES}>|\[/think(?:ing)?\]|◁/think▷|<\|(?:end_thinking|end_of_thought|inner_suffix|/thinking|/think)\|>"
    r"|<unused95>|<channel\|>|<\|channel\|>\s{0,4}final(?:\s{0,4}<\|constrain\|>\w{0,20})?\s{0,4}(?:<\|message\|>)?"
    r"|\.\.\.done thinking\.",
    re.IGNORECASE,
)
_GLUED: Final = re.compile(r"\A\s{0,20}analysis(?=[A-Z])")
_GLUED_CLOSING: Final = "assistantfinal"
"""The marker of gpt-oss on a server that drops its special tokens and keeps the words between them."""
_HARMONY_END: Final = "<|end|>"


@dataclass(frozen=True, slots=True)
class Visible:
    """The visible text of a reply, divided."""

    answer: str
    """The text after the last closed thought and before an unclosed one."""
    open_thought: str | None = None
    """The text of a thought that was never closed."""
    thought: bool = False
    """Whether the text contains a thought."""


def divide(text: str) -> Visible:
    """Divide a text: everything up to the last closing tag is a thought, even without an opening tag."""
    end = _last_closing(text)
    answer = text[end:]
    opening = _OPENING.search(text, end) if end else _OPENING.search(text)
    if opening is None:
        return Visible(answer, thought=end > 0)
    return Visible(text[end : opening.start()], open_thought=text[opening.end() :], thought=True)


def _last_closing(text: str) -> int:
    end = max((match.end() for match in _CLOSING.finditer(text)), default=0)
    if not end and _GLUED.match(text) and _GLUED_CLOSING in text:
        return text.rindex(_GLUED_CLOSING) + len(_GLUED_CLOSING)
    if not end and _HARMONY_END in text and _OPENING.search(text):
        return text.index(_HARMONY_END) + len(_HARMONY_END)
    return end
