"""What is wrong with a configuration, in the words that an operator reads: one line a problem, with its place.

How a problem is found belongs beside the rule that it breaks; this file holds only the wording.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

WHOLE_FILE: Final = "(file)"
"""Stands for the path of a problem that concerns no single key."""
_PLAIN_KEY: Final = re.compile(r"[\w.@/:+-]{1,80}\Z")

Path = tuple[str | int, ...]
"""Keys and list positions from the top of a file."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it stands, and what to do about it."""

    file: str
    line: int
    """From 1."""
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        tail = f"; {self.hint}" if self.hint else ""
        return f"{self.file}:{self.line}: {self.path}: {self.message}{tail}"


class ConfigError(Exception):
    """A configuration that cannot be used.

    `problems` holds every problem of every file, in the order of files and lines; none of them quotes a secret.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def spell(path: Path) -> str:
    """Write a path as people do: `targets[0].timeouts.total`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _PLAIN_KEY.match(part) else json.dumps(part[:80])
            text += f".{key}" if text else key
    return text or WHOLE_FILE


def suggest(word: str, known: Iterable[str]) -> str:
    """Return a hint: the known word that was probably meant, or the list of them."""
    import difflib  # noqa: PLC0415 - an exporter that serves suggests nothing

    candidates = sorted(known)
    close = difflib.get_close_matches(word, candidates, n=1, cutoff=0.7)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"known: {', '.join(candidates)}" if candidates else ""
