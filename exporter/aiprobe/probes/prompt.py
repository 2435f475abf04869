"""Builds the question of a chat probe and checks its answer.

Every question holds a fresh code word and a fresh end marker. A cached answer lacks the new code word. A cut
answer lacks the marker, even if a gateway reports a clean finish. A wrong answer lacks the requested text.
The prompt is built once with placeholders of the same length, so that a run only replaces bytes.
"""

import secrets
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from aiprobe.core.model import Target
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.picture import png

_CONSONANTS: Final = "bdfgklmnprstvz"
_VOWELS: Final = "aeiou"
_SYLLABLES: Final = tuple(consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS)
_WORD_BITS: Final = 128
"""About twice the bytes that the words need, so that all words are almost equally likely."""
CODE_WORD: Final = "kodewordx"
MARKER: Final = "ENDMARKX"
RUN: Final = "RUNMARKX"
OTHER: Final = "otherword"
PICTURE: Final = "PICTUREMARKX"
"""Placeholders: letters only, so that no protocol escapes them, and found nowhere else in a request."""
_PLACEHOLDERS: Final = tuple(each.encode() for each in (CODE_WORD, MARKER, RUN, OTHER))
_PICTURE: Final = PICTURE.encode()
PROMPT_TOKENS: Final = 80
"""A bound on the input tokens of a question without padding."""
ANSWER_TOKENS: Final = 16
"""The tokens of the expected answer."""
_FILLER: Final = "the river runs past the old mill and the road goes on over the hill to the sea "
_FILLER_TOKENS: Final = 18
"""Words of the filler line: common ones, a token each in every tokenizer that we know."""
LEAST_PADDING: Final = 2 * _FILLER_TOKENS
"""The tokens of the shortest padding."""
_TOKENS_PER_NUMBER: Final = 2
"""A number and its space, up to three digits."""


@dataclass(frozen=True, slots=True)
class Words:
    """The fresh words of one run, each as long as its placeholder, and what a picture shows."""

    code_word: str
    marker: str
    run: str
    other: str = "mutabodek"
    """A word like the code word, and not the one that is asked for."""

    @property
    def digits(self) -> str:
        """Return the digits of the end marker, which a picture shows."""
        return self.marker[-5:]

    def into(self, text: str) -> str:
        """Return a text with these words in place of the placeholders."""
        return self.into_bytes(text.encode()).decode()

    def into_bytes(self, body: bytes) -> bytes:
        """Return a built request body with these words in place of the placeholders."""
        for placeholder, word in zip(_PLACEHOLDERS, (self.code_word, self.marker, self.run, self.other), strict=True):
            body = body.replace(placeholder, word.encode())
        if _PICTURE in body:
            body = body.replace(_PICTURE, b64encode(png(self.digits)))
        return body


FIXED_WORDS: Final = Words("bodakemut", "END48213", "R4862137", "kalubenis")
"""The same in every run, for a prompt whose input tokens are compared from day to day."""


def fresh_words() -> Words:
    """Draw new words that are in no cache: a pronounceable code word, an end marker, a run number."""
    drawn = secrets.randbits(_WORD_BITS)  # one call, because each draw is a system call
    code_word = ""
    for _ in range(4):
        drawn, syllable = divmod(drawn, len(_SYLLABLES))
        code_word += _SYLLABLES[syllable]
    drawn, consonant = divmod(drawn, len(_CONSONANTS))
    code_word += _CONSONANTS[consonant]
    drawn, marker = divmod(drawn, 90_000)
    run = drawn % 9_000_000 + 1_000_000
    other = code_word[2:8] + code_word[:2] + code_word[8]
    return Words(code_word, f"END{marker + 10_000}", f"R{run}", other if other != code_word else "mutabodek")


def prompt(target: Target) -> str:
    """Return the question for `target`, with placeholders."""
    line = f"{CODE_WORD} {MARKER}"
    opening = ""
    task = "Repeat this line exactly and then stop:"
    if target.input_tokens:
        opening = padding(target.input_tokens)
        line = f"[code word] {MARKER}"
        task = "Repeat this line exactly, but with the code word from the text above for [code word], and then stop:"
    if target.output_tokens:
        task = f"Count from 1 to {_count(target)} in digits, divided by spaces. {task}"
    return f"{opening}{task}\n{line}"


def padding(tokens: int | None) -> str:
    """Return about `tokens` tokens of text with the code word in the middle, and a fresh start that defeats caches."""
    if not tokens:
        return ""
    half = _FILLER * max(1, tokens // _FILLER_TOKENS // 2)
    return f"Run {RUN}.\n{half}\nThe code word is {CODE_WORD}.\n{half}\n"


def expected_answer(target: Target) -> str:
    """Return the expected answer, with placeholders and single spaces."""
    numbers = [str(number) for number in range(1, _count(target) + 1)] if target.output_tokens else []
    return " ".join([*numbers, CODE_WORD, MARKER])


def _count(target: Target) -> int:
    return max(1, (target.output_tokens or 0) // _TOKENS_PER_NUMBER)


def judge(answer: str, words: Words, *, asked: str, expected: str) -> Outcome:
    """Return `ok`, `wrong_answer` or `truncated` for a visible answer that its protocol reported as complete.

    `asked` is the prompt, `expected` the answer to it, both with placeholders. An answer that ends inside the expected
    answer, or inside an echo of the prompt, is `truncated`, even if the gateway reported a clean finish.
    """
    shown = " ".join(answer.split())
    if words.marker in shown:
        return Outcome.OK if words.code_word in shown else Outcome.WRONG_ANSWER
    whole = (words.into(expected), " ".join(words.into(asked).split()))
    cut = words.code_word in shown or any(text.startswith(shown) for text in whole)
    return Outcome.TRUNCATED if cut else Outcome.WRONG_ANSWER
