"""How a problem is spelled."""

import pytest

from aiprobe.config.problems import ConfigError, Path, Problem, spell, suggest


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "(file)"),
        (("targets", 0, "timeouts", "total"), "targets[0].timeouts.total"),
        (("prices", "models", "openai/gpt-6"), "prices.models.openai/gpt-6"),
        (("a b", "c\nd"), '"a b"."c\\nd"'),
        (("x" * 200,), '"' + "x" * 80 + '"'),
    ],
)
def test_a_path_is_spelled_on_one_line(path: Path, text: str) -> None:
    assert spell(path) == text


def test_a_problem_is_one_line_with_its_place_first() -> None:
    assert str(Problem("a.yml", 3, "b.c", "is wrong", "do this")) == "a.yml:3: b.c: is wrong; do this"
    assert str(Problem("a.yml", 3, "b.c", "is wrong")) == "a.yml:3: b.c: is wrong"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("intervall", 'did you mean "interval"?'),
        ("zzz", "known: interval, timeouts"),
    ],
)
def test_a_hint_is_the_word_that_was_meant_or_all_of_them(word: str, hint: str) -> None:
    assert suggest(word, {"timeouts", "interval"}) == hint


def test_there_is_no_hint_where_nothing_is_known() -> None:
    assert suggest("x", ()) == ""


def test_the_error_holds_its_problems_and_prints_them() -> None:
    problems = (Problem("a", 1, "b", "c"), Problem("a", 2, "d", "e"))

    error = ConfigError(problems)

    assert error.problems == problems
    assert str(error) == "a:1: b: c\na:2: d: e"
