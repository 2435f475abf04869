"""A secret is seen by nobody but the place that sends it."""

import copy
import json
import pickle
from urllib.parse import quote

import pytest

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
