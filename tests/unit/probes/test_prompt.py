"""The question holds fresh words, and the judgement tells right, cut and wrong answers apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiprobe.core.outcomes import Outcome
from aiprobe.probes.prompt import (
    CODE_WORD,
    MARKER,
    PROMPT_TOKENS,
    RUN,
    Words,
    expected_answer,
    fresh_words,
    judge,
    prompt,
)
from tests.builders import a_target

WORDS = Words("bodakemut", "END48213", "R1234567")
ASKED = WORDS.into(prompt(a_target()))


def test_fresh_words_are_as_long_as_their_placeholders_and_never_the_same() -> None:
    drawn = [fresh_words() for _ in range(300)]
    assert {(len(w.code_word), len(w.marker), len(w.run)) for w in drawn} == {(len(CODE_WORD), len(MARKER), len(RUN))}
    assert len({w.code_word for w in drawn}) == 300
    assert all((w.code_word + w.marker + w.run).isalnum() and (w.code_word + w.marker).isascii() for w in drawn)


def test_putting_words_into_a_body_keeps_its_length_and_leaves_no_placeholder() -> None:
    for target in (a_target(), a_target(input_tokens=500), a_target(output_tokens=200, max_output_tokens=364)):
        body = prompt(target).encode()
        filled = WORDS.into_bytes(body)
        assert len(filled) == len(body)
        assert not any(word.encode() in filled for word in (CODE_WORD, MARKER, RUN))
        assert b"bodakemut" in filled
        assert b"END48213" in filled


def test_the_plain_question_stays_a_ping() -> None:
    # Four characters a token is the usual rule of thumb; nonsense words take more: two characters a token.
    assert len(prompt(a_target())) / 2 < PROMPT_TOKENS


@pytest.mark.parametrize("tokens", [100, 5_000, 200_000])
def test_padding_is_about_as_many_tokens_as_asked_and_within_what_was_priced(tokens: int) -> None:
    target = a_target(input_tokens=tokens)
    words_in_prompt = len(prompt(target).split())
    assert 0.8 * tokens <= words_in_prompt + 60
    assert words_in_prompt <= target.kind.tokens(target).most_input


def test_the_needle_is_in_the_middle_and_the_start_is_fresh() -> None:
    text = prompt(a_target(input_tokens=10_000))
    assert 0.4 < text.index(CODE_WORD) / len(text) < 0.6
    assert text.index(RUN) < 20
    assert CODE_WORD not in text.splitlines()[-1]


def test_a_long_answer_is_asked_for_by_counting() -> None:
    assert "Count from 1 to 100 " in prompt(a_target(output_tokens=200))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("bodakemut END48213", Outcome.OK),
        ("  bodakemut\nEND48213.\n", Outcome.OK),
        ("Sure! `bodakemut END48213`", Outcome.OK),
        (ASKED, Outcome.OK),
        ("END48213 bodakemut", Outcome.OK),
        ("1 2 3 bodakemut END48213", Outcome.OK),
        ("bodakemut", Outcome.TRUNCATED),
        ("bodakemut END482", Outcome.TRUNCATED),
        ("boda", Outcome.TRUNCATED),
        (ASKED[:12], Outcome.TRUNCATED),
        (ASKED[:-5], Outcome.TRUNCATED),
        ("END48213", Outcome.WRONG_ANSWER),
        ("zupirogav END48213", Outcome.WRONG_ANSWER),
        ("Hello! How can I help you today?", Outcome.WRONG_ANSWER),
        ("BODAKEMUT end48213", Outcome.WRONG_ANSWER),
        ("zupirogav END99999", Outcome.WRONG_ANSWER),
    ],
)
def test_an_answer_is_judged_by_both_words(answer: str, expected: Outcome) -> None:
    assert judge(answer, WORDS, asked=ASKED, expected="bodakemut END48213") is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1 2 3 4 5 bodakemut END48213", Outcome.OK),
        ("1 2 3", Outcome.TRUNCATED),
        ("1\n2\n3\n4", Outcome.TRUNCATED),
        ("1 2 3 4 5 bodake", Outcome.TRUNCATED),
        ("one two three", Outcome.WRONG_ANSWER),
        ("1 2 4", Outcome.WRONG_ANSWER),
    ],
)
def test_a_long_answer_that_stops_while_counting_was_cut(answer: str, expected: Outcome) -> None:
    whole = WORDS.into(expected_answer(a_target(output_tokens=10)))
    assert judge(answer, WORDS, asked=ASKED, expected=whole) is expected


@given(st.text(max_size=300))
def test_no_text_without_both_words_is_ever_ok(answer: str) -> None:
    holds_both = WORDS.code_word in answer and WORDS.marker in answer
    assert (judge(answer, WORDS, asked=ASKED, expected="bodakemut END48213") is Outcome.OK) == holds_both
