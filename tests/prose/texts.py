"""Finds the prose of the repository: pages, docstrings, comments, messages and help texts, with their lines."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ("*.md", "docs/**/*.md", "alerts/**/*.md", "benchmarks/**/*.md", ".github/**/*.md")
CODE: Final = (
    "exporter/**/*.py", "dashboards/src/**/*.py", "alerts/src/**/*.py", "docs/src/**/*.py", "benchmarks/**/*.py",
)  # fmt: skip
DATA: Final = (
    *(
        f"{folder}/**/*{ending}"
        for folder in ("exporter", "examples", "deploy")
        for ending in (".yml", ".yaml", ".toml")
    ),
    "alerts/alertmanager*.yml",
    "alerts/examples/*.yml",
    ".github/**/*.yml",
    "pyproject.toml",
    "Makefile",
    "Dockerfile",
)
TEMPLATES: Final = ("exporter/**/*.html",)

_INLINE_CODE = re.compile(r"(?<!`)(`{1,2})(?!`)[^`]+\1(?!`)")
_MARKUP = re.compile(r"<[^>]*>|\{[{%#].*?[}%#]\}", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\s)#\s.*")


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of prose, and the line of its file on which it begins."""

    path: Path
    line: int
    words: str


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def files(patterns: tuple[str, ...]) -> list[Path]:
    """Return the files of the repository that match one of these patterns; not the links of the chart to others."""
    return sorted(
        {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file() and not path.is_symlink()}
    )


def page(path: Path) -> Iterator[Text]:
    """Yield a page of Markdown as one text without inline code."""
    yield Text(path, 1, _INLINE_CODE.sub(_blank, path.read_text("utf-8")))


def template(path: Path) -> Iterator[Text]:
    """Yield the visible words of a template as one text."""
    yield Text(path, 1, _INLINE_CODE.sub(_blank, _MARKUP.sub(_blank, path.read_text("utf-8"))))


def data(path: Path) -> Iterator[Text]:
    """Yield the comments of a YAML, TOML or Make file, and help texts after `##`."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        found = _COMMENT.search(line) or re.search(r"##\s.*", line)
        if found:
            yield Text(path, number, _INLINE_CODE.sub(_blank, found[0]))


def code(path: Path) -> Iterator[Text]:
    """Yield comments, docstrings and every string of at least two words, but no raw strings: those are patterns."""
    source = path.read_text("utf-8")
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Text(path, token.start[0], _INLINE_CODE.sub(_blank, token.string))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            opening = lines[node.lineno - 1].encode()[node.col_offset : node.col_offset + 1]
            if opening not in b"rR":
                yield Text(path, node.lineno, _INLINE_CODE.sub(_blank, node.value))


def every_text() -> Iterator[Text]:
    """Yield all prose of the repository outside of the tests."""
    for read, patterns in ((page, PAGES), (code, CODE), (data, DATA), (template, TEMPLATES)):
        for path in files(patterns):
            yield from read(path)
