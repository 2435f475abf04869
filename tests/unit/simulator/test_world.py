"""Which behaviour strikes which request: patterns, order, shares, counts, time."""

import pytest

from aiprobe_simulator.wire.base import Kind
from aiprobe_simulator.world import MOST_BEHAVIOURS, Behaviour, World, behaviour


class ManualTime:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def struck(
    world: World, *, provider: str = "openai", model: str = "gpt", kind: Kind = "chat", streamed: bool = True
) -> str | None:
    fault = world.decide(provider=provider, model=model, kind=kind, streamed=streamed).fault
    return fault.name if fault else None


def test_nothing_in_force_strikes_nobody() -> None:
    assert struck(World()) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"share": 1}, "overloaded_529"),
        ({"provider": "openai"}, "overloaded_529"),
        ({"provider": "open*", "model": "g?t"}, "overloaded_529"),
        ({"provider": "anthropic"}, None),
        ({"model": "claude-*"}, None),
        ({"kind": "chat"}, "overloaded_529"),
        ({"kind": "models"}, None),
    ],
)
def test_a_behaviour_strikes_whom_it_names(fields: dict[str, object], expected: str | None) -> None:
    world = World()
    world.add(behaviour({"fault": "overloaded_529", **fields}))
    assert struck(world) == expected


def test_a_fault_never_strikes_a_kind_that_cannot_have_it() -> None:
    world = World()
    world.add(Behaviour(fault="starved"))
    assert struck(world, kind="models") is None
    assert struck(world, kind="web") is None


def test_a_fault_of_streams_leaves_whole_replies_alone() -> None:
    world = World()
    world.add(Behaviour(fault="oversize_event"))
    assert (struck(world, streamed=False), struck(world, streamed=True)) == (None, "oversize_event")


def test_the_later_behaviour_wins_and_the_earlier_one_returns_when_it_is_removed() -> None:
    world = World()
    world.add(Behaviour(fault="server_error_500"))
    later = world.add(Behaviour(fault="overloaded_529"))
    assert struck(world) == "overloaded_529"
    assert world.remove(later)
    assert struck(world) == "server_error_500"
    assert not world.remove(later)


def test_a_count_strikes_the_next_requests_only() -> None:
    world = World()
    world.add(Behaviour(fault="overloaded_529", count=2))
    assert [struck(world) for _ in range(4)] == ["overloaded_529", "overloaded_529", None, None]
    assert world.in_force() == []


def test_a_behaviour_for_some_seconds_is_over_after_them() -> None:
    time = ManualTime()
    world = World(monotonic=time)
    world.add(Behaviour(fault="overloaded_529"), seconds=30)
    time.now += 29.9
    assert struck(world) == "overloaded_529"
    time.now += 0.1
    assert struck(world) is None


def test_a_share_strikes_about_that_share_and_the_same_requests_for_the_same_seed() -> None:
    def run(seed: int) -> list[bool]:
        world = World(seed=seed)
        world.add(Behaviour(fault="overloaded_529", share=0.3))
        return [struck(world) is not None for _ in range(1_000)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert 250 < sum(run(1)) < 350


def test_a_share_that_does_not_strike_leaves_the_request_to_the_next_behaviour() -> None:
    world = World()
    world.add(Behaviour(fault="server_error_500"))
    world.add(Behaviour(fault="overloaded_529", share=0.5))
    assert {struck(world) for _ in range(100)} == {"server_error_500", "overloaded_529"}


@pytest.mark.parametrize(("share", "expected"), [(0.0, {None}), (1.0, {"overloaded_529"})])
def test_no_share_strikes_nobody_and_the_whole_share_everybody(share: float, expected: set[str | None]) -> None:
    world = World()
    world.add(Behaviour(fault="overloaded_529", share=share))
    assert {struck(world) for _ in range(100)} == expected


def test_timing_goes_together_with_a_fault() -> None:
    world = World()
    world.add(Behaviour(fault="slow_first_token", params={"delay_seconds": 3}))
    world.add(Behaviour(fault="wrong_answer"))
    world.add(Behaviour(fault="slow_stream"))
    decision = world.decide(provider="openai", model="gpt", kind="chat")
    assert decision.fault is not None
    assert (decision.fault.name, decision.first_token_seconds, decision.gap_seconds) == ("wrong_answer", 3.0, 0.5)


def test_the_later_of_two_delays_holds() -> None:
    world = World()
    world.add(Behaviour(fault="slow_first_token", params={"delay_seconds": 3}))
    world.add(Behaviour(fault="slow_first_token", params={"delay_seconds": 1}))
    assert world.decide(provider="openai", model="gpt", kind="chat").first_token_seconds == 1.0


def test_a_fault_that_is_covered_by_another_is_not_used_up() -> None:
    world = World()
    world.add(Behaviour(fault="server_error_500", count=1))
    world.add(Behaviour(fault="overloaded_529", count=1))
    assert [struck(world) for _ in range(3)] == ["overloaded_529", "server_error_500", None]


def test_there_is_a_limit_of_behaviours() -> None:
    world = World()
    for _ in range(MOST_BEHAVIOURS):
        world.add(Behaviour(fault="overloaded_529"))
    with pytest.raises(ValueError, match="1000"):
        world.add(Behaviour(fault="overloaded_529"))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "fault: required, the name of a fault"),
        ({"fault": "overloaded_52"}, "fault: there is no fault 'overloaded_52'; did you mean overloaded_529?"),
        ({"fault": ["x"]}, "fault: required, the name of a fault"),
        ({"fault": "stall", "shar": 1}, "shar: unknown key; did you mean share?"),
        ({"fault": "stall", "share": 1.5}, "share: must be a number from 0 to 1"),
        ({"fault": "stall", "share": float("nan")}, "share: must be a number from 0 to 1"),
        ({"fault": "stall", "share": True}, "share: must be a number from 0 to 1"),
        ({"fault": "stall", "count": 0}, "count: must be an integer above 0"),
        ({"fault": "stall", "count": 1.5}, "count: must be an integer above 0"),
        ({"fault": "stall", "provider": 3}, "provider: must be a text"),
        ({"fault": "stall", "kind": ["chat"]}, "kind: must be one of *, chat, embeddings, rerank, models, web, egress"),
        ({"fault": "stall", "params": {"x": 1}}, "params.x: stall has no such parameter; it takes none"),
        (
            {"fault": "slow_stream", "params": {"x": 1}},
            "params.x: slow_stream has no such parameter; it takes gap_seconds",
        ),
        (
            {"fault": "slow_stream", "params": {"gap_seconds": "1"}},
            "params.gap_seconds: must be a number from 0 to 1e9",
        ),
        ({"fault": "slow_stream", "params": {"gap_seconds": -1}}, "params.gap_seconds: must be a number from 0 to 1e9"),
        ({"fault": "wrong_answer", "params": {"text": 1}}, "params.text: must be a text"),
        ({"fault": "stall", "params": []}, "params: must be a mapping"),
    ],
)
def test_a_wrong_behaviour_is_refused_in_plain_words(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        behaviour(fields)
    assert str(caught.value) == problem


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"share.*\ncount.*\nfault"):
        behaviour({"fault": "x", "share": 2, "count": -1})


def test_nulls_are_the_same_as_nothing() -> None:
    assert behaviour({"fault": "stall", "count": None, "params": None, "model": None}) == Behaviour(fault="stall")
