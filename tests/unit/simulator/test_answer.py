"""What a well-behaved model says to a probe's questions, and how its words are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe_simulator.answer import MOST_COUNTED, altered, answer_to, pieces, shortened, tokens_of


def test_the_last_line_that_is_not_empty_is_repeated() -> None:
    assert answer_to("Repeat this line exactly and then stop:\n  badafan END1 \n\n") == "badafan END1"


def test_a_line_that_is_announced_is_repeated_without_its_announcement() -> None:
    assert answer_to("Repeat it.\nLine: badafan END1") == "badafan END1"


def test_the_code_word_is_found_in_the_text_and_put_in_its_place() -> None:
    text = "the road goes on\nThe code word is badafan.\nthe road goes on\nRepeat:\n[code word] END1"
    assert answer_to(text) == "badafan END1"


def test_a_placeholder_without_a_code_word_stays_as_it_is() -> None:
    assert answer_to("Repeat:\n[code word] END1") == "[code word] END1"


def test_counting_comes_before_the_line() -> None:
    assert answer_to("Count from 1 to 5 in digits, divided by spaces. Repeat:\nx END1") == "1 2 3 4 5\nx END1"


def test_a_count_has_a_bound() -> None:
    assert answer_to("Count from 1 to 999999999\nx").count(" ") == MOST_COUNTED - 1


def test_an_empty_question_gets_an_answer_too() -> None:
    assert answer_to(" \n ")


@given(st.text(max_size=200))
def test_pieces_add_up_to_the_text_and_are_as_many_as_its_tokens(text: str) -> None:
    cut = pieces(text)
    assert "".join(cut) == text
    assert len(cut) == tokens_of(text)


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    st.from_regex(r"END\d{5}", fullmatch=True),
)
def test_an_altered_line_keeps_its_end_marker_and_has_as_many_words(word: str, marker: str) -> None:
    assert altered(f"{word} {marker}").split(" ")[1:] == [marker]
    assert len(altered(f"{word} {marker}")) == len(f"{word} {marker}")


@pytest.mark.parametrize(
    ("line", "wrong"), [("badafaz END1", "cbebgba END1"), ("alone", "bmpof"), ("1 2\nzulu END1", "1 2 avmv END1")]
)
def test_an_altered_line_is_another_one(line: str, wrong: str) -> None:
    assert altered(line) == wrong


@given(st.text(min_size=1, max_size=100))
def test_a_shortened_answer_is_the_start_of_it_and_never_all(text: str) -> None:
    said = "".join(shortened(pieces(text)))
    assert text.startswith(said)
    assert len(said) < len(text)
