"""How a stream breaks, read part by part without a socket."""

from collections.abc import Iterator
from itertools import islice

import pytest

from aiprobe_simulator.takes import SLICE_BYTES, TAKES, Ending, Flood, Pause, Script, Step, steps
from aiprobe_simulator.wire.base import Part

PARTS = (
    Part("open", b"<"),
    Part("text", b"a"),
    Part("text", b"b"),
    Part("open", b"|"),
    Part("text", b"c"),
    Part("close", b">"),
)


def a_script(*, parts: tuple[Part, ...] = PARTS, half: int = 2, streamed: bool = True, **params: float) -> Script:
    return Script(
        parts=iter(parts),
        half=half,
        streamed=streamed,
        error=lambda sent: f"E{sent}".encode(),
        params={"gap_seconds": 0.5, **params},
    )


def sent(found: Iterator[Step]) -> tuple[bytes, Ending | None]:
    data, ending = b"", None
    for step in found:
        if isinstance(step, Ending):
            ending = step
        elif not isinstance(step, Pause):
            data += step.data
    return data, ending


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (None, (b"<ab|c>", None)),
        ("wrong_answer", (b"<ab|c>", None)),
        ("stall_before_first_token", (b"<", Ending.HANG)),
        ("stall", (b"<ab", Ending.HANG)),
        ("truncated", (b"<ab", None)),
        ("cut", (b"<ab", Ending.CLOSE)),
        ("reset", (b"<ab", Ending.RESET)),
        ("error_in_stream", (b"<abE3", None)),
        ("overloaded_at_start", (b"E0", None)),
    ],
)
def test_a_fault_strikes_where_it_says(fault: str | None, expected: tuple[bytes, Ending | None]) -> None:
    assert sent(steps(a_script(), fault)) == expected


def test_garbage_stands_in_the_middle_and_the_rest_follows() -> None:
    data, ending = sent(steps(a_script(), "garbage_json"))
    assert data.startswith(b"<abdata: {")
    assert data.endswith(b"\n\n|c>")
    assert ending is None


def test_an_error_in_a_whole_reply_is_all_of_it() -> None:
    assert sent(steps(a_script(streamed=False), "error_in_stream")) == (b"E0", None)


def test_an_oversize_event_has_the_size_that_was_asked_for() -> None:
    data, _ = sent(steps(a_script(bytes=200_000), "oversize_event"))
    assert data.count(b"a") == 200_000 + len("a") + len("data: padding") - len("dt: pdding")
    assert data.endswith(b"|c>")


@pytest.mark.parametrize("streamed", [True, False])
def test_an_oversize_body_is_at_least_as_large_as_asked_for_and_never_exists_whole(*, streamed: bool) -> None:
    found = [*steps(a_script(streamed=streamed, bytes=300_000), "oversize_body")]
    floods = [step.data for step in found if isinstance(step, Flood)]
    assert sum(map(len, floods)) >= 300_000
    assert max(map(len, floods)) <= SLICE_BYTES


@pytest.mark.parametrize(
    ("fault", "again"), [("endless", Flood(b"b")), ("keepalives_only", Flood(b": keep-alive\n\n"))]
)
def test_an_endless_stream_says_the_same_with_a_pause_each_time(fault: str, again: Flood) -> None:
    tail = [*islice(steps(a_script(), fault), 100)][-40:]
    assert set(tail) == {again, Pause(0.5)}


def test_a_reply_without_tokens_stops_before_its_end() -> None:
    parts = (Part("open", b"<"), Part("close", b">"))
    found = {name: sent(steps(a_script(parts=parts, half=1), name)) for name in ("truncated", "stall")}
    assert found == {"truncated": (b"<", None), "stall": (b"<", Ending.HANG)}


def test_every_take_ends_or_pauses() -> None:
    for name in TAKES:
        found = [*islice(steps(a_script(bytes=10.0), name), 500)]
        assert len(found) < 500 or any(isinstance(step, Pause) for step in found), name
