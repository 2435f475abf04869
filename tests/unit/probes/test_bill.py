"""What of a stranger's token counts is a bill."""

import pytest

from aiprobe.probes.bill import believed, is_capped
from aiprobe.probes.record import RecordingSink
from aiprobe.protocols import PROTOCOLS
from aiprobe.protocols.base import Usage
from tests.unit.protocols.builders import a_provider
from tests.unit.protocols.replies.playing import LINE, chunk, frames

MOST = (80, 64)
Counts = tuple[int | None, int | None, int | None, int | None]


def counts(usage: Usage) -> Counts:
    return usage.input_tokens, usage.output_tokens, usage.reasoning_tokens, usage.cached_input_tokens


def a_usage(told: Counts) -> Usage:
    return Usage(input_tokens=told[0], output_tokens=told[1], reasoning_tokens=told[2], cached_input_tokens=told[3])


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ((20, 6, None, None), (20, 6, None, None)),
        ((0, 0, 0, 0), (None, None, 0, 0)),
        ((0, 0, None, None), (None, None, None, None)),
        ((20, 0, None, None), (20, None, None, None)),
        ((0, 6, None, None), (None, 6, None, None)),
        ((None, None, None, None), (None, None, None, None)),
        ((None, 6, None, None), (None, 6, None, None)),
        ((800, 640, 600, 700), (800, 640, 600, 700)),
        ((801, 6, None, None), (80, 6, None, None)),
        ((20, 641, None, None), (20, 64, None, None)),
        ((20, 19_999_999, 19_999_998, None), (20, 64, 64, None)),
        ((19_999_999, 6, None, 19_999_990), (80, 6, None, 80)),
        ((20, 6, 9, None), (20, 6, 6, None)),
        ((119, 6, None, 992), (None, 6, None, None)),
        ((119, 6, None, 119), (119, 6, None, 119)),
    ],
)
def test_what_is_believed_beside_an_answer(told: Counts, kept: Counts) -> None:
    assert counts(believed(a_usage(told), answered=True, most=MOST)) == kept


@pytest.mark.parametrize("told", [(0, 0, None, None), (20, 0, None, None), (0, 0, 0, 0)])
def test_a_zero_is_a_count_where_there_is_no_answer(told: Counts) -> None:
    assert counts(believed(a_usage(told), answered=False, most=MOST)) == told


@pytest.mark.parametrize(
    ("told", "capped"), [((801, 6), True), ((20, 641), True), ((800, 640), False), ((0, 0), False)]
)
def test_capped_counts_are_told_from_dropped_ones(told: tuple[int, int], capped: bool) -> None:
    usage = Usage(input_tokens=told[0], output_tokens=told[1])
    assert is_capped(usage, believed(usage, answered=True, most=MOST)) is capped


@pytest.mark.parametrize(
    ("usages", "kept"),
    [
        ([{"prompt_tokens": 20, "completion_tokens": 6}, {"prompt_tokens": 0, "completion_tokens": 0}], (20, 6)),
        ([{"prompt_tokens": 20, "completion_tokens": 6}, {"prompt_tokens": 0, "completion_tokens": 7}], (20, 7)),
        ([{"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": 20, "completion_tokens": 6}], (20, 6)),
        ([{"prompt_tokens": 20, "completion_tokens": 6, "total_tokens": 26}, {"total_tokens": 0}], (20, 6)),
        ([{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}], (0, 0)),
    ],
)
def test_a_late_zero_overwrites_nothing(usages: list[object], kept: tuple[int, int]) -> None:
    sink = RecordingSink(PROTOCOLS["openai-chat"], a_provider(), stream=True)
    sink.on_head(200, {"content-type": "text/event-stream"}, 0.0)
    sink.on_body(frames(chunk(LINE), *({"choices": [], "usage": usage} for usage in usages), chunk(finish="stop")), 0.0)
    assert counts(sink.record.usage)[:2] == kept
