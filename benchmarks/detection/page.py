"""The parts of pages that the benchmark writes: the text between `<!-- detection: NAME -->` and `<!-- end -->`."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[2] / "docs"
PAGES: Final = ("detection.md", "alerting.md")


def _part(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<=<!-- detection: {name} -->\n).*?(?=<!-- end -->)", re.DOTALL)


def read_part(name: str, *, docs: Path = DOCS) -> str:
    """Return the text of a part. Raises: KeyError where no page has it."""
    for page in PAGES:
        if part := _part(name).search((docs / page).read_text(encoding="utf-8")):
            return part.group()
    raise KeyError(name)


def write_part(name: str, lines: Iterable[str], *, docs: Path = DOCS) -> None:
    """Replace the text of a part in the page that has it. Raises: KeyError where no page has it."""
    read_part(name, docs=docs)
    text = as_part(lines)
    for page in PAGES:
        whole = (docs / page).read_text(encoding="utf-8")
        (docs / page).write_text(_part(name).sub(lambda _: text, whole, count=1), encoding="utf-8")


def as_part(lines: Iterable[str]) -> str:
    """Return lines as they stand in a page."""
    return "\n" + "\n".join(lines) + "\n\n"
