"""A secret is seen by nobody but the place that sends it."""

import copy
import json
import pickle
import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiprobe.core.secret import Redactor, Secret, _forms, _starred

KEY = 'pl4nted "key"/with+odd=chars'


def test_a_secret_prints_as_stars_in_every_way_python_prints() -> None:
    secret = Secret(KEY)
    assert [str(secret), repr(secret), f"{secret}", f"{secret!r}", f"{secret:>5}", str([secret])] == [
        "***", "***", "***", "***", "  ***", "[***]",
    ]  # fmt: skip
    assert secret.reveal() == KEY


def test_a_secret_cannot_be_pickled_or_serialised_by_accident() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))
    with pytest.raises(TypeError):
        json.dumps({"key": Secret(KEY)})
    with pytest.raises(TypeError):
        copy.deepcopy(Secret(KEY))


def test_equal_secrets_are_equal_and_hash_alike() -> None:
    assert Secret(KEY) == Secret(KEY)
    assert Secret(KEY) != Secret("other")
    assert len({Secret(KEY), Secret(KEY)}) == 1
    assert not Secret("")


@pytest.mark.parametrize(
    "text",
    [KEY, f"bad key: {KEY}!", quote(KEY, safe=""), quote(KEY), json.dumps({"k": KEY}), f"x{KEY}{KEY}y"],
)
def test_a_known_secret_is_taken_out_in_every_spelling(text: str) -> None:
    shown = Redactor([Secret(KEY)])(text)
    assert KEY not in shown
    assert "pl4nted" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abcdef********wxyz.",
        "Authentication Fails, Your api key: ****6789 is sk-1234567890abcdef",
        "authorization: Bearer abc.def-ghi_123456",
        "https://user:hunter22@proxy.example/",
        "GET /v1beta/models?key=AIzaSyFakeFakeFakeFake HTTP/1.1",
        "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
    ],
)
def test_what_looks_like_a_key_is_taken_out_even_when_nobody_knows_it(text: str) -> None:
    shown = Redactor()(text)
    for part in ("abcdef****", "1234567890abcdef", "abc.def-ghi", "hunter22", "AIzaSyFake", "eyJhbGci"):
        assert part not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    "text",
    [
        "the answer lacks the end marker: 'bodakemut'",
        "HTTP 529: overloaded_error: Overloaded",
        "model: claude-haiku-4-5 does not exist",
        "task force, risk-free, basic plan",
        "keyboards hf-router-chat sky-chat-eu pk-cluster-1 key_figures sk-chat-2",
        "bearer of bad news, basic in kind",
    ],
)
def test_ordinary_sentences_are_left_alone(text: str) -> None:
    assert Redactor([Secret("abc")])(text) == text


def test_the_longest_secret_is_masked_first() -> None:
    redact = Redactor([Secret("alpha"), Secret("alphabet-soup")])
    assert redact("alphabet-soup alpha") == "*** ***"


CASES = [
    str.lower,
    str.upper,
    str.swapcase,
    lambda text: text.replace("k", "\N{KELVIN SIGN}").replace("s", "\N{LATIN SMALL LETTER LONG S}"),
]
"""A search without regard to case takes the last two letters for k and s."""
SECRETS = st.lists(
    st.one_of(
        st.text(st.sampled_from("abksiSZ09-_/+= "), min_size=4, max_size=9),
        st.text(st.sampled_from("abksiSZ09-_/+= "), min_size=16, max_size=24),
        st.text(st.sampled_from("ks\N{KELVIN SIGN}\N{LATIN SMALL LETTER LONG S}"), min_size=4, max_size=6),
    ),
    max_size=3,
)


@st.composite
def told(draw: st.DrawFn) -> tuple[list[str], str]:
    """Draw some secrets, and a text that may hold one: in a form or shown in part, in letters of any case."""
    values = draw(SECRETS)
    forms = sorted({form for value in values for form in _forms(value)})
    ends = [shown for value in values for shown in (f"{value.strip()[:6]}***", f"...{value.strip()[-6:]}")]
    part = st.sampled_from([*forms, *ends]) if forms else st.just("")
    cased = st.builds(lambda text, change: change(text), part, st.sampled_from(CASES))
    return values, "".join(draw(st.lists(st.one_of(st.text(max_size=8), cased), max_size=5)))


@settings(max_examples=500)
@given(told())
def test_no_text_is_let_through_unsearched_that_a_search_would_change(drawn: tuple[list[str], str]) -> None:
    values, text = drawn
    patterns = [*(re.escape(form) for value in values for form in _forms(value))]
    patterns += [pattern for value in values for pattern in _starred(value)]
    holds_one = bool(patterns) and re.search("|".join(patterns), text, re.IGNORECASE) is not None
    assert Redactor(map(Secret, values))._may_hold_one(text) or not holds_one


def test_an_ordinary_text_is_not_searched_for_every_form_of_every_secret() -> None:
    redact = Redactor([Secret(f"sk-proj-{number:040}") for number in range(50)])
    assert not redact._may_hold_one("HTTP 529: overloaded_error: Overloaded")
    assert redact._may_hold_one(f"you sent SK-PROJ-{7:040}")
    assert redact._may_hold_one("you sent sk-p***")


def test_a_secret_of_letters_that_are_others_without_regard_to_case_is_searched_for_everywhere() -> None:
    assert Redactor([Secret("pa\N{LATIN SMALL LETTER LONG S}sword")])("your PASSWORD is wrong") == "your *** is wrong"


def test_a_secret_of_any_characters_that_is_shown_in_part_is_taken_out() -> None:
    key = "QmVkcm9ja0FQSUtleS/abcdefghij+klmnopqrstuvwx=="
    shown = Redactor([Secret(key)])
    for at in range(8, len(key) - 8):
        for text in (f"no key {key[:at]}…", f"no key {key[:at]}***{key[-4:]}", f"no key …{key[at:]}"):
            assert "abcd" not in shown(text), text
            assert "stuv" not in shown(text), text
