"""Finds links inside the repository that lead nowhere: files, anchors, and pages that code and data mention."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.prose.texts import CODE, DATA, PAGES, ROOT, TEMPLATES, files

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MENTION: Final = re.compile(
    r"(?<![\w/.-])((?:docs|alerts|dashboards|examples|deploy|benchmarks)/[\w/-]+\.(?:md|yml|png|py))"
)


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    found: dict[str, int] = {}
    for heading in _HEADING.findall(_FENCE.sub("", path.read_text("utf-8"))):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).strip().replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
    return frozenset(f"{slug}-{n}" if n else slug for slug, last in found.items() for n in range(last + 1))


def dead_links(path: Path) -> Iterator[str]:
    """Yield each relative link of a page whose file or anchor does not exist."""
    text = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), path.read_text("utf-8"))
    for match in _LINK.finditer(text):
        target, _, anchor = match[1].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        file = (path.parent / target).resolve() if target else path
        where = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
        if not file.exists():
            yield f"{where}: {match[1]}: no such file"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            yield f"{where}: {match[1]}: no such heading"


def dead_mentions(path: Path) -> Iterator[str]:
    """Yield each page of the repository that a file names and that does not exist."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        for name in _MENTION.findall(line):
            if "NAME" not in name and not (ROOT / name).exists():
                yield f"{path.relative_to(ROOT)}:{number}: {name}: no such file"


def every_dead_link() -> Iterator[str]:
    """Yield all dead links and mentions of the repository."""
    for path in files(PAGES):
        yield from dead_links(path)
    for path in files((*PAGES, *CODE, *DATA, *TEMPLATES)):
        yield from dead_mentions(path)
