"""The checks of the prose find what they are for, and the repository passes them."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.prose import links, texts
from tests.prose.phrases import banned_in, phrases
from tests.prose.texts import ROOT, Text

BAD = "the gauge tells it"
GOOD = "the gauge reports it, and `tells()` is code"
PLACES: list[tuple[str, str, Callable[[Path], Iterator[Text]], str]] = [
    ("page", "page.md", texts.page, "# A page\n\n{}\n"),
    ("list in a page", "page.md", texts.page, "- one\n- {}\n"),
    ("comment after a command in a page", "page.md", texts.page, "```console\n$ make test  # {}\n```\n"),
    ("module docstring", "code.py", texts.code, '"""{}."""\n'),
    ("function docstring", "code.py", texts.code, 'def f():\n    """{}."""\n'),
    ("attribute docstring", "code.py", texts.code, 'A = 1\n"""{}."""\n'),
    ("comment", "code.py", texts.code, "# {}\nA = 1\n"),
    ("log message", "code.py", texts.code, 'log.info("{}", 1)\n'),
    ("error", "code.py", texts.code, 'raise ValueError(f"{{name}}: {}")\n'),
    ("help text", "code.py", texts.code, '@click.option("--x", help="{}")\ndef f(): ...\n'),
    ("comment of YAML", "data.yml", texts.data, "key: 1  # {}\n"),
    ("help of make", "Makefile", texts.data, "target: ## {}\n"),
    ("template", "page.html", texts.template, "<p class='tells'>{}</p>\n"),
]


@pytest.mark.parametrize(("name", "read", "text"), [row[1:] for row in PLACES], ids=[row[0] for row in PLACES])
def test_a_banned_phrase_is_found_wherever_prose_stands(
    name: str, read: Callable[[Path], Iterator[Text]], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.prose.phrases.ROOT", tmp_path)
    path = tmp_path / name

    path.write_text(text.format(BAD), encoding="utf-8")
    assert [line.partition('"')[2].partition('"')[0] for line in banned_in(read(path))] == ["tells"]

    path.write_text(text.format(GOOD), encoding="utf-8")
    assert list(banned_in(read(path))) == []


def test_a_banned_phrase_is_found_across_the_end_of_a_line_and_reported_with_its_line() -> None:
    text = Text(ROOT / "README.md", 10, "one\ntwo at\nthe most\n")

    assert list(banned_in([text])) == ['README.md:11: "at the most": write at most, at least']


@pytest.mark.parametrize("words", ["foretell", "essays", "bearer token", "a well-known host", "area"])
def test_parts_of_other_words_are_allowed(words: str) -> None:
    assert list(banned_in([Text(ROOT / "README.md", 1, words)])) == []


def test_every_banned_phrase_comes_with_what_to_write() -> None:
    assert all(phrase.write for phrase in phrases())


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("there.md", []),
        ("there.md#a-heading", []),
        ("there.md#a-heading-1", []),
        ("#own", []),
        ("https://aiprobe.example/nowhere", []),
        ("gone.md", ["gone.md: no such file"]),
        ("there.md#gone", ["there.md#gone: no such heading"]),
        ("#gone", ["#gone: no such heading"]),
    ],
)
def test_a_link_that_leads_nowhere_is_found(
    link: str, found: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.prose.links.ROOT", tmp_path)
    (tmp_path / "there.md").write_text("# A `heading`\n\n## A heading\n", encoding="utf-8")
    (tmp_path / "page.md").write_text(f"# Own\n\n[link]({link})\n", encoding="utf-8")

    assert [line.removeprefix("page.md:3: ") for line in links.dead_links(tmp_path / "page.md")] == found


def test_a_comment_that_names_a_page_which_does_not_exist_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.prose.links.ROOT", tmp_path)
    (tmp_path / "code.py").write_text("# see docs/gone.md and docs/protocols/NAME.md\n", encoding="utf-8")

    assert list(links.dead_mentions(tmp_path / "code.py")) == ["code.py:1: docs/gone.md: no such file"]


def test_a_misspelling_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("The exporter {}ieves a reply.\n".format("rec"), encoding="utf-8")
    command = [sys.executable, "-m", "codespell_lib", str(tmp_path / "page.md")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert "{}ieves ==> receives".format("rec") in done.stdout


@pytest.mark.parametrize("module", ["tests.prose", "codespell_lib"])
def test_the_repository_passes(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stdout == ""
    assert done.returncode == 0
