"""The answer of a well-behaved model to a probe's question.

Pure text in, text out: the one place with the wording of this project's questions. What goes wrong
with an answer afterwards belongs in `changes.py`.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

CHARACTERS_PER_TOKEN: Final = 4
"""The rule of thumb of every tokenizer's documentation for English text."""
MOST_COUNTED: Final = 100_000
"""A longer count is cut here, so that no question makes an unbounded answer."""

_COUNT: Final = re.compile(r"Count from 1 to (\d{1,9})\b")
_CODE_WORD: Final = re.compile(r"^The code word is (\S+?)\.\s*$", re.MULTILINE)
_CALL: Final = re.compile(r"with the (?:word (?P<word>\S+)|code word from .*?) and the marker (?P<marker>\w+)")
_LOOP: Final = re.compile(r"Call the tool \S+ with the code (?P<code>\w+), then with each code that it returns")
_NEXT: Final = re.compile(r"^The next code is (\w+)\.$")
_LAST: Final = re.compile(r"^(\w+) is the last code\.$")
_CODE: Final = "[code]"
_OBJECT: Final = re.compile(
    r"its code_word is the code word (?:from the text above|(?P<word>\w+)), its marker is (?P<marker>\w+)"
)
_PLACEHOLDER: Final = "[code word]"
_DIGITS: Final = "[digits]"
_LINE: Final = "Line: "


def answer_to(prompt: str, digits: str = "") -> str:
    """Return the right answer: the last line that is not empty, after the count, with the code word and the digits."""
    lines = [line.strip() for line in prompt.splitlines() if line.strip()]
    if not lines:
        return "What can I do for you?"
    line = lines[-1].removeprefix(_LINE)
    code_word = _CODE_WORD.search(prompt)
    if code_word is not None:
        line = line.replace(_PLACEHOLDER, code_word.group(1))
    if digits:
        line = line.replace(_DIGITS, digits)
    count = _COUNT.search(prompt)
    if count is None:
        return line
    last = min(int(count.group(1)), MOST_COUNTED)
    return " ".join(map(str, range(1, last + 1))) + "\n" + line


def arguments_to(prompt: str) -> str:
    """Return the right arguments of the call that a prompt asks for, as JSON."""
    return _filled(_CALL, prompt, "word")


def loops(prompt: str) -> bool:
    """Return whether a prompt asks for a loop of calls."""
    return _LOOP.search(prompt) is not None


def code_after(prompt: str, result: str) -> str:
    """Return the code for the next call of a loop; empty once the result is the last one."""
    first, then = _LOOP.search(prompt), _NEXT.search(result)
    if not result:
        return first["code"] if first else ""
    return then[1] if then else ""


def last_of_loop(prompt: str, result: str) -> str:
    """Return the answer that ends a loop."""
    last = _LAST.search(result)
    return answer_to(prompt).replace(_CODE, last[1] if last else "")


def object_to(prompt: str) -> str:
    """Return the right object that a prompt asks for, as JSON."""
    return _filled(_OBJECT, prompt, "code_word")


def _filled(question: re.Pattern[str], prompt: str, name: str) -> str:
    lines = prompt.splitlines()
    found = question.search(lines[-1] if lines else "")
    if found is None:
        return "{}"
    code_word = _CODE_WORD.search(prompt)
    word = found["word"] or (code_word.group(1) if code_word else "")
    return json.dumps({name: word, "marker": found["marker"]})


def pieces(text: str) -> tuple[str, ...]:
    """Cut text into tokens, as a stream delivers them."""
    return tuple(text[at : at + CHARACTERS_PER_TOKEN] for at in range(0, len(text), CHARACTERS_PER_TOKEN))


def tokens_of(text: str) -> int:
    """Return how many tokens `text` has; an empty one has none."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def altered(line: str) -> str:
    """Return an answer of the same shape that is wrong: every word but the last is another one.

    The last word of a probe's line is its end marker, so what comes out is whole, and not what was asked.
    """
    head, _, line = line.rpartition("\n")
    words = line.split()
    keep = words[-1:] if len(words) > 1 else []
    changed = [_another(word) for word in words[: len(words) - len(keep)]]
    return " ".join([head, *changed, *keep] if head else [*changed, *keep])


def shortened(text: Sequence[str]) -> tuple[str, ...]:
    """Return the first half of an answer, never the whole of it."""
    if len(text) > 1:
        return tuple(text[: len(text) // 2])
    only = "".join(text)
    return (only[: len(only) // 2],) if len(only) > 1 else ()


def _another(word: str) -> str:
    """Return a word of the same length in which every letter and digit is the next one of its kind."""
    return "".join(map(_next, word))


def _next(character: str) -> str:
    for first, last in (("a", "z"), ("A", "Z"), ("0", "9")):
        if first <= character <= last:
            return first if character == last else chr(ord(character) + 1)
    return character
