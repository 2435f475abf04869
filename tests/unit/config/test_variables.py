"""`${VAR}`, its default, and the dollar sign."""

import pytest

from aiprobe.config.variables import Expanded, VariableError, expand

ENVIRON = {"A": "one", "B": "two", "EMPTY": "", "MY_KEY": "planted", "DOLLARS": "${A} $$"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${A}", "one"),
        ("<${A}-${B}>", "<one-two>"),
        ("${NOPE:-fallback}", "fallback"),
        ("${EMPTY:-fallback}", "fallback"),
        ("${NOPE:-}", ""),
        ("${A:-fallback}", "one"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("US$5", "US$5"),
        ("$A", "$A"),
        ("${DOLLARS}", "${A} $$"),
        ("${NOPE:-a b:c}", "a b:c"),
    ],
)
def test_references_become_values_once(text: str, expected: str) -> None:
    assert expand(text, ENVIRON).text == expected


def test_the_names_that_were_read_are_told_but_not_those_that_fell_back() -> None:
    assert expand("${A} ${NOPE:-x} ${B}", ENVIRON) == Expanded(
        "one x two", ("A", "B"), ("one", "two"), masked="*** x ***", fell_back=True
    )


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Bearer ${MY_KEY}", "Bearer ***"),
        ("${NOPE:-fallback} ${A}", "fallback ***"),
        ("${EMPTY:-} costs $$5", " costs $5"),
        ("$${A}", "${A}"),
        ("plain", "plain"),
    ],
)
def test_the_masked_text_shows_what_the_file_says_and_no_variable(text: str, masked: str) -> None:
    assert expand(text, ENVIRON).masked == masked


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${NOPE}", "the variable NOPE is not set"),
        ("${EMPTY}", "the variable EMPTY is empty"),
        ("${}", "holds a malformed variable reference"),
        ("${1A}", "holds a malformed variable reference"),
        ("${A-x}", "holds a malformed variable reference"),
        ("${A", "holds a malformed variable reference"),
        ("${ A }", "holds a malformed variable reference"),
        ("${NOPE:-${A}}", "holds a malformed variable reference"),
        ("${A:-${NOPE:-x}}", "holds a malformed variable reference"),
    ],
)
def test_a_reference_that_cannot_be_resolved_says_why(text: str, problem: str) -> None:
    with pytest.raises(VariableError) as caught:
        expand(text, ENVIRON)

    assert caught.value.args[0] == problem
