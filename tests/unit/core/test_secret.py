"""A secret is seen by nobody but the place that sends it."""

import copy
import html
import json
import pickle
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aiprobe.core.secret import Redactor, Secret

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
    str,
    str.lower,
    str.upper,
    str.swapcase,
    lambda text: text.replace("k", "\N{KELVIN SIGN}").replace("s", "\N{LATIN SMALL LETTER LONG S}"),
]
"""A search without regard to case takes the last two letters for k and s."""
SPELLINGS = [
    str,
    str.strip,
    quote,
    lambda value: quote(value, safe=""),
    quote_plus,
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: json.dumps(value)[1:-1].replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e"),
    html.escape,
    lambda value: repr(value.strip())[1:-1],
    lambda value: b64encode(value.strip().encode()).decode(),
    lambda value: urlsafe_b64encode(value.strip().encode()).decode().rstrip("="),
]
LETTERS = st.sampled_from("abksiSZ09-_/+=~?&<>\"'%{}:;é ")
VALUES = st.text(LETTERS, min_size=8, max_size=60).filter(lambda value: len(value.strip()) >= 8)


@settings(max_examples=200)
@given(VALUES, st.sampled_from(SPELLINGS), st.sampled_from(CASES), st.text(max_size=12), st.text(max_size=12))
def test_no_spelling_of_a_secret_is_shown_in_any_case(
    value: str, spelt: Callable[[str], str], cased: Callable[[str], str], before: str, after: str
) -> None:
    shown = cased(spelt(value))
    assume(len(shown) == len(spelt(value)))
    assert shown not in Redactor([Secret(value)])(f"{before}{shown}{after}")


@settings(max_examples=200)
@given(VALUES, st.sampled_from(SPELLINGS), st.data())
def test_eight_characters_of_a_secret_are_as_secret_as_all(
    value: str, spelt: Callable[[str], str], data: st.DataObject
) -> None:
    form = spelt(value.strip()).rstrip("=")
    assume(len(form) >= 8)
    start = data.draw(st.integers(0, len(form) - 8))
    end = data.draw(st.integers(start + 8, len(form)))
    assert Redactor([Secret(value)])(f"«{form[start:end]}»") == "«***»"


@pytest.mark.parametrize("offset", range(4))
def test_a_secret_inside_of_base64_is_taken_out_wherever_it_begins(offset: int) -> None:
    encoded = b64encode(b"u" * offset + f":{KEY}".encode()).decode()
    inner = encoded[8:-4]
    assert inner in encoded
    assert inner not in Redactor([Secret(KEY)])(f"authorization was {encoded}, refused")


def test_what_an_owner_hands_over_takes_the_place_of_what_it_handed_over_before() -> None:
    redact = Redactor()
    redact.keep("vault", [Secret("first-token")])
    redact.keep("configuration", [Secret("configured-key")])
    redact.keep("vault", [Secret("second-token")])
    assert redact("first-tok second-tok configured-key") == "first-tok *** ***"


def test_what_a_server_shows_of_a_key_beside_stars_is_taken_out() -> None:
    redact = Redactor([Secret("mQ7xTroubadour-Of-Nowhere9Zk4")])
    for text in ("bad key: mQ7x****", "bad key: ****9Zk4", 'bad key: "mQ7x...9Zk4"', "bad key: mQ7xTro…ere9Zk4."):
        assert not {"mq7x", "9zk4"} & set(re.findall("mq7x|9zk4", redact(text).lower())), text
    assert redact("wait... and mQ7y**** or ****9Zk5") == "wait... and mQ7y**** or ****9Zk5"


def test_a_secret_of_letters_that_are_others_without_regard_to_case_is_searched_for_everywhere() -> None:
    assert Redactor([Secret("pa\N{LATIN SMALL LETTER LONG S}sword")])("your PASSWORD is wrong") == "your *** is wrong"


def test_a_secret_of_any_characters_that_is_shown_in_part_is_taken_out() -> None:
    key = "QmVkcm9ja0FQSUtleS/abcdefghij+klmnopqrstuvwx=="
    shown = Redactor([Secret(key)])
    for at in range(8, len(key) - 8):
        for text in (f"no key {key[:at]}…", f"no key {key[:at]}***{key[-4:]}", f"no key …{key[at:]}"):
            assert "abcd" not in shown(text), text
            assert "stuv" not in shown(text), text
