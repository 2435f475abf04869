"""A prompt of fixed bytes once a day, in the place of a fresh one."""

import pytest

from aiprobe.core.identity import Identity
from aiprobe.core.model import ModelChange, Result
from aiprobe.core.outcomes import Outcome
from aiprobe.probes.base import Tools
from aiprobe.probes.chat import ChatProbe
from aiprobe.probes.daily import Daily
from aiprobe.probes.prompt import FIXED_WORDS, fresh_words
from aiprobe.transport.transport import Transport
from aiprobe_simulator import Pace, Simulator
from tests.builders import a_provider, a_result, a_target
from tests.clock import ManualClock

DAY = 86_400.0


def asked(*days: tuple[int, list[int]]) -> str:
    """Return `x` for each probe with fixed words and `.` for the others; each day has what its fixed prompts cost."""
    daily, found, is_fixed = Daily(), "", False
    for day, costs in days:
        left = list(costs)
        for _ in range(6):
            found += "x" if is_fixed else "."
            if is_fixed and left:
                daily.took(left.pop(0))
            is_fixed = daily.take(day * DAY)
        found += " "
    return found.strip()


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([(1, [50]), (2, [50]), (3, [50])], ".x.... .x.... .x...."),
        ([(1, [50]), (2, [57, 57, 57])], ".x.... .xxx.."),
        ([(1, [50]), (2, [57, 50, 57, 50])], ".x.... .xxx.."),
        ([(1, [50]), (2, []), (3, [50])], ".x.... .x.... .x...."),
        ([(2, [50]), (1, [50])], ".x.... .x...."),
    ],
)
def test_it_is_asked_once_a_day_and_twice_more_after_an_unseen_number(
    days: list[tuple[int, list[int]]], expected: str
) -> None:
    assert asked(*days) == expected


def test_three_replies_with_other_input_tokens_are_a_change_and_a_fleet_of_two_tokenizers_is_at_most_one() -> None:
    def changes(*tokens: int) -> list[tuple[ModelChange, ...]]:
        identity = Identity()
        taken = [identity.take(a_result(response_model="m", fixed_input_tokens=count)) for count in tokens]
        return [found for found in taken if found]

    assert changes(50, 57, 57, 57) == [(ModelChange(what="input_tokens", before="50", after="57"),)]
    assert changes(50, 57, 50, 57, 50, 57, 50, 57) == []


async def test_the_same_bytes_have_the_same_tokens_until_a_hidden_system_prompt_comes() -> None:
    clock = ManualClock()
    transport = Transport(clock=clock.clock)
    async with Simulator(pace=Pace(first_token_seconds=0.0, jitter_seconds=0.0, gap_seconds=0.0)) as simulator:
        provider = a_provider(base_url=f"{simulator.url}/lab/v1", egress=False)
        probe = ChatProbe(a_target(provider=provider), Tools(transport=transport, clock=clock.clock))
        results: list[Result] = []
        for fault in (None, None, "hidden_prompt"):
            if fault:
                simulator.set("*", fault=fault)
            results += [await probe.run() for _ in range(4)]
            clock.now += DAY
    await transport.close()
    assert all(result.outcome is Outcome.OK for result in results)
    fixed = [result.fixed_input_tokens for result in results]
    usual = fixed[1]
    assert usual is not None
    day = [None, usual, None, None]
    assert fixed == [*day, *day, None, usual + 40, usual + 40, usual + 40]


def test_fixed_words_are_as_long_as_fresh_ones() -> None:
    fresh = fresh_words()
    names = ("code_word", "marker", "run", "other")
    assert [len(getattr(FIXED_WORDS, name)) for name in names] == [len(getattr(fresh, name)) for name in names]
