"""Finds banned phrases in prose. `phrases.toml` has the list and the replacements."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tests.prose.texts import ROOT, Text

LIST: Final = Path(__file__).with_name("phrases.toml")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern of words that prose does not contain, and what to write."""

    pattern: re.Pattern[str]
    write: str


@cache
def phrases() -> tuple[Phrase, ...]:
    """Return the list of banned phrases."""
    entries = tomllib.loads(LIST.read_text("utf-8"))["phrase"]
    return tuple(Phrase(whole_words(entry["pattern"]), entry["write"]) for entry in entries)


def whole_words(pattern: str) -> re.Pattern[str]:
    """Compile a pattern that matches whole words only, with any white space for a space."""
    spaced = pattern.replace(" ", r"\s+")
    return re.compile(rf"(?<![\w-])(?:{spaced})(?![\w-])", re.IGNORECASE)


def banned_in(texts: Iterable[Text]) -> Iterator[str]:
    """Yield each banned phrase as `file:line: "phrase": write ...`."""
    for text in texts:
        for phrase in phrases():
            for match in phrase.pattern.finditer(text.words):
                line = text.line + text.words.count("\n", 0, match.start())
                yield f'{text.path.relative_to(ROOT)}:{line}: "{" ".join(match[0].split())}": write {phrase.write}'
