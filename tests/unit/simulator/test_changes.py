"""What a model says within its token cap, and what faults make of it."""

import pytest

from aiprobe_simulator.changes import CHANGES, answer_for, right_answer
from aiprobe_simulator.faults import FAULTS
from aiprobe_simulator.wire.base import Call, Finish

LINE = "badafan END12345"


def a_call(*, cap: int | None = 64, prompt: str = f"Repeat:\n{LINE}") -> Call:
    return Call(model="m", prompt=prompt, cap=cap)


def test_a_right_answer_is_billed_by_the_token() -> None:
    answer = right_answer(a_call())
    assert (answer.words, answer.output_tokens, answer.finish) == (LINE, 4, Finish.STOP)


def test_the_cap_cuts_the_answer_and_is_told() -> None:
    answer = right_answer(a_call(cap=2))
    assert (answer.words, answer.output_tokens, answer.finish) == ("badafan ", 2, Finish.LENGTH)


def test_an_answer_as_long_as_its_cap_is_whole() -> None:
    assert right_answer(a_call(cap=4)).finish is Finish.STOP


def test_reasoning_is_paid_out_of_the_same_cap() -> None:
    answer = answer_for(a_call(cap=14), "reasoning", previous="", params={"tokens": 12})
    assert (len(answer.reasoning), answer.words, answer.finish) == (12, "badafan ", Finish.LENGTH)


def test_reasoning_that_is_longer_than_the_cap_leaves_no_text() -> None:
    answer = answer_for(a_call(cap=8), "reasoning", previous="", params={"tokens": 12})
    assert (len(answer.reasoning), answer.words, answer.finish) == (8, "", Finish.LENGTH)


@pytest.mark.parametrize(("cap", "tokens"), [(20, 20), (None, 256), (1_000_000, 4_096)])
def test_starving_uses_up_the_cap_within_bounds(cap: int | None, tokens: int) -> None:
    answer = answer_for(a_call(cap=cap), "starved", previous="", params={})
    assert (answer.output_tokens, answer.words, answer.shown, answer.finish) == (tokens, "", False, Finish.LENGTH)


def test_a_first_cached_answer_is_a_wrong_one() -> None:
    answer = answer_for(a_call(), "cached_answer", previous="", params={})
    assert answer.words.endswith("END12345")
    assert answer.words != LINE


def test_a_wrong_vector_is_all_zeros_and_an_empty_one_is_none() -> None:
    call = Call(model="m", inputs=("a",), dimensions=3)
    assert answer_for(call, "wrong_answer", previous="", params={"text": ""}).vector == (0.0, 0.0, 0.0)
    assert answer_for(call, "empty", previous="", params={}).vector == ()


def test_no_change_but_reasoning_gives_the_right_answer() -> None:
    params: dict[str, float | str] = {"tokens": 12, "text": ""}
    of_text = [name for name in CHANGES if "text" in FAULTS[name].forms]
    right = {name for name in of_text if answer_for(a_call(), name, previous="", params=params).words == LINE}
    assert right == {"reasoning", "hidden_reasoning"}
